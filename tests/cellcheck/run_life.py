# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
The life of cells: what happens leads to what, who may do what with whom, what the core has for itself. Attacks by hand,
each in the words of the attack, and every bit of the objects.
"""
import json
import re
import subprocess

import pytest

from cellcheck_bench import ROOT, SOURCES, TIMEOUT, attacked
from cellcheck_io import DEVICE, RAM, TABLE, Io, el2

FIRST, SECOND, THIRD, FOURTH, FIFTH = range(5) # cells of good/lives.dts
SERVICE, WATCHDOG, DATA, UNCACHED, REGISTERS = 7, 0x0B000000, 0x40000000000744, 0x40000000000648, 0x40000000000440
READ = 0x4000000000077C
STATUS, START, STOP = 1, 2, 4
FAULT, RESET, BEAT, DMA, STORM, LIMIT = range(6)
IGNORE, RECORD, END, RESTART = range(4)


class Life(Io):
    """machine_controls of good/lives.dts: first has second, first, third; fifth has second, fourth; the operator fifth, first."""

    def life(self, cell, offset):
        return self.object("machine_lives", cell, 32, offset)

    def control(self, index, offset):
        return self.object("machine_controls", index, 6, offset)

    def core(self, offset):
        return self.object("machine_core") + offset

    def crash(self):
        return self.get(self.core(8))


# ---- rights

def a_right_more(image):
    image.put(image.control(1, 4), image.get(image.control(1, 4), 2) | STOP, 2)


def a_right_less(image):
    image.put(image.control(0, 4), image.get(image.control(0, 4), 2) & ~START, 2)


def a_right_of_the_operator(image):
    image.put(image.control(5, 4), image.get(image.control(5, 4), 2) | STOP, 2)


def a_right_there_is_not(image):
    image.put(image.control(1, 4), image.get(image.control(1, 4), 2) | 0x40, 2)


def rights_of_another(image):
    image.put(image.control(5, 0), SECOND, 2)


def rights_over_another(image):
    image.put(image.control(2, 2), FOURTH, 2)


def a_list_of_another(image):
    """second, which controls nobody, has what is fifth's."""
    image.put(image.life(SECOND, 30), 1, 2)


def a_longer_list(image):
    """first has fifth's, too."""
    image.put(image.life(FIRST, 30), 5, 2)


def the_operators_list(image):
    image.put(image.core(48), 0, 2)


# ---- lives

def another_end(image):
    image.put(image.life(FIRST, FAULT), END, 1)


def restarts_for_ever(image):
    image.put(image.life(SECOND, RESET), RESTART, 1)


def no_action(image):
    image.put(image.life(THIRD, DMA), 9, 1)


def nobody_looks(image):
    """As in an image of a core without lifecycle."""
    for cell in range(5):
        for event in (BEAT, DMA, STORM, LIMIT):
            image.put(image.life(cell, event), IGNORE, 1)


def no_limit(image):
    image.put(image.life(FIRST, 10), 0, 2)


def a_longer_limit(image):
    image.put(image.life(FIRST, 10), 30, 2)


def a_limit_of_a_second(image):
    image.put(image.life(FIRST, 12), 1, 4)


def started_at_boot(image):
    image.put(image.life(SECOND, 6), 0, 1)


def never_started(image):
    image.put(image.life(FIRST, 6), 1, 1)


def no_heartbeat(image):
    image.put(image.life(THIRD, 20), 0, 4)


def asked_for_ever(image):
    image.put(image.life(FOURTH, 24), 0xFFFFFFFF, 4)


def key_of_another(image):
    image.put(image.life(FOURTH, 8), 7, 2)


# ---- the core itself

def halts(image):
    image.put(image.core(20), 0, 1)


def power_off_as_well(image):
    image.put(image.core(21), 3, 1)


def watchdog_off(image):
    image.put(image.core(24), 0, 4)


def watchdog_elsewhere(image):
    image.put(image.core(32), 0x09000000)


def watchdog_to_a_cell(image):
    image.put(image.entry(image.run_root(FIRST), 0x40200000), WATCHDOG | DEVICE | 1)


def watchdog_to_another_cpu(image):
    image.put(el2(image, 0, image.sections[".data"][0]), WATCHDOG + 0x10000 | REGISTERS | TABLE)


def watchdog_to_a_device(image):
    image.put(image.dma(0, 0x40200000), WATCHDOG | RAM | 1)


def crash_to_another_cpu(image):
    image.put(el2(image, 0, image.sections[".data"][0]), image.crash() | DATA | TABLE)


def crash_read_by_another_cpu(image):
    image.put(el2(image, 3, image.sections[".data"][0]), image.crash() + 0x1000 | DATA | 1 << 7 | TABLE)


def crash_to_a_cell(image):
    image.put(image.entry(image.run_root(FIRST), 0x40200000), image.crash() & ~0x1FFFFF | 0x7FC | 1)


def crash_as_a_region(image):
    """Where first has shm: read only."""
    at = image.entry(image.run_root(FIRST), 0x40200000)
    image.put(at, image.crash() & ~0x1FFFFF | READ | 1)


def crash_while_loading(image):
    image.put(image.entry(image.load_root(THIRD), 0x7FC0200000), image.crash() | READ | TABLE)


def crash_to_a_device(image):
    image.put(image.dma(0, 0x40200000), image.crash() & ~0x1FFFFF | RAM | 1)


def crash_gone(image):
    image.put(el2(image, SERVICE, image.crash()), 0)


def crash_is_code(image):
    at = el2(image, SERVICE, image.crash())
    image.put(at, image.get(at) & ~(1 << 54))


def crash_in_the_caches(image):
    at = el2(image, SERVICE, image.crash() + 0x1000)
    image.put(at, image.get(at) & ~UNCACHED | DATA)


def crash_in_a_cell(image):
    """machine_core and the service CPU's tables agree: over memory of first."""
    there, here = image.get(image.entry(image.run_root(FIRST), 0x40000000)) & 0xFFFFFFFFF000, image.crash()
    for offset in (0, 8):
        image.put(image.core(offset), there)
    for page in range(0, image.get(image.core(16), 4), 0x1000):
        at = el2(image, SERVICE, here + page)
        image.put(at, there + page | UNCACHED | TABLE)


def crash_in_the_core(image):
    for offset in (0, 8):
        image.put(image.core(offset), image.symbols["hyp_memory"])


def crash_larger(image):
    image.put(image.core(16), 0x40000, 4)


ATTACKS = {
    a_right_more: r"\[control\] cell 'first' has the right 'stop' over cell 'first', which the partition does not give",
    a_right_less: r"\[control\] cell 'first' lacks the right 'start' over cell 'second', which the partition gives",
    a_right_of_the_operator: r"\[control\] the operator has the right 'stop' over cell 'fifth', which the partition does not give",
    a_right_there_is_not: r"\[control\] rights of cell 'first' over cell 'first' are 0x49, more than there are",
    rights_of_another: r"\[control\] machine_controls\[5\]: cell 'second' controls, not the operator",
    rights_over_another: r"\[control\] machine_controls\[2\]: cell 'first' controls cell 'fourth', not cell 'third'",
    a_list_of_another: r"\[life\] machine_lives\[1\] \('second'\): controls is 0x1, not 0x0",
    a_longer_list: r"\[life\] machine_lives\[0\] \('first'\): controls is 0x5, not 0x3",
    the_operators_list: r"\[core\] machine_core: first control is 0x0, not 0x5",
    another_end: r"\[life\] cell 'first': fault leads to stop; by the partition it leads to stop-others",
    restarts_for_ever: r"\[life\] cell 'second': reset leads to restart; by the partition it leads to stop",
    no_action: r"\[life\] cell 'third': dma-fault leads to 0x9, which is no action; by the partition it leads to record",
    nobody_looks: r"\[life\] cell 'first': watchdog leads to ignore; by the partition it leads to stop",
    no_limit: r"\[life\] cell 'first' is restarted without limit; by the partition at most 3 times within 60 seconds",
    a_longer_limit: r"\[life\] cell 'first' is restarted at most 30 times within 60 seconds; by the partition 3 times within 60 seconds",
    a_limit_of_a_second: r"\[life\] cell 'first' is restarted at most 3 times within 1 seconds; by the partition 3 times within 60 seconds",
    started_at_boot: r"\[life\] cell 'second' is started at boot; by the partition it waits until somebody starts it",
    never_started: r"\[life\] cell 'first' waits until somebody starts it; by the partition it is started at boot",
    no_heartbeat: r"\('third'\): period of the heartbeat is 0x0, not 0xa",
    asked_for_ever: r"\('fourth'\): shutdown time is 0xffffffff, not 0xa",
    key_of_another: r"\[life\] cell 'fourth': its power key is device 7 of machine_vdevs, not 0 \(of 0\)",
    halts: r"\[core\] machine_core: panic resets is 0x0, not 0x1",
    power_off_as_well: r"\[core\] machine_core: rights over the board is 0x3, not 0x1",
    watchdog_off: r"\[core\] machine_core: watchdog_seconds is 0x0, not 0xa",
    watchdog_elsewhere: r"\[core\] machine_core: watchdog_base is 0x9000000, not 0xb000000",
    watchdog_to_a_cell: r"\[reach\] cell 'first', guest address 0x40200000, reaches the board's watchdog wdt0, by which it is set, which the "
                        r"core has for itself, on CPU 7 alone",
    watchdog_to_another_cpu: r"\[reach\] core on CPU 0, address 0x\w+, reaches the board's watchdog wdt0, by which it is fed, which the core "
                             r"has for itself, on CPU 7 alone",
    watchdog_to_a_device: r"\[reach\] DMA of cell 'third' by dma0 .*, guest address 0x40200000, reaches the board's watchdog wdt0",
    crash_to_another_cpu: r"\[reach\] core on CPU 0, address 0x\w+, reaches the crash region crash, which the core has for itself, on CPU 7 alone",
    crash_read_by_another_cpu: r"\[reach\] core on CPU 3, address 0x\w+, reaches the crash region crash, which the core has for itself",
    crash_to_a_cell: r"\[reach\] cell 'first', guest address 0x40200000, reaches the crash region crash, which the core has for itself",
    crash_as_a_region: r"\[reach\] cell 'first', guest address 0x40200000, reaches the crash region crash, which the core has for itself",
    crash_while_loading: r"\[reach\] cell 'third' while loading, guest address 0x7fc0200000, reaches the crash region crash",
    crash_to_a_device: r"\[reach\] DMA of cell 'third' by dma0 .*, guest address 0x40200000, reaches the crash region crash",
    crash_gone: r"core on CPU 7: address 0x\w+ reaches nothing; it should reach physical 0x\w+ \(4 KiB, rw- uncached\)",
    crash_is_code: r"core on CPU 7: address 0x\w+ reaches physical 0x\w+ \(4 KiB, .*: the crash region crash; it should be",
    crash_in_the_caches: r"core on CPU 7: address 0x\w+ reaches physical 0x\w+ \(4 KiB, rw-\): the crash region crash; it should be 0x\w+ \(4 KiB, rw- uncached\)",
    crash_in_a_cell: r"\[reach\] cell 'first', guest address 0x40000000, reaches the crash region crash, which the core has for itself",
    crash_in_the_core: r"\[region\] region crash is at 0x40000000, 0x\w+ bytes: not whole pages of RAM besides the hypervisor's",
    crash_larger: r"\[core\] machine_core: crash_size is 0x40000, not 0x",
}


# Of good/watchdog-and-key.dts: linux has a UART, a watchdog, a GPIO; control a watchdog and two GPIOs; second as linux.

def a_line_for_a_watchdog(image):
    image.put(image.object("machine_vdevs", 3, 48, 40), 232, 4) # linux's has it


def a_number_for_a_watchdog(image):
    image.put(image.object("machine_vdevs", 7, 48, 40), 32 + 7, 4)


def a_watchdog_that_is_a_uart(image):
    image.put(image.object("machine_vdevs", 1, 48, 0), image.get(image.object("machine_vdevs", 0, 48, 0)))


def the_key_of_the_upper(image):
    image.put(image.life(SECOND, 8), 5, 2)


OF_DEVICES = {
    a_line_for_a_watchdog: r"\[line\] watchdog@9010000 of 'control': line is 0xe8, not 0x0",
    a_number_for_a_watchdog: r"\[line\] watchdog@9010000 of 'second': line is 0x27, not 0x0",
    a_watchdog_that_is_a_uart: r"\[device\] machine_vdevs\[1\] \(watchdog@9010000 of 'linux'\): operations is",
    the_key_of_the_upper: r"\[life\] cell 'control': its power key is device 5 of machine_vdevs, not 4",
}


@pytest.mark.parametrize("attack", OF_DEVICES, ids=lambda a: a.__name__)
def test_attack_on_devices(bench, cellcheck, tmp_path, attack):
    attacked(bench, cellcheck, tmp_path, "watchdog-and-key", attack, OF_DEVICES[attack], Life)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_attack(bench, cellcheck, tmp_path, attack):
    attacked(bench, cellcheck, tmp_path, "lives", attack, ATTACKS[attack], Life)


@pytest.mark.parametrize("name", ["machine_lives", "machine_controls", "machine_core"])
def test_every_bit(bench, tools, name):
    partition, image = bench.image("lives")
    result = subprocess.run([str(tools[1]), str(partition), str(image), "all", name], capture_output=True, text=True, timeout=10 * TIMEOUT,
                            check=False)
    assert (result.returncode, result.stdout) == (0, "") and re.fullmatch(r"flip: \d{3,} bits, 0 not reported\n", result.stderr)


# ---- another partition

HYPERVISOR, CELL = "/domains/hypervisor", "/domains/hypervisor/first"


def phandle(partition, node):
    return subprocess.run(["fdtget", "-tx", str(partition), node, "phandle"], capture_output=True, text=True, check=True).stdout.strip()


def test_other_rights(bench, cellcheck, change):
    partition, _ = bench.image("lives")
    said = change(cellcheck, ("-ts", HYPERVISOR, "cloison,controls-rights", "status", "status"), name="lives").stderr
    assert "the operator has the right 'start' over cell 'fifth', which the partition does not give" in said
    said = change(cellcheck, ("-d", HYPERVISOR, "cloison,controls"), name="lives").stderr
    assert "machine_controls has 42 bytes, not 30 as the partition needs" in said
    said = change(cellcheck, ("-tx", CELL, "cloison,controls", phandle(partition, "/reserved-memory/crash")), name="lives")
    assert said.returncode == 2 and "first: cloison,controls names no cell" in said.stderr
    said = change(cellcheck, ("-ts", CELL, "cloison,controls-rights", "status", "kill", "stop"), name="lives")
    assert said.returncode == 2 and "there is no right 'kill'" in said.stderr


def test_no_service_cpu(cellcheck, change):
    said = change(cellcheck, ("-d", HYPERVISOR, "cpus"), name="lives").stderr
    assert "there is a crash region or a board watchdog, and no service CPU to use it" in said
    assert "there are rights over cells, and no service CPU to carry out what is asked" in said
    assert "cell 'third' has a heartbeat or is asked to shut down, and there is no service CPU to do that" in said
    assert "cell 'first': interrupt-storm leads to reset-board, and there is no service CPU to do that" in said


def test_other_crash_region(bench, cellcheck, change):
    partition, _ = bench.image("lives")
    crash = phandle(partition, "/reserved-memory/crash")
    said = change(cellcheck, ("-tx", CELL, "memory-region", phandle(partition, "/reserved-memory/shm"), crash), name="lives").stderr
    assert "the crash region crash is a region of cell 'first', too" in said
    said = change(cellcheck, ("-tx", "/reserved-memory/crash", "size", "0", "1000"), name="lives").stderr
    assert "the crash region crash has 4 KiB; records of 5 cells need " in said
    text = change(cellcheck, ("-d", "/dma@b100000", "iommus"), ("-ts", f"{HYPERVISOR}/third", "cloison,trusted-dma", "trusted"), name="lives").stdout
    assert "the crash region crash: reached by the core on CPU 7, by no other CPU, no cell, no device of a cell but those past an IOMMU\n" in text
    said = change(cellcheck, ("-d", HYPERVISOR, "cloison,crash-region"), name="lives").stderr
    assert re.search(r"core on CPU 7: address 0x\w+ reaches physical 0x\w+ .* nothing should be there", said)


def test_loaded_again_by_others(cellcheck, change):
    """What nobody resets makes a second life dangerous, whoever begins it."""
    said = change(cellcheck, ("-tx", f"{HYPERVISOR}/linux", "phandle", "77"), ("-tx", HYPERVISOR, "cloison,controls", "77"),
                  ("-ts", HYPERVISOR, "cloison,controls-rights", "restart")).stderr
    assert "cell 'linux' is loaded again, but nobody resets /dma@b000000, which can master the bus" in said
    said = change(cellcheck, ("-tx", f"{HYPERVISOR}/linux", "phandle", "77"), ("-tx", HYPERVISOR, "cloison,controls", "77"),
                  ("-ts", HYPERVISOR, "cloison,controls-rights", "stop suspend resume status")).stderr
    assert "is loaded again" not in said


# ---- what is said

def test_lives_are_certified(bench, cellcheck, tmp_path):
    partition, path = bench.image("lives")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    parts = {name: text.split(f"\nCELL '{name}' ")[1].split("\n\n")[1] for name in ("first", "second", "third", "fourth", "fifth")}
    assert parts["first"].startswith(
        "  life: restart on-reset\n    starts           at boot\n    fault            stop-others\n    reset            restart\n"
        "    watchdog         none\n    dma-fault        record\n    interrupt-storm  reset-board\n"
        "    restart-limit    stop-others, at more than 3 restarts within 60 seconds\n"
        "    controlled by    cell 'first' may do with it: status, restart\n"
        "                     the operator may do with it: status, start, stop, restart, suspend, resume\n"
        "    it controls      cell 'second': status, start, stop\n    it controls      cell 'first': status, restart\n"
        "    it controls      cell 'third': suspend, resume\n"
        "    by its doing     all other cells can be stopped (fault, restart-limit)\n"
        "    by its doing     the board can be reset (interrupt-storm)\n")
    assert "\n    starts           when somebody starts it\n" in parts["second"] and "while loading, at each start," in parts["second"]
    assert "\n    watchdog         ignore, by a heartbeat: the first within 86400000 ms, then each within 10 ms\n" in parts["third"]
    assert "while loading, once," in parts["third"]
    assert "\n    stop, restart    it is asked first, and stopped after 10 ms\n" in parts["fourth"]
    core = text.split("\nTHE CORE ITSELF\n\n")[1].split("\n\n")[0]
    assert core.startswith("  after a panic the board is reset\n") and "\n  the operator may do with cell 'fifth': status, start\n" in core
    assert re.search(r"\n  0x00\w+ +\d+ KiB  the crash region crash: reached by the core on CPU 7, by no other CPU, no cell, no device of a cell\n",
                     core)
    assert re.search(r"\n  0x000b010000 +4 KiB  the board's watchdog wdt0, by which it is fed: reached by the core on CPU 7,", core)
    assert "CORE ON CPU 7" in text and re.search(r"rw- uncached .*the crash region crash\n", text.split("CORE ON CPU 7")[1])
    found = json.loads((tmp_path / "c.json").read_text())
    lives = {c["name"]: c["life"] for c in found["cells"]}
    assert lives["first"]["actions"] == {"fault": "stop-others", "reset": "restart", "watchdog": "stop", "dma-fault": "record",
                                         "interrupt-storm": "reset-board", "restart-limit": "stop-others"}
    assert [(r["cell"], r["rights"]) for r in lives["second"]["controlled_by"]] == [
        ("first", ["status", "start", "stop"]), ("fifth", ["status", "start", "stop", "restart", "suspend", "resume"])]
    assert lives["first"]["controlled_by"][1]["cell"] is None and lives["fifth"]["start"] == "manual"
    assert (lives["third"]["first_heartbeat_ms"], lives["third"]["heartbeat_ms"], lives["third"]["shutdown_ms"]) == (86400000, 10, None)
    itself = found["core_itself"]
    assert found["lifecycle"] and itself["panic"] == "reset" and itself["watchdog"] == {
        "name": "wdt0", "control": "0xb000000", "refresh": "0xb010000", "seconds": 10}
    assert [o["cell"] for o in itself["operator"]] == ["fifth", "first"] and itself["crash_region"]["name"] == "crash"


def test_nothing_is_certified(bench, cellcheck, tmp_path):
    partition, path = bench.image("two-cells")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    assert "\nTHE CORE ITSELF\n\n  after a panic the CPU halts\n  the operator may reset the board and switch it off\n  the operator may do nothing with cells\n" in text
    assert json.loads((tmp_path / "c.json").read_text())["core_itself"] == {"panic": "halt", "board_rights": 3, "crash_region": None, "watchdog": None,
                                                                           "operator": []}


def test_without_lifecycle(bench, cellcheck, tmp_path):
    """A core that looks after nothing: the image says so, and so does the certificate."""
    partition, path = bench.without("two-cells", "lifecycle")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    assert "  life: restart never; the core does nothing else, by how it is built\n" in text and "while loading, once," in text
    found = json.loads((tmp_path / "c.json").read_text())
    assert not found["lifecycle"] and {a for c in found["cells"] for a in c["life"]["actions"].values()} == {"stop", "ignore"}


def test_room_for_records():
    """What the core's header says of the crash region is what is asked of it here."""
    header = (ROOT / "src" / "core" / "crash.h").read_text()
    size = {name: int(value) for name, value in re.findall(r"#define CRASH_(SLOT|HEAD|AUDIT|PANIC) (\d+)u", header)}
    source = (SOURCES / "core.c").read_text()
    front = re.search(r"#define CRASH_FRONT \((\d+) \* KIB \+ (\d+) \* KIB \+ (\d+) \* KIB\)", source)
    assert [int(n) * 1024 for n in front.groups()] == [size["HEAD"], size["AUDIT"], size["PANIC"]]
    assert int(re.search(r"#define CRASH_SLOTS \(2 \* (\d+) \* KIB\)", source)[1]) * 1024 == size["SLOT"]
