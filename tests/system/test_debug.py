# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A debugger's hand on cells, over the line: bare metal with direct and with mediated interrupts, and Linux. A control loop beside them
takes no exit for it. (gdb itself: test_cable.py.)"""

import struct

import pytest

import qemu
from debugger import ACCESS, ASKED, BREAKPOINT, BRK, ENDED, EXECUTE, FIRST, LEAVE, OFF, PASS, STEPPED, WATCH, WATCHED, WRITES, Debugger
from life import Life
from line import DENIED, FAILED, INVALID, REFUSED, Line

CELLS = ("control", "direct", "mediated", "linux")
KERNEL = 0x40000000  # where the partition has it
PARTITION = "tests/system/partitions/debug.dts"


def words(*instructions):
    return struct.pack(f"<{len(instructions)}I", *instructions)


MOV_X0_42, BRK_7, WFI, HVC, NOP = 0xd2800540, 0xd42000e0, 0xd503207f, 0xd4000002, 0xd503201f
FIBONACCI = words(
    0xd2800000,  # mov x0, #0
    0xd2800021,  # mov x1, #1
    0xd2800142,  # mov x2, #10
    0x8b010003,  # 1: add x3, x0, x1
    0xaa0103e0,  # mov x0, x1
    0xaa0303e1,  # mov x1, x3
    0xf1000442,  # subs x2, x2, #1
    0x54ffff81,  # b.ne 1b
    0xf9000080,  # str x0, [x4]
    0xd4200000)  # brk #0


def run(dbg, buffer, code, why=BRK):
    dbg.write(buffer, code)
    assert dbg.read(buffer, len(code)) == code
    dbg.set(0, "pc", buffer)
    dbg.go()
    return dbg.halts(why)


def code_runs(dbg, buffer):
    state = run(dbg, buffer, words(MOV_X0_42, BRK_7))
    assert (state["vcpu"], state["pc"], state["brk"], state["held"]) == (0, buffer + 4, 7, 1)
    assert dbg.registers(0)["x0"] == 42
    dbg.set(0, "x4", buffer + 4096)
    run(dbg, buffer, FIBONACCI)
    assert dbg.registers(0)["x0"] == 55
    assert struct.unpack("<Q", dbg.read(buffer + 4096, 8)) == (55,)


def points(dbg, buffer):
    state = dbg.state()
    assert state["breakpoints"] == 4 and state["watchpoints"] == 4
    dbg.write(buffer + 4096, bytes(8))
    dbg.point(3, EXECUTE, buffer + 32)
    assert run(dbg, buffer, FIBONACCI, BREAKPOINT)["pc"] == buffer + 32
    assert dbg.read(buffer + 4096, 8) == bytes(8)
    dbg.step()  # as if there were none
    assert dbg.halts(STEPPED)["pc"] == buffer + 36
    assert dbg.read(buffer + 4096, 8) == struct.pack("<Q", 55)
    dbg.point(3, OFF)
    dbg.point(WATCH + 1, WRITES, buffer + 4100, 4)
    state = run(dbg, buffer, FIBONACCI, WATCHED)
    assert state["pc"] == buffer + 32 and buffer + 4096 <= state["address"] < buffer + 4104
    dbg.point(WATCH + 1, ACCESS, buffer + 4200, 1)
    dbg.go()
    assert dbg.halts(BRK)["pc"] == buffer + 36
    dbg.point(WATCH + 1, OFF)
    for number, kind, address, size in ((4, EXECUTE, 0, 0), (0, EXECUTE, buffer + 2, 0), (WATCH, WRITES, buffer, 3), (WATCH + 4, WRITES, buffer, 4)):
        dbg.point(number, kind, address, size, expected=INVALID)


def steps(dbg, buffer, beats, ticks):
    """The second CPU, whose timer is due all the time; then instructions that trap, and one that sleeps."""
    dbg.point(WATCH, WRITES, beats, 8)
    dbg.set(0, "pc", buffer)
    dbg.write(buffer, words(WFI, 0x17ffffff))  # b .-4
    dbg.go()
    assert dbg.halts(WATCHED)["vcpu"] == 1
    dbg.point(WATCH, OFF)
    dbg.line.idle(0.05)
    before = dbg.read(ticks, 8)
    pcs = []
    for _ in range(12):
        dbg.step(1)
        pcs.append(dbg.halts(STEPPED)["pc"])
    assert len(set(pcs)) <= 8 and max(pcs) - min(pcs) < 64, [hex(p) for p in pcs]
    assert dbg.read(ticks, 8) == before
    dbg.write(buffer, words(HVC, NOP, WFI, NOP))
    dbg.set(0, "pc", buffer)
    dbg.set(0, "x0", 0x84000000)  # PSCI_VERSION
    dbg.step()
    assert dbg.halts(STEPPED)["pc"] == buffer + 4
    assert dbg.registers(0)["x0"] == 0x10001
    dbg.step()
    assert dbg.halts(STEPPED)["pc"] == buffer + 8
    dbg.step()
    state = dbg.halts()
    assert (state["why"], state["pc"]) in ((STEPPED, buffer + 12), (ASKED, buffer + 8), (ASKED, buffer + 12))
    dbg.write(buffer, words(WFI, 0x17ffffff))  # b .-4
    dbg.set(0, "pc", buffer)
    values = dbg.read(beats, 8), dbg.read(ticks, 8)
    dbg.go()
    dbg.line.idle(0.3)
    dbg.halt()
    after = dbg.read(beats, 8), dbg.read(ticks, 8)
    assert all(struct.unpack("<Q", a) > struct.unpack("<Q", b) for a, b in zip(after, values))
    dbg.line.idle(0.1)
    assert (dbg.read(beats, 8), dbg.read(ticks, 8)) == after  # halted


def refused(dbg, buffer):
    pstate = dbg.registers(0)["pstate"]
    for bad in (pstate & ~15 | 9, pstate & ~15 | 8, pstate & ~15 | 13, pstate | 16, 0x3cf, 0x1d3):
        dbg.set(0, "pstate", bad, expected=INVALID)
    assert dbg.registers(0)["pstate"] == pstate
    dbg.set(0, "pstate", pstate ^ 1 << 30)
    assert dbg.registers(0)["pstate"] == pstate ^ 1 << 30
    dbg.set(0, "pstate", pstate)
    for address, size in ((0x09000000, 4), (0x3fffffff, 2), (0x40ffffff, 2), (0x0, 8), (0xffffffffffffffff, 8), (0x08000000, 4)):
        dbg.read(address, size, expected=FAILED)
        dbg.write(address, bytes(size), expected=FAILED)
    Debugger(dbg.line, CELLS.index("control")).halt(expected=DENIED)
    assert len(dbg.read(buffer + 3, 1024)) == 1024


def bare_metal(life, line, name):
    dbg = Debugger(line, CELLS.index(name))
    assert dbg.state()["why"] == ENDED
    dbg.halt(expected=REFUSED)
    dbg.halt(FIRST)
    with_text(life, line, lambda: life.operator("start", name))
    state = dbg.halts(ASKED)
    assert (state["vcpu"], state["pc"], state["life"]) == (0, 0x40200000, 1)
    dbg.halt()  # this session's
    dbg.go()
    line.idle(0.5)
    dbg.halt()
    regs = dbg.registers(0)
    buffer, beats, ticks = regs["x0"], regs["x2"], regs["x3"]
    assert regs["x1"] == 65536
    assert struct.unpack("<I", dbg.read(regs["pc"], 4))[0] in (WFI, 0x17ffffff)
    assert dbg.registers(1)["pc"] != regs["pc"]
    code_runs(dbg, buffer)
    points(dbg, buffer)
    steps(dbg, buffer, beats, ticks)
    refused(dbg, buffer)
    return dbg


def handled(dbg, buffer):
    dbg.line.idle(0.3)
    dbg.halt()
    regs = dbg.registers(0)
    assert (regs["esr_el1"], regs["elr_el1"]) == (0xf2000007, buffer + 4)
    assert regs["pc"] not in (buffer, buffer + 4)


def again(life, line, dbg, name):
    """Halted cells are restarted and killed as others are, and points are of one life."""
    dbg.point(0, EXECUTE, 0x40200000)
    dbg.halt(FIRST)
    with_text(life, line, lambda: life.operator("restart", name))
    state = dbg.halts()
    assert (state["pc"], state["life"], state["why"]) == (0x40200000, 2, ASKED)
    dbg.halt()
    dbg.go()
    line.idle(0.3)
    assert not dbg.state()["halted"]
    dbg.halt()
    buffer = dbg.registers(0)["x0"]
    dbg.write(buffer, words(NOP, BRK_7))
    dbg.set(0, "pc", buffer)
    dbg.go()
    assert dbg.halts(BRK)["pc"] == buffer + 4
    dbg.go(PASS)  # to its vectors
    handled(dbg, buffer)
    dbg.set(0, "pc", buffer)
    dbg.go(LEAVE)  # the same, as nobody is there
    dbg.step(expected=REFUSED)
    handled(dbg, buffer)
    with_text(life, line, lambda: life.operator("kill", name))
    dbg.go(expected=REFUSED)



def with_text(life, line, deed):
    line.bye()
    line.byes = 0
    deed()
    line.at, line.partial = len(line.machine.text), b""
    line.say_hello()


@pytest.mark.parametrize("partition", [pytest.param(p, marks=[pytest.mark.partition(p), *more], id=name) for name, p, more in (
    ("own-service-cpu", PARTITION, ()), ("shared", "tests/system/partitions/debug-shared.dts", (pytest.mark.full,)))])
def test_bare_metal(boot, partition):
    m = boot(partition, limit=240)
    life = Life(m, CELLS)
    life.line("control", r"control: periods=\d+ .* exits=0")
    line = Line(m)
    for name in ("direct", "mediated"):
        dbg = bare_metal(life, line, name)
        again(life, line, dbg, name)
    line.bye()
    life.ask("control", "x", r"control: round=\d+ .*exits=0 unaccounted=0 OK")


def shell(line, cell, command, timeout=30):
    console = line.console(cell)
    at = len(line.bytes[console])
    line.type(cell, f"{command}; echo d''one\n".encode())
    line.wait(lambda: b"\ndone" in line.bytes[console][at:], f"{command!r} in Linux", timeout)
    return line.bytes[console][at:].decode("latin-1")


@pytest.mark.linux
@pytest.mark.partition(PARTITION)
def test_linux(boot):
    m = boot(limit=300)
    life = Life(m, CELLS)
    life.line("control", r"control: periods=\d+ .* exits=0")
    life.operator("start", "linux")
    life.focus("linux")
    life.line("linux", "cloison-linux: ready", timeout=120)
    line = Line(m)
    cell = CELLS.index("linux")
    dbg = Debugger(line, cell)
    line.want(line.console(cell))
    assert "hel lo" in shell(line, cell, "echo hel' 'lo")
    dbg.halt()
    regs = dbg.registers(0)
    # By virtual address, as its tables have it: what the kernel says of itself is in its image
    image = (qemu.ROOT / "guests/linux/Image").read_bytes()
    banner = image.index(b"Linux version ")
    begins = regs["vbar_el1"] - (dbg.physical(regs["vbar_el1"], regs) - KERNEL)
    assert dbg.read(dbg.physical(begins + banner, regs), 64) == image[banner:banner + 64]
    assert len(dbg.read(dbg.physical(regs["pc"], regs), 16)) == 16
    # A breakpoint at each exception from EL0 (64 bits), which a shell has at once
    dbg.point(0, EXECUTE, regs["vbar_el1"] + 0x400)
    dbg.go()
    line.type(cell, b"echo x\n")
    state = dbg.halts(BREAKPOINT, 60)
    assert state["pc"] == regs["vbar_el1"] + 0x400
    vcpu = state["vcpu"]
    there = dbg.registers(vcpu)
    assert there["elr_el1"] < 1 << 48 and there["pstate"] & 15 == 5
    pcs = [state["pc"]]
    for _ in range(8):
        dbg.step(vcpu)
        pcs.append(dbg.halts(STEPPED)["pc"])
    assert len(set(pcs)) == 9, [hex(p) for p in pcs]
    dbg.point(0, OFF)
    dbg.go()
    assert "still here" in shell(line, cell, "echo still' 'here", 60)
    # Nobody is there any more
    dbg.halt()
    dbg.go(LEAVE)
    assert "alive" in shell(line, cell, "echo ali''ve", 60)
    line.bye()
    life.ask("control", "x", r"control: round=\d+ .*exits=0 unaccounted=0 OK")
