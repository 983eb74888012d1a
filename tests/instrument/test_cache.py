# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The proof of the model of a cache: accesses that are known, one after the other."""

import json
import subprocess
from pathlib import Path

import pytest

import proof

CODE = 0x40200000


@pytest.fixture(scope="session")
def plugin(tmp_path_factory):
    return proof.instrument.plugin("cache", tmp_path_factory.mktemp("instrument"))


def run(folder, plugin, words, sets=64, options=()):
    elf = folder / "lines.elf"
    subprocess.run([proof.COMPILER, "-nostdlib", "-static", f"-Wl,--build-id=none,-Ttext={CODE:#x}", f"-DSETS={sets}", "-o", str(elf),
                    str(Path(__file__).parent / "lines.S")], check=True)
    result = folder / "cache.json"
    made = subprocess.run([*proof.command(elf, "el1", 2), "-plugin", ",".join([str(plugin), f"out={result}", f"cache={sets}:4:64", *words]), *options],
                          text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert made.returncode == 0, made.stdout
    return json.loads(result.read_text())


def named(counts, what):
    """{(whose line, by whom): n}, what is not zero"""
    names = [p["name"] for p in counts["parties"]]
    return {(names[i], names[j]): n for i, row in enumerate(what) for j, n in enumerate(row) if n}


def test_evictions_are_exact(tmp_path, plugin):
    counts = run(tmp_path, plugin, ["cpu=0:one", "cpu=1:two"])
    # one's by two: its second line; two's by one: when that comes back; two's own: the fifth of its set
    assert named(counts, counts["evicted"]) == {("one", "two"): 1, ("two", "one"): 1, ("two", "two"): 1}
    color, = counts["colors"]
    assert color["evicted"] == counts["evicted"]
    names = [p["name"] for p in counts["parties"]]
    assert names == ["core", "nobody", "one", "two"]
    # what is there now: all that was brought in and not evicted
    for i, p in enumerate(counts["parties"]):
        lost = sum(counts["evicted"][i])
        assert color["fills"][i] == p["misses"]
        if p["name"] in ("core", "nobody"):
            assert p["misses"] == color["held"][i] == 0
        assert sum(color["held"]) == sum(color["fills"]) - sum(map(sum, counts["evicted"])), lost


def test_core_by_its_code(tmp_path, plugin):
    """The same, and all code is the core's: nobody else is there."""
    counts = run(tmp_path, plugin, ["cpu=0:one", "cpu=1:two", f"core={CODE:#x}-{CODE + 0x1000:#x}"])
    assert named(counts, counts["evicted"]) == {("core", "core"): 3}
    assert {p["name"] for p in counts["parties"] if p["accesses"]} == {"core"}


def test_memory_of_its_own_name(tmp_path, plugin):
    """Two's line of the set, and one's, belong to the region they are in, whoever uses it."""
    counts = run(tmp_path, plugin, ["cpu=0:one", "cpu=1:two", "memory=region:0x40400000-0x40500000"])
    assert named(counts, counts["evicted"]) == {("region", "region"): 3}


def test_memory_past_the_caches(tmp_path, plugin):
    """What is there takes no line of anybody, and is counted: all the accesses that make the evictions above."""
    counts = run(tmp_path, plugin, ["cpu=0:one", "cpu=1:two", "uncached=0x40400000-0x40500000"])
    assert named(counts, counts["evicted"]) == {}
    assert {p["name"]: p["uncached"] for p in counts["parties"]} == {"core": 0, "nobody": 0, "one": 9, "two": 7}


def test_colors(tmp_path, plugin):
    """Twice the sets: two colours; all these lines are in the one of even pages."""
    counts = run(tmp_path, plugin, ["cpu=0:one", "cpu=1:two"], sets=128)
    assert [named(counts, c["evicted"]) for c in counts["colors"]] == [{("one", "two"): 1, ("two", "one"): 1, ("two", "two"): 1}, {}]
    assert counts["colors"][0]["shared_sets"] >= 2 # of the data, of the meeting; of code that both execute
    assert counts["colors"][1] == {**counts["colors"][1], "shared_sets": 0, "sets": [0] * 4, "held": [0] * 4}


@pytest.mark.parametrize("words, why", [(["cache=100:4:64"], "powers of two"), (["cache=64:4:64", "cpu=2:x"], "a vCPU of this machine"), ([], "have to be there")])
def test_refusals(tmp_path, plugin, words, why):
    made = subprocess.run([*proof.command(proof.program(tmp_path, "el1", 1), "el1", 1), "-plugin", ",".join([str(plugin), f"out={tmp_path}/cache.json", *words])],
                          text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert made.returncode == 1 and why in made.stdout
    assert not list(tmp_path.glob("cache.json*"))
