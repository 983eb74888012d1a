# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Walks the stream tables that cellgen wrote as an SMMUv3 would (IHI 0070: 3.3, 5.2), and says whether each stream of a cell's
device, and no other StreamID, leads to that cell's memory. Bits are written down from the manual once more.
"""
import re
import struct

KIB = 1 << 10
PAGE = 4 * KIB
SPLIT = 6
REVOKED = 0x1 # V, Config 0b000
DMA, DOORBELL = "rw- of a device", "-w- of a doorbell"
GUEST_DOORBELL = 0x08090000
XN, AF = 1 << 54, 1 << 10
KINDS = {DMA: AF | 3 << 8 | 0xF << 2 | 3 << 6 | XN, DOORBELL: AF | 1 << 2 | 2 << 6 | XN}
PS = {40: 2, 42: 3, 44: 4, 48: 5}


def asked(partition, cell):
    """(IOMMU's node, StreamID, MSIs?) of each stream of the cell's devices, from the tree alone."""
    found = set()
    for node in partition.devices(cell):
        if node.compatible_pci():
            rid, host = node.cells("reg")[0] >> 8 & 0xFFFF, node.parent
            masked = rid & host.count("iommu-map-mask", 0xFFFFFFFF)
            entries = host.cells("iommu-map") if "iommu-map" in host.props else []
            for first, iommu, base, length in zip(*[iter(entries)] * 4):
                if first <= masked < first + length:
                    found.add((iommu, masked - first + base, bool(node.count("cloison,msi-vectors", 0))))
                    break
        elif "iommus" in node.props:
            cells = node.cells("iommus")
            found |= {(cells[i], cells[i + 1], False) for i in range(0, len(cells), 2)}
    return {(iommu, sid, any(f == (iommu, sid, True) for f in found)) for iommu, sid, _ in found}


def words(data):
    return struct.unpack("<8Q", data)


class Streams:
    """The streams slot, and who leads into it."""

    def __init__(self, partition):
        self.p = partition
        self.bytes = (partition.gen / "streams.bin").read_bytes()
        self.frames = partition.frames_of("streams")
        assert len(self.bytes) == len(self.frames) * PAGE
        self.at = {frame: self.bytes[i * PAGE:(i + 1) * PAGE] for i, frame in enumerate(self.frames)}
        self.used = []

    def page(self, phys):
        self.used.append(phys)
        return self.at[phys]

    def entries(self, base, config):
        """StreamID -> words of each valid entry."""
        assert config == 1 << 16 | SPLIT << 6 | 15 and base >> 62 == 1
        level1, found = self.p.memory.pages[base & 0x0000FFFFFFFFFFC0], {}
        for index, descriptor in enumerate(level1):
            assert descriptor == 0 or descriptor & 0xFFF == SPLIT + 1, f"descriptor {descriptor:#x}"
            leaf = self.page(descriptor & ~0xFFF) if descriptor else b""
            for k in range(len(leaf) // 64):
                entry = words(leaf[64 * k:64 * k + 64])
                if any(entry):
                    found[index << SPLIT | k] = entry
            assert not leaf or any(index == sid >> SPLIT for sid in found), "a leaf without a stream"
        return found


def check_entry(partition, entry, cell, doorbell):
    """Returns VMID and root."""
    assert entry[0] == REVOKED and entry[1] == 1 << 44 | 1 << 19 and entry[4:] == (0, 0, 0, 0)
    vmid, root = entry[2] & 0xFFFF, entry[3]
    fixed = 25 << 32 | 1 << 38 | 1 << 40 | 1 << 42 | 3 << 44 | 1 << 51 | 1 << 53 | 1 << 54 | 1 << 58
    assert entry[2] == vmid | fixed | PS[partition.report["pa_bits"]] << 48
    wanted = [(g, p, s, DMA) for m in cell["memory"] for g, p, s in partition.colors.spread(cell, int(m["guest"], 16), m)]
    if doorbell:
        its = next(n for n in partition.tree.walk() if n.compatible("arm,gic-v3-its")).regs()[0][0]
        wanted.append((GUEST_DOORBELL, its + 64 * KIB, PAGE, DOORBELL))
    partition.same(partition.memory.leaves(root, KINDS), wanted, f"tree of devices of {cell['name']}")
    return vmid, root


def check(partition):
    wanted = {c["name"]: asked(partition, c) for c in partition.cells}
    names = [n.cells("phandle")[0] for n in partition.tree.walk() if n.compatible("arm,smmu-v3") and "phandle" in n.props]
    used = [n for n in names if any(n == iommu for streams in wanted.values() for iommu, *_ in streams)]
    rows = re.findall(r"\.strtab_base = (0x\w+),\s+\.strtab_cfg = (0x\w+)", partition.machine)
    assert len(rows) == len(used)
    if not used:
        assert "streams" not in partition.slots and not (partition.gen / "streams.bin").exists()
        return
    streams, trees = Streams(partition), {}
    for iommu, (base, config) in zip(used, rows):
        found = streams.entries(int(base, 16), int(config, 16))
        cells = {sid: (cell, doorbell) for cell in partition.cells for i, sid, doorbell in wanted[cell["name"]] if i == iommu}
        assert found.keys() == cells.keys()
        for sid, (cell, doorbell) in cells.items():
            tree = check_entry(partition, found[sid], cell, doorbell)
            assert trees.setdefault((cell["name"], doorbell), tree) == tree
    check_trees(partition, trees)
    check_rest(partition, streams, len(used))


def check_trees(partition, trees):
    order = [(c["name"], doorbell) for c in partition.cells for doorbell in (False, True)]
    vmids = [trees[key][0] for key in order if key in trees]
    assert vmids == list(range(1, len(trees) + 1))
    pages, others = set(), {int(c[root], 16) for c in partition.cells for root in ("root", "root_const", "load_root")}
    for _, root in trees.values():
        mine = set(tables(partition.memory.pages, root, 1))
        assert not mine & pages and not mine & {p for o in others for p in tables(partition.memory.pages, o, 1)}
        pages |= mine


def tables(pages, root, level):
    yield root
    for entry in pages[root] if level < 3 else ():
        if entry & 3 == 3:
            yield from tables(pages, entry & 0x0000FFFFFFFFF000, level + 1)


def check_rest(partition, streams, iommus):
    """Behind each IOMMU's leaves a page of commands and one of events, empty; no page is left over."""
    queues = [[int(v, 16) for v in re.findall(rf"\.{name}_base = (0x\w+)", partition.machine)] for name in ("cmdq", "eventq")]
    assert all(len(q) == iommus for q in queues)
    for commands, events in zip(*queues):
        assert commands & 0xFFF == 8 and events & 0xFFF == 7 and commands >> 62 == events >> 62 == 1
        pages = [commands & 0x0000FFFFFFFFF000, events & 0x0000FFFFFFFFF000]
        assert streams.frames.index(pages[1]) == streams.frames.index(pages[0]) + 1
        assert not any(any(streams.page(p)) for p in pages)
    assert sorted(streams.used) == sorted(streams.frames)


def el2(partition, index):
    """Whether this CPU drives the IOMMUs: the one that boots, the service CPU (or all), those of cells with streams."""
    cpu, service = partition.cpus[index], partition.service()
    mine = [c for c in partition.cells if c["name"] == cpu.get("cell")]
    return index == 0 or index == service or (service is None and cpu["role"] != "unused") or any(asked(partition, c) for c in mine)
