# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What watches the core is compiled out to nothing: log, exit counters, metrics, trace, line, debugging."""

import re
import subprocess

import pytest

import qemu

WITHOUT = "tests/bench/native.dts LOG=n EXIT_COUNTERS=n METRICS=n TRACE=n LINE=n GDB=n"
WITH = WITHOUT.replace("=n", "=y")
# What other files call whatever is compiled in: log_none.c, line_none.c, metrics_none.c, trace_none.c, debug_none.c, mediated_none.c
PARTS = r"((log|metrics|trace|line|debug|manage|frame)_\w*|messages|rings|channels)"


def functions(out):
    """Name: size of each function and object of the core that other files see."""
    text = subprocess.run(["aarch64-linux-gnu-nm", "-S", str(out / "cloison.elf")], check=True, capture_output=True, text=True).stdout
    found = (line.split() for line in text.splitlines())
    return {words[3]: int(words[1], 16) for words in found if len(words) == 4 and words[2].isupper()}


@pytest.mark.partition(WITHOUT, WITH)
def test_nothing_is_left(builder):
    """Of each part only empty functions: a constant and the way back."""
    left = {name: size for name, size in functions(builder.build(WITHOUT)).items() if re.fullmatch(PARTS, name)}
    assert all(size <= 8 for size in left.values()), left
    there = {name: size for name, size in functions(builder.build(WITH)).items() if re.fullmatch(PARTS, name)}
    assert sum(there.values()) > 100 * sum(left.values()), (sum(there.values()), sum(left.values()))


def measured(boot, partition):
    m = boot(partition, icount=True, smp=2)
    m.expect("bench: end", 60)
    text = qemu.clean(m.text)
    return {name: int(value) for name, value in re.findall(r"bench: (\w+) (\d+)", text)}, text


@pytest.mark.partition(WITHOUT, WITH)
def test_nothing_is_spent(boot):
    """The same guest: a hypercall is shorter by the counter, and the core says nothing."""
    without, text = measured(boot, WITHOUT)
    counted, _ = measured(boot, WITH)
    assert counted["native_psci_version"] - without["native_psci_version"] == 3
    assert counted["native_gicd_typer_read"] - without["native_gicd_typer_read"] == 3
    assert "[core]" not in text and "[bench] bench: end" in text


@pytest.mark.partition(WITHOUT)
def test_a_panic_is_told(boot):
    """It needs no log."""
    m = boot(WITHOUT, options=["-m", "512"], binary=True)
    m.line("core", r"panic: declared .*: declared 0x\w+, found 0x\w+$")
    m.line("core", r"panic: x28=0x\w+")
    m.line("core", r"panic: configuration \w{64}; this CPU halts")
