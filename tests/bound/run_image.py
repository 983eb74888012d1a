# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The image of a build (DEMO=folder, made by tools/test): everything in it has a bound."""
import os
import pathlib
import shutil
import subprocess

import pytest
from conftest import ROOT, Said

OUT = os.environ.get("DEMO")
pytestmark = pytest.mark.skipif(not OUT, reason="DEMO=folder of a build")


@pytest.fixture(scope="module", name="said")
def fixture_said(tmp_path_factory):
    return Said(pathlib.Path(OUT) / "cloison.elf", tmp_path_factory.mktemp("image"))


def test_everything_has_a_bound(said):
    assert said.code == 0, said.err
    assert said.data["problems"] == [] and said.data["functions"] > 300 and said.data["loops"] > 200
    assert 0 < said.data["stack"]["deepest"] < said.data["stack"]["bytes"] == 8192


def test_the_ways_that_there_are(said):
    names = {p["name"] for p in said.data["paths"]}
    assert {"hvc-short", "sgi", "wfi", "distributor-short", "sync-long", "irq-mediated", "irq-short", "irq-to-core", "serror", "resume", "service-round", "boot",
            "traced-sync-long"} <= names
    for name, most in (("hvc-short", 60), ("wfi", 60), ("sgi", 400), ("distributor-short", 400)):
        assert 10 < said.path(name)["instructions"] <= most
        assert said.path(name)["patience"] == 0 and said.path(name)["ends"] is None


def test_section_is_there_and_takes_no_memory():
    text = subprocess.run(["aarch64-linux-gnu-readelf", "-SW", str(pathlib.Path(OUT) / "cloison.elf")], capture_output=True, text=True, check=True).stdout
    line = next(x for x in text.splitlines() if " .bounds " in x).split("PROGBITS")[1].split()
    assert int(line[0], 16) == 0 and int(line[2], 16) % 24 == 0 and int(line[2], 16) > 24 * 50 and "A" not in line[4]


def test_a_limit_fails_a_build(said, tmp_path):
    counts = tmp_path / "counts.h"
    longest = max(p["instructions"] for p in said.data["paths"] if p["name"] in ("sync-long", "irq-mediated"))
    counts.write_text(f"#define MAX_TRAP_INSTRUCTIONS {longest // 2} /* a.dts:3 */\n")
    refused = Said(pathlib.Path(OUT) / "cloison.elf", tmp_path, "--limit", str(counts))
    assert refused.code == 1 and "a.dts:3: error[max-trap-instructions]: the longest way" in refused.err


def test_what_exceeds_its_limit_is_no_image(tmp_path):
    """Refused by make, and by who would start it all the same."""
    out = tmp_path / "out"
    shutil.copytree(OUT, out, ignore=shutil.ignore_patterns("obj"))
    with open(out / "gen/counts.h", "a", encoding="utf-8") as counts:
        counts.write("#define MAX_TRAP_INSTRUCTIONS 100 /* a.dts:3 */\n")
    assert (out / ".checked").exists()
    old = [f"--old-file={out / name}" for name in ("cloison.elf", "board.dtb", ".config", ".generated", "tools/cellcheck")]
    made = subprocess.run(["make", "-s", f"O={out}", *old, str(out / ".checked")], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 2 and "a.dts:3: error[max-trap-instructions]: the longest way" in made.stderr, made.stderr
    assert not (out / ".checked").exists() and (out / "bound.txt").exists()
    started = subprocess.run([ROOT / "tools/run-qemu", out], capture_output=True, text=True, timeout=60)
    assert started.returncode == 1 and "is not the image of what is configured" in started.stderr
