# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A machine that is not the declared one: a clear message and a stop, no cell."""

import re
import time

import pytest

PARTITION = "tests/system/partitions/virt3.dts"
WRONG = {
    "no-el2": (["-M", "virtualization=off"], r"EL2"),
    "gicv2": (["-M", "gic-version=2"], r"GIC|interrupt controller"),
    "too-few-cpus": (["-smp", "4"], r"CPU"),
    "one-cpu": (["-smp", "1"], r"CPU"),
    "too-little-ram": (["-m", "640"], r"RAM|memory"),
    "half-the-ram": (["-m", "512"], r"RAM|memory"),
}


@pytest.mark.partition(PARTITION)
@pytest.mark.parametrize("binary", [False, True], ids=["elf", "bin"])
@pytest.mark.parametrize("what", WRONG)
def test_wrong_machine(boot, what, binary):
    options, message = WRONG[what]
    m = boot(options=options, binary=binary)
    if what == "half-the-ram" and not binary:
        time.sleep(1)  # the ELF's own addresses are not there: QEMU itself refuses or nothing can run
        m.never(r"\[virt\]")
        return
    m.expect(rf"(?m)^.*(panic|error|cannot|needs|not).*({message}).*$|^.*({message}).*(not|missing|needs|declared).*$", timeout=10)
    m.never(r"\[virt\]", seconds=0.5)


@pytest.mark.partition("tests/system/partitions/dma.dts")
def test_no_smmu(boot):
    """Without it devices would reach all memory; both descriptions are on the console."""
    m = boot(options=["-M", "iommu=none"])
    m.line("core", r"smmu0: declared SMMUv3 at 0x9050000, found nothing: reading it aborts$")
    m.line("core", r"panic: declared SMMU is not there: address: declared 0x9050000, found 0x0$")
    m.never(r"\[(attacker|victim|witness)\]", seconds=0.5)


@pytest.mark.partition(PARTITION)
def test_more_than_declared_is_fine(boot):
    """
    Another four CPUs and another GiB: nobody's. Of timers test_virt.py judges: twelve emulated CPUs on a busy host are not
    always there in time.
    """
    m = boot(smp=12, mem=2048)
    m.line("virt", "press x")
    assert not re.search("panic|FAIL (?!vtimer|ptimer)", m.text)


DISK = ["-drive", "file=null-co://,if=none,id=disk,format=raw", "-device", "nvme,addr=1.0,serial=cloison,drive=disk"]
FUNCTIONS = {
    "right": (DISK, None, None),
    "none": ([], "nothing is there; declared pci1b36,0010", "device and vendor: declared 0x101b36, found 0xffffffff"),
    "another": (["-device", "e1000e,addr=1.0,romfile="], "declared pci1b36,0010, found pci8086,10d3",
                "device and vendor: declared 0x101b36, found 0x10d38086"),
    "memory-more": ([*DISK[:-1], DISK[-1] + ",cmb_size_mb=1"], None, "BAR 2 is memory, and not in reg: its size: declared 0x0, found 0x100000"),
}


@pytest.mark.partition("tests/system/partitions/pci-boot.dts")
@pytest.mark.parametrize("what", FUNCTIONS)
def test_wrong_function(boot, what):
    """A PCI function is compared before a cell runs: with more memory than declared it would decode where nobody put it."""
    options, words, message = FUNCTIONS[what]
    m = boot(options=options)
    if words:
        m.line("core", rf"disk0: {words}$")
    if message:
        m.line("core", rf"panic: PCI function disk0 at 00:01\.0: {message}$")
        m.never(r"cell hello", seconds=0.5)
    else:
        m.line("core", r"cell hello: stopped by breakpoint .*")
