# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Unmodified Linux in a cell, beside a witness that checks it is alone."""

import hashlib
import re
import time

import pytest

import qemu

FOLDER = "tests/system/partitions"
# direct; mediated; mediated, and one of Linux's CPUs serves
MODES = ("direct", "mediated", "shared")
PARTITION = {(n, mode): f"{FOLDER}/linux{n}{'' if mode == 'direct' else '-' + mode}.dts" for n in (1, 2, 3) for mode in MODES}
BOTH = f"{FOLDER}/linux-both.dts"
pytestmark = pytest.mark.linux


def modes(vcpus, *quick):
    """The parameter: all modes; those not in quick are for --all."""
    return [pytest.param(mode, marks=[pytest.mark.partition(PARTITION[vcpus, mode])] + ([] if mode in quick else [pytest.mark.full]))
            for mode in MODES]


def healthy(m, rounds=2):
    """The neighbour, from now on and so far."""
    m.line("witness", "OK", since=m.mark("witness"), count=rounds)
    m.never(r"witness: (FAIL|BAD)|panic|exception in the core")


@pytest.mark.parametrize("mode", modes(1, "direct", "shared"))
def test_one_vcpu(boot, mode):
    m = boot()
    m.to_shell()
    assert m.shell("nproc; cat /proc/cmdline") == (0, "1\nconsole=ttyAMA0 loglevel=4")
    status, log = m.shell("dmesg | grep -i -E 'gicv3|psci|arch_timer|smccc|ttyAMA0|spectre|BUG|WARN|Oops'")
    assert "PSCIv1.1" in log and "GICv3" in log and not re.search("BUG|Oops|WARNING", log)
    healthy(m)


@pytest.mark.parametrize("mode", modes(2, "direct", "shared"))
def test_commands_hotplug_poweroff(boot, mode):
    m = boot()
    m.to_shell()
    assert m.shell("nproc") == (0, "2")
    assert m.shell("i=0; while [ $i -lt 50 ]; do busybox true; i=$((i+1)); done; echo fine") == (0, "fine")
    zeros = hashlib.sha1(bytes(64 * 1024 * 200)).hexdigest()
    assert m.shell("busybox dd if=/dev/zero bs=64k count=200 2>/dev/null | busybox sha1sum") == (0, f"{zeros}  -")
    for _ in range(3):
        assert m.shell("echo 0 > /sys/devices/system/cpu/cpu1/online; nproc") == (0, "1")
        assert m.counters()["linux", 1]["power"] == "off"
        assert m.shell("echo 1 > /sys/devices/system/cpu/cpu1/online; nproc") == (0, "2")
        assert m.counters()["linux", 1]["power"] == "on"
    assert m.shell("busybox taskset 2 busybox grep -c . /proc/interrupts")[0] == 0
    assert m.shell("echo 0 > /sys/devices/system/cpu/cpu0/online; cat /sys/devices/system/cpu/online; "
                   "echo 1 > /sys/devices/system/cpu/cpu0/online") == (0, "1")
    status, log = m.shell("dmesg | grep -E 'BUG|Oops|WARNING|rcu.*stall|failed to'")
    assert log == "", log
    m.send("poweroff\n")
    assert m.record("linux")[0].startswith("switched itself off")
    healthy(m)
    assert m.counters()["linux", 0]["state"] == "stopped"


@pytest.mark.parametrize("mode", modes(3, "mediated"))
def test_three_vcpus_reboot(boot, mode):
    m = boot()
    m.to_shell()
    assert m.shell("nproc") == (0, "3")
    assert m.shell("for c in 1 2; do echo 0 > /sys/devices/system/cpu/cpu$c/online; done; nproc") == (0, "1")
    assert m.shell("for c in 2 1; do echo 1 > /sys/devices/system/cpu/cpu$c/online; done; nproc") == (0, "3")
    m.send("reboot\n")
    assert "reset" in m.record("linux")[0]
    healthy(m)


@pytest.mark.parametrize("mode", modes(2, "direct", "mediated"))
def test_idle_takes_no_exit_but_its_own(boot, mode):
    """Quiet Linux: only sleeping (guarded WFI, direct) or interrupts (mediated), and SGIs come up, nothing else."""
    m = boot()
    m.to_shell()
    time.sleep(2)
    before = m.counters()
    time.sleep(3)
    after = m.counters()
    for vcpu in (0, 1):
        grown = {k: int(v) - int(before["linux", vcpu][k]) for k, v in after["linux", vcpu].items() if v.isdigit()}
        assert not [k for k, n in grown.items() if n and k not in ("wfi" if mode == "direct" else "irq", "sgi", "total", "vdev", "delivered", "injected")], grown
    grown = int(after["witness", 0]["total"]) - int(before["witness", 0]["total"])
    assert grown > 0 and after["witness", 0]["denied"] == "0"


@pytest.mark.parametrize("mode", modes(2, "shared"))
def test_crash_of_linux(boot, mode):
    """Linux that touches what it does not have is stopped; the neighbour is not, and the console lives on."""
    m = boot()
    m.to_shell()
    m.send("busybox devmem 0x09010000\n")
    head, values = m.record("linux")
    assert "fault" in head and values["hpfar"] << 8 & 0xffffffffff000 == 0x9010000
    healthy(m)


def way(name, mode, *quick, **options):
    return pytest.param(options, id=f"{name}-{mode}",
                        marks=[pytest.mark.partition(PARTITION[2, mode])] + ([] if mode in quick else [pytest.mark.full]))


@pytest.mark.parametrize("options", [w for mode in MODES for w in (
    way("icount", mode, "shared", icount=True), way("max", mode, "mediated", cpu="max"),
    way("n1-bin", mode, "shared", cpu="neoverse-n1", binary=True))])
def test_other_ways(boot, options):
    m = boot(limit=180, **options)
    m.to_shell(120)
    healthy(m)


@pytest.mark.partition(BOTH)
@pytest.mark.parametrize("options", [{}, pytest.param({"cpu": "max"}, marks=pytest.mark.full),
                                     pytest.param({"icount": True}, marks=pytest.mark.full),
                                     pytest.param({"cpu": "cortex-a53", "binary": True}, marks=pytest.mark.full)],
                         ids=["plain", "max", "icount", "a53-bin"])
def test_side_by_side(boot, options):
    """A mediated Linux that serves as well, and a direct one: each with its own console, one after the other switched off."""
    m = boot(BOTH, limit=240, **options)
    m.to_shell(150)
    m.to_shell(150, "linux-direct")
    assert m.shell("nproc", 60) == (0, "2")
    assert m.shell("echo 0 > /sys/devices/system/cpu/cpu1/online; nproc", 60) == (0, "1")  # the CPU that serves
    assert m.counters()["linux", 1]["power"] == "off"
    m.send(qemu.ESCAPE + "3")
    assert m.shell("nproc; busybox grep -c uart-pl011 /proc/interrupts", 60, "linux-direct") == (0, "2\n1")
    m.send(qemu.ESCAPE + "1")
    assert m.shell("echo 1 > /sys/devices/system/cpu/cpu1/online; nproc", 60) == (0, "2")
    status, log = m.shell("dmesg | grep -E 'BUG|Oops|WARNING|rcu.*stall|failed to'", 60)
    assert log == "", log
    m.send("poweroff\n")
    assert m.record("linux")[0].startswith("switched itself off")
    m.send(qemu.ESCAPE + "3")  # its CPUs are in the core now, and one of them goes on serving
    assert m.shell("echo alive", 60, "linux-direct") == (0, "alive")
    m.send("poweroff\n")
    assert m.record("linux-direct")[0].startswith("switched itself off")
    healthy(m)


@pytest.mark.full
@pytest.mark.partition(*PARTITION.values())
@pytest.mark.parametrize("binary", [False, True], ids=["elf", "bin"])
@pytest.mark.parametrize("icount", [False, True], ids=["plain", "icount"])
@pytest.mark.parametrize("vcpus,mode", list(PARTITION))
@pytest.mark.parametrize("cpu", qemu.MODELS)
def test_matrix(boot, cpu, vcpus, mode, icount, binary):
    m = boot(PARTITION[vcpus, mode], limit=240, cpu=cpu, icount=icount, binary=binary)
    m.to_shell(180)
    assert m.shell("nproc")[1] == str(vcpus)
    healthy(m, 1)
