# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Build a partition, run it on QEMU, look at what its cells print.

    out = Builder(root, folder).build("tests/attack/smp.dts")      # folder with cloison.elf, cloison.bin
    with Machine(out, smp=16) as m:
        m.line("witness", r"OK round=3")                            # waits; fails with the log when it does not come
        m.send("poweroff\\n")

Every run has a time limit and ends with its own process only, by its id.
Used by the tests of tests/system, by boot20.py and by tests/bench/bench.py.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("cortex-a53", "cortex-a57", "cortex-a72", "neoverse-n1", "max")
ESCAPE = "\x14"  # Ctrl-T
BOARD = "qemu-virt-aarch64"
BOARDS = {BOARD: "virt,virtualization=on,gic-version=3", f"{BOARD}-smmu": "virt,virtualization=on,gic-version=3,iommu=smmuv3"}
COMPILER = f"{os.environ.get('CROSS_COMPILE', 'aarch64-linux-gnu-')}gcc"
RESULTS = ("cloison.elf", "cloison.bin", ".config", "partition.dtb", "gen/report.txt", "gen/report.json", "gen/linux.dtb")


class Failure(AssertionError):
    pass


def board_of(partition):
    """The board a partition includes, itself or by a file beside it."""
    for kind, name in re.findall(r'(?m)^#include ([<"])([^>"]*)[>"]', Path(partition).read_text()):
        if kind == "<":
            return Path(name).stem
        board = board_of(Path(partition).parent / name)
        if board:
            return board
    return None


def board_built(out):
    """The board of what a Builder built."""
    return re.search(r'(?m)^CONFIG_BOARD="(.*)"$', (Path(out) / ".config").read_text())[1]


def devices(partition, folder):
    """QEMU's options for the devices a partition gives away: PARTITION.qemu beside it."""
    said = subprocess.run([ROOT / "tools" / "qemu-options", ROOT / partition.split()[0], folder], check=True, text=True, stdout=subprocess.PIPE)
    return said.stdout.splitlines()


def remembering():
    """The compiler, for many builds of nearly the same: an object is that of its text, of what that includes and of all arguments."""
    return f"ccache {COMPILER}" if shutil.which("ccache") else COMPILER


def environment(folder):
    """For make. The one that runs the tests must not hand its own options and variables to this one; what the compiler remembers is in `folder`,
    whatever whoever runs the tests has said about a ccache of theirs."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "O", "V") and not k.startswith("CCACHE_")}
    return {**kept, "CCACHE_DIR": str(Path(folder).resolve() / "ccache"), "CCACHE_CONFIGPATH": os.devnull, "CCACHE_NOCOMPRESS": "1",
            "CCACHE_SLOPPINESS": "include_file_mtime,include_file_ctime"}  # what cellgen writes is as new as the compilation


class Builder:
    """Partitions ("base.dts", or "base.dts overlay.dtso... VARIABLE=value..."), one after the other, in one build folder; results are kept apart
    and reused while no source changes."""

    def __init__(self, folder, make_options=()):
        self.folder = Path(folder)
        self.options = list(make_options)
        self.pool = ThreadPoolExecutor(max_workers=1)
        self.lock = threading.Lock()
        self.futures = {}
        self.queue = []

    def build(self, partition):
        """Folder with the result; waits for it, and nobody is before it who does not."""
        future = self.start(partition)
        with self.lock:
            self.queue.sort(key=lambda p: p != partition)
        return future.result()

    def start(self, partition):
        """Begin in the background; the tests that wait are few."""
        with self.lock:
            if partition not in self.futures:
                self.futures[partition] = Future()
                self.queue.append(partition)
                self.pool.submit(self._next)
            return self.futures[partition]

    def _next(self):
        with self.lock:
            partition = self.queue.pop(0)
        try:
            self.futures[partition].set_result(self._build(partition))
        except BaseException as e:
            self.futures[partition].set_exception(e)

    def close(self):
        self.pool.shutdown(cancel_futures=True)

    def _sources(self, partition):
        yield ROOT / "Makefile"
        yield ROOT / "Kconfig"
        yield ROOT / "tools" / "scatter"
        for top in ("src", "tools/cellgen", "tests/guests", str(Path(partition.split()[0]).parent)):
            yield from (p for p in sorted((ROOT / top).rglob("*")) if p.is_file() and "__pycache__" not in p.parts)
        for name in ("guests/manifest", "guests/initrd.cpio.gz", "guests/linux-io/manifest", "guests/io.cpio.gz",
                     "guests/cyclictest.cpio.gz"):
            if (ROOT / name).exists():
                yield ROOT / name

    def _key(self, partition):
        h = hashlib.sha256(repr((str(partition), self.options)).encode())
        for p in self._sources(partition):
            h.update(os.path.relpath(p, ROOT).encode() + b"\0" + p.read_bytes())
        return h.hexdigest()

    def _build(self, partition):
        """In the one build folder, which another run of tests beside this one may want, too."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._build_alone(partition)

    def _build_alone(self, partition):
        result = self.folder / re.sub(r"[^a-z0-9]+", "-", str(partition).lower().removesuffix(".dts"))
        key = self._key(partition)
        stamp = result / "key"
        if stamp.exists() and stamp.read_text() == key:
            return result
        work = self.folder / "work"
        work.mkdir(parents=True, exist_ok=True)
        (work / ".config").unlink(missing_ok=True)  # what the last one had chosen
        base, *rest = partition.split()
        overlays, more = [w for w in rest if "=" not in w], [w for w in rest if "=" in w]
        devices = ["IOMMU=y", "PCI=y", "ITS=y"] if board_of(ROOT / base).endswith("-smmu") else []
        command = ["make", "-C", str(ROOT), "-j2", f"O={work}", f"CC={remembering()}", f"PARTITION={ROOT / base}", f"OVERLAYS={' '.join(overlays)}",
                   f"BOARD={board_of(ROOT / base)}", "SCRUB_AT_BOOT=n", "TRACE_AT_BOOT=n", "BOUND=n",
                   "CONSOLE_PAUSE_MS=200", *more, *devices, *self.options]
        made = subprocess.run(command + ["all"], env=environment(self.folder), text=True, timeout=600,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if made.returncode:
            raise Failure(f"{' '.join(command)}\n{made.stdout}")
        shutil.rmtree(result, ignore_errors=True)
        for name in RESULTS:
            if (work / name).exists():
                (result / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(work / name, result / name)
        stamp.write_text(key)
        return result

    def guest(self, name):
        """A guest as a file of its own, for bare QEMU; made along with any partition."""
        return self.folder / "work" / "guests" / f"{name}.bin"


def clean(text):
    """Terminal sequences out, line ends as \\n."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n").replace("\r", "\n")


class Machine:
    """A running QEMU. A test that waits for something that does not come fails with the whole log."""

    stalls = []  # options by which its vCPUs stand now and then: conftest's --stalls
    patience = 1  # how many times as long things may take

    def __init__(self, out=None, *, cpu="cortex-a57", smp=8, mem=1024, icount=False, binary=False, bare=None,
                 options=(), limit=120, log=None):
        self.deadline = time.monotonic() + limit * self.patience
        self.text = ""
        self.done = False
        self.changed = threading.Condition()
        self.log = open(log or os.devnull, "wb")
        command = self._command(out, cpu, smp, mem, icount, binary, bare) + list(options) + ([] if icount else self.stalls)
        self.command = " ".join(str(c) for c in command)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    @staticmethod
    def _command(out, cpu, smp, mem, icount, binary, bare):
        kernel = bare or Path(out) / ("cloison.bin" if binary else "cloison.elf")
        machine = "virt,gic-version=3" if bare else BOARDS[board_built(out)]
        extra = []
        if icount:
            cpu += ",cntfrq=1000000000"
            machine += ",dtb-randomness=off"
            extra = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"]
        return ["qemu-system-aarch64", "-M", machine, "-cpu", cpu, "-smp", str(smp), "-m", str(mem), "-kernel", str(kernel),
                "-display", "none", "-monitor", "none", "-nic", "none", "-serial", "stdio", *extra]

    def _read(self):
        while True:
            data = os.read(self.process.stdout.fileno(), 65536)
            with self.changed:
                if data:
                    self.text += data.decode("latin-1")
                    self.log.write(data)
                    self.log.flush()
                self.done = not data
                self.changed.notify_all()
            if not data:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        self.reader.join(5)
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()

    def send(self, text):
        self.process.stdin.write(text.encode("latin-1"))
        self.process.stdin.flush()

    def fail(self, why):
        __tracebackhide__ = True
        text = re.sub(r"(?m)^\[(witness\] witness: OK|flood\] ).*\n", "", clean(self.text))  # they say nothing new
        raise Failure(f"{why}\n--- {self.command}\n{printable(text[-12000:])}")

    def wait(self, probe, what, timeout=30):
        """Until probe() is true; its result. False when it ends or the time is over: a failure."""
        __tracebackhide__ = True
        end = min(time.monotonic() + timeout * self.patience, self.deadline)
        with self.changed:
            while True:
                found = probe()
                if found:
                    return found
                left = end - time.monotonic()
                if self.done or left <= 0:
                    break
                self.changed.wait(min(left, 0.5))
        self.fail(f"{'QEMU ended' if self.done else 'time is over'}: waited for {what}")

    def expect(self, pattern, timeout=30, since=0):
        """Anywhere in what came after position `since`; returns the match (positions are absolute)."""
        __tracebackhide__ = True
        compiled = re.compile(pattern)
        return self.wait(lambda: compiled.search(self.text, since), f"/{pattern}/", timeout)

    def lines(self, cell=None):
        """Complete lines, [(cell, text)] or, for one cell, [text]."""
        found = []
        for line in clean(self.text).split("\n")[:-1]:
            m = re.match(r"\[([^]]+)\] ?(.*)", line)
            found.append((m[1], m[2]) if m else (None, line))
        return found if cell is None else [t for c, t in found if c == cell]

    def line(self, cell, pattern, timeout=30, since=0, count=1):
        """Until the count-th line of this cell after its first `since` ones matches; the match."""
        __tracebackhide__ = True
        compiled = re.compile(pattern)

        def probe():
            hits = [m for m in map(compiled.search, self.lines(cell)[since:]) if m]
            return hits[count - 1] if len(hits) >= count else None
        return self.wait(probe, f"line {count} of {cell} with /{pattern}/", timeout)

    def whole_lines(self, cell, begin):
        """The same of a cell all of whose lines begin so. What does not is the rest of one: a line that pauses while keys come, because the host
        lets a vCPU stand, goes out as far as it is, and somebody else's may come between."""
        found = []
        for text in self.lines(cell):
            if found and not text.startswith(begin):
                found[-1] += text
            else:
                found.append(text)
        return found

    def said(self, cell, pattern, timeout=60, since=0):
        """This cell has said it after its first `since` lines, in whatever pieces they went out; the match."""
        __tracebackhide__ = True
        compiled = re.compile(pattern)
        return self.wait(lambda: compiled.search("".join(self.lines(cell)[since:])), f"/{pattern}/ of {cell}", timeout)

    def mark(self, cell):
        return len(self.lines(cell))

    def never(self, pattern, seconds=0.0, since=0):
        """Must not come, now and for some time."""
        end = time.monotonic() + seconds
        while True:
            m = re.search(pattern, self.text[since:])
            if m:
                self.fail(f"this should never come: {m[0]!r}")
            if time.monotonic() >= end:
                return
            time.sleep(0.1)

    def record(self, cell, timeout=30):
        """The record of a stopped cell: its head line, and its named values."""
        head = self.line("core", rf"^cell {re.escape(cell)}: (.*)", timeout)[1]
        if not head.startswith("switched itself off"):
            self.line("core", rf"^{re.escape(cell)}: x28=", timeout)  # the last of it
        values = {}
        for text in self.lines("core"):
            if text.startswith(f"{cell}:"):
                values.update((k, int(v, 16)) for k, v in re.findall(r"(\w+)=(0x[0-9a-f]+)", text))
        return head, values

    def counters(self, timeout=20, patience=15):
        """Exit counters by (cell, vcpu), through the escape key; a cell that is just stopping may have some time for it."""
        end = time.monotonic() + patience * self.patience
        while True:
            found = self.counters_now(timeout)
            if time.monotonic() > end or not any(c["state"] == "stopping" for c in found.values()):
                return found
            time.sleep(0.2)

    def counters_now(self, timeout=20):
        since = self.mark("core")
        self.send(ESCAPE + "s")
        self.line("core", r"console core lost=", timeout, since)
        result = {}
        for text in self.lines("core")[since:]:
            m = re.match(r"counters cell=(\S+) vcpu=(\d+) (.*)", text)
            if m:
                result[m[1], int(m[2])] = dict(f.split("=", 1) for f in m[3].split())
        return result

    def ended(self, timeout=20):
        """QEMU has ended by itself; its exit code."""
        try:
            return self.process.wait(timeout * self.patience)
        except subprocess.TimeoutExpired:
            self.fail("QEMU did not end")

    # Linux's shell, in the cell that has the keyboard

    def to_shell(self, timeout=90, cell="linux"):
        self.line(cell, "cloison-linux: ready", timeout)
        self.expect("linux# ", timeout)

    def shell(self, command, timeout=20, cell="linux"):
        """Run it; its status and what it printed. (The words typed differ from the words printed.)"""
        with self.changed:
            start = len(self.text)
        token = f"{start:07d}"
        typed = f"echo beg$((0)){token}; {command}; echo end$((0)){token} $?\n"
        for i in range(0, len(typed), 8):  # as fast as a serial line
            self.send(typed[i:i + 8])
            time.sleep(0.004)
        m = self.expect(rf"(?s)beg0{token}\s*\n(.*)end0{token} (\d+)", timeout, start)
        lines = [line for line in clean(m[1]).split("\n") if not re.match(rf"\[(?!{cell}\])[^]]+\] ", line)]
        return int(m[2]), "\n".join(re.sub(rf"^\[{cell}\] ?", "", line) for line in lines).strip()


def printable(text):
    return "".join(c if c == "\n" or " " <= c <= "~" else "" if c == "\r" else f"\\x{ord(c):02x}" for c in text)


def scratch():
    return tempfile.mkdtemp(prefix="cloison-test-")
