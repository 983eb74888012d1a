# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A reader of flattened device trees (Devicetree Specification, chapter 5) that shares nothing with libfdt."""
import struct

BEGIN, END, PROP, NOP, FINISH = 1, 2, 3, 4, 9


def join(cells):
    return int.from_bytes(struct.pack(f">{len(cells)}I", *cells), "big")


class Node:
    def __init__(self, name, parent=None):
        self.name, self.parent = name, parent
        self.props, self.children = {}, []

    def cells(self, name):
        data = self.props[name]
        return list(struct.unpack(f">{len(data) // 4}I", data))

    def count(self, name, default):
        return self.cells(name)[0] if name in self.props else default

    def numbers(self, name):
        """Pairs of cells as 64-bit numbers."""
        data = self.props[name]
        return list(struct.unpack(f">{len(data) // 8}Q", data))

    def text(self, name):
        return self.props[name].split(b"\0")[0].decode("latin-1")

    def compatible(self, wanted):
        return wanted.encode() in self.props.get("compatible", b"").split(b"\0")

    def compatible_pci(self):
        """Is this a PCI function?"""
        return any(c[:3] == b"pci" and c[7:8] == b"," for c in self.props.get("compatible", b"").split(b"\0"))

    def regs(self):
        """(address, size) of each entry of reg as the CPU sees it: translated by the ranges of every bus above."""
        bus = self.parent
        width = bus.count("#address-cells", 2), bus.count("#size-cells", 1)
        found = []
        for start in range(0, len(self.cells("reg")), sum(width)):
            address = join(self.cells("reg")[start:start + width[0]])
            size = join(self.cells("reg")[start + width[0]:start + sum(width)])
            found.append((bus.translate(address), size))
        return found

    def translate(self, address):
        if not self.parent:
            return address
        own, size = self.count("#address-cells", 2), self.count("#size-cells", 1)
        above = self.parent.count("#address-cells", 2)
        ranges = self.cells("ranges")
        for start in range(0, len(ranges), own + above + size):
            base = join(ranges[start:start + own])
            to = join(ranges[start + own:start + own + above])
            if base <= address < base + join(ranges[start + own + above:start + own + above + size]):
                return self.parent.translate(to + address - base)
        assert not ranges, f"{address:#x} is not on {self.name}"
        return self.parent.translate(address)

    def child(self, name):
        found = [c for c in self.children if c.name == name]
        assert len(found) == 1, f"{len(found)} nodes named {name} in {self.name or '/'}"
        return found[0]

    def path(self):
        """This node and those above, up to the root."""
        return [self] + (self.parent.path() if self.parent else [])

    def inside(self, name):
        """Is this, or a node above, the root's child of that name?"""
        return any(n.name == name and n.parent and not n.parent.parent for n in self.path())

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()


def parse(blob, unique=False):
    """unique: two nodes of one name are an error."""
    magic, _, structs, strings = struct.unpack(">4I", blob[:16])
    assert magic == 0xD00DFEED
    root, node, at = None, None, structs
    while True:
        (token,) = struct.unpack_from(">I", blob, at)
        at += 4
        if token == BEGIN:
            end = blob.index(b"\0", at)
            node = Node(blob[at:end].decode("latin-1"), node)
            if node.parent:
                assert not unique or node.name not in [c.name for c in node.parent.children], f"two nodes {node.name}"
                node.parent.children.append(node)
            root = root or node
            at = (end + 4) & ~3
        elif token == PROP:
            size, name = struct.unpack_from(">II", blob, at)
            end = blob.index(b"\0", strings + name)
            node.props[blob[strings + name:end].decode("latin-1")] = blob[at + 8:at + 8 + size]
            at = (at + 8 + size + 3) & ~3
        elif token == END:
            node = node.parent
        elif token == FINISH:
            return root
        else:
            assert token == NOP, f"token {token}"
