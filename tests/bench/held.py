# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Measured <= bound: the longest of each way into the core that the bench brings about, beside the most that the compiled code allows.

The core's own instructions from a vector to the ERET, as the instrument counts them in whole runs, boot among them (docs/bound.md).
"""

import json
import re
import sys
from pathlib import Path

from runs import HERE, ROOT, built, instrument, qemu, run
from table import Row

sys.path.append(str(ROOT / "tools" / "bound"))
import hold  # noqa: E402
import report  # noqa: E402

GROUP = "bound"
COLUMNS = ("measured", "bound", "times")
PARTITIONS = {"native": 2, "mediated": 2, "service": 3, "shared": 2}  # CPUs

# Ways that no run here takes, and why. What is in neither is a failure: nobody would have looked at its bound.
UNMEASURED = {
    r"core-.*": "a defect of the core, or a board without what its tree declares",
    r"serror.*": "an error of the memory system: QEMU makes none",
    r"(sync|irq|fiq|serror)-aarch32": "a guest at EL1 in AArch32: no cell is one",
    r"irq-to-core": "a fast interrupt for EL2: the core configures none",
    r"traced-.*": "the way without the prefix and a fixed number of instructions more, in partitions that trace (group features)",
    r"round-(arch_halt|el2_stop.*|device_serror.*|wfx.*|vectors.*)": "a CPU that has halted, or where nothing comes back",
    r"round-life_wait": "a suspended vCPU (tests/system/test_life.py)",
    r"boot-secondary|round-_start": "in boot",
}


def measure(builder):
    rows, ways, seen = [], set(), set()
    for partition in PARTITIONS:
        builder.start(f"{HERE}/{partition}.dts")
    for partition, cpus in PARTITIONS.items():
        out, result = built(builder, f"{partition}.dts"), Path(builder.folder) / f"ways-{partition}.json"
        run(out, cpus, options=instrument.options(out, result, ways=True), limit=600)
        try:
            bounds = hold.load(out)
            figures = instrument.figures(instrument.read(result), bounds, instrument.serving(out))
            limits = [hold.bound_of(bounds, way) for _, way, _ in figures]
        except (hold.Unknown, instrument.Wrong) as e:
            raise qemu.Failure(str(e)) from None
        for (what, way, measured), limit in zip(figures, limits):
            rows.append(Row(GROUP, f"{partition} {way}", f"{partition}: {what}", {"measured": measured, "bound": limit, "times": limit / measured if measured else None},
                            {"measured": limit}, held=False))
            seen.update(part for part, _ in hold.parts(way))
        ways.update(bounds)
    rest = sorted(way for way in ways - seen if not any(re.fullmatch(pattern, way) for pattern in UNMEASURED))
    if rest:
        raise qemu.Failure(f"ways that nobody measures: {', '.join(rest)}; let a partition of the bench take them, or say why not (UNMEASURED)")
    return rows


def keep(rows):
    """For the reports of builds: the longest of each way by itself."""
    longest = {}
    for row in (r for r in rows if r.group == GROUP and "+" not in r.name):
        way = row.name.split(" ", 1)[1].removesuffix(hold.ENDS)
        longest[way] = max(longest.get(way, 0), row.figures["measured"])
    report.write(str(report.LONGEST), json.dumps(longest, indent=1, sort_keys=True) + "\n")
