# SPDX-License-Identifier: Apache-2.0 OR MIT
"""tools/rig/ending.py: Ctrl-C and a reader who has gone, as people do it to the programs."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import formats
import pytest
from run import RIG

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "rig"
SLEEPS = "#!/bin/sh\necho $$ >> {notes}\nexec sleep 1000\n"  # what would be an emulator, or a make


@pytest.fixture(autouse=True)
def fixture_heard():
    """Who runs the tests in the background of a script ignores SIGINT, and so would all that is started here."""
    kept = {n: signal.signal(n, signal.SIG_DFL) for n in (signal.SIGINT, signal.SIGHUP)}
    yield
    for n, handler in kept.items():
        signal.signal(n, handler)


@pytest.fixture(name="begin")
def fixture_begin(tmp_path):
    """A program whose output is kept. What a test that fails leaves behind, and the sleepers of that, are ended with it."""
    begun = []

    def begin(*command, **more):
        begun.append(subprocess.Popen([sys.executable, *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more))
        return begun[-1]
    yield begin
    for process in begun:
        process.kill()
    for pid in (tmp_path / "ids").read_text().split() if (tmp_path / "ids").exists() else ():
        if not gone(pid):
            os.kill(int(pid), signal.SIGKILL)
    for process in begun:
        process.communicate(timeout=30)


def unread(*command):
    """Its standard output is closed at the other end before it begins."""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        return subprocess.run([sys.executable, *map(str, command)], stdout=writes, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    finally:
        os.close(writes)


@pytest.fixture(name="measured")
def fixture_measured(tmp_path):
    path = tmp_path / "alone.json"
    path.write_text(formats.write("json", formats.parse_rig(RIG, "alone", "direct")))
    return path


@pytest.mark.parametrize("command, code", [
    (("rig", "{out}", "--scenario=list"), 0), (("show", "{measured}"), 0), (("show", "{measured}", "--to", "cyclictest"), 0),
    (("show", "{measured}", "--limit", "missed=0"), 1), (("rig", "{out}", "--scenario=alone"), 141)])
def test_nobody_reads(measured, tmp_path, command, code):
    """No traceback; what was to be judged still is; what would only be read is not measured for nobody."""
    name, *rest = (word.format(out=tmp_path / "out", measured=measured) for word in command)
    done = unread(TOOLS / name, *rest)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def sleeper(tmp_path, *names):
    """Programs that are found before the real ones, and the place where they note their ids."""
    programs, notes = tmp_path / "programs", tmp_path / "ids"
    programs.mkdir()
    for name in names:
        (programs / name).write_text(SLEEPS.format(notes=notes))
        (programs / name).chmod(0o755)
    return {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}, notes


def gone(pid):
    """A child of a process that has ended may be there until somebody has asked how it ended."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def interrupted(process, notes, number, count=1):
    """Sent to the program alone, twice, once it has begun."""
    end = time.monotonic() + 60
    while not (notes.exists() and len(notes.read_text().split()) >= count):
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.02)
    for _ in range(2):
        process.send_signal(number)
        time.sleep(0.01)
    _, err = process.communicate(timeout=30)
    assert all(gone(pid) for pid in notes.read_text().split())
    assert "Traceback" not in err and "Exception" not in err and err.endswith("interrupted\n"), err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_while_it_builds(begin, tmp_path, number):
    """make is one that sleeps: the plugin's, the first that is started."""
    environment, notes = sleeper(tmp_path, "make")
    process = begin(TOOLS / "rig", tmp_path / "out", "--scenario=alone", env=environment)
    interrupted(process, notes, number)
    assert process.returncode == 128 + number
    assert not [p for p in (tmp_path / "out").rglob("*.*") if p.is_file()]


DRIVER = """
import sys
sys.path[:0] = [{tools!r}, {system!r}]
import ending, qemu
def main():
    with qemu.Machine(bare={kernel!r}) as m:
        m.expect("what never comes", 60)
sys.exit(ending.of(main, "driver"))
"""


def test_interrupted_while_it_measures(begin, tmp_path):
    environment, notes = sleeper(tmp_path, "qemu-system-aarch64")
    program = DRIVER.format(tools=str(TOOLS), system=str(TOOLS.parents[1] / "tests" / "system"), kernel=str(tmp_path / "kernel"))
    process = begin("-c", program, env=environment)
    interrupted(process, notes, signal.SIGINT)
    assert process.returncode == 130


def test_files_that_belong_together_are_written_before_it_ends(tmp_path):
    program = f"""
import os, signal, sys
sys.path.insert(0, {str(TOOLS)!r})
import ending, formats, results
os.replace = lambda one, other, real=os.replace: (os.kill(os.getpid(), signal.SIGINT), real(one, other))
sys.exit(ending.of(lambda: results.keep({str(tmp_path)!r}, "alone", formats.parse_rig({RIG!r})), "driver"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130 and done.stderr == "driver: interrupted\n", done.stderr
    assert {p.name for p in tmp_path.glob("*")} == {"alone.svg", *(f"alone{suffix}" for suffix in formats.SUFFIXES.values())}


def test_what_a_background_job_ignores(begin, tmp_path):
    """A shell's `nohup`: the terminal closes, and it goes on."""
    environment, notes = sleeper(tmp_path, "make")
    process = begin(TOOLS / "rig", tmp_path / "out", "--scenario=alone", env=environment, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    while not notes.exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    interrupted(process, notes, signal.SIGTERM)
    assert process.returncode == 143
