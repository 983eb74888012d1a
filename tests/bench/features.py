# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the core's own looking costs an exit: counters, histograms, traces."""

import re
import subprocess

from runs import HERE, built, qemu, run
from table import Row

GROUP = "features"
COLUMNS = ("figure",)
# partition: row, and the figure that is compared with the same of a cell that is traced
TRACED = {"native": {"trace_exit": "native_psci_version", "trace_long": "native_gicd_ipriorityr_byte_write", "trace_call": "native_unknown_smc"},
          "mediated": {"trace_irq": "mediated_vtimer_spin"}}
CPUS = 2
TABLE = [
    ("counter_exit", "counter of an exit", 4, "load, add, store: struct cpu is where SP rests; as short as it gets without FEAT_LSE"),
    ("counter_shared", "counter of several CPUs", None, "the same, exclusive, and the way to the cell's words (METRICS=n is without)"),
    ("histogram", "histogram entry, of a slow exit", None, "two counter reads, clz, a counter, the way there and back; no short exit has one"),
    ("trace_exit", "trace: an exit's entry", 20, "22 with the saving of x0-x3, which the exit does anyway"),
    ("trace_irq", "trace: an interrupt's entry", 20, "the same without the address"),
    ("trace_long", "trace: long exit, with its return", None, "two entries and a call of the core's; the second by C"),
    ("trace_call", "trace: long exit, with its call", None, "three"),
]


def counter_exit(elf):
    """Instructions of the count in entry.S: what is before the branch at distributor_done."""
    text = subprocess.run([f"{qemu.COMPILER.removesuffix('gcc')}objdump", "-d", "--no-show-raw-insn", "--disassemble=distributor_done", str(elf)],
                          check=True, capture_output=True, text=True).stdout
    words = [line.split("\t")[1] for line in text.splitlines() if re.match(r"\s*[0-9a-f]+:\t", line)]
    return words.index("b")


def measure(builder):
    figures = {}
    plain = {}
    for partition in TRACED:
        builder.start(f"{HERE}/{partition}.dts TRACE_AT_BOOT=y")
        plain.update(run(built(builder, f"{partition}.dts"), CPUS))
    for partition, names in TRACED.items():
        traced = run(built(builder, f"{partition}.dts TRACE_AT_BOOT=y"), CPUS)
        figures.update({row: traced[name] - plain[name] for row, name in names.items()})
    lean = qemu.Builder(builder.folder / "no-metrics", ["METRICS=n"])
    without = run(built(lean, "native.dts"), CPUS)
    lean.close()
    # A long exit has a histogram; one that finds a device's output high has a counter more
    histogram, both = [plain[f"native_{n}"] - without[f"native_{n}"] for n in ("gicd_ipriorityr_byte_write", "uart_fr_read_high")]
    figures.update({"histogram": histogram, "counter_shared": both - histogram, "counter_exit": counter_exit(built(builder, "native.dts") / "cloison.elf")})
    return [Row(GROUP, name, what, {"figure": figures.get(name)}, {"figure": budget} if budget else {}, note=note)
            for name, what, budget, note in TABLE]
