# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Devices that write memory: stream tables, the trees behind them, PCI functions. Attacks by hand, each in the words of the
attack; good images and random flips of these are in run.py.
"""
import json
import subprocess

import pytest

from cellcheck_bench import Image, attacked

TABLE, POINTER, RAM, DEVICE = 3, 0xFFFFFFFFF000, 0x400000000007FC, 0x400000000004C4
RA = 1 << 62
UART, SMMU = 0x09000000, 0x09050000


class Io(Image):
    """Streams of good/iommus.dts: dma0, dma1, dma2 of linux, dma3 and dma3 again of control, in smmu0, smmu0, smmu1, smmu0, smmu1."""

    def iommu(self, index, offset):
        return self.object("machine_iommus", index, 72, offset)

    def stream(self, index, offset):
        return self.object("machine_streams", index, 32, offset)

    def ste(self, stream, word=0):
        return self.get(self.stream(stream, 16)) + 8 * word

    def tree(self, stream):
        return self.get(self.ste(stream, 3))

    def level1(self, iommu, stream_id):
        return self.link(self.get(self.iommu(iommu, 16)) & POINTER) + stream_id // 64 * 8

    def ram(self, cell, address=0x40000000):
        return self.get(self.entry(self.run_root(cell), address)) & POINTER

    def dma(self, stream, address):
        return self.entry(self.tree(stream), address)


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

def el2(image, cpu, address):
    return image.entry(image.get(image.regs(cpu, 40)), address)


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


# ---- PCI: good/pci.dts. linux has nic0, multi0, multi1, mute0 and CPUs 1, 2; serves has bare0 and CPU 0; control edu0 and CPU 3

NIC, EDU, CONFIG = 0x10100000, 0x10200000, 0x4010000000


class Pci(Io):
    def function(self, index, offset):
        return self.object("machine_functions", index, 48, offset)

    def bar(self, index, offset):
        return self.object("machine_bars", index, 24, offset)


def bar_to_another(image):
    image.put(image.entry(image.run_root(0), 0x40200000), EDU | DEVICE | 1)


def bar_to_nobody(image):
    image.put(image.entry(image.run_root(0), NIC), 0)


def bar_is_memory(image):
    at = image.entry(image.run_root(0), NIC)
    image.put(at, image.get(at) & ~0xFFF & ~(1 << 54) | 0x7FC | TABLE)


def bar_over_another(image):
    image.put(image.bar(6, 0), NIC)


def bar_beside_pages(image):
    image.put(image.bar(2, 0), image.get(image.bar(2, 0)) + 0x800)


def bar_beside_its_size(image):
    image.put(image.bar(0, 0), NIC + 0x1000)


def bar_outside(image):
    image.put(image.bar(6, 0), 0x3F000000)


def bar_over_the_distributor(image):
    image.put(image.bar(6, 0), 0x08000000)


def bar_smaller(image):
    image.put(image.bar(6, 8), 0x1000)


def bar_of_another(image):
    image.put(image.bar(6, 16), 0, 2)


def function_of_another(image):
    image.put(image.function(5, 18), 0, 2)


def another_address(image):
    image.put(image.function(5, 16), 0x28, 2)


def another_configuration(image):
    image.put(image.function(5, 8), CONFIG + 0x28000)


def another_pin(image):
    image.put(image.function(5, 33), 2, 1)


def has_a_reset(image):
    image.put(image.function(5, 31), 0, 1)


def resets_by_another_register(image):
    image.put(image.function(0, 36), 0x100, 4)


def messages(image):
    image.put(image.function(0, 28), 8, 2)


def more_functions(image):
    image.put(image.object("machine_spaces", 0, 16, 14), 6, 2)


def space_elsewhere(image):
    image.put(image.object("machine_spaces", 0, 16), 0x40000000)


def bus_forgotten(image):
    image.put(image.object("machine_buses"), 0)


def configuration_to_a_cell(image):
    """Of its own function, even: what is written there moves BARs."""
    image.put(image.entry(image.run_root(2), EDU + 0x1000), CONFIG + 0x18000 | DEVICE | TABLE)


def configuration_of_another(image):
    image.put(image.entry(image.run_root(2), EDU + 0x1000), CONFIG + 0x8000 | DEVICE | TABLE)


def space_is_memory(image):
    """The cell could show itself what it likes, but the core is not asked."""
    for root in (image.get(image.cell(2, 48)), image.get(image.cell(2, 56))):
        image.put(root + 8 * 256, 0x40000000 | 0x7FC | 1)


def buses_in_a_run_root(image):
    for root in (image.get(image.cell(2, 48)), image.get(image.cell(2, 56))):
        image.put(root + 8 * 256, 0x4000000000 | DEVICE | 1)


def no_configuration(image):
    image.put(el2(image, 1, CONFIG + 0x8000), 0)


def configuration_to_anothers_cpu(image):
    image.put(el2(image, 3, CONFIG + 0x8000), CONFIG + 0x8000 | 0x40000000000440 | TABLE)


def no_bus(image):
    image.put(el2(image, 0, CONFIG + 0x30000), 0)


def no_reset_register(image):
    image.put(el2(image, 2, NIC), 0)


def more_of_the_bar(image):
    image.put(el2(image, 2, NIC) + 8, NIC + 0x1000 | 0x40000000000440 | TABLE)


def device_to_device(image):
    image.put(image.dma(0, 0x40200000), NIC & ~0x1FFFFF | RAM | 1)


def device_to_configuration(image):
    image.put(image.dma(0, 0x40200000), CONFIG | RAM | 1)


NIC0 = r"DMA of cell 'linux' by nic0 \(stream 0x8 of smmu0\), multi0 \(stream 0x10 of smmu0\) and 2 more"
PCI_ATTACKS = {
    bar_to_another: r"cell 'control', guest address 0x10200000, physical page 0x10200000 \(rw- device\): also reachable by cell 'linux' \(guest "
                    r"address 0x40200000",
    bar_to_nobody: r"cell 'linux': guest address 0x10100000 reaches nothing; it should reach physical 0x10100000 \(4 KiB, rw- device\)",
    bar_is_memory: r"cell 'linux' reaches 0x10100000, 0x1000 bytes, as memory, which is not within RAM",
    bar_over_another: r"\(BAR 0 of edu0\): 0x10100000, 0x100000 bytes, is over BAR 0 of nic0",
    bar_beside_pages: r"\(BAR 3 of nic0\): 0x10144800 is no multiple of its size, 0x100, and of a page",
    bar_beside_its_size: r"\(BAR 0 of nic0\): 0x10101000 is no multiple of its size, 0x20000",
    bar_outside: r"\(BAR 0 of edu0\): 0x3f000000, 0x100000 bytes, is not within the host's window of 32-bit memory",
    bar_over_the_distributor: r"\(BAR 0 of edu0\): 0x8000000, 0x100000 bytes, is over /intc@8000000",
    bar_smaller: r"\(BAR 0 of edu0\): size is 0x1000, not 0x100000",
    bar_of_another: r"\(BAR 0 of edu0\): function is 0x0, not 0x5",
    function_of_another: r"machine_functions\[5\] \(edu0 of 'control'\): cell is 0x0, not 0x2",
    another_address: r"\(edu0 of 'control'\): address is 0x28, not 0x18",
    another_configuration: r"\(edu0 of 'control'\): config is 0x4010028000, not 0x4010018000",
    another_pin: r"\(edu0 of 'control'\): pin is 0x2, not 0x1",
    has_a_reset: r"\(edu0 of 'control'\): no reset is 0x0, not 0x1",
    resets_by_another_register: r"\(nic0 of 'linux'\): reset offset is 0x100, not 0x0",
    messages: r"\(nic0 of 'linux'\): vectors is 0x8, not 0x0",
    more_functions: r"machine_spaces\[0\] \(of 'linux'\): functions is 0x6, not 0x4",
    space_elsewhere: r"machine_spaces\[0\] \(of 'linux'\): base is 0x40000000, not 0x4010000000",
    bus_forgotten: r"machine_buses\[0\]: config is 0x0, not 0x4010000000",
    configuration_to_a_cell: r"cell 'control', guest address 0x10201000, reaches /pcie@10000000 at 0x4010018000, which is no cell's",
    configuration_of_another: r"cell 'control', guest address 0x10201000, reaches /pcie@10000000 at 0x4010008000, which is no cell's",
    space_is_memory: r"machine_spaces\[2\] \(of 'control'\): guest address 0x4010000000 is mapped, so the core is not asked: it reaches 0x50000000",
    buses_in_a_run_root: r"cell 'control', guest address 0x4000000000, reaches /pcie@10000000 at 0x4000000000, which is no cell's",
    no_configuration: r"core on CPU 1: address 0x4010008000 reaches nothing; it should",
    configuration_to_anothers_cpu: r"core on CPU 3: address 0x4010008000 reaches physical 0x4010008000 .*: the configuration space of nic0; "
                                   r"nothing should be there",
    no_bus: r"core on CPU 0: address 0x4010030000 reaches nothing; it should",
    no_reset_register: r"core on CPU 2: address 0x10100000 reaches nothing; it should",
    more_of_the_bar: r"cell 'linux', guest address 0x10101000, physical page 0x10101000 \(rw- device\): also reachable by the core",
    device_to_device: NIC0 + r", guest address 0x40200000, reaches physical page 0x10000000 \(rw-\): BAR 0 of multi1 of cell 'linux'",
    device_to_configuration: NIC0 + r", guest address 0x40200000, reaches physical page 0x4010000000 \(rw-\): /pcie@10000000",
}


@pytest.mark.parametrize("attack", PCI_ATTACKS, ids=lambda a: a.__name__)
def test_attack_on_pci(bench, cellcheck, tmp_path, attack):
    attacked(bench, cellcheck, tmp_path, "pci", attack, PCI_ATTACKS[attack], Pci)


# ---- messages: partitions/messages.dts. control has nic0 (0x8, 5 events), edu0 (0x10, none), disk0 (0x18, 1), CPUs 3 and 2; linux other0

ITS, DOORBELL, DOORBELL_PAGE = 0x08080000, 0x08090000, 1 << 54 | 0x484 | TABLE
OTHER0, CONTROL0, EDU0, DISK0 = range(4) # streams


class Messages(Pci):
    def its(self, offset):
        return self.object("machine_its") + offset

    def memory(self):
        return self.get(self.its(24))

    def command(self, index, word):
        return self.object("machine_its_commands", index, 32, 8 * word)


def doorbell_is_read(image):
    at = image.dma(DISK0, DOORBELL)
    image.put(at, image.get(at) | 1 << 6)


def doorbell_is_registers(image):
    image.put(image.dma(DISK0, DOORBELL), ITS | DOORBELL_PAGE)


def doorbell_is_the_distributor(image):
    image.put(image.dma(DISK0, DOORBELL), 0x08000000 | DOORBELL_PAGE)


def doorbell_gone(image):
    image.put(image.dma(DISK0, DOORBELL), 0)


def doorbell_twice(image):
    image.put(image.dma(DISK0, 0x40001000), DOORBELL | DOORBELL_PAGE)


def doorbell_for_who_has_none(image):
    image.put(image.dma(EDU0, 0x40001000), DOORBELL | DOORBELL_PAGE)


def doorbell_of_another_cell(image):
    image.put(image.ste(OTHER0, 3), image.tree(DISK0))


def doorbell_to_a_cpu(image):
    image.put(image.entry(image.run_root(1), 0x40001000), DOORBELL | DEVICE | TABLE)


def tables_to_a_device(image):
    image.put(image.dma(DISK0, 0x40001000), image.memory() | RAM | TABLE)


def tables_to_a_cell(image):
    image.put(image.entry(image.run_root(1), 0x40001000), image.memory() + 0x3000 | 0x7FC | TABLE)


def tables_in_a_cell(image):
    """All that machine_its says moves with them."""
    by = (image.ram(0) & ~0xFFFF) - image.memory()
    for offset in (24, 40, 48, 56, 72, 80):
        image.put(image.its(offset), image.get(image.its(offset)) + by)


def tables_in_the_core(image):
    image.put(image.its(24), image.symbols["hyp_memory"])


def tables_larger(image):
    image.put(image.its(32), image.get(image.its(32)) + 0x10000)


def events_of_another(image):
    image.put(image.object("machine_its_devices", 0, 24, 8), image.get(image.object("machine_its_devices", 1, 24, 8)))


def more_events(image):
    image.put(image.object("machine_its_devices", 1, 24, 22), 2, 2)


def maps_another_device(image):
    image.put(image.command(0, 0), 0x20 << 32 | 8)


def maps_events_elsewhere(image):
    image.put(image.command(0, 2), 1 << 63 | image.ram(1))


def maps_more_events(image):
    image.put(image.command(1, 1), 11)


def maps_another_cpu(image):
    image.put(image.command(2, 2), 1 << 63 | 1 << 16)


def its_of_another(image):
    image.put(image.its(88), 0, 2)


def its_is_mapped(image):
    """Over the guest's ITS lies memory: its commands are never decoded."""
    image.put(image.entry(image.run_root(1), 0x080B0000) - 8 * 0x30, image.ram(1) | 0x7FC | TABLE)


def no_queue(image):
    image.put(el2(image, 3, image.memory()), 0)


def pending_to_the_cells_cpu(image):
    image.put(el2(image, 3, image.memory()) + 8 * 3, image.memory() + 0x3000 | 0x40000000000744 | TABLE)


def queue_to_anothers_cpu(image):
    at = el2(image, 1, image.sections[".data"][0])
    image.put(at, image.memory() | 0x40000000000744 | TABLE)


DISK = r"DMA of cell 'control' by nic0 \(stream 0x8 of smmu0\), disk0 \(stream 0x18 of smmu0\)"
EDUS = r"DMA of cell 'control' by edu0 \(stream 0x10 of smmu0\)"
MESSAGE_ATTACKS = {
    doorbell_is_read: DISK + r": guest address 0x8090000 reaches physical 0x8090000 .* attributes 0x400000000004c4, which nothing has",
    doorbell_is_registers: DISK + r", guest address 0x8090000, reaches physical page 0x8080000 \(-w- device\): \S*/its@8080000",
    doorbell_is_the_distributor: DISK + r", guest address 0x8090000, reaches physical page 0x8000000 \(-w- device\): the interrupt distributor",
    doorbell_gone: DISK + r": guest address 0x8090000 reaches nothing; it should reach physical 0x8090000 \(4 KiB, -w- device\)",
    doorbell_twice: DISK + r": guest address 0x40001000 reaches physical 0x8090000 .* it should be 0x",
    doorbell_for_who_has_none: EDUS + r", guest address 0x40001000, reaches physical page 0x8090000 \(-w- device\): \S*/its@8080000",
    doorbell_of_another_cell: r"DMA of cell 'linux' by other0 .*, guest address 0x8090000, reaches physical page 0x8090000 \(-w- device\)",
    doorbell_to_a_cpu: r"cell 'control', guest address 0x40001000, reaches \S*/its@8080000 at 0x8090000, which is no cell's",
    tables_to_a_device: DISK + r", guest address 0x40001000, reaches physical page 0x\w+ \(rw-\): what the ITS keeps in memory",
    tables_to_a_cell: r"cell 'control', guest address 0x40001000, physical page 0x\w+ \(rwx\): also reachable by the core",
    tables_in_a_cell: r"machine_its\[0\] \(its0?\S*\): its memory at 0x\w+ is cell 'linux' too",
    tables_in_the_core: r"machine_its\[0\] .*: its memory, 0x40000000, 0x\w+ bytes, is not whole 64 KiB of RAM besides the hypervisor's",
    tables_larger: r"machine_its\[0\] .*: memory_size is 0x",
    events_of_another: r"machine_its_devices\[0\] \(nic0 of 'control'\): table of events is",
    more_events: r"machine_its_devices\[1\] \(disk0 of 'control'\): events is 0x2, not 0x1",
    maps_another_device: r"machine_its_commands\[0\]: word 0 is 0x2000000008, not 0x800000008",
    maps_events_elsewhere: r"machine_its_commands\[0\]: word 2 is 0x8\w+, not 0x8\w+",
    maps_more_events: r"machine_its_commands\[1\]: word 1 is 0xb, not 0x0",
    maps_another_cpu: r"machine_its_commands\[2\]: word 2 is 0x8000000000010000, not 0x8000000000030000",
    its_of_another: r"machine_its\[0\] .*: cell is 0x0, not 0x1",
    its_is_mapped: r"machine_its\[0\] .*: guest address 0x8080000 is mapped, so the core is not asked: it reaches 0x\w+",
    no_queue: r"core on CPU 3: address 0x\w+ reaches nothing; it should reach physical 0x\w+ \(4 KiB, rw-\)",
    pending_to_the_cells_cpu: r"core on CPU 3: address 0x\w+3000 reaches physical 0x\w+3000 .*: what the ITS keeps in memory; nothing should be there",
    queue_to_anothers_cpu: r"core on CPU 1: address 0x\w+ reaches physical 0x\w+ \(4 KiB, rw-\): what the ITS keeps in memory; it should be",
}


@pytest.mark.parametrize("attack", MESSAGE_ATTACKS, ids=lambda a: a.__name__)
def test_attack_on_messages(bench, cellcheck, tmp_path, attack):
    attacked(bench, cellcheck, tmp_path, "messages", attack, MESSAGE_ATTACKS[attack], Messages)


# ---- another partition: what would hold if the image were right about it

@pytest.fixture(name="change")
def fixture_change(bench, tmp_path):
    def change(cellcheck, *fdtputs, name="iommus"):
        partition, image = bench.image(name)
        (tmp_path / "changed.dtb").write_bytes(partition.read_bytes())
        for arguments in fdtputs:
            options = [a for a in arguments if a.startswith("-")]
            subprocess.run(["fdtput", *options, str(tmp_path / "changed.dtb"), *[a for a in arguments if a not in options]], check=True)
        return cellcheck(tmp_path / "changed.dtb", image)
    return change


def phandle(partition, node):
    return subprocess.run(["fdtget", "-tx", str(partition), node, "phandle"], capture_output=True, text=True, check=True).stdout.strip()


def test_other_streams(bench, cellcheck, change):
    partition, _ = bench.image("iommus")
    smmu0, smmu1 = phandle(partition, "/smmuv3@9050000"), phandle(partition, "/iommu@c0000000")
    said = change(cellcheck, ("-tx", "/dma@b000000", "iommus", smmu0, "41")).stderr
    assert "dma3 (stream 0x41 of smmu0) of cell 'control' is dma0 (stream 0x41 of smmu0) of cell 'linux' too" in said
    said = change(cellcheck, ("-tx", "/dma@b000000", "iommus", smmu0, "8000")).stderr
    assert "dma0 (stream 0x8000 of smmu0) of cell 'linux': the tables have StreamIDs of 15 bits only" in said
    said = change(cellcheck, ("-tx", "/dma@b000000", "iommus", smmu0, "40", smmu1, "9")).stderr
    assert "machine_streams has 160 bytes, not 192 as the partition needs" in said
    said = change(cellcheck, ("-d", "/smmuv3@9050000", "dma-coherent")).stderr
    assert "(smmu0): it is not dma-coherent, so the core cannot switch its streams" in said


def test_masters_without_iommu(cellcheck, change):
    said = change(cellcheck, ("-d", "/dma@b000000", "iommus")).stderr # still dma-coherent
    assert "cell 'linux' has /dma@b000000, which can master the bus, without an IOMMU" in said
    said = change(cellcheck, ("-ts", "/smmuv3@9050000", "compatible", "acme,iommu")).stderr
    assert "cell 'linux' has /dma@b001000, which can master the bus, without an IOMMU" in said
    said = change(cellcheck, ("-ts", "/domains/hypervisor/linux", "cloison,restart", "always")).stderr
    assert "cell 'linux' is loaded again, but nobody resets /dma@b000000, which can master the bus" in said


def test_other_functions(bench, cellcheck, change):
    partition, _ = bench.image("pci")
    nic, multi0, multi1, mute, edu, bare = (phandle(partition, f"/pcie@10000000/{node}") for node in (
        "ethernet@1,0", "multi@2,0", "multi@2,1", "mute@6,0", "edu@3,0", "bare@4,0"))

    def access(cell, *functions):
        return "-tx", f"/domains/hypervisor/{cell}", "access", *functions
    said = change(cellcheck, access("control", edu, nic), name="pci").stderr
    assert "function nic0 of cell 'control' is given to cell 'linux' too" in said
    said = change(cellcheck, access("linux", nic, multi0, mute), access("serves", bare, multi1), name="pci").stderr
    assert "function multi1 of cell 'serves' is of the same device as multi0 of cell 'linux': they can reach each other" in said
    assert "cell 'serves' has function multi1, but not function 0 of that device" in said
    said = change(cellcheck, access("linux", nic, multi1, mute), name="pci").stderr
    assert "cell 'linux' has function multi1, but not function 0 of that device" in said
    nic0 = "/pcie@10000000/ethernet@1,0"
    said = change(cellcheck, ("-d", nic0, "cloison,reset-write"), ("-ts", nic0, "cloison,no-reset", "broken"), name="pci").stderr
    assert "cell 'linux' is loaded again, but its function nic0 cannot be reset" in said
    said = change(cellcheck, ("-tx", nic0, "cloison,reset-write", "2", "0", "1"), name="pci").stderr
    assert "the register that resets it is in none of its BARs" in said
    said = change(cellcheck, ("-d", "/pcie@10000000", "iommu-map"), name="pci").stderr
    assert f"cell 'linux' has {nic0}, which can master the bus, without an IOMMU" in said
    said = change(cellcheck, ("-tx", "/pcie@10000000", "iommu-map-mask", "f8"), name="pci").stderr
    assert "machine_streams has 192 bytes, not 160 as the partition needs" in said # multi1 has multi0's
    said = change(cellcheck, ("-tx", "/pcie@10000000", "iommu-map", "0", phandle(partition, "/smmuv3@9050000"), "100", "ffff"), name="pci").stderr
    assert "(nic0 (stream 0x108 of smmu0) of 'linux'): id is 0x8, not 0x108" in said


def test_trusted_dma(cellcheck, change, tmp_path):
    """The only way around an IOMMU: said with its reason, and for memory that devices find where the guest does."""
    result = change(cellcheck, ("-d", "/dma@b000000", "iommus"), ("-ts", "/domains/hypervisor/linux", "cloison,trusted-dma", "no SMMU here"))
    assert "without an IOMMU" not in result.stderr
    assert "cell 'linux' is trusted with DMA past an IOMMU, but its memory at guest address 0x40000000 is elsewhere" in result.stderr
    assert "DMA of dma0 past an IOMMU, so to all memory; the partition's word for cell 'linux': no SMMU here" in result.stdout
    assert "1 devices past them" in result.stdout


def test_words_about_dma(bench, cellcheck, tmp_path):
    """cloison,dma is above what a node looks like, and the certificate says when it contradicts."""
    partition, path = bench.image("dma-words")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    word = "  the word of its node (cloison,dma): {} of cell 'hello' cannot write memory by itself{}\n"
    assert word.format("/ring@b000000", ", against what the rest of its node says") in text and word.format("/spi@b002000", "") in text
    assert "  DMA of dma3 past an IOMMU, so to all memory; the partition's word for cell 'hello': its driver is <proved>" in text
    assert "  DMA of clock1 and thing4 and dma6 (stream 0x9 of smmu0), VMID 1: "\
           "memory of hello (0x50000000-0x507fffff, 0x60000000-0x60000fff, 8196 KiB), nothing else\n" in text
    assert json.loads((tmp_path / "c.json").read_text())["passive"] == [
        {"device": "/ring@b000000", "cell": "hello", "contradicted": True}, {"device": "/spi@b002000", "cell": "hello", "contradicted": False}]


def test_certificate(bench, cellcheck, tmp_path):
    partition, path = bench.image("iommus")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    assert "  DMA of dma0 (stream 0x40 of smmu0), VMID 1: "\
           "memory of linux (0x40000000-0x4fffffff, 0x100000000-0x100002fff, 262156 KiB), nothing else\n" in text
    assert "  DMA of dma3 and dma4 (stream 0x0 of smmu1), VMID 2: memory of control (0x40000000-0x40ffffff, 16384 KiB), nothing else\n" in text
    assert "  5 streams of cells behind 2 IOMMUs, aborting until the core switches them on; 0 devices past them\n" in text
    found = json.loads((tmp_path / "c.json").read_text())
    assert [(s["device"], s["others"], s["cell"], s["iommu"], s["id"], s["vmid"]) for s in found["streams"]] == [
        ("dma0", [], "linux", "smmu0", 0x40, 1), ("dma1", [], "linux", "smmu0", 0x7F, 1), ("dma2", [], "linux", "smmu1", 0x7FFF, 1),
        ("dma3", [], "control", "smmu0", 0x41, 2), ("dma3", ["dma4"], "control", "smmu1", 0, 2)]
    ram = {c["name"]: [(r["address"], r["physical"], r["size"]) for r in c["reaches"] if r["rights"] == "rwx"] for c in found["cells"]}
    for tree in found["dma"]:
        assert [(r["address"], r["physical"], r["size"]) for r in tree["reaches"]] == ram[tree["cell"]]
        assert {r["rights"] for r in tree["reaches"]} == {"rw-"}
    assert found["trusted_dma"] == []


def test_functions_are_certified(bench, cellcheck, tmp_path):
    partition, path = bench.image("pci")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    assert "  multi1: function 00:02.1 of /pcie@10000000, 1af4:1042, of cell 'linux'\n    reset: function level reset, without which boot ends\n"\
           "    BAR 0  0x0010000000       1024 KiB\n" in text
    assert "of cell 'control'\n    reset: not at all; the partition's word: QEMU's edu has no reset\n" in text
    assert "    reset: by its register at 0x0 of BAR 0 (0x0010100000), where 0x4000000 is written\n" in text
    assert "  0x0010100000          4 KiB  rw- device  BAR 0 of nic0 of cell 'linux': the register that resets nic0\n" in text
    assert "  DMA of nic0 (stream 0x8 of smmu0), VMID 1: memory of linux (0x40000000-0x4fffffff, 262144 KiB), nothing else\n" in text
    assert "       1300 KiB  rw- device  BARs 0, 1 and 3 of nic0, BAR 0 of multi0, BAR 0 of multi1\n" in text
    assert "          8 KiB  rw- device  the configuration space of multi0, the configuration space of multi1\n" in text
    rests = text.split("\nRESTS ON\n")[1]
    assert "\n  PCI peers: functions on one bus do not reach each other without passing the IOMMU" in rests
    assert "\n  PCI resets: a function" in rests
    found = {f["name"]: f for f in json.loads((tmp_path / "c.json").read_text())["functions"]}
    assert found["edu0"] == {"name": "edu0", "cell": "control", "address": "00:03.0", "vendor": 0x1234, "device": 0x11E8,
                             "configuration": "0x4010018000", "vectors": 0, "no_reset": "QEMU's edu has no reset",
                             "reset": "none", "reset_register": None,
                             "bars": [{"index": 0, "base": "0x10200000", "size": "0x100000"}]}
    assert found["nic0"]["reset_register"] == {"bar": 0, "offset": "0x0", "value": "0x4000000"} and found["nic0"]["reset"] == "register"
    assert found["multi1"]["reset"] == "function level" and found["multi1"]["reset_register"] is found["multi1"]["no_reset"] is None
    assert set(found) == {"nic0", "multi0", "multi1", "mute0", "edu0", "bare0"}


def test_messages_are_certified(bench, cellcheck, change, tmp_path):
    partition, path = bench.image("messages")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    assert "  DMA of nic0 (stream 0x8 of smmu0), VMID 3: memory of control (0x40000000-0x407fffff, 8192 KiB), "\
           "the ITS's doorbell (-w-), nothing else\n" in text
    assert "  DMA of edu0 (stream 0x10 of smmu0), VMID 2: memory of control (0x40000000-0x407fffff, 8192 KiB), nothing else\n" in text
    assert "  MSIs of disk0, DeviceID 0x18: 1 events of cell 'control'\n" in text
    found = json.loads((tmp_path / "c.json").read_text())
    assert [(d["name"], d["id"], d["events"]) for d in found["its"]["devices"]] == [("nic0", 8, 5), ("disk0", 24, 1)]
    assert [(t["cell"], t["doorbell"]) for t in found["dma"]] == [("linux", False), ("control", False), ("control", True)]
    other = "/pcie@10000000/ethernet@4,0"
    said = change(cellcheck, ("-tx", other, "cloison,msi-vectors", "1"), name="messages").stderr
    assert "cell 'linux' has messages of other0, but is mediated" in said or "cell 'control' has messages of nic0, but is mediated" in said
    said = change(cellcheck, ("-d", "/pcie@10000000", "msi-map"), name="messages").stderr
    assert "messages of nic0 of cell 'control' lead to no ITS" in said and "there is no ITS whose doorbell it could reach" in said
    said = change(cellcheck, ("-tx", "/pcie@10000000", "msi-map-mask", "e7"), name="messages").stderr
    assert "nic0 and disk0 have one DeviceID" in said or "id is 0x18, not 0x0" in said
    said = change(cellcheck, ("-tx", "/pcie@10000000/disk@3,0", "cloison,msi-vectors", "201"), name="messages").stderr
    assert "a page has no room for 513 events" in said


def test_none(bench, cellcheck):
    """A partition without such devices says so."""
    assert "DEVICES THAT WRITE MEMORY\n\n  none is with a cell\n" in cellcheck(*bench.image("two-cells")).stdout
