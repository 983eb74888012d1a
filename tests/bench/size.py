# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The size of the core: .text and .rodata of the hypervisor proper, and lines of code compiled in.

Proper is what comes of src/: what cellgen wrote for a partition is not in it. The demo as it
is, by what its files are for; then what each feature adds to a partition that needs none,
found by leaving out one after the other.
"""

import re
import subprocess
from pathlib import Path

from runs import HERE, ROOT, qemu
from table import Row

GROUP = "size"
COLUMNS = ("bytes", "lines")
GOAL = {"bytes": 24 * 1024, "lines": 4000}
OTHERS = "Bao 70.6 KB, 10.1 thousand lines"
KEPT = ".text", ".rodata"
# Files by what they are for; the first that matches takes it
ROOMS = [
    ("mediated interrupts", r"arch/\w+/(mediated|vgic_(mediated|hand|news|regs|logic|bits)|irq|fast_(irq|vgic|sgi_mediated|lr))\b"),
    ("life of cells", r"core/(life|control|command|audit|watch|health)|arch/\w+/(restore|pause|capture|calls_life)\b"),
    ("crash records", r"core/(crash|record)"),
    ("frames on the line", r"core/(line|manage|frame)"),
    ("metrics", r"core/metrics"),
    ("traces", r"(core|arch/\w+)/trace(_read|_format|_none)?\.|core/trace\b"),
    ("debugging of cells", r"(core|arch/\w+)/debug"),
    ("devices behind an IOMMU, PCI, MSIs", r"core/(iommu|pci)|arch/\w+/(smmu|its|vits)"),
    ("log", r"core/(log|messages|fmt)"),
    ("console", r"core/(console|wire|keys)|platform/"),
    ("panic", r"core/panic|arch/\w+/dump"),
    ("virtual devices", r"vdev/|core/mmio"),
    ("boot, vectors, short exits", r"arch/\w+/(boot|entry|fast_)"),
    ("interrupt controller of direct cells", r"arch/\w+/(vgic|gic)"),
    ("the rest: traps, calls, cells, contracts", r""),
]
# Left out one after the other, each with what depends on it gone before
FEATURES = [
    ("METRICS", "METRICS=n", "histograms and counts for a host"), ("GDB", "GDB=n", "debugging of cells"), ("TRACE", "TRACE=n", "traces"),
    ("LINE", "LINE=n", "frames on the line"), ("ITS", "ITS=n", "message-signalled interrupts"), ("PCI", "PCI=n", "PCI functions"),
    ("IOMMU", "IOMMU=n", "devices behind an IOMMU"), ("LIFECYCLE", "LIFECYCLE=n", "life of cells, crash records"), ("MEDIATED", "MEDIATED=n", "mediated interrupts"),
    ("LOG", "LOG_LEVEL=0", "messages but those of a panic"),
]


def make(folder, *words):
    command = ["make", "-s", "-C", str(ROOT), f"O={folder}", *words]
    made = subprocess.run(command, env=qemu.environment(folder), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if made.returncode:
        raise qemu.Failure(f"{' '.join(command)}\n{made.stdout}")


def link(folder, *variables):
    """The linked core, without the check of the image; its map."""
    make(folder, "-j2", f"CC={qemu.remembering()}", *variables, f"{folder}/obj/linked.elf")
    return (folder / "cloison.map").read_text()


def sizes(text):
    """{object of src/: bytes} of .text and .rodata, from the linker's map."""
    found, section = {}, None
    text = re.sub(r"\n +(?=0x)", " ", text[text.index("Linker script and memory map"):])  # long names have their numbers on a line of their own
    for line in text.splitlines():
        if m := re.match(r"(\.\S+)\s+0x", line):
            section = m[1]
        m = re.match(r" (\.\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+/obj/(src|gen)/\S+)", line)
        if m and section in KEPT and m[5] == "src" and int(m[2], 16):
            name = re.sub(r"^.*/obj/src/", "", m[4])
            found[name] = found.get(name, 0) + int(m[3], 16)
    return found


def without_comments(text):
    return re.sub(r'/\*.*?\*/|//[^\n]*|("(?:\\.|[^"\\\n])*")', lambda m: m[1] or "", text, flags=re.S)


def lines(path):
    """Lines with code."""
    return sum(1 for line in without_comments(path.read_text()).splitlines() if line.strip())


def compiled(folder, objects):
    """{file of src/: lines}: what these objects were compiled from, each file once."""
    found = {}
    for name in objects:
        said = (folder / "obj" / "src" / f"{name}.d").read_text()
        for word in said.replace("\\\n", " ").split():
            if m := re.search(r"(?:^|/)src/((?:core|arch|platform|vdev)/[\w./-]+\.[chS])$", word):
                found.setdefault(m[1], None)
    return {name: lines(ROOT / "src" / name) for name in found}


def room(name):
    return next(what for what, pattern in ROOMS if re.search(pattern, name))


def demo(folder):
    make(folder, "qemu-virt-aarch64-demo_defconfig")
    size = sizes(link(folder))
    code = compiled(folder, size)
    rows = [Row(GROUP, "demo", "the demo's core: .text and .rodata, lines of code", {"bytes": sum(size.values()), "lines": sum(code.values())},
                goal=GOAL, others=OTHERS, unit="")]
    for what, _ in ROOMS:
        figures = {"bytes": sum(v for n, v in size.items() if room(n) == what), "lines": sum(v for n, v in code.items() if room(n) == what)}
        rows.append(Row(GROUP, f"demo: {what}", f"  {what}", figures, unit=""))
    return rows


def features(folder):
    make(folder, "qemu-virt-aarch64-demo_defconfig")
    partition = f"PARTITION={ROOT}/{HERE}/size.dts"
    variables, before, rows = [], None, []
    for name, variable, what in [(None, None, None), *FEATURES]:
        variables += [variable] if variable else []
        size = sizes(link(folder, partition, *variables))
        now = {"bytes": sum(size.values()), "lines": sum(compiled(folder, size).values())}
        if name:
            rows.append(Row(GROUP, f"feature {name}", f"  {variable} leaves out: {what}", {c: before[c] - now[c] for c in now}, unit=""))
        else:
            rows.append(Row(GROUP, "direct", "a direct cell and a service CPU, all features", now, unit=""))
        before = now
    rows.append(Row(GROUP, "least", "the same without all of these", before, goal=GOAL, unit=""))
    return rows


def measure(builder):
    folder = Path(builder.folder).resolve() / "size"
    return demo(folder) + features(folder)
