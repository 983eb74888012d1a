#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Tests of cellgen: what it accepts (good/), what it refuses and in which words (bad/), and that the tables it writes
map what its report says (cellgen_walk.py).

    python3 -m pytest tests/cellgen          everything
    tests/cellgen/run.py --accept [NAME]...  writes bad/NAME.txt from what cellgen says now: read the diff

CELLGEN=path takes that binary; otherwise one is built with the sanitizers, into a temporary folder, or into that of
CELLGEN_BUILD=folder, where tests of other parts find it (tools/test).

A bad/NAME.dts has one mistake and is named after the finding's identifier (NAME is "id" or "id-variant"); bad/NAME.txt
has the exact findings. A comment "options: --overlay bad/NAME.dtso" in a partition is what it is built with. All runs happen on a temporary "desk" (cellgen_desk.py). run_findings.py has the tests of formats
and catalogue, run_report.py those of the report and of comparing two.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import cellgen_fdt  # noqa: E402
import cellgen_walk  # noqa: E402
import run_findings  # noqa: E402
from cellgen_desk import BAD, GOOD, HERE, ROOT, SOURCES, Desk, build, find_cellgen  # noqa: E402

# Findings that no DTS of reasonable size can provoke; all but the last are provoked by decide.c.
UNPROVOKED = {
    "claim-not-listed": "a bug of cellgen's by definition",
    "image-overlap": "cellgen places images itself",
    "pci-bar-place": "cellgen places BARs itself",
    "stack-overlap": "cellgen places stacks itself",
    "image-outside-memory": "cellgen places images itself",
    "images-too-big": "takes images of more than 1022 MiB",
    "source": "the words are those of dtc and cpp: run_findings.py",
}


FORMS = ("human", "json", "sarif")


def findings(text):
    """cellgen's own lines; what dtc has to say before depends on its version."""
    lines = [ln for ln in text.splitlines(True) if re.search(r"error\[[a-z-]+\]: |^cellgen: |Sanitizer|runtime error", ln)]
    # Slots grow with the core, and nobody should have to touch a test for that.
    return re.sub(r"needs 0x[0-9a-f]+ bytes for this partition", "needs N bytes for this partition", "".join(lines))


def identifiers(text):
    return re.findall(r"error\[([a-z-]+)\]", text)


# ---- what is refused

@pytest.mark.parametrize("name,form", [(name, FORMS[i % 3]) for i, name in enumerate(BAD)])
def test_bad(desk, name, form):
    """Its findings, as lines or as a document: all three are written from one list. A run that fails changes nothing."""
    wanted = (HERE / "bad" / f"{name}.txt").read_text()
    gen = desk.folder / "out" / name / "gen"
    kept = len(name) % 2 == 0
    if kept:
        gen.mkdir(parents=True)
        (gen / "machine.c").write_text("of the run before")
    result = desk.run(f"bad/{name}.dts", f"out/{name}", more=[f"--format={form}"])
    if form == "human":
        assert findings(result.stderr) == wanted and result.stdout == ""
    else:
        assert findings(result.stderr) == ""
        run_findings.check_document(result, form, run_findings.lines_of(wanted))
    assert result.returncode == 1
    if kept:
        assert [p.name for p in gen.iterdir()] == ["machine.c"] and (gen / "machine.c").read_text() == "of the run before"
    else:
        assert not gen.exists()


@pytest.mark.parametrize("name", BAD)
def test_bad_is_named_after_its_finding(name):
    text = (HERE / "bad" / f"{name}.txt").read_text()
    assert any(name == i or name.startswith(i + "-") for i in identifiers(text)) or name == "several-findings"
    for line in text.splitlines():
        assert re.match(r"(bad|src/platform)/[a-z0-9-]+\.dtso?:[1-9][0-9]*:[1-9][0-9]*: error\[[a-z-]+\]: \S.*[^ .]$", line)


def test_every_bad_has_both_files():
    assert BAD == sorted(p.stem for p in (HERE / "bad").glob("*.txt"))


def test_every_finding_is_provoked():
    pattern = r'diag_error\(\s*[\w>-]+,\s*(?:[^,"]*\?\s*"([a-z-]+)"\s*:\s*)?"([a-z-]+)"'
    known = {i for p in SOURCES.glob("*.c") for m in re.finditer(pattern, p.read_text()) for i in m.groups() if i}
    calls = sum(len(re.findall(r"\bdiag_error\(", p.read_text())) for p in SOURCES.glob("*.c"))
    matched = sum(len(re.findall(pattern, p.read_text())) for p in SOURCES.glob("*.c"))
    assert calls == matched + 1 # the definition
    provoked = {i for name in BAD for i in identifiers((HERE / "bad" / f"{name}.txt").read_text())}
    assert known - provoked == set(UNPROVOKED)


DTC = {
    "syntax error": "/dts-v1/;\n/ { domains { = };\n",
    "Reference to non-existent": "/dts-v1/;\n/ { domains { cpus = <&nobody>; }; };\n",
    "No such file": "/dts-v1/;\n#include <board/no-such-board.dts>\n/ { };\n",
    "Duplicate": "/dts-v1/;\n/ { domains { a { }; a { }; }; };\n",
}


@pytest.mark.parametrize("words", DTC)
def test_errors_of_dtc_and_cpp_pass_through(desk, words):
    (desk.folder / "dtc.dts").write_text(DTC[words])
    result = desk.run("dtc.dts", "out/dtc")
    assert result.returncode == 1 and words.lower() in result.stderr.lower() and "error[" not in result.stderr
    assert not (desk.folder / "out" / "dtc" / "gen").exists()


def test_label_of_an_overlay_that_is_not_there(desk):
    (desk.folder / "lost.dtso").write_text("/dts-v1/;\n/plugin/;\n\n\t&lunix { cpus = <&cpu0>; };\n")
    result = desk.run("good/single-cpu.dts", "out/lost", more=["--overlay", "lost.dtso"])
    assert result.returncode == 1 and "lost.dtso:4.2-8 Label or path lunix not found" in result.stderr
    result = desk.run("good/single-cpu.dts", "out/lost", more=["--overlay", "missing.dtso"])
    assert (result.returncode, result.stderr) == (1, "cellgen-dts: missing.dtso: no such overlay\n")


BOARD_WARNING = "\n&uart0 { leaf@5 { reg = <0x0 0x5 0x0 0x1>; }; };\n"


def test_warnings_of_dtc_are_those_of_the_tree(desk):
    """Widths that a cell inherits are no mistake; what else dtc has to say comes through, the same with and without them."""
    warnings = []
    for name in ("small-cell", "own-clock"): # neither cell says its widths; the second has a device with a reg
        text = (HERE / "good" / f"{name}.dts").read_text()
        text = re.sub(r"\n\t\t\t\t#(address|size)-cells = <2>;", "", text)
        (desk.folder / "warn.dts").write_text(text)
        result = desk.run("warn.dts", "out/warn")
        assert (result.returncode, result.stderr) == (0, "")
        (desk.folder / "warn.dts").write_text(text.replace("\n/ {", BOARD_WARNING + "\n/ {"))
        result = desk.run("warn.dts", "out/warn")
        warnings.append({re.sub(r"^warn.dts:[0-9.-]+", "", ln) for ln in result.stderr.splitlines() if "leaf@5" in ln})
        assert "/domains" not in result.stderr and "Failed prerequisite" not in result.stderr
    assert warnings[0] == warnings[1] and any("reg_format" in w for w in warnings[0])


# ---- what cellgen might decide wrongly by itself

SPOILED = {
    "ram-over-cell": "memory-overlap",
    "ram-over-hypervisor": "memory-overlap",
    "ram-over-image": "memory-overlap",
    "ram-over-console": "memory-overlap",
    "ram-outside": "memory-outside-ram",
    "ram-unlisted": "claim-not-listed",
    "region-over-cell": "memory-overlap",
    "region-unlisted": "claim-not-listed",
    "region-moved": "claim-not-listed",
    "image-unlisted": "claim-not-listed",
    "window-unlisted": "claim-not-listed",
    "hypervisor-unlisted": "claim-not-listed",
    "image-over-image": "memory-overlap",
    "kernel-over-dtb": "image-overlap",
    "stack-over-stack": "stack-overlap",
    "stack-without-guard": "stack-overlap",
    "stack-outside": "stack-overlap",
    "image-outside": "image-outside-memory",
    "gic-over-window": "guest-overlap",
    "kick-twice": "line-owned-twice",
    "kick-driven": "line-driven",
    "kick-beyond": "line-limit",
    "console-line-without-service": "needs-service-cpu",
    "number-twice": "line-owned-twice",
    "number-beyond": "line-limit",
    "line-of-another": "claim-not-listed",
    "line-of-nothing": "claim-not-listed",
    "image-below": "image-outside-memory",
    "ram-over-colors": "memory-overlap",
    "kick-private": "line-limit",
    "bar-below": "pci-bar-place",
    "bar-beyond": "pci-bar-place",
    "bar-crooked": "pci-bar-place",
    "bar-unlisted": "claim-not-listed",
    "bar-over-bar": "device-page-shared",
    "configuration-unlisted": "claim-not-listed",
    "crash-over-cell": "memory-overlap",
    "crash-unlisted": "claim-not-listed",
}
SPOILED_IN = {**{way: "virtual-interrupts" for way in ("number-twice", "number-beyond", "line-of-another", "line-of-nothing")},
              **{way: "shared-regions" for way in ("region-over-cell", "region-unlisted", "region-moved")},
              **{way: "pci" for way in ("bar-below", "bar-beyond", "bar-crooked", "bar-unlisted", "bar-over-bar", "configuration-unlisted")},
              "crash-over-cell": "lives", "crash-unlisted": "lives",
              "ram-over-colors": "colors-beside-uncoloured"} # else two-cells

# What place*.c and tables.c do not believe even of cellgen: it ends there, without a finding.
FATAL = {
    "bug-address": r"0x3ffff000 is no address of the core",
    "bug-frame-beyond": r"nothing of the core is at 0x41000000",
    "bug-frame-free": r"nothing of the core is at 0x40[0-9a-f]{3}000",
    "bug-backing": r"nothing lies behind that offset",
    "bug-table": r"0x40000000 is no table",
    "bug-in-block": r"a table is wanted where a block is mapped",
    "bug-mapped-twice": r"0x200000 is mapped twice",
    "bug-unaligned": r"0x600000, 0x1000 bytes, cannot be mapped",
    "bug-beyond": r"0x10000000000, 0x1000 bytes, cannot be mapped",
    "bug-reaches-beyond": r"0x600000, 0x8000000000 bytes, cannot be mapped",
}


@pytest.fixture(scope="session", name="spoiled")
def fixture_spoiled(tmp_path_factory, objects):
    binary = build(objects, "decide", [HERE / "decide.c"], ["-Wl,--wrap=check_decision"])
    return Desk(tmp_path_factory.mktemp("spoiled"), binary)


@pytest.mark.parametrize("way", SPOILED)
def test_wrong_decision_is_found(spoiled, way):
    result = spoiled.run(f"good/{SPOILED_IN.get(way, 'two-cells')}.dts", f"out/{way}", DECIDE=way)
    assert result.returncode == 1 and SPOILED[way] in identifiers(result.stderr), result.stderr
    assert not (spoiled.folder / "out" / way / "gen").exists()


@pytest.mark.parametrize("way", FATAL)
def test_bug_is_fatal(spoiled, way):
    result = spoiled.run("good/two-cells.dts", f"out/{way}", DECIDE=way)
    assert result.returncode == 1 and re.fullmatch(f"cellgen: bug: {FATAL[way]}\n", result.stderr), result.stderr
    assert not (spoiled.folder / "out" / way / "gen").exists()


# ---- what the core says of itself

SIZES = """
#include <stddef.h>
#include <stdio.h>
#include "core/crash_format.h"
int main(void)
{
	printf("%u %u %u %u %zu %u %zu\\n", CRASH_HEAD, CRASH_AUDIT, CRASH_PANIC, CRASH_SLOT, sizeof(struct crash_audit) + offsetof(struct audit, count),
	       CRASH_NAME, (sizeof(struct audit) - offsetof(struct audit, count)) / AUDIT_ORIGINS);
}
"""


def test_sizes_are_those_of_the_core(desk, tmp_path):
    """What cellgen demands of a crash region is what the core lays out."""
    (tmp_path / "sizes.c").write_text(SIZES)
    gen = desk.good("lives") / "gen"
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", f"-I{gen}", f"-I{ROOT}/src", f"-I{ROOT}/src/arch/aarch64", f"-I{ROOT}/tools/cellctl/none", "-o", str(tmp_path / "sizes"),
                    str(tmp_path / "sizes.c")], check=True)
    core = subprocess.run([str(tmp_path / "sizes")], capture_output=True, text=True, check=True).stdout.split()
    header = (SOURCES / "cellgen.h").read_text()
    names = ("CRASH_HEAD", "CRASH_AUDIT", "CRASH_PANIC", "CRASH_SLOT", "AUDIT_FIXED", "AUDIT_NAME", "AUDIT_ORIGIN")
    assert [re.search(rf"#define {n} (\d+)", header)[1] for n in names] == core
    form = re.search(r"#define CRASH_SIZE\(cells\) (.*)", (ROOT / "src" / "core" / "crash.h").read_text())[1]
    assert re.search(r"#define CRASH_SIZE\(cells\) (.*)", header)[1].replace("2ULL", "2u") == form


def test_without_lifecycle_nothing_follows(desk):
    """Nobody looks at what such a core is told, and cellcheck tells the two kinds of image apart by that."""
    result = desk.run("good/single-cpu.dts", "out/without-lifecycle", more=["--without", "lifecycle"])
    assert (result.returncode, result.stderr) == (0, "")
    machine = (desk.folder / "out" / "without-lifecycle" / "gen" / "machine.c").read_text()
    assert re.findall(r"\[EVENT_(\w+)\] = ACTION_(\w+)", machine) == [
        ("FAULT", "STOP"), ("RESET", "STOP"), ("WATCHDOG", "IGNORE"), ("DMA", "IGNORE"), ("STORM", "IGNORE"), ("LIMIT", "IGNORE")]
    assert "restarted never" in (desk.folder / "out" / "without-lifecycle" / "gen" / "report.txt").read_text()


# ---- what is accepted

def tree_of(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", GOOD)
def test_good_same_bytes_everywhere(desk, other, name):
    first, second = tree_of(desk.good(name) / "gen"), tree_of(other.good(name, f"{name}/deeper/out") / "gen")
    assert first == second
    assert not [n for n, data in first.items() if str(desk.folder).encode() in data or str(ROOT).encode() in data]
    for needed in ("machine.c", "counts.h", "tables.bin", "roots.bin", "layout.ld", "report.txt", "report.json"):
        assert needed in first


@pytest.mark.parametrize("name", GOOD)
def test_good_tables_map_what_the_report_says(desk, name):
    cellgen_walk.Partition(desk.good(name)).check(desk.folder / "images")


@pytest.mark.parametrize("name", GOOD)
def test_good_guest_trees_pass_dtc(desk, name):
    trees = list((desk.good(name) / "gen").glob("*.dtb"))
    assert trees
    for tree in trees:
        result = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", str(tree)], capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, "")


def test_good_again_replaces_gen(desk):
    out = desk.good("single-cpu")
    (out / "gen" / "leftover").write_text("")
    assert desk.run("good/single-cpu.dts", "out/single-cpu").returncode == 0
    assert not (out / "gen" / "leftover").exists()


def test_watchdog_and_power_key(desk):
    """What a driver finds: the frequency it counts at; which input is the key, of which of two controllers; and the core knows the same."""
    gen = desk.good("watchdog-and-key") / "gen"
    machine = (gen / "machine.c").read_text()
    names = re.findall(r"\.name = \"([^\"]+@[^\"]+)\"", machine)
    keys = [names[int(n)] for n in re.findall(r"\.power_key = (\d+)", machine)]
    assert keys == ["gpio@9020000"] * 3 and len(set(re.findall(r"\.power_key = (\d+)", machine))) == 3
    for cell in ("linux", "control", "second"):
        root = cellgen_fdt.parse((gen / f"{cell}.dtb").read_bytes(), unique=True)
        phandles = {n.cells("phandle")[0]: n for n in root.walk() if "phandle" in n.props}
        wdog, apb = (phandles[p].cells("clock-frequency") for p in root.child("watchdog@9010000").cells("clocks"))
        assert root.child("watchdog@9010000").props["clock-names"] == b"wdog_clk\0apb_pclk\0" and (wdog, apb) == ([32768], [24000000])
        assert ("interrupts" in root.child("watchdog@9010000").props) == (cell == "linux")
        assert root.child("gpio@9020000").props["clock-names"] == b"apb_pclk\0" and "interrupts" in root.child("gpio@9020000").props
        gpio, pin, flags = root.child("gpio-keys").child("power").cells("gpios")
        assert (phandles[gpio].name, pin, flags) == ("gpio@9020000", 3, 0) and phandles[gpio].cells("#gpio-cells") == [2]
        assert "gpio-controller" in phandles[gpio].props and root.child("gpio-keys").child("power").cells("linux,code") == [116]
    assert root.child("gpio@9020000").props["gpio-line-names"] == b"\0\0\0power\0"


# ---- by hand

def accept(names):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        desk = Desk(folder / "desk", find_cellgen(folder))
        for name in names or BAD:
            text = findings(desk.run(f"bad/{name}.dts", f"out/{name}").stderr)
            (HERE / "bad" / f"{name}.txt").write_text(text)
            print(f"{name}: {len(text.splitlines())} finding(s)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--accept"]:
        accept(sys.argv[2:])
    else:
        sys.exit(pytest.main([str(HERE), *sys.argv[1:]]))
