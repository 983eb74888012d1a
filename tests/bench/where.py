#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Which instructions a figure of the bench consists of.

    /usr/bin/python3 tests/bench/where.py [--cell native|guarded|mediated|service|service-mediated] [--list] [NAME...]

NAME is a figure of that cell's (psci_version); all of them if none is named. Each label of the
core's code with how many of its instructions were executed, in their order or, where these are
many, added up; --list shows each. The last of the times it was measured.
"""

import argparse
import bisect
import json
import re
import subprocess
import sys
from pathlib import Path

import exits
import variants
from runs import ROOT, built, instrument, qemu

TIMES = 9  # each thing is done, the first time for the way
PREFIX = {"native": "native_", "guarded": "guarded_", "mediated": "mediated_", "service": "service_", "service-mediated": "service_mediated_"}
NO_STRETCH = "cpu_on", "sgi_other_receiver", "sgi_other"  # figures that are no stretch of the first CPU, or the sum of two
COUNTER = "cntvct_el0"
PARTS_MAX = 40  # in the order in which they are executed; more are added up


def tool(name, *arguments):
    return subprocess.run([qemu.COMPILER.removesuffix("gcc") + name, *arguments], check=True, capture_output=True, text=True).stdout


def symbols(elf):
    """[(address, name)] in order."""
    found = re.findall(r"(?m)^([0-9a-f]+) [tT] ([^$\s]+)$", tool("nm", "-n", str(elf)))
    return [(int(address, 16), name) for address, name in found]


def code(elf):
    """{address: text}"""
    lines = tool("objdump", "-d", "--no-show-raw-insn", str(elf))
    return {int(a, 16): re.sub(r"\s+", " ", t).strip() for a, t in re.findall(r"(?m)^\s*([0-9a-f]+):\t(.*)$", lines)}


class Code:
    """What is at an address of the core."""

    def __init__(self, elf):
        self.symbols = symbols(elf)
        self.text = code(elf)
        self.addresses = [a for a, _ in self.symbols]

    def label(self, address):
        return self.symbols[bisect.bisect_right(self.addresses, address) - 1][1]


def places(elf):
    """({address: function} where stretches begin, [addresses] where they end) of the guest."""
    begin, end = {}, []
    text, names = code(elf), symbols(elf)
    ends = [a for a, _ in names[1:]] + [max(text) + 4]
    for (start, name), stop in zip(names, ends):
        reads = [a for a in range(start, stop, 4) if COUNTER in text.get(a, "")]
        if name.startswith("measure_") and len(reads) == 2 or name == "sgi_other":
            begin[reads[0]] = name
            end.append(reads[1])
        elif name in ("measure_undefined", "sgi_self", "line_raised"):
            begin[reads[0]] = name
        elif name in ("wait_spin", "wait_wfi", "receive"):
            begin[next(a for a in range(start, stop, 4) if "daifclr" in text[a])] = name
        elif name == "bench_vectors":
            end += [a for a in (start + 0x200, start + 0x280) if COUNTER in text[a]]
    return begin, end


def stretches(builder, cell):
    """{name of a figure: addresses of the last time}, and what is there."""
    out = built(builder, f"{cell}.dts")
    begin, end = places(builder.guest("bench").with_suffix(".elf"))
    result = Path(builder.folder) / f"where-{cell}.json"
    words = [f"out={result}", *[f"from={a:#x}" for a in begin], *[f"to={a:#x}" for a in end]]
    plugin = instrument.plugin("path", builder.folder)
    with qemu.Machine(out, icount=True, smp=(exits.PARTITIONS | variants.PARTITIONS)[cell], limit=300, options=["-plugin", ",".join([str(plugin), *words])]) as m:
        m.expect("bench: end", 290)
        text = qemu.clean(m.text)
    names = [n for n in re.findall(rf"bench: {PREFIX[cell]}(\w+) \d+", text) if not n.startswith("boot_") and n not in NO_STRETCH]
    found = json.loads(result.read_text())["stretches"]
    of = {cpu: [s["code"] for s in found if s["cpu"] == cpu] for cpu in (0, 1)}
    if len(of[0]) != TIMES * len(names):
        raise qemu.Failure(f"{len(of[0])} stretches, and {len(names)} figures of {TIMES} each: {' '.join(names)}")
    last = {name: of[0][TIMES * i + TIMES - 1] for i, name in enumerate(names)}
    last["sgi_other_receiver"] = of[1][-1]
    return last, Code(out / "cloison.elf")


def groups(addresses, core):
    """[(label, addresses)]: what belongs to one label and is executed together."""
    found = []
    for address in addresses:
        if address not in core.text:
            continue  # the guest's own
        label = core.label(address)
        if not found or found[-1][0] != label:
            found.append((label, []))
        found[-1][1].append(address)
    return found


def show(name, addresses, core, listing):
    parts = groups(addresses, core)
    print(f"\n{name}: {sum(len(a) for _, a in parts)} of the core's")
    if len(parts) > PARTS_MAX and not listing:
        sums = {}
        for label, at in parts:
            sums[label] = sums.get(label, 0) + len(at)
        parts = [(label, [0] * n) for label, n in sorted(sums.items(), key=lambda item: -item[1])]
    for label, at in parts:
        print(f"  {label:32}{len(at):>5}")
        if listing:
            for address in at:
                print(f"      {address:x}  {core.text[address]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--cell", default="native", choices=PREFIX)
    parser.add_argument("--list", action="store_true", help="every instruction")
    parser.add_argument("--out", default=str(ROOT / "build" / "bench"))
    options = parser.parse_args()
    builder = qemu.Builder(options.out)
    found, core = stretches(builder, options.cell)
    builder.close()
    unknown = [n for n in options.names if n not in found]
    if unknown:
        parser.error(f"there is no figure {unknown[0]}; there are {' '.join(found)}")
    for name in options.names or found:
        show(name, found[name], core, options.list)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except qemu.Failure as e:
        sys.exit(f"where: {e}")
