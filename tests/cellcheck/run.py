#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Tests of cellcheck: good images get their certificate, every single-bit flip is reported, attacks made by hand are
reported in the words of the attack, and nothing that is read can crash it.

    python3 -m pytest tests/cellcheck                     everything
    SEED=n FLIPS=n python3 -m pytest tests/cellcheck      the random part again, or longer
"""
import hashlib
import json
import os
import pathlib
import random
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cellcheck_bench  # noqa: E402
from cellcheck_bench import HERE, ROOT, TIMEOUT, Image, attacked  # noqa: E402
import cellgen_images  # noqa: E402
from cellgen_desk import GOOD  # noqa: E402

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
FLIPS = int(os.environ.get("FLIPS", 4000))
# In which images bits are flipped: direct and mediated cells, devices, several ranges, kicks, limits, initrds.
FLIPPED = ["two-cells", "devices", "mediated-devices", "interrupt-limits", "several-ranges", "shared-service-cpu",
           "virtual-interrupts", "no-service-cpu", "colors", "colors-shared", "colors-two-levels", "colors-beside-uncoloured",
           "colors-of-the-core", "colors-around-holes", "colors-all", "image-kinds", "shared-regions", "colors-regions", "iommus",
           "iommus-colors", "pci", "messages", "lives", "watchdog-and-key"]


# ---- what is right

@pytest.mark.parametrize("name", [*GOOD, *cellcheck_bench.OWN])
def test_good(bench, cellcheck, board, tmp_path, name):
    partition, image = bench.image(name)
    result = cellcheck(partition, "--board", board, "--json", tmp_path / "c.json", image)
    assert (result.returncode, result.stderr) == (0, "") and result.stdout.startswith("cellcheck: certificate\n")
    found = json.loads((tmp_path / "c.json").read_text())
    assert found["holds"] and not found["findings"] and not found["not_settled"]
    report = json.loads((image.parent / "gen" / "report.json").read_text())
    assert found["configuration"] == report["hash"]
    for ours, theirs in zip(found["cells"], report["cells"]):
        assert ours["name"] == theirs["name"]
        ram = [(r["address"], r["size"]) for r in ours["reaches"] if r["rights"] == "rwx"]
        meant = [(int(m["guest"], 16), int(m["size"], 16)) for m in theirs["memory"]]
        assert sum(int(s, 16) for _, s in ram) == sum(s for _, s in meant)
    assert {ln["intid"] for ln in found["lines"]} == {ln["intid"] for ln in report["lines"]}


def test_says_what_it_looked_at(bench, cellcheck, tmp_path):
    """One line on standard output when the certificate goes into a file; the same hashes everywhere."""
    partition, image = bench.image("colors")
    result = cellcheck(partition, "--text", tmp_path / "c.txt", "--json", tmp_path / "c.json", image)
    found = json.loads((tmp_path / "c.json").read_text())
    words = f"configuration {found['configuration']}, image {found['image_sha256']}, tables {found['tables_sha256']}"
    assert (result.returncode, result.stdout, result.stderr) == (0, f"cellcheck: holds; {words}\n", "")
    text = (tmp_path / "c.txt").read_text()
    assert all(hash_ in text for hash_ in (found["configuration"], found["image_sha256"], found["tables_sha256"]))
    assert hashlib.sha256(image.read_bytes()).hexdigest() == found["image_sha256"]


def test_restarts_are_said(bench, cellcheck, tmp_path):
    partition, image = bench.image("restart")
    text = cellcheck(partition, "--json", tmp_path / "c.json", image).stdout
    found = {c["name"]: (c["restart"], c["restart_limit"]) for c in json.loads((tmp_path / "c.json").read_text())["cells"]}
    assert found == {"linux": ("always", {"restarts": 32, "seconds": 86400}), "second": ("on-reset", None),
                     "third": ("on-failure", {"restarts": 1, "seconds": 1}), "fourth": ("never", None)}
    for cell, restart, fault, reset, limit, loading in (
            ("linux", "always", "restart", "restart", "stop, at more than 32 restarts within 86400 seconds", "at each start"),
            ("second", "on-reset", "stop", "restart", "none", "at each start"),
            ("third", "on-failure", "restart", "stop", "stop, at more than 1 restarts within 1 seconds", "at each start"),
            ("fourth", "never", "stop", "stop", "none", "once")):
        part = text.split(f"\nCELL '{cell}' ")[1].split("\n\n")[1]
        assert part.startswith(f"  life: restart {restart}\n    starts           at boot\n    fault            {fault}\n    reset            {reset}\n")
        assert f"\n    restart-limit    {limit}\n" in part and f"\n  while loading, {loading}, before its first instruction:\n" in part


def test_colors_are_said(bench, cellcheck, tmp_path):
    for name, parties in {"colors": {"hypervisor": "24-31", "linux": "0-15", "control": "16-23"},
                          "colors-beside-uncoloured": {"hypervisor": None, "linux": None}, "two-cells": {"linux": None}}.items():
        partition, image = bench.image(name)
        text = cellcheck(partition, "--json", tmp_path / "c.json", image).stdout
        found = json.loads((tmp_path / "c.json").read_text())["colors"]
        assert parties.items() <= {p["name"]: p["colors"] for p in found["parties"]}.items()
        assert all(f"'{party}': {colors}" in text for party, colors in parties.items() if colors and party != "hypervisor")
        assert {c["cache"]: c["colors"] for c in found["caches"]} == {"/cpus/l2-cache": 32}
        assert ("so it can meet everybody here" in text) == (name == "colors-beside-uncoloured")


@pytest.mark.parametrize("name", ["two-cells", "colors", "colors-of-the-core", "iommus", "iommus-colors", "pci", "messages", "lives",
                                  "watchdog-and-key"])
def test_bin_is_the_same_memory(bench, cellcheck, tmp_path, name):
    """cloison.bin with the ELF's symbols, and alone."""
    partition, image = bench.image(name)
    elf, data, spoiled_path = Image(image), (image.parent / "image.bin").read_bytes(), tmp_path / "spoiled.bin"
    base = elf.symbols["hyp_base"]
    for symbols in (["--symbols", image], []):
        arguments = ["--quiet", "--base", hex(base), *symbols]
        result = cellcheck(partition, *arguments, image.parent / "image.bin")
        assert (result.returncode, result.stderr) == (0, "")
        for link in (".roots", ".tables", ".rodata", ".copier", *({".streams"} & set(elf.sections))):
            spoiled = bytearray(data)
            spoiled[elf.phys(elf.sections[link][0]) - base + 8] ^= 4
            spoiled_path.write_bytes(spoiled)
            assert cellcheck(partition, *arguments, spoiled_path).returncode == 1, link
        for size in (5000, 100000, len(data) - 5000):
            spoiled_path.write_bytes(data[:size])
            assert cellcheck(partition, *arguments, spoiled_path).returncode in (1, 2)
        assert cellcheck(partition, "--quiet", "--base", hex(base + 0x200000), *symbols, image.parent / "image.bin").returncode in (1, 2)


def test_scale(tools, bench, tmp_path):
    """Dozens of cells, CPUs, devices; tests/cellgen/scale.py --help says how to ask for more."""
    result = subprocess.run([sys.executable, str(ROOT / "tests" / "cellgen" / "scale.py"), str(tmp_path), "--run", "--cells", "24", "--cpus",
                             "49", "--devices", "96", "--gib", "1", "--cellgen", str(bench.desk.cellgen), "--cellcheck", str(tools[0])],
                            capture_output=True, text=True, timeout=10 * TIMEOUT, check=False)
    assert result.returncode == 0 and "cellcheck: holds" in result.stdout, result.stdout + result.stderr


@pytest.mark.skipif(not (ROOT / "guests" / "manifest").exists(), reason="no Linux kernel: tools/fetch-guests")
def test_demo(tools, tmp_path):
    """The real thing, by make (DEMO: where it is already): direct and mediated cells, the core's own code, a Linux kernel."""
    made = pathlib.Path(os.environ.get("DEMO") or tmp_path / "demo")
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "O", "CC")}
    for goal in () if os.environ.get("DEMO") else ("qemu-virt-aarch64-demo_defconfig", "all"):
        result = subprocess.run(["make", "-s", "-j2", f"O={made}", goal], cwd=ROOT, env=environment, capture_output=True,
                                text=True, timeout=15 * TIMEOUT, check=False)
        assert (result.returncode, result.stderr) == (0, "") and re.fullmatch(r"(cellcheck: holds; .*\n)?", result.stdout)
    found = json.loads((made / "certificate.json").read_text())
    assert found["holds"] and not found["not_settled"]
    assert all(change.startswith("/reserved-memory") for change in found["board_changes"])  # its crash region
    assert {c["interrupts"] for c in found["cells"]} == {"direct", "mediated"} and found["msr"]
    result = subprocess.run([str(tools[1]), str(made / "partition.dtb"), str(made / "cloison.elf"), str(SEED), "60"], capture_output=True, text=True, timeout=10 * TIMEOUT, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", ""), f"SEED={SEED}"


# ---- every bit counts

@pytest.mark.parametrize("name", FLIPPED)
def test_every_flip_is_reported(bench, tools, name):
    partition, image = bench.image(name)
    count = str(FLIPS // len(FLIPPED))
    print(f"SEED={SEED}")
    result = subprocess.run([str(tools[1]), str(partition), str(image), str(SEED), count], capture_output=True, text=True,
                            timeout=10 * TIMEOUT, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", ""), f"SEED={SEED}"


# ---- attacks by hand: NAME -> what is done to an image of two-cells, and what must be said

TABLE, PAGE, S2_RAM, S2_READ, S2_DEVICE, XN = 3, 0x1000, 0x7FC, 0x4000000000077C, 0x4004C4 | 0x40000000000000, 1 << 54


def in_both(image, cell, change):
    """The root in force and its original are the same page twice."""
    for root in (image.get(image.cell(cell, 48)), image.get(image.cell(cell, 56))):
        change(root)


def share_a_page(image):
    theirs = image.get(image.entry(image.run_root(1), 0x40000000))
    image.put(image.entry(image.run_root(0), 0x40200000), theirs)


def share_while_loading(image):
    """An entry of its own where the load root has to have the run root's."""
    theirs = image.get(image.link(image.run_root(1)) + 8)
    image.put(image.link(image.load_root(0)) + 8, theirs)


def load_into_nowhere(image):
    image.put(image.link(image.load_root(0)) + 16, image.get(image.link(image.load_root(0)) + 8))


def map_the_core(image):
    at = image.entry(image.run_root(0), 0x40200000)
    image.put(at, image.symbols["hyp_base"] & ~0x1FFFFF | S2_RAM | 1)


def map_an_image(image):
    at = image.entry(image.run_root(0), 0x40200000)
    image.put(at, image.phys(image.sections[".image.0"][0]) & ~0x1FFFFF | S2_RAM | 1)


def write_text(image):
    at = image.entry(image.get(image.regs(0, 40)), image.symbols["hyp_base"])
    image.put(at, image.get(at) & ~(1 << 7))


def execute_data(image):
    at = image.entry(image.get(image.regs(0, 40)), image.sections[".data"][0])
    image.put(at, image.get(at) & ~(1 << 54))


def execute_what_is_written(image):
    """A data page of CPU 1 is a page of code of CPU 0."""
    at = image.entry(image.get(image.regs(1, 40)), image.sections[".data"][0])
    image.put(at, image.phys(image.sections[".text"][0]) | image.get(at) & ~0xFFFFFFFFF000)


def vttbr_of_another(image):
    cpus = [image.get(image.regs(n, 56)) for n in range(8)]
    owned = [n for n in range(8) if cpus[n]]
    image.put(image.regs(owned[0], 56), next(v for v in cpus if v and v != cpus[owned[0]]))


def own_the_kick(image):
    kick = next(k for k in (image.get(image.object("machine_cpus", n, 40, 32), 4) for n in range(8)) if k)
    at = image.cell(1, 104 + kick // 32 * 4)
    image.put(at, image.get(at, 4) | 1 << kick % 32, 4)


def line_of_another(image):
    for word in range(1, 32):
        theirs, at = image.get(image.cell(0, 104 + 4 * word), 4), image.cell(1, 104 + 4 * word)
        image.put(at, image.get(at, 4) | theirs, 4)


def table_outside(image):
    in_both(image, 0, lambda root: image.put(root + 8, 0x48000000 | TABLE))


def table_in_data(image):
    in_both(image, 0, lambda root: image.put(root + 8, image.phys(image.sections[".data"][0] & ~0xFFF) | TABLE))


def table_of_another(image):
    theirs = image.get(image.link(image.run_root(1)) + 8)
    in_both(image, 0, lambda root: image.put(root + 8, theirs))


def loop(image):
    in_both(image, 0, lambda root: image.put(root + 8, image.run_root(0) | TABLE))


def root_in_force(image):
    image.put(image.get(image.cell(0, 48)) + 0x7F8, 0x40000000 | S2_RAM | 1)


def unused_bits(image):
    at = image.entry(image.run_root(0), 0x40000000)
    image.put(at, image.get(at) | 1 << 55)


def no_virtual_memory(image):
    cpu = next(n for n in range(8) if image.get(image.regs(n, 56)))
    image.put(image.regs(cpu, 72), image.get(image.regs(cpu, 72)) & ~1)


def load_over_the_end(image):
    page = image.link(image.get(image.entry(image.load_root(0), 0x7FC0001000)) & 0xFFFFFFFFF000)
    image.put(page + 24, 0x7FC0000000 - 0x1000)


def another_kernel(image):
    image.put(image.sections[".image.0"][0] + 0x200, 0x1234)


def behind_the_initrd(image):
    """Copied, because lists copy multiples of 16 bytes, but no byte of the file and so not in machine_hash."""
    size = len(cellgen_images.FILES["initrd"])
    assert size % 16
    image.put(image.sections[".image.1"][0] + size, 1, 1)


def gic_to_a_cell(image):
    theirs = image.get(image.symbols["machine_board"])
    at = image.entry(image.run_root(0), 0x40200000)
    image.put(at, theirs & ~0x1FFFFF | S2_DEVICE & ~0x400000 | 1)


def another_copier(image):
    image.put(image.sections[".copier"][0] + 0x1008, 1)


def boot_elsewhere(image):
    at = image.symbols["boot_frames"] + 4 * 16
    image.put(at, image.get(at, 4) + 1, 4)


def load_elsewhere(image):
    """Two program headers that swap their frames."""
    first, second = [image.header(n, 24) for n in range(image.phnum) if image.segments[n][0] >= image.sections[".tables"][0]][:2]
    image.bytes[first:first + 8], image.bytes[second:second + 8] = image.bytes[second:second + 8], image.bytes[first:first + 8]


def index_elsewhere(image):
    image.put(image.symbols["machine_index"] + 16 * 9, 0x40010000)


ATTACKS = {
    share_while_loading: r"cell '\w+' while loading, guest address 0x4\w+, physical page 0x\w+ \(rwx\): also reachable by cell|"
                         r"is used by another tree already",
    load_into_nowhere: r"while loading: the page at 0x\w+ is used by another tree already",
    another_copier: r"the copier of cell '\w+' is not that of cell '\w+'",
    boot_elsewhere: r"boot_frames: element 16 is",
    load_elsewhere: r"lies at 0x\w+; the lowest free frame of its colours is|is no page of .tables",
    index_elsewhere: r"machine_index\[9\]: address is 0x40010000",
    execute_what_is_written: r"the core can write 0x\w+ on one CPU, or at one address, and execute it on another",
    share_a_page: r"cell '\w+', guest address 0x40\w+, physical page 0x\w+ \(rwx\): also reachable by cell '\w+' \(guest address 0x4\w+",
    map_the_core: r"guest address 0x40\w+, physical page 0x\w+ \(rwx\): also reachable by the core",
    map_an_image: r"reaches \.image\.0, a pristine image",
    write_text: r"core on CPU 0: address 0x40000000 reaches",
    execute_data: r"core on CPU 0: address 0x\w+ reaches",
    vttbr_of_another: r"vttbr_run is",
    own_the_kick: r"line \d+ reaches cell '\w+' .* but it is the core \(a kick\)",
    line_of_another: r"line \d+ reaches cell '\w+' .* but it is cell '\w+'",
    table_outside: r"a table at 0x48000000, which is no page of .tables",
    table_in_data: r"a table at 0x\w+, which is no page of .tables",
    table_of_another: r"is used by another tree already",
    loop: r"is used twice in this tree \(a loop\?\)",
    root_in_force: r"is not its constant original",
    unused_bits: r"attributes 0x80\w+, which nothing has",
    no_virtual_memory: r"hcr_run is",
    load_over_the_end: r"not the cell's RAM",
    another_kernel: r"machine_hash is not that of",
    behind_the_initrd: r"is copied, but behind the end of the file and not zero",
    gic_to_a_cell: r"also reachable by the core|the interrupt distributor",
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_attack(bench, cellcheck, tmp_path, attack):
    attacked(bench, cellcheck, tmp_path, "two-cells", attack, ATTACKS[attack])


# ---- colours: the same, with an image of `colors`: linux has 0-15, control 16-23, the core 24-31

def wrong_color(image):
    at = image.entry(image.run_root(0), 0x40010000)
    image.put(at, image.get(at) ^ 16 << 12)


def wrong_window(image):
    at = image.entry(image.run_root(0), 0x40011000)
    image.put(at, image.get(at) ^ 32 << 12)


def window_left_out(image):
    """All leaves of linux's memory, one window on: still its colours."""
    for at in range(0x40000000, 0x41000000, 0x1000):
        entry = image.entry(image.run_root(0), at)
        image.put(entry, image.get(entry) + 0x20000)


def table_of_wrong_color(image):
    """A page of linux's tables lies in a frame of control's, and the other way round, all pointers with them."""
    first, second = image.get(image.link(image.run_root(0)) + 8), image.get(image.link(image.run_root(1)) + 8)
    for cell, table in ((0, second), (1, first)):
        for root in (image.get(image.cell(cell, 48)), image.get(image.cell(cell, 56)), image.link(image.load_root(cell))):
            image.put(root + 8, table)
    one, two = image.link(first & ~0xFFF), image.link(second & ~0xFFF)
    for offset in range(0, 0x1000, 8):
        a, b = image.get(one + offset), image.get(two + offset)
        image.put(one + offset, b)
        image.put(two + offset, a)


def copier_of_another(image):
    """The load root of linux leads to control's copier: the same bytes."""
    image.put(image.entry(image.load_root(0), 0x7FC0000000), image.get(image.entry(image.load_root(1), 0x7FC0000000)))


def code_of_wrong_color(image):
    at = image.entry(image.get(image.regs(0, 40)), image.symbols["hyp_base"] + 0x1000)
    image.put(at, image.get(at) ^ 16 << 12)


def sets_and_ways(image):
    cpu = next(n for n in range(8) if image.get(image.regs(n, 56)))
    image.put(image.regs(cpu, 72), image.get(image.regs(cpu, 72)) & ~(1 << 22))


COLOR_ATTACKS = {
    wrong_color: r"cell 'linux', guest address 0x40010000: physical page 0x\w+ has colour (1[6-9]|2\d|3[01]), which is not among its own "
                 r"\(0-15\): that is the colour of (cell 'control'|the core); at that page: ",
    wrong_window: r"cell 'linux': guest address 0x40011000 reaches physical 0x\w+ .* it should be 0x",
    window_left_out: r"does not begin at 0x\w+, as machine_index or the partition says",
    table_of_wrong_color: r"cell 'linux': page \d+ of .tables: physical page 0x\w+ has colour \d+, which is not among its own \(0-15\): "
                          r"that is the colour of cell 'control'; at that page: .tables of the image",
    copier_of_another: r"cell '\w+' while loading, guest address 0x7fc0000000, physical page 0x\w+ \(r-x\): also reachable by cell",
    code_of_wrong_color: r"core on CPU 0, address 0x\w+: physical page 0x\w+ has colour \d+, which is not among its own \(24-31\)",
    sets_and_ways: r"hcr_run is",
}


@pytest.mark.parametrize("attack", COLOR_ATTACKS, ids=lambda a: a.__name__)
def test_color_attack(bench, cellcheck, tmp_path, attack):
    attacked(bench, cellcheck, tmp_path, "colors", attack, COLOR_ATTACKS[attack])


@pytest.fixture(name="change")
def fixture_change(bench, tmp_path):
    """What cellcheck says of an image of `colors` when the partition is another."""
    def change(cellcheck, *fdtput):
        partition, image = bench.image("colors")
        (tmp_path / "changed.dtb").write_bytes(partition.read_bytes())
        subprocess.run(["fdtput", str(tmp_path / "changed.dtb"), *fdtput], check=True)
        return cellcheck(tmp_path / "changed.dtb", image).stderr
    return change


def test_colors_in_common(cellcheck, change):
    hypervisor, cache = "/domains/hypervisor", "/cpus/l2-cache"
    said = change(cellcheck, "-ts", f"{hypervisor}/control", "llc-colors", "15-23")
    assert f"cell 'linux' (0-15) and cell 'control' (15-23) have colours in common in the cache {cache}" in said
    said = change(cellcheck, "-ts", hypervisor, "llc-colors", "23-31")
    assert "the core (23-31) and cell 'control' (16-23) have colours in common" in said
    said = change(cellcheck, "-tx", cache, "cache-sets", "400") # half as many colours
    assert "llc-colors is \"24-31\", with 16 colours" in said
    said = change(cellcheck, "-tx", cache, "cache-sets", "1000") # twice as many
    assert "of 64 colours" in said or "has colour" in said
    said = change(cellcheck, "-tx", cache, "cache-size", "1000")
    assert f"the cache {cache}: its size is no multiple of sets times line size" in said
    said = change(cellcheck, "-d", cache, "cache-size")
    assert f"the cache {cache}: its size, sets or line size is missing" in said


# ---- kernels of all kinds: what is moved in image-kinds, and what must be said

ELF, IMAGE, INSISTED, GZIP, RAW, RAW_BASE = range(6)


def start_elsewhere(image, cell, by=4):
    image.put(image.cell(cell, 32), image.get(image.cell(cell, 32)) + by)


def go_elsewhere(image, cell):
    """Kernel and entry together, so that nothing but the place is wrong."""
    page = image.link(image.get(image.entry(image.load_root(cell), 0x7FC0001000)) & 0xFFFFFFFFF000)
    image.put(page + 24, image.get(page + 24) + 0x1000)
    start_elsewhere(image, cell, 0x1000)


@pytest.mark.parametrize("cell,change,said", [
    (ELF, start_elsewhere, "machine_hash is not that of"), (ELF, go_elsewhere, "machine_hash is not that of"),
    (INSISTED, go_elsewhere, "machine_hash is not that of"), (GZIP, go_elsewhere, "machine_hash is not that of"),
    (IMAGE, go_elsewhere, r"kernel of 'control': target is 0x40001000, not 0x40000000"),
    (IMAGE, start_elsewhere, r"kernel of 'control': entry is 0x40000004, not 0x40000000"),
    (RAW, go_elsewhere, r"kernel of 'fifth': target is 0x40346670, not 0x40345670"),
    (RAW, start_elsewhere, r"kernel of 'fifth': entry is 0x40346674, not 0x40346670"),
    (RAW_BASE, start_elsewhere, r"kernel of 'sixth': entry is 0x40000004, not 0x40000000")])
def test_kernel_elsewhere(bench, cellcheck, tmp_path, cell, change, said):
    partition, path = bench.image("image-kinds")
    image = Image(path)
    change(image, cell)
    result = cellcheck(partition, "--quiet", image.save(tmp_path / "spoiled.elf"))
    assert result.returncode == 1 and re.search(said, result.stderr), result.stderr


def test_elf_starts_in_itself(bench, cellcheck, tmp_path):
    partition, path = bench.image("image-kinds")
    image = Image(path)
    image.put(image.cell(ELF, 32), 0x40000000)
    result = cellcheck(partition, "--quiet", image.save(tmp_path / "spoiled.elf"))
    assert "starts at 0x40000000, which is no instruction of it" in result.stderr


# ---- regions: good/shared-regions.dts, whose cells are linux, control, other

def region_entry(image, cell, address):
    return image.entry(image.run_root(cell), address)


def region_of_others(image):
    image.put(region_entry(image, 2, 0x40200000), 0x48000000 | S2_RAM | XN | 1)


def region_of_nobody(image):
    image.put(region_entry(image, 2, 0x40200000), 0x44000000 | S2_RAM | XN | 1)


def region_of_one(image):
    image.put(region_entry(image, 1, 0x7FFFD000), 0x4A000000 | S2_RAM | XN | TABLE)


def write_where_read(image):
    at = region_entry(image, 0, 0x50400000)
    image.put(at, image.get(at) | 1 << 7)


def write_alone(image):
    at = region_entry(image, 0, 0x50500000)
    image.put(at, image.get(at) | 1 << 7)


def execute_region(image):
    at = region_entry(image, 1, 0x7FFFD000)
    image.put(at, image.get(at) & ~XN)


def region_while_loading(image):
    image.put(image.entry(image.load_root(0), 0x7FC0200000), 0x48000000 | S2_READ | TABLE)


def another_region(image):
    image.put(region_entry(image, 2, 0x7FFFD000), 0x7FFFE000 | S2_RAM | XN | TABLE)


def region_as_device(image):
    image.put(region_entry(image, 2, 0x7FFFD000), 0x7FFFD000 | S2_DEVICE | TABLE)


def ring_at(image, theirs):
    for cell, address in ((0, 0x50400000), (1, 0x7FFFD000), (2, 0x7FFFD000)):
        for page in range(3):
            at = region_entry(image, cell, address + page * PAGE)
            image.put(at, theirs + page * PAGE | image.get(at) & ~0xFFFFFFFFF000)


def region_elsewhere(image):
    """In all cells alike, but over one's memory."""
    ring_at(image, image.get(region_entry(image, 1, 0x40200000)) & 0xFFFFFFFFF000)


def region_over_the_core(image):
    ring_at(image, image.symbols["hyp_memory"])


def region_over_another(image):
    ring_at(image, 0x481FE000)


REGION_ATTACKS = {
    region_of_others: r"cell 'other', guest address 0x40200000, physical page 0x48000000 \(rw-\): that is region mailbox@48000000 with "
                      r"'linux' \(rw-\), 'control' \(r--\), and more than it may there",
    region_of_nobody: r"cell 'other' reaches reserved memory at 0x44000000",
    region_of_one: r"cell 'control', guest address 0x7fffd000, physical page 0x4a000000 \(rw-\): that is region calibration@4a000000 with 'linux'",
    write_where_read: r"cell 'linux', guest address 0x50400000, physical page 0x7fffd000 \(rw-\): that is region ring with 'linux' \(r--\)",
    write_alone: r"cell 'linux' reaches reserved memory at 0x4a000000",
    execute_region: r"cell 'control', guest address 0x7fffd000, physical page 0x7fffd000 \(rwx\): that is region ring",
    region_while_loading: r"cell 'linux' while loading, guest address 0x7fc0200000, physical page 0x48000000 \(r--\): that is region mailbox",
    another_region: r"cell 'other': guest address 0x7fffd000 reaches physical 0x7fffe000.*it should be 0x7fffd000",
    region_as_device: r"cell 'other' reaches RAM at 0x7fffd000 as a device",
    region_elsewhere: r"cell 'control', guest address 0x40200000, physical page 0x\w+ \(rwx\): that is region ring with 'linux' \(r--\)",
    region_over_the_core: r"region ring is at 0x40000000, 0x3000 bytes: not whole pages of RAM besides the hypervisor's",
    region_over_another: r"regions mailbox@48000000 and ring overlap",
}


@pytest.mark.parametrize("attack", REGION_ATTACKS, ids=lambda a: a.__name__)
def test_attack_on_regions(bench, cellcheck, tmp_path, attack):
    attacked(bench, cellcheck, tmp_path, "shared-regions", attack, REGION_ATTACKS[attack])


def test_regions_are_certified(bench, cellcheck, tmp_path):
    partition, path = bench.image("shared-regions")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    assert re.search(r"guest 0x007fffd000 -> 0x007fffd000 +12 KiB  rw- +region ring with 'linux' \(r--\), 'other' \(rw-\)", text)
    assert "reserved 0x0044000000" in text and "reserved 0x0048000000" not in text
    found = {r["name"]: r for r in json.loads((tmp_path / "c.json").read_text())["regions"]}
    assert found["ring"] == {"name": "ring", "physical": "0x7fffd000", "size": "0x3000", "cells": [
        {"name": "linux", "rights": "r--"}, {"name": "control", "rights": "rw-"}, {"name": "other", "rights": "rw-"}]}
    assert set(found) == {"ring", "mailbox@48000000", "calibration@4a000000", "frames"}


def test_regions_beside_colors(bench, cellcheck):
    """Neighbours stay two regions, and no region counts as frames of colours."""
    text = cellcheck(*bench.image("colors-regions")).stdout
    assert "  regions have frames of every colour\n" in text
    assert re.search(r"0x0060000000 +12 KiB  rw- +region first@60000000\n", text)
    assert re.search(r"0x0060003000 +20 KiB  rw- +region second@60003000 with 'control' \(r--\)\n", text)


def test_words_are_repeated(bench, cellcheck, tmp_path):
    """Nobody but the partition says that a relay is no bus master, and the certificate says so."""
    partition, path = bench.image("shared-regions")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    assert "the partition's word: /relay@b000000 of cell 'linux' cannot write memory by itself" in text
    assert json.loads((tmp_path / "c.json").read_text())["said_no_dma"] == [{"device": "/relay@b000000", "cell": "linux"}]


def test_another_partition(bench, cellcheck):
    """The certificate is about one partition: any other does not fit."""
    _, image = bench.image("two-cells")
    for other in ("devices", "many-cells", "single-cpu"):
        assert cellcheck(bench.image(other)[0], "--quiet", image).returncode == 1


def test_msr_elsewhere(bench, cellcheck, tmp_path):
    partition, path = bench.image("two-cells")
    for word, name in ((0xD51C2100, "VTTBR_EL2"), (0xD51C1103, "HCR_EL2"), (0xD51C2000, "TTBR0_EL2"), (0xD55C2100, "VTTBR_EL2")):
        image = Image(path)
        image.put(image.symbols["_start"], word, 4)
        result = cellcheck(partition, "--quiet", image.save(tmp_path / "msr.elf"))
        assert result.returncode == 1 and f"{name} is written 1 times in _start, where 0 are allowed" in result.stderr


def test_vectors(bench, cellcheck, tmp_path):
    """Whatever word of the second table, or of what it goes on in, is another one."""
    partition, path = bench.image("two-cells")
    plain = Image(path)
    first, second = plain.symbols["vectors"], plain.symbols["vectors_traced"]
    code = [second + slot + 4 * n for slot in range(0, 0x800, 0x80) for n in range(24) if plain.get(second + slot + 4 * n, 4)]
    assert len(code) > 8 + 22 + 17 + 2 * 20
    code += [first + slot + 4 * n for slot in (0x400, 0x480, 0x500, 0x580, 0x600) for n in (0, 1)]
    code += [first + slot for slot in (0x680, 0x700, 0x780)]
    code += [plain.symbols["arch_trace_switch"] + 4 * n for n in range(6)]
    chance = random.Random(SEED)
    for at in chance.sample(code, 40):
        image = Image(path)
        bit = chance.randrange(32)
        image.put(at, image.get(at, 4) ^ 1 << bit, 4)
        result = cellcheck(partition, "--quiet", image.save(tmp_path / "vectors.elf"))
        assert result.returncode == 1 and "[vectors]" in result.stderr, f"SEED={SEED}: bit {bit} at {at:#x}"


# ---- garbage

def survives(result):
    assert result.returncode in (0, 1, 2), result.stderr
    assert "Sanitizer" not in result.stderr and "runtime error" not in result.stderr, result.stderr
    assert (result.returncode == 0) == (result.stderr == "")


@pytest.mark.parametrize("part", ["elf", "headers", "dtb", "bin"])
def test_mutations_do_not_crash(bench, cellcheck, tmp_path, part):
    names = ["iommus", "messages", "lives", *(["colors-two-levels"] if part == "bin" else ["devices", "pci"])]
    images = [bench.image(name) for name in names]
    chance = random.Random(f"{SEED} {part}")
    print(f"SEED={SEED}")
    for _ in range(int(os.environ.get("MUTATIONS", 50))):
        partition, path = chance.choice(images)
        base = hex(Image(path).symbols["hyp_base"])
        data = bytearray((partition if part == "dtb" else path.with_suffix(".bin") if part == "bin" else path).read_bytes())
        for _ in range(chance.choice((1, 2, 8, 64))):
            where = chance.randrange(len(data))
            if part == "headers": # the ELF header, section headers, symbols, program headers are at both ends
                where = chance.choice((chance.randrange(512), len(data) - 1 - chance.randrange(6000)))
            elif part == "bin": # the first page, constants, tables
                where = chance.choice((chance.randrange(128), chance.randrange(0x1000), chance.randrange(min(len(data), 0x200000))))
            data[where] = chance.choice((0, 0xFF, chance.randrange(256), data[where] ^ 1 << chance.randrange(8)))
        if chance.random() < 0.1:
            del data[chance.randrange(len(data)):]
        (tmp_path / "mutant").write_bytes(data)
        if part == "dtb":
            survives(cellcheck(tmp_path / "mutant", "--quiet", path))
        elif part == "bin":
            survives(cellcheck(partition, "--quiet", "--base", base, tmp_path / "mutant"))
        else:
            survives(cellcheck(partition, "--quiet", tmp_path / "mutant"))


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"garbage" * 999, b"\xd0\x0d\xfe\xed" + b"\0" * 60],
                         ids=["empty", "short", "text", "header"])
def test_garbage_is_unreadable(bench, cellcheck, tmp_path, data):
    partition, path = bench.image("single-cpu")
    (tmp_path / "garbage").write_bytes(data)
    assert cellcheck(partition, tmp_path / "garbage").returncode == 2
    assert cellcheck(partition, "--base", "0x40000000", tmp_path / "garbage").returncode == 2
    assert cellcheck(tmp_path / "garbage", path).returncode == 2
    assert cellcheck(tmp_path / "absent", path).returncode == 2


# ---- habits

def test_shares_nothing():
    for source in cellcheck_bench.SOURCES.glob("*.[ch]"):
        for line in source.read_text().splitlines():
            if line.startswith('#include "'):
                assert (cellcheck_bench.SOURCES / line.split('"')[1]).exists()


def test_allow_list_is_documented():
    """docs/cellcheck.md lists what scan.c allows, no more and no less."""
    rows = re.findall(r'\{ "(\w+_EL2)", "(\w+)", (\d) \}', (cellcheck_bench.SOURCES / "scan.c").read_text())
    page = (ROOT / "docs" / "cellcheck.md").read_text()
    listed = {(reg, place, most) for reg, places in re.findall(r"^\| `(\w+_EL2)` \| (.*) \|$", page, re.M)
              for place, most in re.findall(r"`(\w+)` (\d)", places)}
    assert listed == set(rows)


if __name__ == "__main__":
    sys.exit(pytest.main([str(HERE), *sys.argv[1:]]))
