# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Runs sequences.S with a plugin; says what the counts have to be."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "instrument"))

import instrument  # noqa: E402

COMPILER = "aarch64-linux-gnu-gcc"
EL = {"el1": {"SCTLR": "0x30d01805", "TCR": "0x200803519", "CONDUIT": "hvc"},
      "el2": {"SCTLR": "0x30c51835", "TCR": "0x80823519", "CONDUIT": "smc"}}
TURNS = ("-icount", "shift=0,sleep=off")


def program(folder, el, cpus):
    """The ELF for QEMU's -kernel."""
    path = Path(folder) / f"sequences-{el}-{cpus}.elf"
    words = {**EL[el], "EL": el, "CPUS": cpus}
    subprocess.run([COMPILER, "-nostdlib", "-static", "-Wl,--build-id=none,-Ttext=0x40200000", *(f"-D{k}={v}" for k, v in words.items()),
                    "-o", str(path), str(Path(__file__).parent / "sequences.S")], check=True)
    return path


def symbol(elf, name):
    said = subprocess.run(["aarch64-linux-gnu-nm", str(elf)], check=True, text=True, stdout=subprocess.PIPE).stdout
    return next(int(line.split()[0], 16) for line in said.splitlines() if line.endswith(f" {name}"))


def command(elf, el, cpus):
    return ["qemu-system-aarch64", "-M", f"virt,gic-version=3,virtualization={'on' if el == 'el2' else 'off'}", "-cpu", "cortex-a57",
            "-smp", str(cpus), "-m", "64", "-display", "none", "-monitor", "none", "-nic", "none", "-serial", "null", "-kernel", str(elf)]


def run(folder, el, cpus, options=(), plugin=None):
    """What the plugin counted, of the page that is a region and of the rest."""
    elf = program(folder, el, cpus)
    page = symbol(elf, "page_even")
    result = Path(folder) / "count.json"
    return counted(elf, el, cpus, result, [*instrument.options(None, result, core=[(page, page + 4096)], regions={"all": (0x40200000, page)}, plugin=plugin), *options])


def ways(folder, el, cpus, options, plugin, stay):
    """What the plugin counted of the handler of exceptions: those are ways into it, and out of it."""
    elf = program(folder, el, cpus)
    at = {name: symbol(elf, name) for name in ("vectors", "handler", "skips", "waits", "waits_too", "handler_end")}
    result = Path(folder) / "count.json"
    plug, words = instrument.options(None, result, core=[(at["vectors"], at["handler_end"])], plugin=plugin)
    words += f",enter=way:{at['vectors'] + 0x200:#x},path=skip:{at['skips']:#x},wait=2:{at['waits']:#x},wait=1:{at['waits_too']:#x}" + (f",stay=home:{at['handler']:#x}" if stay else "")
    counts = counted(elf, el, cpus, result, [plug, words, *options])
    return [{name: (way["core"], way["samples"], way["max"], way["net"]) for name, way in cpu["entries"].items()} for cpu in counts["cpus"]]


def counted(elf, el, cpus, result, options):
    made = subprocess.run([*command(elf, el, cpus), *options],
                          text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if made.returncode:
        raise RuntimeError(made.stdout)
    return instrument.read(result, every_cpu=False)


def windows(cpu, cpus):
    """(instructions, of the page that is a region) of each window of a vCPU."""
    return [(2 * (1000 * cpu + 10 * r + 7), 0) for r in range(40)] + [(7 + 17 + 17, 0)] * 100 + [(50, 0)] * 100 + [(3 * cpu + 4, 0)] * 10 + \
        [(8 * 100 * (cpu + 1), 0 if cpu % 2 else 5 * 100 * (cpu + 1))] + [(1500, 0)] * 10 + [(7, 0)] * 50


def check(counts, cpus):
    """Every figure, or AssertionError."""
    assert len(counts["cpus"]) == cpus
    for k, cpu in enumerate(counts["cpus"]):
        assert set(cpu["marks"]) == {"1", "2", "5", "11"} | ({"4"} if k % 2 else set()), (k, set(cpu["marks"]))
        assert k % 2 == 0 or cpu["marks"]["4"]["all"] == {"1": 1}
        for source in (1, 5, 11):
            mark = cpu["marks"][str(source)]
            assert mark["all"] == {str(k + source + 2): 1000}, (k, source, mark)
            assert mark["core"] == {"0": 1000}, (k, source, mark)
            assert mark["unarmed"] == 0
        assert cpu["marks"]["2"]["all"] == {"1": 20}, (k, cpu["marks"]["2"])
        found = [(w["instructions"], w["core"]) for w in cpu["windows"] if w["from"] == k]
        wanted = windows(k, cpus)
        assert found[:len(wanted)] == wanted, (k, [(i, f, w) for i, (f, w) in enumerate(zip(found, wanted)) if f != w][:5], len(found))
        assert len(found) == len(wanted) + (cpus == 1), (k, len(found))
        # what is in neither page is the branch to it and the rest of the program
        assert cpu["instructions"] == cpu["core"] + cpu["all"] + (5 * 100 * (k + 1) if k % 2 else 0), k
    moved = [w for w in counts["cpus"][-1]["windows"] if w["from"] != cpus - 1]
    assert [(w["from"], w["to"]) for w in moved] == ([(0, cpus - 1)] if cpus > 1 else [])
    for w in moved:
        assert w["total"]["instructions"] > 0
