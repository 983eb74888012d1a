# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Regions that cells share (memory-region): who may write writes, who may read reads, and nobody executes."""

import pytest

import qemu

PARTITION = "tests/system/partitions/shared.dts"
DABT, IABT = 0x24, 0x20  # ESR_EL2.EC: from a lower exception level
WRITE = 1 << 6           # ESR_EL2.ISS.WnR
PERMISSION = 0x0c        # ESR_EL2.ISS.xFSC, but for the level
READY = 0x600d600d


def fault(m, cell):
    """(the core's words, exception class, is it a write?, fault status without its level, virtual address) of a stopped cell."""
    head, values = m.record(cell)
    assert "fault" in head, head
    return head.split(",")[0], values["esr"] >> 26, bool(values["esr"] & WRITE), values["esr"] & 0x3c, values["far"]


@pytest.mark.linux
@pytest.mark.partition(PARTITION)
def test_shared_regions(boot):
    m = boot(limit=150)
    m.line("writer", "share: wrote 512 words")
    m.line("reader", "share: read 512 words, 0 differ")
    m.line("poker", "share: read 512 words, 0 differ")
    refused = "stopped by fault: write to memory that may not be written"
    assert fault(m, "poker") == (refused, DABT, True, PERMISSION, 0x48000008)
    assert fault(m, "runner")[1] == IABT and fault(m, "runner")[3:] == (PERMISSION, 0x48000000)
    m.to_shell()
    m.send(qemu.ESCAPE + "5")
    tree = "/proc/device-tree/reserved-memory"
    assert m.shell(f"cd {tree}; echo *@*; cat mailbox*/compatible; echo; cd /") == (0, "mailbox@50000000 scratch@51000000\nacme,mailbox")
    assert m.shell(f"busybox hexdump -ve '1/1 \"%02x\"' {tree}/mailbox@50000000/reg")[1] == "00000000500000000000000000200000"
    assert m.shell("busybox devmem 0x50000000 32")[1].lower() == f"0x{READY:x}"
    assert m.shell("busybox devmem 0x51000008 32 0x1234; busybox devmem 0x51000008 32")[1].lower() == "0x00001234"
    m.send("busybox devmem 0x50000010 32 1\n")
    assert fault(m, "linux")[:4] == (refused, DABT, True, PERMISSION)
    counters = m.counters()
    assert {c: counters[c, 0]["state"] for c in ("writer", "reader")} == {"writer": "running", "reader": "running"}
    m.never("FAIL|panic")
