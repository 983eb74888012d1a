# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Debian's cyclictest, unmodified, in a Linux cell, and on bare QEMU beside it: scenario linux-cyclictest.

    measurements, problems = cyclictest.measure(qemu, builder, logs)

The clock counts instructions (-icount), of whatever CPU: two of them take turns on it, so the latest of all says nothing, but most sleeps have
it for themselves. Judged are the median, which has to be that of the bare machine to the instruction, and the exits of a direct cell: timer,
sleep and interrupts cost none.
"""

from pathlib import Path

import formats

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = "linux-cyclictest"
WHAT = "Debian's cyclictest in a Linux: bare, direct and mediated"
PARTITIONS = {"direct": "tests/rig/linux-cyclictest.dts", "mediated": "tests/rig/linux-cyclictest-mediated.dts"}
BOOTARGS = "console=ttyAMA0 quiet cryptomgr.notests"
CLASSES = 200   # microseconds
# A thread of the highest priority on each CPU, memory locked, quiet: as one measures with it. -N: the same in nanoseconds.
COMMAND = "cyclictest -q -m -S -p 99 -i {interval} -l {loops}"
# of what the core counts: the console is a virtual device, and Linux sends SGIs between its CPUs whatever it runs
NOT_OF_TIMERS = ("vdev", "sgi")
NOTE = "its exits are those of its console (vdev) and of SGIs between its CPUs, too, as Linux makes them; any other of a direct cell fails"


def script(loops, interval):
    command = COMMAND.format(loops=loops, interval=interval)
    return f"{command} -h {CLASSES} --json=/tmp/us > /tmp/text && {command} -N -h {CLASSES * 1000} --json=/tmp/ns > /dev/null"


def run(machine, mode, loops, interval):
    """Both of its outputs, of microseconds; the measurements, of nanoseconds; exits of each vCPU meanwhile."""
    before = machine.counters() if mode != "bare" else {}
    status, said = machine.shell(script(loops, interval), 200)
    after = machine.counters() if mode != "bare" else {}
    if status:
        raise formats.Bad(f"{SCENARIO}, {mode}: cyclictest ended with {status}: {said}")
    text, us, ns = (machine.shell(f"cat {name}", 60)[1] for name in ("/tmp/text", "/tmp/us", "/tmp/ns"))
    return text, us, ns, {vcpu: more(before[cell, vcpu], counted) for (cell, vcpu), counted in after.items() if cell == "linux"}


def more(before, after):
    """Exits of each kind in between: what the core's line has before its total."""
    kinds = list(after)[:list(after).index("total")]
    return {k: int(after[k]) - int(before[k]) for k in kinds if after[k].isdigit()}


def same(text, us, mode):
    """Text and JSON of one run agree: what was lost on a console shows here."""
    by_text, by_json = formats.parse(text, f"{mode}, text"), formats.parse(us, f"{mode}, JSON")
    for a, b in zip(by_text, by_json, strict=True):
        if (a["bins"], a["overflow"], a["min"], a["max"]) != (b["bins"], b["overflow"], b["min"], b["max"]):
            raise formats.Bad(f"{SCENARIO}, {mode}: its text and its JSON are not the same")
    return by_text


def named(found, mode, exits, interval):
    for cpu, m in enumerate(found):
        m.update(scenario=SCENARIO, mode=mode, source=f"cpu{cpu}", cpu=cpu, period_ns=interval * 1000, exits=exits.get(cpu))
    return found


def bare_options(tree):
    return {"bare": ROOT / "guests" / "linux" / "Image", "smp": 2, "mem": 256,
            "options": ["-initrd", str(ROOT / "guests" / "cyclictest.cpio.gz"), "-dtb", str(tree), "-append", BOOTARGS]}


def measure(qemu, builder, folder, modes=("bare", "direct", "mediated"), loops=1000, interval=1000):
    """qemu: the module of tests/system. What each printed is in the folder, too. [measurement], [what is wrong]"""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if not (ROOT / "guests" / "cyclictest.cpio.gz").exists():
        raise formats.Bad("no guests/cyclictest.cpio.gz: tools/fetch-guests cyclictest makes it")
    found, problems = [], []
    for mode in modes:
        out = builder.build(PARTITIONS.get(mode, PARTITIONS["direct"]))
        options = bare_options(out / "gen" / "linux.dtb") if mode == "bare" else {"out": out, "smp": 3}
        with qemu.Machine(icount=True, limit=300, log=folder / f"{SCENARIO}-{mode}.log", **options) as machine:
            if mode == "bare":
                machine.expect("linux# ", 200)
            else:
                machine.to_shell(200)
            text, us, ns, exits = run(machine, mode, loops, interval)
        same(text, us, mode)
        (folder / f"{SCENARIO}-{mode}.cyclictest.txt").write_text(text + "\n")
        found += named(formats.parse(ns, f"{SCENARIO}, {mode}"), mode, exits, interval)
        problems += wrong(found[-2:], mode, loops)
    problems += slower(found)
    found.sort(key=lambda m: (m["cpu"], modes.index(m["mode"])))  # what is to be compared is side by side
    return found, problems


def slower(found):
    """Half of the sleeps and more take the same way through Linux each time: in a direct cell as on the bare machine, to the instruction."""
    median = {(m["mode"], m["cpu"]): formats.percentile(m["bins"], 0.5, m["overflow"]) for m in found}
    return [f"CPU {cpu}: the median is {ns} instructions in a direct cell, {median['bare', cpu]} on the bare machine"
            for (mode, cpu), ns in median.items() if mode == "direct" and ("bare", cpu) in median and ns != median["bare", cpu]]


def wrong(found, mode, loops):
    said = []
    for m in found:
        if m["samples"] < loops // 2:  # it ends when the first of its threads is through
            said.append(f"{formats.name_of(m)}: {m['samples']} samples, {loops} were asked for")
        taken = {k: v for k, v in (m["exits"] or {}).items() if v and k not in NOT_OF_TIMERS}
        if mode == "direct" and taken:
            said.append(f"{formats.name_of(m)}: exits of a cell that has its interrupts to itself: {taken}")
    return said
