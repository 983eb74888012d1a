# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Random operations on the cells of tests/system/partitions/soak.dts, beside a control loop that must not notice.

Everything is by one seed: what is done with which cell, and by whom. (When it comes is not: an emulator on a busy
machine is not the same twice.) After each step the cells are where the table of docs/lifecycle.md says; at the end
all are alive, and what was counted adds up. Used by tools/soak and test_life.py.
"""

import random
import re
import time

import life
import qemu

PARTITION = "tests/system/partitions/soak.dts"
CELLS = ("linux", "control", "witness", "one", "three", "soft", "two", "warden", "spare")
WARDEN = ("one", "three", "soft", "two", "spare", "linux", "control")  # its numbers
WARDEN_LINUX = ("suspend", "resume")                                   # what it may do with linux
CPUS = 14
SETTLE = 90  # seconds: a busy host, a Linux that is copied
# Who may be told to die, how it is restarted (cloison,restart), and what else counts as a fault of it.
MORTALS = {"one": ("never", ("brk",)), "three": ("always", ("denied",)), "soft": ("on-failure", ("brk",)), "two": ("on-reset", ("denied",)),
           "spare": ("never", ())}
VCPUS = {"three": 3, "two": 2}
AFTER_FAULT = {"never": "failed", "always": "running", "on-failure": "running", "on-reset": "failed"}
AFTER_RESET = {"never": "stopped", "always": "running", "on-failure": "stopped", "on-reset": "running"}
CRASH = r"^cell \S+: stopped(?! by (the operator|cell ))"  # the core's line about it
QUIET = ("sgi", "wfi", "denied", "revoked", "fault", "irq", "pci")  # of control and witness: no such exit, ever


class Soak(life.Life):
    def __init__(self, machine, seed, say=print):
        super().__init__(machine, CELLS)
        self.random = random.Random(seed)
        self.say = say
        self.state = {cell: "off" if cell == "spare" else "running" for cell in CELLS}
        self.lives = {cell: 0 if cell == "spare" else 1 for cell in CELLS}
        self.since = {cell: 0 for cell in CELLS}  # log position behind which this life's lines are
        self.asked = {"operator": 0, "cell warden": 0}
        self.done = {}
        self.step = 0

    # ---- where the cells are

    def settle(self, cell, states, more=(0, 1)):
        """It comes to rest in one of these, and its lives have become more by no fewer and no more than that."""
        status = self.becomes(cell, *life.RESTING, timeout=SETTLE)
        if status["state"] not in states:  # what was done may be on its way
            status = self.becomes(cell, *states, timeout=SETTLE)
        lives = int(status["lives"])
        if not more[0] <= lives - self.lives[cell] <= more[1]:
            self.m.fail(f"{cell}: {self.lives[cell]} lives, then {lives}; expected were {more[0]} to {more[1]} more")
        self.lives[cell], self.state[cell] = lives, status["state"]
        return status["state"]

    def awake(self, cell, since):
        """A new life of a mortal, or of the warden, is ready to be told something."""
        if self.state[cell] == "running" and (cell in MORTALS or cell == "warden"):
            self.line(cell, r"born=\d+ cpus=", since, SETTLE)

    def running(self, cells):
        return [cell for cell in cells if self.state[cell] == "running"]

    # ---- steps; each returns what it did

    def expected(self, op, cell):
        result, state = life.TABLE[op, self.state[cell]]
        new_life = result == "ok" and op in ("start", "restart")
        return result, state, new_life

    def tell(self, who, op, cell):
        """Begin; the result comes later."""
        self.asked[who] += 1
        if who == "operator":
            self.command(f"{op} {cell}")
        else:
            self.type("warden", f"{op} {WARDEN.index(cell)}")

    def finish(self, who, op, cell, since):
        result, state, new_life = self.expected(op, cell)
        got = self.answer(who, op, cell, since, SETTLE)
        if got != result:
            self.m.fail(f"{who} {op} {cell}, which is {self.state[cell]}: {got}, and not {result}")
        self.settle(cell, (state,), (int(new_life), int(new_life)))
        if new_life:
            self.awake(cell, since)

    def choose_operation(self, who=None):
        cells = [cell for cell in CELLS if cell not in ("control", "witness")]
        if not self.running(["warden"]):
            who = "operator"
        who = who or self.random.choice(("operator", "operator", "cell warden"))
        if who == "cell warden":
            cells.remove("warden")
        cell = self.random.choice(cells)
        if cell in ("linux", "warden") and self.random.random() < 0.5:  # the others live faster
            cell = self.random.choice(list(MORTALS))
        ops = WARDEN_LINUX if who == "cell warden" and cell == "linux" else life.OPERATIONS
        return who, self.random.choice(ops), cell

    def step_operation(self):
        who, op, cell = self.choose_operation()
        since = self.mark()
        self.tell(who, op, cell)
        self.finish(who, op, cell, since)
        return f"{who}: {op} {cell}"

    def step_two(self):
        """Of two cells, at once."""
        first = self.choose_operation()
        second = self.choose_operation()
        if second[2] == first[2] or {first[0], second[0]} == {"cell warden", "operator"} and "warden" in (first[2], second[2]):
            return self.step_operation()
        since = self.mark()
        self.tell(*first)
        self.tell(*second)
        self.finish(*first, since)
        self.finish(*second, since)
        return f"{first[0]}: {first[1]} {first[2]}, {second[0]}: {second[1]} {second[2]}"

    def choose_way(self, cell, ways):
        way = self.random.choice(ways)
        where = self.random.choice(("", "", *(f"@{n}" for n in range(VCPUS.get(cell, 1))), "@all"))
        return way + where

    def mortal(self):
        cells = self.running(MORTALS)
        return self.random.choice(cells) if cells else None

    def after_fault(self, cell):
        return AFTER_FAULT[MORTALS[cell][0]]

    def step_fault(self):
        cell = self.mortal()
        if not cell:
            return self.step_operation()
        way, since, state = self.choose_way(cell, life.FAULTS + MORTALS[cell][1]), self.mark(), self.after_fault(cell)
        self.type(cell, way)
        self.line("core", rf"^cell {cell}: stopped by ", since, SETTLE)
        self.settle(cell, (state,), (int(state == "running"),) * 2)
        self.awake(cell, since)
        return f"{cell}: {way}"

    def step_wish(self):
        """SYSTEM_OFF, SYSTEM_RESET."""
        cell = self.mortal()
        if not cell:
            return self.step_operation()
        way, since = self.choose_way(cell, ("reset", "reset2", "off")), self.mark()
        state = "stopped" if way.startswith("off") else AFTER_RESET[MORTALS[cell][0]]
        self.type(cell, way)
        self.line("core", rf"^cell {cell}: (asked for a reset|switched itself off)", since, SETTLE)
        self.settle(cell, (state,), (int(state == "running"),) * 2)
        self.awake(cell, since)
        return f"{cell}: {way}"

    def step_hang(self):
        """It can only be ended by somebody else, who may suspend it before."""
        cell = self.mortal()
        if not cell:
            return self.step_operation()
        ways = life.HANGS + (("flicker",) if VCPUS.get(cell, 1) > 1 else ())
        way = self.choose_way(cell, ways)
        if way.startswith("flicker"):
            way = "flicker"
        since, said = self.mark(), [f"{cell}: {way}"]
        self.type(cell, way)
        self.line(cell, rf"mortal: {way.split('@')[0]}$", since, SETTLE)
        time.sleep(self.random.choice((0, 0.02, 0.1)))
        if cell == "soft" and self.random.random() < 0.3:  # no heartbeat comes any more
            self.line("core", rf"^cell {cell}: ", since, SETTLE)
            self.settle(cell, ("running",), (1, 1))
            self.awake(cell, since)
            return f"{said[0]}, its heartbeat"
        while True:
            who = self.random.choice(("operator", "cell warden")) if self.running(["warden"]) else "operator"
            op = self.random.choice(("stop", "kill", "restart", "restart", "suspend", "resume"))
            said.append(f"{who}: {op}")
            before = self.mark()
            self.tell(who, op, cell)
            self.finish(who, op, cell, before)
            if op in ("stop", "kill", "restart"):
                return ", ".join(said)

    def step_race(self):
        """It dies while somebody ends it, too. Either may be first."""
        cell = self.mortal()
        if not cell:
            return self.step_operation()
        way = self.choose_way(cell, life.FAULTS)
        op = self.random.choice(("stop", "kill", "restart", "suspend"))
        since, fault = self.mark(), self.after_fault(cell)
        self.focus(cell)
        self.m.send(way + "\n")
        time.sleep(self.random.choice((0, 0.005, 0.01, 0.015)))
        self.tell("operator", op, cell)
        self.answer("operator", op, cell, since, SETTLE)
        states = {fault, "stopped" if op in ("stop", "kill") else "running" if op == "restart" else "suspended"}
        if op == "restart" or fault == "running":
            states.add("running")
        time.sleep(0.2)  # what was typed has been read, or is lost
        state = self.settle(cell, tuple(states), (0, 2))
        if state == "suspended":  # it may be on its way to die
            before = self.mark()
            self.tell("operator", "resume", cell)
            self.answer("operator", "resume", cell, before, SETTLE)
            state = self.state[cell] = "running"
        if state == "running":
            # whoever lives may still have to read what was typed
            time.sleep(0.2)
            state = self.settle(cell, ("running", fault), (0, 1))
        if state == "running":
            self.ask(cell, "well", r"mortal: well", SETTLE)
        return f"{cell}: {way}, operator: {op}: {state}"

    def step_linux(self):
        """Its own end, if it has come so far as to have a shell."""
        if self.state["linux"] != "running" or not self.find("linux", "cloison-linux: ready", self.since["linux"]):
            return self.step_operation()
        since = self.mark()
        way, state = self.random.choice((("reboot -f", "running"), ("poweroff -f", "stopped")))
        self.focus("linux")
        for piece in (way[:6], way[6:] + "\n"):
            time.sleep(0.05)
            self.m.send(piece)
        self.line("core", r"^cell linux: (asked for a reset|switched itself off)", since, SETTLE)
        self.settle("linux", (state,), (int(state == "running"),) * 2)
        return f"linux: {way}"

    def step_well(self):
        cell = self.mortal()
        if not cell:
            return self.step_operation()
        self.ask(cell, "well", r"mortal: well", SETTLE)
        return f"{cell}: well"

    STEPS = ((step_operation, 40), (step_two, 10), (step_fault, 14), (step_wish, 8), (step_hang, 16), (step_race, 6), (step_linux, 2),
             (step_well, 4))

    # ---- the run

    def begin(self):
        self.line("control", r"control: round=1 .*OK", timeout=SETTLE)
        self.line("witness", r"witness: OK round=0", timeout=SETTLE)
        for cell in CELLS:
            self.settle(cell, (self.state[cell],), (0, 0))
            self.awake(cell, 0)
        self.before = {cell: self.counters(cell) for cell in ("control", "witness")}

    def go(self, count):
        functions, weights = zip(*self.STEPS)
        began = time.monotonic()
        for self.step in range(1, count + 1):
            lives = dict(self.lives)
            position = self.mark()
            function = self.random.choices(functions, weights)[0]
            what = function(self)
            for cell in CELLS:
                if self.lives[cell] != lives[cell]:
                    self.since[cell] = position
            self.done[function.__name__[5:]] = self.done.get(function.__name__[5:], 0) + 1
            self.say(f"{self.step:5} {time.monotonic() - began:7.1f} s  {what}")

    def bring_back(self, cell):
        """Whatever it is in, it can be had again, and answers."""
        since = self.mark()
        op = {"suspended": "resume", "running": "restart"}.get(self.state[cell], "start")
        self.tell("operator", op, cell)
        self.finish("operator", op, cell, since)
        return since

    def check_alive(self):
        position = {cell: self.bring_back(cell) for cell in CELLS if cell not in ("control", "witness")}
        for cell in MORTALS:
            self.ask(cell, "well", r"mortal: well", SETTLE)
        self.ask("warden", "well", r"warden: well", SETTLE)
        if self.find("linux", "cloison-linux: ready", self.since["linux"]) is None:
            self.line("linux", "cloison-linux: ready", position["linux"], SETTLE)
        self.focus("linux")
        time.sleep(0.5)
        self.m.send("echo li$((6*7))\n")
        self.line("linux", r"^li42$", position["linux"], SETTLE)

    def check_control(self):
        """No exit that is not its own doing: by its own count in each round, and by the core's."""
        since = self.mark()
        self.line("control", r"control: round=\d+ .*OK", since, SETTLE)
        self.line("witness", r"witness: OK", since, SETTLE)
        for cell in ("control", "witness"):
            after = self.counters(cell)
            allowed = ("sgi",) if cell == "witness" else ()
            for name in QUIET:
                if name not in allowed and int(after[name]):
                    self.m.fail(f"{cell}: {after[name]} exits for {name}")
            for name in ("id", "smc") + (("sysreg", "irqchip") if cell == "control" else ()):
                if after[name] != self.before[cell][name]:
                    self.m.fail(f"{cell}: exits for {name} were {self.before[cell][name]}, and are {after[name]}")
        return self.count("control", r"control: round=\d+ .*OK")

    def check_records(self):
        """As many entries as operations; no number is missing but those that are said to be."""
        time.sleep(2)  # they are told at a bounded rate
        entries = self.audits()
        for who, asked in self.asked.items():
            told = sum(e[5] for e in entries if e[1] == who) + sum(e[6] for e in entries if e[1] == who)
            if told != asked:
                self.m.fail(f"{who} asked {asked} operations, and the audit has {told}")
        numbers = sorted(e[0] for e in entries)
        lost = sum(e[6] for e in entries)
        if numbers and numbers[-1] != len(numbers) + lost:
            self.m.fail(f"the last audit has number {numbers[-1]}, and there are {len(numbers)} and {lost} lost")
        return len(entries)

    def check_crash_region(self):
        """As many records have been kept as there were crashes: the last one has that number."""
        crashes = self.count("core", CRASH)
        since = self.mark()
        self.command("crash")
        self.wait(lambda: not crashes or self.find("core", rf"^crash record {crashes} of this boot", since), f"crash record {crashes}", 20)
        time.sleep(1)
        self.mark()
        numbers = [int(m[1]) for c, t in self.log[since:] if c == "core" for m in [re.match(r"crash record (\d+) of this boot", t)] if m]
        if max(numbers, default=0) != crashes:
            self.m.fail(f"there were {crashes} crashes, and the last record has number {max(numbers, default=0)}")
        return crashes

    def run(self, count):
        """One line, what it came to."""
        began = time.monotonic()
        self.begin()
        self.go(count)
        self.check_alive()
        audits = self.check_records()
        crashes = self.check_crash_region()
        rounds = self.check_control()
        lives = sum(self.lives[cell] for cell in CELLS)
        kinds = ", ".join(f"{n} {name}" for name, n in sorted(self.done.items()))
        return (f"{count} steps ({kinds}), {sum(self.asked.values())} operations asked, {audits} audited, {lives} lives of {len(CELLS)} cells, {crashes} crashes, each with a record, "
                f"{rounds} rounds of the control loop without an exit of others, {time.monotonic() - began:.0f} s")


def machine(out, **options):
    return qemu.Machine(out, smp=CPUS, **{"limit": 300, **options})
