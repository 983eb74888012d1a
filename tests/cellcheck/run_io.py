# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Devices that write memory: stream tables and the trees behind them. Attacks by hand, each in the words of the attack; good images and
random flips of these are in run.py, PCI functions and messages in run_pci.py, other partitions in run_asked.py.
"""
import pytest

from cellcheck_bench import attacked
from cellcheck_io import DEVICE, RA, RAM, SMMU, TABLE, UART, Io, el2


# ---- entries

def first_walks_anothers_tree(image):
    image.put(image.ste(0, 3), image.tree(3))


def second_walks_anothers_tree(image):
    image.put(image.ste(1, 3), image.tree(3))


def walks_a_cpus_root(image):
    for stream in range(3):
        image.put(image.ste(stream, 3), image.run_root(0))


def walks_nothing(image):
    for stream in range(3):
        image.put(image.ste(stream, 3), 0)


def walks_forged_memory(image):
    """A tree in the cell's own memory, which the cell can write."""
    for stream in range(3):
        image.put(image.ste(stream, 3), image.ram(0))


def vmid_of_another(image):
    image.put(image.ste(1, 2), 2, 2)


def vmids_swapped(image):
    for stream, vmid in enumerate((2, 2, 2, 1, 1)):
        image.put(image.ste(stream, 2), vmid, 2)


def in_force(image):
    image.put(image.ste(0), 0xD)


def bypass(image):
    image.put(image.ste(0), 0b1001)


def own_tables(image):
    image.put(image.ste(0), 0b1011)


def invalid(image):
    image.put(image.ste(0), 0)


def translated_requests(image):
    """EATS: what the device says that it has translated is believed."""
    image.put(image.ste(0, 1), image.get(image.ste(0, 1)) | 1 << 28)


def stalls(image):
    image.put(image.ste(0, 2), image.get(image.ste(0, 2)) | 1 << 57)


def starts_elsewhere(image):
    image.put(image.ste(0, 2), image.get(image.ste(0, 2)) ^ 1 << 38)


def second_entry(image):
    for word in range(8):
        image.put(image.ste(0, word) + 5 * 64, image.get(image.ste(0, word)))


def bypass_of_nobody(image):
    image.put(image.ste(0) + 5 * 64, 0b1001)


def remains(image):
    image.put(image.ste(0, 3) + 5 * 64, 0x40000000)


# ---- level 1

def leaf_in_memory(image):
    image.put(image.level1(0, 0x40), image.ram(1) | 7)


def leaf_for_others(image):
    image.put(image.level1(0, 0x80), image.get(image.level1(0, 0x40)))


def leaf_longer(image):
    image.put(image.level1(0, 0x40), image.get(image.level1(0, 0x40)) + 1)


def leaf_gone(image):
    image.put(image.level1(0, 0x40), 0)


def leaf_of_another_iommu(image):
    image.put(image.level1(0, 0x40), image.get(image.level1(1, 0x0)))


# ---- trees

def of_another(image):
    image.put(image.dma(0, 0x40200000), image.ram(2) | RAM | 1)


def of_who_has_no_device(image):
    image.put(image.dma(0, 0x40200000), image.ram(1) | RAM | 1)


def the_core(image):
    image.put(image.dma(0, 0x40200000), image.symbols["hyp_base"] & ~0x1FFFFF | RAM | 1)


def an_image(image):
    image.put(image.dma(0, 0x40200000), image.phys(image.sections[".image.0"][0]) & ~0x1FFFFF | RAM | 1)


def a_device(image):
    image.put(image.dma(0, 0x40200000), UART & ~0x1FFFFF | RAM | 1)


def own_registers(image):
    """Its cell may; the device itself may not."""
    image.put(image.dma(0, 0x100000000), 0x0B000000 | RAM | TABLE)


def memory_of_nobody(image):
    image.put(image.dma(0, 0x100000000), 0x7FFFF000 | RAM | TABLE)


def elsewhere_in_own(image):
    image.put(image.dma(0, 0x40200000), image.ram(0, 0x40400000) | RAM | 1)


def more(image):
    at = image.dma(0, 0x100002000)
    image.put(at + 8, 0x7FFFF000 | RAM | TABLE)


def less(image):
    image.put(image.dma(0, 0x100002000), 0)


def executes(image):
    at = image.dma(0, 0x40200000)
    image.put(at, image.get(at) & ~(1 << 54))


def as_a_device(image):
    image.put(image.dma(0, 0x100000000), image.ram(0, 0x100000000) | 0x484 | 1 << 54 | TABLE)


def table_outside(image):
    image.put(image.link(image.tree(0)) + 8, image.ram(0) | TABLE)


def table_of_the_cell(image):
    image.put(image.link(image.tree(0)) + 8, image.get(image.link(image.run_root(0)) + 8))


# ---- what the core writes into the IOMMU, and whom it switches

def level1_elsewhere(image):
    image.put(image.iommu(0, 16), image.ram(1) | RA)


def level1_of_another(image):
    image.put(image.iommu(0, 16), image.get(image.iommu(1, 16)))


def linear(image):
    image.put(image.iommu(0, 24), 0xF, 4)


def queue_in_memory(image):
    image.put(image.iommu(0, 40), image.ram(1) | RA | 7)


def commands_before(image):
    image.put(image.get(image.iommu(0, 48)), 0x30)


def another_iommu(image):
    image.put(image.iommu(0, 8), 0xC0000000)


def incoherent(image):
    image.put(image.iommu(0, 64), 0, 1)


def entry_of_another(image):
    image.put(image.stream(0, 16), image.get(image.stream(3, 16)))


def stream_of_another(image):
    image.put(image.stream(0, 14), 2, 2)


def another_id(image):
    image.put(image.stream(0, 8), 0x41, 4)


# ---- who reaches registers and stream tables

def no_registers(image):
    image.put(el2(image, 4, SMMU), 0)


def no_tables(image):
    image.put(el2(image, 1, image.sections[".streams"][0]), 0)


def registers_to_who_has_no_device(image):
    image.put(el2(image, 5, 0x08010000), SMMU | 0x40000000000440 | TABLE) # behind the distributor


def registers_to_a_cell(image):
    image.put(image.entry(image.run_root(1), 0x40200000), 0xC0000000 | DEVICE | 1)


def its_to_a_cell(image):
    image.put(image.entry(image.run_root(1), 0x40200000), 0x08000000 | DEVICE | 1)


def buses_to_a_cell(image):
    image.put(image.entry(image.run_root(1), 0x40200000), 0x4010000000 | DEVICE | 1)


LINUX = r"DMA of cell 'linux' by dma0 \(stream 0x40 of smmu0\), dma1 \(stream 0x7f of smmu0\) and 1 more"
ATTACKS = {
    first_walks_anothers_tree: r"DMA of cell 'control' by dma3 .* walks the tree of " + LINUX,
    second_walks_anothers_tree: r"dma1 \(stream 0x7f of smmu0\) of cell 'linux': its entry leads to 0x\w+, the tree of DMA of cell "
                                r"'control' by dma3",
    walks_a_cpus_root: LINUX + r" walks a root that CPUs of cell 'linux' use",
    walks_nothing: LINUX + r": a table at 0x0, which is no page of .tables",
    walks_forged_memory: LINUX + r": a table at 0x\w+, which is no page of .tables",
    vmid_of_another: r"dma1 \(stream 0x7f of smmu0\) of cell 'linux': VMID of its entry is 0x2, not 0x1",
    vmids_swapped: r"of cell 'control': VMID of its entry is 0x1, not 0x2",
    in_force: r"dma0 \(stream 0x40 of smmu0\) of cell 'linux': its entry is in force before the core has switched it on",
    bypass: r"dma0 .* of cell 'linux': its entry bypasses the IOMMU and reaches all memory",
    own_tables: r"dma0 .* of cell 'linux': its entry is translated by tables of its own alone, and reaches all memory",
    invalid: r"dma0 .* of cell 'linux': word 0 of its entry is 0x0, not 0x1",
    translated_requests: r"dma0 .* of cell 'linux': word 1 of its entry is 0x100010080000, not 0x100000080000",
    stalls: r"dma0 .* of cell 'linux': word 2 of its entry, VMID aside",
    starts_elsewhere: r"dma0 .* of cell 'linux': word 2 of its entry, VMID aside",
    second_entry: r"smmu0: stream 0x45 is no cell's, but its entry is valid: it aborts \(.*the tree of " + LINUX,
    bypass_of_nobody: r"smmu0: stream 0x45 is no cell's, but its entry is valid: it bypasses the IOMMU and reaches all memory",
    remains: r"smmu0: stream 0x45 is no cell's, but its entry is not zero",
    leaf_in_memory: r"smmu0: the descriptor of streams 0x40 to 0x7f is 0x\w+, not 0x\w+; that leads to RAM of cell 'hello'",
    leaf_for_others: r"smmu0: the descriptor of streams 0x80 to 0xbf is 0x\w+, not 0x0; that leads to .streams of the image",
    leaf_longer: r"smmu0: the descriptor of streams 0x40 to 0x7f is 0x\w+8, not 0x\w+7",
    leaf_gone: r"smmu0: the descriptor of streams 0x40 to 0x7f is 0x0, not 0x\w+; that leads to nothing",
    leaf_of_another_iommu: r"smmu0: the descriptor of streams 0x40 to 0x7f is",
    of_another: r"\[shared\] " + LINUX + r", guest address 0x40200000, reaches physical page 0x\w+ \(rw-\): RAM of cell 'control' \(its guest "
                r"address 0x40000000\)",
    of_who_has_no_device: r"\[shared\] " + LINUX + r", guest address 0x40200000, reaches physical page 0x\w+ \(rw-\): RAM of cell 'hello'",
    the_core: LINUX + r", guest address 0x40200000, reaches the hypervisor's memory at 0x40000000: .text of the image",
    an_image: LINUX + r", guest address 0x40\w+, reaches physical page 0x\w+ \(rw-\): .image.0 of the image",
    a_device: LINUX + r" reaches 0x9000000, 0x200000 bytes, as memory, which is not within RAM",
    own_registers: LINUX + r", guest address 0x100000000, reaches physical page 0xb000000 \(rw-\): /dma@b000000",
    memory_of_nobody: LINUX + r", guest address 0x100000000, reaches physical page 0x7ffff000 \(rw-\): /memory@40000000",
    elsewhere_in_own: LINUX + r": guest address 0x40200000 reaches physical 0x\w+ .* it should be 0x",
    more: LINUX + r": guest address 0x100003000 reaches physical 0x7ffff000 .* nothing should be there",
    less: LINUX + r": guest address 0x100002000 reaches nothing; it should reach",
    executes: LINUX + r": guest address 0x40200000 reaches .* attributes 0x7fc, which nothing has",
    as_a_device: LINUX + r" reaches RAM at 0x\w+ as a device",
    table_outside: LINUX + r": a table at 0x\w+, which is no page of .tables",
    table_of_the_cell: LINUX + r": the page at 0x\w+ is used by another tree already",
    level1_elsewhere: r"stream table of smmu0: a table at 0x\w+, which is no page of .tables",
    level1_of_another: r"stream table of smmu1: the page at 0x\w+ is used by another tree already",
    linear: r"machine_iommus\[0\] \(smmu0\): strtab_cfg is 0xf, not 0x1018f",
    queue_in_memory: r"machine_iommus\[0\] \(smmu0\): eventq_base is",
    commands_before: r"smmu0: its page of commands is not zero",
    another_iommu: r"machine_iommus\[0\] \(smmu0\): base is 0xc0000000, not 0x9050000",
    incoherent: r"machine_iommus\[0\] \(smmu0\): coherent is 0x0, not 0x1",
    entry_of_another: r"machine_streams\[0\] \(dma0 .* of 'linux'\): entry is",
    stream_of_another: r"machine_streams\[0\] \(dma0 .* of 'linux'\): cell is 0x2, not 0x0",
    another_id: r"machine_streams\[0\] \(dma0 .* of 'linux'\): id is 0x41, not 0x40",
    no_registers: r"core on CPU 4: address 0x9050000 reaches nothing; it should reach",
    no_tables: r"core on CPU 1: address 0x\w+ reaches nothing; it should reach physical 0x\w+ \(4 KiB, rw-\)",
    registers_to_who_has_no_device: r"core on CPU 5: address 0x8010000 reaches physical 0x9050000 .* nothing should be there",
    registers_to_a_cell: r"cell 'hello', guest address 0x40200000, reaches /iommu@c0000000 at 0xc0000000, which is no cell's",
    its_to_a_cell: r"cell 'hello', guest address 0x40200000, reaches \S+/\S*its\S* at 0x8000000, which is no cell's",
    buses_to_a_cell: r"cell 'hello', guest address 0x40200000, reaches /pcie@10000000 at 0x4010000000, which is no cell's",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_attack(bench, cellcheck, tmp_path, attack):
    attacked(bench, cellcheck, tmp_path, "iommus", attack, ATTACKS[attack], Io)
