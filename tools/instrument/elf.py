# SPDX-License-Identifier: Apache-2.0 OR MIT
"""cloison.elf, as far as the instrument and tests read it: where what is linked lies in memory and in the file.

    elf = Elf("build/cloison.elf")
    elf.physical(elf.symbols["_start"])      # an address
    elf.ranges(".text")                      # [(low, high)], physical
    elf.sections, elf.segments               # {name: (link address, file offset, bytes)}; [Segment]
"""

import struct
from pathlib import Path
from typing import NamedTuple

LOAD, SYMBOLS = 1, 2  # types: of a program header, of a section
SEGMENT, SECTION, SYMBOL = struct.Struct("<IIQQQQQQ"), struct.Struct("<IIQQQQIIQQ"), struct.Struct("<IBBHQQ")


class Segment(NamedTuple):
    link: int
    physical: int
    offset: int
    size: int  # in the file


class Elf:
    """ELF64, little endian: what our linker and tools/scatter write."""

    def __init__(self, path):
        self.path, self.data = path, Path(path).read_bytes()
        heads, sections = struct.unpack_from("<QQ", self.data, 0x20)
        size, count = struct.unpack_from("<HH", self.data, 0x36)
        self.segments = [Segment(link, physical, offset, filesz) for kind, _, offset, link, physical, filesz, _, _ in
                         (SEGMENT.unpack_from(self.data, heads + i * size) for i in range(count)) if kind == LOAD]
        size, count, names = struct.unpack_from("<HHH", self.data, 0x3a)
        self.headers = [SECTION.unpack_from(self.data, sections + i * size) for i in range(count)]
        self.sections = {self._text(self.headers[names][4] + h[0]): h[3:6] for h in self.headers}
        self.symbols = self._symbols()

    def _text(self, at):
        return self.data[at:self.data.index(b"\0", at)].decode()

    def _symbols(self):
        """{name: link address}; the first of a name."""
        table = next(h for h in self.headers if h[1] == SYMBOLS)
        strings, found = self.headers[table[6]][4], {}
        for at in range(table[4], table[4] + table[5], SYMBOL.size):
            name, _, _, _, value, _ = SYMBOL.unpack_from(self.data, at)
            found.setdefault(self._text(strings + name), value)
        return found

    def _segment(self, link):
        return next(s for s in self.segments if s.link <= link < s.link + s.size)

    def physical(self, link):
        s = self._segment(link)
        return s.physical + link - s.link

    def offset(self, link):
        """Where in the file."""
        s = self._segment(link)
        return s.offset + link - s.link

    def ranges(self, section):
        """[(low, high)], physical, as the program headers say; what touches is one."""
        start, _, length = self.sections[section]
        found = sorted((s.physical + max(s.link, start) - s.link, s.physical + min(s.link + s.size, start + length) - s.link)
                       for s in self.segments if max(s.link, start) < min(s.link + s.size, start + length))
        assert sum(high - low for low, high in found) == length, f"{self.path}: {section} is not all in its program headers"
        joined = []
        for low, high in found:
            if joined and joined[-1][1] == low:
                joined[-1] = (joined[-1][0], high)
            else:
                joined.append((low, high))
        return joined
