#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What things cost in instructions, against the targets.

    /usr/bin/python3 tests/bench/bench.py [--out FOLDER] [--json FILE]

Builds the partitions of this folder, runs each once under -icount (so every run
gives the same figures), prints a table and ends with 1 if a target is missed.
Figures are raw: the difference of two counter readings around the thing, which
is 2 for one instruction; "bare" is the same guest on bare QEMU.
"""

import argparse
import json
import re
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "system"))
import qemu  # noqa: E402

HERE = "tests/bench"
RUNS = {"native": 2, "guarded": 2, "mediated": 2, "service": 3, "boot-64": 1, "boot-512": 1,
        "boot-64-colors": 1, "boot-512-colors": 1, "life": 6}  # partition: CPUs
# partition: row, and the figure that is compared with the same of a cell that is traced
TRACED = {"native": {"trace_exit": "native_psci_version", "trace_long": "native_uart_fr_read", "trace_call": "native_unknown_smc"},
          "mediated": {"trace_irq": "mediated_vtimer_spin"}}
LIFE_MIB = 16  # of the cells of life.dts
BOOTS = ("boot64", "boot512", "boot64_colors", "boot512_colors")

# A Linux as a whole, beside the same kernel on bare QEMU with the same device tree: more than the bare ticks, in per cent
LINUX = {"linux-direct": "direct", "linux-mediated": "mediated", "linux-shared": "mediated, with the service on its CPU"}
LINUX_TARGETS = {("linux-mediated", "pipe-other"): 2.0}
ROUNDS = ("pipe-other", "pipe-same", "fork")

# what, figure in the guest's words, target, Bao 738e3dc, bare figure's name, what it consists of or what would lower it
TABLE = [
    ("back-to-back counter reads", "native_raw", 2, None, "raw", "the yardstick: mrs, isb, mrs"),
    ("PSCI_VERSION", "native_psci_version", 40, 190, "psci_version",
     "HVC: vector, save x0-x3 and x30, C, restore; less only without C"),
    ("unknown hypercall", "native_unknown_hypercall", 40, 190, "unknown_hypercall", "the same"),
    ("unknown PSCI function", "native_unknown_psci", 40, None, "unknown_psci", "the same"),
    ("PSCI_VERSION by SMC", "native_psci_version_smc", None, None, None, "full save and decode: a guest is told to use HVC"),
    ("unknown SMC", "native_unknown_smc", None, None, None, "the same"),
    ("GICD_TYPER read", "native_gicd_typer_read", 110, 226, "gicd_typer_read", "full save, decode of the abort, distributor filter"),
    ("GICD_ISENABLER read", "native_gicd_isenabler_read", 115, 1291, "gicd_isenabler_read", "the same and a mask of the cell's lines"),
    ("GICD_ICENABLER write", "native_gicd_icenabler_write", 130, 3559, "gicd_icenabler_write", "the same, written through"),
    ("GICD_ISENABLER write", "native_gicd_isenabler_write", None, None, "gicd_isenabler_write", ""),
    ("GICD_IPRIORITYR write", "native_gicd_ipriorityr_write", None, None, "gicd_ipriorityr_write", ""),
    ("GICR_TYPER read (RD frame)", "native_gicr_typer_read", None, None, "gicr_typer_read", "twice per CPU and boot"),
    ("redistributor SGI frame read", "native_gicr_sgi_frame_read", 2, 1315, "gicr_sgi_frame_read", "mapped: no exit"),
    ("redistributor SGI frame write", "native_gicr_sgi_frame_write", 2, 1315, "gicr_sgi_frame_write", "mapped: no exit"),
    ("virtual timer, spinning", "native_vtimer_spin", 2, 201, "vtimer_spin", "the hardware's own: no exit"),
    ("virtual timer, native WFI", "native_vtimer_wfi", 2, 201, "vtimer_wfi", "no exit"),
    ("virtual timer, guarded WFI", "guarded_vtimer_wfi", 6, None, "vtimer_wfi", "WFI done at EL2, then ERET"),
    ("physical timer, spinning", "native_ptimer_spin", 2, 201, "ptimer_spin", "no exit"),
    ("physical timer, native WFI", "native_ptimer_wfi", 2, 201, "ptimer_wfi", "no exit"),
    ("physical timer, guarded WFI", "guarded_ptimer_wfi", 6, None, "ptimer_wfi", "as above"),
    ("SGI to self", "native_sgi_self", 75, 777, "sgi_self", "trap, check against the cell's mask, re-issue"),
    ("SGI to another vCPU, sender", "native_sgi_other_sender", None, None, "sgi_other_sender", "MSR to its next instruction"),
    ("SGI to another vCPU, receiver", "native_sgi_other_receiver", None, None, "sgi_other_receiver", "no exit"),
    ("SGI to another vCPU, sum", "native_sgi_other", 75, 779, "sgi_other", "worst of the sums"),
    ("mediated: GICD_TYPER read", "mediated_gicd_typer_read", None, 226, "gicd_typer_read", "a constant"),
    ("mediated: GICD_ISENABLER read", "mediated_gicd_isenabler_read", 120, 1291, "gicd_isenabler_read", "the cell's own word"),
    ("mediated: GICD_ISENABLER write", "mediated_gicd_isenabler_write", 140, 3559, "gicd_isenabler_write",
     "own word, physical line, has another CPU changed it?"),
    ("mediated: GICD_ICENABLER write", "mediated_gicd_icenabler_write", 140, 3559, "gicd_icenabler_write",
     "the same, and is it in somebody's hand?"),
    ("mediated: GICR_ISENABLER0 read", "mediated_gicr_sgi_frame_read", 120, 1315, "gicr_sgi_frame_read", "own word"),
    ("mediated: GICR_ISENABLER0 write", "mediated_gicr_sgi_frame_write", 140, 3590, "gicr_sgi_frame_write", "own word, timers"),
    ("mediated: GICD_IPRIORITYR write", "mediated_gicd_ipriorityr_write", None, None, "gicd_ipriorityr_write", "the long way"),
    ("mediated: virtual timer, spinning", "mediated_vtimer_spin", 110, 201, "vtimer_spin", "acknowledge, list register, ERET"),
    ("mediated: virtual timer, WFI", "mediated_vtimer_wfi", 110, 201, "vtimer_wfi", "the same: WFI is the guest's own"),
    ("mediated: physical timer, spinning", "mediated_ptimer_spin", 110, 201, "ptimer_spin", "the same"),
    ("mediated: physical timer, WFI", "mediated_ptimer_wfi", 110, 201, "ptimer_wfi", "the same"),
    ("mediated: SGI to self", "mediated_sgi_self", 110, 777, "sgi_self", "one trap: straight into a list register"),
    ("mediated: SGI to another, sender", "mediated_sgi_other_sender", None, None, "sgi_other_sender", "a bit and a physical SGI"),
    ("mediated: SGI to another, receiver", "mediated_sgi_other_receiver", None, None, "sgi_other_receiver", "the physical SGI taken"),
    ("mediated: SGI to another, sum", "mediated_sgi_other", 190, 779, "sgi_other", "worst of the sums"),
    ("PL011 flag read, service CPU", "service_uart_fr_read", None, None, "uart_fr_read", "full save, decode, device model"),
    ("PL011 flag read, no service CPU", "native_uart_fr_read", None, None, "uart_fr_read", "and the console's pump"),
    ("counter of an exit", "counter_exit", 4, None, None, "load, add, store: struct cpu is where SP rests. As short as it gets without FEAT_LSE"),
    ("counter of several CPUs", "counter_shared", None, None, None, "the same, exclusive, and the way to the cell's words (METRICS=n is without)"),
    ("histogram entry, of a slow exit", "histogram", None, None, None, "two counter reads, clz, a counter, and the way there and back; no short exit has one (METRICS=n is without)"),
    ("CPU regained, masked loop, suspend", "life_spin_suspend", 120, None, None, "memory taken away, fault, in the core"),
    ("CPU regained, masked loop, stop", "life_spin_regain", 120, None, None, "the same"),
    ("CPU regained, guarded WFI, suspend", "life_guarded_suspend", 150, None, None, "the same, and the kick"),
    ("CPU regained, guarded WFI, stop", "life_guarded_regain", 150, None, None, "the same"),
    ("mediated: masked loop, suspend", "life_mediated_spin_suspend", 120, None, None, "the same"),
    ("mediated: masked loop, stop", "life_mediated_spin_regain", 120, None, None, "the same"),
    ("mediated: WFI, suspend", "life_mediated_wfi_suspend", None, None, None, "the kick is an interrupt of the core's, taken first"),
    ("mediated: WFI, stop", "life_mediated_wfi_regain", None, None, None, "the same"),
    ("resume, direct", "life_spin_resume", None, None, None, "from the decision: the rest of the service CPU's round, then the guest"),
    ("resume, mediated", "life_mediated_spin_resume", None, None, None, "the same, and all that came meanwhile"),
    ("stop, direct", "life_spin_stop", None, None, None, "without the clearing of memory and what is waited for"),
    ("stop, mediated", "life_mediated_spin_stop", None, None, None, "the same"),
    ("start, direct", "life_spin_start", None, None, None, "without the copy; with the rest of the service CPU's round"),
    ("start, mediated", "life_mediated_spin_start", None, None, None, "the same"),
    ("restart, direct", "life_spin_restart", None, None, None, "stop and start, devices and lines as at boot"),
    ("restart, mediated", "life_mediated_spin_restart", None, None, None, "the same"),
    ("  clearing, each MiB", "life_clear_mib", 135000, None, None, "DC ZVA, DC CIVAC: 8 for a line of 64 bytes"),
    ("trace: an exit's entry", "trace_exit", 20, None, None, "22 with the saving of x0-x3, which the exit does anyway"),
    ("trace: an interrupt's entry", "trace_irq", 20, None, None, "the same without the address"),
    ("trace: long exit, with its return", "trace_long", None, None, None, "two entries and a call of the core's; the second by C"),
    ("trace: long exit, with its call", "trace_call", None, None, None, "three"),
    ("boot to guest, 64 MiB", "boot64_boot_net", 10000, 377104, None, "without banner and copy"),
    ("boot to guest, 512 MiB", "boot512_boot_net", 10000, 522480, None, "equal: nothing depends on the size"),
    ("boot to guest, 64 MiB, coloured", "boot64_colors_boot_net", 10000, 19100000, None, "equal: nothing depends on colours"),
    ("boot to guest, 512 MiB, coloured", "boot512_colors_boot_net", 10000, None, None, ""),
    ("  of it: banner", "boot64_boot_banner", None, None, None, "characters, at the UART's pace"),
    ("  of it: copy of images", "boot64_boot_copy", None, None, None, "ldp, stp and the cleaning of the lines"),
]


def run(out, cpus, **options):
    with qemu.Machine(out, icount=True, smp=cpus, limit=90, **options) as m:
        m.expect("bench: end", 80)
        text = qemu.clean(m.text)
    figures = {k: int(v) for k, v in re.findall(r"bench: (\w+) (\d+)", text)}
    return figures, dict(re.findall(r"bench-note: (\w+) spread (\S+)", text))


def sections(elf):
    """Sizes by section name."""
    data = Path(elf).read_bytes()
    offset, = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3a)
    headers = [struct.unpack_from("<IIQQQQ", data, offset + i * size) for i in range(count)]
    strings = headers[names][4]
    return {data[strings + h[0]:data.index(b"\0", strings + h[0])].decode(): h[5] for h in headers}


def copied_bytes(builder):
    """What the copy of the boot runs moved: kernel and device tree, in whole 16-byte units as in the load list."""
    kernel = builder.guest("bench").stat().st_size
    return kernel


def linux_initrd(folder):
    """The only program of the Linux that is measured, as a cpio archive (newc)."""
    program = folder / "rounds"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-Wall",
                    "-Wextra", "-Werror", "-o", str(program), str(ROOT / HERE / "linux" / "rounds.c")], check=True)

    def entry(name, mode, data):
        fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)

    archive = folder / "rounds.cpio"
    archive.write_bytes(entry("rounds", 0o100755, program.read_bytes()) + entry("TRAILER!!!", 0, b""))
    return archive


def rounds(**options):
    """Name: ticks of each run of the program."""
    with qemu.Machine(icount=True, smp=2, limit=400, **options) as m:
        m.expect(r"(?s)(rounds: fork \d+.*){3}", 390)
        text = qemu.clean(m.text)
    return {name: [int(v) for v in re.findall(rf"rounds: {name} (\d+)", text)] for name in ROUNDS}


def linux(builder):
    """{(partition, name): per cent more than bare}, worst of the runs."""
    initrd = linux_initrd(Path(builder.folder) / "work" / "guests")
    for partition in LINUX:
        builder.start(f"{HERE}/{partition}.dts")
    tree = builder.build(f"{HERE}/linux-mediated.dts") / "gen" / "linux.dtb"
    bare = rounds(bare=ROOT / "guests" / "linux" / "Image", mem=256, options=[
        "-initrd", str(initrd), "-dtb", str(tree), "-append", "console=ttyAMA0 quiet rdinit=/rounds cryptomgr.notests"])
    more = {}
    for partition in LINUX:
        found = rounds(out=builder.build(f"{HERE}/{partition}.dts"))
        for name in ROUNDS:
            more[partition, name] = max(100 * (f - b) / b for f, b in zip(found[name], bare[name]))
    return more, bare


def show_linux(more, bare):
    """The table; what missed its target."""
    missed = []
    print(f"\n{'Linux, 2 vCPUs: per cent more':34}" + "".join(f"{name:>12}" for name in ROUNDS) + "   worst of three runs")
    print(f"{'  bare QEMU, million instructions':34}" + "".join(f"{bare[name][0] / 1e6:>12.1f}" for name in ROUNDS))
    for partition, what in LINUX.items():
        print(f"  {what:32}"[:34].ljust(34) + "".join(f"{more[partition, name]:>12.2f}" for name in ROUNDS))
        for name in ROUNDS:
            target = LINUX_TARGETS.get((partition, name))
            if target is not None and more[partition, name] > target:
                missed.append(f"Linux {name}, {what}: {more[partition, name]:.2f} % (target {target})")
    return missed


def trace_costs(builder, figures):
    """What a guest's exits cost more when it is traced."""
    for partition, rows in TRACED.items():
        traced, _ = run(builder.build(f"{HERE}/{partition}.dts TRACE_AT_BOOT=y"), RUNS[partition])
        figures.update({row: traced[name] - figures[name] for row, name in rows.items() if name in traced and name in figures})


def counter_exit(elf):
    """Instructions of the count in entry.S: what is before the branch at distributor_done."""
    text = subprocess.run(["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", "--disassemble=distributor_done", str(elf)],
                          check=True, capture_output=True, text=True).stdout
    words = [line.split("\t")[1] for line in text.splitlines() if re.match(r"\s*[0-9a-f]+:\t", line)]
    return words.index("b")


def counters(folder, builder):
    """What counting costs: of the core as it is, and of one without. The device's output is high in the second of two accesses."""
    partition = f"{HERE}/native.dts"
    out = builder.build(partition)
    without = qemu.Builder(folder, ["METRICS=n"])
    (low, high), (low_without, high_without) = [
        [found[f"native_{name}"] for name in ("uart_fr_read", "uart_fr_read_high")]
        for found, _ in (run(out, RUNS["native"]), run(without.build(partition), RUNS["native"]))]
    without.close()
    return {"counter_exit": counter_exit(out / "cloison.elf"), "histogram": low - low_without,
            "counter_shared": (high - high_without) - (low - low_without)}


def collect(builder):
    figures, notes = {}, {}
    for partition in RUNS:
        builder.start(f"{HERE}/{partition}.dts")
    for partition, cpus in RUNS.items():
        found, spread = run(builder.build(f"{HERE}/{partition}.dts"), cpus)
        figures.update(found)
        notes.update(spread)
    trace_costs(builder, figures)
    if "life_spin_clear" in figures:
        figures["life_clear_mib"] = figures["life_spin_clear"] // LIFE_MIB
    bare, _ = run(None, 2, bare=builder.guest("bench"))
    return figures, notes, bare


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default=str(ROOT / "build" / "test" / "bench"))
    parser.add_argument("--json", help="figures for scripts")
    options = parser.parse_args()
    builder = qemu.Builder(options.out)
    figures, notes, bare = collect(builder)
    figures.update(counters(Path(options.out) / "no-metrics", builder))
    text = sections(builder.build(f"{HERE}/mediated.dts") / "cloison.elf").get(".text", 0)
    lean = qemu.Builder(Path(options.out) / "direct-only", ["MEDIATED=n", "TRACE=n"])
    lean_text = sections(lean.build(f"{HERE}/native.dts") / "cloison.elf").get(".text", 0)
    lean.close()
    more, bare_linux = linux(builder)
    builder.close()

    rows = [(what, figures.get(name), target, bao, bare.get(floor), notes.get(name, ""), why)
            for what, name, target, bao, floor, why in TABLE]
    rows.append((".text, bytes, CONFIG_MEDIATED=n", lean_text, 78080, None, None, "", "the limits of tools/lint/image; the life of cells 28 KiB, the line 15"))
    rows.append((".text, bytes", text, 102656, 65288, None, "", "the interrupt controller of mediated cells is 40 % of it"))
    missed = []
    print(f"{'instructions':34}{'figure':>8}{'target':>8}{'Bao':>8}{'bare':>6}  note")
    for what, value, target, bao, floor, note, why in rows:
        bad = target is not None and (value is None or value > target)
        missed += [what] if bad else []
        print(f"{what:34}{'-' if value is None else value:>8}{target or '':>8}{bao or '':>8}{'' if floor is None else floor:>6}"
              f"  {'MISSED ' if bad else ''}{f'({note}) ' if note else ''}{why}")
    missed += show_linux(more, bare_linux)
    if len({figures.get(f"{name}_boot_net") for name in BOOTS}) != 1:
        missed.append("boot is not equal for 64 and 512 MiB, with and without colours")
    if options.json:
        Path(options.json).write_text(json.dumps({
            "figures": figures, "bare": bare, "text": text, "linux_percent": {" ".join(k): v for k, v in more.items()}}, indent=1, sort_keys=True) + "\n")
    print("bench: " + ("missed: " + "; ".join(missed) if missed else "every target met"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
