# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
What was measured, held against the bound: measured <= bound, always.

    bounds = hold.load(O)                     bound.json of a build; made if it is not there or not of this image
    problems = hold.broken(bounds, figures)   sentences; figures: [(what, name of the way, instructions)]
    text = hold.table(bounds, figures)        measured and bound side by side, and the ways that nobody measured

A figure is of one entry into the core and of the core's own instructions, from the vector to the ERET. A figure of several entries
names them all: "hvc-short + sync-long". Real waits for hardware are in what is measured, so they are in what it is held against.
"""
import json
import pathlib
import subprocess

import image
import report

HERE = pathlib.Path(__file__).resolve().parent


class Unknown(Exception):
    """There is no such way, or no bound of this image."""


def load(out):
    """The ways of the image in a build folder, by name."""
    out = pathlib.Path(out)
    kept, elf = out / "bound.json", out / "cloison.elf"
    data = json.loads(kept.read_text()) if kept.exists() else None
    if data is None or data["text_sha256"] != report.text_hash(image.Image(str(elf))):
        done = subprocess.run([str(HERE / "bound"), "--text", str(out / "bound.txt"), "--json", str(kept), str(elf)], capture_output=True, text=True)
        if done.returncode:
            raise Unknown(f"{elf} has no bound: {done.stderr.strip().splitlines()[0] if done.stderr else 'see bound.txt'}; make bound says all")
        data = json.loads(kept.read_text())
    if data["problems"]:
        raise Unknown(f"{elf} has no bound: {data['problems'][0]['where']}: {data['problems'][0]['what']}; make bound says all")
    return {path["name"]: path for path in data["paths"]}


def bound_of(bounds, name):
    """Instructions that one entry of this way, or of each of these, may have. None: it may wait for a deadline."""
    total = 0
    for part in (p.strip() for p in name.split("+")):
        if part not in bounds:
            raise Unknown(f"there is no way '{part}'; there are {', '.join(sorted(bounds))}")
        path = bounds[part]
        both = [(path["instructions"], path["patience"], path["milliseconds"]),
                (path["ends"], path.get("ends_patience", 0), path.get("ends_milliseconds", 0))]
        if any(n is not None and ms for n, _, ms in both):
            return None
        total += max(n + waits for n, waits, _ in both if n is not None)
    return total


def broken(bounds, figures):
    result = []
    for what, name, measured in figures:
        most = bound_of(bounds, name)
        if most is not None and measured > most:
            result.append(f"{what}: {measured} instructions measured, but {name} has {most} at most; the bound is wrong, or the figure is of another way")
    return result


def table(bounds, figures):
    lines = [f"{'':32} {'way':24} {'measured':>10} {'bound':>12}"]
    for what, name, measured in figures:
        most = bound_of(bounds, name)
        lines.append(f"{what:32} {name:24} {measured:>10,} {'by the clock' if most is None else format(most, ',').rjust(12)}")
    seen = {part.strip() for _, name, _ in figures for part in name.split("+")}
    rest = sorted(set(bounds) - seen)
    if rest:
        lines.append("not measured: " + ", ".join(rest))
    return "\n".join(lines) + "\n"
