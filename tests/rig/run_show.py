# SPDX-License-Identifier: Apache-2.0 OR MIT
"""tools/rig/show, limits.py, plot.py, port.py: as programs and people use them. A pty is the board's serial line."""
import os
import re
import subprocess
import sys
import threading
import tty
import xml.etree.ElementTree as ET
from pathlib import Path

import cyclictest
import formats
import limits
import plot
import port
import pytest
import results
from run import RECORDED, RIG

SHOW = Path(__file__).resolve().parents[2] / "tools" / "rig" / "show"


def show(*arguments):
    return subprocess.run([sys.executable, SHOW, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(name="measured")
def fixture_measured(tmp_path):
    found = formats.parse_rig(RIG, "alone", "direct")
    found.append({**found[0], "source": "device", "instructions": {2: 998, 5: 2}, "exits": {"psci": 0, "irq": 1}})
    path = tmp_path / "alone.json"
    path.write_text(formats.write("json", found))
    return path


def test_table(measured):
    done = show(measured)
    assert done.returncode == 0 and not done.stderr
    head, timer, device = (re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines())
    assert dict(zip(head, timer))["max ns"] == "1120000" and dict(zip(head, timer))["missed"] == "1" and dict(zip(head, timer))["instructions"] == "-"
    assert dict(zip(head, device))["instructions"] == "2..5" and dict(zip(head, device))["exits"] == "1"


@pytest.mark.parametrize("limit, kept", [
    ("samples=1000", True), ("samples=1001", False), ("missed=1", True), ("missed=0", False), ("overflow=2", True), ("overflow=1", False),
    ("max-ns=1120000", True), ("max-ns=1119999", False), ("p99-ns=48", True), ("p99-ns=47", False), ("p99.9-ns=1000000", False), ("mean-ns=2296", True),
    ("mean-ns=2295", False), ("device:max-instructions=5", True), ("device:max-instructions=4", False), ("timer:max-instructions=5", False),
    ("max-instructions=5", False), ("device:exits=1", True), ("device:exits=0", False), ("exits=1", False), ("sgi:max-ns=1", False)])
def test_limits(measured, limit, kept):
    said = limits.broken(formats.read(measured), [limit])
    assert (not said) == kept, said


def test_the_median_of_cyclictest_is_judged():
    def of_mode(mode, *ns):
        return {**formats.measurement("cpu0", formats.NS, {k: 10 for k in ns}), "mode": mode, "cpu": 0}
    bare, late = of_mode("bare", 4580, 4600, 5000), of_mode("direct", 4580, 4600, 90000)
    assert not cyclictest.slower([bare, late, of_mode("mediated", 5000)])
    assert cyclictest.slower([bare, of_mode("direct", 4581, 4601, 5000)])
    assert cyclictest.wrong([{**late, "exits": {"sgi": 9, "irq": 1}}], "direct", 10) and not cyclictest.wrong([{**late, "exits": {"sgi": 9}}], "direct", 10)


def test_exit_codes(measured, tmp_path):
    assert show(measured, "--limit", "missed=1", "--limit", "overflow=2").returncode == 0
    done = show(measured, "--limit", "missed=0", "--to", "osadl", "--output", tmp_path / "x.json")
    assert done.returncode == 1 and "missed is 1, the limit is 0" in done.stderr
    assert formats.read(tmp_path / "x.json")  # what failed is there to be looked at
    for wrong in ("lateness=0", "missed", "missed=-1", "p200-ns=1", "max-ns=nan"):
        done = show(measured, "--limit", wrong)
        assert done.returncode == 2 and f"no limit: '{wrong}'" in done.stderr and not done.stdout
    assert show(tmp_path / "none").returncode == 1 and show(measured, "--to", "words").returncode == 2
    (tmp_path / "cut").write_text(RIG[:-60])
    done = show(tmp_path / "cut", "--to", "json", "--output", tmp_path / "y.json", "--plot", tmp_path / "y.svg")
    assert done.returncode == 1 and "cut" in done.stderr and not list(tmp_path.glob("y.*"))
    (tmp_path / "cut").write_text(RIG.replace("[rig] rig: done\n", ""))  # before the second source
    done = show(tmp_path / "cut", "--limit", "missed=1")
    assert done.returncode == 1 and "no 'rig: done'" in done.stderr and not done.stdout
    assert show(measured, "--plot", tmp_path / "no" / "folder.svg").returncode == 1


@pytest.mark.parametrize("kind", list(formats.WRITERS))
def test_from_one_format_into_another(measured, tmp_path, kind):
    done = show(measured, RECORDED / "cyclictest.txt", "--to", kind, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert len(formats.read(tmp_path / "out")) == 4


# ---- pictures

SVG = "{http://www.w3.org/2000/svg}"


def drawn(measurements, *what):
    picture = ET.fromstring(plot.svg(measurements, *what))
    width, height = float(picture.get("width")), float(picture.get("height"))
    for path in picture.iter(f"{SVG}path"):  # nothing is outside
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path.get("d")):
            assert 0 <= float(x) <= width and 0 <= float(y) <= height
        assert "nan" not in path.get("d")
    return picture


def of(picture, klass):
    return [e for e in picture.iter() if e.get("class") == klass]


def test_a_picture_has_what_was_measured():
    m = formats.parse_rig(RIG.replace("70000", "90").replace("143473", "3653"), "alone", "direct")[0]
    picture = drawn([m])
    words = " ".join(t.text for t in picture.iter(f"{SVG}text") if t.text)
    assert "max 1\u2009440 ns" in words and "1 missed" in words and "2 beyond the histogram" in words and "10\u00b3" in words
    assert len(of(picture, "samples")) == 1 + 2  # the legend's, 3 ticks; 62 and 63 touch


def test_a_picture_says_whose_time_it_is():
    m = formats.parse_rig(RIG, "alone", "direct")
    notes = results.notes("beside a Linux", m, "the time is the emulator's")
    assert notes == ("beside a Linux, every 10 \u00b5s", "the time is the emulator's")
    words = [t.text for t in drawn(m, "latency", "", notes).iter(f"{SVG}text")]
    assert notes[0] in words and notes[1] in words and "samples" in words
    assert any(w and w.endswith("\u2026") for w in (t.text for t in drawn(m, "latency", "", ("x" * 500, "")).iter(f"{SVG}text")))
    assert results.notes("", [{**m[0], "period_ns": 0}]) == ("", "")


def test_a_decade_is_as_high_as_another_and_time_is_linear():
    m = formats.measurement("timer", formats.NS, {100: 1000, 300: 100, 500: 10})
    tops, lefts = [], []
    for path in of(drawn([m]), "samples")[1:]:
        x, _, y = re.match(r"M([\d.]+) ([\d.]+)V([\d.]+)", path.get("d")).groups()
        lefts.append(float(x))
        tops.append(float(y))
    assert tops[1] - tops[0] == pytest.approx(tops[2] - tops[1], abs=0.2) and tops[1] > tops[0]
    assert lefts[1] - lefts[0] == pytest.approx(lefts[2] - lefts[1], abs=0.2) and lefts[1] > lefts[0]


def test_late_samples_of_the_rig_have_wide_classes():
    m = formats.measurement("timer", formats.NS, {1023: 1, 1024: 1, 1056: 1, 2048: 1, 4096: 1}, exact=1024)
    assert [formats.width(m, k) for k in m["bins"]] == [1, 32, 32, 64, 128] and formats.width({**m, "exact": None}, 4096) == 1
    shapes = [p.get("d") for p in of(drawn([m]), "samples")[1:]]
    assert len(shapes) == 3  # 1023 to 1087 is one
    x1, x2 = (float(v) for v in re.match(r"M([\d.]+).*H([\d.]+)V[\d.]+Z", shapes[2]).groups())
    assert (x2 - x1) / 720 * 5000 == pytest.approx(128, rel=0.1)


def test_strips_are_on_one_axis_and_the_maximum_is_marked():
    one = formats.measurement("timer", formats.NS, {100: 1000}, scenario="alone")
    other = formats.measurement("timer", formats.NS, {100: 1000, 900: 1}, scenario="beside <&>")
    picture = drawn([one, other])
    x = [float(re.match(r"M([\d.]+)", p.get("d"))[1]) for p in of(picture, "worst")[1:]]  # the first is the legend's
    starts = [float(re.match(r"M([\d.]+)", p.get("d"))[1]) for p in of(picture, "samples")[1:]]
    assert starts[0] == starts[1] and x[1] > x[0] and x[1] == pytest.approx(starts[2] + 1, abs=1)


def test_instructions_and_bare_metal():
    m = formats.measurement("timer", formats.NS, {5: 10}, instructions={2: 10}, bare_instructions={2: 10})
    assert len(of(drawn([m], "instructions"), "bare")) == 2
    with pytest.raises(formats.Bad):
        plot.svg([formats.measurement("timer", formats.NS, {5: 10})], "instructions")


def test_the_latest_on_bare_metal_is_in_a_picture_of_latency():
    """Where it is known, at its place on an axis in microseconds, and read back from JSON."""
    m = formats.measurement("timer", formats.NS, {16_000: 9, 20_000: 1}, bare_max=18_000)
    m, = formats.parse(formats.write("json", [m]))
    picture = drawn([m])
    x = [float(re.match(r"M([\d.]+)", p.get("d"))[1]) for p in of(picture, "bare")[1:] + of(picture, "worst")[1:]]
    assert (x[0] - plot.LEFT) / (x[1] - plot.LEFT) == pytest.approx(18 / 20, abs=0.01)
    assert "max on bare metal 18 \u00b5s" in ET.tostring(picture, "unicode", "text")
    assert not of(drawn([formats.measurement("timer", formats.NS, {5: 1})]), "bare")


def test_a_time_is_said_in_the_unit_that_suits_it():
    m = formats.measurement("timer", 62_500_000, {3: 10, 1_000_000: 1})
    words = ET.tostring(drawn([m]), "unicode", "text")
    assert "latency in ms" in words and "min 48 ns, mean 1\u2009455 \u00b5s" in words and "max 16 ms" in words
    assert [plot.grouped(n) for n in (0, 0.004624, 0.05, 0.25, 12.345, 1234.5)] == ["0", "0.0046", "0.050", "0.25", "12.35", "1\u2009234"]


@pytest.mark.parametrize("bins, more", [({}, {}), ({0: 1}, {}), ({1: 1}, {}), ({10 ** 12: 1}, {}), ({5: 10 ** 15}, {}), ({}, {"overflow": 3, "max": 5})])
def test_odd_pictures(bins, more):
    for hz in (1, 62_500_000, formats.NS):
        drawn([formats.measurement("timer", hz, bins, **more)] * 5)


# ---- ports

OK = "[core] restart rig: ok\r\n"


class Board:
    """The other end of a pty: says something when it is typed at, or by itself."""

    def __init__(self, answers, by_itself=False):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.name, self.slave, self.typed = os.ttyname(slave), slave, b""
        self.answers, self.by_itself = answers, by_itself
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while not self.by_itself and not self.typed.endswith(b"\r"):
            try:
                self.typed += os.read(self.master, 100)
            except OSError:
                return
        for i in range(0, len(self.answers), 50):
            os.write(self.master, self.answers[i:i + 50].encode())


def test_a_serial_line():
    before = "".join(RIG.splitlines(True)[3:])  # of a measurement that was under way
    board = Board(before + OK + "[rig] rig: bin source=ti\r\n" + RIG.replace("\n", "\r\n") + "[rig] ")
    text = port.measure(board.name, limit=10)
    assert board.typed == b"\x14:restart rig\r"
    assert formats.parse_rig(text)[0]["samples"] == 1000


def test_a_board_that_is_reset_and_has_no_prefix():
    board = Board(("".join(RIG.splitlines(True)[3:]) + RIG.replace("cpu=2", "cpu=5")).replace("[rig] ", ""), by_itself=True)
    assert formats.parse_rig(port.measure("tty:" + board.name, begin="wait", limit=10))[0]["cpu"] == 5


@pytest.mark.parametrize("answers, said", [
    ("[core] restart rig: denied\r\n", "denied.*cloison,controls"), ("[core] no such cell: rig\r\n", "no such cell"),
    ("[core] hello\r\n", "nothing of cell rig in 1 seconds"), (OK + RIG.replace("rig: done", ""), "no 'rig: done' in 1 seconds"),
    (OK + RIG.replace("[rig]", "[other]"), "nothing of cell rig")])
def test_a_board_that_does_not_do_it(answers, said):
    board = Board(answers)
    with pytest.raises(formats.Bad, match=f"(?s){said}"):
        port.measure(board.name, silence=1, limit=10)


BOARD = SHOW.with_name("board")


def board(out, *arguments):
    return subprocess.run([sys.executable, BOARD, out, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)


def test_the_board_command(tmp_path):
    """Files of all formats, limits from a file, and what was not judged is no success."""
    (tmp_path / "limits").write_text("# of this board\nmissed=1 overflow=2\ntimer:max-ns=1120000\n")
    done = board(tmp_path, "--port", Board(OK + RIG).name, "--limits", tmp_path / "limits")
    assert done.returncode == 0, done.stderr
    for name in [f"board{suffix}" for suffix in formats.SUFFIXES.values()]:
        m, = formats.read(tmp_path / "rig" / name)
        assert formats.nanoseconds(m, m["max"]) == 1120000
    assert formats.read(tmp_path / "rig" / "board.cyclictest.json")[0]["hz"] == formats.NS  # nothing is rounded where a format can say so
    assert "restart rig: ok" in (tmp_path / "rig" / "board.log").read_text() and (tmp_path / "rig" / "board.svg").exists()
    done = board(tmp_path, "--port", Board(OK + RIG).name)
    assert done.returncode == 2 and "not judged" in done.stderr
    (tmp_path / "limits").write_text("missed=0")
    done = board(tmp_path, "--port", Board(OK + RIG).name, "--limits", tmp_path / "limits", "--limit", "overflow=2")
    assert done.returncode == 1 and "missed is 1, the limit is 0" in done.stderr
    for wrong in (["--limit", "missed"], ["--limits", tmp_path / "nothing"]):
        done = board(tmp_path, "--port", tmp_path / "none", *wrong)
        assert done.returncode == 2 and str(wrong[1]) in done.stderr
    done = board(tmp_path, "--port", tmp_path / "none", "--limit", "missed=0")
    assert done.returncode == 1 and str(tmp_path / "none") in done.stderr


def test_a_board_that_a_command_resets(tmp_path):
    """--reset: what switches the board's power is started when the port is open."""
    master, slave = os.openpty()
    tty.setraw(slave)
    fifo = tmp_path / "power"
    os.mkfifo(fifo)
    threading.Thread(target=lambda: fifo.read_text() and os.write(master, RIG.encode()), daemon=True).start()
    done = board(tmp_path, "--port", os.ttyname(slave), "--reset", f"echo on > {fifo}", "--limit", "missed=1")
    assert done.returncode == 0, done.stderr
    done = board(tmp_path, "--port", os.ttyname(slave), "--reset", "exit 3", "--limit", "missed=1")
    assert done.returncode == 1 and "exit 3" in done.stderr


def test_a_port_that_is_none(tmp_path):
    (tmp_path / "file").write_text("")
    for name in (tmp_path / "none", tmp_path / "file", f"unix:{tmp_path}/none", "tcp:localhost:x"):
        with pytest.raises(formats.Bad, match=str(name)):
            port.measure(str(name), limit=1)
    board = Board("")
    with port.Line(board.name), pytest.raises(formats.Bad, match="another program"):
        port.Line(board.name)
