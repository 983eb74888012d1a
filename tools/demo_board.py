# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the demos have in common: a board that runs unattended, and a table of what was seen (tools/demo, tools/demo-io)."""
import os
import re
import sys
import time

import pexpect

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# What the texts look like. Core: src/core/{main,keys,record}.c, src/arch/aarch64/machine.c; Linux: tests/guests/linux-init.
LINE = re.compile(r"\[([A-Za-z0-9,._+-]+)\] ?(.*)")
BOOT = re.compile(r"Cloison (\S+) on (.+), configuration ([0-9a-f]{64})")
CAPABILITIES = re.compile(r"CPU ([0-9a-f]+), (\d+) in use; PA (\d+) bits \((\d+) declared\); GICv(\d) .*\((\d+) declared\)")
LINUX_READY = re.compile(r"cloison-linux: ready")
PROMPT = re.compile(r"linux# $")
COUNTERS = re.compile(r"counters (cell=.*total=\d+.*)")
CONSOLE = re.compile(r"console cell=(\w+) .*dropped=(\d+)")
STATUS_END = re.compile(r"console core lost=(\d+)")
PANIC = re.compile(r"^panic:")
ANY = re.compile("")
POWER_OFF = re.compile(r"power off")

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Missing(Exception):
    """Something did not come in time."""


class Board:
    """A running QEMU: what each source has printed, in order."""

    def __init__(self, out, log, limit):
        self.log = log
        self.limit = limit  # seconds, whole run
        self.deadline = time.monotonic() + limit
        self.lines = []  # (source, text), complete lines
        self.open = ""   # the line that has not ended yet
        self.alive = True
        self.panic = ""
        self.escape = chr(int(config(out, "CONSOLE_ESCAPE"), 0))
        self.qemu = pexpect.spawn(os.path.join(TREE, "tools/run-qemu"), ["--plain", out], encoding="utf-8",
                                  codec_errors="replace", echo=False, timeout=limit, cwd=os.getcwd())
        self.qemu.delaybeforesend = None

    @staticmethod
    def parse(raw):
        """A line as the core sends it: a carriage return starts it over, prefix included."""
        text = ESCAPES.sub("", raw.rstrip("\r").rpartition("\r")[2])
        found = LINE.match(text)
        return (found[1], found[2]) if found else ("", text)

    def pump(self):
        try:
            self.open += self.qemu.read_nonblocking(4096, timeout=0.2)
        except pexpect.TIMEOUT:
            pass
        except pexpect.EOF:
            self.alive = False
        *complete, self.open = self.open.split("\n")
        for raw in complete:
            source, text = self.parse(raw)
            self.lines.append((source, text))
            print(f"[{source}] {text}" if source else text, file=self.log, flush=True)
            if source == "core" and PANIC.search(text):
                self.panic = text

    def find(self, source, pattern, start=0):
        for position in range(start, len(self.lines)):
            if self.lines[position][0] == source:
                found = pattern.search(self.lines[position][1])
                if found:
                    return position, found
        return None

    def find_all(self, source, pattern, start=0, end=None):
        return [found for name, text in self.lines[start:end] if name == source
                for found in [pattern.search(text)] if found]

    def until(self, what, condition, limit=None):
        """Pump until condition() is true; its value."""
        end = min(self.deadline, time.monotonic() + (limit or self.limit))
        while True:
            value = condition()
            if value:
                return value
            if not self.alive or self.panic or time.monotonic() > end:
                raise Missing(what + (f" ({self.panic})" if self.panic else "" if self.alive else " (QEMU has ended)"))
            self.pump()

    def expect(self, what, source, pattern, start=0, limit=None):
        return self.until(what, lambda: self.find(source, pattern, start), limit)

    def last(self, source):
        """The last line of a source, ended or not: another one may have printed since."""
        now, text = self.parse(self.open)
        if now == source:
            return text
        return next((text for name, text in reversed(self.lines) if name == source), "")

    def at_prompt(self, cell):
        return PROMPT.search(self.last(cell))

    def key(self, character):
        self.qemu.send(self.escape + character)

    def command(self, text):
        """A line for the core."""
        self.key(":")
        self.qemu.send(text + "\r")

    def focus(self, cell, number):
        """It gets the keyboard, and a key."""
        start = len(self.lines)
        self.key(str(number))
        self.expect(f"the focus on {cell}", "core", re.compile(rf"input goes to {cell}$"), start, 20)
        self.qemu.send("\r")

    def linux(self, cell, number, start=0):
        """Its shell, with the keyboard."""
        self.expect(f"the shell of {cell}", cell, LINUX_READY, start)
        self.until(f"the prompt of {cell}", lambda: self.at_prompt(cell))
        self.focus(cell, number)

    def shell(self, command, cell):
        """Run a command in Linux; its last line. Typed as a person would: a UART overruns."""
        self.until(f"the prompt of {cell}", lambda: self.at_prompt(cell))
        for at in range(0, len(command), 8):
            piece = command[at:at + 8]
            self.qemu.send(piece)
            try:
                self.until("echo", lambda end=piece: self.last(cell).endswith(end), 2)
            except Missing:
                pass  # its echo was cut in two by somebody else's line
        start = len(self.lines)
        self.qemu.send("\r")
        self.until(f"the end of '{command}'", lambda: self.find(cell, ANY, start) and self.at_prompt(cell))
        output = [text for name, text in self.lines[start:] if name == cell]
        return output[-1] if len(output) > 1 else "nothing"  # the first is the command's echo

    def status(self):
        """The core's counters, a dictionary for each vCPU, and what each cell's console and the core's own lost."""
        start = len(self.lines)
        self.key("s")
        end, lost = self.expect("the exit counters", "core", STATUS_END, start, 30)
        vcpus = [dict(pair.split("=", 1) for pair in found[1].split()) for found in self.find_all("core", COUNTERS, start, end)]
        dropped = {found[1]: int(found[2]) for found in self.find_all("core", CONSOLE, start, end)}
        return vcpus, dropped, int(lost[1])


def config(out, name):
    with open(os.path.join(out, ".config"), encoding="utf-8") as file:
        found = re.search(rf'^CONFIG_{name}="?([^"\n]*)"?$', file.read(), re.M)
    return found[1] if found else ""


def built_hash(out):
    with open(os.path.join(out, "gen/machine.c"), encoding="utf-8") as file:
        found = re.search(r'machine_hash\[\] = "([0-9a-f]+)"', file.read())
    return found[1] if found else None


class Table:
    """What is looked for, and what was seen."""

    def __init__(self):
        self.rows = []

    def check(self, what, seen, fine):
        self.rows.append((what, seen, bool(fine)))

    def show(self):
        width = max(len(what) for what, _, _ in self.rows)
        print()
        for what, seen, fine in self.rows:
            print(f"  {'ok  ' if fine else 'FAIL'}  {what:{width}}  {seen}")
        print()

    def failed(self):
        return [what for what, _, fine in self.rows if not fine]


def check_boot(board, table, out):
    _, found = board.expect("the core's boot line", "core", BOOT, limit=30)
    table.check("boot line, configuration", f"{found[1]} {found[3][:12]}...", found[3] == built_hash(out))
    _, found = board.expect("the capability report", "core", CAPABILITIES, limit=10)
    table.check("capabilities", f"PA {found[3]} bits ({found[4]} declared), GICv{found[5]}, {found[2]} CPUs in use",
                int(found[3]) >= int(found[4]) and found[5] == "3")


def check_power_off(board, table):
    start = len(board.lines)
    board.key("x")
    board.expect("the core's power off", "core", POWER_OFF, start, 20)
    try:
        board.until("the end of QEMU", lambda: False, 20)
    except Missing:
        pass
    table.check("power off by the core", "QEMU has ended" if not board.alive else "QEMU is still there", not board.alive)


def run(name, out, checks, limit):
    """Each check gets the board and the table; what does not come is the end. Exits with 1 if anything is missing."""
    board = Board(out, sys.stdout, limit)
    table = Table()
    try:
        check_boot(board, table, out)
        checks(board, table)
        check_power_off(board, table)
    except Missing as missing:
        print(board.open)
        table.check(str(missing), "missing", False)
    finally:
        board.qemu.close(force=True)
    table.show()
    if table.failed():
        print(f"{name}: missing or wrong: " + "; ".join(table.failed()))
        sys.exit(1)
    print(f"{name}: all seen")
