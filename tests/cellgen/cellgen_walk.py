# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Walks the tables that cellgen wrote as the hardware would, and says whether they map what report.json says.

Arm ARM (DDI 0487) D8: 4 KiB granule, 39-bit input, so a walk starts at level 1 with 512 entries of 1 GiB. Nothing
here is taken from cellgen or src/: descriptor bits are written down from the manual once more.
"""
import bisect
import hashlib
import itertools
import json
import re
import struct

import cellgen_color
import cellgen_fdt
import cellgen_images
import cellgen_iommu
import cellgen_its
import cellgen_life
import cellgen_pci
import cellgen_vgic

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
# EL2 stage 1: AttrIndx[4:2] (0 Device, 1 Normal, 2 Normal non-cacheable), AP[1] is RES1 (bit 6), AP[2] read-only (bit 7)
EL2 = {
    "r-x": AF | SH_INNER | 1 << 6 | 1 << 2 | 1 << 7,
    "r--": AF | SH_INNER | 1 << 6 | 1 << 2 | 1 << 7 | XN,
    "rw-": AF | SH_INNER | 1 << 6 | 1 << 2 | XN,
    "uncached": AF | 2 << 8 | 1 << 6 | 2 << 2 | XN,
    "device": AF | 1 << 6 | XN,
}


class Memory:
    """The table pages at their physical addresses; a walk that leaves them is an error."""

    def __init__(self):
        self.pages = {}

    def add(self, frames, data):
        assert len(frames) * 4 * KIB == len(data)
        for i, frame in enumerate(frames):
            assert frame not in self.pages
            self.pages[frame] = struct.unpack("<512Q", data[4 * KIB * i:4 * KIB * (i + 1)])

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
    extra, missing = ([f"{a:#x}->{b:#x} {c:#x} {k}" for a, b, c, k in sorted(set(some) - set(others))[:4]]
                      for some, others in ((found, wanted), (wanted, found)))
    assert not extra and not missing, f"{what}: mapped but not meant {extra}, meant but not mapped {missing}"
    assert found == wanted


class Spans:
    """(base, size) of many, to be asked often: of all that begin at or below an address it is known where the furthest ends."""

    def __init__(self, spans):
        ordered = sorted(spans)
        self.bases = [base for base, _ in ordered]
        self.ends = [0, *itertools.accumulate((base + size for base, size in ordered), max)]

    def contain(self, base, size):
        """One of them has all of it."""
        return self.ends[bisect.bisect_right(self.bases, base)] >= base + size

    def meet(self, base, size):
        """One of them has a part of it."""
        return self.ends[bisect.bisect_left(self.bases, base + size)] > base


def overlap(a, b):
    """Those of a in which something of b is."""
    others = Spans(b)
    return [x for x in a if others.meet(*x)]


def joined(spans):
    """Those that overlap as one: two devices in a page."""
    found = []
    for base, size in sorted(spans):
        if found and base < sum(found[-1]):
            found[-1] = found[-1][0], max(base + size, sum(found[-1])) - found[-1][0]
        else:
            found.append((base, size))
    return found


def pages(base, size):
    start, end = base & ~0xFFF, -(-(base + size) // 0x1000) * 0x1000
    return start, end - start


def number(text):
    return int(text, 16)


class Partition:
    """What a run of cellgen left in OUT."""

    kinds = S2
    same = staticmethod(same)

    def __init__(self, out):
        self.out, self.gen = out, out / "gen"
        self.report = json.loads((self.gen / "report.json").read_text(errors="replace"))
        self.slots = {s["name"]: (number(s["base"]), number(s["size"])) for s in self.report["slots"]}
        self.cells = self.report["cells"]
        self.cpus = self.report["cpus"]
        self.machine = (self.gen / "machine.c").read_text(errors="replace")
        self.tree = cellgen_fdt.parse((self.out / "partition.dtb").read_bytes())
        self.phandles = {n.cells("phandle")[0]: n for n in self.tree.walk() if "phandle" in n.props}
        self.hypervisor = next(n for n in self.tree.child("domains").walk() if n.compatible("openamp,hypervisor-v1"))
        self.nodes = [n for n in self.hypervisor.walk() if n.compatible("cloison,cell-v1")] # in the order of the tree
        self.colors = cellgen_color.Colors(self)
        self.frames = cellgen_color.frames(self.gen)
        self.bars = None # cellgen_pci.check: of each cell and host
        self.memory = Memory()
        self.memory.add(self.frames_of("tables"), (self.gen / "tables.bin").read_bytes())
        self.memory.add(self.frames_of("roots"), (self.gen / "roots.bin").read_bytes())

    def frames_of(self, slot):
        base, size = self.slots[slot]
        return [self.frames[at] for at in range(base, base + size, 4 * KIB)]

    def pieces(self, link, size, kind):
        """(link, physical, bytes, kind) of a range of the core's, contiguous in both."""
        return cellgen_color.merge([(at, self.frames[at], 4 * KIB, kind) for at in range(link, link + size, 4 * KIB)])

    def registers(self, name):
        """The values of one register in machine.c, CPU by CPU."""
        return [number(v) for v in re.findall(rf"\.{name} = (0x[0-9a-f]+)", self.machine)]

    def physical(self, kind, owner=None):
        return [(number(e["base"]), number(e["size"])) for e in self.report["physical"]
                if e["kind"] == kind and owner in (None, e["owner"])]

    def asked(self, cell):
        """The cell's node in the partition."""
        return next(n for n in self.nodes if n.name == cell["name"])

    def mediated(self, cell):
        node = self.asked(cell)
        return "cloison,interrupts" not in node.props or node.text("cloison,interrupts") == "mediated"

    def ram(self, cell):
        return [(number(m["guest"]), number(m["physical"]), number(m["size"])) for m in cell["memory"]]

    def service(self):
        found = [i for i, c in enumerate(self.cpus) if c["serves"]]
        return found[0] if found else None

    # ---- regions

    def shares(self, cell):
        """(node, guest address, physical address, size, rights) of each region that memory-region names."""
        asked, found = self.asked(cell), []
        nodes = [self.phandles[p] for p in (asked.cells("memory-region") if "memory-region" in asked.props else [])]
        words = asked.props.get("cloison,memory-region-rights", b"rw\0" * len(nodes)).decode().split("\0")
        bases = asked.numbers("cloison,memory-region-base") if "cloison,memory-region-base" in asked.props else [None] * len(nodes)
        for node, word, base in zip(nodes, words, bases):
            reported = next(r for r in self.report["regions"] if r["path"] == "/reserved-memory/" + node.name)
            if "reg" in node.props:
                (place, size), = node.regs()
            else:
                place, size = number(reported["base"]), cellgen_fdt.join(node.cells("size"))
            users = [(number(c["guest"]), c["rights"]) for c in reported["cells"] if c["cell"] == cell["name"]]
            rights = {"rw": "rw-", "r": "r--"}[word]
            guest = place if base is None else base
            assert users == [(guest, rights)] and (place, size) == (number(reported["base"]), number(reported["size"]))
            found.append((node, guest, place, size, rights))
        return found

    def check_regions(self):
        """Each is where it is for all who name it; what is placed lies from the top of RAM downwards."""
        named = [node for cell in self.cells for node, *_ in self.shares(cell)]
        assert {"/reserved-memory/" + n.name for n in named} == {r["path"] for r in self.report["regions"]}
        places = [(number(r["base"]), number(r["size"])) for r in self.report["regions"] if not r["asked"]]
        assert all(b + s <= a for (a, _), (b, s) in zip(places, places[1:]))
        everything = [(number(r["base"]), number(r["size"])) for r in self.report["regions"]]
        claims = [c for k in ("hypervisor", "image", "ram", "reserved") for c in self.physical(k)]
        for i, region in enumerate(everything):
            assert region in self.physical("shared") and not overlap([region], claims + everything[:i])

    # ---- stage 2

    def run_ranges(self, cell):
        gicr = next(number(e["base"]) for e in cell["map"] if e["kind"] == "gic" and "redist" in e["what"])
        wanted = [(g, p, s, "rwx") for m in cell["memory"] for g, p, s in self.colors.spread(cell, number(m["guest"]), m)]
        wanted += [(base, base, size, "device") for base, size in
                   joined((number(e["base"]), number(e["size"])) for e in cell["map"] if e["kind"] == "device")]
        wanted += [(guest, base, size, rights) for _, guest, base, size, rights in self.shares(cell)]
        for cpu in self.cpus:
            if cpu.get("cell") == cell["name"] and not self.mediated(cell): # which has no frame of the real one
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
        # Whole GiB are shared with the run root: what else is there comes along
        gib = {at // GIB for g, _, s in self.ram(cell) for at in range(g // GIB * GIB, g + s, GIB)}
        wanted = [w for w in self.run_ranges(cell) if w[0] // GIB in gib]
        wanted.append((LOAD_WINDOW, self.frames_of("copier")[self.cells.index(cell)], 4 * KIB, "r-x"))
        wanted.append((LOAD_WINDOW + 4 * KIB, lists[0], 4 * KIB, "r--"))
        wanted += [(at, p, s, "r--") for i in cell["images"] for at, p, s in self.colors.spread(cell, number(i["load_source"]), i)]
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
        kinds = {"text": "r-x", "rodata": "r--", "roots": "rw-", "data": "rw-"}
        core = [(self.slots[s][0], self.slots[s][1], kind) for s, kind in kinds.items()]
        core.append((self.slots["tables"][0], len(self.cells) * 4 * KIB, "r--")) # the run roots
        for i in range(len(self.cpus)):
            base = self.slots["percpu"][0] + i * PERCPU
            if i == index:
                core.append((base + 4 * KIB, 12 * KIB, "rw-")) # the guard page below stays unmapped
            elif index == service:
                core.append((base + 12 * KIB, 4 * KIB, "r--"))
        wanted = []
        if boot or used:
            wanted.append((min(self.physical("gic"))[0], FRAME, "device") if len(self.physical("gic")) == 1
                          else (self.distributor(), FRAME, "device"))
            wanted.append((number(cpu["redistributor"]), 2 * FRAME, "device"))
        if boot or index == service or (used and service is None):
            wanted.append((number(re.search(r"machine_console_base .*= (0x\w+);", self.machine)[1]), 4 * KIB, "device"))
        wanted += [(*span, "device") for span in cellgen_pci.el2(self, index)] + cellgen_its.el2(self, index)
        wanted += cellgen_life.el2(self, index)
        if "streams" in self.slots and cellgen_iommu.el2(self, index):
            core.append((*self.slots["streams"], "rw-"))
            wanted += [(number(base), 2 * FRAME, "device") for base in re.findall(r"\.base = (0x\w+),\n\t\t\.strtab_base", self.machine)]
        return [(base, base, size, kind) for base, size, kind in wanted] + [p for c in core for p in self.pieces(*c)]

    def distributor(self):
        return number(re.search(r"\.gicd = (0x[0-9a-f]+)", self.machine).group(1))

    def check_cpus(self):
        for i, cpu in enumerate(self.cpus):
            same(self.memory.leaves(number(cpu["root"]), EL2), self.cpu_ranges(i), f"EL2 tables of {cpu['name']}")
        hyp = self.physical("hypervisor")[0]
        cells = [(p, s) for cell in self.cells for m in cell["memory"] + cell["images"]
                 for _, p, s in self.colors.spread(cell, 0, m)]
        for cpu in self.cpus:
            mapped = [(out, size) for _, out, size, _ in self.memory.leaves(number(cpu["root"]), EL2)]
            assert not overlap(mapped, cells), f"{cpu['name']} maps what is a cell's at EL2"
            inside = [m for m in mapped if overlap([m], [hyp])]
            assert all(hyp[0] <= b and b + s <= hyp[0] + hyp[1] for b, s in inside)

    # ---- who reaches what

    def check_walls(self):
        hyp = self.physical("hypervisor") + self.physical("crash")
        images = [(p, s) for c in self.cells for i in c["images"] for _, p, s in self.colors.spread(c, 0, i)]
        reach = {}
        for cell in self.cells:
            reach[cell["name"]] = [(out, size) for _, out, size, _ in self.memory.leaves(number(cell["root"]), S2)]
        for name, mine in reach.items():
            assert not overlap(mine, hyp), f"{name} reaches the hypervisor"
            assert not overlap(mine, images), f"{name} reaches pristine images while it runs"
            for other, theirs in reach.items():
                both = {(b, s) for c in self.cells if c["name"] in (name, other) for _, _, b, s, _ in self.shares(c)}
                rest = [m for m in mine if not any(b <= m[0] and sum(m) <= b + s for b, s in both)]
                assert other == name or not overlap(rest, theirs), f"{name} and {other} share memory"
        tables = set(self.frames_of("tables"))
        for i, cell in enumerate(self.cells):
            own = [(p, s) for image in cell["images"] for _, p, s in self.colors.spread(cell, 0, image)]
            running, allowed = Spans(reach[cell["name"]]), Spans([*own, (self.frames_of("copier")[i], 4 * KIB)])
            for at, out, size, kind in self.memory.leaves(number(cell["load_root"]), S2):
                if at < LOAD_WINDOW: # what the run root has too
                    assert running.contain(out, size)
                elif at != LOAD_WINDOW + 4 * KIB:
                    assert allowed.contain(out, size), f"{at:#x} shows others' images"
                else:
                    assert out in tables

    def check_registers(self):
        vmids = [c["vmid"] for c in self.cells]
        assert len(set(vmids)) == len(vmids) and min(vmids) >= 1 and max(vmids) <= 255
        by_name, loading = {c["name"]: c for c in self.cells}, set()
        run, load = self.registers("vttbr_run"), self.registers("vttbr_load")
        assert self.registers("ttbr0_el2") == [number(c["root"]) for c in self.cpus]
        for i, cpu in enumerate(self.cpus):
            cell = by_name.get(cpu.get("cell"))
            assert run[i] == (cell["vmid"] << 48 | number(cell["root"]) if cell else 0)
            assert load[i] & (1 << 48) - 1 == (number(cell["load_root"]) if cell else 0)
            loading.add(load[i] >> 48)
        assert not loading & set(vmids), "a load root under the VMID of a running cell"
        used = [int(v) for v in re.findall(r"\.root_used = (\d+)", self.machine)]
        for cell, count in zip(self.cells, used):
            entries = self.memory.pages[number(cell["root"])]
            assert count == max(i for i in range(512) if entries[i]) + 1
        sctlr = self.registers("sctlr_el2")
        assert all(s & 1 and s >> 19 & 1 for s in sctlr), "MMU and WXN on at EL2"
        self.check_interrupt_registers()

    def check_interrupt_registers(self):
        """Who takes physical interrupts (D23.2, HCR_EL2: FMO, IMO; 12.4, ICH_HCR_EL2: En, TC, TALL0)."""
        vm, taken, dc, twi = 1 << 0, 1 << 3 | 1 << 4, 1 << 12, 1 << 13
        by_name = {c["name"]: c for c in self.cells}
        rows = zip(self.cpus, self.registers("hcr_run"), self.registers("hcr_load"), self.registers("ich_hcr_el2"))
        for cpu, run, load, ich in rows:
            cell = by_name.get(cpu.get("cell"))
            if not cell:
                assert (run, ich) == (load, 0) and run & (vm | taken) == taken
                continue
            assert load == run & ~twi | dc and run & vm and not run & dc
            if self.mediated(cell):
                assert (run & (taken | twi), ich) == (taken, 1 << 0 | 1 << 11)
            else:
                guarded = "cloison,wfi" not in self.asked(cell).props
                assert (run & (taken | twi), ich) == (twi if guarded else 0, 1 << 10 | 1 << 11)

    # ---- memory, lines, hash, guests' trees

    def check_physical(self):
        banks = []
        for node in self.tree.children:
            if node.props.get("device_type") == b"memory\0":
                numbers = node.numbers("reg")
                banks += list(zip(numbers[::2], numbers[1::2]))
        claims = self.physical("hypervisor") + [(p, s) for c in self.cells for m in c["memory"] + c["images"]
                                                for _, p, s in self.colors.spread(c, 0, m)]
        for base, size in claims:
            assert any(b <= base and base + size <= b + s for b, s in banks), f"{base:#x} is no RAM"
        ends = 0
        for base, size in sorted(claims):
            assert base >= ends, f"{base:#x} is claimed twice"
            ends = base + size
        assert not overlap(claims, self.physical("reserved"))
        self.colors.check()

    def wires(self, node):
        """(INTID, edge?) of each line of the GIC that a node of the board drives, each once."""
        entries = []
        if "interrupts" in node.props and "interrupts-extended" not in node.props and not node.compatible_pci():
            parent = next(n for n in node.path() if "interrupt-parent" in n.props).cells("interrupt-parent")[0]
            cells, width = node.cells("interrupts"), self.phandles[parent].cells("#interrupt-cells")[0]
            entries = [(parent, cells[i:i + width]) for i in range(0, len(cells), width)]
        if "interrupts-extended" in node.props:
            cells = node.cells("interrupts-extended")
            while cells:
                width = self.phandles[cells[0]].cells("#interrupt-cells")[0]
                entries.append((cells[0], cells[1:1 + width]))
                cells = cells[1 + width:]
        if "interrupt-map" in node.props: # of a PCI host: 3 + 1 cells in front; the GIC has 2 address cells
            cells = node.cells("interrupt-map")
            entries += [(cells[i + 4], cells[i + 7:i + 10]) for i in range(0, len(cells), 10)]
        found = {}
        for parent, line in entries:
            if self.phandles[parent].compatible("arm,gic-v3") and line[0] == 0:
                found.setdefault(line[1] + 32, line[2] in (1, 2))
        return list(found.items())

    def driven(self):
        """INTIDs of the lines that devices of the board drive at its GIC."""
        return {intid for node in self.tree.walk() if not node.inside("domains") for intid, _ in self.wires(node)}

    def check_lines(self):
        driven = self.driven()
        seen = {}
        mediated = {c["name"] for c in self.cells if self.mediated(c)}
        for line in self.report["lines"]:
            who = line["use"], line["owner"], line["trigger"]
            assert 32 <= line["intid"] < (1020 if line["use"] == "device" else 288)
            # Only devices of one cell may share a line.
            assert line["intid"] not in seen or (seen[line["intid"]] == who and who[0] == "device")
            seen[line["intid"]] = who
            if line["use"] == "device":
                assert line["intid"] in driven
            else:
                assert line["owner"] not in mediated and line["trigger"] == "edge"
                assert line["lent"] == (line["intid"] in driven), f"{line['what']} has a line that a device drives"
                assert not line["lent"] or self.service() is not None
        self.check_kicks(mediated)
        rows = re.findall(r"\{ \.intid = (\d+), \.cpu = (\d+), \.edge = (\w+), \.kick = (\w+) \}", self.machine)
        assert rows == [(str(ln["intid"]), str([c["name"] for c in self.cpus].index(ln["cpu"])),
                         str(ln["trigger"] == "edge").lower(), str(ln["use"] == "kick").lower()) for ln in self.report["lines"]]
        first = {c["cell"]: c["name"] for c in self.cpus if c.get("vcpu") == 0}
        assert all(ln["cpu"] == first[ln["owner"]] for ln in self.report["lines"] if ln["use"] != "kick")

    def check_kicks(self, mediated):
        """A line for each CPU whose SGIs are a guest's; for others 0."""
        kicks = [int(k) for k in re.findall(r"\.kick_line = (\d+)", self.machine)]
        assert kicks == [c["kick_line"] for c in self.cpus]
        for cpu, kick in zip(self.cpus, kicks):
            assert bool(kick) == (cpu["role"] == "vcpu" and cpu["cell"] not in mediated)
        lines = [(ln["intid"], ln["cpu"]) for ln in self.report["lines"] if ln["use"] == "kick"]
        assert sorted(lines) == sorted((c["kick_line"], c["name"]) for c in self.cpus if c["kick_line"])

    def check_service(self):
        cells = self.hypervisor.cells("cpus") if "cpus" in self.hypervisor.props else []
        wanted = self.phandles[cells[0]] if cells else None
        if len(cells) == 3: # a cluster, a mask of its CPUs, a mode
            wanted = [c for c in wanted.children if c.props.get("device_type") == b"cpu\0"][cells[1].bit_length() - 1]
        index = re.search(r"machine_service_cpu = (\w+);", self.machine).group(1)
        assert index == ("CPU_NONE" if self.service() is None else str(self.service()))
        assert (self.service() is None) == (wanted is None)
        if wanted:
            cpu = self.cpus[self.service()]
            assert wanted.cells("reg")[-1] == number(cpu["hw_id"]) & 0xFFFFFFFF
            assert self.report["service_cpu"] == {"name": cpu["name"], "shared_with": cpu.get("cell")}
            assert all(self.mediated(c) for c in self.cells if c["name"] == cpu.get("cell"))

    def check_access(self):
        """Each cell has the registers of the devices that its DTS names, and no others."""
        for cell in self.cells:
            wanted = [reg for node in self.devices(cell) if "reg" in node.props and not node.compatible_pci() for reg in node.regs()]
            wanted += cellgen_pci.pages(self, cell)
            assert sorted(pages(*w) for w in wanted) == sorted(self.physical("device", cell["name"]))

    def devices(self, cell):
        """The nodes that access names, then those below its buses."""
        node = self.asked(cell)
        flags = node.count("#access-flags-cells", 0)
        cells = node.cells("access") if "access" in node.props else []
        found = [self.phandles[p] for p in (cells[::1 + flags] if len(cells) > 1 else cells) if p]
        return found + [n for n in self.on_buses(node) if n not in found]

    def carried(self, cell):
        """Those that have a node in the guest's tree: PCI functions have not."""
        return [n for n in self.devices(cell) if not n.compatible_pci()]

    def on_buses(self, node):
        """docs/partition.md, once more: what can be given, but for what is excepted."""
        buses, excepts = ([self.phandles[p] for p in node.cells(name)] if name in node.props else []
                          for name in ("cloison,access-bus", "cloison,access-except"))
        system = ("pci-host-ecam-generic", "arm,gic-v3", "arm,gic-v3-its", "arm,smmu-v3", "arm,armv8-timer", "arm,armv8-pmuv3", "arm,psci-1.0", "simple-bus")
        for found in self.tree.walk():
            on = any(b in found.path()[1:] for b in buses) and not any(e in found.path() for e in excepts)
            aside = any(found.inside(n) for n in ("domains", "cpus", "reserved-memory", "chosen", "aliases"))
            off = any(n.props.get("status", b"okay\0") != b"okay\0" for n in found.path())
            console = "cloison,console" in self.hypervisor.props and found is self.phandles[self.hypervisor.cells("cloison,console")[0]]
            console = console or found.name == "pl011@9000000"
            mine = found.props.get("device_type") == b"memory\0" or any(found.compatible(s) for s in system) or console
            device = any(name in found.props for name in ("reg", "interrupts", "interrupts-extended", "interrupt-map"))
            chip = found.parent and "reg" in found.props and found.parent.count("#size-cells", 1) == 0
            if on and device and not (aside or off or mine or chip or "interrupt-controller" in found.props):
                yield found

    def check_hash(self, folder):
        """Over what is in the image, which of most files is the file. folder: where those are; None: any bytes will do."""
        starts, parts, section = b"", [], 0
        for cell in self.cells:
            for image in cell["images"]:
                if image["kind"] == "kernel":
                    starts += struct.pack("<QQ", number(image["guest"]), number(image["entry"]))
                if image["kind"] != "dtb":
                    parts.append((self.gen / f"image.{section}").read_bytes())
                    name = self.asked(cell).text(f"cloison,{image['kind']}")
                    raw = self.asked(cell).props.get("cloison,kernel-kind") == b"raw\0"
                    flat = None if raw or image["kind"] != "kernel" else cellgen_images.FLAT.get(name)
                    assert not folder or parts[-1] == ((folder / name).read_bytes() if flat is None else flat), name
                section += 1
        assert starts == (self.gen / "starts.bin").read_bytes()
        digest = hashlib.sha256((self.out / "partition.dtb").read_bytes() + starts + b"".join(parts))
        assert self.report["hash"] == digest.hexdigest()

    def check_guest_tree(self, cell):
        root = cellgen_fdt.parse((self.gen / f"{cell['name']}.dtb").read_bytes(), unique=True)
        memory = [tuple(n.numbers("reg")) for n in root.children if n.name.startswith("memory@")]
        assert memory == [(g, s) for g, _, s in self.ram(cell)]
        cpus = [c for c in root.child("cpus").children]
        owned = sorted(c["vcpu"] for c in self.cpus if c.get("cell") == cell["name"])
        affinities = [n % 16 | n // 16 << 8 for n in owned] # an SGI reaches 16 CPUs of a cluster
        assert [c.cells("reg")[0] for c in cpus] == affinities and all(c.text("enable-method") == "psci" for c in cpus)
        chosen = root.child("chosen")
        assert len(chosen.props["rng-seed"]) == 64
        images = {i["name"]: i for i in cell["images"]}
        initrd = [i for i in images.values() if i["kind"] == "initrd"]
        assert ("linux,initrd-start" in chosen.props) == bool(initrd)
        for image in initrd:
            assert chosen.numbers("linux,initrd-start") == [number(image["guest"])]
            assert chosen.numbers("linux,initrd-end") == [number(image["guest"]) + image["bytes"]]
        self.check_guest_devices(cell, root)
        self.check_guest_regions(cell, root)
        self.check_children(cell, root)
        self.check_clocks(cell, root)
        cellgen_pci.check_guest(self, cell, root, self.bars)
        cellgen_its.check_guest(self, cell, root, cellgen_pci.functions(self, cell))
        cellgen_life.check_guest(self, cell, root)
        return chosen.props["rng-seed"]

    def check_guest_regions(self, cell, root):
        """Under /reserved-memory at their guest addresses, and what refers to them still does."""
        shares, places = self.shares(cell), {}
        assert ("reserved-memory" in [c.name for c in root.children]) == bool(shares)
        for node, guest, _, size, _ in shares:
            shown = root.child("reserved-memory").child(f"{node.name.split('@')[0]}@{guest:x}")
            assert shown.numbers("reg") == [guest, size] and shown.props["no-map"] == b""
            kept = {k: v for k, v in node.props.items() if k not in ("reg", "size", "alignment", "phandle", "no-map", "status")}
            assert kept == {k: v for k, v in shown.props.items() if k not in ("reg", "phandle", "no-map")}
            places[shown.cells("phandle")[0]] = node.cells("phandle")[0]
        for node in self.devices(cell):
            if "memory-region" in node.props:
                assert [places[p] for p in root.child(node.name).cells("memory-region")] == node.cells("memory-region")

    @staticmethod
    def clocks_of(node, phandles):
        """What a driver gets: (name, compatible, everything that says how fast, the same of what it is a factor of)"""
        numbers = ("clock-frequency", "clock-mult", "clock-div", "clock-accuracy", "clock-output-names", "#clock-cells")
        names = node.props.get("clock-names", b"").split(b"\0")[:-1]
        clocks = [phandles[p] for p in (node.cells("clocks") if "clocks" in node.props else [])]
        assert not names or len(names) == len(clocks)
        return [(name, c.name, c.text("compatible"), {n: c.props[n] for n in numbers if n in c.props}, Partition.clocks_of(c, phandles))
                for name, c in zip(names or [None] * len(clocks), clocks)]

    def check_clocks(self, cell, root):
        """The same clocks in the same order, each once, and none that nobody uses."""
        phandles = {n.cells("phandle")[0]: n for n in root.walk() if "phandle" in n.props}
        virtual = [n for n in self.asked(cell).children if "clocks" in n.props]
        for theirs in self.carried(cell) + virtual:
            mine = root.child(theirs.name)
            for other in theirs.walk():
                shown = [n for n in mine.walk() if n.name == other.name]
                if shown:
                    assert self.clocks_of(shown[0], phandles) == self.clocks_of(other, self.phandles)
        used = {p for n in root.walk() for p in (n.cells("clocks") if "clocks" in n.props else [])}
        clocks = [n for n in root.walk() if "#clock-cells" in n.props]
        assert {n.cells("phandle")[0] for n in clocks} == used and len({n.name for n in clocks}) == len(clocks)

    def check_children(self, cell, root):
        """What is behind a device and enabled, unless it has an address of the CPU."""
        def same(ours, theirs):
            kept = [c for c in theirs.children if c.props.get("status", b"okay\0") == b"okay\0" and
                    not ("reg" in c.props and "ranges" in theirs.props)]
            assert [c.name for c in ours.children] == [c.name for c in kept]
            for mine, other in zip(ours.children, kept):
                assert set(mine.props) == set(other.props) - {"phandle", "status"}
                assert all(v == other.props[k] for k, v in mine.props.items() if k != "clocks")
                same(mine, other)
        for node in self.carried(cell):
            same(root.child(node.name), node)

    def check_guest_devices(self, cell, root):
        regs, lines, phandles = set(), set(), set()
        for node in root.children:
            if "reg" in node.props and not node.name.startswith("memory@"):
                numbers = node.numbers("reg")
                regs |= {pages(*r) for r in zip(numbers[::2], numbers[1::2])}
            if "interrupts" in node.props and node.name != "timer":
                cells = node.cells("interrupts")
                lines |= {cells[i + 1] + 32 for i in range(0, len(cells), 3)}
            phandles |= set(node.cells("phandle")) if "phandle" in node.props else set()
        regs |= set(cellgen_pci.pages(self, cell)) | cellgen_its.registers(root)
        lines |= cellgen_pci.guest_lines(root)
        assert regs == {(number(e["base"]), number(e["size"])) for e in cell["map"] if e["kind"] not in ("ram", "image", "shared")}
        seen = cell["virtual_lines"] if self.mediated(cell) else \
            [ln for ln in self.report["lines"] if ln["owner"] == cell["name"]]
        assert lines == {ln["intid"] for ln in seen} and (self.mediated(cell) or not cell["virtual_lines"])
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
        self.check_regions()
        self.check_lines()
        self.check_service()
        cellgen_vgic.check(self)
        cellgen_iommu.check(self)
        self.bars = cellgen_pci.check(self)
        cellgen_its.check(self, cellgen_pci.everybodys(self))
        cellgen_life.check(self)
        self.check_access()
        self.check_hash(images)
        seeds = [self.check_guest_tree(cell) for cell in self.cells]
        assert len(set(seeds)) == len(seeds)
