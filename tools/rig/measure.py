# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A scenario on QEMU, and what is wrong with what it showed.

    measurements, problems = Rig(builder, out).run(scenarios.SCENARIOS["tlb"], count, period, wait)

Three look at the exits of the rig's first CPU while it measures, and none may see one: the guest by hypercalls before and behind;
the core's counters, read again and again through the escape key; and the instrument, which counts instructions of the core on that
CPU. The instrument says, too, how many instructions the CPU executed from event to handler: so many as on bare metal, each time.
And each way into the core that anybody took, from power-on to the end, is held against its bound (docs/bound.md).
"""

import hashlib
import re
import sys
import time
from pathlib import Path

import formats
import results
import scenarios

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tools" / "instrument"), str(ROOT / "tools" / "bound")]

import hold  # noqa: E402
import instrument  # noqa: E402
import qemu  # noqa: E402

MARKS = {"timer": "1", "device": "2", "sgi": "3", "ptimer": "5"}
SETTLE_MS = 800  # around each measurement, in which the core's counters can be read
LOAD = ("for i in 1 2; do (while :; do ls -lR /bin /sys/kernel /proc/1 >/tmp/ls$i 2>&1; dd if=/dev/zero of=/tmp/dd$i bs=64k count=64 2>/dev/null; done) & done; "
        "(while :; do cat /proc/interrupts; sleep 0.2; done) & true")


def calm(s, found):
    """
    Where others did not do what they are there for: in all windows together, and in each, where it is long enough for that to be no chance.
    What others execute themselves counts, too: broadcasts need no core.
    """
    whole = sum(f["window"]["total"]["core"] for f in found)
    problems = [f"others made the core execute {whole} instructions only, in all windows: no storm"] if s.floor > whole else []
    for f in found:
        window, total = f["window"], f["window"]["total"]
        others = total["instructions"] - total["core"] - (window["instructions"] - window["core"])
        if s.beside and f["samples"] >= scenarios.COUNT and (total["core"] < s.floor or others < scenarios.FLOOR):
            problems.append(f"{f['source']}: others executed {others} instructions, and the core {total['core']}, while it was measured: no storm")
    return problems


class Rig:
    def __init__(self, builder, out, held=True):
        """held: against the bound of the image, too, which takes some seconds of its own."""
        self.builder, self.out, self.held, self.ways = builder, Path(out), held, ""
        self.out.mkdir(parents=True, exist_ok=True)
        self.plugin = instrument.plugin("count", self.out)
        self.bares = {}

    # ---- building

    def partition(self, s, arguments):
        """What the builder calls it: the overlay's name says its content."""
        text = scenarios.overlay(s, arguments)
        file = self.out / f"{s.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.dtso"
        file.write_text(text)
        return f"{s.partition} {file.resolve()}"

    def build(self, s, arguments):
        return Path(self.builder.build(self.partition(s, arguments)))

    # ---- running

    def options(self, built, name):
        self.counts = self.out / f"{name}.counts.json"
        self.counts.unlink(missing_ok=True)
        return instrument.options(built, self.counts, plugin=self.plugin, ways=bool(built) and self.held)

    def text_of(self, name, arguments, built=None, icount=False, smp=1):
        """All that a machine prints that has nobody else on it, and what was counted: bare, or the image in folder `built`."""
        options = self.options(built, name) + ([] if built else ["-append", arguments])
        with qemu.Machine(built, bare=None if built else self.builder.guest("rig"), icount=icount, smp=smp, mem=1024 if built else 256,
                          options=options, limit=900, log=self.out / f"{name}.log") as m:
            m.expect("rig: done", 890)
            if built:
                time.sleep(0.2)
            else:
                m.ended(60)
        return qemu.clean(m.text), instrument.read(self.counts)

    def bare(self, icount, sources, count, period, wait):
        """{source: measurement} of the same binary without a hypervisor; made once."""
        key = (icount, sources, count, period, wait)
        if key not in self.bares:
            name = "bare-icount" if icount else "bare"
            text, counts = self.text_of(name, words(sources, count, period, wait) + " end=off", icount=icount, smp=1 if icount else 2)
            found = self.measurements(text, counts, name, "bare")
            self.bares[key] = {m["source"]: m for m in found}
        return self.bares[key]

    @staticmethod
    def measurements(text, counts, scenario, mode):
        found = formats.parse_rig(text, scenario, mode)
        cpu = counts["cpus"][0]
        if len(cpu["windows"]) != len(found):
            raise formats.Bad(f"{scenario}: the instrument saw {len(cpu['windows'])} measurements, the guest {len(found)}")
        for m, window in zip(found, cpu["windows"]):
            mark = cpu["marks"].get(MARKS[m["source"]], {"all": {}, "core": {}})
            m["instructions"] = {int(k): v for k, v in mark["all"].items()}
            m["core_instructions"] = {int(k): v for k, v in mark["core"].items()}
            m["unarmed"] = mark.get("unarmed", 0)
            m["window"] = {"instructions": window["instructions"], "core": window["core"], "total": window["total"]}
            m["exits"] = m.get("exits") or {}
        return found

    # ---- alone: a clock of instructions

    def alone(self, s, count, period, wait, more=""):
        """
        The clock is judged where the CPU waits in a loop. When all CPUs sleep QEMU's main loop moves the clock on to the next deadline, and if it does so
        while the last instructions before WFI are still to be counted, it goes too far by those: once in 10,000 times on a busy host.
        """
        arguments = words(s.sources, count, period, wait) + more
        built = self.build(s, arguments)
        runs = [self.text_of(f"{s.name}-{n}" if n else s.name, arguments, built, True) for n in range(s.runs)]
        found = self.measurements(*runs[0], s.name, "mediated" if s.mediated else "direct")
        bare = self.bare(True, s.sources, min(count, scenarios.COUNT), period, wait)
        problems = []
        for text, counts in runs[1:]:
            if rig_lines(text) != rig_lines(runs[0][0]):
                problems.append("its runs are not the same to the byte")
            if counts["cpus"] != runs[0][1]["cpus"]:
                problems.append("its runs did not execute the same instructions")
        for m in found:
            if wait == "spin" and set(m["bins"]) != set(bare[m["source"]]["bins"]):
                problems.append(f"{m['source']}: {spread(m['bins'])} ticks of the clock, on bare metal {spread(bare[m['source']]['bins'])}")
            if m["missed"]:
                problems.append(f"{m['source']}: {m['missed']} deadlines missed, where nobody else was")
        return found, problems + self.judge(found, bare, count) + self.within(built, s.name, runs[0][1])

    # ---- beside others

    def beside(self, s, count, period, wait):
        built = self.build(s, words(s.sources, count, period, wait) + f" settle_ms={SETTLE_MS}")
        bare = self.bare(False, s.sources, min(count, scenarios.COUNT), period, wait)
        outside, problems = {}, []
        with qemu.Machine(built, options=self.options(built, s.name), limit=1800, log=self.out / f"{s.name}.log") as m:
            begun = self.at_work(m, s)
            for n in (1, 2):  # a keyboard without flow control, beside cells that print
                m.send(qemu.ESCAPE + ":start rig\r")
                if wait_quietly(m, "rig: measuring", 20):
                    break
            for source in s.sources.split(","):
                outside[source] = self.watch(m, source)
            m.line("rig", "^rig: done", 300)
            problems += self.still_at_work(m, s, begun)
            m.never(r"\[core\] panic")
        counts = instrument.read(self.counts)
        found = self.measurements("\n".join(m.lines("rig")), counts, s.name, "direct")
        problems += self.by_the_core(m, found, outside)
        problems += calm(s, found)
        return found, problems + self.judge(found, bare, count) + self.within(built, s.name, counts)

    @staticmethod
    def at_work(m, s):
        """Until everybody is; what they had said then."""
        if s.linux:
            m.to_shell(300)
            m.send(qemu.ESCAPE + "2")  # the rig is the first cell, and has the keyboard
            m.line("core", "input goes to linux", 60)
            m.shell(LOAD, 120)
        for cell in s.beside if s.busy else ():
            m.line(cell, s.busy, 120, count=2)
        m.line("core", ".", 60)
        return {cell: m.mark(cell) for cell in s.beside}

    @staticmethod
    def still_at_work(m, s, begun):
        """They were not stopped, not even for a while."""
        if s.linux:
            m.line("linux", r"arch_timer|GICv3", 60, since=m.mark("linux"))
        for cell in s.beside if s.busy else ():
            m.line(cell, s.busy, 120, since=m.mark(cell))
        return [f"{cell} was silent meanwhile" for cell in s.beside if m.mark(cell) - begun[cell] < 2]

    @staticmethod
    def watch(m, source):
        """The core's counter of exits of the rig's first CPU, read again and again while it measures this source."""
        m.line("rig", f"^rig: measuring source={source}", 300)
        readings = []
        while not any(t.startswith(f"rig: begin source={source} ") for t in m.lines("rig")):
            readings.append(int(m.counters_now(120)["rig", 0]["total"]))
            time.sleep(0.05)
        return readings

    @staticmethod
    def by_the_core(m, found, outside):
        """
        What the guest says it stood at is what was read outside, at least once for all sources together: some are short, and a core that has much to
        print has the answer late. (Before the measurement there were fewer, behind it, with what was printed, more.)
        """
        for f in found:
            said = m.line("rig", rf"^rig: exits source={f['source']} total=\d+ standing=(\d+)", 10)
            f["readings"] = outside[f["source"]].count(int(said[1]))
        if not any(f["readings"] for f in found):
            return [f"the core's counters were never read while it measured, or did not say what the guest says: {outside}"]
        return []

    # ---- judging

    @staticmethod
    def judge(found, bare, count):
        problems = []
        for m in found:
            source, floor = m["source"], bare[m["source"]]
            m["bare_instructions"], m["bare_max"] = floor["instructions"], floor["max"]
            if m["samples"] != count:
                problems.append(f"{source}: {m['samples']} samples of {count}")
            if sum(m["instructions"].values()) != count:
                problems.append(f"{source}: the instrument saw {sum(m['instructions'].values())} of {count}")
            if set(m["instructions"]) != set(floor["instructions"]):
                problems.append(f"{source}: {spread(m['instructions'])} instructions, on bare metal {spread(floor['instructions'])}")
            if m["unarmed"]:
                problems.append(f"{source}: {m['unarmed']} came outside of what is measured")
            if set(m["core_instructions"]) - {0}:
                problems.append(f"{source}: {spread(m['core_instructions'])} instructions of the core between event and handler")
            if m["window"]["core"]:
                problems.append(f"{source}: {m['window']['core']} instructions of the core on its CPU while it measured")
            if m["exits"].get("total") != 0:
                problems.append(f"{source}: {m['exits'].get('total', 'unknown')} exits by the guest's own count")
        return problems

    def within(self, built, name, counts):
        """What is wrong with the ways into the core: one was longer than it may be. NAME.ways.txt has all of them."""
        if not self.held:
            return []
        bounds = hold.load(built)
        figures = instrument.figures(counts, bounds, instrument.serving(built))
        results.write_whole(self.out / f"{name}.ways.txt", hold.table(bounds, figures))
        shares = [(measured / most, f"{way}, {measured:,} of {most:,}") for _, way, measured in figures if (most := hold.bound_of(bounds, way))]
        self.ways = f"{len(figures)} ways into the core were taken; nearest to its bound: {max(shares)[1]} instructions" if shares else ""
        return hold.broken(bounds, figures)

    def run(self, s, count, period, wait):
        self.ways = ""
        return (self.alone if s.icount else self.beside)(s, count, period, wait)


def words(sources, count, period, wait):
    return f"rig={sources} count={count} period={period} wait={wait}"


def rig_lines(text):
    """What the cell printed, whoever put its name before."""
    return [re.sub(r"^\[rig\] ", "", t) for t in text.split("\n") if re.match(r"(\[rig\] )?rig: ", t)]


def spread(histogram):
    return "no" if not histogram else f"{min(histogram)}" if len(histogram) == 1 else f"{min(histogram)} to {max(histogram)}"


def wait_quietly(m, pattern, seconds):
    try:
        return m.expect(pattern, seconds)
    except qemu.Failure:
        return None
