# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Debian's cyclictest in the Linux of a direct cell: what it prints is read, and its periods cost no exit."""
import sys
from pathlib import Path

import pytest
import qemu

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "rig"))
import cyclictest  # noqa: E402
import formats  # noqa: E402
import results  # noqa: E402


@pytest.mark.linux
@pytest.mark.partition(cyclictest.PARTITIONS["direct"])
def test_unmodified_cyclictest(builder, tmp_path):
    found, problems = cyclictest.measure(qemu, builder, tmp_path, modes=("direct",), loops=400)
    assert not problems
    assert [m["samples"] > 300 for m in found] == [True, True] and all(m["hz"] == formats.NS for m in found)
    for m in found:
        assert m["exits"]["irq"] == m["exits"]["wfi"] == m["exits"]["sysreg"] == 0
        assert m["min"] > 1000  # instructions: from a timer to a thread there are some
    files = results.keep(tmp_path, cyclictest.SCENARIO, found)
    assert {len(formats.read(tmp_path / f, "us")) for f in files if not f.endswith(".svg")} == {2}
