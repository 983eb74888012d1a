# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Boot, from the core's first instruction to the guest's, as a function of RAM, colours and cells.

Without the banner (characters, at the UART's pace) and the copy of the image, which are
rows of their own. With several CPUs it is the instructions of each CPU itself, as the
instrument counts them: the boot CPU's, which starts the others and waits for them, and
those of a CPU that was started.
"""

from pathlib import Path

from runs import HERE, built, instrument, run, runs
from table import Row

GROUP = "boot"
COLUMNS = ("direct", "mediated")
BUDGET = 8000
TABLE = [("64", "64 MiB", "", "Bao 377104"), ("512", "512 MiB", "equal: nothing depends on the size", "Bao 522480"),
         ("64_colors", "64 MiB, coloured", "equal: nothing depends on colours", "Bao 19100000"), ("512_colors", "512 MiB, coloured", "", "")]
PARTITIONS = {name: 1 for name in ("boot-64", "boot-512", "boot-64-colors", "boot-512-colors", "boot-64-mediated", "boot-512-mediated", "boot-64-colors-mediated")}


CELLS = ("cells-1", "cells-2", "cells-4", "cells-2-mediated", "cells-4-mediated")  # on four CPUs
EACH_CELL = {"direct": 0, "mediated": 0}
EACH_VCPU = {"direct": 100}
REACHED = "11"  # mark: a CPU's first words
CPUS = 4


def cells(builder):
    """Each CPU's own: the core's instructions until its guest began."""
    first, others = {}, {}
    for partition in CELLS:
        builder.start(f"{HERE}/{partition}.dts")
    for partition in CELLS:
        out = built(builder, f"{partition}.dts")
        result = Path(builder.folder) / f"{partition}.json"
        figures = run(out, CPUS, options=instrument.options(out, result), limit=300)
        own = [int(next(iter(cpu["marks"][REACHED]["core"]))) for cpu in instrument.read(result)["cpus"] if REACHED in cpu["marks"]]
        first[partition] = own[0] - figures[f"{partition.replace('-', '', 1).replace('-', '_')}_boot_banner"]  # which comes before there are other CPUs
        others[partition] = max(own[1:], default=None)
    return cells_rows(first, others)


def cells_rows(first, others):
    def both(name, of):
        return {"direct": of[name]} | ({"mediated": of[f"{name}-mediated"]} if f"{name}-mediated" in of else {})

    def budget(figures):
        return {c: BUDGET for c in figures}
    rows = []
    for name, what, note in (("cells-1", "boot CPU of four, 1 cell of four vCPUs", "its own instructions; three CPUs are started and awaited"),
                             ("cells-2", "boot CPU of four, 2 cells, its own of one vCPU", ""), ("cells-4", "boot CPU of four, 4 cells of one vCPU", "")):
        rows.append(Row(GROUP, name.replace("-", "_"), what, both(name, first), budget(both(name, first)), note=note))
    for name in ("cells-2", "cells-4"):
        rows.append(Row(GROUP, f"{name.replace('-', '_')}_other", f"another cell's first CPU, {name[-1]} cells", both(name, others), budget(both(name, others))))
    each = {c: (four - first[f"cells-2{m}"]) // 2 for c, m, four in (("direct", "", first["cells-4"]), ("mediated", "-mediated", first["cells-4-mediated"]))}
    rows.append(Row(GROUP, "each_cell", "of it: each cell that is one more", each, EACH_CELL, note="with as many devices; a device line is 43 in the distributor"))
    own = {"direct": (first["cells-1"] - first["cells-2"] + each["direct"]) // 3}
    return rows + [Row(GROUP, "each_vcpu", "of it: each vCPU that its own cell has more", own, EACH_VCPU, note="where its SGIs go; its state")]


def measure(builder):
    figures = runs(builder, PARTITIONS)
    rows = []
    for name, what, note, others in TABLE:
        columns = {"direct": figures.get(f"boot{name}_boot_net")}
        if f"boot{name}_mediated_boot_net" in figures:
            columns["mediated"] = figures[f"boot{name}_mediated_boot_net"]
        rows.append(Row(GROUP, f"net_{name}", f"boot to the guest, {what}", columns, {c: BUDGET for c in columns}, note=note, others=others))
    for part, what, note in (("banner", "of it: banner", "characters, at the UART's pace"),
                             ("copy", "of it: copy of the image", "ldp, stp and the cleaning of the lines")):
        rows.append(Row(GROUP, part, what, {"direct": figures.get(f"boot64_boot_{part}"), "mediated": figures.get(f"boot64_mediated_boot_{part}")}, note=note))
    return rows + cells(builder)


def unequal(rows):
    """What must not depend on size, colours or the number of cells but does, in words."""
    found = []
    for column in COLUMNS:
        seen = {r.figures[column] for r in rows if r.group == GROUP and r.name.startswith("net_") and column in r.figures}
        if len(seen) > 1:
            found.append(f"boot of {column} cells is not equal for all sizes and colours: {sorted(seen)}")
        seen = {r.figures[column] for r in rows if r.group == GROUP and r.name in ("cells_2", "cells_4") and column in r.figures}
        if len(seen) > 1:
            found.append(f"boot of {column} cells is not equal for two and four of them: {sorted(seen)}")
    return found
