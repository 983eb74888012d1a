# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Mediated interrupts: what machine.c says of numbers and physical lines, compared with the partition and with the guests'
own trees. Shares nothing with cellgen; the order of decision is written down from docs/partition.md once more.
"""
import re

import cellgen_fdt
import cellgen_pci

TIMERS = {27, 30} # virtual and non-secure physical timer (SBSA)
TOP = 32 + 255    # where free numbers are looked for, downwards


def bits(words):
    return {word * 32 + bit for word, value in words.items() for bit in range(32) if value >> bit & 1}


def tables(machine):
    """Number of the cell -> its linked, soft and edge INTIDs and the physical ones behind them."""
    found = {}
    for index, body in re.findall(r"struct vgic_config vgic_(\d+) = \{\n(.*?)\n\};", machine, re.S):
        sets = {name: bits({int(w): int(v, 16) for w, v in re.findall(r"\[(\d+)\] = (0x[0-9a-f]+)u,", text)})
                for name, text in re.findall(r"\t\.(linked|soft|edge) = \{(.*)\},", body)}
        pairs = re.findall(r"\[(\d+)\] = (\d+),", body.split(".physical = {")[1])
        found[int(index)] = {**sets, "physical": {int(v): int(p) for v, p in pairs}}
        assert len(found[int(index)]["physical"]) == len(pairs) and set(sets) == {"linked", "soft", "edge"}
    return found


def owners(machine, count):
    """One (cell, INTID, limit) or None for each physical INTID; each is said exactly once."""
    body = re.search(r"machine_owners\[MACHINE_MAX_OWNER\] = \{\n(.*?)\n\};", machine, re.S).group(1)
    found = {}
    for line in body.splitlines():
        span = re.match(r"\t\[(\d+) \.\.\. (\d+)\] = \{ \.cell = CELL_NONE \},$", line)
        one = re.match(r"\t\[(\d+)\] = \{ \.cell = (\d+), \.intid = (\d+), \.limit = (\d+) \}, /\*", line)
        assert span or one, line
        for intid in range(int(span[1]), int(span[2]) + 1) if span else [int(one[1])]:
            assert intid not in found
            found[intid] = None if span else tuple(int(n) for n in one.groups()[1:])
    assert sorted(found) == list(range(count))
    return found


def pairs_of(node, name):
    cells = node.cells(name) if name in node.props else []
    return list(zip(cells[::2], cells[1::2]))


def base_of(node):
    """Of a virtual device; the cell's own, or inherited, #address-cells."""
    width = next(n for n in node.path()[1:] if "#address-cells" in n.props).cells("#address-cells")[0]
    return cellgen_fdt.join(node.cells("reg")[:width])


class Cell:
    """The interrupts of a mediated cell: as asked, and as its guest's tree says."""

    def __init__(self, partition, cell, index):
        self.partition, self.cell, self.index = partition, cell, index
        self.asked = partition.asked(cell)
        guest = cellgen_fdt.parse((partition.gen / f"{cell['name']}.dtb").read_bytes())
        self.seen = {}     # number -> (physical line or None, edge?)
        self.written = {}  # physical line -> number, where the partition says one
        self.limits = {}   # physical line -> interrupts in a second
        self.default = self.asked.count("cloison,interrupt-limit", 0)
        for device in partition.devices(cell):
            if device.compatible_pci():
                self.device(device, *cellgen_pci.wires(partition, device, guest))
            else:
                wires = partition.wires(device)
                self.device(device, wires, guest.child(device.name).cells("interrupts") if wires else [])
        self.outputs = [(node, self.output(guest.child(node.name))) for node in self.asked.children if "reg" in node.props and
                        not (node.compatible("arm,sp805") and "interrupts" not in node.props)] # it has none but on request

    def device(self, node, wires, cells):
        """cells: what the guest's tree says, three for each of wires."""
        phandle = node.cells("phandle")[0] if "phandle" in node.props else None # not labelled
        numbers = [spi + 32 for p, spi in pairs_of(self.asked, "cloison,virtual-interrupts") if p == phandle]
        self.written.update({line: spi for (line, _), spi in zip(wires, numbers)})
        for named, limit in pairs_of(self.asked, "cloison,interrupt-limits"):
            self.limits.update({line: limit for line, _ in wires if named == phandle})
        assert len(cells) == 3 * len(wires) and not any(cells[::3])
        for (line, edge), intid, flags in zip(wires, cells[1::3], cells[2::3]):
            assert (flags in (1, 2)) == edge
            assert self.seen.setdefault(intid + 32, (line, edge)) == (line, edge), "one number for two lines"

    def output(self, shown):
        kind, spi, flags = shown.cells("interrupts")
        assert kind == 0 and flags in (1, 4) and spi + 32 not in self.seen
        self.seen[spi + 32] = None, flags == 1
        return spi + 32

    def check_order(self):
        """What is written holds; the rest follows docs/partition.md."""
        chosen = []
        for intid, (line, _) in self.seen.items():
            if line in self.written:
                assert intid == self.written[line]
            elif line and intid != line:
                assert line in self.seen, f"line {line} could have kept its number"
                chosen.append(intid)
        for node, intid in self.outputs:
            if "interrupts" in node.props:
                assert [0, intid - 32] == node.cells("interrupts")[:2]
                assert self.seen[intid][1] == (node.cells("interrupts")[2] == 1)
            elif base_of(node) != 0x09000000 or intid != 33:
                assert base_of(node) != 0x09000000 or 33 in self.seen
                chosen.append(intid)
        assert all(intid <= TOP and set(range(intid, TOP + 1)) <= set(self.seen) for intid in chosen)

    def check(self, table, owned):
        linked = {intid: line for intid, (line, _) in self.seen.items() if line}
        assert len(set(linked.values())) == len(linked), "one line under two numbers"
        assert table["linked"] == set(linked) | TIMERS
        assert table["physical"] == {**linked, **{t: t for t in TIMERS}}
        assert table["soft"] == {intid for _, intid in self.outputs}
        assert table["edge"] == {intid for intid, (_, edge) in self.seen.items() if edge} | set(range(16))
        assert {line: o[1] for line, o in owned.items() if o} == {line: intid for intid, line in linked.items()}
        for line, (_, _, limit) in owned.items():
            assert limit == self.limits.get(line, self.default)
        report = {(v["intid"], v["physical"], v["limit"], v["trigger"]) for v in self.cell["virtual_lines"]}
        assert report == {(intid, line or 0, owned[line][2] if line else 0, "edge" if edge else "level")
                          for intid, (line, edge) in self.seen.items()}
        self.check_order()


def check(partition):
    text = (partition.gen / "counts.h").read_text()
    counts = {name: int(value) for name, value in re.findall(r"#define (\w+) (\d+)", text)}
    table, cells = tables(partition.machine), {}
    for index, cell in enumerate(partition.cells):
        assert cell["interrupts"] == ("mediated" if partition.mediated(cell) else "direct")
        if partition.mediated(cell):
            cells[index] = Cell(partition, cell, index)
    limit = int(re.search(r"\.line_limit = (\d+)", partition.machine).group(1))
    assert limit == max([31] + [ln["intid"] for ln in partition.report["lines"]])
    assert counts["OWNER_COUNT"] == counts["MACHINE_MAX_OWNER"] == limit + 1
    assert counts["MEDIATED_COUNT"] == len(cells) == len(table) and counts["MACHINE_MAX_MEDIATED"] == max(1, len(cells))
    highest = max([0] + [intid for c in cells.values() for intid in c.seen])
    assert counts["VGIC_WORDS"] == max(9, highest // 32 + 1) <= 31
    words = [{w: sum(i // 32 == w for i in [*range(16), *TIMERS, *c.seen]) for w in range(counts["VGIC_WORDS"])} for c in cells.values()]
    used = {w for c in words for w, lines in c.items() if lines} | {0}
    assert counts["VGIC_WORDS_USED"] == sum(1 << w for w in used) and counts["VGIC_WORD_COUNT"] == len(used)
    assert counts["VGIC_WORD_LINES"] == max([0] + [lines for c in words for lines in c.values()])
    service = partition.report["service_cpu"]
    assert counts["SERVICE_SHARED"] == bool(service and service["shared_with"])
    owned = owners(partition.machine, counts["OWNER_COUNT"])
    assert {o[0] for o in owned.values() if o} <= set(cells), "a line of a direct cell has an owner"
    for index, cell in cells.items():
        cell.check(table[index], {line: o for line, o in owned.items() if o and o[0] == index})
    check_machine(partition, cells)


def check_machine(partition, cells):
    """Which cell has which table, and the lines of virtual devices."""
    body = re.search(r"machine_cells\[MACHINE_MAX_CELL\] = \{\n(.*?)\n\};", partition.machine, re.S).group(1)
    configs = re.findall(r"\n?\t\{ /\*.*?\n\t\},", body, re.S)
    assert len(configs) == len(partition.cells)
    for index, config in enumerate(configs):
        assert re.findall(r"\.vgic = &vgic_(\d+),", config) == ([str(index)] if index in cells else [])
    body = re.search(r"machine_vdevs\[MACHINE_MAX_VDEV\] = \{\n(.*?)\};", partition.machine, re.S).group(1)
    rows = [(int(cell), int(line)) for line, cell in re.findall(r"\.line = (\d+),\s+\.cell = (\d+)", body) if line != "0"]
    for index, cell in cells.items():
        assert sorted(line for c, line in rows if c == index) == sorted(intid for _, intid in cell.outputs)
