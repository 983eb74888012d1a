# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The rig (tools/rig): alone to the byte, beside everything at once, and that it sees what it has to see."""

import dataclasses
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "rig"))

import measure  # noqa: E402
import scenarios  # noqa: E402

ALONE, ALL = scenarios.SCENARIOS["alone"], scenarios.SCENARIOS["all-coloured"]
ONCE = dataclasses.replace(ALONE, runs=1)
PERIOD = 10_000


@pytest.fixture(scope="module")
def rig(request):
    """Built in the folder of the other tests, by its own builder: partitions here have overlays of their own."""
    out = Path(request.config.getoption("--out"))
    builder = measure.qemu.Builder(out)
    yield measure.Rig(builder, out / "rig", held=False)
    builder.close()


def test_alone(rig):
    """Three runs the same to the byte, each event as late as on bare metal, to the instruction, and no exit."""
    found, problems = rig.run(ALONE, 1000, PERIOD, "spin")
    assert [m["source"] for m in found] == ["timer", "device"] and not problems, problems


def test_asleep(rig):
    found, problems = rig.run(scenarios.SCENARIOS["million"], 10_000, PERIOD, "wfi")
    assert [m["source"] for m in found] == ["timer", "device"] and not problems, problems


def test_beside_everything(rig):
    """Coloured, beside a direct and a mediated cell that do all of it in turn; and no way into the core is longer than its bound."""
    rig.held = True
    found, problems = rig.beside(ALL, 500, PERIOD, "spin")
    rig.held = False
    assert "ways into the core were taken" in rig.ways
    assert [m["source"] for m in found] == ["timer", "device", "sgi"] and not problems, problems


def test_sees_a_leak(rig):
    """One hypercall between two periods of a thousand is seen by everybody who looks."""
    found, problems = rig.alone(ONCE, 1000, PERIOD, "spin", " leak=1")
    assert all(m["exits"]["total"] == 1 and 0 < m["window"]["core"] < 100 for m in found)
    assert len(problems) == 4, problems


def test_sees_what_is_late(rig):
    """A mediated cell's interrupts go through the core: not as late as on bare metal."""
    found, problems = rig.alone(scenarios.mediated(ONCE), 1000, PERIOD, "spin")
    assert all(m["exits"]["total"] >= 1000 and min(m["core_instructions"]) > 20 for m in found)
    assert any("instructions, on bare metal" in p for p in problems) and any("of the clock" in p for p in problems), problems
