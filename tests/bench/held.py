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
PARTITIONS = {"native": (2, None), "mediated": (2, None), "service": (3, 2)}  # CPUs, and the one that serves


def measure(builder):
    rows = []
    for partition in PARTITIONS:
        builder.start(f"{HERE}/{partition}.dts")
    for partition, (cpus, serving) in PARTITIONS.items():
        out, result = built(builder, f"{partition}.dts"), Path(builder.folder) / f"ways-{partition}.json"
        run(out, cpus, options=instrument.options(out, result, ways=True), limit=600)
        try:
            bounds = hold.load(out)
            figures = instrument.figures(instrument.read(result), bounds, serving)
            limits = [hold.bound_of(bounds, way) for _, way, _ in figures]
        except (hold.Unknown, instrument.Wrong) as e:
            raise qemu.Failure(str(e)) from None
        for (what, way, measured), limit in zip(figures, limits):
            rows.append(Row(GROUP, f"{partition} {way}", f"{partition}: {what}", {"measured": measured, "bound": limit},
                            {"measured": limit} if limit is not None else {}, held=False, note="" if limit is not None else "by a clock"))
    return rows
