# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Bare-metal cells side by side: the console between them, exits, a machine without service CPU."""

import re

import pytest

import qemu

FOLDER = "tests/system/partitions"
DENSE = {"direct": f"{FOLDER}/dense.dts", "mediated": f"{FOLDER}/dense-mediated.dts"}
NO_SERVICE = {"direct": f"{FOLDER}/no-service.dts", "mediated": f"{FOLDER}/no-service-mediated.dts"}
ABI = {"direct": f"{FOLDER}/abi.dts", "mediated": f"{FOLDER}/abi-mediated.dts"}


def way(partitions, mode, name, *values, full=False):
    """Parameters of a test: which partition, and what else."""
    return pytest.param(mode, *values, id=f"{mode}-{name}",
                        marks=[pytest.mark.partition(partitions[mode])] + [pytest.mark.full] * full)


def check_control(m, cell, periods, mode="direct"):
    """Direct: no exit. Mediated: one for each interrupt."""
    summary = m.line(cell, r"control: periods=(\d+) in_order=(\d+) late=(\d+) exits=(\S+)", timeout=40)
    spurious = int(m.line(cell, r"control: worst=.* spurious=(\d+)")[1])
    exits = 0 if mode == "direct" else periods + spurious
    assert (summary[1], summary[2], summary[4]) == (str(periods), str(periods), str(exits))
    histogram = [int(n) for n in re.findall(r"control: latency .* ticks: (\d+)", "\n".join(m.lines(cell)))]
    assert sum(histogram) == periods


@pytest.mark.parametrize("mode,options", [
    way(DENSE, "direct", "plain", {}), way(DENSE, "direct", "icount", {"icount": True}),
    way(DENSE, "direct", "max-bin", {"cpu": "max", "binary": True}, full=True),
    way(DENSE, "mediated", "plain", {}), way(DENSE, "mediated", "icount", {"icount": True}, full=True),
    way(DENSE, "mediated", "max-bin", {"cpu": "max", "binary": True})])
def test_dense(boot, mode, options):
    """Seven cells on eight CPUs. Who blocks loses nothing; nobody's line is torn; control takes no exit."""
    m = boot(DENSE[mode], limit=200, **options)
    for cell in ("talker1", "talker2", "talker3"):
        m.line(cell, "talker: end", timeout=120)
        expected = [f"talker: line {i:04d} of 300 abcdefghijklmnopqrstuvwxyz" for i in range(300)] + ["talker: end"]
        assert m.lines(cell) == expected
    check_control(m, "control2", 1000, mode)
    check_control(m, "control", 1000, mode)
    whole = re.compile(r"talker: (line \d{4} of 2000 abcdefghijklmnopqrstuvwxyz|end)$")
    torn = [t for t in m.lines("droppy") if not whole.match(t)]
    dropped = m.counters(), [t for t in m.lines("core") if t.startswith("console cell=droppy")]
    lost = int(re.search(r"dropped=(\d+)", dropped[1][-1])[1])
    assert lost or not torn, torn[:5]
    assert not re.search("panic|FAIL", m.text)


@pytest.mark.parametrize("mode", [way(DENSE, "direct", "keys"), way(DENSE, "mediated", "keys")])
def test_keyboard(boot, mode):
    """Input goes to one cell at a time; the escape key moves it, shows help, and can be typed."""
    m = boot(DENSE[mode], limit=200)
    for cell in ("talker1", "talker2", "talker3"):
        m.line(cell, "talker: end", timeout=120)
    m.send("A")
    m.line("talker1", "key 65")
    m.send(qemu.ESCAPE + "2")
    m.line("core", "input goes to talker2")
    m.send("BC")
    m.line("talker2", "key 66")
    m.line("talker2", "key 67")
    m.send(qemu.ESCAPE + "n" + qemu.ESCAPE + qemu.ESCAPE)
    m.line("talker3", "key 20")
    m.send(qemu.ESCAPE + "7")
    m.send("z")
    m.line("echo", "key 122")
    m.send(qemu.ESCAPE + "h")
    m.line("core", r"> ?7 echo")
    assert not [t for t in m.lines("talker1") if "key" in t and "65" not in t]
    counters = m.counters()
    assert set(counters) == {(c, 0) for c in ("talker1", "talker2", "talker3", "droppy", "control", "control2", "echo")}
    m.send(qemu.ESCAPE + "x")
    assert m.ended() == 0


@pytest.mark.parametrize("mode,cpu", [way(ABI, mode, cpu, cpu, full=cpu not in ("cortex-a57", "max"))
                                      for cpu in qemu.MODELS for mode in ABI])
def test_abi(boot, builder, mode, cpu):
    m = boot(cpu=cpu)
    m.line("abi", "abi: end passed=[0-9]+ failed=0", timeout=20)
    m.never("FAIL|panic")
    assert id_registers(m.text) == {where: of_a_guest(where, value) for where, value in bare_id_registers(builder, cpu).items()}


def id_registers(text):
    """{(crm, op2): value}, as the guest has printed them: all 56."""
    found = {(int(crm), int(op2)): int(value, 16) for crm, op2, value in re.findall(r"abi: id (\d) (\d) ([0-9a-f]+)", text)}
    assert len(found) == 56
    return found


def bare_id_registers(builder, cpu):
    """The same of the same CPU without a hypervisor."""
    with qemu.Machine(bare=builder.guest("abi"), cpu=cpu, smp=1, limit=30) as m:
        m.expect("abi: SKIP", 25)
        return id_registers(m.text)


def of_a_guest(where, value):
    """What is left of an ID register: fields of 4 bits that a cell may know of (docs/guests.md), and the limits of two."""
    kept = {(1, 1): "0124567", (1, 2): "012", (4, 0): "013456cef", (4, 1): "01", (5, 0): "03579", (6, 0): "012345789abcdef", (6, 1): "0123456789abcd", (6, 2): "123567cd",
            (7, 0): "01234567", (7, 1): "03569bf", (7, 2): "0145789cdf"}
    if where[0] < 4 and where not in kept:
        return value  # of AArch32
    left = sum(value & 0xf << 4 * int(field, 16) for field in kept.get(where, ""))
    if where == (7, 0):
        left = left & ~0xf | min(left & 0xf, 2)  # 40 bits
    if where == (4, 0):
        left = left & ~(0xf << 56) | min(left >> 56 & 0xf, 1) << 56
    return left


@pytest.mark.parametrize("mode,options", [
    way(NO_SERVICE, "direct", "plain", {}), way(NO_SERVICE, "direct", "icount", {"icount": True}, full=True),
    way(NO_SERVICE, "mediated", "plain", {}), way(NO_SERVICE, "mediated", "icount", {"icount": True}, full=True)])
def test_no_service_cpu(boot, mode, options):
    m = boot(smp=8, **options)
    m.line("witness", "OK round=5", timeout=60)
    check_control(m, "control", 200, mode)
    head, values = m.record("hello")
    assert "breakpoint" in head and values["x0"] == 42 and values["x1"] == 55
    m.line("witness", "OK", since=m.mark("witness") + 3)
    m.never("FAIL|BAD|panic")


@pytest.mark.linux
@pytest.mark.partition("configs/qemu-virt-aarch64-demo.dts")
def test_demo_partition(boot):
    """The parts of `make demo`, by hand: shell, histogram, record, counters."""
    m = boot(limit=120)
    m.to_shell()
    check_control(m, "control", 1000)
    head, values = m.record("hello")
    assert "breakpoint" in head and values["x0"] == 42 and values["x1"] == 55
    assert m.shell("uname -m; nproc") == (0, "aarch64\n2")
    counters = m.counters()
    assert counters["hello", 0]["state"] == "failed" and counters["control", 0]["state"] == "running"
    assert counters["linux", 1]["power"] == "on"
