# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The life of cells, asked for by the operator and by a cell, and by the core itself (tests/guests/mortal, warden).

Beside all of it a control loop counts every exit that is not its own doing, and a witness lives a small life.
"""

import re
import time

import pytest

import life
import qemu
import soak

FOLDER = "tests/system/partitions"
LIFE = ("control", "witness", "straight", "served", "later", "silent", "warden", "nobody")
NUMBERS = ("straight", "served", "silent", "later")  # the warden's
EVENTS = ("control", "witness", "fault_stop", "fault_restart", "heart_ignore", "heart_record", "heart_stop", "heart_restart", "heart_well")
ACT = ("control", "witness", "bad", "well")
VARIANTS = [pytest.param({}, id="plain"), pytest.param({"cpu": "max"}, id="max", marks=pytest.mark.full),
            pytest.param({"icount": True}, id="icount", marks=pytest.mark.full)]


def healthy(cells, rounds=1):
    """From now on, nothing has changed for them."""
    for cell, pattern in (("control", r"control: round=\d+ .*unaccounted=0 OK"), ("witness", r"witness: OK round=\d+ .*failed=0")):
        since = cells.mark()
        for _ in range(rounds):
            cells.line(cell, pattern, since)
            since = cells.mark()


def up(cells, *names):
    for name in names:
        cells.line(name, r"born=\d+ cpus=")


def by(cells, who, op, cell):
    """By the operator or the warden; the audit's word for it."""
    if who == "operator":
        return cells.operator(op, cell)
    since = cells.mark()
    said = cells.ask("warden", f"{op} {NUMBERS.index(cell)}", rf"warden: {op} \d+ -> (\w+)")[1]
    assert said == "ok", said
    return cells.answer("cell warden", op, cell, since)


def bring(cells, cell, state):
    """Into this state, by the operator."""
    now = cells.status(cell)["state"]
    if now == state:
        return
    since = cells.mark()
    if now != "running":
        cells.operator("resume" if now == "suspended" else "start", cell)
        cells.becomes(cell, "running")
        if now != "suspended":
            cells.line(cell, r"mortal: born=", since)
    if state == "suspended":
        cells.operator("suspend", cell)
    elif state == "stopped":
        cells.operator("stop", cell)
    elif state == "failed":
        cells.type(cell, "write")
    cells.becomes(cell, state)


@pytest.mark.partition(f"{FOLDER}/life.dts")
@pytest.mark.parametrize("who,cell,options", [
    pytest.param("operator", "straight", {}, id="operator-direct"),
    pytest.param("warden", "served", {}, id="cell-mediated"),
    pytest.param("operator", "served", {}, id="operator-mediated", marks=pytest.mark.full),
    pytest.param("warden", "straight", {}, id="cell-direct", marks=pytest.mark.full),
    pytest.param("operator", "straight", {"icount": True}, id="operator-direct-icount", marks=pytest.mark.full)])
def test_each_operation_in_each_state(boot, who, cell, options):
    cells = life.Life(boot(smp=16, limit=300, **options), LIFE)
    up(cells, "straight", "served", "warden")
    for state in ("running", "suspended", "stopped", "failed"):
        for op in life.OPERATIONS:
            bring(cells, cell, state)
            before, since = int(cells.status(cell)["lives"]), cells.mark()
            result, then = life.TABLE[op, state]
            assert by(cells, who, op, cell) == result, (op, state)
            after = cells.becomes(cell, then)
            new_life = result == "ok" and op in ("start", "restart")
            assert int(after["lives"]) == before + new_life, (op, state, before, after)
            if new_life:
                cells.line(cell, r"mortal: born=", since)
            if then == "running":
                cells.ask(cell, "well", "mortal: well")
    healthy(cells)


@pytest.mark.partition(f"{FOLDER}/life.dts")
def test_manual_start(boot):
    cells = life.Life(boot(smp=16), LIFE)
    up(cells, "straight")
    healthy(cells)
    assert cells.count("later", "") == 0 and cells.status("later")["state"] == "off"
    for op in ("stop", "suspend", "resume", "kill"):
        assert (cells.operator(op, "later"), cells.status("later")["state"]) == life.TABLE[op, "off"]
    assert cells.operator("start", "later") == "ok"
    assert cells.becomes("later", "running")["lives"] == "1"
    cells.line("later", "mortal: born=")
    cells.ask("later", "well", "mortal: well")
    healthy(cells)


def unchanged(cells, cell, deed):
    before = cells.status(cell)
    deed()
    time.sleep(0.3)
    after = cells.status(cell)
    assert (after["state"], after["lives"]) == (before["state"], before["lives"])


@pytest.mark.partition(f"{FOLDER}/life.dts")
def test_rights(boot):
    """Who may not, is told so, and is in the audit; nothing else happens."""
    cells = life.Life(boot(smp=16), LIFE)
    up(cells, "silent", "warden", "nobody")
    for op in life.OPERATIONS:  # the operator may look at this one
        unchanged(cells, "silent", lambda: cells.operator(op, "silent") == "denied" or cells.m.fail(f"{op} silent is not denied"))
    for op in ("start", "stop", "restart", "resume", "kill"):  # the warden may suspend it
        def deed():
            since = cells.mark()
            cells.ask("warden", f"{op} 2", rf"warden: {op} 2 -> denied")
            assert cells.answer("cell warden", op, "silent", since) == "denied"
        unchanged(cells, "silent", deed)
    assert by(cells, "warden", "suspend", "silent") == "ok"
    cells.becomes("silent", "suspended")
    cells.ask("warden", "status 3", "warden: status 3 -> denied")
    cells.ask("warden", "stop 4", "warden: stop 4 -> invalid")
    cells.ask("warden", "status 4", "warden: status 4 -> invalid")
    cells.ask("nobody", "stop 0", "warden: stop 0 -> invalid")
    cells.ask("nobody", "status 0", "warden: status 0 -> invalid")
    cells.line("core", r"audit \d+: cell nobody ")
    healthy(cells)


@pytest.mark.partition(f"{FOLDER}/life.dts")
def test_harassment(boot):
    """From two CPUs at once, as fast as they can, right, wrong and absurd; and one who may do nothing."""
    cells = life.Life(boot(smp=16, limit=240), LIFE)
    up(cells, "straight", "served", "warden", "nobody")
    since = cells.mark()
    cells.type("nobody", "harass 3000")
    cells.type("warden", "harass 3000")
    assert cells.line("warden", r"warden: harassed .* odd=(\d+)", since)[1] == "0"
    found = cells.line("nobody", r"warden: harassed calls=(\d+) ok=(\d+) denied=(\d+) busy=(\d+) invalid=(\d+) odd=(\d+)", since)
    assert (found[2], found[6]) == ("0", "0")
    assert len(cells.audits(since)) < 400  # told at a bounded rate
    for cell in ("straight", "served", "silent", "later"):
        cells.becomes(cell, *life.RESTING)
    healthy(cells)
    for cell in ("straight", "served"):
        bring(cells, cell, "stopped")
        bring(cells, cell, "running")
        cells.ask(cell, "well", "mortal: well")


@pytest.mark.partition(f"{FOLDER}/life.dts")
@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("cell", ["straight", "served"])
def test_taken_back(boot, cell, options):
    """Whatever it does, it is stopped; what it has left is gone."""
    cells = life.Life(boot(smp=16, limit=240, **options), LIFE)
    up(cells, cell)
    ways = life.HANGS + (("flicker", "spin@1", "spin-off@all", "deaf-all@all", "forge@all", "sound@1") if cell == "served" else ())
    for way in ways:
        since = cells.mark()
        cells.ask(cell, way, rf"mortal: {way.split('@')[0]}$")
        time.sleep(0.05)
        assert cells.operator("restart", cell) == "ok"
        cells.line(cell, r"mortal: born=", since)
    cells.ask(cell, "well", "mortal: well")
    healthy(cells)


def settled(cells, cell):
    """Its exits, when its CPU is in: the state says suspended before, and on a busy host much later."""
    for _ in range(50):
        before = cells.counters(cell)
        time.sleep(0.2)
        if cells.counters(cell) == before:
            return before
    raise AssertionError(f"{cell} goes on: {before}")


@pytest.mark.partition(f"{FOLDER}/life.dts")
@pytest.mark.parametrize("cell", ["straight", "served"])
def test_suspended(boot, cell):
    """It does nothing, and then goes on where it was."""
    cells = life.Life(boot(smp=16), LIFE)
    up(cells, cell)
    born = cells.ask(cell, "well", r"mortal: well born=(\d+)")[1]
    for _ in range(5):
        assert cells.operator("suspend", cell) == "ok"
        cells.becomes(cell, "suspended")
        since = cells.mark()
        before = settled(cells, cell)
        cells.type(cell, "well")
        time.sleep(0.3)
        assert cells.count(cell, "", since) == 0
        assert cells.counters(cell)["total"] == before["total"]
        assert cells.operator("resume", cell) == "ok"
        assert cells.line(cell, r"mortal: well born=(\d+)", since)[1] == born  # it has read it in the end
    healthy(cells)


# ---- Linux

@pytest.mark.linux
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.partition(f"{FOLDER}/{name}.dts")) for name in ("life-linux", "life-linux-direct")])
def test_linux(boot, name):
    m = boot(smp=16, limit=300)
    cells = life.Life(m, ("linux", "second", "control", "witness"))
    cells.line("linux", "cloison-linux: ready", timeout=90)
    assert m.shell("nproc") == (0, "2")
    m.shell("while sleep 0.1; do echo >> /tmp/count; done & true")
    before = float(m.shell("cut -d' ' -f1 /proc/uptime")[1])
    assert cells.operator("suspend", "linux") == "ok"
    cells.becomes("linux", "suspended")
    time.sleep(3)
    healthy(cells)
    assert cells.operator("resume", "linux") == "ok"
    assert float(m.shell("cut -d' ' -f1 /proc/uptime")[1]) > before + 3
    count = int(m.shell("wc -l < /tmp/count")[1])
    m.wait(lambda: int(m.shell("wc -l < /tmp/count")[1]) > count, "its sleepers wake up again")
    assert m.shell("dmesg | grep -E 'BUG|Oops|WARNING|rcu.*stall|failed to'")[1] == ""
    since = cells.mark()
    assert cells.operator("restart", "linux") == "ok"
    cells.line("linux", "cloison-linux: ready", since, 90)
    assert cells.operator("stop", "linux") == "ok"
    cells.becomes("linux", "stopped")
    since = cells.mark()
    assert cells.operator("start", "linux") == "ok"
    cells.line("linux", "cloison-linux: ready", since, 90)
    cells.m.expect("linux# ", 60, len(m.text) - 200)
    assert m.shell("nproc; ls /tmp") == (0, "2")
    healthy(cells)


@pytest.mark.linux
@pytest.mark.partition(f"{FOLDER}/life-linux.dts")
def test_while_it_is_loaded(boot):
    """It is stopped then, and loaded again; it is not suspended."""
    m = boot(smp=16, limit=300)
    cells = life.Life(m, ("linux", "second", "control", "witness"))
    cells.line("linux", "cloison-linux: ready", timeout=90)
    for op, state in (("stop", "stopped"), ("restart", "running"), ("kill", "stopped"), ("suspend", "running")):
        since = cells.mark()
        cells.command("start second")
        cells.command(f"{op} second")
        result = cells.answer("operator", op, "second", since)
        assert result == {"suspend": "refused", "restart": "already"}.get(op, "ok"), (op, result)
        cells.becomes("second", state)
        if state == "running":
            cells.operator("kill", "second")
            cells.becomes("second", "stopped")
    since = cells.mark()
    assert cells.operator("start", "second") == "ok"
    cells.line("second", "cloison-linux: ready", since, 90)
    healthy(cells)


# ---- events

@pytest.mark.partition(f"{FOLDER}/life-events.dts")
@pytest.mark.parametrize("options", VARIANTS)
def test_events(boot, options):
    cells = life.Life(boot(smp=16, limit=240, **options), EVENTS)
    up(cells, *EVENTS[2:])
    assert cells.becomes("fault_stop", "failed")["lives"] == "1"
    assert cells.becomes("heart_stop", "failed")["lives"] == "1"
    assert cells.becomes("fault_restart", "failed")["lives"] == "4"  # <3 60>
    cells.line("core", "fault_restart.*more than 3 restarts within 60 seconds")
    cells.line("core", "heart_record.*heartbeat")
    cells.line("heart_restart", r"mortal: born=", cells.mark())  # again and again
    cells.becomes("storm_stop", "failed")
    cells.line("storm_record", "storm: .* end$", timeout=120)
    for cell in ("heart_ignore", "heart_record", "heart_well"):
        status = cells.status(cell)
        assert (status["state"], status["lives"]) == ("running", "1"), (cell, status)
        cells.ask(cell, "well", "mortal: well")
    assert cells.count("core", "heart_ignore.*heartbeat") == 0
    healthy(cells)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.partition(f"{FOLDER}/{name}.dts")) for name in ("life-others", "life-others-heart")])
def test_stop_others(boot, name):
    """The safe state: it has failed, all others are stopped."""
    cells = life.Life(boot(smp=16), ACT)
    up(cells, "bad", "well")
    cells.becomes("bad", "failed")
    for cell in ("control", "witness", "well"):
        cells.becomes(cell, "stopped")
    since = cells.mark()
    assert cells.operator("start", "well") == "ok"  # by whom it may concern
    cells.line("well", "mortal: born=", since)


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.partition(f"{FOLDER}/{name}.dts")) for name in ("life-board", "life-board-limit")])
def test_reset_board(boot, name):
    """The board begins again, and knows why. (Memory is as the boot before has left it: CONFIG_SCRUB_AT_BOOT.)"""
    cells = life.Life(boot(smp=16), ACT, re.compile(r"panic|exception in the core"))
    up(cells, "bad", "well")
    since = cells.mark()
    cells.line("core", r"Cloison \S+ on ", since)
    cells.line("core", r"crash record \d+ of an earlier boot: cell bad, life \d+, fault: write outside the cell's map", since)
    cells.line("well", "mortal: born=", since)


@pytest.mark.partition(f"{FOLDER}/life-board.dts SCRUB_AT_BOOT=y")
def test_reset_board_and_clear(boot):
    """Without that the cell that lives on says FAIL: its memory is as it has filled it."""
    cells = life.Life(boot(smp=16), ACT, re.compile(r"panic|exception in the core"))
    up(cells, "bad", "well")
    since = cells.mark()
    cells.line("core", r"Cloison \S+ on ", since)
    cells.line("well", "mortal: born=", since)
    assert not [t for t in cells.m.lines("well") if "FAIL" in t]


@pytest.mark.partition(f"{FOLDER}/dma-life.dts")
def test_dma_fault(boot):
    m = boot()
    m.line("attacker", r"dma: born device=\d write landed read own wrong=0", timeout=60)
    m.line("witness", "OK round=0", timeout=60)
    m.send(qemu.ESCAPE + "1")
    time.sleep(0.1)
    m.send("w 60900000\n")
    m.line("core", "^dma: cell attacker, .*refused", timeout=30)
    m.wait(lambda: m.counters()["attacker", 0]["state"] == "failed", "its end")
    m.line("witness", "witness: OK", since=m.mark("witness"), timeout=60)
    assert m.counters()["victim", 0]["state"] == "running"


# ---- storm, soak

@pytest.mark.parametrize("name,seconds,options", [
    pytest.param(name, seconds, options, id=f"{name}-{seconds}", marks=[pytest.mark.partition(f"{FOLDER}/{name}.dts")] + [pytest.mark.full] * full)
    for name, seconds, options, full in (("life-storm", 5, {}, 0), ("life-storm-shared", 5, {}, 0), ("life-storm", 60, {}, 1),
                                         ("life-storm-shared", 60, {}, 1))])
def test_restart_storm(boot, name, seconds, options):
    """Two cells that end at their first instruction, without a limit; all others live, and are heard."""
    cells = life.Life(boot(smp=16, limit=seconds + 150, **options), ("control", "witness", "direct", "mediated", "well"))
    up(cells, "well")
    healthy(cells)
    lives = {cell: int(cells.status(cell)["lives"]) for cell in ("direct", "mediated")}
    before, began, answers = cells.mark(), time.monotonic(), 0
    while time.monotonic() < began + seconds:
        cells.ask("well", "well", "mortal: well", 10)
        answers += 1
        time.sleep(0.2)
    for cell in lives:
        more = int(cells.status(cell)["lives"]) - lives[cell]
        print(f"{cell}: {more} lives in {seconds} s; {answers} answers of another")
        assert more > seconds
    assert cells.count("control", r"control: round=\d+ .*OK", before) >= seconds // 2
    assert cells.operator("stop", "direct") in ("ok", "already")
    cells.becomes("direct", "stopped")
    healthy(cells, 2)


@pytest.mark.linux
@pytest.mark.partition(soak.PARTITION)
def test_soak(boot):
    """make soak SEED=6 N=50"""
    print(soak.Soak(boot(smp=soak.CPUS, limit=600), 6).run(50))
