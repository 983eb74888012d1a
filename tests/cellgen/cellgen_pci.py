# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
PCI functions, from the tree once more (IEEE 1275 PCI bus binding), against what cellgen wrote: who has which, where the BARs
are, what the guest's tree says, what the core sees of configuration space.
"""
import re

PAGE, BUS, GIC_CELLS = 0x1000, 1 << 20, 3


def number(text):
    return int(text, 0)


def up(size):
    return -(-size // PAGE) * PAGE


class Function:
    def __init__(self, partition, node):
        self.node, self.host = node, node.parent
        cells = node.cells("reg")
        self.address = cells[0] >> 8 & 0xFFFF
        entries = [cells[i:i + 5] for i in range(5, len(cells), 5)]
        self.bars = sorted(((e[0] & 0xFF) - 0x10) // 4 for e in entries)
        self.sizes = {((e[0] & 0xFF) - 0x10) // 4: (e[3] << 32 | e[4], e[0] >> 24 & 3 == 3, bool(e[0] >> 30 & 1)) for e in entries}
        ids = next(c for c in node.props["compatible"].decode().split("\0") if re.fullmatch("pci[0-9a-f]{4},[0-9a-f]{4}", c))
        self.vendor, self.device = int(ids[3:7], 16), int(ids[8:], 16)
        self.pin = node.count("interrupts", 0)
        self.line = self.find_line(partition)
        self.ecam = self.host.regs()[0][0]

    def find_line(self, partition):
        """(SPI, flags) that the pin leads to."""
        cells = self.host.cells("interrupt-map") if "interrupt-map" in self.host.props else []
        mask = self.host.cells("interrupt-map-mask") if "interrupt-map-mask" in self.host.props else [0xFFFFFFFF] * 4
        while self.pin and cells:
            width = 5 + partition.phandles[cells[4]].count("#address-cells", 0)
            want = [self.address << 8, 0, 0, self.pin]
            if all((a ^ b) & m == 0 for a, b, m in zip(want, cells, mask)):
                return cells[width + 1], cells[width + 2]
            cells = cells[width + GIC_CELLS:]
        assert not self.pin
        return None

    def config(self):
        first = self.host.cells("bus-range")[0] if "bus-range" in self.host.props else 0
        return self.ecam + (self.address - (first << 8) << 12)


def functions(partition, cell):
    """In the order of machine_functions: by host, as the tree has them, then by address."""
    hosts = [n for n in partition.tree.walk() if n.compatible("pci-host-ecam-generic")]
    found = [Function(partition, n) for n in partition.devices(cell) if n.compatible_pci()]
    return sorted(found, key=lambda f: (hosts.index(f.host), f.address))


def everybodys(partition):
    return [(cell, f) for cell in partition.cells for f in functions(partition, cell)]


def bars(partition):
    """(function's number, index, base, size, wide, prefetchable) of each row of machine_bars."""
    rows = re.findall(r"\{ \.base = (0x\w+), \.size = (0x\w+), \.function = (\d+), \.index = (\d), \.wide = (\w+), \.prefetchable = (\w+) \}",
                      partition.machine)
    return [(int(f), int(i), number(b), number(s), w == "true", p == "true") for b, s, f, i, w, p in rows]


def pages(partition, cell):
    """(base, size) in whole pages of each BAR of the cell's."""
    mine = [i for i, (c, _) in enumerate(everybodys(partition)) if c is cell]
    return [(base, up(size)) for f, _, base, size, *_ in bars(partition) if f in mine]


def spaces(partition, cell):
    """(base, size) of the configuration space of each bus that the cell has functions on."""
    return sorted({(f.ecam, BUS) for f in functions(partition, cell)})


def reset(partition, f, number_of):
    """The page with the register that resets it."""
    if "cloison,reset-write" not in f.node.props:
        return []
    bar, offset, _ = f.node.cells("cloison,reset-write")
    base, = (b for n, i, b, *_ in bars(partition) if (n, i) == (number_of, bar))
    return [(base + offset & -PAGE, PAGE)]


def el2(partition, index):
    """What the core sees on this CPU: all of each bus on the one that boots, else the pages of the cell's functions."""
    cpu, found = partition.cpus[index], set()
    for n, (cell, f) in enumerate(everybodys(partition)):
        own = cpu.get("cell") == cell["name"]
        if index == 0:
            found.add((f.ecam, BUS))
        elif own:
            found.add((f.config(), PAGE))
        if index == 0 or own:
            found |= set(reset(partition, f, n))
    return sorted(found)


def field(name, row):
    return re.search(rf"\.{name} = (\w+)", row).group(1)


def check_functions(partition):
    text = re.search(r"machine_functions\[\w+\] = \{\n(.*?)^\};", partition.machine, re.M | re.S).group(1)
    rows, all_bars = [r for r in text.split("\t{ ") if r], bars(partition)
    wanted, first = everybodys(partition), 0
    assert len(rows) == len(wanted)
    for n, (row, (cell, f)) in enumerate(zip(rows, wanted)):
        values = {name: number(field(name, row)) for name in ("config", "address", "cell", "vendor", "device", "first_bar", "bar_count",
                                                               "vectors", "pin")}
        assert values == {"config": f.config(), "address": f.address, "cell": partition.cells.index(cell), "vendor": f.vendor,
                          "device": f.device, "first_bar": first, "bar_count": len(f.bars),
                          "vectors": f.node.count("cloison,msi-vectors", 0), "pin": f.pin}
        assert field("intx", row) == str(f.line is not None).lower()
        assert field("no_reset", row) == str("cloison,no-reset" in f.node.props).lower()
        assert (field("reset_bar", row) == "PCI_NO_BAR") == ("cloison,reset-write" not in f.node.props)
        if "cloison,reset-write" in f.node.props:
            assert [number(field(k, row)) for k in ("reset_bar", "reset_offset", "reset_value")] == f.node.cells("cloison,reset-write")
        mine = all_bars[first:first + len(f.bars)]
        assert [b[:2] for b in mine] == [(n, i) for i in f.bars] and [b[3:] for b in mine] == [f.sizes[i] for i in f.bars]
        first += len(f.bars)
    assert first == len(all_bars)


def window(host):
    """The one for 32-bit memory, from the tree."""
    cells = host.cells("ranges")
    for row in (cells[i:i + 7] for i in range(0, len(cells), 7)):
        if row[0] >> 24 & 0x43 == 2 and row[1:3] == row[3:5]:
            return row[2], row[6]
    return 0, 0


def check_bars(partition):
    """Each in its window, aligned, in pages of its own; between those of a cell there is nothing."""
    spans, owners = {}, everybodys(partition)
    for f, _, base, size, *_ in bars(partition):
        start, length = window(owners[f][1].host)
        assert base % max(size, PAGE) == 0 and start <= base and base + up(size) <= start + length
        spans.setdefault((owners[f][0]["name"], owners[f][1].host.name), []).append((base, base + up(size)))
    merged = []
    for list_ in spans.values():
        list_.sort()
        assert all(a[1] == b[0] for a, b in zip(list_, list_[1:]))
        merged.append((list_[0][0], list_[-1][1]))
    assert all(a[1] <= b[0] for a, b in zip(sorted(merged), sorted(merged)[1:]))
    return spans


def check_spaces(partition):
    rows = re.findall(r"\{ \.base = (0x\w+), \.cell = (\d+), \.bus = (\d+), \.first_function = (\d+), \.function_count = (\d+) \}",
                      partition.machine)
    wanted, first = [], 0
    for n, cell in enumerate(partition.cells):
        for host in dict.fromkeys(f.host for f in functions(partition, cell)):
            mine = [f for f in functions(partition, cell) if f.host is host]
            wanted.append((mine[0].ecam, n, mine[0].address >> 8, first, len(mine)))
            first += len(mine)
    assert [tuple(map(number, row)) for row in rows] == wanted
    buses = re.findall(r"\{ \.config = (0x\w+), \.bus = (\d+) \}", partition.machine)
    assert [tuple(map(number, b)) for b in buses] == list(dict.fromkeys((base, bus) for base, _, bus, *_ in wanted))
    for cell in partition.cells:
        shown = [(number(e["base"]), number(e["size"])) for e in cell["map"] if e["kind"] == "configuration"]
        assert sorted(shown) == spaces(partition, cell)


def guest_map(root, node):
    """interrupt-map of a host in a guest's tree, eight numbers each: without the GIC's unit address, which is zero."""
    cells = node.cells("interrupt-map") if "interrupt-map" in node.props else []
    unit = root.child("intc@8000000").count("#address-cells", 0)
    rows = [cells[i:i + 8 + unit] for i in range(0, len(cells), 8 + unit)]
    assert all(r[5:5 + unit] == [0] * unit for r in rows)
    return [r[:5] + r[5 + unit:] for r in rows]


def guest_lines(root):
    """INTIDs in the interrupt-map of the hosts in a guest's tree."""
    rows = [r for node in root.children for r in guest_map(root, node)]
    assert all(r[5] == 0 for r in rows)
    return {r[6] + 32 for r in rows}


def wires(partition, node, root):
    """(INTID, edge?) of the function's line, if it has one; what its entry in the guest's interrupt-map says: kind, number, flags."""
    f = Function(partition, node)
    hosts = [n for n in root.children if n.compatible("pci-host-ecam-generic") and n.regs()[0][0] == f.ecam]
    rows = [r for n in hosts for r in guest_map(root, n)]
    mine = [r[5:] for r in rows if r[0] == f.address << 8 & 0xFF00]
    assert len(mine) == (1 if f.line else 0)
    return ([(f.line[0] + 32, f.line[1] in (1, 2))], mine[0]) if f.line else ([], [])


def guest_number(partition, cell, spi):
    """The cell's number of a physical line."""
    if not partition.mediated(cell):
        return spi
    return next(ln["spi"] for ln in cell["virtual_lines"] if ln["physical"] == spi + 32)


def check_guest(partition, cell, root, spans):
    mine = functions(partition, cell)
    nodes = [n for n in root.children if n.compatible("pci-host-ecam-generic")]
    assert [n.regs()[0] for n in nodes] == [(e, BUS) for e in dict.fromkeys(f.ecam for f in mine)]
    assert ("linux,pci-probe-only" in root.child("chosen").props) == bool(nodes)
    for node in nodes:
        here = [f for f in mine if f.ecam == node.regs()[0][0]]
        host, bus = here[0].host, here[0].address >> 8
        assert node.cells("bus-range") == [bus, bus] and ("dma-coherent" in node.props) == ("dma-coherent" in host.props)
        assert node.props.get("linux,pci-domain") == host.props.get("linux,pci-domain") and node.text("device_type") == "pci"
        span = spans.get((cell["name"], host.name))
        if span:
            assert node.cells("ranges") == [2 << 24, 0, span[0][0], 0, span[0][0], 0, span[-1][1] - span[0][0]]
        assert ("ranges" in node.props) == bool(span)
        wanted = [v for f in here if f.line for v in (f.address << 8 & 0xFF00, 0, 0, f.pin, root.child("intc@8000000").cells("phandle")[0], 0,
                                                      guest_number(partition, cell, f.line[0]), f.line[1])]
        shown = guest_map(root, node)
        assert sorted(shown) == sorted(wanted[i:i + 8] for i in range(0, len(wanted), 8)) and (not shown or node.cells("interrupt-map-mask") == [0xFF00, 0, 0, 7])


def check(partition):
    check_functions(partition)
    check_spaces(partition)
    return check_bars(partition)
