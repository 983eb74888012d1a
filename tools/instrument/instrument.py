# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The counting plugin, from Python: what QEMU has to be told, and what it found (docs/instrument.md).

    options = instrument.options(out, "count.json")     # out: the folder with cloison.elf; None: nothing of Cloison's is in it
    qemu ... *options
    counts = instrument.read("count.json")
    counts["cpus"][0]["marks"]["1"]["all"]              # {"5": 1000000}: instructions from mark 0 to mark 1, so many times
"""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

from elf import Elf

ROOT = Path(__file__).resolve().parents[2]


def plugin(name="count", folder=None):
    """NAME.so in folder/instrument (default: build/), made if it is not there or is older than its sources."""
    folder = Path(folder or ROOT / "build").resolve()
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "O", "V")}
    subprocess.run(["make", "-s", "-f", str(ROOT / "tools" / "instrument" / "Makefile"), f"O={folder}"], check=True, env=environment)
    return folder / "instrument" / f"{name}.so"


def core_text(out):
    """Physical addresses of the core's code: what runs at EL2."""
    return Elf(Path(out) / "cloison.elf").ranges(".text")


RESIDENCE = 2  # src/core/bound.h


def waits(out, real):
    """Places that a way passes once in each round of waiting for hardware or for a moment, as the bound of the image has them."""
    import hold
    try:
        return [f"wait={wait['round']}:{real(wait['at'])}" for wait in hold.data(out)["waits"]]
    except hold.Unknown:
        return []  # it has none: then nothing is held against it, either


def entries(out):
    """The plugin's words for each way into the core, by the names that tools/bound gives them (entries.h)."""
    sys.path.insert(0, str(ROOT / "tools" / "bound"))
    import paths
    elf = Elf(Path(out) / "cloison.elf")
    known = elf.symbols
    functions = sorted((at, name) for name, at in known.items() if not name.startswith(("$", ".")))

    def real(link):
        return f"{elf.physical(link):#x}"
    words = [f"enter={name}:{real(known[symbol])}" for name, symbol in (("boot", "_start"), ("boot-secondary", "boot_secondary")) if symbol in known]
    for table, before in (("vectors", ""), ("vectors_traced", "traced-")):
        if table in known:
            words += [f"enter={before}{name}:{real(known[table] + at)}" for at, name in paths.SLOTS.items()]
            words += [f"nest={real(known[table] + at)}" for at in range(0, 0x400, 0x80)]
    for symbol, name in {**paths.LABELS, **paths.SHORT}.items():
        if symbol in known:
            words.append(f"path={name}:{real(known[symbol])}")
    words += [f"long={real(known[symbol])}" for symbol in paths.LONG if symbol in known]
    words += [f"apart={name}:{real(known[symbol])}" for symbol, name in paths.APART.items() if symbol in known]
    _, offset, size = elf.sections.get(".bounds", (0, 0, 0))
    for i in range(offset, offset + size, 24):
        link, _, kind = struct.unpack_from("<QQQ", elf.data, i)
        if kind & 0xff == RESIDENCE: # above: its line
            inside = max(f for f in functions if f[0] <= link)[1]
            words.append(f"stay=round-{inside[:32]}:{real(link)}")
    return words + waits(out, real)


def escaped(path):
    return str(path).replace(",", ",,")


def options(out, result, *, core=None, regions=None, plugin=None, ways=False):
    """
    QEMU's options. out: folder of an image, whose code is the core's (and the copier's, which runs in cells, a region); or None.
    ways: each way into the core, too (entries). core: [(low, high)] instead; regions: {name: (low, high) or [(low, high)]} of physical addresses, counted besides.
    """
    regions = dict(regions or {})
    if core is None:
        core = core_text(out) if out else []
        if out:
            regions.setdefault("copier", Elf(Path(out) / "cloison.elf").ranges(".copier"))
    words = [f"out={escaped(Path(result).resolve())}"] + [f"core={low:#x}-{high:#x}" for low, high in core]
    for name, ranges in regions.items():
        words += [f"region={name}:{low:#x}-{high:#x}" for low, high in ([ranges] if isinstance(ranges, tuple) else ranges)]
    if ways:
        words += entries(out)
    Path(result).unlink(missing_ok=True)  # of an earlier run
    shared = plugin or globals()["plugin"]()
    return ["-plugin", ",".join([escaped(shared), *words])]


class Wrong(Exception):
    """Counts that cannot be right."""


def read(result, every_cpu=True):
    """
    What was counted. QEMU writes it when it ends: powered off by the guest, by SIGTERM, or by quit. A file that is not there is one that
    QEMU did not write. Where the core was looked for, each CPU that ran has come through it (every_cpu): none of it, and the addresses were wrong.
    """
    try:
        with open(result) as file:
            counts = json.load(file)
    except FileNotFoundError:
        raise Wrong(f"{result} is not there: QEMU was killed, or refused (see what it said)") from None
    for i, cpu in enumerate(counts.get("cpus", [])):
        if every_cpu and counts.get("core_known") and cpu["instructions"] and not cpu["core"]:
            raise Wrong(f"{result}: CPU {i} executed {cpu['instructions']} instructions and none of the core's: where is the core?")
    return counts


BOOT = ("hyp_secondary", "hyp_main")  # what boot goes on with, without a call


def name_of_way(key, bounds, serves):
    """What tools/bound calls it; with a > behind it where it has ended in the core."""
    name, _, end = key.partition(">")
    place = name.removeprefix("round-")
    if place != name and end != "stay":
        return ("boot-resume" if place in BOOT and "boot-resume" in bounds else "resume") + (">" if end else "")
    if place in BOOT:
        name = "round-boot_secondary"
    elif name.startswith("boot") and not end and "boot-resume" in bounds:
        name += " + boot-resume"
    return name + (">" if end else "") + (" + service-round" if serves and bounds.get(name, {}).get("serves") else "")


def serving(out):
    """The number of the CPU that serves in an image (gen/report.json), in whose ways a round of service may be; None: each prints for itself."""
    report = json.loads((Path(out) / "gen" / "report.json").read_text())
    return next((i for i, cpu in enumerate(report["cpus"]) if cpu["serves"]), None)


def figures(counts, bounds, serving=None):
    """
    The longest of each way, as tools/bound/hold.py wants them: [(what, name of the way, instructions)]. Rounds of waiting are not counted, nor
    are they in the bound. The longest is exact, also where not every length was kept. serving: the CPU's number.
    """
    found = {}
    for i, cpu in enumerate(counts["cpus"]):
        for key, way in cpu["entries"].items():
            name = name_of_way(key, bounds, i == serving)
            if way["net"] > found.get(name, (-1, 0))[0]:
                found[name] = way["net"], i
    return [(f"{name} on CPU {i}", name, most) for name, (most, i) in sorted(found.items())]


# ---- the cache ----

def shared_cache(out):
    """The last-level cache of an image's board, as its tree says it (gen/report.json): the one that numbers the colours."""
    report = json.loads((Path(out) / "gen" / "report.json").read_text())
    if not report["caches"]:
        raise SystemExit(f"instrument: the board of {out} has no cache in its tree (docs/partition.md, Cache colours)")
    cache = max(report["caches"], key=lambda c: (c["colors"], c["size"]))
    return {**cache, "ways": cache["size"] // cache["sets"] // cache["line"]}


def colourless(report):
    """Memory that takes part in no colours, whoever uses it: [(name, low, high)]."""
    return [("shared memory", *span(shared)) for shared in report.get("regions", [])]


def roots(report):
    """The page in force of each cell, which is the cell's, in its colours: the core writes it where a cell ends and begins."""
    return [(cell["name"], int(cell["root"], 16), int(cell["root"], 16) + 0x1000) for cell in report["cells"]]


def uncached(report):
    """What the core has past the caches, by its tables; that it is mapped so is cellcheck's to say: [(low, high)]."""
    region = report["hypervisor"].get("crash_region")
    return [span(region)] if region else []


def span(region):
    low = int(region["base"], 16)
    return low, low + int(region["size"], 16)


def cache_options(out, result, *, plugin=None):
    """QEMU's options for the model of that cache: the core by its code, each cell by its CPUs."""
    report = json.loads((Path(out) / "gen" / "report.json").read_text())
    cache = shared_cache(out)
    words = [f"out={escaped(Path(result).resolve())}", f"cache={cache['sets']}:{cache['ways']}:{cache['line']}"]
    words += [f"core={low:#x}-{high:#x}" for low, high in core_text(out)]
    words += [f"cpu={i}:{cpu['cell']}" for i, cpu in enumerate(report["cpus"]) if cpu.get("cell")]
    words += [f"memory={name}:{low:#x}-{high:#x}" for name, low, high in [*colourless(report), *roots(report)]]
    words += [f"uncached={low:#x}-{high:#x}" for low, high in uncached(report)]
    Path(result).unlink(missing_ok=True)
    shared = plugin or globals()["plugin"]("cache")
    return ["-plugin", ",".join([escaped(shared), *words])]
