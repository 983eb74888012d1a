# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Why a cell or a CPU ended is still there after the cell's restart and after a reset of the board: QEMU's system_reset
leaves RAM as it is and loads the image again, as a warm reset does.

Panics are real ones: a machine that is not the declared one, or an image in which the first instruction of one function
is no instruction.
"""

import json
import re
import socket
import struct
import subprocess
import sys

import pytest

import qemu

sys.path.append(str(qemu.ROOT / "tools" / "instrument"))
from elf import Elf  # noqa: E402

HALT = "tests/system/partitions/crash.dts"
RESET = "tests/system/partitions/crash-reset.dts"
BASE, SIZE = 0x7FF00000, 0x40000
SLOTS, SLOT = 0x12000, 0x4000
SHOW = qemu.ROOT / "tools" / "crash-show"


class Qmp:
    """QEMU's own control: reset, and the memory as it is."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw")
        self.answer()
        self("qmp_capabilities")

    def answer(self):
        while True:
            found = json.loads(self.file.readline())
            if "event" not in found:
                return found

    def __call__(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}))
        self.file.flush()
        found = self.answer()
        assert "return" in found, found


class Board:
    """A machine, and the way to its memory."""

    def __init__(self, boot, folder, **options):
        self.folder = folder
        path = folder / "qmp"
        path.unlink(missing_ok=True)
        options["options"] = [*options.get("options", ()), "-qmp", f"unix:{path},server=on,wait=off"]
        self.m = boot(**options)
        self.m.expect(r"\[core\]")  # it runs, so the socket is there
        self.qmp = Qmp(path)

    def dump(self):
        path = self.folder / "region"
        path.unlink(missing_ok=True)
        self.qmp("pmemsave", val=BASE, size=SIZE, filename=str(path))
        return path

    def region(self):
        return show(self.dump())

    def reset(self):
        """Lines of the core from then on."""
        since = self.m.mark("core")
        self.qmp("system_reset")
        return since

    def command(self, text):
        since = self.m.mark("core")
        self.m.send(qemu.ESCAPE + ":")
        self.m.send(text + "\r")
        return since


def show(path):
    done = subprocess.run([sys.executable, str(SHOW), "--json", str(path)], stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def kill(board, cell, way, since=0):
    """Whoever has the keyboard: it gets it."""
    board.m.line(cell, r"^mortal: born", since=since)
    board.m.send(qemu.ESCAPE + {"first": "1", "second": "2"}[cell])
    board.m.send(way + "\n")


@pytest.fixture
def board(boot, tmp_path):
    return lambda **options: Board(boot, tmp_path, **options)


@pytest.mark.partition(HALT, RESET)
@pytest.mark.parametrize("partition", [HALT, RESET], ids=["own", "shared"])
def test_record_outlives_cell_and_board(board, partition):
    b = board(partition=partition)
    b.m.line("core", r"^crash region at 0x7ff00000: boot 1, 0 records of earlier ones")
    kill(b, "first", "write@1")
    b.m.line("first", r"^mortal: born", count=2)  # its next life
    region = b.region()
    assert not region["damaged"]
    record, = region["cells"]
    assert (record["cell"], record["life"], record["reason"], record["by"], record["then"]) == ("first", 1, "fault", "itself", "restarting")
    assert record["what"] and record["vcpu"] == 1
    assert [v["state"] for v in record["vcpus"]] == ["registers", "registers"]
    assert record["vcpus"][1]["registers"]["pc"] == record["pc"] and 0x40000000 <= record["pc"] < 0x40800000
    assert record["vcpus"][0]["registers"]["pc"] != record["pc"]
    assert record["console"].replace("\r", "").endswith("mortal: write\n") and "mortal: born" in record["console"]
    assert record["configuration"] == region["head"]["configuration"]
    lines = b.m.mark("first")
    since = b.reset()
    b.m.line("core", r"^crash region at 0x7ff00000: boot 2, 1 records of earlier ones", since=since)
    b.m.line("core", rf"^crash record 1 of an earlier boot: cell first, life 1, fault: {re.escape(record['what'])}, vCPU 1 on cpu2, pc {record['pc']:#x}; "
             rf"{len(record['console'])} bytes of console; `crash first` shows it$", since=since)
    since = b.command("crash first")
    b.m.line("core", r"^crash 1: boot 1, counter at \d+\.\d+ s; by itself; then restarting; partition", since=since)
    b.m.line("core", r"^crash 1: .*esr=0x[0-9a-f]+ ", since=since)
    b.m.line("core", r"^crash 1: vCPU 1: registers$", since=since)
    b.m.line("core", r"^crash 1: \| mortal: write$", since=since)
    # a second and a third end: the oldest record gives way, over resets
    kill(b, "first", "read", lines)
    b.m.line("core", r"^cell first: restarted", since=since)
    b.m.line("first", r"^mortal: born", since=lines, count=2)  # it does not begin before its record is kept; to tell may be sooner
    assert [c["sequence"] for c in b.region()["cells"]] == [1, 2]
    since = b.reset()
    b.m.line("core", r"^crash region at 0x7ff00000: boot 3, 2 records", since=since)
    b.m.line("core", r"^crash record 1 of an earlier boot: cell first, life 1", since=since)
    b.m.line("core", r"^crash record 2 of an earlier boot: cell first, life 1", since=since)


@pytest.mark.partition(HALT)
def test_wishes_leave_nothing(board):
    b = board()
    kill(b, "first", "reset")
    b.m.line("first", r"^mortal: born", count=2)
    kill(b, "second", "off")
    b.m.line("core", r"^cell second: switched itself off")
    assert b.region()["cells"] == []


def damaged(data, what):
    data = bytearray(data)
    if what == "torn":
        struct.pack_into("<I", data, SLOTS, 0x57434C43)
    elif what == "flipped":
        data[SLOTS + 500] ^= 0x10
    elif what == "head":
        data[0:4096] = bytes([0xA5]) * 4096
    elif what == "noise":
        seed = 1
        for i in range(len(data)):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            data[i] = seed >> 16 & 0xFF
    return bytes(data)


@pytest.mark.partition(HALT)
@pytest.mark.parametrize("what", ["whole", "torn", "flipped", "head", "noise"])
def test_damaged_region(board, tmp_path, what):
    """Whatever is there: it is said, and boot goes on."""
    b = board()
    kill(b, "first", "write")
    b.m.line("first", r"^mortal: born", count=2)
    left = tmp_path / "left"
    left.write_bytes(damaged(b.dump().read_bytes(), what))
    b.m.close()
    b = board(options=["-device", f"loader,file={left},addr={BASE:#x},force-raw=on"])
    if what == "noise":
        b.m.line("core", r"^crash region at 0x7ff00000: boot 1, 0 records")
    else:
        b.m.line("core", rf"^crash region at 0x7ff00000: boot 2, {0 if what in ('torn', 'flipped') else 1} records")
    if what in ("torn", "flipped"):
        b.m.line("core", r"^crash region: 1 of its parts are damaged")
    kill(b, "first", "write")
    b.m.line("first", r"^mortal: born", count=2)
    assert [c for c in b.region()["cells"] if c["boot"] == (1 if what == "noise" else 2)]
    b.m.never(r"panic|exception")
    if what not in ("torn", "flipped"):
        b.m.never(r"damaged")


@pytest.mark.partition(RESET)
def test_boot_panic_resets(boot, tmp_path):
    """A CPU is missing: it says so, resets, finds what it said (if the boot CPU keeps it), says it again, ..."""
    b = Board(boot, tmp_path, smp=3, options=["-no-shutdown"])
    b.m.line("core", r"^panic: declared CPU is not there", count=2, timeout=60)
    b.m.line("core", r"^panic: configuration [0-9a-f]{64}; the board is reset$")
    b.m.line("core", r"^panic: x28=0x[0-9a-f]{16} x29=0x[0-9a-f]{16} x30=0x[0-9a-f]{16}$")


def patched(image, out, function):
    """The image with a word in the place of this function's first instruction that is none."""
    elf = Elf(image)
    address, data = elf.symbols[function], bytearray(elf.data)
    struct.pack_into("<I", data, elf.offset(address), 0)
    out.write_bytes(data)
    return address


def ill(builder, partition, folder, function):
    """A folder as Builder makes it, with that image."""
    out = builder.build(partition)
    (folder / ".config").write_bytes((out / ".config").read_bytes())
    return patched(out / "cloison.elf", folder / "cloison.elf", function)


@pytest.mark.partition(HALT)
def test_panic_halts(builder, tmp_path):
    """One CPU ends; the service CPU prints and keeps it, the other cell goes on."""
    pc = ill(builder, HALT, tmp_path, "cell_stop")

    def boot(**options):
        return qemu.Machine(tmp_path, **options)
    b = Board(boot, tmp_path)
    try:
        kill(b, "first", "write")
        b.m.line("core", r"^panic: exception in the core: syndrome 0x2000000, address 0x")
        b.m.line("core", rf"^panic: cpu=cpu1 pc={pc:#x} sp=0x[0-9a-f]+ pstate=0x[0-9a-f]+$")
        b.m.line("core", r"^panic: stack 0x[0-9a-f]+: (0x[0-9a-f]{16} ?)+$")
        b.m.line("core", r"^panic: configuration [0-9a-f]{64}; this CPU halts; those that can go on do$")
        panic = b.region()["panic"]
        assert panic["cpu"] == "cpu1" and panic["pc"] == pc and panic["exception"] and panic["declared"] == 0x2000000
        assert len(panic["stack"]) >= 4
        assert pc - 0x40000 < panic["registers"]["x30"] < pc + 0x40000  # who called
        b.m.send(qemu.ESCAPE + "2well\n")
        b.m.line("second", r"^mortal: well")
        since = b.reset()
        b.m.line("core", rf"^crash record 1 of an earlier boot: panic on cpu1: exception in the core: syndrome 0x2000000, address 0x[0-9a-f]+, pc {pc:#x}; `crash` shows it$", since=since)
        since = b.command("crash")
        b.m.line("core", rf"^crash 1: panic: cpu=cpu1 pc={pc:#x} ", since=since)
    finally:
        b.m.close()


@pytest.mark.partition(RESET)
@pytest.mark.parametrize("cell, cpu, function", [("first", 1, "cell_stop"), ("second", 3, "cell_stop"), (None, 3, "crash_serve")],
                         ids=["another CPU", "service CPU in a trap", "service CPU in its round"])
def test_panic_resets(builder, tmp_path, cell, cpu, function):
    pc = ill(builder, RESET, tmp_path, function)

    def boot(**options):
        return qemu.Machine(tmp_path, **options)
    b = Board(boot, tmp_path)
    try:
        if cell:
            kill(b, cell, "write")
        b.m.line("core", r"^panic: exception in the core: syndrome 0x2000000, address 0x")
        b.m.line("core", r"^panic: configuration [0-9a-f]{64}; the board is reset$")
        since = b.m.mark("core") if cell else 0
        b.m.line("core", r"^Cloison ", count=2)
        if cell:
            b.m.line("core", rf"^crash record 1 of an earlier boot: panic on cpu{cpu}: exception in the core: syndrome 0x2000000, .* pc {pc:#x}; `crash` shows it$", since=since)
        else:  # its next boots end in the same way, before they can tell
            b.m.line("core", r"^panic: configuration [0-9a-f]{64}; the board is reset$", count=2)
            assert b.region()["panic"]["cpu"] == f"cpu{cpu}"
    finally:
        b.m.close()
