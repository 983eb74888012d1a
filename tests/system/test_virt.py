# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The self-contained guest: the same text on bare QEMU and as a cell, its interrupts direct or mediated."""

import re

import pytest

import qemu

FOLDER = "tests/system/partitions"
PARTITIONS = {(1, "direct"): f"{FOLDER}/virt1.dts", (3, "direct"): f"{FOLDER}/virt3.dts",
              (1, "mediated"): f"{FOLDER}/virt1-mediated.dts", (3, "mediated"): f"{FOLDER}/virt3-mediated.dts",
              (3, "shared"): f"{FOLDER}/virt3-shared.dts"}  # mediated, and its first CPU serves
TWINS = f"{FOLDER}/twins.dts"
bare_text = {}


def run_bare(boot, builder, vcpus, cpu):
    """What the guest prints on bare QEMU; the reference, made once."""
    if (vcpus, cpu) not in bare_text:
        builder.build(PARTITIONS[1, "direct"])
        m = boot(bare=builder.guest("virt"), cpu=cpu, smp=vcpus, mem=256)
        m.expect("press x")
        m.send("x")
        assert m.ended() == 0
        bare_text[vcpus, cpu] = qemu.clean(m.text).strip().split("\n")
    return bare_text[vcpus, cpu]


def without_limits(lines, limits):
    """Without the checks whose names begin with one of these, and what was said for them; and without the last line's number of checks."""
    drop = [rf"virt: (PASS {name}|{name}\b)" for name in limits] + ["virt: SKIP"]
    return [re.sub(r"passed=\d+", "passed=", t) for t in lines if not any(re.match(d, t) for d in drop)]


def same(bare, cell):
    """The cell's text is bare QEMU's, but for what it says it cannot do."""
    limits = [t.split()[2] for t in cell if t.startswith("virt: SKIP")]
    assert set(limits) <= {"level", "timers-cancelled"}, limits
    assert bare[0] == "virt: begin" and bare[-1].endswith("failed=0"), bare
    assert without_limits(cell, limits) == without_limits(bare, limits)


def run_cell(boot, partition, **options):
    m = boot(partition, **options)
    m.line("virt", "press x")
    m.send("x")
    assert m.record("virt")[0].startswith("switched itself off, vCPU 0")
    assert not re.search("panic|FAIL", m.text)
    return m.whole_lines("virt", "virt: ")


def compare(boot, builder, vcpus, mode, cpu="cortex-a57", **options):
    same(run_bare(boot, builder, vcpus, cpu), run_cell(boot, PARTITIONS[vcpus, mode], cpu=cpu, **options))


def ways(models, quick):
    """Of each partition and model: those not in quick are for --all."""
    return [pytest.param(vcpus, mode, cpu, id=f"{cpu}-{vcpus}-{mode}",
                         marks=[pytest.mark.partition(PARTITIONS[vcpus, mode])] + ([] if quick(vcpus, mode, cpu) else [pytest.mark.full]))
            for cpu in models for vcpus, mode in PARTITIONS]


@pytest.mark.partition(PARTITIONS[1, "direct"])
@pytest.mark.parametrize("vcpus,mode,cpu", ways(qemu.MODELS, lambda vcpus, mode, cpu: cpu == "cortex-a57" or
                                                vcpus == 3 and (mode == "mediated" or cpu == "max")))
def test_same_as_bare(boot, builder, vcpus, mode, cpu):
    compare(boot, builder, vcpus, mode, cpu)


@pytest.mark.partition(PARTITIONS[1, "direct"])
@pytest.mark.parametrize("vcpus,mode,cpu", ways(qemu.MODELS, lambda vcpus, mode, cpu: cpu == "cortex-a57" and
                                                vcpus == 3 and mode != "shared"))
def test_image_header_boot(boot, builder, vcpus, mode, cpu):
    """cloison.bin, which QEMU loads elsewhere than where it is linked."""
    compare(boot, builder, vcpus, mode, cpu, binary=True)


@pytest.mark.parametrize("vcpus,mode,cpu", ways(("cortex-a57", "max"), lambda vcpus, mode, cpu: cpu == "cortex-a57" and
                                                vcpus == 3 and mode == "mediated"))
def test_icount(boot, vcpus, mode, cpu):
    """Deterministic: twice the same log, without input."""
    texts = []
    for _ in range(2):
        m = boot(PARTITIONS[vcpus, mode], cpu=cpu, icount=True)
        m.record("virt", timeout=60)
        assert not re.search("panic|FAIL", m.text)
        texts.append(m.lines())
    assert texts[0] == texts[1]


@pytest.mark.partition(TWINS)
@pytest.mark.parametrize("options", [{}, pytest.param({"cpu": "max"}, marks=pytest.mark.full),
                                     pytest.param({"icount": True}, marks=pytest.mark.full)], ids=["plain", "max", "icount"])
def test_twins(boot, builder, options):
    """Side by side, each with its UART on SPI 1; a third with direct interrupts."""
    m = boot(TWINS, limit=150, **options)
    waiting = {"one": "1", "two": "2", "three": "3"}
    while waiting:  # each for two seconds, in whatever order they come to it
        cell = m.wait(lambda: next((c for c in waiting if "virt: press x" in m.lines(c)), None), f"press x of {', '.join(waiting)}", 90)
        key = waiting.pop(cell)
        if not options.get("icount"):
            m.send(qemu.ESCAPE + key + "x")
    for cell, vcpus in (("one", 3), ("two", 2), ("three", 3)):
        assert m.record(cell, 60)[0].startswith("switched itself off, vCPU 0")
        bare = run_bare(boot, builder, vcpus, options.get("cpu", "cortex-a57"))
        if options.get("icount"):
            bare = [t for t in bare if "uart-rx-interrupt" not in t]
        same(bare, [t for t in m.whole_lines(cell, "virt: ") if "uart-rx-interrupt" not in t or not options.get("icount")])
    m.never("panic|FAIL")
