# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Measured <= bound: each time the core is entered, in a whole run of guests that do their worst (docs/bound.md, docs/instrument.md)."""

import sys

import pytest

import qemu

sys.path[:0] = [str(qemu.ROOT / "tools" / "bound"), str(qemu.ROOT / "tools" / "instrument")]

import hold  # noqa: E402
import instrument  # noqa: E402


@pytest.fixture(scope="session")
def plugin(tmp_path_factory):
    return instrument.plugin(folder=tmp_path_factory.mktemp("instrument"))


@pytest.mark.partition("tests/attack/smp-mediated.dts")
@pytest.mark.parametrize("partition, smp, cells", [
    ("tests/attack/smp-mediated.dts", 16, ("deaf-mask", "spin-and-fault")),
    pytest.param("tests/attack/harassment.dts", 16, (), marks=[pytest.mark.full, pytest.mark.partition("tests/attack/harassment.dts")]),
], ids=["smp-mediated", "harassment"])
def test_no_entry_is_longer_than_its_bound(builder, plugin, tmp_path, partition, smp, cells):
    out = builder.build(partition)
    bounds = hold.load(out)
    result = tmp_path / "count.json"
    with qemu.Machine(out, smp=smp, limit=150, options=instrument.options(out, result, plugin=plugin, ways=True)) as m:
        m.line("witness", "OK round=3", 120)
        for cell in cells:
            m.line("core", rf"cell {cell}: ", 90)
    counts = instrument.read(result, every_cpu=False)
    figures = instrument.figures(counts, bounds, instrument.serving(out))
    print(hold.table(bounds, figures))
    assert hold.broken(bounds, figures) == []
    seen = {name for _, name, _ in figures}
    assert {"sync-long", "distributor-short", "hvc-short"} <= seen
    samples = sum(way["samples"] for cpu in counts["cpus"] for way in cpu["entries"].values())
    assert samples > 1000
    # a bound that is one too small is seen
    what, name, most = next(f for f in figures if f[1] == "hvc-short")
    assert hold.broken({**bounds, name: {**bounds[name], "instructions": most - 1, "ends": None}}, figures)
