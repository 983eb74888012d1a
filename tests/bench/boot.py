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
PARTITIONS = {name: 1 for name in ("boot-64", "boot-512", "boot-64-colors", "boot-512-colors", "boot-64-mediated", "boot-512-mediated")}


CELLS = (1, 2, 4)  # on four CPUs
REACHED = "11"  # mark: a CPU's first words
CPUS = 4


def cells(builder):
    """Each CPU's own: the core's instructions until its guest began."""
    first, others = {}, {}
    for count in CELLS:
        builder.start(f"{HERE}/cells-{count}.dts")
    for count in CELLS:
        out = built(builder, f"cells-{count}.dts")
        result = Path(builder.folder) / f"cells-{count}.json"
        figures = run(out, CPUS, options=instrument.options(out, result), limit=300)
        own = [int(next(iter(cpu["marks"][REACHED]["core"]))) for cpu in instrument.read(result)["cpus"] if REACHED in cpu["marks"]]
        first[count] = own[0] - figures[f"cells{count}_boot_banner"]  # which comes before there are other CPUs
        others[count] = max(own[1:], default=None)
    rows = [Row(GROUP, f"cells_{count}", f"boot CPU of four, {count} cell{'s' * (count > 1)}", {"direct": first[count]}, {"direct": BUDGET},
                note="its own instructions; three CPUs are started and awaited" if count == 1 else "") for count in CELLS]
    return rows + [Row(GROUP, f"cells_{count}_other", f"another cell's first CPU, {count} cells", {"direct": others[count]}, {"direct": BUDGET})
                   for count in CELLS if count > 1]


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
    """What must not depend on size or colours but does, in words."""
    found = []
    for column in COLUMNS:
        seen = {r.figures[column] for r in rows if r.group == GROUP and r.name.startswith("net_") and column in r.figures}
        if len(seen) > 1:
            found.append(f"boot of {column} cells is not equal for all sizes and colours: {sorted(seen)}")
    return found
