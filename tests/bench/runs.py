# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A guest, run once under -icount, so that every run gives the same figures, and what it said."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = "tests/bench"
sys.path.append(str(ROOT / "tests" / "system"))  # behind this folder: names are the same
sys.path.append(str(ROOT / "tools" / "instrument"))
import instrument  # noqa: E402
import qemu  # noqa: E402


def run(out, cpus, *, end="bench: end", limit=90, **options):
    """{name: figure} of one run: the worst of several times; NAME_least: the least, where they differ."""
    with qemu.Machine(out, icount=True, smp=cpus, limit=limit, **options) as m:
        m.expect(end, limit - 5)
        text = qemu.clean(m.text)
    failed = re.search(r"bench: FAIL.*", text)
    if failed:
        raise qemu.Failure(f"{out}: {failed[0]}")
    least = {f"{name}_least": int(value) for name, value in re.findall(r"bench-note: (\w+) spread (\d+)\.\.", text)}
    return least | {name: int(value) for name, value in re.findall(r"bench: (\w+) (\d+)", text)}


def built(builder, partition):
    return builder.build(f"{HERE}/{partition}")


def runs(builder, partitions):
    """{name: figure} of several: {partition: CPUs}. All are built in the background while the first runs."""
    for partition in partitions:
        builder.start(f"{HERE}/{partition}.dts")
    found = {}
    for partition, cpus in partitions.items():
        found.update(run(built(builder, f"{partition}.dts"), cpus))
    return found


def made():
    """What the figures depend on besides this tree."""
    def first(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    manifest = ROOT / "guests" / "manifest"
    return {"qemu": first("qemu-system-aarch64", "--version"), "compiler": first(qemu.COMPILER, "--version"),
            "guests": manifest.read_text().splitlines()[0].rsplit(" ", 1)[0] if manifest.exists() else "none"}
