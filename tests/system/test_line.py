# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The board's UART in frames, from the far end: consoles both ways, requests, back to text, noise, and what it costs a cell: nothing.

    NOISE=60 /usr/bin/python3 -m pytest tests/system/test_line.py       a minute of it; ICOUNT=1: with counted instructions, so some seconds of the guests'
"""

import os
import random
import re
import time

import pytest

import qemu
from line import DEBUG, LOG, UNKNOWN, Line

PARTITION = "tests/system/partitions/line.dts"
TALKERS, CONTROL, CONTROL2, ECHO = range(3), 4, 5, 6
NOISE = float(os.environ.get("NOISE", 3))  # seconds


@pytest.mark.partition(PARTITION)
def test_line(boot):
    m = boot(limit=120 + 20 * NOISE, icount="ICOUNT" in os.environ)
    m.expect("Cloison")  # before that the UART is set up, and of a HELLO the rest would be keys
    with Line(m, 7) as line:
        text = qemu.clean(m.text[:m.text.index("\0")])
        assert line.welcome[1:] == (7, 12)
        consoles = [line.console(cell) for cell in range(7)]
        line.want(LOG, *consoles)
        # Nothing is lost of who blocks, from the plain text before on.
        expected = "".join(f"talker: line {i:04d} of 300 abcdefghijklmnopqrstuvwxyz" for i in range(300)) + "talker: end"
        for cell in TALKERS:
            before = "".join(re.findall(rf"(?m)^\[talker{cell + 1}\] (.*)$", text))
            line.wait(lambda c=consoles[cell], b=before: "talker: end" in b or b"talker: end\r\n" in line.bytes[c], "the end of a talker", 60)
            assert before + line.bytes[consoles[cell]].decode("latin-1").replace("\r", "").replace("\n", "") == expected
            assert line.missed[consoles[cell]] == 0
        # Keys, to two cells at once; one of them does not keep the other waiting.
        line.type(ECHO, b"abc")
        line.type(0, b"z")
        for cell, key in ((ECHO, b"key 97"), (ECHO, b"key 99"), (0, b"key 122")):
            line.wait(lambda c=cell, k=key: k in line.bytes[consoles[c]], f"{key}")
        # A request that nobody knows, and the core's own words.
        assert line.request(DEBUG, 200) == (UNKNOWN, [b""])
        # The same session again: nothing has changed.
        lengths = {c: len(line.bytes[c]) for c in consoles}
        line.say_hello()
        assert all(len(line.bytes[c]) >= lengths[c] for c in consoles)
        assert line.bad == 0
        # Noise: counted, and nothing else.
        rng = random.Random(7)
        end = time.monotonic() + NOISE
        while time.monotonic() < end:
            line.raw(rng.randbytes(512))
            line._until(lambda: False, 0.01)
        line.raw(b"\0")
        line.say_hello()
        assert not m.done
        rounds = len(re.findall(rb"round=\d+ .* OK", line.bytes[consoles[CONTROL]]))
        line.wait(lambda: len(re.findall(rb"round=\d+ .* unaccounted=0 OK", line.bytes[consoles[CONTROL]])) > rounds, "a round of control", 40)
        # Meanwhile control has done its work, and has not come into the core.
        for cell in (CONTROL, CONTROL2):
            line.wait(lambda c=cell: b"exits=" in line.bytes[consoles[c]], "control's summary", 40)
            summary = re.search(rb"periods=(\d+) in_order=(\d+) late=(\d+) exits=(\S+)", line.bytes[consoles[cell]])
            assert summary[1] == summary[2] == b"1000" and summary[4] == b"0"
    # Plain text and keys.
    since = m.mark("core")
    m.send(qemu.ESCAPE + "7")
    m.line("core", "input goes to echo", since=since)
    # Silence: plain text, but no keys until the escape key has come alone.
    line = Line(m, 8)
    since = m.mark("core")
    m.line("core", r"line: silent", 15, since)
    m.send("k")
    time.sleep(1)
    m.send(qemu.ESCAPE)
    m.line("core", "keys", since=since, count=2)
    m.send("l")
    m.line("echo", "key 108")
    assert "key 107" not in m.lines("echo")
    m.send(qemu.ESCAPE + "x")
    assert m.ended() == 0
