# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What was found, as text for people and as JSON for bench, rig and CI."""
import hashlib
import json
import os
import pathlib

import paths

ABOUT = """Instructions from the first of the vector's slot to the ERET, both counted, of the longest way there is in the code.

to guest    the longest way that comes back to a guest
ends        the longest way that does not: the cell has ended, this CPU waits in the core, or halts
waits       more instructions if hardware that is waited for takes as long as it may; ms: besides, until a deadline
stack       bytes below struct cpu, the deepest that any way of this entry gets
seen        the longest that was ever measured of a way of this name, in any image (make bench); times: how far the bound is from it
"""
LONGEST = pathlib.Path(__file__).with_name("longest.json")


def longest():
    """Way -> instructions, as tests/bench/held.py keeps them."""
    return json.loads(LONGEST.read_text()) if LONGEST.exists() else {}


def text_hash(image):
    return hashlib.sha256(image.section_bytes(".text")).hexdigest()


def key(image):
    """Of all that decides what a report says: code, constants, marks, and who reads them."""
    parts = [image.section_bytes(".text"), image.section_bytes(".rodata"), repr(image.bounds).encode()]
    parts += [path.read_bytes() for path in sorted(pathlib.Path(__file__).parent.iterdir()) if path.is_file()]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def as_json(report, problems, believed):
    image, program = report.program.image, report.program
    ways, seen = [], longest()
    for path in report.paths.values():
        entry = {k: path[k] for k in ("name", "entry", "instructions", "patience", "milliseconds", "ends", "ends_patience", "ends_milliseconds", "stack_bytes", "serves") if k in path}
        entry["worst"] = [name for name, _ in report.worst(path)[:8]]
        entry["deepest"], entry["seen"] = path["deepest"], seen.get(path["name"])
        ways.append(entry)
    return {
        "image": os.path.basename(image.path), "text_sha256": text_hash(image), "key": key(image), "paths": ways,
        "waits": [{"at": at, "round": round_} for at, round_ in sorted(report.plain.waits.items())],
        "stack": {"bytes": program.stack, **report.stack},
        "functions": len(program.functions), "loops": report.loop_count, "believed": believed, "problems": problems,
    }


def as_line(report, shared):
    """For the end of a build. Ways of traced CPUs have twenty more, and those of AArch32 are no cell's."""
    ways = [p for p in report.paths.values() if p["instructions"] is not None and paths.of_guest(p["name"]) and "traced" not in p["name"] and "32" not in p["name"]]
    if shared:
        ways += [paths.served(p, report.paths) for p in ways if p["serves"]]
    stack = f"stack {report.stack['deepest']:,} of {report.program.stack or 0:,} bytes"
    if not ways:
        return f"bound: {stack}"
    longest = max(ways, key=lambda p: (p["milliseconds"], p["instructions"]))
    clock = f" and {longest['milliseconds']} ms" if longest["milliseconds"] else ""
    return f"bound: the longest way back to a guest, {longest['name']}, has {longest['instructions']:,} instructions{clock}; {stack}"


def times(path):
    most = max((n for n in (path["instructions"], path["ends"]) if n is not None), default=0)
    return f"{most / path['seen']:,.1f}" if path["seen"] else "-"


def column(value):
    return "-" if value is None else f"{value:,}"


def as_text(report, data):
    lines = [f"bound: {data['image']}, .text {data['text_sha256']}", f"{data['functions']} functions, {data['loops']} loops", "", ABOUT]
    if data["problems"]:
        lines += [f"NO BOUND: {len(data['problems'])} problems, the figures below are not true", ""]
    lines.append(f"{'':24} {'to guest':>12} {'waits':>12} {'ms':>6} {'ends':>12} {'waits':>12} {'ms':>6} {'stack':>6} {'seen':>10} {'times':>10}")
    for p in data["paths"]:
        lines.append(f"{p['name']:24} {column(p['instructions']):>12} {column(p['patience'] or None):>12} {column(p['milliseconds'] or None):>6} "
                     f"{column(p['ends']):>12} {column(p.get('ends_patience') or None):>12} {column(p.get('ends_milliseconds') or None):>6} {p['stack_bytes']:>6,} "
                     f"{column(p['seen']):>10} {times(p):>10}")
    serving = [p["name"] for p in data["paths"] if p["serves"]]
    if serving:
        lines += ["", "On the CPU that serves, a round of service (service-round) may be in these, besides: " + ", ".join(serving)]
    lines += ["", "Where the instructions of the longest way are", ""]
    for path in report.paths.values():
        worst = report.worst(path)
        if worst:
            lines.append(f"{path['name']:24} " + ", ".join(f"{name} {count:,}" for name, count in worst[:8]))
    if data["believed"]:
        lines += ["", "Loops that go round less often, people say, than their instructions alone would let them", ""]
        lines += [f"{b['said']:>6} instead of {b['proved']:>6}  {b['where']}" for b in data["believed"]]
    stack = data["stack"]
    lines += ["", f"Stack: {column(stack['bytes'])} bytes for each CPU. Deepest {stack['deepest']:,}, of {stack['entry']}:",
              "    " + " > ".join(stack["way"]),
              f"An exception of the core itself (a defect) then takes {stack['dump']:,} more for its last words, or begins at the top"
              " where more than half is used."]
    for p in data["problems"]:
        lines.append(f"problem: {p['where']}: {p['what']}")
    return "\n".join(lines) + "\n"


def write(path, text):
    """Written aside and renamed."""
    aside = path + ".tmp"
    with open(aside, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(aside, path)


def dump(data):
    return json.dumps(data, indent=1) + "\n"
