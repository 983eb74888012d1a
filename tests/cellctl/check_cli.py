# SPDX-License-Identifier: Apache-2.0 OR MIT
"""cellctl as a program, against the core itself (core_sim): every command, its exit code, its JSON; then damaged dumps.

    /usr/bin/python3 tests/cellctl/check_cli.py FOLDER         FOLDER has cellctl and core_sim
"""
import json
import os
import pty
import random
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
FOLDER = os.path.abspath(sys.argv[1])
CELLCTL, SIM = os.path.join(FOLDER, "cellctl"), os.path.join(FOLDER, "core_sim")
ENVIRONMENT = {**os.environ, "LC_ALL": "C", "ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99"}
failed = 0


def check(what, holds, more=""):
    global failed
    failed += not holds
    print(f"{'ok  ' if holds else 'FAIL'} {what} {'' if holds else more}", flush=True)


class Board:
    """core_sim on a socket."""

    def __init__(self, folder, ticks=True):
        self.port, self.region = os.path.join(folder, "uart"), os.path.join(folder, "region")
        self.command = [SIM, "--socket", self.port, "--region", self.region] + (["--ticks"] if ticks else [])
        self.start()

    def start(self):
        if os.path.exists(self.port):
            os.unlink(self.port)
        self.process = subprocess.Popen(self.command, env=ENVIRONMENT)
        for _ in range(200):
            if os.path.exists(self.port):
                return
            time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        check("the board ends well", self.process.wait(20) == 0)

    def run(self, *arguments, stdin=subprocess.DEVNULL, port=None, text=None):
        extra = {"input": text} if text is not None else {"stdin": stdin}
        return subprocess.run([CELLCTL, "-p", port or self.port, "-t", "10", *arguments], env=ENVIRONMENT, text=True, timeout=60,
                              capture_output=True, check=False, **extra)

    def expect(self, code, *arguments, out="", err="", **more):
        ran = self.run(*arguments, **more)
        check(f"cellctl {' '.join(arguments)}: {code}", ran.returncode == code and re.search(out, ran.stdout) and re.search(err, ran.stderr),
              f"-> {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
        return ran

    def json(self, *arguments, code=0):
        ran = self.run(*arguments, "--json")
        check(f"cellctl {' '.join(arguments)} --json: {code}", ran.returncode == code, f"-> {ran.returncode}\n{ran.stdout}\n{ran.stderr}")
        try:
            return json.loads(ran.stdout)
        except ValueError as error:
            check(f"cellctl {' '.join(arguments)}: is JSON", False, f"{error}: {ran.stdout}")
            return {}


def names(document):
    """All there are, but those of the core's own: registers, counters."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield name
            if name not in ("registers", "values", "detail"):
                yield from names(value)
    elif isinstance(document, list):
        for value in document:
            yield from names(value)


def documented(documents):
    with open(os.path.join(TREE, "docs/cellctl.md"), encoding="utf-8") as file:
        words = set(re.findall(r"[a-z_]+", file.read().split("## JSON")[1]))
    missing = sorted(set(names(documents)) - words)
    check("all names of JSON are documented", not missing, str(missing))


def usage(board):
    board.expect(2, err="which command")
    board.expect(2, "lift", err="no command 'lift'")
    board.expect(2, "list", "linux", err="usage: cellctl list$")
    board.expect(2, "run", "--insns", err=r"usage: cellctl run \[--insns\] FILE\|HEX")
    board.expect(2, "--nonsense", "list", err="no option --nonsense")
    board.expect(2, "list", "--nonsense", err="list has no option --nonsense")
    board.expect(2, "start", "hello", "--wait", err="wants a value")
    board.expect(2, "start", "hello", "--wait", "long", err="no number")
    board.expect(2, "list", "--json=yes", err="takes no value")
    board.expect(2, "console", "linux", "--escape", "abc", err="is no key")
    board.expect(2, "log", "--level", "loud", err="none of error")
    board.expect(2, "regs", "linux", "x", err="no number of a vCPU")
    board.expect(2, "crash", "--elf", SIM + ".none", err="No such file")
    board.expect(2, "regs", "linux", "--elf", os.path.abspath(__file__), err="no ELF")
    board.expect(0, "--help", out="Exit codes:")
    board.expect(0, "crash", "--help", out="--elf")
    board.expect(0, "--version", out="line version 1")
    board.expect(3, "list", port="unix:/nowhere/uart", err="No such file.*make SOCKET=1 run")
    board.expect(3, "list", port="/nowhere/uart", err="No such file.*make SOCKET=1 run")
    board.expect(3, "list", port="/dev/null", err="is no serial line")
    board.expect(3, "list", port=os.path.abspath(__file__), err="neither a socket nor")
    board.expect(3, "list", port="tty:/dev/null,99", err="none of the usual rates")
    board.expect(3, "list", port="tty:/dev/null,x", err="no baud rate")
    board.expect(3, "list", port="tcp:localhost", err="is not tcp:HOST:PORT")
    board.expect(3, "list", port="tcp:127.0.0.1:1", err="refused")
    board.expect(3, "list", port="unix:" + "x" * 200, err="107 bytes")


def a_pty(board):
    far, near = pty.openpty()
    path = os.ttyname(near)
    os.write(far, b"[core] is there anybody\r\n" * 3)
    ran = subprocess.run([CELLCTL, "-p", path, "-t", "1", "list"], env=ENVIRONMENT, text=True, timeout=60, capture_output=True, check=False)
    check("a pty on which nobody answers: 4", ran.returncode == 4 and path in ran.stderr, ran.stderr)
    os.close(far)
    os.close(near)


class Relay:
    """What is written to one descriptor comes out of the board's socket, and the other way round; so many bytes in a second, either way."""

    def __init__(self, board, fd, rate=None):
        self.board, self.fd, self.rate, self.ended = socket.socket(socket.AF_UNIX), fd, rate, False
        self.board.connect(board.port)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        pairs = {self.fd: self.board.fileno(), self.board.fileno(): self.fd}
        while not self.ended:
            for fd in select.select(list(pairs), [], [], 0.05)[0]:
                try:
                    piece = os.read(fd, 32 if self.rate else 4096)
                    while piece:
                        piece = piece[os.write(pairs[fd], piece):]
                except OSError:  # the far end of a pty is closed: somebody may open it again
                    piece = b""
                time.sleep(len(piece) / self.rate if self.rate else 0 if piece else 0.01)

    def end(self):
        self.ended = True
        self.thread.join()
        self.board.close()


def a_tty(board):
    """A serial line: a pty with its rate; a slow one, too."""
    far, near = pty.openpty()
    path = os.ttyname(near)
    for port, rate, speed in ((f"tty:{path}", None, termios.B115200), (f"{path},9600", 960, termios.B9600), (path, None, termios.B115200)):
        relay = Relay(board, far, rate)
        board.expect(0, "list", port=port, out=r"linux +running")
        board.expect(0, "console", "linux", port=port, text="by wire\r", out="by wire")
        settings = termios.tcgetattr(near)
        check(f"{port}: its rate, 8 bits, raw", settings[4:6] == [speed, speed] and settings[2] & termios.CS8 == termios.CS8 and
              not settings[3] & (termios.ICANON | termios.ECHO) and not settings[2] & (termios.PARENB | termios.CRTSCTS | termios.HUPCL), str(settings))
        relay.end()
    relay = Relay(board, far)
    first = subprocess.Popen([CELLCTL, "-p", path, "-t", "10", "console", "control", "--for", "30"], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    check("one has the line", b"tick" in first.stdout.readline() + first.stdout.readline())
    board.expect(3, "list", port=path, err="another program has it")
    first.send_signal(signal.SIGINT)
    check("and lets it go", first.wait(20) == 0)
    first.stdout.close()
    check("clean ends: no frame was cut", board_damage(board, path) == 0)
    relay.end()
    os.close(near)
    os.close(far)


def board_damage(board, port):
    return json.loads(board.run("identify", "--json", port=port).stdout)["damaged_frames"]


def over_tcp(board):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen([CELLCTL, "-p", f"tcp:127.0.0.1:{listener.getsockname()[1]}", "-t", "10", "list"], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
        near, _ = listener.accept()
    relay = Relay(board, near.fileno())
    check("over TCP", "linux" in process.communicate(timeout=60)[0] and process.returncode == 0)
    relay.end()
    near.close()


def look(board):
    found = board.json("list")
    check("three cells", [c["name"] for c in found["cells"]] == ["linux", "control", "hello"])
    check("their states", [c["state"] for c in found["cells"]] == ["running"] * 3)
    check("the operator's rights", found["cells"][2]["rights"] == ["status", "start", "stop", "restart", "suspend", "resume", "kill"], str(found["cells"][2]["rights"]))
    board.expect(0, "list", out=r"linux +running +1 +2 +mediated")
    one = board.json("status", "linux")
    check("status: one cell, two vCPUs", len(one["cells"]) == 1 and len(one["cells"][0]["vcpus"]) == 2)
    board.expect(0, "status", out="control")
    board.expect(0, "status", "2", out="hello")
    board.expect(8, "status", "nobody", err="no cell 'nobody'; there are: linux, control, hello")
    identity = board.json("identify")
    check("identity", identity["partition"] == "unit" and identity["cells"] == 3 and identity["line_version"] == 1 and "life" in identity["features"])
    with tempfile.TemporaryDirectory() as build:
        board.expect(2, "identify", "--build", build, err="cloison.elf")
        with open(os.path.join(build, "cloison.elf"), "wb") as file:
            file.write(b"\x7fELF" + b"\0" * 100000 + b"0123456789abcdef" * 4)
        board.expect(0, "identify", "--build", build, out="the same configuration")
        with open(os.path.join(build, "cloison.elf"), "wb") as file:
            file.write(b"\x7fELF" + b"0123456789abcdef" * 3)
        other = board.json("identify", "--build", build, code=1)
        check("another build", other["matches_build"] is False)
    metrics = board.json("metrics")
    check("metrics", metrics["core"]["values"]["line_sessions"] > 1 and len(metrics["cells"]) == 3 and "lives" in metrics["cells"][0]["values"])
    board.expect(0, "metrics", "linux", "1", out=r"linux\.1\.")
    board.expect(8, "metrics", "linux", "7", err="vCPUs 0 to 1")
    paths = board.json("latency", "linux", "0")
    board.expect(0, "latency", out="hello vCPU 0")
    top = json.loads(board.run("top", "-n", "1", "--json").stdout)
    board.expect(0, "top", "--count", "2", out="PER SECOND")
    return [found, one, other, metrics, paths, top]


def operate(board):
    board.expect(0, "stop", "hello", "--wait", "10", out="stop hello: ok, stopped")
    board.expect(0, "stop", "hello", out="already")
    asked = board.json("start", "hello", "--wait", "10")
    check("started", asked == {"operation": "start", "cell": "hello", "result": "ok", "state": "running"}, str(asked))
    board.expect(0, "suspend", "hello", "--wait", "10", out="suspended")
    board.expect(1, "start", "hello", err="not in the state")
    board.expect(0, "resume", "hello", "--wait", "10", out="running")
    board.expect(0, "restart", "hello", "--wait", "10", out="running")
    denied = board.json("restart", "linux", code=7)
    board.expect(7, "restart", "linux", err="does not allow it")
    audit = board.json("audit")
    check("the audit", [(e["by"], e["operation"], e["target"], e["result"]) for e in audit["entries"]][:1] + [(e["operation"], e["result"]) for e in audit["entries"]][-1:] ==
          [("operator", "stop", "hello", "ok"), ("restart", "denied")], str(audit))
    board.expect(0, "audit", out="operator restart linux: denied")
    return [asked, denied, audit]


def talk(board):
    ran = board.run("console", "linux", text="hello there\r")
    check("what is typed is answered", ran.returncode == 0 and "hello there\n" in ran.stdout, ran.stdout + ran.stderr)
    lines = [json.loads(line) for line in board.run("console", "control", "--json", "--for", "1").stdout.splitlines()]
    check("console as JSON", any("tick" in line.get("text", "") for line in lines), str(lines))
    ran = board.run("console", "linux", text="\x1b]0;x\x07 \x1b[1mbold\r")
    check("not at a terminal nothing is filtered", "\x1b]0;x\x07" in ran.stdout, repr(ran.stdout))
    reader_goes(board)
    at_a_terminal(board)
    return lines


def reader_goes(board):
    """`cellctl ... | head`: no word about it, and whatever follows something ends."""
    for arguments in (["metrics"], ["metrics", "--json"], ["top"], ["console", "control", "--for", "60"]):
        process = subprocess.Popen([CELLCTL, "-p", board.port, "-t", "10", *arguments], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        try:
            err = process.communicate(timeout=30)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            err = b"it goes on"
        check(f"cellctl {' '.join(arguments)} | head", b"pipe" not in err and process.returncode == -signal.SIGPIPE, f"{process.returncode} {err}")


def at_a_terminal(board):
    """Through a pty, as a person would."""
    pid, fd = pty.fork()
    if not pid:
        os.execve(CELLCTL, [CELLCTL, "-p", board.port, "console", "linux"], ENVIRONMENT)
    seen = b""

    def until(what, seconds=20):
        nonlocal seen
        end = time.monotonic() + seconds
        while what not in seen and time.monotonic() < end:
            try:
                seen += os.read(fd, 4096)
            except OSError:
                break
        return what in seen

    check("the console says how to leave", until(b"Ctrl-] then . leaves"), repr(seen))
    os.write(fd, b"by hand\x03\r")
    check("keys go through, Ctrl-C too", until(b"by hand"), repr(seen))
    os.write(fd, b"\x1b]0;title\x07 visible\r")
    check("a title does not", until(b"visible") and b"]0;title" not in seen, repr(seen))
    os.write(fd, b"\x1d.")
    _, status = os.waitpid(pid, 0)
    check("Ctrl-] . leaves", os.waitstatus_to_exitcode(status) == 0, str(status))
    os.close(fd)


def records(board):
    follower = subprocess.Popen([CELLCTL, "-p", board.port, "-t", "10", "log", "-f", "--json"], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    follower.terminate()
    out, err = follower.communicate(timeout=20)
    check("log -f ends by a signal", follower.returncode == 0, err)
    board.expect(0, "log")
    board.expect(0, "log", err="nothing new.*plain text.*cellctl serve")
    board.expect(0, "--quiet", "log", err="^$")
    return [json.loads(line) for line in out.splitlines()]


def crashes(board, folder):
    board.expect(0, "crash", out="boot 1, partition unit")
    board.expect(1, "crash", "linux", err="no record of linux: .*cellctl status linux says")
    board.expect(1, "crash", "0", err="no record of linux")
    board.expect(8, "crash", "nosuch", err="no cell 'nosuch'; there are: linux, control, hello")
    board.expect(8, "crash", "nosuch", "--core", os.path.join(folder, "core"), err="no cell 'nosuch'")
    board.expect(1, "regs", "control", err="nothing is kept")
    board.run("console", "linux", "--for", "1", text="fault\r")
    board.expect(0, "list", out="linux +failed +1 .*fault: write outside the cell's map")
    dump = os.path.join(folder, "dump")
    found = board.json("crash", "--save", dump)
    record = found["cells"][0]
    check("linux's end", record["cell"] == "linux" and record["reason"] == "fault" and record["what"] == "write outside the cell's map" and "fault" in record["console"], str(record))
    told = json.loads(subprocess.run([os.path.join(TREE, "tools/crash-show"), "--json", dump], capture_output=True, check=True, text=True).stdout)
    same = [{k: v for k, v in c.items() if k in told["cells"][0] and not isinstance(v, (dict, list)) and k not in ("pc",)} for c in found["cells"]]
    check("the same as tools/crash-show reads", same == [{k: v for k, v in c.items() if k in same[0]} for c in told["cells"]] and
          [int(v, 16) for v in record["vcpus"][0]["registers"].values()] == list(told["cells"][0]["vcpus"][0]["registers"].values()), str(told))
    check("so are the audits", [[e["operation"] for e in a["entries"]] for a in found["audits"]] == [[e["operation"] for e in a["entries"]] for a in told["audits"]])
    check("what counts is all there is", board.json("crash") == found)
    ran = board.expect(0, "crash", "linux", "--elf", SIM, out="life 1: fault")
    check("no line for an address without a name", not re.search(r"^ +(pc|x30)$", ran.stdout, re.M), ran.stdout)
    board.expect(0, "crash", "--file", dump, port="nowhere", out="record 1, boot 1: cell linux")
    board.expect(0, "crash", "0", out="record 1, boot 1: cell linux")
    board.expect(1, "crash", "hello", "--file", dump, port="nowhere", err="no record of hello$")
    board.expect(8, "crash", "nosuch", "--file", dump, port="nowhere", err="no cell of that name")
    registers = board.json("regs", "linux")
    check("registers", len(registers["vcpus"]) == 2 and registers["vcpus"][0]["registers"]["m0"] == "0x2000", str(registers))
    board.expect(0, "regs", "linux", "1", out="vCPU 1 on cpu1, life 1")
    damaged(dump, folder)
    return [found, registers]


def damaged(dump, folder):
    """Whatever is in a dump: a message or what is whole, and nothing else."""
    with open(dump, "rb") as file:
        good = file.read()
    numbers = random.Random(1)
    codes = {}
    for n in range(150):
        bad = bytearray(good[:numbers.randrange(1, len(good))] if n % 5 == 0 else good)
        for _ in range(numbers.choice([1, 3, 30, 3000])):
            at = numbers.randrange(len(bad)) if n % 2 else numbers.choice([0, 4096, 36864, 69632, 73728, 73728 + 16384]) + numbers.randrange(600)
            if at < len(bad):
                bad[at] = numbers.choice([0, 0xff, 0x80, numbers.randrange(256)])
        if n % 3 == 0:  # with CRCs that are right again
            mend(bad)
        path = os.path.join(folder, "bad")
        with open(path, "wb") as file:
            file.write(bad)
        ran = subprocess.run([CELLCTL, "crash", "--file", path] + (["--json"] if n % 2 else []), env=ENVIRONMENT, capture_output=True, timeout=60, check=False)
        codes[ran.returncode] = codes.get(ran.returncode, 0) + 1
        if ran.returncode not in (0, 1):
            check(f"damaged dump {n}", False, ran.stderr.decode(errors="replace"))
        elif n % 2 and ran.stdout:
            json.loads(ran.stdout)
    check(f"150 damaged dumps: {codes}", set(codes) <= {0, 1})


def mend(data):
    import struct
    import zlib
    for at in [0, 4096, 36864, 69632, *range(73728, len(data) - 16, 16384)]:
        if at + 16 > len(data) or struct.unpack_from("<I", data, at)[0] != 0x52434C43:
            continue
        size = struct.unpack_from("<I", data, at + 8)[0]
        if 16 <= size <= len(data) - at:
            struct.pack_into("<I", data, at + 4, zlib.crc32(data[at + 16:at + size]))


WHERE = ("--cell", "linux", "--at", "0x40210000", "--limit", "300")


def instructions(board):
    """Of a cell that may be debugged: here until the limit."""
    ran = board.json("run", *WHERE, "--reg", "x1=5", "--reg", "x2=6,x3=7", "-r", "x3=8", "--memory", "0x40000000=2", "-m", "0x40000010=1", "14000000", code=1)
    check("options that are lists add up", ran["end"] == "limit" and [ran["registers"][f"x{n}"] for n in range(5)] == ["0x0", "0x5", "0x6", "0x8", "0x0"] and
          [(m["address"], len(m["bytes"])) for m in ran["memory"]] == [("0x40000000", 2), ("0x40000010", 1)], str(ran))
    board.expect(1, "run", *WHERE, "14000000", out="cell linux: stopped at the limit")
    return [ran]


def ends_in_a_run(board):
    """It is not asked again and again for what it must refuse: the audit has few entries."""
    board.run("console", "linux", "--for", "1", text="brittle\r")
    ran = board.run("run", *WHERE, "--json", "d2800540")
    found = json.loads(ran.stdout)
    check("a cell that ends while it runs", ran.returncode == 1 and found["end"] == "other" and found["registers"] is None and
          re.search("cell linux: it has ended.*: fault: read outside the cell's map; cellctl status linux", ran.stderr), ran.stdout + ran.stderr)
    board.expect(1, "run", *WHERE, "d2800540", out="^$", err="does not run: it is failed")
    audit = board.json("audit")["entries"]
    check("is suspended once", [(e["operation"], e["result"], e["times"]) for e in audit if e["target"] == "linux"] == [("suspend", "ok", 1), ("resume", "ok", 1)], str(audit))
    return found


def boards(board):
    reset = board.json("reset-board")
    time.sleep(1)
    found = board.json("crash")
    check("a boot later the record is there", found["head"]["boot"] == 2 and found["cells"][0]["boot"] == 1, str(found["head"]))
    board.expect(0, "power-off")
    check("power off ends the board", board.process.wait(20) == 0)
    board.expect(3, "list", err="nobody listens")
    board.command.append("--no-rights")
    board.start()
    board.expect(7, "reset-board", err="board-rights")
    ended = ends_in_a_run(board)
    board.stop()
    return [reset, ended]


def main():
    with tempfile.TemporaryDirectory() as folder:
        ENVIRONMENT["XDG_STATE_HOME"] = os.path.join(folder, "state")
        board = Board(folder)
        documents = []
        usage(board)
        a_pty(board)
        a_tty(board)
        over_tcp(board)
        documents += look(board)
        documents += operate(board)
        documents += talk(board)
        documents += records(board)
        documents += instructions(board)
        documents += crashes(board, folder)
        documents += boards(board)
        documented(documents)
    print(f"check_cli: {failed} failed")
    return 1 if failed else 0


sys.exit(main())
