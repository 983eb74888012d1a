# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Where cellgen runs in tests: a temporary folder with links to good/ and bad/ and with the images of cellgen_images.py,
so that paths in messages do not depend on where the checkout is. Also used by tests/fuzz/cellgen.
"""
import os
import pathlib
import shutil
import subprocess

import cellgen_images

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCES = ROOT / "tools" / "cellgen"
GOOD = sorted(p.stem for p in (HERE / "good").glob("*.dts"))
BAD = sorted(p.stem for p in (HERE / "bad").glob("*.dts"))


def build(folder, sources, name):
    """With the sanitizers: a bad input that crashes is a failure even if it would end well by luck."""
    binary = folder / name
    command = [os.environ.get("CC", "cc"), "-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Werror",
               "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{SOURCES}", f"-I{ROOT}/src",
               f"-I{ROOT}/src/arch/aarch64", "-o", str(binary), *map(str, sources), "-lfdt", "-lnettle"]
    subprocess.run(command, check=True)
    return binary


def find_cellgen(folder):
    if os.environ.get("CELLGEN"):
        return pathlib.Path(os.environ["CELLGEN"]).resolve()
    return build(folder, sorted(SOURCES.glob("*.c")), "cellgen")


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

    def run(self, dts, out):
        command = [str(SOURCES / "cellgen-dts"), dts, "-o", out, "-I", "images", "--cellgen", str(self.cellgen)]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def good(self, name, out=None):
        """The output folder of good/NAME.dts; made once."""
        if name not in self.done:
            out = out or f"out/{name}"
            result = self.run(f"good/{name}.dts", out)
            assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
            self.done[name] = self.folder / out
        return self.done[name]
