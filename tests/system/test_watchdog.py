# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Unmodified Linux and its watchdog: while it is fed nothing happens; when nobody feeds it, the cell is restarted, whatever it does."""

import time

import pytest

import qemu

FOLDER = "tests/system/partitions"
PARTITION = {"mediated": f"{FOLDER}/watchdog.dts", "direct": f"{FOLDER}/watchdog-direct.dts", "shared": f"{FOLDER}/watchdog-shared.dts"}
DEVICE = "/sys/class/watchdog/watchdog0"
TIMEOUT = 4  # seconds, as Linux is told
SLACK = 6    # of a busy machine that emulates: never early is what counts, and late by less than anything else could be
pytestmark = pytest.mark.linux


def modes(*quick):
    return [pytest.param(mode, marks=[pytest.mark.partition(PARTITION[mode])] + ([] if mode in quick else [pytest.mark.full]))
            for mode in PARTITION]


def feed(m):
    """Somebody feeds the watchdog every second. Their process number."""
    status, number = m.shell(f"{{ busybox watchdog -F -t 1 -T {TIMEOUT} /dev/watchdog0 & }}; sleep 1; echo $!")
    assert status == 0
    assert m.shell(f"cat {DEVICE}/state {DEVICE}/timeout") == (0, f"active\n{TIMEOUT}")
    return number.split()[-1]


def silent(m, deed, lives=1):
    """From the deed on nobody feeds it, after so many lives: how long until the cell is stopped. Then it comes back, and its watchdog stands."""
    since = m.mark("core")
    m.send(f"{deed}\n")
    start = time.monotonic()
    m.line("core", r"^cell linux: stopped by its watchdog", TIMEOUT + SLACK, since)
    took = time.monotonic() - start
    m.line("linux", "cloison-linux: ready", 90, count=lives + 1)
    m.send("\n")
    return took


def suspended(m):
    """Time stands still for it while its cell is suspended."""
    for _ in range(2):
        m.send(f"{qemu.ESCAPE}:suspend linux\r")
        m.line("core", r"audit \d+: operator suspend linux: ok", since=m.mark("core") - 1)
        time.sleep(2 * TIMEOUT)
        m.send(f"{qemu.ESCAPE}:resume linux\r")
        assert m.shell("echo alive") == (0, "alive")
        time.sleep(1)
    m.never(r"cell linux: ")


@pytest.mark.parametrize("mode", modes("direct", "shared"))
def test_fed_and_silent(boot, mode):
    m = boot(limit=240)
    m.to_shell()
    assert m.shell(f"cat {DEVICE}/identity; basename $(readlink {DEVICE}/device/driver); cat {DEVICE}/state")[1] == "sp805-wdt\nsp805-wdt\ninactive"
    number = feed(m)
    time.sleep(2.5 * TIMEOUT)
    assert m.shell("echo alive") == (0, "alive")
    m.never(r"cell linux: ")
    if mode == "direct":
        suspended(m)
    assert silent(m, f"kill -STOP {number}") > TIMEOUT - 2  # it was fed up to a second before, and loads what is half of it
    assert m.shell(f"cat {DEVICE}/state") == (0, "inactive")
    time.sleep(1.5 * TIMEOUT)  # nobody has started it in this life
    assert m.shell("echo alive") == (0, "alive")
    m.line("witness", "OK", since=m.mark("witness"), count=2)
    m.never(r"witness: (FAIL|BAD)|panic in the core|exception in the core")


def closed(m):
    """Who stops feeding it in an orderly way is not restarted (nowayout is off)."""
    number = feed(m)
    assert m.shell(f"kill -TERM {number}; sleep 1; cat {DEVICE}/state") == (0, "inactive")
    time.sleep(1.5 * TIMEOUT)
    assert m.shell("echo alive") == (0, "alive")
    m.never(r"cell linux: ")


@pytest.mark.parametrize("lives", [1, pytest.param(2, marks=pytest.mark.full)])
@pytest.mark.parametrize("mode", modes("mediated"))
def test_closed_and_dead(boot, mode, lives):
    """A panic that stays: one CPU goes round in circles, the other one is stopped. By --all twice, as it comes back in between."""
    m = boot(limit=240)
    for life in range(1, lives + 1):
        m.line("linux", "cloison-linux: ready", 90, count=life)
        m.send("\n")
        assert m.shell("cat /proc/sys/kernel/panic") == (0, "0")
        if life == 1:
            closed(m)
        feed(m)
        silent(m, "echo c > /proc/sysrq-trigger", life)
    m.line("linux", r"Kernel panic - not syncing: sysrq triggered crash", count=lives)
