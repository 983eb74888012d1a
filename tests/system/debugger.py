# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A debugger on the line, for tests: LINE_DEBUG of src/core/line_format.h, and the guest's stage 1 (the core reads guest-physical).

    dbg = Debugger(line, cell)
    dbg.halt(); regs = dbg.registers(0); dbg.write(regs["x0"], code); dbg.set(0, "pc", regs["x0"]); dbg.go(); dbg.halts()
"""

import struct
import time

from line import DEBUG, OK

HALT, GO, STEP, STATE, REGISTERS, SET, READ, WRITE, POINT = range(1, 10)
NOW, FIRST = range(2)
ON, PASS, LEAVE = range(3)
ASKED, BREAKPOINT, WATCHED, STEPPED, BRK, ENDED = range(6)
OFF, EXECUTE, WRITES, READS, ACCESS = range(5)
WATCH = 16  # number of the first watchpoint
NAMES = [f"x{n}" for n in range(31)] + ["sp", "pc", "pstate", "sp_el0", "sp_el1", "elr_el1", "spsr_el1", "esr_el1", "far_el1", "sctlr_el1",
                                        "tcr_el1", "ttbr0_el1", "ttbr1_el1", "vbar_el1", "tpidr_el1"]


class Debugger:
    def __init__(self, line, cell):
        self.line = line
        self.cell = cell

    def ask(self, op, arguments=b"", expected=OK):
        status, parts = self.line.request(DEBUG, op, struct.pack("<H", self.cell) + arguments)
        if expected is not None and status != expected:
            self.line.machine.fail(f"request {op} {arguments.hex()} of cell {self.cell}: status {status}, not {expected}")
        return b"".join(parts)

    def halt(self, when=NOW, **more):
        self.ask(HALT, struct.pack("<H", when), **more)

    def go(self, how=ON, **more):
        self.ask(GO, struct.pack("<H", how), **more)

    def step(self, vcpu=0, **more):
        self.ask(STEP, struct.pack("<H", vcpu), **more)

    def state(self):
        names = ("halted", "why", "vcpu", "life", "pc", "address", "breakpoints", "watchpoints", "held", "brk")
        return dict(zip(names, struct.unpack("<BBHIQQBBHI", self.ask(STATE))))

    def halts(self, why=None, timeout=20):
        end = time.monotonic() + timeout
        while True:
            state = self.state()
            if state["halted"]:
                assert why is None or state["why"] == why, state
                return state
            if time.monotonic() > end:
                self.line.machine.fail(f"cell {self.cell} does not halt: {state}")
            self.line.idle(0.02)

    def registers(self, vcpu=0):
        return dict(zip(NAMES, struct.unpack(f"<{len(NAMES)}Q", self.ask(REGISTERS, struct.pack("<H", vcpu)))))

    def set(self, vcpu, name, value, **more):
        self.ask(SET, struct.pack("<HIQ", vcpu, NAMES.index(name), value), **more)

    def read(self, address, size, vcpu=0, **more):
        return self.ask(READ, struct.pack("<HHHQ", vcpu, 0, size, address), **more)

    def write(self, address, data, vcpu=0, **more):
        for at in range(0, len(data), 128):
            part = data[at:at + 128]
            self.ask(WRITE, struct.pack("<HHHQ", vcpu, 0, len(part), address + at) + part, **more)

    def point(self, number, kind, address=0, size=0, **more):
        self.ask(POINT, struct.pack("<BBIQ", number, kind, size, address), **more)

    def physical(self, address, regs):
        """By the tables of EL1 (4 KiB granule), as VMSAv8-64 has them."""
        if not regs["sctlr_el1"] & 1:
            return address
        high = address >> 55 & 1
        bits = 64 - (regs["tcr_el1"] >> (16 if high else 0) & 63)
        table = regs["ttbr1_el1" if high else "ttbr0_el1"] & 0xfffffffff000
        for level in range(4 - (bits - 12 + 8) // 9, 4):
            shift = 39 - 9 * level
            entry = struct.unpack("<Q", self.read(table + 8 * ((address & ((1 << bits) - 1)) >> shift & 511), 8))[0]
            if not entry & 1:
                return None
            if level == 3 or not entry & 2:
                return (entry & 0xfffffffff000 & ~((1 << shift) - 1)) | address & ((1 << shift) - 1)
            table = entry & 0xfffffffff000
        return None
