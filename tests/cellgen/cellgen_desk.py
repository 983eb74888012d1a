#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Where cellgen runs in tests: a temporary folder with links to good/ and bad/ and with the images of cellgen_images.py,
so that paths in messages do not depend on where the checkout is. Also used by tests/fuzz/cellgen.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import cellgen_images

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCES = ROOT / "tools" / "cellgen"
GOOD = sorted(p.stem for p in (HERE / "good").glob("*.dts"))
TIMEOUT = 120 # seconds; the slowest takes four on an idle machine, and tools/test has others go first
BAD = sorted(p.stem for p in (HERE / "bad").glob("*.dts"))


FLAGS = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
NO_LEAKS = "detect_leaks=0" # what is left at the end of a run that is refused is nobody's loss, and looking for it takes longer than the run
if os.environ.get("CELLGEN_OBJECTS"): # coverage.py: no code of a sanitizer, which would count as branches
    FLAGS = ["-std=c11", "-g", "-O0", "--coverage"]


def compile_all(compiler, flags, objects):
    """{object: source}, as many at a time as there are CPUs; those that are there stay."""
    def one(item):
        if not item[0].exists():
            subprocess.run([compiler, *flags, "-c", "-o", str(item[0]), str(item[1])], check=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, objects.items()))


def build(folder, name, more=(), options=()):
    """With the sanitizers: a bad input that crashes is a failure even if it would end well by luck."""
    compiler, binary = os.environ.get("CC", "cc"), folder / name
    objects = {folder / f"{source.stem}.o": source for source in [*sorted(SOURCES.glob("*.c")), *more]}
    compile_all(compiler, [*FLAGS, f"-I{SOURCES}", f"-I{ROOT}/src", f"-I{ROOT}/src/arch/aarch64"], objects)
    if not binary.exists():
        subprocess.run([compiler, *FLAGS, *options, "-o", str(binary), *map(str, objects), "-lfdt", "-lnettle", "-lz"], check=True)
    return binary


def find_cellgen(folder):
    if os.environ.get("CELLGEN"):
        return pathlib.Path(os.environ["CELLGEN"]).resolve()
    return build(pathlib.Path(os.environ.get("CELLGEN_BUILD") or folder), "cellgen")


class Desk:
    def __init__(self, folder, cellgen, copy=False):
        self.folder, self.cellgen = folder, cellgen
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("good", "bad"):
            if copy:
                shutil.copytree(HERE / name, folder / name)
            else:
                (folder / name).symlink_to(HERE / name)
        cellgen_images.make(folder / "images")
        self.done = {}

    def options(self, dts):
        """What a partition of good/ or bad/ is built with: a comment "options: --overlay good/x.dtso"."""
        found = re.search(r"^/\* options: (.*) \*/$", (self.folder / dts).read_text(errors="replace"), re.M)
        return found[1].split() if found else []

    def run(self, dts, out, more=(), **environment):
        environment = {"ASAN_OPTIONS": NO_LEAKS, **environment}
        command = [str(SOURCES / "cellgen-dts"), dts, "-o", out, "-I", "images", "--cellgen", str(self.cellgen),
                   *self.options(dts), *more]
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, **environment}, start_new_session=True) as process:
            try:
                out, err = process.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL) # the shell and what it has started
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def good(self, name, out=None):
        """The output folder of good/NAME.dts; made once."""
        if name not in self.done:
            out = out or f"out/{name}"
            result = self.run(f"good/{name}.dts", out, ASAN_OPTIONS="")
            assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
            self.done[name] = self.folder / out
        return self.done[name]


if __name__ == "__main__": # FOLDER: what CELLGEN_BUILD says
    folder = pathlib.Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    build(folder, "cellgen")
