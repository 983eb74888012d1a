# SPDX-License-Identifier: Apache-2.0 OR MIT
"""docs/partition.md: each property of the language is documented, with an example line and a partition that shows it."""
import re

import cellgen_images
from cellgen_desk import GOOD, HERE, ROOT, SOURCES

PAGE = (ROOT / "docs" / "partition.md").read_text()
LINK = re.compile(r"\[(?:`([^`]+)`|others|example)\]\(\.\./tests/cellgen/good/(example-[a-z-]+)\.dts\)")
FORM = {"phandle", "linux,phandle", "ranges"} # of any tree
REFUSED = {"reserved-memory", "sram", "#memory-flags-cells", "#sram-flags-cells"}


def rows():
    """(names, whole row) of each row of a table whose first column names properties"""
    for line in PAGE.splitlines():
        first = line.split(" | ")[0]
        if line.startswith("| ") and re.fullmatch(r"\| (?:\[?`[^`]+`\]?(?:\([^)]*\))?(?:, )?)+", first):
            yield re.findall(r"`([^`]+)`", first), line


def test_one_example_for_each_property():
    links = LINK.findall(PAGE)
    files = [name for _, name in links]
    assert len(files) == len(set(files)) and set(files) == {n for n in GOOD if n.startswith("example-")}
    for prop, name in links:
        text = (HERE / "good" / f"{name}.dts").read_text()
        assert not prop or re.search(rf"(?m)^\t+{re.escape(prop)}( =|;)", text), f"{name} does not show {prop}"


def test_every_word_of_the_language_is_a_row_with_a_link():
    rules = (SOURCES / "check_prop.c").read_text()
    words = set(re.findall(r'\{ \.name = "([^"]+)"', rules)) - FORM - REFUSED
    linked = {prop for prop, _ in LINK.findall(PAGE)}
    assert words <= linked, words - linked
    assert all(f"`{word}`" in PAGE for word in REFUSED)


def test_every_row_has_an_example_line():
    assert sum(1 for _ in rows()) >= 40
    for names, line in rows():
        if LINK.search(line) and "| none |" not in line and "chosen" not in line:
            assert any(f"`{n} = " in line or f"`{n};`" in line for n in names), line


def test_every_guest_is_listed():
    listed = (ROOT / "docs" / "guests.md").read_text()
    guests = {p.name for p in (ROOT / "tests" / "guests").iterdir() if p.is_dir()}
    assert guests == {g for g in guests if re.search(rf"(?m)^\| {g} \||\b{g}\b (is|are|and)", listed)}


def test_partition_of_the_readme(desk):
    """It is as it stands, may be restarted by the operator, and keeps why it ended."""
    text = (ROOT / "README.md").read_text()
    source = re.search(r"(?m)^    /dts-v1/;\n(?:    .*\n|\n)+", text)[0]
    (desk.folder / "readme.dts").write_text(re.sub("(?m)^    ", "", source))
    (desk.folder / "images" / "control.bin").write_bytes(cellgen_images.kernel())
    result = desk.run("readme.dts", "out/readme")
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    assert "cloison,crash-region" in source and re.search(r'controls-rights = "[^"]*restart', source)
