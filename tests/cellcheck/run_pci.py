# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Attacks by hand on PCI functions and on messages, each in the words of the attack."""
import pytest

from cellcheck_bench import attacked
from cellcheck_io import DEVICE, RAM, TABLE, Messages, Pci, el2


# ---- PCI: good/pci.dts. linux has nic0, multi0, multi1, mute0 and CPUs 1, 2; serves has bare0 and CPU 0; control edu0 and CPU 3

NIC, EDU, CONFIG = 0x10100000, 0x10200000, 0x4010000000


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
