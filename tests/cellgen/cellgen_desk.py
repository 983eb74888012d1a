# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Where cellgen runs in tests: a temporary folder with links to good/ and bad/ and with the images of cellgen_images.py,
so that paths in messages do not depend on where the checkout is. Also used by tests/fuzz/cellgen.
"""
import os
import pathlib
import shutil
import signal
import subprocess

import cellgen_images

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCES = ROOT / "tools" / "cellgen"
GOOD = sorted(p.stem for p in (HERE / "good").glob("*.dts"))
TIMEOUT = 20 # seconds; the slowest takes one on an idle machine
BAD = sorted(p.stem for p in (HERE / "bad").glob("*.dts"))
# What is wrong only for a core that is built without something.
WITHOUT = {"bad/policy-not-built.dts": ["--without", "restart"]}


FLAGS = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
if os.environ.get("CELLGEN_OBJECTS"): # coverage.py: no code of a sanitizer, which would count as branches
    FLAGS = ["-std=c11", "-g", "-O0", "--coverage"]


def build(folder, name, more=(), options=()):
    """With the sanitizers: a bad input that crashes is a failure even if it would end well by luck."""
    objects, sources = [], [*sorted(SOURCES.glob("*.c")), *more]
    compiler = os.environ.get("CC", "cc")
    for source in sources:
        objects.append(folder / f"{source.stem}.o")
        if not objects[-1].exists():
            subprocess.run([compiler, *FLAGS, f"-I{SOURCES}", f"-I{ROOT}/src", f"-I{ROOT}/src/arch/aarch64", "-c", "-o",
                            str(objects[-1]), str(source)], check=True)
    binary = folder / name
    subprocess.run([compiler, *FLAGS, *options, "-o", str(binary), *map(str, objects), "-lfdt", "-lnettle"], check=True)
    return binary


def find_cellgen(folder):
    if os.environ.get("CELLGEN"):
        return pathlib.Path(os.environ["CELLGEN"]).resolve()
    return build(folder, "cellgen")


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

    def run(self, dts, out, more=(), **environment):
        command = [str(SOURCES / "cellgen-dts"), dts, "-o", out, "-I", "images", "--cellgen", str(self.cellgen), *WITHOUT.get(dts, []), *more]
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
            result = self.run(f"good/{name}.dts", out)
            assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
            self.done[name] = self.folder / out
        return self.done[name]
