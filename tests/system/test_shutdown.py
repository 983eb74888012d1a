# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A cell that is asked before it is stopped: unmodified Linux sees its power key, and switches itself off, or its time runs out."""

import time

import pytest

import qemu

FOLDER = "tests/system/partitions"
PARTITION = {"mediated": f"{FOLDER}/power-key.dts", "direct": f"{FOLDER}/power-key-direct.dts"}
SECONDS = 20  # cloison,shutdown-time
pytestmark = pytest.mark.io


def modes(*quick):
    return [pytest.param(mode, marks=[pytest.mark.partition(PARTITION[mode])] + ([] if mode in quick else [pytest.mark.full]))
            for mode in PARTITION]


def operator(m, op, answer):
    since = m.mark("core")
    m.send(f"{qemu.ESCAPE}:{op} linux\r")
    m.line("core", rf"^audit \d+: operator {op} linux: {answer}", since=since)


def until_stopped(m):
    """Its memory is cleared."""
    end = time.monotonic() + 60
    while m.counters()["linux", 0]["state"] != "stopped":
        assert time.monotonic() < end
        time.sleep(0.5)


def comes(m, lives):
    m.line("linux", "cloison-linux: ready", 120, count=lives)
    m.send("\n")
    assert m.shell("cat /proc/bus/input/devices | grep -c '^N:.*gpio-keys'; ps | grep -c '[a]cpid'") == (0, "1\n1")


@pytest.mark.parametrize("mode", modes("direct"))
def test_asked_and_answered(boot, mode):
    m = boot(limit=300)
    comes(m, 1)
    for lives, op in ((2, "stop"), (3, "restart")):
        core, linux, start = m.mark("core"), m.mark("linux"), time.monotonic()
        operator(m, op, "asked")
        m.line("linux", "cloison-linux: power key", SECONDS, linux)
        assert m.line("core", r"^cell linux: (.*)", SECONDS, core)[1].startswith("switched itself off")
        assert time.monotonic() - start < SECONDS
        if op == "stop":
            until_stopped(m)
            operator(m, "start", "ok")
        comes(m, lives)
    m.line("witness", "OK", since=m.mark("witness"), count=2)
    m.never(r"witness: (FAIL|BAD)|panic in the core|exception in the core")


@pytest.mark.parametrize("mode", modes("mediated"))
def test_deaf(boot, mode):
    """Nobody listens: it goes on for its time, and then it is stopped. A kill does not ask."""
    m = boot(limit=300)
    comes(m, 1)
    assert m.shell("killall acpid") == (0, "")
    core, start = m.mark("core"), time.monotonic()
    operator(m, "stop", "asked")
    time.sleep(3)
    assert m.shell("awk '/ power$/ { print $2 + $3 }' /proc/interrupts") == (0, "2")  # pressed, and let go
    m.line("core", r"^cell linux: stopped, as it did not shut down when asked by the operator", SECONDS + 10, core)
    assert time.monotonic() - start > SECONDS - 1
    until_stopped(m)
    operator(m, "start", "ok")
    comes(m, 2)
    core = m.mark("core")
    operator(m, "kill", "ok")
    m.line("core", r"^cell linux: stopped by the operator", since=core)
    m.never(r"cloison-linux: power key")
