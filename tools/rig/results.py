# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What there is in the end of measurements: a table, and the files of a folder.

    results.keep(folder, "alone", measurements)     alone.json, alone.svg, alone.cyclictest.txt and the other formats
"""

import contextlib
import os
from pathlib import Path

import ending
import formats
import plot

UNIT = {"cyclictest-json": "ns", "jitterdebugger": "ns"}  # they say which; what reads the others takes microseconds to be meant


def table(measurements):
    """Rows for people."""
    head = ("scenario", "mode", "source", "samples", "min ns", "median", "mean ns", "99.99 %", "max ns", "missed", "instructions", "exits")
    rows = [head]
    for m in measurements:
        median, share = (formats.percentile(m["bins"], p, m["overflow"]) for p in (0.5, 0.9999))
        ns = [formats.nanoseconds(m, v) for v in (m["min"], median, formats.mean(m), share, m["max"])]
        counted = m.get("instructions")
        rows.append((m["scenario"] or "-", m["mode"] or "-", m["source"], str(m["samples"]), *("?" if v is None else f"{v:.0f}" for v in ns), str(m["missed"]),
                     "-" if not counted else f"{min(counted)}..{max(counted)}" if len(counted) > 1 else str(min(counted)),
                     "-" if formats.exits(m) is None else str(formats.exits(m))))
    wide = [max(len(r[i]) for r in rows) for i in range(len(head))]
    return "\n".join("  ".join(w.ljust(n) if i < 3 else w.rjust(n) for i, (w, n) in enumerate(zip(r, wide))).rstrip() for r in rows)


def write_whole(path, text):
    """All of it or nothing."""
    part = f"{path}.part"
    try:
        with open(part, "w", encoding="utf-8") as f:
            f.write(text)
        os.replace(part, path)
    except OSError as e:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise formats.Bad(f"{path}: {e.strerror}") from None


def notes(what, measurements, time=""):
    """Of a picture: what was measured, how often; and, if it is one of latency, whose time that is."""
    periods = {m["period_ns"] for m in measurements}
    often = f"every {plot.grouped(periods.pop() / 1000)} \u00b5s" if len(periods) == 1 and all(periods) else ""
    return ", ".join(filter(None, (what, often))), time


def keep(folder, name, measurements, about=None, what="", time=""):
    """
    The files, complete or not there; their names. A picture of instructions, too, if some were counted. what, time: for people who see the
    pictures, beside whom it was and whose time it is.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    files = {name + formats.SUFFIXES[kind]: formats.write(kind, measurements, UNIT.get(kind, "us"), {"load": name, **(about or {})})
             for kind in formats.WRITERS}
    files[f"{name}.svg"] = plot.svg(measurements, notes=notes(what, measurements, time))
    if any(m.get("instructions") for m in measurements):
        files[f"{name}.instructions.svg"] = plot.svg(measurements, "instructions", notes=notes(what, measurements))
    with ending.later():
        for file, text in files.items():
            write_whole(Path(folder) / file, text)
    return list(files)
