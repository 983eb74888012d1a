# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Walks the tables that cellgen wrote as the hardware would, and says whether they map what report.json says.

Arm ARM (DDI 0487) D8: 4 KiB granule, 39-bit input, so a walk starts at level 1 with 512 entries of 1 GiB. Nothing
here is taken from cellgen or src/: descriptor bits are written down from the manual once more.
"""
import hashlib
import json
import re
import struct

import cellgen_fdt

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
UNITS = {1: GIB, 2: 2 * MIB, 3: 4 * KIB}
ADDRESS = 0x0000FFFFFFFFF000
FRAME = 64 * KIB
PERCPU = 16 * KIB
LOAD_WINDOW = 0x7FC0000000

# Stage 2 (D8.3, D8.5.5): MemAttr[5:2], S2AP[7:6], SH[9:8], AF[10], XN[54]
AF, SH_INNER, XN = 1 << 10, 3 << 8, 1 << 54
S2_NORMAL, S2_DEVICE_NGNRE, S2_R, S2_W = 0xF << 2, 0x1 << 2, 1 << 6, 2 << 6
S2 = {
    "rwx": AF | SH_INNER | S2_NORMAL | S2_R | S2_W,
    "rw-": AF | SH_INNER | S2_NORMAL | S2_R | S2_W | XN,
    "r-x": AF | SH_INNER | S2_NORMAL | S2_R,
    "r--": AF | SH_INNER | S2_NORMAL | S2_R | XN,
    "device": AF | S2_DEVICE_NGNRE | S2_R | S2_W | XN,
}
# EL2 stage 1: AttrIndx[4:2] (0 Device, 1 Normal), AP[1] is RES1 (bit 6), AP[2] read-only (bit 7)
EL2 = {
    "r-x": AF | SH_INNER | 1 << 6 | 1 << 2 | 1 << 7,
    "r--": AF | SH_INNER | 1 << 6 | 1 << 2 | 1 << 7 | XN,
    "rw-": AF | SH_INNER | 1 << 6 | 1 << 2 | XN,
    "device": AF | 1 << 6 | XN,
}


class Memory:
    """The table pages at their physical addresses; a walk that leaves them is an error."""

    def __init__(self):
        self.pages = {}

    def add(self, base, data):
        for at in range(0, len(data), 4 * KIB):
            assert base + at not in self.pages
            self.pages[base + at] = struct.unpack("<512Q", data[at:at + 4 * KIB])

    def leaves(self, table, kinds, level=1, base=0):
        """(input address, output address, size, kind) of every leaf, in order of input addresses."""
        names = {value: name for name, value in kinds.items()}
        assert table in self.pages, f"table at {table:#x} is outside the tables"
        for index, entry in enumerate(self.pages[table]):
            at, unit = base + index * UNITS[level], UNITS[level]
            if entry == 0:
                continue
            assert entry & 1, f"{at:#x}: an entry that is neither 0 nor valid: {entry:#x}"
            if level < 3 and entry & 2:
                assert entry & ~ADDRESS == 3, f"{at:#x}: attributes in a table entry: {entry:#x}"
                yield from self.leaves(entry & ADDRESS, kinds, level + 1, at)
                continue
            assert level < 3 or entry & 2, f"{at:#x}: reserved encoding {entry:#x}"
            assert (entry & ADDRESS) % unit == 0, f"{at:#x}: misaligned block {entry:#x}"
            attributes = entry & ~ADDRESS & ~3
            assert attributes in names, f"{at:#x}: attributes that nothing has: {attributes:#x}"
            yield at, entry & ADDRESS, unit, names[attributes]


def blocks(ranges):
    """The leaves that ranges (input, output, size, kind) need, with the largest unit that fits at each address."""
    for start, out, size, kind in sorted(ranges):
        at = 0
        while at < size:
            unit = next(u for u in (GIB, 2 * MIB, 4 * KIB)
                        if (start + at) % u == 0 and (out + at) % u == 0 and size - at >= u)
            yield start + at, out + at, unit, kind
            at += unit


def same(found, wanted, what):
    found, wanted = list(found), list(blocks(wanted))
    extra = [f"{a:#x}->{b:#x} {c:#x} {k}" for a, b, c, k in found if (a, b, c, k) not in set(wanted)]
    missing = [f"{a:#x}->{b:#x} {c:#x} {k}" for a, b, c, k in wanted if (a, b, c, k) not in set(found)]
    assert not extra and not missing, f"{what}: mapped but not meant {extra[:4]}, meant but not mapped {missing[:4]}"
    assert found == wanted


def overlap(a, b):
    return [(x, y) for x in a for y in b if x[0] < y[0] + y[1] and y[0] < x[0] + x[1]]


def number(text):
    return int(text, 16)


class Partition:
    """What a run of cellgen left in OUT."""

    def __init__(self, out):
        self.out, self.gen = out, out / "gen"
        self.report = json.loads((self.gen / "report.json").read_text(errors="replace"))
        self.slots = {s["name"]: (number(s["base"]), number(s["size"])) for s in self.report["slots"]}
        self.cells = self.report["cells"]
        self.cpus = self.report["cpus"]
        self.machine = (self.gen / "machine.c").read_text(errors="replace")
        self.memory = Memory()
        self.memory.add(self.slots["tables"][0], (self.gen / "tables.bin").read_bytes())
        self.memory.add(self.slots["roots"][0], (self.gen / "roots.bin").read_bytes())

    def registers(self, name):
        """The values of one register in machine.c, CPU by CPU."""
        return [number(v) for v in re.findall(rf"\.{name} = (0x[0-9a-f]+)", self.machine)]

    def physical(self, kind, owner=None):
        return [(number(e["base"]), number(e["size"])) for e in self.report["physical"]
                if e["kind"] == kind and owner in (None, e["owner"])]

    def ram(self, cell):
        return [(number(m["guest"]), number(m["physical"]), number(m["size"])) for m in cell["memory"]]

    def service(self):
        found = [i for i, c in enumerate(self.cpus) if c["serves"]]
        return found[0] if found else None

    # ---- stage 2

    def run_ranges(self, cell, ram_kind="rwx"):
        gicr = next(number(e["base"]) for e in cell["map"] if e["kind"] == "gic" and "redist" in e["what"])
        wanted = [(g, p, s, ram_kind) for g, p, s in self.ram(cell)]
        if ram_kind != "rwx":
            return wanted
        wanted += [(number(e["base"]), number(e["base"]), number(e["size"]), "device")
                   for e in cell["map"] if e["kind"] == "device"]
        for cpu in self.cpus:
            if cpu.get("cell") == cell["name"] and not cell["mediated"]: # a mediated cell has no frame of the real one
                frame = gicr + cpu["vcpu"] * 2 * FRAME + FRAME
                wanted.append((frame, number(cpu["redistributor"]) + FRAME, FRAME, "device"))
        return wanted

    def check_cell(self, cell):
        name = cell["name"]
        for root in ("root", "root_const"):
            same(self.memory.leaves(number(cell[root]), S2), self.run_ranges(cell), f"{root} of {name}")
        leaves = list(self.memory.leaves(number(cell["load_root"]), S2))
        lists = [out for at, out, _, _ in leaves if at == LOAD_WINDOW + 4 * KIB]
        assert len(lists) == 1, f"{name}: no load list"
        wanted = self.run_ranges(cell, "rw-")
        wanted.append((LOAD_WINDOW, self.slots["copier"][0], 4 * KIB, "r-x"))
        wanted.append((LOAD_WINDOW + 4 * KIB, lists[0], 4 * KIB, "r--"))
        wanted += [(number(i["load_source"]), number(i["physical"]), -(-i["bytes"] // (4 * KIB)) * 4 * KIB, "r--")
                   for i in cell["images"]]
        same(leaves, wanted, f"load root of {name}")
        self.check_list(cell, lists[0])

    def check_list(self, cell, page):
        words = self.memory.pages[page]
        pieces = [words[2 + 3 * i:5 + 3 * i] for i in range(words[0])]
        assert words[1] == 0 and not any(words[2 + 3 * words[0]:])
        wanted = [(number(i["load_source"]), number(i["guest"]), -(-i["bytes"] // 16) * 16) for i in cell["images"]]
        assert sorted(pieces) == sorted(wanted), f"load list of {cell['name']}"
        for _, target, size in pieces:
            assert any(g <= target and target + size <= g + s for g, _, s in self.ram(cell)), "copied outside its RAM"
        spans = [(t, s) for _, t, s in pieces]
        assert all(not overlap([a], [b]) for i, a in enumerate(spans) for b in spans[:i]), "images over each other"

    # ---- EL2

    def cpu_ranges(self, index):
        cpu, boot, service = self.cpus[index], index == 0, self.service()
        used = cpu["role"] != "unused"
        kinds = {"text": "r-x", "copier": "r--", "rodata": "r--", "tables": "r--", "roots": "rw-", "data": "rw-"}
        wanted = [(self.slots[s][0], self.slots[s][1], kind) for s, kind in kinds.items()]
        for i in range(len(self.cpus)):
            base = self.slots["percpu"][0] + i * PERCPU
            if i == index:
                wanted.append((base + 4 * KIB, 12 * KIB, "rw-")) # the guard page below stays unmapped
            elif index == service:
                wanted.append((base + 12 * KIB, 4 * KIB, "r--"))
        if boot or used:
            wanted.append((min(self.physical("gic"))[0], FRAME, "device") if len(self.physical("gic")) == 1
                          else (self.distributor(), FRAME, "device"))
            wanted.append((number(cpu["redistributor"]), 2 * FRAME, "device"))
        if boot or index == service or (used and service is None):
            wanted.append((self.physical("device", "core")[0][0], 4 * KIB, "device"))
        return [(base, base, size, kind) for base, size, kind in wanted]

    def distributor(self):
        return number(re.search(r"\.gicd = (0x[0-9a-f]+)", self.machine).group(1))

    def check_cpus(self):
        for i, cpu in enumerate(self.cpus):
            same(self.memory.leaves(number(cpu["root"]), EL2), self.cpu_ranges(i), f"EL2 tables of {cpu['name']}")
        hyp = self.physical("hypervisor")[0]
        cells = [(p, s) for cell in self.cells for _, p, s in self.ram(cell)] + self.physical("image")
        for cpu in self.cpus:
            mapped = [(out, size) for _, out, size, _ in self.memory.leaves(number(cpu["root"]), EL2)]
            assert not overlap(mapped, cells), f"{cpu['name']} maps what is a cell's at EL2"
            inside = [m for m in mapped if overlap([m], [hyp])]
            assert all(hyp[0] <= b and b + s <= hyp[0] + hyp[1] for b, s in inside)

    # ---- who reaches what

    def check_walls(self):
        hyp, images = self.physical("hypervisor"), self.physical("image")
        reach = {}
        for cell in self.cells:
            reach[cell["name"]] = [(out, size) for _, out, size, _ in self.memory.leaves(number(cell["root"]), S2)]
        for name, mine in reach.items():
            assert not overlap(mine, hyp), f"{name} reaches the hypervisor"
            assert not overlap(mine, images), f"{name} reaches pristine images while it runs"
            for other, theirs in reach.items():
                assert other == name or not overlap(mine, theirs), f"{name} and {other} share memory"
        for cell in self.cells:
            own = self.physical("image", cell["name"])
            allowed = [(self.slots["copier"][0], 4 * KIB)]
            for at, out, size, kind in self.memory.leaves(number(cell["load_root"]), S2):
                if kind in ("rw-", "rwx", "device"):
                    assert any(b <= out and out + size <= b + s for b, s in reach[cell["name"]])
                elif at != LOAD_WINDOW + 4 * KIB:
                    assert any(b <= out and out + size <= b + s for b, s in own + allowed), f"{at:#x} shows others' images"
                else:
                    assert overlap([(out, size)], [self.slots["tables"]])

    def check_registers(self):
        vmids = [c["vmid"] for c in self.cells]
        assert len(set(vmids)) == len(vmids) and min(vmids) >= 1 and max(vmids) <= 255
        by_name = {c["name"]: c for c in self.cells}
        run, load = self.registers("vttbr_run"), self.registers("vttbr_load")
        assert self.registers("ttbr0_el2") == [number(c["root"]) for c in self.cpus]
        for i, cpu in enumerate(self.cpus):
            cell = by_name.get(cpu.get("cell"))
            assert run[i] == (cell["vmid"] << 48 | number(cell["root"]) if cell else 0)
            assert load[i] == (cell["vmid"] << 48 | number(cell["load_root"]) if cell else 0)
        used = [int(v) for v in re.findall(r"\.root_used = (\d+)", self.machine)]
        for cell, count in zip(self.cells, used):
            entries = self.memory.pages[number(cell["root"])]
            assert count == max(i for i in range(512) if entries[i]) + 1
        sctlr = self.registers("sctlr_el2")
        assert all(s & 1 and s >> 19 & 1 for s in sctlr), "MMU and WXN on at EL2"

    # ---- memory, lines, hash, guests' trees

    def check_physical(self):
        tree = cellgen_fdt.parse((self.out / "partition.dtb").read_bytes())
        banks = []
        for node in tree.children:
            if node.props.get("device_type") == b"memory\0":
                numbers = node.numbers("reg")
                banks += list(zip(numbers[::2], numbers[1::2]))
        claims = [c for k in ("hypervisor", "image", "ram") for c in self.physical(k)]
        for base, size in claims:
            assert any(b <= base and base + size <= b + s for b, s in banks), f"{base:#x} is no RAM"
        everything = claims + self.physical("reserved")
        for i, claim in enumerate(everything):
            assert not overlap([claim], everything[:i]), f"{claim[0]:#x} is claimed twice"
        for cell in self.cells:
            assert sorted((p, s) for _, p, s in self.ram(cell)) == sorted(self.physical("ram", cell["name"]))

    def check_lines(self):
        tree = cellgen_fdt.parse((self.out / "partition.dtb").read_bytes())
        driven = set()
        for node in tree.walk():
            domain, top = node, node
            while top.parent and top.parent.parent:
                top = top.parent
            cells = node.cells("interrupts") if "interrupts" in node.props and top.name != "domains" else []
            driven |= {cells[i + 1] + 32 for i in range(0, len(cells), 3) if cells[i] == 0}
            if "interrupt-map" in node.props:
                cells = node.cells("interrupt-map")
                driven |= {cells[i + 8] + 32 for i in range(0, len(cells), 10)}
        seen = set()
        for line in self.report["lines"]:
            assert 32 <= line["intid"] < 288 and line["intid"] not in seen
            seen.add(line["intid"])
            if line["use"] == "device":
                assert line["intid"] in driven
            else:
                assert line["trigger"] == "edge"
                assert line["lent"] == (line["intid"] in driven), f"{line['what']} has a line that a device drives"
                assert not line["lent"] or self.service() is not None
        kicks = {c["kick_line"] for c in self.cpus if c["role"] != "unused"}
        assert kicks == {ln["intid"] for ln in self.report["lines"] if ln["use"] == "kick"}

    def check_hash(self, folder):
        tree = cellgen_fdt.parse((self.out / "partition.dtb").read_bytes())
        digest = hashlib.sha256((self.out / "partition.dtb").read_bytes())
        (hypervisor,) = [n for n in tree.child("domains").children if n.compatible("openamp,hypervisor-v1")][:1]
        for node in hypervisor.children:
            for prop in ("cloison,kernel", "cloison,initrd"):
                if prop in node.props:
                    digest.update((folder / node.text(prop)).read_bytes())
        assert self.report["hash"] == digest.hexdigest()

    def check_guest_tree(self, cell):
        root = cellgen_fdt.parse((self.gen / f"{cell['name']}.dtb").read_bytes())
        memory = [tuple(n.numbers("reg")) for n in root.children if n.name.startswith("memory@")]
        assert memory == [(g, s) for g, _, s in self.ram(cell)]
        cpus = [c for c in root.child("cpus").children]
        owned = sorted(c["vcpu"] for c in self.cpus if c.get("cell") == cell["name"])
        assert [c.cells("reg")[0] for c in cpus] == owned and all(c.text("enable-method") == "psci" for c in cpus)
        chosen = root.child("chosen")
        assert len(chosen.props["rng-seed"]) == 64
        images = {i["name"]: i for i in cell["images"]}
        initrd = [i for name, i in images.items() if name == "initrd"]
        assert ("linux,initrd-start" in chosen.props) == bool(initrd)
        for image in initrd:
            assert chosen.numbers("linux,initrd-start") == [number(image["guest"])]
            assert chosen.numbers("linux,initrd-end") == [number(image["guest"]) + image["bytes"]]
        self.check_guest_devices(cell, root)
        return chosen.props["rng-seed"]

    def check_guest_devices(self, cell, root):
        regs, lines, phandles = set(), set(), set()
        for node in root.children:
            if "reg" in node.props and not node.name.startswith("memory@"):
                numbers = node.numbers("reg")
                regs |= set(zip(numbers[::2], numbers[1::2]))
            if "interrupts" in node.props and node.name != "timer":
                cells = node.cells("interrupts")
                lines |= {cells[i + 1] + 32 for i in range(0, len(cells), 3)}
            phandles |= set(node.cells("phandle")) if "phandle" in node.props else set()
        assert regs == {(number(e["base"]), number(e["size"])) for e in cell["map"] if e["kind"] not in ("ram", "image")}
        assert lines == {ln["intid"] for ln in self.report["lines"] if ln["owner"] == cell["name"]} | set(cell["virtual_lines"])
        for node in root.walk():
            for prop in ("interrupt-parent", "clocks"):
                assert all(p in phandles for p in (node.cells(prop) if prop in node.props else []))

    def check(self, images):
        self.check_cpus()
        for cell in self.cells:
            self.check_cell(cell)
        self.check_walls()
        self.check_registers()
        self.check_physical()
        self.check_lines()
        self.check_hash(images)
        seeds = [self.check_guest_tree(cell) for cell in self.cells]
        assert len(set(seeds)) == len(seeds)
