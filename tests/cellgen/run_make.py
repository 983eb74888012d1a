# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The part of the build that cellgen is in, by make: what it is done again for, and what stays when it refuses."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from cellgen_desk import HERE, ROOT

ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "O", "V", "CC", "CELLGEN")}


class Build:
    def __init__(self, folder):
        self.folder, self.out = folder, folder / "out"
        for name in ("example-overlay.dts", "example-overlay.dtso"):
            shutil.copyfile(HERE / "good" / name, folder / name)
        self.base, self.overlay = folder / "example-overlay.dts", folder / "example-overlay.dtso"

    def make(self, *arguments, goal=None):
        # What is compiled on the way is made as fast as it can be; the same flags each time, or they were a reason, too.
        command = ["make", "-s", "-j2", f"O={self.out}", "HOSTCFLAGS=-std=gnu11", "KCFLAGS=-O0 -g0", *arguments, goal or f"{self.out}/.generated"]
        return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False)

    def good(self, *arguments):
        result = self.make(*arguments)
        assert (result.returncode, result.stderr) == (0, "")
        return (self.out / "gen" / "report.txt").read_text()


@pytest.fixture(name="build", scope="module")
def fixture_build():
    with tempfile.TemporaryDirectory() as folder: # outside of this tree: messages show what is inside by shorter names
        build = Build(pathlib.Path(folder))
        build.good(f"PARTITION={build.base}", "BOARD=qemu-virt-aarch64")
        yield build


def test_overlays_are_kept_until_a_partition_is_given(build):
    assert "CELL 'second'" in build.good(f"OVERLAYS={build.overlay}")
    assert "With example-overlay.dtso" in build.good()
    assert "CELL 'second'" not in build.good(f"PARTITION={build.base}")
    assert "CELL 'second'" not in build.good()
    assert "CELL 'second'" in build.good(f"PARTITION={build.base}", f"OVERLAYS={build.overlay}")
    assert "CELL 'second'" not in build.good("OVERLAYS=")


def test_an_overlay_that_changes_is_a_reason(build):
    build.good(f"PARTITION={build.base}", f"OVERLAYS={build.overlay}")
    text = build.overlay.read_text()
    build.overlay.write_text(text.replace("second {", "another {"))
    assert "CELL 'another'" in build.good()
    build.overlay.write_text(text)
    assert "CELL 'second'" in build.good()


def test_a_refused_overlay_changes_nothing(build):
    build.good(f"PARTITION={build.base}", f"OVERLAYS={build.overlay}")
    before = {p: p.read_bytes() for p in [*(build.out / "gen").iterdir(), build.out / "partition.dtb"]}
    (build.out / "cloison.elf").write_text("of the run before")
    text = build.overlay.read_text()
    build.overlay.write_text(text.replace("&cpu1", "&cpu2"))
    result = build.make()
    at = f"{build.overlay}:11:3: error[cpu-owned-twice]: cpu2 is given to 'second' here and to 'hello' at {build.overlay}:19;"
    assert result.returncode == 2 and at in result.stderr and "Deleting" not in result.stderr + result.stdout
    assert before == {p: p.read_bytes() for p in [*(build.out / "gen").iterdir(), build.out / "partition.dtb"]}
    result = subprocess.run([str(ROOT / "tools" / "run-qemu"), str(build.out)], capture_output=True, text=True, timeout=20, check=False)
    assert result.returncode == 1 and "is not the image of what is configured" in result.stderr
    build.overlay.write_text(text)
    build.good()


def test_what_it_starts_with_is_a_reason(build):
    """By the link in gen, where the image is the file; by another one, where it is made of the file."""
    build.good(f"PARTITION={build.base}", f"OVERLAYS={build.overlay}")
    listed = (build.out / "partition.d").read_text().split()
    for name in (build.out / "guests" / "hello.bin", build.out / "guests" / "hello.elf", build.overlay, build.base):
        assert str(name) in listed


def test_mediated_is_a_finding(build):
    result = build.make(f"PARTITION={build.base}", "MEDIATED=n")
    assert result.returncode == 2 and f"{build.base}:18:17: error[mediated-not-built]" in result.stderr
    build.good("MEDIATED=y")


@pytest.mark.parametrize("arguments,goal,words", [
    (["FORMAT=xml"], "all", "there is no FORMAT=xml; it can be human, json or sarif"),
    ([], "no-such_defconfig", "there is no no-such_defconfig; make help lists"),
    (["OVERLAYS=no-such.dtso"], "all", "OVERLAYS=no-such.dtso: no such file"),
    ([], "diff-partition", "make diff-partition A=one.dts B=another.dts"),
    (["A=one.dts"], "diff-partition", "make diff-partition A=one.dts B=another.dts")])
def test_what_is_asked_wrongly_is_said_plainly(build, arguments, goal, words):
    config = (build.out / ".config").read_text()
    result = build.make(*arguments, goal=goal)
    assert result.returncode == 2 and words in result.stderr and "Traceback" not in result.stderr
    assert (build.out / ".config").read_text() == config and len(result.stderr.splitlines()) <= 3


def test_difference_with_an_overlay(build):
    result = build.make(f"A={build.base}", f"B={build.base} {build.overlay}", goal="diff-partition")
    assert result.returncode == 0 and "cells: 'second' is new" in result.stdout.replace("cells:\n  ", "cells: "), result


def test_overlay_is_named_without_its_folder(build):
    build.good(f"PARTITION={build.base}", f"OVERLAYS={build.overlay}")
    assert not [p for p in pathlib.Path(build.out / "gen").iterdir()
                if not p.is_symlink() and str(build.folder).encode() in p.read_bytes()]
