# SPDX-License-Identifier: Apache-2.0 OR MIT
"""cellctl's gdb, run, trace and serve on a board: bare-metal cells and Linux, a gdb-multiarch with a script."""

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

import qemu

PARTITION = "tests/system/partitions/debug.dts"
SCHEMA = qemu.ROOT / "tests" / "cellctl" / "trace_schema.py"
FIBONACCI = ("d2800001 d2800022 aa0003e4 d2800103 8b020025 aa0203e1 aa0503e2 f1000463 54ffff81 f9000081 aa0103e0 d42000e0").split()


class Board:
    """QEMU with its UART as a socket, cellctl, and a server between."""

    def __init__(self, out, folder, log):
        self.folder = folder
        self.uart = folder / "uart"
        self.tool = folder / "tools" / "cellctl"
        self.environment = {**os.environ, "LC_ALL": "C", "XDG_STATE_HOME": str(folder / "state")}
        subprocess.run(["make", "-s", "-C", qemu.ROOT, "-f", "tools/cellctl/Makefile", f"O={folder}"], check=True, timeout=300,
                       env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "O", "V")})
        command = qemu.Machine._command(out, "cortex-a57", 8, 1024, False, False, None)
        command[command.index("stdio")] = f"unix:{self.uart},server=on,wait=off"
        self.log = open(log, "wb")
        self.processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)]
        self.port = f"unix:{self.uart}"

    def command(self, *arguments, port=None):
        return [self.tool, "--timeout", "20", "--port", port or self.port, *arguments]

    def run(self, *arguments, stdin="", code=0, port=None):
        done = subprocess.run(self.command(*arguments, port=port), input=stdin, capture_output=True, text=True, timeout=120, env=self.environment)
        self.log.write(f"$ {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}".encode())
        assert done.returncode == code, (arguments, done)
        return done.stdout

    def start(self, *arguments):
        process = subprocess.Popen(self.command(*arguments), stderr=self.log, env=self.environment)
        self.processes.append(process)
        return process

    def wait(self, condition, what, seconds=120):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, what
            time.sleep(0.2)

    def serve(self):
        self.start("serve", self.folder / "s", "--audit", self.folder / "audit")
        self.wait(Path(f"{self.folder}/s.admin").exists, "the server's sockets")
        self.port = f"unix:{self.folder}/s.admin"

    def gdb(self, cell, *commands, elf=None):
        """What gdb says; it finds the cell by a server of its own."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = self.start("gdb", cell, "--listen", str(port), "--once")
        script = ["set remotetimeout 60", f"target remote :{port}", *commands, "detach"]
        time.sleep(1)
        done = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-ex", "set architecture aarch64", *([elf] if elf else []),
                               *(word for command in script for word in ("-ex", command))], capture_output=True, text=True, timeout=120)
        self.log.write(f"gdb {cell}\n{done.stdout}{done.stderr}".encode())
        assert server.wait(30) == 0
        return done.stdout

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
                process.wait(20)
        self.log.close()


def instructions(board, cell):
    assert "x0 = 42\n" in board.run("run", "--cell", cell, "--insns", "d2800540", "d4200000")
    found = json.loads(board.run("--json", "run", "--cell", cell, "--reg", "x0=0x40210000", "--memory", "0x40210000=8", *FIBONACCI))
    assert found["end"] == "brk" and found["brk"] == 7 and found["registers"]["x0"] == hex(21)
    assert bytes(found["memory"][0]["bytes"]) == struct.pack("<Q", 21)
    data = board.folder / "data"
    data.write_bytes(bytes(range(200)))
    found = json.loads(board.run("--json", "run", "--cell", cell, "--data", f"0x40210000={data}", "--memory", "0x40210000=200", "--reg", "x1=0x40210008",
                                 "f9400020"))  # ldr x0, [x1]
    assert found["registers"]["x0"] == "0xf0e0d0c0b0a0908" and found["memory"][0]["bytes"] == list(range(200))
    assert "limit" in board.run("run", "--cell", cell, "--limit", "200", "14000000", code=1)
    assert "x0 = 42\n" in board.run("run", "--cell", cell, "d2800540")


def library(board):
    program = board.folder / "run_library"
    tool = qemu.ROOT / "tools" / "cellctl"
    subprocess.run(["gcc", "-o", program, qemu.ROOT / "tests" / "system" / "run_library.c", f"-I{tool}", f"-I{qemu.ROOT}/src",
                    board.folder / "tools" / "libcellctl.a"], check=True)
    done = subprocess.run([program, board.port, "1"], capture_output=True, text=True, timeout=60)
    assert done.stdout == "2880067194370816120\n", done


def bare_metal(board, elf):
    said = board.gdb("direct", "info threads", "break irq_handler", "continue", "info threads", "delete", "watch ticks", "continue", "continue", "delete",
                     "hbreak irq_handler", "continue", "delete", "stepi", "stepi", "thread 1", "print/x $x1", "set var *(long *)$x0 = 77", "print *(long *)$x0", elf=elf)
    for text in ("Thread 1 (vCPU 0)", "hit Breakpoint 1, irq_handler (intid=27)", "hit Hardware watchpoint 2: ticks", "hit Breakpoint 3, irq_handler",
                 "= 0x10000", "= 77", "detached"):
        assert text in said, (text, said)
    old, new = map(int, re.search(r"Old value = (\d+)\nNew value = (\d+)", said).groups())
    assert new == old + 1
    assert "x0 = 42\n" in board.run("run", "--cell", "direct", "d2800540")  # it waits as before


def linux(board):
    board.wait(lambda: "linux#" in board.run("console", "linux", "--for", "1") or "linux" in board.run("console", "linux", "--for", "1", stdin="uname\r"), "Linux", 180)
    said = board.gdb("linux", "info threads", "x/2i $pc", "print/x $x30", "hbreak *$x30", "continue", "delete", "stepi", "stepi", "x/1i $pc",
                     "break *$x30", "continue", "delete")
    assert "Thread 2 (vCPU 1)" in said and "detached" in said, said
    back = int(re.search(r"\$1 = (0x[0-9a-f]+)", said)[1], 16)
    assert back >> 48 == 0xffff and f"hit Breakpoint 1, {back:#018x}" in said and "hit Breakpoint 2, 0xffff" in said, said
    assert "Cannot access memory" not in said
    assert "still 42" in board.run("console", "linux", "--for", "3", stdin="echo still $((40+2))\r")


def debugger_dies(board):
    """Its cell does not wait for ever."""
    server = board.start("gdb", "mediated", "--listen", "0")
    board.wait(lambda: b"finds cell mediated" in Path(board.log.name).read_bytes(), "its port")
    port = int(re.findall(rb"remote :(\d+)' finds cell mediated", Path(board.log.name).read_bytes())[-1])
    with socket.create_connection(("127.0.0.1", port)) as gdb:
        gdb.sendall(b"+$?#3f")
        assert b"T0" in gdb.recv(100)
        status = json.loads(board.run("--json", "status", "mediated"))
        server.kill()
        server.wait(20)
    board.wait(lambda: json.loads(board.run("--json", "status", "mediated")) != status, "it goes on", 30)
    assert "x0 = 42\n" in board.run("run", "--cell", "mediated", "d2800540")
    assert "debugger gone" in (board.folder / "audit").read_text()


def traces(board):
    path = board.folder / "trace.json"
    board.run("trace", "linux", "--for", "2", "--output", path)
    subprocess.run([sys.executable, SCHEMA, path], check=True, capture_output=True)
    events = json.loads(path.read_text())["traceEvents"]
    assert {e["args"]["name"] for e in events if e["name"] == "process_name"} == {"linux"}
    assert any(e["ph"] in "iX" and e["cat"] in ("irq", "exit") for e in events), events[:20]
    assert "linux" in board.run("trace", "linux", "--for", "1")


@pytest.mark.linux
@pytest.mark.partition(PARTITION)
def test_cellctl(builder, request, tmp_path):
    if not shutil.which("gdb-multiarch"):
        pytest.skip("no gdb-multiarch here")
    logs = Path(request.config.getoption("--out")) / "logs"
    out = builder.build(PARTITION)
    logs.mkdir(parents=True, exist_ok=True)
    elf = tmp_path / "lab.elf"
    shutil.copyfile(builder.guest("lab").with_suffix(".elf"), elf)
    board = Board(out, tmp_path, logs / "test-cellctl.log")
    try:
        board.wait(board.uart.exists, "the UART")
        board.run("list")
        for cell in ("direct", "mediated", "linux"):
            board.run("start", cell, "--wait", "60")
        instructions(board, "direct")
        board.serve()
        instructions(board, "mediated")
        library(board)
        bare_metal(board, elf)
        linux(board)
        debugger_dies(board)
        traces(board)
        assert json.loads(board.run("--json", "list"))["cells"][0]["state"] == "running"
    finally:
        board.close()


LAB = "configs/qemu-virt-aarch64-lab.dts"


def clean_ends(board):
    """Whoever closes QEMU's socket leaves no half of a frame behind."""
    for _ in range(3):
        before = json.loads(board.run("--json", "identify"))["damaged_frames"]
    assert before == 0


def ask_gdb(port, *packets):
    """Each packet's answer, by gdb's own protocol."""
    with socket.create_connection(("127.0.0.1", port)) as gdb:
        for packet in packets:
            gdb.sendall(b"$%s#%02x" % (packet, sum(packet) & 255))
            answer = b""
            while not re.search(rb"\$[^#]*#..", answer):
                piece = gdb.recv(4096)
                assert piece, (packet, answer)
                answer += piece
            gdb.sendall(b"+")
            yield re.search(rb"\$([^#]*)#", answer)[1]


def killed_debugger(board):
    """Its breakpoints are taken out by the next one."""
    def start():
        heard = len(Path(board.log.name).read_bytes())
        server = board.start("gdb", "lab", "--listen", "0")
        board.wait(lambda: b"finds cell lab" in Path(board.log.name).read_bytes()[heard:], "its port")
        return server, int(re.findall(rb"remote :(\d+)' finds cell lab", Path(board.log.name).read_bytes())[-1])
    server, port = start()
    answers = ask_gdb(port, b"m40200000,4", b"Z0,40200000,4", b"m40200000,4")
    before = next(answers)
    assert next(answers) == b"OK"
    server.kill()
    server.wait(20)
    server, port = start()
    found, = ask_gdb(port, b"m40200000,4")
    assert found == before and b"1 breakpoints of a cellctl that was killed" in Path(board.log.name).read_bytes()
    server.terminate()
    assert server.wait(30) == 0
    assert "x0 = 42\n" in board.run("run", "--cell", "lab", "d2800540")
    assert json.loads(board.run("--json", "status", "lab"))["cells"][0]["state"] == "running"


def no_patience(board):
    """Ctrl-C in the middle: the cell waits as before, with its registers."""
    running = board.start("run", "--limit", "100000", "14000000")  # b .
    time.sleep(3)
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 12
    assert "x0 = 42\n" in board.run("run", "d2800540")


@pytest.mark.partition(LAB)
def test_lab(builder, request, tmp_path):
    """The partition of docs/cellctl.md and its first commands."""
    logs = Path(request.config.getoption("--out")) / "logs"
    out = builder.build(LAB)
    logs.mkdir(parents=True, exist_ok=True)
    board = Board(out, tmp_path, logs / "test-lab.log")
    try:
        board.wait(board.uart.exists, "the UART")
        found = {cell["name"]: cell for cell in json.loads(board.run("--json", "list"))["cells"]}
        assert found["lab"]["debug_allowed"] and found["linux"]["debug_allowed"] and not found["control"]["debug_allowed"]
        assert {"restart", "stop", "start"} <= set(found["lab"]["rights"]) & set(found["linux"]["rights"])
        clean_ends(board)
        board.run("restart", "lab", "--wait", "30")
        board.wait(lambda: json.loads(board.run("--json", "status", "linux"))["cells"][0]["state"] == "running", "Linux")
        board.run("run", "d2800540", code=2)  # in which of the two?
        board.run("suspend", "linux", "--wait", "30")
        assert re.search(r"cell lab: ended with BRK #0 .*x0 = 42\n", board.run("run", "--insns", "d2800540", "d4200000"), re.S)
        assert json.loads(board.run("--json", "run", "--reg", "x0=0x40210000", *FIBONACCI))["cell"] == "lab"
        no_patience(board)
        killed_debugger(board)
        board.run("crash", "lab", code=1)
        board.run("crash", "nosuch", code=8)
        only = json.loads(board.run("--json", "trace", "lab", "--for", "0"))["traceEvents"]
        assert {(e["name"], e["args"]["name"]) for e in only if e["ph"] == "M"} == {("process_name", "lab"), ("thread_name", "cpu3"), ("thread_name", "cpu4")}
        all_of = json.loads(board.run("--json", "trace", "--for", "0"))["traceEvents"]
        assert {e["args"]["name"] for e in all_of if e["name"] == "process_name"} == {"linux", "control", "lab", "core"}
    finally:
        board.close()
