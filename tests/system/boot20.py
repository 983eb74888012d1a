#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Does Linux reach its shell every time? By hand; takes a while (about 3 s a boot and core).

    /usr/bin/python3 tests/system/boot20.py [--boots 20] [--jobs 2] [--cpu MODEL ...] [--vcpus N ...] [--mode MODE ...]
                                            [--timing plain icount] [--bin] [--out FOLDER]

Modes: direct; mediated; shared, which is mediated with one of its CPUs serving; both, two of them side by side, one
direct, the other mediated and serving, two vCPUs each.

Prints a table: for each CPU model, mode, number of vCPUs and way of timing, how many
boots reached the shell and answered a command there with the right number of
CPUs while the neighbour cell was well; and the seconds they took. The log of a
boot that did not is kept. Ends with 1 if there was one.
"""

import argparse
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import qemu

FOLDER = "tests/system/partitions"
MODES = {"direct": "linux{}.dts", "mediated": "linux{}-mediated.dts", "shared": "linux{}-shared.dts", "both": "linux-both.dts"}


def one(out, log, model, vcpus, mode, icount, binary):
    """Seconds to the shell, or None."""
    start = time.monotonic()
    try:
        with qemu.Machine(out, cpu=model, icount=icount, binary=binary, limit=300, log=log) as m:
            m.to_shell(200)
            took = time.monotonic() - start
            if m.shell("nproc", 60) != (0, str(vcpus)):
                m.fail("wrong number of CPUs")
            if mode == "both":
                m.to_shell(200, "linux-direct")
                took = time.monotonic() - start
                m.send(qemu.ESCAPE + "3")
                if m.shell("nproc", 60, "linux-direct") != (0, str(vcpus)):
                    m.fail("wrong number of CPUs")
            m.line("witness", "OK", since=m.mark("witness"), timeout=60)
            m.never(r"witness: (FAIL|BAD)|panic")
    except qemu.Failure as e:
        print(f"FAILED: {log}: {str(e).splitlines()[0]}", flush=True)
        return None
    Path(log).unlink()
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--boots", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cpu", nargs="+", default=qemu.MODELS)
    parser.add_argument("--vcpus", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--mode", nargs="+", choices=list(MODES), default=list(MODES))
    parser.add_argument("--timing", nargs="+", choices=["plain", "icount"], default=["plain", "icount"])
    parser.add_argument("--bin", action="store_true", help="boot cloison.bin instead of the ELF")
    parser.add_argument("--out", default=str(qemu.ROOT / "build" / "test" / "boot20"))
    o = parser.parse_args()

    builder = qemu.Builder(o.out)
    wanted = [(mode, n) for mode in o.mode for n in ([2] if mode == "both" else o.vcpus)]
    outs = {w: builder.build(f"{FOLDER}/{MODES[w[0]].format(w[1])}") for w in wanted}
    builder.close()
    failed = 0
    print(f"{'model':14}{'mode':>10}{'vCPUs':>6}{'timing':>8}{'shell':>9}   seconds: least, median, most", flush=True)
    with ThreadPoolExecutor(o.jobs) as pool:
        for model in o.cpu:
            for mode, vcpus in wanted:
                for timing in o.timing:
                    runs = [pool.submit(one, outs[mode, vcpus], f"{o.out}/{model}-{mode}-{vcpus}-{timing}-{i}.log", model,
                                        vcpus, mode, timing == "icount", o.bin) for i in range(o.boots)]
                    times = [r.result() for r in runs]
                    good = [t for t in times if t is not None]
                    failed += len(times) - len(good)
                    spread = f"{min(good):.1f} {statistics.median(good):.1f} {max(good):.1f}" if good else "-"
                    print(f"{model:14}{mode:>10}{vcpus:6}{timing:>8}{f'{len(good)}/{len(times)}':>9}   {spread}", flush=True)
    print(f"boot20: {failed} failed" if failed else "boot20: every boot reached the shell")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
