# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Unmodified Linux with message-signalled interrupts of its NIC, in a direct cell: through the ITS, past the core."""

import re

import pytest

from test_io import focus, healthy, ready, shell, up

PARTITION = "tests/system/partitions/io-its.dts"
pytestmark = [pytest.mark.io, pytest.mark.partition(PARTITION)]


def messages(m):
    """Interrupts that came by the ITS so far; their names."""
    found = re.findall(r"^ *\d+: +(\d+) +(\d+) +ITS-MSI +\d+ Edge +(\S+)$", shell(m, "net", "cat /proc/interrupts"), re.M)
    return sum(int(a) + int(b) for a, b, _ in found), {name for _, _, name in found}


def test_linux_with_messages(boot):
    m = boot(limit=300)
    ready(m)
    up(m)
    count, names = messages(m)
    assert names == {"eth0-rx-0", "eth0-tx-0", "eth0"}
    before = m.counters()
    assert shell(m, "net", "nic echo 2", 120) == "nic: echo 2 MiB: the same"
    after = m.counters()
    taken = messages(m)[0] - count
    exits = sum(int(after["net", n].get("irqchip", 0)) - int(before["net", n].get("irqchip", 0)) for n in (0, 1))
    print(f"{taken} interrupts by the ITS, {exits} exits for its line or theirs")
    assert taken > 100 and exits < 10, (taken, exits)  # those of its UART's line, not of these
    healthy(m)
    focus(m, "net")
    m.send("nic echo 32 &\nreboot -f\n")
    m.line("core", "cell net: restarted, number 1$", 60)
    m.line("net", "cloison-linux: ready", 150, count=2)
    up(m)
    assert shell(m, "net", "nic echo 1", 120) == "nic: echo 1 MiB: the same"
    assert messages(m)[0] > 50
    healthy(m)
