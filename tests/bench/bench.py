#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What things cost in instructions, beside bare metal (docs/bench.md).

    /usr/bin/python3 tests/bench/bench.py [--out FOLDER] [--json FILE] [--check | --accept WHY] [GROUP...]

Groups: exits, variants, life, boot, bound, features, size, linux; all of them if none is named. Each guest
runs once under -icount, so that every run gives the same figures. A table for each group,
and JSON. Ends with 1 where a budget is exceeded; with --check, where a figure is more than
2 % from the stored one (baseline.json beside this), either way, and with 2 where it is that
and the tools are others than those the stored ones were made with (a guest's kernel: in the group linux only). --accept stores the
figures of the groups that were measured, and why they changed.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import boot
import exits
import features
import held
import life
import linux
import size
import table
import variants
from runs import ROOT, made, qemu

BASELINE = Path(__file__).with_name("baseline.json")
GROUPS = {
    "exits": (exits, "what a cell's own doing costs it"), "variants": (variants, "the same of other kinds of cells"),
    "life": (life, "life of a cell"), "boot": (boot, "boot, without banner and copy"),
    "bound": (held, "the core's own, longest of each way, and the bound"),
    "features": (features, "what counting and tracing cost"), "size": (size, "size of the core"), "linux": (linux, "Linux, 2 vCPUs; ticks"),
}


def measure(groups, folder):
    builder = qemu.Builder(folder)
    rows = []
    try:
        for name in groups:
            began = time.monotonic()
            found = GROUPS[name][0].measure(builder)
            table.show(f"{GROUPS[name][1]} ({time.monotonic() - began:.0f} s)", GROUPS[name][0].COLUMNS, found)
            sys.stdout.flush()
            rows += found
    finally:
        builder.close()
    return rows


def say(title, words):
    if words:
        print(f"\n{title}")
        for text in words:
            print(f"  {text}")


def check(rows, groups):
    """0: as stored; 1: not; 2: not, but nothing can be said with these tools."""
    base, tools = table.stored(BASELINE), made()
    found = table.differences(rows, base, groups)
    sure = table.differences(rows, base, [g for g in groups if table.comparable(g, base["made"], tools)])
    say(f"bench-check: not as stored in {BASELINE.relative_to(ROOT)} (by more than {100 * table.TOLERANCE:.0f} %):", found)
    if not found:
        print("bench-check: as stored")
        return 0
    if not sure:
        print(f"bench-check: not comparable. Stored with {base['made']}; this is {tools}")
        return 2
    print('bench-check: if that is meant: make bench-accept WHY="...", in the commit that changes it (docs/bench.md).')
    return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help="of " + ", ".join(GROUPS))
    parser.add_argument("--out", default=str(ROOT / "build" / "bench"))
    parser.add_argument("--json", help="where the figures go (default: bench.json in FOLDER)")
    parser.add_argument("--check", action="store_true", help="against the stored figures")
    parser.add_argument("--accept", metavar="WHY", help="store these figures")
    options = parser.parse_args()
    if options.accept is not None and not options.accept.strip():
        parser.error("--accept wants a reason: make bench-accept WHY=\"...\"")
    unknown = [g for g in options.groups if g not in GROUPS]
    if unknown:
        parser.error(f"there is no group {unknown[0]}; there are {', '.join(GROUPS)}")
    groups = [g for g in GROUPS if not options.groups or g in options.groups]
    rows = measure(groups, options.out)
    target = Path(options.json or Path(options.out) / "bench.json")
    target.write_text(json.dumps(table.as_json(rows, made()), indent=1) + "\n")
    budgets, goals = table.missed(rows)
    budgets += boot.unequal(rows)
    say("goals that are missed:", goals)
    say("budgets that are exceeded:", budgets)
    print(f"\nbench: {'every budget kept' if not budgets else 'a budget is exceeded'}; figures in {target}")
    if options.accept:
        table.store(BASELINE, rows, made(), groups, options.accept.strip())
        if held.GROUP in groups:
            held.keep(rows)
        print(f"bench: stored in {BASELINE.relative_to(ROOT)}")
    checked = check(rows, groups) if options.check else 0
    return 1 if budgets else checked


if __name__ == "__main__":
    try:
        sys.exit(main())
    except qemu.Failure as e:
        sys.exit(f"bench: {e}")
