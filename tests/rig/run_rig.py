# SPDX-License-Identifier: Apache-2.0 OR MIT
"""tools/rig/rig and `make rig`: how they are called, and what a call needs. What they measure: tests/system/test_rig.py."""
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import cyclictest
import formats
import measure
import pytest
import scenarios

ROOT = Path(__file__).resolve().parents[2]
RIG = ROOT / "tools" / "rig" / "rig"
CALLED = ("apt-get", "apt-cache", "apt-config", "dpkg-query", "curl", "wget", "sudo")


@pytest.fixture(name="rig")
def fixture_rig():
    """The program as a module: its name has no suffix."""
    loader = importlib.machinery.SourceFileLoader("rig_program", str(RIG))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("rig_program", loader))
    loader.exec_module(module)
    return module


@pytest.fixture(name="offline")
def fixture_offline(tmp_path):
    """An environment in which whoever would install or fetch something leaves a note."""
    programs, notes = tmp_path / "programs", tmp_path / "notes"
    programs.mkdir()
    for name in CALLED:
        (programs / name).write_text(f"#!/bin/sh\necho {name} $* >> {notes}\nexit 1\n")
        (programs / name).chmod(0o755)
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}  # of the make that tests
    return {**mine, "PATH": f"{programs}:{os.environ['PATH']}"}, notes


def test_the_list_needs_nothing(offline, tmp_path):
    environment, notes = offline
    command = ["make", "-s", "-C", ROOT, f"O={tmp_path}/out", "rig", "SCENARIO=list"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == [*scenarios.SCENARIOS, cyclictest.SCENARIO]
    assert not notes.exists() and not (tmp_path / "out").exists(), notes.read_text()


def test_only_who_has_a_linux_has_it_fetched(rig):
    wanted = {name: rig.guests_of(name) for name in [*scenarios.SCENARIOS, cyclictest.SCENARIO]}
    assert {name: w for name, w in wanted.items() if w is not None} == {"linux": [], "linux-coloured": [], cyclictest.SCENARIO: ["cyclictest"]}
    for name, scenario in scenarios.SCENARIOS.items():  # and who has none has no kernel in its partition
        source = (ROOT / scenario.partition).read_text()
        assert ("linux/Image" in source) == (wanted[name] is not None), name


def test_a_linux_that_cannot_be_fetched_fails_its_scenario_only(rig, tmp_path, monkeypatch):
    (tmp_path / "tools").mkdir()
    program = tmp_path / "tools" / "fetch-guests"
    program.write_text(f"#!/bin/sh\necho $* > {tmp_path}/asked\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(rig, "ROOT", tmp_path)
    with pytest.raises(formats.Bad, match="tools/fetch-guests cyclictest"):
        rig.fetch(["cyclictest"])
    assert (tmp_path / "asked").read_text() == "cyclictest\n"
    found, problems = rig.one(None, "linux", None)
    assert not found and "could not be measured" in problems[0]
    (tmp_path / "asked").unlink()
    rig.fetch(None)
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("wrong", [["--count=0"], ["--count=-1"], ["--count=x"], ["--period=0"], ["--scenario", "nobody"], ["--limit", "missed"], ["--limits", "/nothing"]])
def test_called_in_a_wrong_way(tmp_path, wrong):
    done = subprocess.run([sys.executable, RIG, tmp_path / "out", *wrong], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "rig: error" in done.stderr and not (tmp_path / "out").exists(), done.stderr


def test_the_summary_is_called_like_no_scenario(rig):
    files = {f"{name}{suffix}" for name in [*scenarios.SCENARIOS, cyclictest.SCENARIO, "board"] for suffix in (".svg", ".instructions.svg")}
    assert rig.SUMMARY not in files


def window(core, others, own=2_000_000):
    return {"instructions": own, "core": 0, "total": {"instructions": own + core + others, "core": core}}


@pytest.mark.parametrize("name, windows, words", [
    ("restart", [window(50_000, 90_000), window(60_000, 80_000)], []),
    ("restart", [window(56, 124_000), window(8_971_887, 90_000)], ["timer: others executed 124000 instructions, and the core 56"]),
    ("restart", [window(3_000, 90_000), window(4_000, 90_000)], ["in all windows", "timer: ", "device: "]),
    ("tlb", [window(0, 90_000), window(90, 40)], ["device: others executed 40 instructions"]),
    ("quiet", [window(0, 0), window(90, 0)], [])])
def test_a_storm_blows_in_each_window(name, windows, words):
    """Not only in one, while another source was measured in a calm."""
    found = [{"source": source, "samples": scenarios.COUNT, "window": w} for source, w in zip(("timer", "device"), windows)]
    said = measure.calm(scenarios.SCENARIOS[name], found)
    assert len(said) == len(words) and all(word in text for word, text in zip(words, said)), said
