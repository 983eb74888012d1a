# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a board prints, by its serial line: a measurement of the rig cell there.

    port.measure("/dev/ttyUSB0", cell="rig", limit=120)        text of the cell, from a beginning to "rig: done"

A port is a serial line (or pty), a UNIX socket (QEMU's), tcp:HOST:PORT, or the socket of `cellctl serve` with `cellctl` given:
then the cell's console is read through that, and others may use the board beside.
"""

import contextlib
import errno
import fcntl
import os
import re
import select
import socket
import stat
import subprocess
import tempfile
import termios
import time
import tty

import formats

ESCAPE = b"\x14"    # Ctrl-T, as configured by default: CONFIG_CONSOLE_ESCAPE
TRIES, PATIENCE = 6, 4.0
MOST = 64 << 20     # of text: a board that prints without end does not fill this machine


class Line:
    """The bytes of a port, whatever it is; for `with`."""

    def __init__(self, port, baud=115200):
        self.port, self.file, self.socket = port, None, None
        path = port.split(":", 1)[1] if port.startswith(("unix:", "tty:")) else port
        try:
            if port.startswith("tcp:"):
                host, _, number = port[4:].rpartition(":")
                self.socket = socket.create_connection((host, int(number)), timeout=5)
            elif stat.S_ISSOCK(os.stat(path).st_mode):
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(path)
            else:
                self.file = self.serial(path, baud)
        except (OSError, ValueError) as e:
            raise formats.Bad(f"{port}: {getattr(e, 'strerror', None) or e}") from None
        self.fd = self.file if self.socket is None else self.socket.fileno()
        os.set_blocking(self.fd, False)

    @staticmethod
    def serial(path, baud):
        speed = getattr(termios, f"B{baud}", None)
        if speed is None:
            raise formats.Bad(f"{path}: this machine has no speed {baud}")
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            if not os.isatty(fd):
                raise formats.Bad(f"{path}: neither a serial line nor a socket")
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise formats.Bad(f"{path}: another program is using it") from None
            tty.setraw(fd, termios.TCSANOW)
            mode = termios.tcgetattr(fd)
            mode[2] = (mode[2] & ~(termios.CSTOPB | getattr(termios, "CRTSCTS", 0))) | termios.CLOCAL | termios.CREAD
            mode[4] = mode[5] = speed
            termios.tcsetattr(fd, termios.TCSANOW, mode)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.socket is None:
            os.close(self.file)
        else:
            self.socket.close()

    def send(self, data, pause=0.004):
        """As fast as a serial line takes it that has no flow control."""
        for i in range(0, len(data), 8):
            with contextlib.suppress(BlockingIOError):
                os.write(self.fd, data[i:i + 8])
            time.sleep(pause)

    def read(self, seconds):
        """What comes within that time, at once; b"": nothing. Bad: it has gone."""
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return b""
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return b""
        except OSError as e:
            if e.errno != errno.EIO:
                raise formats.Bad(f"{self.port}: {e.strerror}") from None
            data = b""
        if not data:
            raise formats.Bad(f"{self.port}: it was closed at the other end")
        return data


def measure(port, cell="rig", begin="restart", limit=120.0, silence=30.0, baud=115200, log=None, reset=None):
    """
    The text from the beginning of a measurement until it is done. begin: "restart": the operator's command line starts the cell
    again; "wait": somebody resets the board, or the command `reset` does. log: a file that gets all bytes.
    """
    text, raw = "", b""
    end, heard = time.monotonic() + limit, time.monotonic()
    with Line(port, baud) as line:
        asks = Asks(line, cell) if begin == "restart" and not reset else None
        if reset:
            done = subprocess.run(reset, shell=True, timeout=limit, check=False)
            if done.returncode:
                raise formats.Bad(f"the command that resets the board ended with {done.returncode}: {reset}")
        while not formats.rig_done(text):
            left = min(end, heard + silence) - time.monotonic()
            if left <= 0:
                raise formats.Bad(trouble(port, cell, begin, text, silence if heard + silence < end else limit))
            if asks:
                asks.again(raw)
            data = line.read(min(left, 0.5))
            if data:
                heard = time.monotonic()
                raw += data
                if log:
                    log.write(data)
                    log.flush()
                if len(raw) > MOST:
                    raise formats.Bad(f"{port}: more than {MOST >> 20} MiB, and no 'rig: done'")
                whole = raw.rpartition(b"\n")[0]
                text = of_cell(whole.decode("utf-8", "replace"), cell, begin)
                refuse(port, cell, begin, whole.decode("utf-8", "replace"))
    return text


class Asks:
    """
    The operator's command, until the core says something to it: the board may still be booting. After a session that did not end
    in order it takes no keys until Ctrl-T has come alone (docs/line.md), which otherwise begins a command: so every other time.
    """

    def __init__(self, line, cell):
        self.line, self.command, self.tries, self.next = line, b"restart " + cell.encode(), 0, 0.0

    def again(self, heard):
        if time.monotonic() < self.next or self.tries == TRIES or b"[core] : " in heard or b"] " + self.command + b":" in heard:
            return
        if self.tries % 2:
            for key in (b"", ESCAPE):
                time.sleep(0.4)
                self.line.send(key)
            time.sleep(0.4)
        self.line.send(ESCAPE + b":" + self.command + b"\r")
        self.tries += 1
        self.next = time.monotonic() + PATIENCE


def of_cell(text, cell, begin="wait"):
    """The lines of this cell, or of a bare machine, which has no prefix; of a measurement of which the beginning was heard."""
    mine, behind = [], begin == "wait"
    for line in formats.lines(text):
        m = formats.LINE.match(line)
        if re.fullmatch(rf"\[core\] restart {re.escape(cell)}: (ok|already)", line):
            mine, behind = [], True
        elif m and behind and m["cell"] in (None, cell):
            mine.append((m["kind"], line))
    while mine and mine[0][0] != "begin":   # the rest of one that was under way
        done = next((i for i, (kind, _) in enumerate(mine) if kind == "done"), len(mine) - 1) if begin == "wait" else 0
        mine = mine[done + 1:]
    return "".join(line + "\n" for _, line in mine)


def refuse(port, cell, begin, text):
    """The core says no to the restart: say so at once."""
    m = begin == "restart" and re.search(rf"(?m)^\[core\] (?:restart {re.escape(cell)}: (denied|refused.*)|(no such (?:cell|command).*))", text)
    if m:
        raise formats.Bad(f"{port}: the core says: {(m[1] or m[2]).strip()}; the operator needs the right to restart {cell} "
                          "(cloison,controls), or reset the board yourself: BEGIN=wait")


def trouble(port, cell, begin, text, seconds):
    if not text:
        what = "is there power, is it the right port and speed, does another program read it" if begin == "restart" else "reset the board"
        return f"{port}: nothing of cell {cell} in {seconds:g} seconds: {what}?"
    return f"{port}: the measurement began, but there was no 'rig: done' in {seconds:g} seconds; the last line: {text.splitlines()[-1]}"


# ---- through cellctl

ROLES = (".operator", ".admin")     # of `cellctl serve`: its sockets that may restart a cell


def by_cellctl(program, port, cell="rig", begin="restart", limit=120.0, log=None):
    """
    The same by cellctl's console of the cell, so the line may be framed. A port serves one at a time, and the console has to be open
    before the cell begins: if it is not a server's already, one is put between.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        if not port.endswith(ROLES):
            port = serve(program, port, folder, running)
        command = [program, "--timeout", "20", "-p", port]
        console = start(running, [*command, "console", cell, "--for", str(int(limit))])
        end, raw, tries = time.monotonic() + limit, b"", 0
        while time.monotonic() < end and len(raw) < MOST:
            if begin == "restart" and not tries:
                time.sleep(2.0)     # the console is open by then; if not, the beginning is missing, and it is asked for again
                tries += restart(command, cell, port)
            if not select.select([console.stdout], [], [], 0.5)[0]:
                continue
            data = os.read(console.stdout.fileno(), 65536)
            if not data:
                raise formats.Bad(f"{port}: cellctl console {cell} ended: {console.stderr.read().decode('utf-8', 'replace').strip()}")
            raw += data
            if log:
                log.write(data)
            whole = raw.rpartition(b"\n")[0].decode("utf-8", "replace")
            text = of_cell(whole, cell)
            if formats.rig_done(text):
                return text
            if formats.rig_done(whole) and begin == "restart" and tries < TRIES:
                raw, tries = b"", tries + restart(command, cell, port)
    raise formats.Bad(f"{port}: no 'rig: done' on the console of {cell} in {limit:g} seconds")


def start(running, command):
    """A process that ends with us."""
    process = running.enter_context(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    running.callback(process.terminate)
    return process


def serve(program, port, folder, running):
    """cellctl serve on a port of its own; that."""
    server = start(running, [program, "--quiet", "-p", port, "serve", f"{folder}/board"])
    end = time.monotonic() + 30
    while not os.path.exists(f"{folder}/board.operator"):
        if server.poll() is not None or time.monotonic() > end:
            said = server.stderr.read().decode("utf-8", "replace").strip() if server.poll() is not None else "it does not answer"
            raise formats.Bad(f"{port}: cellctl serve: {said}")
        time.sleep(0.1)
    return f"unix:{folder}/board.operator"


def restart(command, cell, port):
    done = subprocess.run([*command, "restart", cell], capture_output=True, text=True, timeout=90, check=False)
    if done.returncode:
        raise formats.Bad(f"{port}: cellctl restart {cell}: {done.stderr.strip() or done.returncode}")
    return 1
