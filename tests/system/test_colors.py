# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Cache colours on the running machine: scattered cells and a scattered core, each page where it belongs."""

import json
import random
import shutil
import sys

import pytest

import qemu

sys.path.append(str(qemu.ROOT / "tools" / "instrument"))
from elf import Elf  # noqa: E402

PARTITION = "tests/system/partitions/colors.dts"
PAGES = {"odd": 2048, "even": 2048, "high": 1024, "plain": 2048}
PAGE = 4096


def tenants(m):
    """Every cell finds each of its pages as it left it, while the others write theirs at the same guest addresses."""
    for cell, pages in PAGES.items():
        m.line(cell, rf"tenant: end pages={pages} wrong=0$", timeout=90)
    m.never("FAIL|panic")


@pytest.mark.partition(PARTITION)
@pytest.mark.parametrize("options", [{}, {"binary": True}, {"cpu": "max"}], ids=["elf", "bin", "max"])
def test_pages_are_ones_own(boot, options):
    m = boot(limit=150, **options)
    tenants(m)
    denied = {cell: int(values["denied"]) for (cell, vcpu), values in m.counters().items() if vcpu == 0}
    assert denied == {cell: 60 for cell in PAGES} # maintenance by set and way: three in each of 20 rounds


@pytest.mark.partition(PARTITION)
def test_what_lies_between_is_not_read(boot, builder, tmp_path):
    """The frames between those of the image, other cells' to come, hold noise: who fetched or read one would not get far."""
    out = builder.build(PARTITION)
    noisy = tmp_path / "noisy"
    shutil.copytree(out, noisy)
    data = bytearray((out / "cloison.bin").read_bytes())
    pieces = [(s.physical, s.size) for s in Elf(out / "cloison.elf").segments]
    base = min(p for p, _ in pieces)
    used = {page for p, n in pieces for page in range((p - base) // PAGE, (p - base + n - 1) // PAGE + 1)}
    report = json.loads((out / "gen" / "report.json").read_text())
    assert int(report["hypervisor"]["link_base"], 16) == base
    noise = random.Random(4).randbytes(PAGE)
    gaps = [i for i in range(len(data) // PAGE) if i not in used]
    assert len(gaps) > 1000
    for i in gaps:
        assert not any(data[i * PAGE:(i + 1) * PAGE])
        data[i * PAGE:(i + 1) * PAGE] = noise
    (noisy / "cloison.bin").write_bytes(data)
    with qemu.Machine(noisy, binary=True, limit=120) as m:
        tenants(m)
