#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
A board that nobody has and a partition for it, as large as wanted: how long do cellgen, the linker and cellcheck take?

    tests/cellgen/scale.py OUT [--cells N] [--cpus N] [--devices N] [--gib N] [--colors N] [--uncolored] [--direct]
    tests/cellgen/scale.py OUT --run [...]         and build it: cellgen, ld with the stub of tests/cellcheck, scatter, cellcheck

OUT gets partition.dts (board included, so that it is one file) and Image, a guest of 4 KiB. Cells get equal shares of CPUs,
devices, memory and colours. Nothing of it is ever booted.
"""
import argparse
import pathlib
import resource
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "cellcheck")]
import cellgen_images  # noqa: E402

RAM = 0x80000000
DEVICES, GICD, GICR, UART = 0x10000000, 0x08000000, 0x20000000, 0x09000000
PAGE, MIB, GIB = 0x1000, 0x100000, 0x40000000


def cells_of(value):
    """A 64-bit number as two cells."""
    return f"0x{value >> 32:x} 0x{value & 0xFFFFFFFF:x}"


def board(args, ram_bytes):
    cpus = "\n".join(f'\t\tcpu{i}: cpu@{i >> 4 << 8 | i & 15:x} {{ device_type = "cpu"; compatible = "arm,cortex-a57"; '
                     f'enable-method = "psci"; reg = <0x{i >> 4 << 8 | i & 15:x}>; next-level-cache = <&llc>; }};'
                     for i in range(args.cpus))
    lines = [f"interrupts = <0 {i} 4>; " if i < args.lines else "" for i in range(args.devices)]
    devices = "\n".join(f'\tdev{i}: device@{DEVICES + PAGE * i:x} {{ compatible = "example,device"; reg = <0x0 0x{DEVICES + PAGE * i:x} '
                        f'0x0 0x1000>; {lines[i]}}};' for i in range(args.devices))
    return f"""/dts-v1/;

/ {{
	model = "scale";
	compatible = "example,scale";
	interrupt-parent = <&gic>;
	#address-cells = <2>;
	#size-cells = <2>;

	chosen {{ stdout-path = "/serial@{UART:x}"; }};
	psci {{ compatible = "arm,psci-1.0"; method = "smc"; }};
	memory@{RAM:x} {{ device_type = "memory"; reg = <{cells_of(RAM)} {cells_of(ram_bytes)}>; }};
	clk: clock {{ compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; }};
	timer {{ compatible = "arm,armv8-timer"; interrupts = <1 13 4 1 14 4 1 11 4 1 10 4>; }};
	uart0: serial@{UART:x} {{
		compatible = "arm,pl011", "arm,primecell";
		reg = <0x0 0x{UART:x} 0x0 0x1000>;
		clocks = <&clk>, <&clk>;
		clock-names = "uartclk", "apb_pclk";
	}};
	gic: interrupt-controller@{GICD:x} {{
		compatible = "arm,gic-v3";
		interrupt-controller;
		#interrupt-cells = <3>;
		#address-cells = <0>;
		#redistributor-regions = <1>;
		reg = <0x0 0x{GICD:x} 0x0 0x10000>, <0x0 0x{GICR:x} 0x0 0x{0x20000 * args.cpus:x}>;
	}};
	cpus {{
		#address-cells = <1>;
		#size-cells = <0>;
		llc: l3-cache {{ compatible = "cache"; cache-unified; cache-level = <3>; cache-size = <{args.colors * PAGE * 16}>;
			cache-line-size = <64>; cache-sets = <{args.colors * PAGE // 64}>; }};
{cpus}
	}};
{devices}
}};
"""


def share(total, parts, index):
    """The numbers of [0, total) that the index-th of parts gets."""
    return range(total * index // parts, total * (index + 1) // parts)


def colors(numbers):
    return f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}"


def memory_of(args):
    """Of each cell."""
    return args.mib * MIB // args.cells // (2 * MIB) * 2 * MIB


def ram_of(args):
    """The board's: enough for the cell with the fewest colours, and for pristine images."""
    fewest = (args.colors - args.hypervisor_colors) // args.cells
    cells = args.mib * MIB if args.uncolored else memory_of(args) * args.colors // fewest
    return args.hypervisor + (cells + 2 * GIB) // GIB * GIB


def cell(args, index):
    cpus = share(args.cpus - 1, args.cells, index)
    devices = " ".join(f"&dev{i}" for i in share(args.devices, args.cells, index))
    memory = memory_of(args)
    own = share(args.colors - args.hypervisor_colors, args.cells, index)
    return f"""
			cell{index} {{
				compatible = "openamp,domain-v1", "cloison,cell-v1";
				cpus = <{" ".join(f"&cpu{i + 1}" for i in cpus)}>;
				memory = <0x0 0x40000000 {cells_of(memory)}>;
				{f"access = <{devices}>; cloison,no-dma = <{devices}>;" if devices else ""}
				{'cloison,interrupts = "direct";' if args.direct else ""}
				{f'llc-colors = "{colors(own)}";' if not args.uncolored else ""}
				cloison,kernel = "Image";
			}};
"""


def partition(args):
    core = '' if args.uncolored else f'llc-colors = "{colors(range(args.colors - args.hypervisor_colors, args.colors))}";'
    return board(args, ram_of(args)) + f"""
/ {{
	domains {{
		#address-cells = <2>;
		#size-cells = <2>;

		hypervisor {{
			compatible = "openamp,domain-v1", "openamp,hypervisor-v1";
			memory = <{cells_of(RAM)} {cells_of(args.hypervisor)}>;
			cpus = <&cpu0>;
			{core}
{"".join(cell(args, i) for i in range(args.cells))}
		}};
	}};
}};
"""


def timed(what, command, **more):
    before = time.monotonic()
    result = subprocess.run([str(c) for c in command], check=False, **more)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{what:10} {time.monotonic() - before:7.2f} s   (largest process so far {usage.ru_maxrss // 1024} MiB)", flush=True)
    if result.returncode:
        sys.exit(f"scale: {what} ended with {result.returncode}")


def run(args, out):
    import cellcheck_bench # pylint: disable=import-outside-toplevel
    timed("cellgen", [ROOT / "tools" / "cellgen" / "cellgen-dts", out / "partition.dts", "-o", out, "-I", out, "--cellgen", args.cellgen])
    before = time.monotonic()
    cellcheck_bench.link(out)
    print(f"{'link':10} {time.monotonic() - before:7.2f} s", flush=True)
    timed("cellcheck", [args.cellcheck, "--partition", out / "partition.dtb", "--text", out / "certificate.txt", "--json",
                        out / "certificate.json", out / "image.elf"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("out", type=pathlib.Path)
    for name, default in (("cells", 8), ("cpus", 16), ("devices", 32), ("gib", 1), ("colors", 128), ("lines", 200)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--mib", type=int, default=0, help="in place of --gib")
    parser.add_argument("--hypervisor-mib", type=int, default=0, help="its memory; default: what it may need")
    parser.add_argument("--hypervisor-colors", type=int, default=0, help="how many colours it has; default: a sixteenth")
    for name in ("uncolored", "direct", "run"):
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("cellgen", "cellcheck"):
        parser.add_argument(f"--{name}", default=ROOT / "build" / "tools" / name)
    args = parser.parse_args()
    args.mib = args.mib or args.gib * 1024
    args.hypervisor_colors = args.hypervisor_colors or max(1, args.colors // 16)
    tables = args.mib * MIB // 512 if not args.uncolored else 16 * MIB
    spread = 1 if args.uncolored else args.colors // args.hypervisor_colors
    args.hypervisor = args.hypervisor_mib * MIB or (4 * tables + (16 + args.cpus // 4) * MIB * spread // 4 + 16 * MIB) // MIB * MIB
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "partition.dts").write_text(partition(args))
    (args.out / "Image").write_bytes(cellgen_images.kernel())
    if args.run:
        run(args, args.out)


if __name__ == "__main__":
    main()
