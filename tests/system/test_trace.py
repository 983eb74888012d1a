# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Traces of real guests, from boot on: of a mediated Linux, of a control loop that takes no exit, and of a cell that ends. Read as
they lie in memory (the rings) and out of the crash region: docs/trace.md.
"""

import struct
import subprocess
import time

import pytest

import qemu
from line import INVALID, OK, TRACE, Line
from test_crash import Qmp, show

DEMO = "configs/qemu-virt-aarch64-demo.dts TRACE_AT_BOOT=y"
LINUX0, LINUX1, CONTROL, HELLO = range(4)  # CPUs
EXIT, IRQ, LIFE, CALL, RETURN = 1, 2, 3, 4, 5
LOADING, RUNNING, FAILING = 2, 3, 7
ITSELF = 0xFFFE
ENTRIES = 64
HVC, SMC, MSR, FETCH, DATA, BRK = 0x16, 0x17, 0x18, 0x20, 0x24, 0x3C
CRASH, CRASH_SIZE = 0x7FF00000, 0x80000
LOADED = 0x5A0000C1  # the copier's HVC


class Rings:
    """The rings of a machine that stands still for so long."""

    def __init__(self, out, qmp, folder):
        self.qmp, self.file = qmp, folder / "memory"
        symbols = subprocess.run(["aarch64-linux-gnu-nm", str(out / "cloison.elf")], check=True, text=True, stdout=subprocess.PIPE).stdout
        self.symbols = {line.split()[-1]: int(line.split()[0], 16) for line in symbols.splitlines()}
        load, = struct.unpack("<I", self.memory(self.symbols["vectors_traced"] + 0x408, 4))
        assert load & 0xFFC003FF == 0xB94003E1  # ldr w1, [sp, #head]
        self.head = (load >> 10 & 0xFFF) * 4

    def memory(self, address, size):
        self.file.unlink(missing_ok=True)
        self.qmp("pmemsave", val=address, size=size, filename=str(self.file))
        return self.file.read_bytes()

    def __getitem__(self, cpu):
        """(head, entries that can be read, the oldest first)"""
        page, = struct.unpack_from("<Q", self.memory(self.symbols["machine_regs"] + 128 * cpu, 16), 8)
        data = self.memory(page, 4096)
        head, = struct.unpack_from("<I", data, self.head)
        numbers = range(max(head - (ENTRIES - 1), 0), head)
        return head, [struct.unpack_from("<QIIQQ", data, 2048 + n % ENTRIES * 32) for n in numbers]

    def all(self, count):
        self.qmp("stop")
        rings = [self[cpu] for cpu in range(count)]
        self.qmp("cont")
        return rings


def check_order(entries):
    times = [when for when, *_ in entries]
    assert all(a < b for a, b in zip(times, times[1:])), times
    assert {kind for _, kind, *_ in entries} <= {EXIT, IRQ, LIFE, CALL, RETURN}
    for (_, before, *_), (_, kind, *_) in zip(entries, entries[1:]):
        assert kind != RETURN or before != RETURN
        assert kind != CALL or before == EXIT


def check_linux(entries):
    """Exits of a kernel that has one page of a UART, a GIC and a timer, and their reasons."""
    for _, kind, code, where, more in entries:
        assert where < 1 << 48 or where >= 0xFFFF << 48 or kind == LIFE
        if kind == EXIT:
            assert code >> 26 in (HVC, SMC, MSR, FETCH, DATA), hex(code)
        if kind == EXIT and code >> 26 == DATA:
            assert 0x8000000 <= more < 0x9001000 and where >= 0xFFFF << 48, hex(more)
        if kind == IRQ:
            assert code < 1020 or code == 1023
    return entries


@pytest.mark.linux
@pytest.mark.partition(DEMO)
def test_traced_from_boot(boot, builder, tmp_path):
    path = tmp_path / "qmp"
    m = boot(smp=4, mem=1024, options=["-qmp", f"unix:{path},server=on,wait=off"])
    m.line("core", "^cell hello: ", 60)
    m.to_shell()
    qmp = Qmp(path)
    rings = Rings(builder.build(DEMO), qmp, tmp_path)
    m.send(qemu.ESCAPE + "1")
    status, text = m.shell("seq 300 | busybox md5sum; busybox nproc")
    assert (status, text.split()[-1]) == (0, "2")

    first = rings.all(4)
    for head, entries in first:
        assert head and entries
        check_order(entries)
    for cpu in (LINUX0, LINUX1):
        head, entries = first[cpu]
        assert head > ENTRIES and len(entries) == ENTRIES - 1  # how many exits a boot takes depends on how long the guest waits
        check_linux(entries)
    of_linux = first[LINUX0][1] + first[LINUX1][1]
    assert any(kind == IRQ and code < 1020 for _, kind, code, *_ in of_linux)
    assert any(kind == EXIT and code >> 26 == DATA and more >> 12 == 0x9000 for _, kind, code, _, more in of_linux)  # its UART
    assert any(kind == RETURN for _, kind, *_ in of_linux)

    m.shell("busybox usleep 300000")
    again = rings.all(4)
    assert again[LINUX0][0] > first[LINUX0][0]
    head, entries = again[HELLO]
    brk = [n for n, (_, kind, code, *_) in enumerate(entries) if kind == EXIT and code >> 26 == BRK]
    assert brk and entries[brk[0] + 1][1:3] == (LIFE, FAILING) and entries[brk[0] + 1][3:] == (2, ITSELF)
    states = [(code, where) for _, kind, code, where, _ in entries if kind == LIFE]
    assert states[:3] == [(LOADING, 2), (RUNNING, 2), (FAILING, 2)] or len(entries) == ENTRIES - 1
    assert any(kind == EXIT and code == LOADED for _, kind, code, *_ in entries) or len(entries) == ENTRIES - 1
    # loaded, begun, and then nothing but its console
    for _, kind, code, where, more in again[CONTROL][1]:
        assert kind != IRQ  # they are its own
        assert kind != EXIT or code >> 26 != DATA or 0x8000000 <= more < 0x9001000

    # what the crash record has of it
    record, = show(dump(rings))["cells"]
    *_, last = (e for e in record["trace"] if e["kind"] == "exit")
    assert last["syndrome"] >> 26 == BRK and last["pc"] == record["pc"] and last["ticks"] <= record["ticks"]
    kept = record["trace"]
    assert any(e["kind"] == "life" and (e["state"], e["cell"], e["by"]) == (FAILING, 2, ITSELF) for e in kept)
    assert [e["ticks"] for e in kept] == [when for when, *_ in entries][:len(kept)] or len(kept) == 48
    over_the_line(m)


def over_the_line(m):
    """It ends when nobody wants it any more, and begins again; of a mediated cell at once."""
    with Line(m) as line:
        def state(cpu):
            status, (answer,) = line.request(TRACE, 1, struct.pack("<H", cpu))
            assert status == OK
            found = dict(zip(("cpu", "on", "head", "entries", "width"), struct.unpack("<HHIII", answer)))
            assert (found["cpu"], found["entries"], found["width"]) == (cpu, ENTRIES, 32)
            return found

        def switch(on):
            assert line.request(TRACE, 3, struct.pack("<HH", 0, on))[0] == OK
            end = time.monotonic() + 20
            while any(state(cpu)["on"] != (3 if on else 0) for cpu in (LINUX0, LINUX1)):
                assert time.monotonic() < end
        switch(0)
        before = [state(cpu)["head"] for cpu in (LINUX0, LINUX1)]
        line.idle(0.5)
        assert [state(cpu)["head"] for cpu in (LINUX0, LINUX1)] == before
        switch(1)
        line.idle(0.5)
        head = state(LINUX0)["head"]
        assert head != before[0]
        status, parts = line.request(TRACE, 2, struct.pack("<HHI", LINUX0, 0, head))
        assert status == OK
        entries, following = [], None
        for part in parts:
            first, count, cpu = struct.unpack_from("<IHH", part)
            assert cpu == LINUX0 and len(part) == 8 + 32 * count
            assert following is None or first >= following
            if following is not None and first > following:
                entries = []  # overwritten meanwhile
            following = first + count
            entries += struct.iter_unpack("<QIIQQ", part[8:])
        check_order(entries)
        check_linux(entries)
        assert line.request(TRACE, 1, struct.pack("<H", 99))[0] == INVALID and line.bad == 0


def dump(rings):
    rings.memory(CRASH, CRASH_SIZE)
    return rings.file
