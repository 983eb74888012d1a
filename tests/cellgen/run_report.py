# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The report as a page (tools/report), and what changed between two partitions (tools/diff-partition)."""
import html.parser
import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as etree

import pytest

from cellgen_desk import GOOD, HERE, ROOT

VOID = {"meta", "br"}
SVG = "{http://www.w3.org/2000/svg}"


def page_of(gen):
    result = subprocess.run([sys.executable, str(ROOT / "tools" / "report"), str(gen)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    return (gen / "report.html").read_text(encoding="utf-8")


class Reader(html.parser.HTMLParser):
    """Every tag is closed in order; collects the words and what is fetched from elsewhere."""

    def __init__(self):
        super().__init__()
        self.open, self.words, self.fetched, self.tags = [], [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.fetched += [v for k, v in attrs if k in ("src", "href", "xlink:href", "data", "action") or k.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [] and reader.fetched == []
    assert not reader.tags & {"script", "link", "iframe", "object", "embed", "img", "image", "use"}
    assert "@import" not in page and "url(" not in page and "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    return reader


@pytest.mark.parametrize("name", GOOD)
def test_page_is_whole(desk, name):
    gen = desk.good(name) / "gen"
    page = page_of(gen)
    root, reader, report = etree.fromstring(page), read(page), json.loads((gen / "report.json").read_text())
    cells = [td.text or "".join(td.itertext()) for td in root.iter("td")]
    for kind in ("cells", "cpus", "devices"):
        for thing in report[kind]:
            assert thing["name"] in ["".join(c) for c in cells], thing["name"]
    for hashed in [report["hash"], report["dtb"]["sha256"]] + [i["sha256"] for c in report["cells"] for i in c["images"]]:
        assert hashed in page
    for check in report["checks"]:
        assert check["id"] in cells and check["result"] == "passed"
    drawings = list(root.iter(f"{SVG}svg"))
    views = [d for d in drawings if d.get("aria-label", "").startswith("what ")]
    assert len(views) == len(report["cells"])
    labels = [d.get("aria-label") for d in drawings]
    assert labels.count("memory, to scale") == labels.count("memory, in order") == len(report["ram"])
    assert labels.count("CPUs and their owners") == 1 and reader.words
    coloured = any(c["colors"] for c in [*report["cells"], report["hypervisor"]])
    assert labels.count("colours and who has them") == coloured


def total(svg):
    return sum(float(r.get("width")) for r in svg.iter(f"{SVG}rect") if r.get("class") != "frame")


def test_bar_is_to_scale(desk):
    root = etree.fromstring(page_of(desk.good("several-ranges") / "gen"))
    for svg in (d for d in root.iter(f"{SVG}svg") if d.get("aria-label") == "memory, to scale"):
        rects = [r for r in svg.iter(f"{SVG}rect") if r.get("class") != "frame"]
        assert abs(total(svg) - 1160) < 2.5 * len(rects)
        assert [float(r.get("x")) for r in rects] == sorted(float(r.get("x")) for r in rects)


def test_same_bytes_everywhere(desk, other):
    first, second = (page_of(d / "gen") for d in (desk.good("two-cells"), other.good("two-cells", "two-cells/deeper/out")))
    assert first == second == page_of(desk.good("two-cells") / "gen")
    assert str(desk.folder) not in first and str(ROOT) not in first


def test_names_are_escaped(desk, tmp_path):
    """Every string of the report becomes one that would end a tag, an attribute or the page; control characters too."""
    report = json.loads((desk.good("mediated-devices") / "gen" / "report.json").read_text())
    nasty = "</script><b onclick='x'>\"&amp;]]>\x00\x1b\ud800<!--"

    def spoil(value, key=None):
        if isinstance(value, dict):
            return {k: spoil(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [spoil(v, key) for v in value]
        if isinstance(value, str) and key in ("name", "what", "from", "owner", "cell", "cpu", "path", "why", "board", "partition", "shared_with"):
            return value + nasty
        return value
    (tmp_path / "report.json").write_text(json.dumps(spoil(report)))
    page = page_of(tmp_path)
    etree.fromstring(page)
    assert "b" not in read(page).tags and "<b " not in page and "\x1b" not in page


# ---- tools/diff-partition

def difference(desk, a, b):
    command = [sys.executable, str(ROOT / "tools" / "diff-partition"), "--out", "out/diff", "--cellgen", str(desk.cellgen), "-I", "images", a, b]
    return subprocess.run(command, cwd=desk.folder, capture_output=True, text=True, check=False)


def words_of(desk, a, b):
    result = difference(desk, a, b)
    assert (result.returncode, result.stderr) == (0, "")
    first, *rest = result.stdout.splitlines()
    assert first == f"from {a} to {b}"
    return rest


def changed(desk, tmp_path, name, *edits):
    """The words for good/NAME.dts and a copy with these texts replaced."""
    text = (HERE / "good" / f"{name}.dts").read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / f"{name}.dts").write_text(text)
    lines, heading, found = words_of(desk, f"good/{name}.dts", str(tmp_path / f"{name}.dts")), "", []
    for line in lines:
        if line.startswith("  "):
            found.append(f"{heading}{line[1:]}")
        else:
            heading = line
    # Hashes change with anything, and what the core needs is not decided here.
    return [re.sub(r"[0-9a-f]{64}", "HASH", f) for f in found if not re.search("SHA-256|dtb size|memory needed", f)]


def test_nothing_changed(desk):
    assert words_of(desk, "good/two-cells.dts", "good/two-cells.dts") == ["nothing changed"]


def test_report_files_do_as_well(desk):
    report = str(desk.good("two-cells") / "gen" / "report.json")
    assert words_of(desk, report, report) == ["nothing changed"]
    assert words_of(desk, report, "good/single-cpu.dts") == words_of(desk, "good/two-cells.dts", "good/single-cpu.dts")


def test_refused_is_an_error(desk):
    result = difference(desk, "good/two-cells.dts", "bad/no-cells.dts")
    assert result.returncode == 1 and "error[no-cells]" in result.stderr
    assert result.stderr.endswith("diff-partition: bad/no-cells.dts is refused\n")


def test_memory_cpus_and_manner(desk, tmp_path):
    assert changed(desk, tmp_path, "single-cpu", ("cpus = <&cpu0>", "cpus = <&cpu2 &cpu0>"),
                   ("memory = <0x0 0x40000000 0x0 0x01000000>;\n\t\t\t\tcl", "memory = <0x0 0x40000000 0x0 0x02000000>;\n\t\t\t\tcl"),
                   ('"Image";', '"Image-offset"; cloison,initrd = "initrd"; cloison,strict;')) == [
        "cell 'linux': CPUs: was cpu0, is now cpu2, cpu0",
        "cell 'linux': memory in all: was 16 MiB, is now 32 MiB",
        "cell 'linux': memory at guest address 0x40000000: was 16 MiB, is now 32 MiB",
        "cell 'linux': denied registers: was as not implemented, is now stop it",
        "cell 'linux': kernel file: was Image, is now Image-offset",
        "cell 'linux': kernel size: was 4096 bytes, is now 4660 bytes",
        "cell 'linux': kernel guest address: was 0x40000000, is now 0x40080000",
        "cell 'linux': kernel entry: was 0x40000000, is now 0x40080000",
        "cell 'linux': initrd initrd is new",
        "CPUs: cpu2: was nobody's, is now 'linux'",
    ]


def test_a_cell_comes_and_goes(desk, tmp_path):
    cell = """extra {
                compatible = "openamp,domain-v1", "cloison,cell-v1";
                #address-cells = <2>;
                #size-cells = <2>;
                cpus = <&cpu5>;
                memory = <0x0 0x40000000 0x0 0x00800000>;
                access = <&rtc0>;
                cloison,kernel = "Image";
            };

            linux {"""
    assert changed(desk, tmp_path, "single-cpu", ("linux {", cell)) == [
        "cells: 'extra' is new: 8 MiB of memory, CPUs cpu5, mediated interrupts, devices rtc0, console none, images Image",
        "cell 'linux': physical place of memory at 0x40000000: was 0x41200000, is now 0x41a00000",
        "CPUs: cpu5: was nobody's, is now 'extra'",
        "devices: rtc0: was nobody's, is now 'extra'",
        "physical lines: SPI 2: was free, is now rtc0 of 'extra' ('extra', level, to cpu5)",
    ]
    back = words_of(desk, str(tmp_path / "single-cpu.dts"), "good/single-cpu.dts")
    assert any(w.startswith("  'extra' is gone: 8 MiB of memory") for w in back)


def test_regions(desk, tmp_path):
    assert changed(desk, tmp_path, "shared-regions", ("memory-region = <&shm1>;", ""),
                   ("size = <0x0 0x00400000>", "size = <0x0 0x00800000>")) == [
        "regions: shm1: named by: was 'linux' r-- at 0x50400000, 'control' rw- at 0x7fffd000, 'other' rw- at 0x7fffd000, is now "
        "'linux' r-- at 0x50400000, 'control' rw- at 0x7fffd000",
        "regions: shm2: size: was 4 MiB, is now 8 MiB",
        "regions: shm2: physical address: was 0x7f800000, is now 0x7f400000",
    ]


def test_limits_and_numbers(desk, tmp_path):
    assert changed(desk, tmp_path, "interrupt-limits", ("cloison,interrupt-limit = <20000>", "cloison,interrupt-limit = <30000>"),
                   ("<&gpio0 0>", "<&gpio0 7>")) == [
        "cell 'linux': limit of its devices' lines: was 20000, is now 30000",
        "cell 'linux': limit of rtc0: was 20000 in a second, is now 30000 in a second",
        "cell 'linux': limit of gpio0: was none, is now 7 in a second",
    ]


def test_functions(desk, tmp_path):
    assert changed(desk, tmp_path, "pci", ("interrupts = <4>;", "interrupts = <3>;"), ('cloison,no-reset = "QEMU\'s edu has no reset"', "cloison,reset-write = <0 4 1>"),
                   ("&mute0>", "&mute0 &spare0>")) == [
        "cell 'linux': number of multi0: was SPI 4, is now SPI 3",
        "cell 'linux': interrupt of spare0 is new: SPI 4",
        "devices: spare0: was nobody's, is now 'linux'",
        "PCI functions: nic0: BAR 0: was 128 KiB at 0x10100000, 32 bits, is now 128 KiB at 0x10200000, 32 bits",
        "PCI functions: nic0: BAR 1: was 128 KiB at 0x10120000, 32 bits, is now 128 KiB at 0x10220000, 32 bits",
        "PCI functions: nic0: BAR 3: was 256 bytes at 0x10144000, 64 bits, prefetchable, is now 256 bytes at 0x10244000, 64 bits, prefetchable",
        "PCI functions: multi0: pin: was 4, is now 3",
        "PCI functions: multi0: BAR 0: was 16 KiB at 0x10140000, 32 bits, is now 16 KiB at 0x10240000, 32 bits",
        "PCI functions: edu0: reset: was not reset: QEMU's edu has no reset, is now reset by 0x1 at 0x4 of BAR 0",
        "PCI functions: edu0: BAR 0: was 1 MiB at 0x10200000, 32 bits, is now 1 MiB at 0x10300000, 32 bits",
        "PCI functions: bare0: BAR 5: was 16 bytes at 0x10145000, 32 bits, is now 16 bytes at 0x10245000, 32 bits",
        "PCI functions: spare0: BAR 0: was not placed, is now 1 MiB at 0x10100000, 32 bits",
        "DMA: StreamID 0x28 of smmu0: was refused, is now spare0 of 'linux'",
        "physical lines: SPI 3: was free, is now multi0 of 'linux' ('linux', level, to cpu1)",
        "physical lines: SPI 4: was nic0 of 'linux' ('linux', level, to cpu1) and multi0 of 'linux' ('linux', level, to cpu1), is now nic0 of 'linux' ('linux', level, to cpu1) and spare0 of 'linux' ('linux', level, to cpu1)",
    ]


def test_reports_have_the_functions(desk):
    gen = desk.good("pci") / "gen"
    text, page, report = (gen / "report.txt").read_text(), page_of(gen), json.loads((gen / "report.json").read_text())
    reason = "QEMU's edu has no reset"
    assert reason in text and html.escape(reason) in page
    for line in (r"nic0 +00:01\.0 of pcie0, 8086:10d3, 'linux', INTA on SPI 4, 0 MSI vectors, reset by 0x4000000 at 0x0 of BAR 0  \(pci\.dts:\d+\)",
                 r"  BAR 3 at 0x0010144000, 0x100 bytes, 64 bits, prefetchable", r"edu0 +00:03\.0 .*, INTA on SPI 6, .* not reset: " + reason,
                 r"multi1 +00:02\.1 .*, 'linux', no INTx, 0 MSI vectors, reset by a function level reset, which boot demands  \(", r"spare0 +00:05\.0 .*, nobody's: silent"):
        assert re.search(line, text), line
    rows = {f["name"]: f for f in report["functions"]}
    assert [(b["index"], b["base"], b["size"]) for b in rows["edu0"]["bars"]] == [(0, "0x10200000", "0x100000")]
    assert rows["spare0"]["bars"] == [] and rows["spare0"]["owner"] == "nobody" and "PCI functions" in page
    assert "PCI functions" not in page_of(desk.good("two-cells") / "gen")


def test_life(desk, tmp_path):
    assert changed(desk, tmp_path, "lives", ("cloison,heartbeat = <10 ", 'cloison,start = "manual"; cloison,heartbeat = <10 '), ("<86400000 10>", "<5000 1000>"),
                   ('cloison,on-watchdog = "ignore";', 'cloison,on-watchdog = "reset-board";'), ('"status start"', '"start"'),
                   ("<&second &first &third>", "<&second &first &fourth>"), ('cloison,panic = "reset";', "cloison,watchdog-seconds = <30>;"),
                   ("<0x0 0x0003a000>", "<0x0 0x0003b000>"), ("&fifth &first", "&fifth &fourth"), ("shutdown-time = <10>", "shutdown-time = <20>")) == [
        "operator: may do with 'fifth': was status, start, is now start",
        "operator: may do with 'first': was status, start, stop, restart, suspend, resume, is now nothing",
        "operator: may do with 'fourth': was nothing, is now status, start, stop, restart, suspend, resume",
        "hypervisor: after a panic: was reset, is now halt",
        "hypervisor: crash region: was crash0, 232 KiB at 0x7fdc6000, is now crash0, 236 KiB at 0x7fdc5000",
        "hypervisor: the board's watchdog: was wdt0, 10 seconds, is now wdt0, 30 seconds",
        "cell 'first': may do with 'third': was suspend, resume, is now nothing",
        "cell 'first': may do with 'fourth': was nothing, is now suspend, resume",
        "cell 'third': after watchdog: was ignore, is now reset-board",
        "cell 'third': heartbeat: was within 86400000 ms, then every 10 ms, is now within 5000 ms, then every 1000 ms",
        "cell 'fourth': starts: was at boot, is now when it is told to",
        "cell 'fourth': asked before it is stopped: was 10 ms, is now 20 ms",
    ]
    lower = '\n\t\t\t\tgpio@9020000 { compatible = "arm,pl061", "arm,primecell"; reg = <0x0 0x09020000 0x0 0x1000>; };'
    assert "cell 'control': power key: was gpio@9020000, is now gpio@9030000" in changed(desk, tmp_path, "watchdog-and-key", (lower, ""))


def test_reports_have_the_life(desk):
    gen = desk.good("lives") / "gen"
    text, page, report = (gen / "report.txt").read_text(), page_of(gen), json.loads((gen / "report.json").read_text())
    for line in (r"  what follows:  after +fault +reset +watchdog +dma-fault +interrupt-storm +restart-limit",
                 r"  third +stop +stop +ignore +record +record +stop",
                 r"  fourth +starts at boot; restarted on-reset; heartbeat within 10 ms, then every 86400000 ms; asked 10 ms before it is stopped",
                 r"  second +starts when it is told to; restarted never", r"  who may do what:  with whom +first +second +third +fourth +fifth",
                 r"  first +t\.\.r\.\. +tsx\.\.\. +\.\.\.\.zw +- +-", r"  the operator at the console +tsxrzw +- +- +- +ts\.\.\.\.",
                 r"  after a panic of the core: the board is reset", r"  the operator's rights over the board: reset", r"  crash region: crash0, 0x3a000 bytes at 0x\w+, placed by cellgen: .*lives.dts:\d+\)",
                 r"  the board's watchdog: wdt0, fed while the core is healthy, 10 seconds  \(lives.dts:\d+\)", r"  wdt0 +0x\w+ the core: it feeds this watchdog"):
        assert re.search(line, text), line
    for words in ("asked 10 ms before it is stopped", "suspend, resume", "the operator at the console", "placed by cellgen", "the board is reset"):
        assert words in page, words
    assert report["hypervisor"]["watchdog"]["name"] == "wdt0" and report["hypervisor"]["crash_region"]["asked"] is False
    plain = desk.good("single-cpu") / "gen"
    text, page = (plain / "report.txt").read_text(), page_of(plain)
    for words in ("obody may do anything with any cell", "crash region: none"):
        assert words in text
    assert "Nobody may do anything with any cell" in page and "No crash region" in page


@pytest.mark.parametrize("first, second", zip(GOOD, GOOD[1:]))
def test_any_two_compare(desk, first, second):
    """In both directions, and what is new one way is gone the other way."""
    reports = [str(desk.good(n) / "gen" / "report.json") for n in (first, second)]
    there, back = words_of(desk, *reports), words_of(desk, *reversed(reports))
    assert len(there) == len(back) and there != ["nothing changed"]
    assert sum(" is new" in w for w in there) == sum(" is gone" in w for w in back)



# ---- who writes memory

def test_reports_repeat_every_word_about_dma(desk):
    gen = desk.good("dma-words") / "gen"
    text, page, report = (gen / "report.txt").read_text(), page_of(gen), json.loads((gen / "report.json").read_text())
    reason = 'its driver is <proved> & "reviewed"'
    assert reason in text and html.escape(reason) in page
    (trusted,) = report["trusted_dma"]
    assert (trusted["cell"], trusted["reason"], trusted["devices"]) == ("hello", reason, ["dma3"])
    said = {s["device"]: (s["says"], s["against"], s["from"].split(":")[0]) for s in report["said_dma"]}
    where = "dma-words.dts"
    assert said == {"ring0": ("none", 'compatible "virtio,mmio"', where), "clock1": ("master", 'compatible "arm,pl031"', where),
                    "spi2": ("none", "", where), "dma3": ("master", "", where), "thing4": ("master", "", where)}
    streams = [(s["iommu"], s["id"], s["device"], s["cell"], s["msis"]) for s in report["streams"]]
    assert streams == [("smmu0", 8, "dma6", "hello", False), ("smmu0", 9, "clock1", "hello", False)]
    for line in (r"ring0 .* 'hello', no bus master, as cloison,dma at dma-words.dts:\d+ says, against compatible \"virtio,mmio\"",
                 r"dma3 .* 'hello', reaches all memory \(cloison,dma at .* says\), as cloison,trusted-dma allows",
                 r"relay5 .* 'hello', no bus master, as cloison,no-dma says", r"dma6 .* StreamID 0x8 of smmu0", r"rtc0 .* 'other'$",
                 r"thing4 .* StreamID in common with another device of its cell"):
        assert re.search(line, text, re.M), line


def test_difference_of_what_devices_reach(desk):
    paths = [desk.good(name) / "gen" / "report.json" for name in ("dma-words", "example-iommus")]
    result = subprocess.run([sys.executable, str(ROOT / "tools" / "diff-partition"), *map(str, paths)], capture_output=True, text=True, check=True)
    for line in ("StreamID 0x9 of smmu0: was clock1 of 'hello', is now refused", "StreamID 0x100 of smmu0: was refused, is now dma0 of 'hello'",
                 "'hello' trusted with devices that reach all memory: was dma3: \"its driver is <proved> & \"reviewed\"\", is now none",
                 "cloison,dma of ring0: was none, against compatible \"virtio,mmio\", is now not written"):
        assert f"  {line}\n" in result.stdout, result.stdout
