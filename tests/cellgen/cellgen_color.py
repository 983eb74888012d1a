# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Cache colours, for cellgen_walk.py: which frames a partition's memory may be in, from the cache nodes and llc-colors of
partition.dtb, and whether everything of a cell, tables included, is in them.
"""
KIB = 1 << 10
PAGE = 4 * KIB


def frames(gen):
    """The frame behind each page of the core and of the images, by link address: what frames.txt says."""
    found = {}
    for line in (gen / "frames.txt").read_text().splitlines():
        if not line.startswith("#"):
            link, phys, size = (int(word, 16) for word in line.split())
            for at in range(0, size, PAGE):
                assert link + at not in found
                found[link + at] = phys + at
    assert len(set(found.values())) == len(found), "one frame for two pages"
    return found


def merge(pieces):
    """Neighbours that go on in both addresses become one."""
    out = []
    for at, phys, size, *kind in pieces:
        if out and (out[-1][0] + out[-1][2], out[-1][1] + out[-1][2]) == (at, phys):
            out[-1] = (out[-1][0], out[-1][1], out[-1][2] + size, *kind)
        else:
            out.append((at, phys, size, *kind))
    return out


def parse(text):
    """Xen's syntax."""
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return sorted(found)


class Colors:
    def __init__(self, partition):
        self.partition = partition
        self.caches = {}
        for cpu in partition.tree.child("cpus").children:
            node = cpu
            for _ in range(8): # caches may be in a circle
                node = partition.phandles.get((node.cells("next-level-cache") or [0])[0]) if "next-level-cache" in node.props else None
                if not node:
                    break
                self.caches[node.name] = node
        self.used = any("llc-colors" in n.props for n in partition.hypervisor.walk())
        self.count = max([self.colors_of(c) for c in self.caches.values()] or [0]) if self.used else 0

    @staticmethod
    def colors_of(cache):
        line = "cache-line-size" if "cache-line-size" in cache.props else "cache-block-size"
        return max(cache.cells("cache-sets")[0] * cache.cells(line)[0] // PAGE, 1)

    def of(self, node):
        """None: all of them."""
        return parse(node.text("llc-colors")) if "llc-colors" in node.props else None

    def spread(self, cell, start, memory):
        """(address, physical, bytes) of memory that lies at start: a range of a cell's, or one of its images."""
        colors = self.of(self.partition.asked(cell))
        out, at = [], start
        for stripe in memory["stripes"]:
            base, size = int(stripe["base"], 16), int(stripe["size"], 16)
            assert base % PAGE == 0 and size % PAGE == 0 and size
            if colors is None:
                out.append((at, base, size))
                at += size
                continue
            assert base % (self.count * PAGE) == 0
            for i in range(size // PAGE):
                frame = base + (i // len(colors) * self.count + colors[i % len(colors)]) * PAGE
                out.append((at, frame, PAGE))
                at += PAGE
        wanted = int(memory["size"], 16) if "size" in memory else -(-memory["bytes"] // PAGE) * PAGE
        assert at - start == wanted, "stripes of another size"
        return merge(out)

    def check_frames(self, node, used, what):
        colors = self.of(node)
        bad = [hex(f) for f in used if colors is not None and f // PAGE % self.count not in colors]
        assert not bad, f"{what}: frames that have none of its colours: {bad[:4]}"

    def tables_below(self, root, level=1):
        """Every table page of a tree, the root too."""
        yield root
        if level < 3:
            for entry in self.partition.memory.pages[root]:
                if entry & 3 == 3:
                    yield from self.tables_below(entry & 0x0000FFFFFFFFF000, level + 1)

    def check(self):
        p = self.partition
        for i, cell in enumerate(p.cells):
            roots = [int(cell[k], 16) for k in ("root", "root_const", "load_root")]
            used = {t for root in roots for t in self.tables_below(root)} | {p.frames_of("copier")[i]}
            used |= {f for _, f, _, kind in p.memory.leaves(roots[2], {**p.kinds, "none": 0}) if kind != "device"}
            self.check_frames(p.asked(cell), used, cell["name"])
        core = [f for slot in ("text", "rodata", "data", "percpu") for f in p.frames_of(slot)]
        core += [t for cpu in p.cpus for t in self.tables_below(int(cpu["root"], 16))]
        self.check_frames(p.hypervisor, core, "hypervisor")
        assert not self.used or p.report["color_count"] == self.count
