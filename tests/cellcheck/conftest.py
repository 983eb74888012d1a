# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What every test of cellcheck works with: the program itself, images, a board."""
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cellcheck_bench  # noqa: E402
from cellcheck_bench import TIMEOUT, Bench  # noqa: E402


@pytest.fixture(scope="session", name="tools")
def fixture_tools(tmp_path_factory):
    return cellcheck_bench.build(tmp_path_factory.mktemp("objects"))


@pytest.fixture(scope="session", name="cellcheck")
def fixture_cellcheck(tools):
    def run(partition, *arguments):
        return subprocess.run([str(tools[0]), "--partition", str(partition), *map(str, arguments)], capture_output=True,
                              text=True, errors="replace", timeout=TIMEOUT, check=False)
    return run


@pytest.fixture(scope="session", name="bench")
def fixture_bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="session", name="board")
def fixture_board(tmp_path_factory):
    return cellcheck_bench.board(tmp_path_factory.mktemp("board"))


@pytest.fixture(name="change")
def fixture_change(bench, tmp_path):
    """An image, and another partition: what would hold if the image were right about it."""
    def change(cellcheck, *fdtputs, name="iommus"):
        partition, image = bench.image(name)
        (tmp_path / "changed.dtb").write_bytes(partition.read_bytes())
        for arguments in fdtputs:
            options = [a for a in arguments if a.startswith("-")]
            subprocess.run(["fdtput", *options, str(tmp_path / "changed.dtb"), *[a for a in arguments if a not in options]], check=True)
        return cellcheck(tmp_path / "changed.dtb", image)
    return change
