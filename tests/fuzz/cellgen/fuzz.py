#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Mutated partitions against cellgen: nothing may crash it, make it hang, or make it trip over its own "bug:" checks; and
what it accepts has to pass the independent walk of the tables (tests/cellgen/cellgen_walk.py).

    tests/fuzz/cellgen/fuzz.py [--seconds 10] [--seed 1] [--only text|dtb|image|overlay|libfuzzer|libfuzzer-image] [--keep DIR]

image  the file of a kernel: an ELF or a gzip with a few bytes changed
overlay  the text of an overlay with a few characters changed
text   the preprocessed source of a good partition with a few tokens changed, through dtc
dtb    numbers and strings changed in place in the finished DTB: what dtc would never write
libfuzzer   fuzz_dtb.c, coverage-guided (needs clang); not part of the default run. libfuzzer-image: fuzz_image.c likewise

The same seed gives the same inputs. A failing input stays in DIR (default: fuzz-failures in the current folder).
"""
import argparse
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "cellgen"))
import cellgen_walk  # noqa: E402
import cellgen_desk  # noqa: E402
import cellgen_images  # noqa: E402

KERNELS = "image-kinds"  # the partition whose kernels are changed
TIMEOUT = 60
NUMBERS = [0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 255, 256, 987, 988, 0xFFF, 0x1000, 0x1001, 0x7FFFFFFF, 0x80000000, 0xFFFFF000,
           0xFFFFFFFF, 0x40000000, 0x40100000, 0x41000000, 0x08000000, 0x080A0000, 0x09000000, 0x00200000, 0x01000000,
           0x800, 0x900, 0x1000, 0x10800, 0x02000810, 0x02000814, 0x43000818, 0x03000824, 0x01000810]  # of PCI functions


# ---- mutations of the text

def mutate_number(rng, text):
    spots = list(re.finditer(r"\b0x[0-9a-f]+\b|(?<=<)\d+\b|(?<= )\d+(?=[ >])", text))
    spot = rng.choice(spots)
    old = int(spot.group(), 0)
    new = rng.choice([rng.choice(NUMBERS), old ^ 1 << rng.randrange(32), (old + rng.choice((-1, 1, 0x1000, -0x1000))) % (1 << 32)])
    return text[:spot.start()] + hex(new) + text[spot.end():]


def mutate_reference(rng, text):
    labels = re.findall(r"(\w+):", text) + ["nobody"]
    spots = list(re.finditer(r"&\w+", text))
    spot = rng.choice(spots)
    return text[:spot.start()] + "&" + rng.choice(labels) + text[spot.end():]


def mutate_line(rng, text):
    """Take a property out, put it in twice, or give it another's value."""
    lines = text.split("\n")
    spots = [i for i, line in enumerate(lines) if line.strip().endswith(";") and "}" not in line and "/dts" not in line]
    here, there = rng.choice(spots), rng.choice(spots)
    kind = rng.randrange(4)
    if kind == 0:
        del lines[here]
    elif kind == 1:
        lines.insert(there, lines[here])
    elif kind == 2 and "=" in lines[here] and "=" in lines[there]:
        lines[here] = lines[here].split("=")[0] + "=" + lines[there].split("=", 1)[1]
    else:
        lines[here] = re.sub(r"=.*;", ";", lines[here])
    return "\n".join(lines)


def mutate_word(rng, text):
    spots = list(re.finditer(r'"[^"\n]*"|[a-z#-][a-z,#-]+(?= [={])', text))
    spot = rng.choice(spots)
    word = spot.group()
    at = rng.randrange(1, len(word))
    new = rng.choice([word[:at] + word[at + 1:] if at < len(word) - 1 else word, word[:at] + "x" + word[at:],
                      rng.choice(spots).group()])
    return text[:spot.start()] + new + text[spot.end():]


def mutate_text(rng, text):
    """Mostly in the partition, and what it says is on a bus; sometimes in the board."""
    split = text.index("domains {")
    split = text.rindex("&pcie0 {", 0, split) if "&pcie0 {" in text[:split] else split
    for _ in range(rng.choice((1, 1, 2, 4))):
        change = rng.choice((mutate_number, mutate_number, mutate_reference, mutate_line, mutate_word))
        if rng.random() < 0.7:
            text = text[:split] + change(rng, text[split:])
        else:
            text = change(rng, text)
            split = text.index("domains {") if "domains {" in text else 0
    return text


# ---- mutations of the DTB

def values(blob):
    """(offset, size) of every property's value; phandles aside, as dtc keeps those unique."""
    at, found = struct.unpack_from(">I", blob, 8)[0], []
    strings = struct.unpack_from(">I", blob, 12)[0]
    while True:
        (token,) = struct.unpack_from(">I", blob, at)
        at += 4
        if token == 1:
            at = (blob.index(b"\0", at) + 4) & ~3
        elif token == 3:
            size, name = struct.unpack_from(">II", blob, at)
            if not blob[strings + name:].startswith(b"phandle\0"):
                found.append((at + 8, size))
            at = (at + 8 + size + 3) & ~3
        elif token == 9:
            return [f for f in found if f[1]]


def mutate_dtb(rng, blob, spots):
    blob = bytearray(blob)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at, size = rng.choice(spots)
        kind = rng.randrange(8)
        if kind < 5 and size >= 4:
            struct.pack_into(">I", blob, at + 4 * rng.randrange(size // 4), rng.choice(NUMBERS + [rng.getrandbits(32)]))
        elif kind < 7:
            blob[at + rng.randrange(size)] = rng.choice((0, 1, 0x41, 0xFF, rng.randrange(256)))
        else:
            blob[rng.randrange(len(blob))] ^= 1 << rng.randrange(8)
    return bytes(blob)


# ---- mutations of a kernel's file

def mutate_file(rng, data):
    """Mostly the headers, where the numbers are."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at = rng.randrange(min(len(data), rng.choice((64, 360, 360, len(data)))))
        kind = rng.randrange(8)
        if kind < 5 and at + 8 <= len(data):
            value = rng.choice(NUMBERS + [rng.getrandbits(64), 1 << rng.randrange(64), (1 << 64) - rng.choice(NUMBERS[1:])])
            struct.pack_into("<Q", data, at & ~7, value)
        elif kind < 7:
            data[at] = rng.choice((0, 1, 0xFF, rng.randrange(256)))
        elif rng.random() < 0.3:
            del data[at:]
            data = data or bytearray(b"\0")
    return bytes(data)


# ---- the runs

class Failure(Exception):
    pass


class Fuzz:
    def __init__(self, folder, cellgen, keep):
        self.folder, self.keep = folder, keep
        self.desk = cellgen_desk.Desk(folder / "desk", cellgen)
        self.out = self.desk.folder / "fuzz"
        (self.out / "gen").mkdir(parents=True)
        self.counts = {}

    def seed(self, name):
        """(text, DTB, places of its values) of a good partition"""
        out = self.desk.good(name)
        blob = (out / "partition.dtb").read_bytes()
        return (out / "partition.pp").read_text(), blob, values(blob)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def dtc(self, *options):
        command = ["dtc", "-q", *options, str(self.out / "partition.pp")]
        try:
            return subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT, cwd=self.desk.folder).returncode
        except subprocess.TimeoutExpired:
            return 1 # dtc 1.6.1 does not return from #interrupt-cells = <0xffffffff>

    def cellgen(self, name, images=True):
        command = [str(self.desk.cellgen), "--dts", f"good/{name}.dts", "--dtb", "fuzz/partition.dtb", "--lines",
                   "fuzz/partition.lines", "--pp", "fuzz/partition.pp", "-o", "fuzz/gen", "-I", "images"]
        for old in (self.out / "gen").iterdir():
            old.unlink()
        try:
            result = subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT, cwd=self.desk.folder)
        except subprocess.TimeoutExpired as e:
            raise Failure("it hangs") from e
        text = result.stderr.decode(errors="replace")
        if result.returncode not in (0, 1) or "bug:" in text or "Sanitizer" in text or "runtime error" in text:
            raise Failure(text)
        if result.returncode == 1:
            if not text or list((self.out / "gen").iterdir()):
                raise Failure("it fails without a word, or leaves files")
            self.count("refused")
            return
        self.walk(self.desk.folder / "images" if images else None)

    def walk(self, images):
        self.count("accepted")
        try:
            cellgen_walk.Partition(self.out).check(images)
        except (AssertionError, KeyError, StopIteration, IndexError, ValueError) as e:
            raise Failure(f"accepted, but the walk says: {e!r}") from e

    def text(self, rng):
        name = rng.choice(cellgen_desk.GOOD)
        text, _, _ = self.seed(name)
        (self.out / "partition.pp").write_text(mutate_text(rng, text))
        if self.dtc("-@", "-I", "dts", "-O", "dtb", "-o", str(self.out / "partition.dtb")) != 0 or \
           self.dtc("-I", "dts", "-O", "dts", "-T", "-T", "-o", str(self.out / "partition.lines")) != 0:
            self.count("refused by dtc")
            return
        self.cellgen(name)

    def dtb(self, rng):
        name = rng.choice(cellgen_desk.GOOD)
        text, blob, spots = self.seed(name)
        (self.out / "partition.pp").write_text(text)
        (self.out / "partition.lines").write_bytes((self.desk.good(name) / "partition.lines").read_bytes())
        (self.out / "partition.dtb").write_bytes(mutate_dtb(rng, blob, spots))
        self.cellgen(name)

    def image(self, rng):
        kernel = rng.choice(["two.elf", "physical-entry.elf", "kernel.elf", "kernel.elf.gz", "Image.gz", "members.gz"])
        for part in ("pp", "lines", "dtb"):
            (self.out / f"partition.{part}").write_bytes((self.desk.good(KERNELS) / f"partition.{part}").read_bytes())
        path = self.desk.folder / "images" / kernel
        path.write_bytes(mutate_file(rng, cellgen_images.FILES[kernel]))
        try:
            self.cellgen(KERNELS, images=False)
        except Failure:
            (self.out / "image").write_bytes(path.read_bytes())
            raise
        finally:
            path.write_bytes(cellgen_images.FILES[kernel])

    def overlay(self, rng):
        """What goes in, blanked in places, comes out; of the same length, so that positions stay."""
        text = bytearray((cellgen_desk.HERE / "good" / "overlays-more.dtso").read_bytes())
        for _ in range(rng.choice((1, 2, 5))):
            at = rng.randrange(len(text))
            text[at:at + rng.choice((0, 1, 1, 8))] = rng.choice((b"{", b"}", b'"', b"'", b"/", b"&{", b"\\", b"\n", b"# 7 \"x\"\n", b"\0", b""))
        (self.out / "partition.pp").write_bytes(text)
        result = subprocess.run([str(self.desk.cellgen), "--check-overlay", "x.dtso", "--pp", "fuzz/partition.pp"], cwd=self.desk.folder,
                                capture_output=True, check=False, timeout=TIMEOUT)
        self.count("accepted" if result.returncode == 0 else "refused")
        same = len(result.stdout) == len(text) and all(a in (b, 32) for a, b in zip(result.stdout, text))
        if result.returncode not in (0, 1) or b"Sanitizer" in result.stderr or (result.returncode == 0) != same:
            raise Failure(result.stderr.decode(errors="replace") or "the text that comes out is another")

    def once(self, mode, seed):
        """True: nothing wrong with the input of this number."""
        try:
            getattr(self, mode)(random.Random(f"{mode} {seed}"))
            return True
        except Failure as e:
            place = self.keep / f"{mode}-{seed}"
            place.mkdir(parents=True, exist_ok=True)
            names = {"image": ["partition.pp", "partition.dtb", "partition.lines", "image"], "overlay": ["partition.pp"]}
            for name in names.get(mode, names["image"][:3]):
                (place / name).write_bytes((self.out / name).read_bytes())
            (place / "why.txt").write_text(str(e))
            print(f"{mode} {seed}: {str(e).strip()[:600]}\n  kept in {place}")
            return False


def libfuzzer(folder, what, seconds, keep):
    """Coverage-guided, from the DTBs of the good partitions, or from kernels' files."""
    fuzz = Fuzz(folder, cellgen_desk.find_cellgen(folder), keep)
    corpus = folder / "corpus"
    corpus.mkdir()
    files = {name: fuzz.seed(name)[1] for name in cellgen_desk.GOOD} if what == "dtb" else \
        {name: data for name, data in cellgen_images.FILES.items() if len(data) < 1 << 16}
    for name, data in files.items():
        (corpus / name).write_bytes(data)
    binary = folder / f"fuzz_{what}"
    sources = sorted(map(str, cellgen_desk.SOURCES.glob("*.c"))) + [str(HERE / f"fuzz_{what}.c")]
    subprocess.run(["clang", "-std=c11", "-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all",
                    "-Dmain=cellgen_main", "-Dexit=fuzz_exit", "-Wl,--wrap=fatal", f"-I{cellgen_desk.SOURCES}", f"-I{ROOT}/src",
                    f"-I{ROOT}/src/arch/aarch64", "-o", str(binary), *sources, "-lfdt", "-lnettle", "-lz"], check=True)
    keep.mkdir(parents=True, exist_ok=True)
    command = [str(binary), f"-max_total_time={seconds}", "-max_len=65536", "-timeout=20", "-rss_limit_mb=4096", "-detect_leaks=0",
               f"-artifact_prefix={keep}/", "-close_fd_mask=2", str(corpus)]
    return subprocess.run(command, cwd=fuzz.desk.folder, check=False).returncode


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("text", "dtb", "image", "overlay", "libfuzzer", "libfuzzer-image"))
    parser.add_argument("--keep", type=pathlib.Path, default=pathlib.Path("fuzz-failures"))
    options = parser.parse_args()
    options.keep = options.keep.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if options.only and options.only.startswith("libfuzzer"):
            return libfuzzer(folder, "image" if options.only.endswith("image") else "dtb", int(options.seconds), options.keep)
        fuzz = Fuzz(folder, cellgen_desk.find_cellgen(folder), options.keep)
        end, seed, bad = time.monotonic() + options.seconds, options.seed * 1000000, 0
        while time.monotonic() < end:
            for mode in [options.only] if options.only else ["text", "dtb", "dtb", "image", "overlay"]:
                bad += not fuzz.once(mode, seed)
                seed += 1
        print(f"fuzz: {seed - options.seed * 1000000} inputs, {bad} failures, {fuzz.counts}")
        return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
