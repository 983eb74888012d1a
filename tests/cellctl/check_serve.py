#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`cellctl serve` between the core (core_sim) and several clients: roles, audit, buffers, a client that does not read, a board that goes. check_serve.py FOLDER"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(sys.argv[1]).resolve()
DENIED, CLOSED = 7, 5


class Rig:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = self.folder / "board"
        self.at = self.folder / "s"
        self.audit = self.folder / "audit"
        self.environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state"), "LC_ALL": "C"}
        self.board = self.serve = None

    def start_board(self):
        self.port.unlink(missing_ok=True)
        self.board = subprocess.Popen([FOLDER / "core_sim", "--ticks", "--region", self.folder / "region", "--socket", self.port])
        wait(self.port.exists)

    def start_serve(self):
        self.serve = subprocess.Popen([FOLDER / "cellctl", "--port", f"unix:{self.port}", "serve", self.at, "--audit", self.audit, "--buffer", "16"],
                                      env=self.environment, stderr=(self.folder / "said").open("w"))
        wait(lambda: Path(f"{self.at}.admin").exists())

    def command(self, role, *arguments, **more):
        return [FOLDER / "cellctl", "--timeout", "10", "--port", f"unix:{self.at}.{role}", *arguments], {"env": {**self.environment, **more}}

    def run(self, role, *arguments, stdin="", **more):
        command, options = self.command(role, *arguments, **more)
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, **options)
        return done.returncode, done.stdout, done.stderr

    def ok(self, role, *arguments, **more):
        code, out, err = self.run(role, *arguments, **more)
        assert code == 0, (arguments, code, out, err)
        return out

    def listen(self, role, cell, seconds, **more):
        """What a console prints; one that prints all the time has no end by itself."""
        command, options = self.command(role, "console", cell, "--for", "60", **more)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **options)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        out = process.communicate(timeout=30)[0]
        assert process.returncode == 0, process.returncode
        return out

    def audited(self, **wanted):
        lines = [json.loads(line) for line in self.audit.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if wanted.items() <= line.items()]

    def stop(self):
        for process in (self.serve, self.board):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(20)


def wait(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def states(rig, role="observer"):
    return {cell["name"]: cell["state"] for cell in json.loads(rig.ok(role, "--json", "list"))["cells"]}


def roles(rig):
    assert states(rig)["hello"] == "running"
    code, _, err = rig.run("observer", "stop", "hello")
    assert code == DENIED and "allow" in err, (code, err)
    assert rig.run("observer", "crash")[0] == DENIED and rig.run("operator", "crash")[0] == DENIED
    assert rig.run("operator", "reset-board")[0] == DENIED and rig.run("operator", "trace", "--for", "0")[0] == DENIED
    assert "ok" in rig.ok("operator", "stop", "hello", "--wait", "20")
    assert states(rig)["hello"] == "stopped"
    rig.ok("operator", "audit")
    rig.ok("observer", "metrics")
    rig.ok("admin", "--json", "trace", "--for", "0")
    assert rig.audited(event="refused", role="observer", request="operate", cell="hello", operation="stop", result="denied")
    asked, = rig.audited(event="asked", role="operator", operation="stop")
    assert asked["uid"] == os.getuid() and asked["pid"] > 1 and asked["cell"] == "hello"
    answered, = rig.audited(event="answered", client=asked["client"])
    assert answered["result"] in ("ok", "asked") and answered["sequence"] > asked["sequence"]
    for role, mode in (("observer", 0o600), ("admin", 0o600)):
        assert Path(f"{rig.at}.{role}").stat().st_mode & 0o777 == mode


def several(rig):
    """Eight at once, and each has its own answers."""
    commands = [["list"], ["status", "linux"], ["metrics", "control"], ["identify"]] * 2
    started = []
    for arguments in commands:
        command, options = rig.command("observer", "--json", *arguments)
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options))
    out = [process.communicate(timeout=60)[0] for process in started]
    assert all(process.returncode == 0 for process in started)
    assert len(json.loads(out[0])["cells"]) == 3 and "hz" in out[3], out


def buffered(rig):
    """What came while no client was there; two clients get the same, each from where it was."""
    time.sleep(1)
    first = rig.listen("observer", "control", 2, XDG_STATE_HOME=str(rig.folder / "one"))
    second = rig.listen("operator", "control", 2, XDG_STATE_HOME=str(rig.folder / "two"))
    assert first.count("tick ") > 5, first
    assert second.startswith(first.rsplit("tick", 1)[0]), (first, second)
    again = rig.listen("observer", "control", 2, XDG_STATE_HOME=str(rig.folder / "one"))
    numbers = [int(word) for text in (first, again) for line in text.splitlines() if line.startswith("tick ") for word in line.split()[1:2] if word.isdigit()]
    assert len(set(numbers)) >= len(numbers) - 1 and numbers == sorted(numbers), (first, again)


def types(rig):
    out = rig.ok("operator", "console", "linux", "--for", "2", stdin="hello there\r")
    assert "hello there" in out, out
    assert rig.audited(event="types", cell="linux", role="operator")
    begin = time.monotonic()
    code, out, err = rig.run("observer", "console", "linux", "--for", "30", stdin="not by me\r")
    assert code == DENIED and "allow" in err and "not by me" not in out and time.monotonic() - begin < 10, (code, out, err)
    assert len(rig.audited(event="refused", request="type", cell="linux", role="observer", result="denied")) == 1
    assert rig.run("observer", "console", "linux", "--for", "1")[0] == 0  # who only looks is not refused


def does_not_read(rig):
    """Says hello, wants everything, takes nothing; and one that speaks nonsense. The others do not notice."""
    deaf = socket.socket(socket.AF_UNIX)
    deaf.connect(f"{rig.at}.observer")
    noise = socket.socket(socket.AF_UNIX)
    noise.connect(f"{rig.at}.admin")
    noise.sendall(os.urandom(100000))
    deaf.sendall(bytes.fromhex("00") + b"\2\1\2\1" * 1000)
    rig.ok("operator", "console", "linux", "--for", "1", stdin="flood 200\r")
    assert states(rig)["control"] == "running"
    deaf.close()
    noise.close()


def comes_back(rig):
    """The board is switched off and on: the server waits for it, and what it has of before is still there."""
    before = rig.ok("observer", "--json", "log")
    assert '"stop' in before or "stopped" in before, before
    rig.board.send_signal(signal.SIGTERM)
    rig.board.wait(20)
    wait(lambda: rig.audited(event="port closed"))
    rig.start_board()
    wait(lambda: rig.audited(event="board reset"))
    wait(lambda: rig.run("observer", "list")[0] == 0)
    assert states(rig)["hello"] == "running"
    log = rig.ok("observer", "log", XDG_STATE_HOME=str(rig.folder / "three"))
    assert "stopped" in log, log
    rig.ok("admin", "reset-board")
    assert rig.audited(event="asked", request="board", role="admin")
    wait(lambda: rig.run("observer", "list")[0] == 0)


def ends(rig):
    command, options = rig.command("observer", "log", "--follow")
    follower = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    time.sleep(1)
    rig.serve.send_signal(signal.SIGTERM)
    assert rig.serve.wait(20) == 0, (rig.folder / "said").read_text()
    assert not list(rig.folder.glob("s.*"))
    follower.send_signal(signal.SIGINT)
    follower.wait(20)
    # A socket that somebody left is in nobody's way; a server that is there is.
    left = socket.socket(socket.AF_UNIX)
    left.bind(f"{rig.at}.operator")
    left.close()
    rig.start_serve()
    second = subprocess.run([FOLDER / "cellctl", "--port", f"unix:{rig.at}.admin", "serve", rig.at], env=rig.environment, capture_output=True, text=True, timeout=60)
    assert second.returncode == 9 and "already" in second.stderr, second
    assert states(rig)["control"] == "running"


def main():
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(folder)
        try:
            rig.start_board()
            rig.start_serve()
            for part in (roles, several, buffered, types, does_not_read, comes_back, ends):
                begin = time.monotonic()
                part(rig)
                print(f"{part.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
        except BaseException:
            said = rig.folder / "said"
            print(said.read_text() if said.exists() else "", file=sys.stderr)
            raise
        finally:
            rig.stop()


main()
