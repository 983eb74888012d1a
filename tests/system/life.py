# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Cells that are started and stopped: what to type, and what to expect of it (test_life.py, soak.py).

    life = Life(machine, ["linux", "one", ...])      in the order in which the keys count them
    life.operator("stop", "one")                     "ok", "already", "refused", "asked", "denied"
    life.becomes("one", "stopped")
    life.type("warden", "start 0")                   a line for a cell's console
"""

import re
import time

import qemu

# What an operation means in a state: its result, and what then comes of the cell. docs/lifecycle.md has the same table for readers.
STATES = ("off", "loading", "running", "suspended", "stopping", "stopped", "failed")
RESTING = ("off", "running", "suspended", "stopped", "failed")
ENDED = ("off", "stopped", "failed")
OPERATIONS = ("start", "stop", "restart", "suspend", "resume", "kill")
TABLE = {
    **{("start", s): ("ok", "running") for s in ENDED}, ("start", "running"): ("already", "running"),
    ("start", "suspended"): ("refused", "suspended"),
    **{(op, s): ("ok", "stopped") for op in ("stop", "kill") for s in ("running", "suspended")},
    **{(op, s): ("already", s) for op in ("stop", "kill") for s in ENDED},
    **{("restart", s): ("ok", "running") for s in RESTING},
    ("suspend", "running"): ("ok", "suspended"), ("suspend", "suspended"): ("already", "suspended"),
    **{("suspend", s): ("refused", s) for s in ENDED},
    ("resume", "suspended"): ("ok", "running"), ("resume", "running"): ("already", "running"),
    **{("resume", s): ("refused", s) for s in ENDED},
}

# Ways of tests/guests/mortal: those that end it by a fault or what counts as one, and those after which somebody has to.
FAULTS = ("write", "read", "fetch", "vectors", "stack")
HANGS = ("spin", "spin-off", "deaf-group", "deaf-mask", "deaf-active", "deaf-all", "sound", "mute", "forge", "flood", "riot")

BAD = re.compile(r"FAIL|BAD|panic|exception in the core|Internal error")
AUDIT = re.compile(r"audit (\d+): (operator|policy|cell \S+) (\w+) (\S+|a cell .*): (\w+)(?: \((\d+) times\))?(?:; (\d+) before)?")


class Life:
    def __init__(self, machine, cells, bad=BAD):
        self.m = machine
        self.bad = bad
        self.cells = list(cells)
        self.log = []       # (cell or None, text), complete lines
        self.position = 0   # of the machine's text, up to where it is in the log
        self.kept = 0       # log lines that were looked at for what must not be

    # ---- reading: each line once, as such a run is long

    def pump(self):
        """With the machine's lock."""
        text, m = self.m.text, self.m
        end = text.rfind("\n")
        if end < self.position:
            return
        for raw in qemu.clean(text[self.position:end + 1]).split("\n")[:-1]:
            found = re.match(r"\[([^]]+)\] ?(.*)", raw)
            self.log.append((found[1], found[2]) if found else (None, raw))
        self.position = end + 1
        if self.position > 1 << 20:
            keep = 1 << 16
            m.text = text[self.position - keep:]
            self.position = keep

    def judge(self):
        new, self.kept = self.log[self.kept:], len(self.log)
        for cell, text in new:
            if self.bad.search(text):
                self.m.fail(f"this should never come: [{cell}] {text}")

    def wait(self, probe, what, timeout=60):
        __tracebackhide__ = True

        def look():
            self.pump()
            self.judge()
            return probe()
        return self.m.wait(look, what, timeout)

    def mark(self):
        with self.m.changed:
            self.pump()
            return len(self.log)

    def find(self, cell, pattern, since=0):
        compiled = re.compile(pattern)
        return next((m for name, text in self.log[since:] if name == cell for m in [compiled.search(text)] if m), None)

    def line(self, cell, pattern, since=0, timeout=60):
        __tracebackhide__ = True
        return self.wait(lambda: self.find(cell, pattern, since), f"/{pattern}/ of {cell}", timeout)

    def count(self, cell, pattern, since=0):
        self.mark()
        compiled = re.compile(pattern)
        return sum(1 for name, text in self.log[since:] if name == cell and compiled.search(text))

    # ---- typing

    def focus(self, cell):
        self.m.send(f"{qemu.ESCAPE}{self.cells.index(cell) + 1}")

    def type(self, cell, text):
        self.focus(cell)
        self.m.send(text + "\n")

    def command(self, text):
        self.m.send(f"{qemu.ESCAPE}:{text}\r")

    def ask(self, cell, text, pattern, timeout=60):
        """A line for a cell, and its answer: one line, or in pieces (qemu.Machine.whole_lines)."""
        __tracebackhide__ = True
        since, compiled = self.mark(), re.compile(pattern)

        def answer():
            lines = [t for name, t in self.log[since:] if name == cell]
            return next((m for t in [*lines, "".join(lines)] for m in [compiled.search(t)] if m), None)
        self.type(cell, text)
        return self.wait(answer, f"/{pattern}/ of {cell}", timeout)

    # ---- operations

    def answer(self, origin, op, cell, since, timeout=60):
        __tracebackhide__ = True
        return self.line("core", rf"audit \d+: {origin} {op} {re.escape(cell)}: (\w+)", since, timeout)[1]

    def operator(self, op, cell):
        __tracebackhide__ = True
        since = self.mark()
        self.command(f"{op} {cell}")
        return self.answer("operator", op, cell, since)

    def status(self, cell, timeout=60):
        """What is told of a cell: {"state": "running", "lives": "3", ...}"""
        __tracebackhide__ = True
        since = self.mark()
        self.command(f"status {cell}")
        found = self.line("core", rf"^life cell={re.escape(cell)} (.*)", since, timeout)[1]
        return dict(pair.split("=", 1) for pair in found.split() if "=" in pair)

    def becomes(self, cell, *states, timeout=60):
        """Until it is in one of these; its status."""
        __tracebackhide__ = True
        end = time.monotonic() + timeout
        while True:
            status = self.status(cell)
            if status["state"] in states:
                return status
            if time.monotonic() > end:
                self.m.fail(f"{cell} is {status['state']}, and not {' or '.join(states)}")
            time.sleep(0.05)

    def counters(self, cell):
        """Exit counters of its first vCPU, as the status keys show them."""
        since = self.mark()
        self.m.send(qemu.ESCAPE + "s")
        self.line("core", r"console core lost=", since)
        found = self.find("core", rf"^counters cell={re.escape(cell)} vcpu=0 (.*)", since)
        return dict(pair.split("=", 1) for pair in found[1].split())

    def audits(self, since=0):
        """(number, origin, operation, cell, result, times, how many before it were not told)"""
        self.mark()
        found = (AUDIT.search(text) for cell, text in self.log[since:] if cell == "core")
        return [(int(m[1]), m[2], m[3], m[4], m[5], int(m[6] or 1), int(m[7] or 0)) for m in found if m]
