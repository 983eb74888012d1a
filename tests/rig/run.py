# SPDX-License-Identifier: Apache-2.0 OR MIT
"""tools/rig/formats.py, against what the real tools wrote.

recorded/ holds output of cyclictest 2.4 and jitterdebugger 0.3.1 as Debian has them: text and JSON of one run each, so one can
be held against the other, and against what we write of the same numbers.
"""
import json
import re
from pathlib import Path

import formats
import pytest

RECORDED = Path(__file__).resolve().parent / "recorded"
RIG = """\
[rig] rig: begin source=timer period=10000 count=1000 hz=62500000 cpu=2
[linux] something else between
[rig] rig: bin source=timer ticks=3 count=990
[rig] rig: bin source=timer ticks=62 count=1
[rig] rig: bin source=timer ticks=63 count=7
[rig] rig: end source=timer samples=1000 min=3 max=70000 sum=143473 overflow=2 missed=1
[rig] rig: done
"""


def text(name):
    return (RECORDED / name).read_text()


def histogram(found):
    return [(m["bins"], m["overflow"], m["samples"], m["min"], m["max"], m["hz"]) for m in found]


def test_rig():
    m, = formats.parse_rig(RIG, "alone", "direct")
    assert (m["scenario"], m["mode"], m["source"], m["cpu"], m["period_ns"], m["hz"]) == ("alone", "direct", "timer", 2, 10000, 62500000)
    assert (m["bins"], m["overflow"], m["missed"], m["samples"]) == ({3: 990, 62: 1, 63: 7}, 2, 1, 1000)
    assert (m["min"], m["max"], m["sum"]) == (3, 70000, 143473)
    assert formats.parse_rig(RIG + "[rig] rig: exits source=timer total=4\n")[0]["exits"] == {"total": 4} and "exits" not in m
    assert formats.parse_rig("\0\0" + RIG)[0]["bins"] == m["bins"]
    whole = formats.parse_rig(RIG.replace("[rig] rig: done", "[rig] rig: exits source=timer total=4\n[rig] rig: done"))
    assert whole[0]["exits"] == {"total": 4}
    assert formats.rig_done(RIG) and not formats.rig_done(RIG.rsplit("\n", 2)[0])
    wide = RIG.replace("ticks=63 count=7", "ticks=2048 count=7").replace("max=70000", "max=2100").replace("overflow=2 ", "overflow=0 ") \
        .replace("=1000", "=998").replace("sum=143473", "sum=17400")
    assert formats.parse_rig(wide)[0]["max"] == 2100  # in the bin that begins with 2048
    assert formats.parse_rig(RIG.replace("[rig] ", "").replace("\n", "\r\n"))[0]["bins"] == m["bins"]


def test_rig_of_two_cells_and_a_restart():
    again = RIG.split("\n")[0] + "\n" + RIG  # stopped in the middle, begun again
    other = RIG.replace("[rig]", "[rig2]").replace("count=990", "count=991").replace("ticks=62 count=1", "ticks=62 count=0")
    woven = "".join(a + "\n" + b + "\n" for a, b in zip(again.split("\n"), other.split("\n") + [""]))
    assert [m["bins"] for m in formats.parse_rig(woven)] == [{3: 991, 63: 7}, {3: 990, 62: 1, 63: 7}]


@pytest.mark.parametrize("change, said", [
    (("[rig] rig: bin source=timer ticks=62 count=1\n", ""), "line 5.*lines are missing"),      # a line that the console dropped
    (("rig: end source=timer", "rig: and source=timer"), "no end of timer"),
    (("rig: begin", "rig: bygone"), "line 3.*has not begun"),
    (("ticks=62 count=1", "ticks=3 count=1"), "line 4.*second bin of 3"),
    (("ticks=62", "ticks=6x"), "line 4.*no number"),
    (("ticks=62", "ticks=" + "9" * 30), "line 4.*more than any counter"),
    (("count=990", ""), "line 3.*without count"),
    (("hz=62500000", "hz=0"), "line 1.*no frequency"), (("hz=62500000", "hz=62500000000000"), "line 1.*no frequency"),
    (("count=990", "count=9990"), "lines are missing"), (("count=990", "count=998"), "lines are missing"),
    (("min=3", "min=4"), "smallest"),
    (("max=70000", "max=62"), "largest"),
    (("max=70000 sum=143473 overflow=2", "max=70 sum=3479 overflow=0"), "lines are missing"),
    (("sum=143473", "sum=3000"), "the sum is said"), (("count=1000 hz", "count=1001 hz"), "1001 samples of timer were asked for, 1000 were taken"),
    (("[rig] rig: done\n", ""), "no 'rig: done'"), (("[rig] rig: done", "[other] rig: done"), "no 'rig: done'"),
    (("[rig] rig: done\n", "[rig] rig: done\n" + RIG.rsplit("[", 1)[0]), "no 'rig: done' after the last"),    # a second run, cut off
    (("[rig] rig: done", "[rig] rig: exits source=device total=0\n[rig] rig: done"), "line 7.*exits of device, of which there is no"),
    (("[rig] rig: done", "[rig] rig: FAIL source=sgi: there is no second CPU"), "the cell says: FAIL source=sgi: there is"),
])
def test_rig_that_is_damaged(change, said):
    assert change[0] in RIG
    with pytest.raises(formats.Bad, match=f"(?s){said}"):
        formats.parse_rig(RIG.replace(*change))


def test_cyclictest_text_and_json_are_the_same_run():
    found = formats.parse(text("cyclictest.txt"))
    assert len(found) == 2 and all(m["samples"] >= 1900 and m["bins"] and m["overflow"] for m in found)
    assert histogram(found) == histogram(formats.parse(text("cyclictest.json")))


def test_cyclictest_with_sums_and_below_a_prefix():
    found = formats.parse(text("cyclictest-all.txt"))
    assert len(found) == 2 and [m["source"] for m in found] == ["thread 0", "thread 1"]
    prefixed = "".join(f"[linux] {line}\r\n" for line in text("cyclictest.txt").split("\n"))
    assert histogram(formats.parse(prefixed)) == histogram(formats.parse(text("cyclictest.txt")))


def test_cyclictest_in_nanoseconds():
    m, = formats.parse(text("cyclictest-ns.json"))
    assert m["hz"] == formats.NS and m["samples"] == 300


@pytest.mark.parametrize("cut", [6, 8, 60])
def test_cyclictest_that_was_cut_off(cut):
    with pytest.raises(formats.Bad):
        formats.parse("\n".join(text("cyclictest.txt").split("\n")[:-cut]))
    missing = text("cyclictest.txt").split("\n")
    del missing[next(i for i, line in enumerate(missing) if re.search(r"^\d+ 0*[1-9]", line))]
    with pytest.raises(formats.Bad, match="lines are missing"):
        formats.parse("\n".join(missing))


def test_jitterdebugger():
    found = formats.parse(text("jitterdebugger.json"))
    assert [m["samples"] for m in found] == [500, 500] and found[0]["hz"] == 1_000_000


def test_cyclictest_is_written_as_it_writes_itself():
    """All but the numbers of the periods in which the late ones came."""
    wanted = re.sub(r"(?m)^(# Thread \d+:).*", r"\1", text("cyclictest.txt"))
    wrote = formats.write("cyclictest", formats.parse(text("cyclictest.txt")))
    kept = int(re.findall(r"(?m)^(\d{6}) ", wrote)[-1]) + 1
    wrote = re.sub(r"(?m)^(# Thread \d+:).*", r"\1", wrote)
    wanted = re.sub(r"(?m)^(\d{6}) 0+\t0+\n", lambda m: m[0] if int(m[1]) < kept else "", wanted)  # it has empty classes up to -h
    assert wrote == wanted.split("set to 0us\n")[1]  # what went before went to its standard error


@pytest.mark.parametrize("kind, name", [("cyclictest-json", "cyclictest.json"), ("cyclictest-json", "cyclictest-ns.json"),
                                        ("jitterdebugger", "jitterdebugger.json")])
def test_json_is_written_as_the_tool_does(kind, name):
    """The same keys, of the same types, in the same order, and the same numbers."""
    real = json.loads(text(name))
    found = formats.parse(text(name))
    wrote = json.loads(formats.write(kind, found, unit="ns" if found[0]["hz"] == formats.NS else "us"))

    def shape(x):
        return [(k, shape(v)) for k, v in x.items() if k not in ("name", "histogram")] if isinstance(x, dict) else type(x)
    assert shape(wrote) == shape(real)
    threads = "cpu" if kind == "jitterdebugger" else "thread"
    for t, said in real[threads].items():
        mine = {k: v for k, v in wrote[threads][t].items() if k != "name"}
        assert {**mine, "avg": 0} == {**said, "avg": 0} and abs(mine["avg"] - said["avg"]) < 0.02


@pytest.mark.parametrize("kind", list(formats.WRITERS))
@pytest.mark.parametrize("unit", ["us", "ns"])
def test_each_format_is_read_back(kind, unit):
    found = formats.parse_rig(RIG, "alone", "direct")
    there = formats.parse(formats.write(kind, found, unit), unit=unit)
    assert len(there) == 1
    if kind == "json":
        assert there == found
        return
    bins, least, largest, _ = formats.scaled(found[0], unit)
    inside = {k: v for k, v in bins.items() if k < formats.CLASSES}
    assert there[0]["bins"] == inside and (there[0]["min"], there[0]["max"]) == (least, largest)
    assert there[0]["overflow"] == (1 if kind == "osadl" else 2)  # that one only says that there are some


def test_a_tick_is_cut_off_and_not_rounded():
    m = formats.parse_rig(RIG)[0]  # 62 ticks of 16 ns are 0.992 us, 63 are 1.008
    assert formats.scaled(m, "us")[0] == {0: 991, 1: 7} and formats.scaled(m, "ns")[0] == {48: 990, 992: 1, 1008: 7}
    assert formats.scaled(m, "us")[2] == 1120


def test_osadl_is_what_its_programs_take():
    data = json.loads(formats.write("osadl", formats.parse_rig(RIG, "alone")))
    classes, *rows = data["latency"]["cores"]
    assert classes == list(range(len(classes))) and all(len(r) == len(classes) for r in rows)
    assert data["latency"]["granularity"] == "microseconds" and data["latency"]["maxima"] == [1120]
    assert data["format"] == {"name": "RT Dataset", "version": "1.0"} and data["condition"]["interval"] == 10
    for place in ("timestamps origin", "system hostname", "processor vendor", "processor type", "processor family", "kernel version",
                  "condition cyclictest", "condition cycles"):
        where = data
        for key in place.split():
            where = where[key]


def test_no_million_lines_for_one_late_sample():
    late = formats.parse_rig(RIG.replace("max=70000 sum=143473", "max=1000000000 sum=2000003473"))
    for kind in ("cyclictest", "osadl"):
        assert len(formats.write(kind, late, "ns")) < 400_000
    beyond = {**late[0], "bins": {3: 990, 62: 1, 63: 7, 1_000_000_000: 2}, "overflow": 0}
    m, = formats.parse(formats.write("cyclictest", [beyond], "ns"), unit="ns")
    assert m["overflow"] == 2 and m["max"] == 16_000_000_000


@pytest.mark.parametrize("broken", ["", "{", "[]", "[1]", "[{}]", '{"thread": {"0": {}}}', '{"cpu": {"0": {"histogram": 1}}}', '{"latency": {}}',
                                    '{"cpu": {"0": {"histogram": {"x": 1}, "count": 1, "min": 1, "max": 1}}}', "words", "# Histogram\n",
                                    '[{"source": "x", "hz": 0, "bins": {"1": 1}}]', '[{"source": "x", "hz": 1, "bins": {"1": 1}, "overflow": "2"}]'])
def test_other_input_is_refused(broken):
    with pytest.raises(formats.Bad):
        formats.parse(broken)


def test_share_of_samples():
    bins = {1: 9990, 5: 9, 70: 1}
    assert [formats.percentile(bins, p) for p in (0.5, 0.999, 0.9999, 1)] == [1, 1, 5, 70]
    assert formats.percentile(bins, 1, overflow=1) is None
