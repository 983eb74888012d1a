# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Whose lines of the shared cache are evicted by whom, by a model that sees every access (docs/instrument.md)."""

import sys
import xml.etree.ElementTree

import pytest

import qemu

sys.path[:0] = [str(qemu.ROOT / "tools" / "rig"), str(qemu.ROOT / "tools" / "instrument")]

import eviction  # noqa: E402
import instrument  # noqa: E402

PLAIN, COLORED = "configs/rig/interference.dts", "configs/rig/interference-colors.dts"
OVERLAP = "tests/system/partitions/interference-overlap.dts"


@pytest.fixture(scope="session")
def plugins(tmp_path_factory):
    folder = tmp_path_factory.mktemp("instrument")
    return {name: instrument.plugin(name, folder) for name in ("cache", "count")}


@pytest.mark.partition(PLAIN, COLORED)
def test_disjoint_colors(builder, plugins, tmp_path):
    """Exactly none with colours, and no set that two use; many without."""
    plain, colored = (eviction.run(builder, p, plugins["cache"], tmp_path, 150) for p in (PLAIN, COLORED))
    assert eviction.judge(plain, colored) == []
    assert sum(plain.between().values()) > 1000
    assert plain.between()["control", "sweep"] > 100 and plain.between()["core", "sweep"] > 100
    # who sweeps has filled all it has: 4 colours of 32, 8 MiB through 256 KiB
    assert colored.sets[colored.names.index("sweep")] == 256 and colored.names == ["core", "control", "sweep"]
    # the crash region has no colours: the core was there, and took no line for it
    assert all(counts.raw["parties"][0]["name"] == "core" and counts.raw["parties"][0]["uncached"] > 4096 for counts in (plain, colored))
    picture = eviction.svg([("plain", plain), ("coloured", colored)])
    xml.etree.ElementTree.fromstring(picture)
    assert "no line evicted by another" in picture


@pytest.mark.partition(OVERLAP)
def test_one_color_in_common(builder, plugins, tmp_path):
    """What has to be seen where one colour of eight is another's, too: there, between these two, and nowhere else."""
    counts = eviction.run(builder, OVERLAP, plugins["cache"], tmp_path, 150)
    assert [i for i, c in enumerate(counts.colors) if c["crossed"]] == [23] == [i for i, c in enumerate(counts.raw["colors"]) if c["shared_sets"]]
    assert counts.between()["control", "sweep"] > 10
    assert set(counts.between()) <= {("control", "sweep"), ("sweep", "control")}
    assert eviction.judge(counts, counts)  # refused as coloured


@pytest.mark.partition(PLAIN, COLORED)
def test_the_core_is_found_wherever_it_is(builder, plugins, tmp_path):
    """A hypercall costs the same in both, by physical address, though the coloured core is in pieces."""
    cost = []
    for partition in (PLAIN, COLORED):
        out = builder.build(partition)
        result = tmp_path / "count.json"
        with qemu.Machine(out, limit=120, options=instrument.options(out, result, plugin=plugins["count"])) as m:
            m.line("sweep", "sweep: begin", 100)
        counts = instrument.read(result)  # and each CPU that ran has been the core's
        sweep = counts["cpus"][3]
        assert sweep["copier"] > 0 and counts["cpus"][2]["copier"] > 0
        window, = sweep["windows"]
        assert window["instructions"] - window["core"] == 1
        cost.append(window["core"])
    assert cost[0] == cost[1] and 10 < cost[0] < 60
