# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Small programs for the analyser: compiled with each compiler, and what it says of them."""
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
for _tool in ("bound", "instrument"):
    sys.path.insert(0, str(ROOT / "tools" / _tool))

CROSS = "aarch64-linux-gnu-"
FLAGS = ["-std=c11", "-ffreestanding", "-nostdlib", "-static", "-fno-pic", "-g", "-march=armv8-a", "-mcmodel=tiny", "-mgeneral-regs-only", "-mno-outline-atomics",
         "-fno-jump-tables", "-fno-asynchronous-unwind-tables", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'src'}", "-Wl,--build-id=none"]
COMPILERS = {"gcc": [CROSS + "gcc", "-no-pie"], "clang": ["clang", "--target=aarch64-linux-gnu", "-fuse-ld=lld", "-Wno-unused-command-line-argument"]}

C = '#include "core/types.h"\n#include "core/bound.h"\nvolatile u32 sink; u32 table[64];\n#define TICK() __asm__ volatile("nop")\n'
START = 'void _start(void); void _start(void) { body(); __asm__ volatile("1: wfi; b 1b"); __builtin_unreachable(); }\n'


class Said:
    """Exit code, messages and report of one run."""

    def __init__(self, elf, tmp, *options):
        report = tmp / "bound.json"
        report.unlink(missing_ok=True)
        done = subprocess.run([str(ROOT / "tools/bound/bound"), "--json", str(report), *options, str(elf)], capture_output=True, text=True)
        self.code, self.err, self.out = done.returncode, done.stderr, done.stdout
        self.data = json.loads(report.read_text()) if report.exists() else None

    def path(self, name):
        return next(p for p in self.data["paths"] if p["name"] == name)


@pytest.fixture(params=["gcc", "clang"], name="compiler")
def fixture_compiler(request):
    return request.param


@pytest.fixture(name="build")
def fixture_build(tmp_path, compiler):
    def build(text, level="-Os", name="program.c"):
        source, elf = tmp_path / name, tmp_path / "program.elf"
        source.write_text(text)
        subprocess.run([*COMPILERS[compiler], *FLAGS, level, "-o", str(elf), str(source)], check=True)
        return elf
    return build


@pytest.fixture(name="analyse")
def fixture_analyse(tmp_path, build):
    def analyse(body, level="-Os", options=(), residence=True):
        end = 'LOOP_RESIDENCE(); ' if residence else ""
        start = f'void _start(void); void _start(void) {{ body(); for (;;) {{ {end}__asm__ volatile("wfi"); }} }}\n'
        return Said(build(C + body + start, level), tmp_path, *options)
    return analyse
