# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Kernels that are no plain Image: an ELF, raw, compressed; Linux as an Image.gz. A partition with an overlay."""

import gzip
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = "tests/cellgen/good"
EXAMPLES = [f"{GOOD}/example-{name}.dts" for name in ("kernel-kind", "load-address", "entry")]

OVERLAID = f"{GOOD}/example-overlay.dts {GOOD}/example-overlay.dtso"


def stopped_as_meant(m, cell):
    """The tenth Fibonacci number, then a breakpoint: all of the guest's code and its stack were where they belong."""
    head, values = m.record(cell)
    assert "breakpoint" in head and values["x0"] == 42 and values["x1"] == 55


@pytest.mark.partition(*EXAMPLES)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: Path(e).stem)
def test_example(boot, example):
    stopped_as_meant(boot(example, limit=30), "hello")


@pytest.mark.partition(OVERLAID)
def test_overlay(boot):
    """A base partition and an overlay that adds a cell, by make."""
    m = boot(limit=30)
    for cell in ("hello", "second"):
        stopped_as_meant(m, cell)


def make_files(folder, builder):
    """The partition, and beside it the files that it names and no build makes."""
    folder.mkdir(parents=True, exist_ok=True)
    image, hello = ROOT / "guests" / "linux" / "Image", builder.guest("hello")
    (folder / "Image.gz").write_bytes(gzip.compress(image.read_bytes(), 1, mtime=0))
    for name in ("hello.bin", "hello.elf"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((hello.parent / name).read_bytes(), mtime=0))
    (folder / "padded").write_bytes(bytes(0x200000) + hello.read_bytes())
    shutil.copyfile(ROOT / "tests" / "system" / "partitions" / "kernels.dts", folder / "kernels.dts")
    return folder / "kernels.dts"


@pytest.mark.linux
@pytest.mark.partition(EXAMPLES[0])
def test_every_kind_at_once(boot, builder):
    builder.build(EXAMPLES[0])  # makes the guests
    m = boot(str(make_files(builder.folder / "kernels", builder)), limit=180)
    for cell in ("elf", "elf-gz", "image-gz", "raw", "raw-entry", "raw-base"):
        stopped_as_meant(m, cell)
    m.to_shell(120)
    assert m.shell("uname -m; nproc", 60) == (0, "aarch64\n2")
    m.never("panic")
