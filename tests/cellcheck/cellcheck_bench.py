# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Where images to check come from: the partitions of tests/cellgen/good through cellgen, linked with a stub instead of
the core (stub.S), and an editor of finished images for attacks by hand.
"""
import os
import pathlib
import re
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cellgen"))
import cellgen_desk  # noqa: E402

SOURCES = ROOT / "tools" / "cellcheck"
OWN = sorted(p.stem for p in (HERE / "partitions").glob("*.dts"))
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes", "-Wvla",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CROSS = os.environ.get("CROSS_COMPILE", "aarch64-linux-gnu-")
TIMEOUT = 120


def build(folder, compiler=None):
    """cellcheck and flip, with the sanitizers."""
    compiler = compiler or os.environ.get("CC", "cc")
    objects = {folder / f"{source.stem}.o": source for source in [*sorted(SOURCES.glob("*.c")), HERE / "flip.c"]}
    cellgen_desk.compile_all(compiler, [*FLAGS, f"-I{SOURCES}"], objects)
    for name, other in (("cellcheck", "flip"), ("flip", "main")):
        files = [str(path) for path in objects if path.stem != other]
        subprocess.run([compiler, *FLAGS, "-o", str(folder / name), *files, "-lfdt", "-lelf", "-lnettle"], check=True)
    return folder / "cellcheck", folder / "flip"


def board(folder):
    """The board's own DTB."""
    text = subprocess.run(["cpp", "-undef", "-nostdinc", "-x", "assembler-with-cpp",
                           str(ROOT / "src" / "platform" / "qemu-virt-aarch64.dts")], capture_output=True, check=True).stdout
    subprocess.run(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", str(folder / "board.dtb"), "-"], input=text, check=True)
    return folder / "board.dtb"


def link(out):
    """OUT/gen to OUT/image.elf and OUT/image.bin; what cellgen writes gives no warning."""
    gen, arch = out / "gen", ROOT / "src" / "arch" / "aarch64"
    (out / "asm-offsets.h").write_text("#define CPU_TRACE_HEAD 400\n#define CPU_TRACE_RING 2048\n#define TRACE_INDEX_BITS 6\n")
    compile_ = [CROSS + "gcc", "-std=c11", "-ffreestanding", "-fno-pic", "-fno-common", "-mgeneral-regs-only", "-c", "-O1", "-Wall", "-Wextra", "-Werror",
                f"-I{ROOT}/src", f"-I{arch}", f"-I{gen}", f"-I{out}"]
    sources = {"machine.o": gen / "machine.c", "tables.o": gen / "tables.S", "images.o": gen / "images.S", "stub.o": HERE / "stub.S"}
    for name, source in sources.items():
        subprocess.run([*compile_, "-o", str(out / name), str(source)], cwd=gen, check=True)
    subprocess.run([CROSS + "ld", "-m", "aarch64linux", "-nostdlib", "-static", "-n", "--no-dynamic-linker", "--build-id=none",
                    "-z", "noexecstack", "-L", str(gen), "-T", str(arch / "cloison.lds"), "-o", str(out / "linked.elf"),
                    *[str(out / name) for name in sources]], check=True)
    subprocess.run([sys.executable, str(ROOT / "tools" / "scatter"), str(out / "linked.elf"), str(gen / "frames.txt"),
                    str(out / "image.elf"), str(out / "image.bin")], check=True)


class Bench:
    def __init__(self, folder):
        (folder / "cellgen").mkdir(parents=True)
        self.desk = cellgen_desk.Desk(folder / "desk", cellgen_desk.find_cellgen(folder / "cellgen"))
        self.done = {}

    def own(self, name):
        result = self.desk.run(str(HERE / "partitions" / f"{name}.dts"), f"out/{name}")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        return self.desk.folder / "out" / name

    def without(self, name, feature):
        """good/NAME.dts for a core that is built without a feature."""
        result = self.desk.run(f"good/{name}.dts", f"out/{name}-without-{feature}", ("--without", feature))
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        out = self.desk.folder / "out" / f"{name}-without-{feature}"
        link(out)
        return out / "partition.dtb", out / "image.elf"

    def image(self, name):
        """(partition.dtb, image.elf) of tests/cellgen/good/NAME.dts, or of partitions/NAME.dts here."""
        if name not in self.done:
            out = self.own(name) if name in OWN else self.desk.good(name)
            link(out)
            self.done[name] = out / "partition.dtb", out / "image.elf"
        return self.done[name]


class Image:
    """
    A finished image to be spoiled: bytes by link address, symbols by name. Tables and registers have physical addresses:
    link() says where they are.
    """

    def __init__(self, path):
        self.bytes = bytearray(path.read_bytes())
        self.phoff, = struct.unpack_from("<Q", self.bytes, 32)
        self.phnum, = struct.unpack_from("<H", self.bytes, 56)
        self.segments = [] # link address, physical address, size, offset in the file
        for i in range(self.phnum):
            kind, _, offset, link, phys, size = struct.unpack_from("<IIQQQQ", self.bytes, self.phoff + 56 * i)
            if kind == 1:
                self.segments.append((link, phys, size, offset))
        text = subprocess.run([CROSS + "nm", str(path)], capture_output=True, text=True, check=True).stdout
        self.symbols = {line.split()[-1]: int(line.split()[0], 16) for line in text.splitlines()}
        text = subprocess.run([CROSS + "objdump", "-h", str(path)], capture_output=True, text=True, check=True).stdout
        rows = [line.split() for line in text.splitlines()]
        self.sections = {r[1]: (int(r[3], 16), int(r[2], 16)) for r in rows if len(r) == 7 and r[0].isdigit()}

    def offset(self, link):
        return next(o + link - a for a, _, s, o in self.segments if a <= link < a + s)

    def link(self, phys):
        return next(a + phys - p for a, p, s, _ in self.segments if p <= phys < p + s)

    def phys(self, link):
        return next(p + link - a for a, p, s, _ in self.segments if a <= link < a + s)

    def get(self, address, size=8):
        at = self.offset(address)
        return int.from_bytes(self.bytes[at:at + size], "little")

    def put(self, address, value, size=8):
        at = self.offset(address)
        self.bytes[at:at + size] = value.to_bytes(size, "little")

    def object(self, name, index=0, size=0, offset=0):
        return self.symbols[name] + index * size + offset

    def cell(self, index, offset):
        return self.object("machine_cells", index, 240, offset)

    def regs(self, cpu, offset):
        return self.object("machine_regs", cpu, 128, offset)

    def entry(self, root, address):
        """Link address of the entry that ends the walk for an input address, under a root of which the physical one is given."""
        for shift in (30, 21, 12):
            at = self.link(root) + (address >> shift & 511) * 8
            if shift == 12 or self.get(at) & 3 != 3:
                return at
            root = self.get(at) & 0xFFFFFFFFF000
        raise AssertionError

    def run_root(self, cell):
        return self.phys(self.get(self.cell(cell, 56)))

    def load_root(self, cell):
        vmid = cell + 1
        cpu = next(n for n in range(256) if self.get(self.regs(n, 56)) >> 48 == vmid)
        return self.get(self.regs(cpu, 64)) & 0xFFFFFFFFFFFF

    def header(self, index, offset):
        """Where in the file a field of a program header is."""
        return self.phoff + 56 * index + offset

    def save(self, path):
        path.write_bytes(self.bytes)
        return path


def attacked(bench, cellcheck, tmp_path, name, attack, said, kind=Image):
    """An image of a good partition, spoiled by attack, is refused, and in these words."""
    partition, path = bench.image(name)
    image = kind(path)
    attack(image)
    result = cellcheck(partition, "--quiet", image.save(tmp_path / "spoiled.elf"))
    assert result.returncode == 1 and result.stdout == "", result.stdout + result.stderr
    assert re.search(said, result.stderr), result.stderr
