# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Device lines that do not stop (tests/guests/storm): masked and recorded; nobody else notices."""

import re

import pytest

FOLDER = "tests/system/partitions"
LIMIT = {"rtc": 1000, "gpio": 500}  # storm.dts
MASKED = r"cell (\w+): interrupt (\d+) \(the cell's 72\) came more than (\d+) times in a second: masked"


def neighbours(m, rounds=3):
    """The direct and the mediated witness, from now on and so far."""
    for cell in ("direct", "witness"):
        m.line(cell, "witness: (OK|BAD)", since=m.mark(cell), count=rounds, timeout=60)
    m.never(r"witness: (FAIL|BAD)|panic|storm:.*FAIL")


@pytest.mark.parametrize("name,options", [
    pytest.param(name, options, id=f"{name}-{id_}", marks=[pytest.mark.partition(f"{FOLDER}/{name}.dts")] + [pytest.mark.full] * full)
    for name, id_, options, full in (
        ("storm", "plain", {}, 0), ("storm", "max", {"cpu": "max"}, 1), ("storm", "icount", {"icount": True}, 1),
        ("storm-pend", "plain", {}, 0), ("storm-pend", "icount", {"icount": True}, 1))])
def test_masked(boot, name, options):
    m = boot(limit=180, **options)
    for cell in LIMIT:
        m.line(cell, "storm: .* end$", timeout=120)
        rounds = [int(n) for n in re.findall(r"storm: \w+ (?:masked|again) at=(\d+)", "\n".join(m.lines(cell)))]
        assert len(rounds) == 4 and all(rounds), (cell, rounds)
        told = [re.match(MASKED, t) for t in m.lines("core") if t.startswith(f"cell {cell}:")]
        assert told and all(t and t[3] == str(LIMIT[cell]) for t in told), told
    neighbours(m)
    counters = m.counters()
    assert all(counters[cell, 0]["state"] == "running" for cell in LIMIT)


@pytest.mark.parametrize("options", [{}, pytest.param({"icount": True}, marks=pytest.mark.full)], ids=["plain", "icount"])
@pytest.mark.partition(f"{FOLDER}/storm-stop.dts")
def test_line_of_a_stopped_cell(boot, options):
    """Its alarm goes off, its line is high, after it is gone: nobody's business."""
    m = boot(limit=120, **options)
    assert m.record("rtc", 60)[0].startswith("switched itself off")
    assert "fault" in m.record("gpio", 60)[0]
    neighbours(m, 40)  # two seconds and more
    counters = m.counters()
    assert counters["rtc", 0]["state"] == "stopped" and counters["gpio", 0]["state"] == "failed"
    assert counters["direct", 0]["denied"] == "0"
