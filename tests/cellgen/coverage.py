#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
How much of place*.c, check*.c and tables.c the tests of tests/cellgen run: every line, and 95 of 100 branches.

    tests/cellgen/coverage.py [--list] [OUT]

gcc's own counters (gcov), from good/, bad/ and decide.c. Only branches of the source count: cellgen is built without
sanitizers (cellgen_desk.py), and a way out of a call by an exception is none. A line that nothing can run is in
uncovered.txt, with the reason: "FILE | TEXT OF THE LINE | reason". --list shows the branches that were never taken, too.
Exit 1 if a line is missing, a reason is out of date, or the branches are below the limit. OUT keeps the objects and the
counters; it should be new, as counters of earlier runs count too.
"""
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCES = ROOT / "tools" / "cellgen"
LIMIT = 95
SUBJECTS = sorted([*SOURCES.glob("place*.c"), *SOURCES.glob("check*.c"), SOURCES / "tables.c"])


def run_tests(objects):
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "run.py")], check=True,
                   env={**os.environ, "CELLGEN_OBJECTS": str(objects)})


def counters(objects, source):
    """Lines: number -> how often. Branches: (line, index) -> how often."""
    result = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", f"{source.stem}.gcda"], cwd=objects,
                            capture_output=True, text=True, check=True)
    lines, branches = collections.Counter(), collections.Counter()
    for file in json.loads(result.stdout)["files"]:
        if pathlib.Path(file["file"]).name != source.name:
            continue
        for line in file["lines"]:
            lines[line["line_number"]] += line["count"]
            for index, branch in enumerate(b for b in line["branches"] if not b["throw"]):
                branches[line["line_number"], index] += branch["count"]
    return lines, branches


def reasons():
    """File and text of a line -> why nothing runs it."""
    found = {}
    for line in (HERE / "uncovered.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            file, text, reason = line.split(" | ")
            found[file, text] = reason
    return found


def main():
    arguments = [a for a in sys.argv[1:] if a != "--list"]
    objects = pathlib.Path(arguments[0] if arguments else tempfile.mkdtemp()).resolve()
    objects.mkdir(parents=True, exist_ok=True)
    run_tests(objects)
    known, used, missing = reasons(), set(), []
    total = collections.Counter()
    for source in SUBJECTS:
        text = source.read_text().splitlines()
        lines, branches = counters(objects, source)
        total.update(lines=len(lines), branches=len(branches), taken=sum(1 for n in branches.values() if n))
        for number in sorted(n for n, count in lines.items() if not count):
            key = source.name, text[number - 1].strip()
            used.add(key)
            if key not in known:
                missing.append(f"{source.relative_to(ROOT)}:{number}: no test runs: {key[1]}")
        for number, index in sorted(b for b, count in branches.items() if not count):
            if "--list" in sys.argv and lines[number]:
                print(f"{source.relative_to(ROOT)}:{number}: branch {index} is never taken: {text[number - 1].strip()}")
    missing += [f"uncovered.txt: is run, or is gone: {' | '.join(key)}" for key in known if key not in used]
    share = 100 * total["taken"] / total["branches"]
    print("\n".join(missing), end="\n" if missing else "")
    print(f"coverage: {total['lines']} lines, {len(missing)} without test or reason, {len(used & known.keys())} with a reason; "
          f"{share:.1f} % of {total['branches']} branches (at least {LIMIT})")
    return 1 if missing or share < LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
