# SPDX-License-Identifier: Apache-2.0 OR MIT
"""make rig PORT=: the rig cell of a board that is at the other end of a line, plainly and through cellctl."""
import subprocess
import sys
from pathlib import Path

import pytest
import qemu

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "rig"))
import formats  # noqa: E402
from test_cellctl import Board  # noqa: E402

PROGRAM = qemu.ROOT / "tools" / "rig" / "board"


@pytest.mark.partition("configs/rig/quiet.dts")
def test_a_board_measures_itself(builder, tmp_path):
    """Three times the same cell, begun again each time; nothing is judged by its clock."""
    board = Board(builder.build("configs/rig/quiet.dts"), tmp_path, tmp_path / "log")
    try:
        board.wait(board.uart.exists, "QEMU's socket")
        board.run("status", "rig")  # frames; after them the line is plain again
        plain = measure(tmp_path, "plain", board.uart)
        framed = measure(tmp_path, "framed", board.uart, "--cellctl", board.tool)
        done = subprocess.run([PROGRAM, tmp_path, "--port", board.uart, "--cell", "rug", "--limit", "missed=0"], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 1 and "rug" in done.stderr
        assert plain["bins"] != framed["bins"]  # and not the same text twice
    finally:
        board.close()


def measure(folder, name, port, *more):
    done = subprocess.run([PROGRAM, folder, "--port", port, "--scenario", name, "--limit", "samples=1000", "--limit", "exits=0", *more],
                          capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, (done, (folder / "log").read_text(errors="replace")[-3000:])
    found = formats.read(folder / "rig" / f"{name}.json")
    assert found and all(m["scenario"] == name and m["samples"] == 1000 for m in found)
    return found[0]
