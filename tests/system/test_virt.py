# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The self-contained guest: the same text on bare QEMU and as a cell."""

import re

import pytest

import qemu

PARTITIONS = {1: "tests/system/partitions/virt1.dts", 3: "tests/system/partitions/virt3.dts"}
bare_text = {}


def run_bare(boot, builder, vcpus, cpu):
    """What the guest prints on bare QEMU; the reference, made once."""
    if (vcpus, cpu) not in bare_text:
        builder.build(PARTITIONS[vcpus])
        m = boot(bare=builder.guest("virt"), cpu=cpu, smp=vcpus, mem=256)
        m.expect("press x")
        m.send("x")
        assert m.ended() == 0
        bare_text[vcpus, cpu] = qemu.clean(m.text).strip().split("\n")
    return bare_text[vcpus, cpu]


def run_cell(boot, vcpus, **options):
    m = boot(PARTITIONS[vcpus], **options)
    m.line("virt", "press x")
    m.send("x")
    assert m.record("virt")[0].startswith("switched itself off, vCPU 0")
    assert not re.search("panic|FAIL", m.text)
    return m.lines("virt")


def compare(boot, builder, vcpus, cpu="cortex-a57", **options):
    bare = run_bare(boot, builder, vcpus, cpu)
    assert bare[0] == "virt: begin" and bare[-1].endswith("failed=0"), bare
    assert run_cell(boot, vcpus, cpu=cpu, **options) == bare


@pytest.mark.partition(*PARTITIONS.values())
@pytest.mark.parametrize("vcpus", [1, 3])
@pytest.mark.parametrize("cpu", qemu.MODELS)
def test_same_as_bare(boot, builder, vcpus, cpu):
    compare(boot, builder, vcpus, cpu)


@pytest.mark.partition(*PARTITIONS.values())
@pytest.mark.parametrize("vcpus", [1, 3])
def test_image_header_boot(boot, builder, vcpus):
    """cloison.bin, which QEMU loads elsewhere than where it is linked."""
    compare(boot, builder, vcpus, binary=True)


@pytest.mark.partition(*PARTITIONS.values())
@pytest.mark.parametrize("vcpus", [1, 3])
@pytest.mark.parametrize("cpu", ["cortex-a57", pytest.param("max", marks=pytest.mark.full)])
def test_icount(boot, vcpus, cpu):
    """Deterministic: twice the same log, without input."""
    texts = []
    for _ in range(2):
        m = boot(PARTITIONS[vcpus], cpu=cpu, icount=True)
        m.record("virt", timeout=60)
        assert not re.search("panic|FAIL", m.text)
        texts.append(m.lines())
    assert texts[0] == texts[1]


@pytest.mark.full
@pytest.mark.partition(*PARTITIONS.values())
@pytest.mark.parametrize("vcpus", [1, 3])
@pytest.mark.parametrize("cpu", qemu.MODELS)
def test_image_header_boot_models(boot, builder, vcpus, cpu):
    compare(boot, builder, vcpus, cpu, binary=True)
