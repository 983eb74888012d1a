# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
What was measured, held against the bound: measured <= bound, always.

    bounds = hold.load(O)                     bound.json of a build; made if it is not there, or of another image or analyser
    problems = hold.broken(bounds, figures)   sentences; figures: [(what, name of the way, instructions)]
    text = hold.table(bounds, figures)        measured and bound side by side, and the ways that nobody measured

A figure is of one entry into the core and of the core's own instructions, from the vector to the ERET. A figure of several entries
names them all: "hvc-short + sync-long"; a way that has ended in the core is "sync-long>". Rounds in which it waits for hardware, or for a moment, are in neither: the instrument takes them out (entries.h).
"""
import json
import pathlib
import subprocess

import image
import report

HERE = pathlib.Path(__file__).resolve().parent


ENDS = ">"  # behind a way's name: it has not come back to a guest, the CPU waits in the core


class Unknown(Exception):
    """There is no such way, or no bound of this image."""


def data(out):
    """bound.json of a build folder; made if it is not there, or not of this image by this analyser."""
    out = pathlib.Path(out)
    kept, elf = out / "bound.json", out / "cloison.elf"
    found = json.loads(kept.read_text()) if kept.exists() else None
    if found is None or found.get("key") != report.key(image.Image(str(elf), code=False)):
        done = subprocess.run([str(HERE / "bound"), "--text", str(out / "bound.txt"), "--json", str(kept), str(elf)], capture_output=True, text=True)
        if done.returncode:
            raise Unknown(f"{elf} has no bound: {done.stderr.strip().splitlines()[0] if done.stderr else 'see bound.txt'}; make bound says all")
        found = json.loads(kept.read_text())
    if found["problems"]:
        raise Unknown(f"{elf} has no bound: {found['problems'][0]['where']}: {found['problems'][0]['what']}; make bound says all")
    return found


def load(out):
    """The ways of the image in a build folder, by name."""
    return {path["name"]: path for path in data(out)["paths"]}


def parts(name):
    """[(way, does it end in the core?)]"""
    found = [part.strip() for part in name.split("+")]
    return [(part.removesuffix(ENDS), part.endswith(ENDS)) for part in found]


def bound_of(bounds, name):
    """Instructions that one entry of this way, or of each of these, may have, rounds of waiting not counted."""
    total = 0
    for part, ends in parts(name):
        if part not in bounds:
            raise Unknown(f"there is no way '{part}'; there are {', '.join(sorted(bounds))}")
        back, end = bounds[part]["instructions"], bounds[part]["ends"]
        total += end if back is None or ends and end is not None else back
    return total


def broken(bounds, figures):
    result = []
    for what, name, measured in figures:
        most = bound_of(bounds, name)
        if measured > most:
            result.append(f"{what}: {measured} instructions measured, but {name} has {most} at most; the bound is wrong, or the figure is of another way")
    return result


def times(measured, most):
    """How far the bound is from it."""
    return f"{most / measured:,.1f}" if measured else "-"


def table(bounds, figures):
    lines = [f"{'':32} {'way':24} {'measured':>10} {'bound':>14} {'times':>10}"]
    for what, name, measured in figures:
        most = bound_of(bounds, name)
        lines.append(f"{what:32} {name:24} {measured:>10,} {most:>14,} {times(measured, most):>10}")
    seen = {part for _, name, _ in figures for part, _ in parts(name)}
    rest = sorted(set(bounds) - seen)
    if rest:
        lines.append("not measured: " + ", ".join(rest))
    return "\n".join(lines) + "\n"
