# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the analyser reads of an ELF: instructions as objdump names them, symbols, constants, .bounds."""
import bisect
import os
import re
import struct
import subprocess

EHDR = struct.Struct("<16sHHIQQQIHHHHHH")  # ELF64, little endian
SHDR = struct.Struct("<IIQQQQIIQQ")
SYM = struct.Struct("<IBBHQQ")
BOUND = struct.Struct("<QQQ")
SHF_ALLOC, SHF_EXECINSTR, SHT_NOBITS = 2, 4, 8
LOADED = (".text", ".rodata", ".data")  # in this order: pointers() leaves out the first
STT_NOTYPE, STT_OBJECT, STT_FUNC = 0, 1, 2
COUNTED, PATIENCE, RESIDENCE, TABLE, CPUS, RARE, TOTAL, TIME, STACK = range(9)  # src/core/bound.h

LINE = re.compile(r"\s+([0-9a-f]+):\t(\S+)(?:\t([^/]*?))?(?:\s*//.*)?$")
COMMA = re.compile(r",\s*(?![^\[]*\])")
BRANCHES = {"b", "bl", "cbz", "cbnz", "tbz", "tbnz"}


class Refused(Exception):
    """The image cannot be analysed: what, where, what to do."""


class Ins:
    __slots__ = ("at", "op", "args", "target", "split")

    def __init__(self, at, op, args):
        self.at, self.op, self.target, self.split = at, op, None, None
        if op in BRANCHES or op.startswith("b."):
            self.target = int(args.split("<")[0].split(",")[-1].strip(), 16)
            args = args.rsplit("<", 1)[0]
        self.args = args

    def operands(self):
        """Split at commas that are not in brackets."""
        if self.split is None:
            self.split = COMMA.split(self.args) if self.args else []
        return self.split


class Image:
    def __init__(self, path, prefix="aarch64-linux-gnu-", code=True):
        self.path, self.prefix = path, prefix
        try:
            with open(path, "rb") as file:
                self._headers(file)
                self._symbols(file)
                self.bounds = self._bounds(file)
                self._constants(file)
        except (OSError, struct.error, StopIteration) as error:
            raise Refused(f"{path}: {error or 'not an ELF of the core'}; build it first (make)") from error
        if code:
            self._disassemble()

    # ---- ELF ----

    def _headers(self, file):
        head = EHDR.unpack(file.read(EHDR.size))
        if head[0][:6] != b"\x7fELF\x02\x01":
            raise Refused(f"{self.path}: not an ELF of 64 bits, little endian")
        file.seek(head[6])
        raw = [SHDR.unpack(file.read(SHDR.size)) for _ in range(head[12])]
        file.seek(raw[head[13]][4])
        names = file.read(raw[head[13]][5])
        self.sections = [(names[s[0]:names.index(b"\0", s[0])].decode(), *s[1:]) for s in raw]

    def _section(self, name):
        """(address, file offset, bytes, all) or None."""
        for s in self.sections:
            if s[0] == name:
                return s[3], s[4], s[5], s
        return None

    def _read(self, file, name):
        found = self._section(name)
        if not found or found[3][1] == SHT_NOBITS:
            return b""
        file.seek(found[1])
        return file.read(found[2])

    def _symbols(self, file):
        data, strings = self._read(file, ".symtab"), self._read(file, ".strtab")
        text = self._section(".text")
        if not data or not text:
            raise Refused(f"{self.path}: no symbols or no .text; is it the cloison.elf of a build?")
        self.text = (text[0], text[0] + text[2])
        self.by_name, self.functions, labels = {}, {}, {}
        for name, info, _, section, value, size in SYM.iter_unpack(data):
            kind, word = info & 15, strings[name:strings.index(b"\0", name)].decode()
            if not word or not section or word.startswith("$") or kind > STT_FUNC:
                continue
            self.by_name.setdefault(word, (value, size, kind))
            if kind == STT_FUNC:
                self.functions.setdefault(value, (word, size))
            if kind != STT_OBJECT and self.text[0] <= value < self.text[1] and section < 0xff00:
                if value not in labels or kind == STT_FUNC or info >> 4 == 1:
                    labels[value] = word
        self.labels = labels
        self.label_at = sorted(labels)

    def _bounds(self, file):
        return [entry for entry in BOUND.iter_unpack(self._read(file, ".bounds"))]

    def _constants(self, file):
        """What is loaded and not code; images of guests are not looked at."""
        self.data = []
        for name in LOADED:
            found = self._section(name)
            self.data.append((found[0] if found else 0, self._read(file, name)))

    def constant(self, address, size=8):
        """As word(), of what nobody writes."""
        for base, data in self.data[:2]:
            if base <= address and address + size <= base + len(data):
                return int.from_bytes(data[address - base:address - base + size], "little")
        return None

    def pointers(self):
        """(address, function) of pointers to C functions that are in no table of a virtual device."""
        tables = [(v, v + size) for n, (v, size, kind) in self.by_name.items() if kind == STT_OBJECT and n.startswith("vdev_")]
        for base, data in self.data[1:]:
            for i, (value,) in enumerate(struct.iter_unpack("<Q", data[:len(data) & ~7])):
                at = base + 8 * i
                if value in self.functions and not any(low <= at < high for low, high in tables):
                    yield at, self.functions[value][0]

    def section_bytes(self, name):
        return self.data[LOADED.index(name)][1]

    def word(self, address):
        for base, data in self.data:
            if base <= address and address + 8 <= base + len(data):
                return struct.unpack_from("<Q", data, address - base)[0]
        return None

    # ---- code ----

    def _disassemble(self):
        command = [self.prefix + "objdump", "-d", "-j", ".text", "-M", "no-aliases", "--no-show-raw-insn", self.path]
        try:
            result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        except OSError as error:
            raise Refused(f"{command[0]}: {error.strerror}; tools/setup installs it") from error
        if result.returncode:
            raise Refused(f"{self.path}: {result.stderr.strip()}")
        self.code = {}
        for line in result.stdout.splitlines():
            found = LINE.match(line)
            if found and not found[2].startswith(".") and found[2] != "udf":
                at = int(found[1], 16)
                self.code[at] = Ins(at, found[2], found[3] or "")
        self.targets = {i.target for i in self.code.values() if i.target is not None} | set(self.labels)
        if not self.code:
            raise Refused(f"{self.path}: no instructions in .text")

    def name(self, address):
        """The label at or before an address, with the distance."""
        at = bisect.bisect_right(self.label_at, address) - 1
        if at < 0:
            return f"{address:#x}"
        label = self.label_at[at]
        return self.labels[label] + (f"+{address - label:#x}" if address != label else "")

    def vdev_functions(self, offset):
        """Functions at an offset of the tables that machine_vdevs names."""
        found = self.by_name.get("machine_vdevs")
        tables = {v: n for n, (v, _, kind) in self.by_name.items() if kind == STT_OBJECT and n.startswith("vdev_")}
        if not found:
            return []
        named = {self.word(found[0] + at) for at in range(0, found[1] - 7, 8)} & set(tables)
        return sorted({self.word(t + offset) for t in named} & set(self.functions))

    def sources(self, addresses):
        """address -> [(function, file, line)], innermost first, from the debug information."""
        addresses = sorted(set(addresses))
        if not addresses:
            return {}
        text = subprocess.run([self.prefix + "addr2line", "-a", "-i", "-f", "-e", self.path], text=True, capture_output=True,
                              input="".join(f"{a:#x}\n" for a in addresses)).stdout
        result, at = {}, None
        lines = iter(text.splitlines())
        for line in lines:
            if line.startswith("0x"):
                at = result.setdefault(int(line, 16), [])
                continue
            file, _, number = next(lines).partition(" ")[0].rpartition(":")
            at.append((line, tidy(file), int(number) if number.isdigit() else 0))
        return result


def tidy(path):
    """Paths as the tree has them: the build maps them to ./ or to nothing."""
    path = os.path.normpath(path)
    at = path.find("/src/")
    return path[at + 1:] if at >= 0 else path
