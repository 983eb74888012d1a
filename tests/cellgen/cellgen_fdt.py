# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A reader of flattened device trees (Devicetree Specification, chapter 5) that shares nothing with libfdt."""
import struct

BEGIN, END, PROP, NOP, FINISH = 1, 2, 3, 4, 9


class Node:
    def __init__(self, name, parent=None):
        self.name, self.parent = name, parent
        self.props, self.children = {}, []

    def cells(self, name):
        data = self.props[name]
        return list(struct.unpack(f">{len(data) // 4}I", data))

    def numbers(self, name):
        """Pairs of cells as 64-bit numbers."""
        data = self.props[name]
        return list(struct.unpack(f">{len(data) // 8}Q", data))

    def text(self, name):
        return self.props[name].split(b"\0")[0].decode()

    def compatible(self, wanted):
        return wanted.encode() in self.props.get("compatible", b"").split(b"\0")

    def child(self, name):
        found = [c for c in self.children if c.name == name]
        assert len(found) == 1, f"{len(found)} nodes named {name} in {self.name or '/'}"
        return found[0]

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()


def parse(blob):
    magic, _, structs, strings = struct.unpack(">4I", blob[:16])
    assert magic == 0xD00DFEED
    root, node, at = None, None, structs
    while True:
        (token,) = struct.unpack_from(">I", blob, at)
        at += 4
        if token == BEGIN:
            end = blob.index(b"\0", at)
            node = Node(blob[at:end].decode(), node)
            if node.parent:
                assert node.name not in [c.name for c in node.parent.children], f"two nodes {node.name}"
                node.parent.children.append(node)
            root = root or node
            at = (end + 4) & ~3
        elif token == PROP:
            size, name = struct.unpack_from(">II", blob, at)
            end = blob.index(b"\0", strings + name)
            node.props[blob[strings + name:end].decode()] = blob[at + 8:at + 8 + size]
            at = (at + 8 + size + 3) & ~3
        elif token == END:
            node = node.parent
        elif token == FINISH:
            return root
        else:
            assert token == NOP, f"token {token}"
