# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Cells that are loaded again (tests/guests/phoenix), by themselves and by others, and cells that are suspended (dormouse),
beside a witness that notices nothing."""

import re

import pytest

import qemu

FOLDER = "tests/system/partitions"
LIVES = 6


def healthy(m, rounds=2):
    m.line("witness", "OK", since=m.mark("witness"), count=rounds, timeout=60)
    m.never(r"FAIL|BAD|panic|exception in the core")


def ways(*names):
    """Each on a plain machine; by --all on others."""
    return [pytest.param(name, options, id=f"{name}-{id_}",
                         marks=[pytest.mark.partition(f"{FOLDER}/{name}.dts")] + ([] if id_ == "plain" else [pytest.mark.full]))
            for name in names for id_, options in (("plain", {}), ("max", {"cpu": "max"}), ("icount", {"icount": True}))]


@pytest.mark.parametrize("name,options", ways("phoenix1", "phoenix1-mediated", "phoenix3", "phoenix3-mediated", "phoenix3-shared",
                                              "phoenix3-second", "phoenix-alone"))
def test_nothing_is_left(boot, name, options):
    """By a reset, by faults of one and of all, by BRK, with lines pending, with vCPUs on their way on and off."""
    m = boot(limit=180, **options)
    m.line("phoenix", "phoenix: done", timeout=150)
    phoenix, core = m.lines("phoenix"), [t for t in m.lines("core") if "cell phoenix: restarted" in t]
    assert phoenix[-1] == f"phoenix: done lives={LIVES} failed=0"
    assert [t for t in phoenix if "life=1 " in t or "cpus=" in t] == [f"phoenix: life={n} cpus={1 if '1' in name else 3}" for n in range(1, LIVES + 2)]
    assert core == [f"cell phoenix: restarted, number {n}" for n in range(1, LIVES + 1)]
    for life in (1, 2, 4, 5, 6):  # words without an end of line, just before the end
        assert f"phoenix: end of life={life}" in phoenix
    if name.startswith("phoenix1"):
        m.line("core", r"cell phoenix: stopped by breakpoint \(debug\), vCPU 0")
    healthy(m)
    if name != "phoenix-alone":
        counters = m.counters()
        assert counters["phoenix", 0]["state"] == "stopped"
        assert int(counters["phoenix", 0]["hvc"]) > 2 * LIVES  # they go on counting


OUTSIDE = 11  # ways in which a phoenix waits (tests/guests/phoenix/ways.c)


def ask(m, order):
    """The warden, whose console has the keyboard. What is typed before it has set its UART up may be lost."""
    m.line("warden", "warden: born=")
    since = m.mark("warden")
    m.send(order + "\n")
    return m.said("warden", rf"warden: {order.split()[0]}\w* .*?(-> \w+|result=\d+|late=\d+)", 60, since)[0]


def bring(m, operation, state):
    assert ask(m, f"{operation} 0").endswith("-> ok")
    m.wait(lambda: f"state={state} " in ask(m, "status 0"), f"{operation}: {state}", 30)


@pytest.mark.parametrize("name,options", ways("ended1", "ended1-mediated", "ended3", "ended3-mediated", "ended3-shared"))
def test_ended_by_another(boot, name, options):
    """Whatever its CPUs do, masked, asleep without anything that could wake them, flooded: restarted; stopped and started;
    suspended, resumed and restarted. Nothing is left in the next life."""
    m = boot(limit=240, **options)
    m.line("warden", "warden: born=")
    for life in range(1, OUTSIDE + 1):
        m.line("phoenix", f"phoenix: life={life} waits", 60)
        if life % 3 == 0:
            bring(m, "suspend", "suspended")
            bring(m, "resume", "running")
        if life % 3 == 1:
            bring(m, "stop", "stopped")
            bring(m, "start", "running")
        else:
            assert ask(m, "restart 0").endswith("-> ok")
    m.line("phoenix", f"phoenix: done lives={OUTSIDE} failed=0", 60)
    assert not [t for t in m.lines("core") if "fault" in t or "did not come in" in t]
    healthy(m)


@pytest.mark.parametrize("name,options", ways("dormouse1", "dormouse1-mediated", "dormouse3", "dormouse3-mediated", "dormouse3-shared"))
def test_suspended_notices_nothing(boot, name, options):
    """In a masked loop, in a handler, asleep in every way, with interrupts pending, active, under way: it goes on."""
    m = boot(limit=240, **options)
    m.line("dormouse", "dormouse: cpus=")
    rounds = 0
    while not any("dormouse: done" in t for t in m.lines("dormouse")):
        done = re.search(r"pulsed 0 rounds=(\d+) late=(\d+)", ask(m, "pulse 0 20 2000 3000"))
        assert int(done[1]) == 20 and int(done[2]) == 0
        rounds += 20
    told = m.lines("dormouse")
    assert len([t for t in told if re.search(r"dormouse: \S+ ok rounds=[1-9]", t)]) == 12, told
    assert "dormouse: done failed=0" in told[-1]
    assert rounds >= 100
    counters = m.counters()
    for vcpu in range(3 if "3" in name else 1):
        assert counters["dormouse", vcpu]["state"] == "running"
        assert int(counters["dormouse", vcpu]["revoked"]) >= rounds * 9 // 10
    healthy(m)


@pytest.mark.partition(f"{FOLDER}/phoenix-limit.dts")
def test_limit(boot):
    m = boot()
    m.line("core", "cell phoenix: more than 3 restarts within 60 seconds: it stays failed", timeout=60)
    assert [t for t in m.lines("core") if "restarted" in t] == [f"cell phoenix: restarted, number {n}" for n in (1, 2, 3)]
    assert m.lines("phoenix") == [f"phoenix: life={n} cpus=1" for n in (1, 2, 3, 4)]
    healthy(m, 20)
    assert m.counters()["phoenix", 0]["state"] == "failed"
    assert len(m.lines("phoenix")) == 4


@pytest.mark.linux
@pytest.mark.parametrize("reboots", [1, pytest.param(3, marks=pytest.mark.full)])
@pytest.mark.parametrize("mode", [pytest.param(mode, marks=pytest.mark.partition(f"{FOLDER}/reboot{mode}.dts")) for mode in ("", "-shared")])
def test_linux_reboots(boot, mode, reboots):
    m = boot(limit=300)
    for number in range(1, reboots + 1):
        m.line("linux", "cloison-linux: ready", 90, count=number)
        m.expect("linux# ", 60, len(m.text) - 200)
        assert m.shell("nproc") == (0, "2")
        assert m.shell("dmesg | grep -E 'BUG|Oops|WARNING|rcu.*stall|failed to'")[1] == ""
        m.send("reboot -f\n")
        m.line("core", f"cell linux: restarted, number {number}", 60)
    m.line("linux", "cloison-linux: ready", 90, count=reboots + 1)
    assert m.counters()["linux", 1]["state"] == "running"
    healthy(m)


@pytest.mark.partition("tests/cellgen/good/example-restart-limit.dts")
def test_example(boot):
    m = boot()
    m.line("core", "cell hello: more than 3 restarts within 60 seconds: it stays failed", timeout=60)
    assert len([t for t in m.lines("core") if t.startswith("cell hello: stopped by breakpoint")]) == 4
    assert not re.search("panic", m.text) and qemu.clean(m.text).count("restarted, number") == 3
