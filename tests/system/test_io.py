# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Unmodified Linux with real devices behind the SMMU: a NIC in one cell, a disk in another (tools/demo-io does each alone)."""

import time

import pytest

import qemu

IO = "configs/qemu-virt-aarch64-io.dts"
CELLS = {"net": 1, "disk": 2}
pytestmark = [pytest.mark.io, pytest.mark.partition(IO)]


def focus(m, cell):
    since = m.mark("core")
    m.send(qemu.ESCAPE + str(CELLS[cell]))
    m.line("core", f"input goes to {cell}", 20, since)


def shell(m, cell, command, timeout=60):
    focus(m, cell)
    return m.shell(command, timeout, cell)[1]


def ready(m, number=1):
    for cell in CELLS:
        m.line(cell, "cloison-linux: ready", 150, count=number)
    time.sleep(1)  # their prompts


def healthy(m):
    """No complaint of a kernel's, nothing refused, nobody stopped."""
    for cell in CELLS:
        assert shell(m, cell, "dmesg | grep -E 'BUG|Oops|WARNING|rcu.*stall|nvme.*(timeout|reset)|Detected Hardware'") == ""
    m.never(r"dma: (cell|stream)|panic|exception in the core")
    assert all(v["state"] == "running" for v in m.counters().values())


def up(m):
    assert shell(m, "net", "nic up") == "nic: up: address 10.0.2.15"


def test_idle_and_both_at_once(boot):
    """With the NIC up and nothing to do, the core is not asked for anything. Then each at full speed: what one transfers is not in the other's."""
    m = boot(limit=300)
    ready(m)
    up(m)
    time.sleep(2)
    before = m.counters()["net", 0]["total"]
    time.sleep(3)
    assert m.counters()["net", 0]["total"] == before
    assert shell(m, "disk", "disk make").startswith("disk: /dev/nvme0n1 /disk ext4 rw")
    since = m.mark("net")
    focus(m, "net")
    m.send("nic echo 3 &\n")
    assert shell(m, "disk", "disk check 8", 120) == "disk: 8 MiB: the same, 8 MiB read from the disk"
    m.line("net", "nic: echo 3 MiB: the same$", 120, since)
    healthy(m)


@pytest.mark.parametrize("reboots", [1, pytest.param(3, marks=pytest.mark.full)])
def test_reboot_in_the_middle(boot, reboots):
    """With DMA in both devices' rings: each next kernel finds its device as after a reset."""
    m = boot(limit=400)
    ready(m)
    for number in range(1, reboots + 1):
        up(m)
        assert shell(m, "disk", "disk make").startswith("disk: /dev/nvme0n1 /disk ext4 rw")
        focus(m, "net")
        m.send("nic echo 32 &\n")
        focus(m, "disk")
        m.send("dd if=/dev/urandom of=/disk/big bs=1M count=48 &\n")
        time.sleep(3)
        for cell in CELLS:
            focus(m, cell)
            m.send("reboot -f\n")
            m.line("core", f"cell {cell}: restarted, number {number}$", 60)
        ready(m, number + 1)
    up(m)
    assert shell(m, "net", "nic echo 2", 120) == "nic: echo 2 MiB: the same"
    assert shell(m, "disk", "disk make").startswith("disk: /dev/nvme0n1 /disk ext4 rw")
    assert shell(m, "disk", "disk check 4", 120) == "disk: 4 MiB: the same, 4 MiB read from the disk"
    healthy(m)
