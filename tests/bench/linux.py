# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A Linux as a whole, beside the same kernel on bare QEMU with the same device tree.

linux/rounds.c is its only program: boot, pipes on one CPU and across two, fork, fork and
exec, memory touched, sleeps. Two figures each: counter ticks, which are instructions of all
CPUs under -icount, as more than bare in per cent; and the core's own instructions, of both
CPUs (docs/instrument.md).
"""

import re
import subprocess
from pathlib import Path

from runs import HERE, ROOT, built, instrument, qemu
from table import Row

GROUP = "linux"
PARTITIONS = {"direct": "linux-native", "guarded": "linux-direct", "mediated": "linux-mediated", "shared": "linux-shared"}
COLUMNS = ("bare", *PARTITIONS)
LEGEND = "direct: native WFI; guarded: direct, the core sleeps for it; shared: mediated, with the service on its CPU"
ARGUMENTS = "console=ttyAMA0 quiet rdinit=/rounds cryptomgr.notests mitigations=off"
REPEATS = 3
WINDOWS = ("sleep", "fork-exec", "touch") + ("pipe-other", "pipe-same", "fork") * REPEATS  # of rounds.c, in its order
REACHED = "11"
TICKS = {"boot": "boot to init", "pipe-other": "3,000 bytes by pipe to the other CPU and back", "pipe-same": "the same on one CPU",
         "fork": "300 forks", "fork-exec": "200 forks and execs, one CPU", "touch": "64 MiB touched, one CPU"}
WAKES = {"wake-min": "least", "wake-median": "median", "wake-max": "most"}
MORE_BUDGET = {("pipe-other", "direct"): 1.0, ("pipe-other", "guarded"): 2.0, ("pipe-other", "mediated"): 2.0}
MORE_GOAL = {("pipe-other", c): 1.0 for c in PARTITIONS}
CORE_BUDGET = {("boot", "direct"): 100_000, ("sleep", "direct"): 0, ("fork-exec", "direct"): 0, ("touch", "direct"): 0}
OTHERS = {"boot": "Bao 1.52M, Xen 74.9M", "sleep": "Bao 0.4M, Xen 2.4M", "fork-exec": "Bao 2600, Xen 0.26M", "touch": "Xen 1.1M"}


def initrd(folder):
    """The only program, as a cpio archive (newc)."""
    program = folder / "rounds"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([qemu.COMPILER, "-O2", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-Wall", "-Wextra", "-Werror",
                    "-o", str(program), str(ROOT / HERE / "linux" / "rounds.c")], check=True)

    def entry(name, mode, data):
        fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)

    archive = folder / "rounds.cpio"
    archive.write_bytes(entry("rounds", 0o100755, program.read_bytes()) + entry("TRAILER!!!", 0, b""))
    return archive


def rounds(options=(), **machine):
    """{name: [ticks of each time]}"""
    with qemu.Machine(icount=True, smp=2, limit=1200, options=options, **machine) as m:
        m.expect(rf"(?s)(rounds: fork \d+.*){{{REPEATS}}}", 1190)
        text = qemu.clean(m.text)
    found = {}
    for name, value in re.findall(r"rounds: ([\w-]+) (\d+)", text):
        found.setdefault(name, []).append(int(value))
    if found.get("other-cpu") != [1, 1] or any(len(found.get(name, ())) != REPEATS for name in ("pipe-other", "pipe-same", "fork")):
        raise qemu.Failure(f"the Linux that is measured did not do all of it:\n{text[-2000:]}")
    return found


def core_own(counts):
    """{name: the core's own instructions on all CPUs}, most of several times."""
    reached = [cpu["marks"][REACHED]["core"] for cpu in counts["cpus"] if REACHED in cpu["marks"]]
    own = {"boot": sum(int(value) for samples in reached for value in samples)}
    windows = [w for cpu in counts["cpus"] for w in cpu["windows"]]
    for name, window in zip(WINDOWS, sorted(windows, key=lambda w: w["number"]), strict=True):
        own[name] = max(own.get(name, 0), window["total"]["core"])
    return own


def rows_of(bare, found, own):
    rows = []
    for name, what in TICKS.items():
        ticks = {"bare": sum(bare[name]) // len(bare[name])} | {c: sum(f[name]) // len(f[name]) for c, f in found.items()}
        more = {c: max(100 * (f - b) / b for f, b in zip(found[c][name], bare[name])) for c in found}
        rows.append(Row(GROUP, name, what, ticks))
        rows.append(Row(GROUP, f"{name} more", "  more than bare, %", more, {c: MORE_BUDGET[name, c] for c in found if (name, c) in MORE_BUDGET},
                        {c: MORE_GOAL[name, c] for c in found if (name, c) in MORE_GOAL}, unit="%", held=False))
        rows += own_row(name, own)
    rows += own_row("sleep", own, "2,000 sleeps, one CPU, the core's own")
    for name, what in WAKES.items():
        ticks = {"bare": bare[name][0]} | {c: f[name][0] for c, f in found.items()}
        rows.append(Row(GROUP, name, f"from the timer to the program, one CPU, {what}", ticks,
                        {"direct": ticks["bare"]}, others="Bao 4660, Xen 5582" if name == "wake-median" else ""))
    return rows


def own_row(name, own, what="  the core's own"):
    figures = {c: o[name] for c, o in own.items() if name in o}
    if not figures:
        return []
    return [Row(GROUP, f"{name} core", what, figures, {c: CORE_BUDGET[name, c] for c in figures if (name, c) in CORE_BUDGET},
                others=OTHERS.get(name, ""))]


def measure(builder):
    archive = initrd(Path(builder.folder) / "work" / "guests")
    for partition in PARTITIONS.values():
        builder.start(f"{HERE}/{partition}.dts")
    found, own = {}, {}
    for column, partition in PARTITIONS.items():
        out = built(builder, f"{partition}.dts")
        counts = Path(builder.folder) / f"{partition}.json"
        found[column] = rounds(instrument.options(out, counts), out=out)
        own[column] = core_own(instrument.read(counts))
    tree = built(builder, "linux-native.dts") / "gen" / "linux.dtb"
    bare = rounds(bare=ROOT / "guests" / "linux" / "Image", mem=256, options=["-initrd", str(archive), "-dtb", str(tree), "-append", ARGUMENTS])
    return rows_of(bare, found, own)
