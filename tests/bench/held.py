# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Measured <= bound: the longest of each way into the core that the bench brings about, beside the most that the compiled code allows.

The core's own instructions from a vector to the ERET, as the instrument counts them in whole runs, boot among them (docs/bound.md).
"""

import sys
from pathlib import Path

from runs import HERE, ROOT, built, instrument, qemu, run
from table import Row

sys.path.append(str(ROOT / "tools" / "bound"))
import hold  # noqa: E402

GROUP = "bound"
COLUMNS = ("measured", "bound")
PARTITIONS = {"native": 2, "mediated": 2, "service": 3}
STAY = ">stay"  # a way that ends in waiting in the core, not with an ERET


def most(bounds, way):
    """Of this way, or None: it may take as long as a clock says."""
    name = way.removesuffix(STAY)
    if name.startswith("round-") and name not in bounds:
        name = "service-round"
    path = bounds.get(name)
    if path is None:
        raise qemu.Failure(f"'{way}' was measured, and the bound knows no such way; it knows {', '.join(sorted(bounds))}")
    which = ("ends", "ends_patience", "ends_milliseconds") if way.endswith(STAY) else ("instructions", "patience", "milliseconds")
    instructions, patience, milliseconds = (path.get(word) for word in which)
    return None if milliseconds or instructions is None else instructions + (patience or 0)


def measure(builder):
    rows = []
    for partition in PARTITIONS:
        builder.start(f"{HERE}/{partition}.dts")
    for partition, cpus in PARTITIONS.items():
        out, result = built(builder, f"{partition}.dts"), Path(builder.folder) / f"ways-{partition}.json"
        run(out, cpus, options=instrument.options(out, result, ways=True), limit=600)
        longest = {}
        for cpu in instrument.read(result)["cpus"]:
            for way, seen in cpu["entries"].items():
                longest[way] = max(longest.get(way, 0), seen["max"])
        try:
            bounds = hold.load(out)
        except hold.Unknown as e:
            raise qemu.Failure(str(e)) from None
        for way, measured in sorted(longest.items()):
            limit = most(bounds, way)
            rows.append(Row(GROUP, f"{partition} {way}", f"{partition}: {way}", {"measured": measured, "bound": limit},
                            {"measured": limit} if limit is not None else {}, held=False, note="" if limit is not None else "by a clock"))
    return rows
