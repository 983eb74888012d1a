#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Tests of cellcheck: good images get their certificate, every single-bit flip is reported, attacks made by hand are
reported in the words of the attack, and nothing that is read can crash it.

    python3 -m pytest tests/cellcheck                     everything
    SEED=n FLIPS=n python3 -m pytest tests/cellcheck      the random part again, or longer
"""
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
from cellcheck_bench import CROSS, HERE, ROOT, TIMEOUT, Bench, Image  # noqa: E402
import cellgen_images  # noqa: E402
from cellgen_desk import GOOD  # noqa: E402

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
FLIPS = int(os.environ.get("FLIPS", 4000))
# In which images bits are flipped: direct and mediated cells, devices, several ranges, kicks, limits, initrds.
FLIPPED = ["two-cells", "devices", "mediated-devices", "interrupt-limits", "several-ranges", "shared-service-cpu",
           "virtual-interrupts", "no-service-cpu", "image-kinds"]


@pytest.fixture(scope="session", name="tools")
def fixture_tools(tmp_path_factory):
    return cellcheck_bench.build(tmp_path_factory.mktemp("objects"))


@pytest.fixture(scope="session", name="cellcheck")
def fixture_cellcheck(tools):
    def run(partition, *arguments):
        return subprocess.run([str(tools[0]), "--partition", str(partition), *map(str, arguments)], capture_output=True,
                              text=True, errors="replace", timeout=TIMEOUT, check=False)
    return run


@pytest.fixture(scope="session", name="bench")
def fixture_bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session", name="board")
def fixture_board(tmp_path_factory):
    return cellcheck_bench.board(tmp_path_factory.mktemp("board"))


# ---- what is right

@pytest.mark.parametrize("name", GOOD)
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


def test_bin_is_the_same_memory(bench, cellcheck, tmp_path):
    partition, image = bench.image("two-cells")
    subprocess.run([CROSS + "objcopy", "-O", "binary", str(image), str(tmp_path / "image.bin")], check=True)
    base = hex(Image(image).symbols["hyp_base"])
    arguments = ["--quiet", "--base", base, "--symbols", image, tmp_path / "image.bin"]
    assert cellcheck(partition, *arguments).returncode == 0
    spoiled = bytearray((tmp_path / "image.bin").read_bytes())
    spoiled[Image(image).sections[".roots"][0] - int(base, 16) + 8] ^= 4
    (tmp_path / "image.bin").write_bytes(spoiled)
    assert cellcheck(partition, *arguments).returncode == 1
    (tmp_path / "image.bin").write_bytes(spoiled[:5000])
    assert cellcheck(partition, *arguments).returncode == 2


@pytest.mark.skipif(not (ROOT / "guests" / "manifest").exists(), reason="no Linux kernel: tools/fetch-guests")
def test_demo(tools, tmp_path):
    """The real thing, by make: direct and mediated cells, the core's own code, a Linux kernel."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "O", "CC")}
    for goal in ("qemu-virt-aarch64-demo_defconfig", "all"):
        result = subprocess.run(["make", "-s", "-j2", f"O={tmp_path}/demo", goal], cwd=ROOT, env=environment, capture_output=True,
                                text=True, timeout=15 * TIMEOUT, check=False)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    found = json.loads((tmp_path / "demo" / "certificate.json").read_text())
    assert found["holds"] and not found["not_settled"] and not found["board_changes"]
    assert {c["interrupts"] for c in found["cells"]} == {"direct", "mediated"} and found["msr"]
    result = subprocess.run([str(tools[1]), str(tmp_path / "demo" / "partition.dtb"), str(tmp_path / "demo" / "cloison.elf"), str(SEED),
                             "60"], capture_output=True, text=True, timeout=10 * TIMEOUT, check=False)
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

TABLE, PAGE, S2_RAM, S2_DEVICE = 3, 0x1000, 0x7FC, 0x4004C4 | 0x40000000000000


def in_both(image, cell, change):
    """The root in force and its original are the same page twice."""
    for root in (image.get(image.cell(cell, 48)), image.get(image.cell(cell, 56))):
        change(root)


def share_a_page(image):
    theirs = image.get(image.entry(image.get(image.cell(1, 56)), 0x40000000))
    image.put(image.entry(image.get(image.cell(0, 56)), 0x40200000), theirs)


def map_the_core(image):
    at = image.entry(image.get(image.cell(0, 56)), 0x40200000)
    image.put(at, image.symbols["hyp_base"] & ~0x1FFFFF | S2_RAM | 1)


def map_an_image(image):
    at = image.entry(image.get(image.cell(0, 56)), 0x40200000)
    image.put(at, image.sections[".image.0"][0] & ~0x1FFFFF | S2_RAM | 1)


def write_text(image):
    at = image.entry(image.get(image.regs(0, 40)), image.symbols["hyp_base"])
    image.put(at, image.get(at) & ~(1 << 7))


def execute_data(image):
    at = image.entry(image.get(image.regs(0, 40)), image.sections[".data"][0])
    image.put(at, image.get(at) & ~(1 << 54))


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
    in_both(image, 0, lambda root: image.put(root + 8, image.sections[".data"][0] | TABLE))


def table_of_another(image):
    theirs = image.get(image.get(image.cell(1, 56)) + 8)
    in_both(image, 0, lambda root: image.put(root + 8, theirs))


def loop(image):
    original = image.get(image.cell(0, 56))
    in_both(image, 0, lambda root: image.put(root + 8, original | TABLE))


def root_in_force(image):
    image.put(image.get(image.cell(0, 48)) + 0x7F8, 0x40000000 | S2_RAM | 1)


def unused_bits(image):
    at = image.entry(image.get(image.cell(0, 56)), 0x40000000)
    image.put(at, image.get(at) | 1 << 55)


def no_virtual_memory(image):
    cpu = next(n for n in range(8) if image.get(image.regs(n, 56)))
    image.put(image.regs(cpu, 72), image.get(image.regs(cpu, 72)) & ~1)


def load_over_the_end(image):
    for cpu in range(8):
        root = image.get(image.regs(cpu, 64)) & 0xFFFFFFFFFFFF
        if root:
            page = image.get(image.entry(root, 0x7FC0001000)) & 0xFFFFFFFFF000
            image.put(page + 24, 0x7FC0000000 - 0x1000)
            return


def another_kernel(image):
    image.put(image.sections[".image.0"][0] + 0x200, 0x1234)


def behind_the_initrd(image):
    """Copied, because lists copy multiples of 16 bytes, but no byte of the file and so not in machine_hash."""
    size = len(cellgen_images.FILES["initrd"])
    assert size % 16
    image.put(image.sections[".image.1"][0] + size, 1, 1)


def gic_to_a_cell(image):
    theirs = image.get(image.symbols["machine_board"])
    at = image.entry(image.get(image.cell(0, 56)), 0x40200000)
    image.put(at, theirs & ~0x1FFFFF | S2_DEVICE & ~0x400000 | 1)


ATTACKS = {
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
    partition, path = bench.image("two-cells")
    image = Image(path)
    attack(image)
    result = cellcheck(partition, "--quiet", image.save(tmp_path / "spoiled.elf"))
    assert result.returncode == 1 and result.stdout == ""
    assert re.search(ATTACKS[attack], result.stderr), result.stderr


# ---- kernels of all kinds: what is moved in image-kinds, and what must be said

ELF, IMAGE, INSISTED, GZIP, RAW, RAW_BASE = range(6)


def start_elsewhere(image, cell):
    image.put(image.cell(cell, 32), image.get(image.cell(cell, 32)) + 4)


def go_elsewhere(image, cell):
    """Kernel and entry together, so that nothing but the place is wrong."""
    for cpu in range(8):
        if image.get(image.regs(cpu, 64)) and image.get(image.regs(cpu, 56)) >> 48 == cell + 1:
            root = image.get(image.regs(cpu, 64)) & 0xFFFFFFFFFFFF
            page = image.get(image.entry(root, 0x7FC0001000)) & 0xFFFFFFFFF000
            image.put(page + 24, image.get(page + 24) + 0x1000)
            image.put(image.cell(cell, 32), image.get(image.cell(cell, 32)) + 0x1000)
            return
    raise AssertionError


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


# ---- garbage

def survives(result):
    assert result.returncode in (0, 1, 2), result.stderr
    assert "Sanitizer" not in result.stderr and "runtime error" not in result.stderr, result.stderr
    assert (result.returncode == 0) == (result.stderr == "")


@pytest.mark.parametrize("part", ["elf", "headers", "dtb"])
def test_mutations_do_not_crash(bench, cellcheck, tmp_path, part):
    partition, path = bench.image("devices")
    chance = random.Random(f"{SEED} {part}")
    print(f"SEED={SEED}")
    for _ in range(int(os.environ.get("MUTATIONS", 100))):
        data = bytearray((partition if part == "dtb" else path).read_bytes())
        for _ in range(chance.choice((1, 2, 8, 64))):
            where = chance.randrange(len(data))
            if part == "headers": # the ELF header, section headers and symbols are at both ends
                where = chance.choice((chance.randrange(512), len(data) - 1 - chance.randrange(6000)))
            data[where] = chance.choice((0, 0xFF, chance.randrange(256), data[where] ^ 1 << chance.randrange(8)))
        if chance.random() < 0.1:
            del data[chance.randrange(len(data)):]
        (tmp_path / "mutant").write_bytes(data)
        if part == "dtb":
            survives(cellcheck(tmp_path / "mutant", "--quiet", path))
        else:
            survives(cellcheck(partition, "--quiet", tmp_path / "mutant"))


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"garbage" * 999, b"\xd0\x0d\xfe\xed" + b"\0" * 60],
                         ids=["empty", "short", "text", "header"])
def test_garbage_is_unreadable(bench, cellcheck, tmp_path, data):
    partition, path = bench.image("single-cpu")
    (tmp_path / "garbage").write_bytes(data)
    assert cellcheck(partition, tmp_path / "garbage").returncode == 2
    assert cellcheck(tmp_path / "garbage", path).returncode == 2
    assert cellcheck(tmp_path / "absent", path).returncode == 2


# ---- habits

def test_shares_nothing():
    for source in cellcheck_bench.SOURCES.glob("*.[ch]"):
        for line in source.read_text().splitlines():
            if line.startswith('#include "'):
                assert line == '#include "cellcheck.h"'


def test_allow_list_is_documented():
    """docs/cellcheck.md lists what scan.c allows, no more and no less."""
    rows = re.findall(r'\{ "(\w+_EL2)", "(\w+)", (\d) \}', (cellcheck_bench.SOURCES / "scan.c").read_text())
    page = (ROOT / "docs" / "cellcheck.md").read_text()
    listed = {(reg, place, most) for reg, places in re.findall(r"^\| `(\w+_EL2)` \| (.*) \|$", page, re.M)
              for place, most in re.findall(r"`(\w+)` (\d)", places)}
    assert listed == set(rows)


if __name__ == "__main__":
    sys.exit(pytest.main([str(HERE), *sys.argv[1:]]))
