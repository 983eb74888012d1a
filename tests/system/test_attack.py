# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Guests that misbehave (tests/attack, tests/guests/attack): each harms only itself.

After every attack the witness in the same machine must go on: its lines say OK
only if it took no exit, lost no tick, got no interrupt of anybody else's and
found its memory as it left it.
"""

import re

import pytest

import qemu

DABT, IABT = 0x24, 0x20  # ESR_EL2.EC: from a lower exception level
BAD = r"witness: (FAIL|BAD)(?! forged)|panic|exception in the core|attack: FAIL"


def ground(m):
    """The witness is up before anything is judged."""
    m.line("witness", "OK round=0", timeout=60)


def aftermath(m, rounds=3):
    m.line("witness", "witness: (OK|BAD)", since=m.mark("witness"), count=rounds, timeout=60)
    m.never(BAD)
    counters = m.counters(60)
    assert counters["witness", 0]["state"] == "running" and counters["witness", 0]["denied"] == "0"
    return counters


def stopped(m, cell, timeout=40):
    head, values = m.record(cell, timeout)
    assert "fault" in head or "denied" in head, head
    said = "".join(m.lines(cell))  # when the host stalls for a second, an unfinished line goes out in pieces
    assert said.rfind(" begin") > said.rfind(" end"), (cell, m.lines(cell))
    return head, values


# cell: (exception class, address of the access)
OUTSIDE_MAP = {
    "read-hyp": (DABT, 0x50000000),
    "write-hyp": (DABT, 0x50000000),
    "exec-hyp": (IABT, 0x50000000),
    "read-neighbour": (DABT, 0x60200000),
    "write-neighbour": (DABT, 0x60200000),
    "exec-neighbour": (IABT, 0x60200000),
    "read-after-ram": (DABT, 0x41000000),
    "write-high": (DABT, None),  # beyond what a second stage of 39 bits resolves: HPFAR may be anything
    "mmu-off": (DABT, None),
    "read-44-bits": (None, None),
    "read-load-list": (DABT, 0x7fc0001000),
    "exec-copier": (IABT, 0x7fc0000000),
    "read-images": (DABT, 0x7fc0200000),
    "vectors": (IABT, 0x50000000),
}
OUTSIDE_DEVICES = {
    "read-gicr-next": (DABT, 0x080c0000),
    "write-gicr-sgi-next": (DABT, 0x080d0000),
    "write-its": (DABT, 0x08080000),
    "read-fw-cfg": (DABT, 0x09020000),
    "write-virtio": (DABT, 0x0a000000),
    "read-rtc": (DABT, 0x09010000),
    "read-ecam": (DABT, 0x4010000000),
    "write-flash": (DABT, 0x0),
    "exec-gicd": (IABT, 0x08000000),
    "exec-sgi-frame": (IABT, 0x080b0000),
    "exec-uart": (IABT, 0x09000000),
    "walk": (DABT, 0x08000000),
    "walk-all": (IABT, 0x09000000),
    "walk-sgi-frame": (DABT, 0x080b0000),  # HCR_EL2.PTW: a walk through device memory
}


def both(name, quick=()):
    """Of tests/attack/NAME.dts, direct and mediated: (model, mode); those not in quick are for --all."""
    return [pytest.param(cpu, id=f"{cpu}-{mode}", marks=[pytest.mark.partition(f"tests/attack/{name}{suffix}.dts")] +
                         ([] if (cpu, mode) in quick else [pytest.mark.full]))
            for mode, suffix in (("direct", ""), ("mediated", "-mediated")) for cpu in qemu.MODELS]


def outside(boot, cells, **options):
    m = boot(smp=16, limit=150, **options)
    ground(m)
    for cell, (exception, address) in cells.items():
        if exception is None:  # an address too large for this CPU is the guest's own exception
            m.wait(lambda: [t for t in m.lines("core") if t.startswith(f"cell {cell}:")] or
                   [t for t in m.lines(cell) if "end exceptions=1 ec=25" in t], f"the end of {cell}")
            continue
        head, values = stopped(m, cell)
        assert values["esr"] >> 26 == exception, (cell, head, values)
        if address is not None:
            assert (values["hpfar"] & 0xffffffffff0) << 8 == address, (cell, head, hex(values["hpfar"]))
    counters = aftermath(m)
    assert all(counters[cell, 0]["state"] == "failed" for cell in cells if cells[cell][0] is not None)


@pytest.mark.parametrize("cpu", both("outside-map", [("cortex-a57", "direct")]))
def test_outside_map(boot, cpu):
    outside(boot, OUTSIDE_MAP, cpu=cpu)


@pytest.mark.parametrize("cpu", both("outside-devices", [("cortex-a57", "direct"), ("cortex-a57", "mediated")]))
def test_outside_devices(boot, cpu):
    outside(boot, OUTSIDE_DEVICES, cpu=cpu)


@pytest.mark.parametrize("cpu", both("odd-accesses", [("cortex-a57", "direct"), ("cortex-a57", "mediated")]))
def test_odd_accesses(boot, cpu):
    """Nothing to decode: no guess is made, the cell is stopped."""
    m = boot(smp=16, limit=150, cpu=cpu)
    ground(m)
    for cell in ("writeback-read", "writeback-write", "ldp", "stp", "simd-read", "simd-write", "ldxr", "stxr", "ldxp",
                 "unaligned", "unaligned-write", "cross", "zva"):
        head, values = stopped(m, cell)
        assert values["esr"] >> 26 == DABT, (cell, head)
    # LDAR and STLR can be decoded; an atomic cannot, or is undefined on this CPU
    m.wait(lambda: [t for t in m.lines("core") if t.startswith("cell atomic:")] or
           [t for t in m.lines("atomic") if "done" in t], "the end of 'atomic'")
    aftermath(m)


@pytest.mark.parametrize("cpu", both("harassment", [("cortex-a57", "direct"), ("cortex-a57", "mediated")]))
def test_harassment(boot, cpu):
    m = boot(smp=16, limit=240, cpu=cpu)
    ground(m)

    m.line("calls", "attack: done", timeout=120)
    assert m.line("calls", r"hvc-flood end changed=(\d+)")[1] == "0"
    assert m.line("calls", r"smc-flood end changed=(\d+)")[1] == "0"
    assert m.line("calls", r"immediates end exceptions=(\d+)")[1] == "0"
    assert m.line("calls", r"power end accepted=(\d+)")[1] == "0"
    assert m.line("calls", r"brk end exceptions=1 ec=3c")  # a guest's own affair without cloison,debug

    m.line("registers", "attack: done", timeout=120)
    assert m.line("registers", r"denied end escaped=(\d+)")[1] == "0"
    assert m.line("registers", r"instructions end el=(\d+)")[1] == "1"
    for name in ("PMCR_EL0", "PMCCNTR_EL0", "PMSCR_EL1", "TRFCR_EL1", "AMCR_EL0", "ICC_IGRPEN0_EL1",
                 "LORC_EL1", "ZCR_EL1", "HCR_EL2", "VTTBR_EL2", "SCR_EL3", "IMPDEF_S3_1_C15_C2_0"):
        # not implemented, for this guest: undefined, or reads as zero and ignores writes
        text = m.line("registers", rf"denied {name} read=(\w+) write=(\S+)")
        assert text[1] in ("undefined", "zero"), text[0]

    m.line("gic", "attack: done", timeout=120)
    assert m.line("gic", r"gicd-lines end enabled=1 pending=[01]$")
    assert m.line("gic", r"gicr-rd end lpis=(\d+)")[1] == "0"
    assert m.line("gic", r"storm end interrupts=many")

    m.line("windows", "attack: done", timeout=120)
    assert m.line("windows", r"sizes end exceptions=(\d+)")

    m.line("user", "attack: done", timeout=60)
    assert m.line("user", r"user end wrong=(\d+)")[1] == "0", m.lines("user")

    head, values = m.record("strict")
    assert "denied" in head, head
    assert m.record("off")[0].startswith("switched itself off")
    assert m.line("off", "attack: half a line$")
    for cell in ("reset", "reset2"):
        assert "reset" in m.record(cell)[0]

    # the neighbours' names cannot be forged, nothing but text reaches the terminal
    m.line("binary", "console-binary end")
    assert not re.search(r"(?m)^\[witness\] witness: FAIL forged|^record forged", qemu.clean(m.text))
    assert not re.search(r"[\x00-\x06\x0b\x0c\x0e-\x1a\x1c-\x1f]|\x1b[^\[]|\x1b\[\??\d*[JH]", m.text)

    counters = aftermath(m)
    for cell in ("spin", "deaf", "flood", "gic", "calls", "registers"):
        assert counters[cell, 0]["state"] == "running", (cell, counters[cell, 0])


@pytest.mark.parametrize("options", [
    pytest.param(options, id=f"{name}-{mode}", marks=[pytest.mark.partition(f"tests/attack/smp{suffix}.dts")] +
                 [pytest.mark.full] * (name != "plain"))
    for mode, suffix in (("direct", ""), ("mediated", "-mediated"))
    for name, options in (("plain", {}), ("max", {"cpu": "max"}), ("icount", {"icount": True}))])
def test_smp(boot, options):
    """A CPU that spins with everything masked, or sleeps and hears nothing, is taken back when its cell is stopped."""
    m = boot(smp=16, limit=240, **options)
    ground(m)
    regained = ("spin-and-fault", "deaf-group", "deaf-mask", "deaf-active", "sound-sleep", "native-sleep")
    m.line("spin-and-fault", "spinner=running", timeout=90)
    for cell in regained[1:]:
        m.line(cell, "sleeper=asleep", timeout=90)
    for cell in regained:
        stopped(m, cell, 60)
    m.line("sgi", "attack: done", timeout=60)
    assert m.line("sgi", r"power end accepted=(\d+)")[1] == "2"  # AFFINITY_INFO of its own second vCPU, CPU_ON of it
    counters = aftermath(m)
    for cell in regained:
        assert counters[cell, 0]["state"] == "failed"
        assert int(counters[cell, 1]["revoked"]) >= 1, counters[cell, 1]  # the other CPU is in the core now


@pytest.mark.parametrize("cpu", both("fuzz"))
def test_fuzz(boot, cpu):
    m = boot(smp=16, limit=240, cpu=cpu)
    ground(m)
    m.line("witness", "OK", count=200, timeout=200)
    aftermath(m)


@pytest.mark.parametrize("cpu", both("sweep"))
def test_sweep(boot, cpu):
    """The whole system register space, read and written, on each model."""
    m = boot(smp=16, limit=300, cpu=cpu)
    ground(m)
    for cell in ("read", "write", "sys"):
        m.line(cell, r"sweep-\w+ end fine=\d+ undefined=\d+", timeout=240)
    assert "denied" in m.record("strict")[0]
    assert m.line("thumb", r"user-thumb end wrong=(\d+)")[1] == "0", m.lines("thumb")
    aftermath(m)


@pytest.mark.partition("tests/attack/gic.dts")
@pytest.mark.parametrize("options", [{}, pytest.param({"cpu": "max"}, marks=pytest.mark.full),
                                     pytest.param({"cpu": "cortex-a53"}, marks=pytest.mark.full),
                                     pytest.param({"icount": True}, marks=pytest.mark.full)],
                         ids=["plain", "max", "a53", "icount"])
def test_gic(boot, options):
    """Registers, CPU interface and floods of mediated cells, and a direct one that ends the witness's interrupts."""
    m = boot(smp=16, limit=240, **options)
    ground(m)
    cells = ("registers", "random", "interface", "sgis", "levels", "enables", "all")
    for cell in cells:
        m.line(cell, "attack: done", timeout=150)
        ends = [t for t in m.lines(cell) if " end" in t]
        assert ends and all(t.endswith(" end off=1") for t in ends), (cell, ends)
    assert m.line("eoi", r"eoi-foreign end (\w+)", timeout=60)[1] == "many"
    counters = aftermath(m)
    for cell in cells + ("eoi",):
        assert counters[cell, 0]["state"] == "running", (cell, counters[cell, 0])
    assert m.lines("core") and not [t for t in m.lines("core") if "more than" in t]
