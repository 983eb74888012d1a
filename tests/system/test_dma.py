# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A device that goes wherever it is told (tests/guests/dma): it reaches its own cell's memory, and nothing else.

Each refusal is on the core's console with cell, device, stream and address. The victim has such a device too, and
compares its memory after each attempt; a witness beside them takes no exit.
"""

import json
import re
import time

import pytest

import qemu

FOLDER = "tests/system/partitions"
CELLS = {"attacker": 1, "victim": 2}
STREAM = {"attacker": "edu0 (stream 0x8)", "victim": "edu1 (stream 0x10)"}


def born(m, cell, life):
    """Up for the life-th time, and its device has written and read its own memory."""
    m.said(cell, "(?:" + r".*?dma: born device=\d write landed read own wrong=0" + f"){{{life}}}")


def ask(m, cell, command, timeout=30):
    """Its answer: what the device got, and the words of its own memory that are wrong."""
    since = m.mark(cell)
    for piece in (qemu.ESCAPE + str(CELLS[cell]), command + "\n"):  # as fast as a serial line
        for i in range(0, len(piece), 8):
            m.send(piece[i:i + 8])
            time.sleep(0.004)
    found = m.said(cell, rf"dma: {command[0]} (?:0x[0-9a-f]+ 0x[0-9a-f]+: (\w+) )?wrong=(\d+)", timeout, since)
    return found[1], int(found[2])


def ready(m):
    for cell in CELLS:
        born(m, cell, 1)
    m.line("witness", "OK round=0", timeout=60)


def refused(m, cell, deed, address, since=0, timeout=20):
    """The core's line about it."""
    return m.line("core", rf"^dma: cell {cell}, {re.escape(STREAM[cell])}: {deed} 0x{address:x} refused: ", timeout, since)


def healthy(m, rounds=3):
    m.line("witness", "witness: (OK|BAD)", since=m.mark("witness"), count=rounds, timeout=60)
    m.never(r"FAIL|BAD|panic|exception in the core|dma: r 0x[0-9a-f]+: 0x")


def targets(out):
    """name -> address: everything that is not the attacker's RAM."""
    report = json.loads((out / "gen" / "report.json").read_text())
    slots = {s["name"]: int(s["base"], 16) for s in report["slots"] if int(s["size"], 16)}
    found = {f"slot {name}": base + 0x40 for name, base in slots.items()}
    for what in report["physical"]:
        if what["kind"] == "image":
            found[what["what"]] = int(what["base"], 16) + 0x80
    assert {"slot text", "slot tables", "slot streams", "slot data"} <= set(found), list(found)
    found.update({
        "victim's memory": 0x60900000, "witness's memory": 0x62300000, "own memory, by its physical address": 0x58900000,
        "read-only region": 0x48000000, "read-only region, by its physical address": 0x57000000,
        "just below": 0x3ffffff0, "just behind": 0x41000000, "nobody's RAM": 0x70000000, "no RAM": 0x30000000,
        "the copier's window": 0x7fc0000000, "39 bits": 0x8000000000, "44 bits": 0xffffffff000,
        "distributor": 0x08000000, "another redistributor": 0x080d0000, "doorbell of the ITS": 0x08090040, "ITS": 0x08080080,
        "SMMU": 0x09050020, "SMMU's second page": 0x090600a8, "UART": 0x09000000, "RTC": 0x09010008,
        "configuration space": 0x4010000000, "neighbour's configuration space": 0x4010010004,
        "own registers": 0x10000080, "neighbour's registers": 0x10100080,
    })
    return found


def way(name, *full, **options):
    return pytest.param(f"{FOLDER}/{name}.dts", options, id=f"{name}{'-' if options else ''}{'-'.join(map(str, options.values()))}",
                        marks=[pytest.mark.partition(f"{FOLDER}/{name}.dts"), *full])


@pytest.mark.parametrize("partition,options", [way("dma"), way("dma-mediated"), way("dma", pytest.mark.full, cpu="max"),
                                               way("dma-mediated", pytest.mark.full, icount=True)])
def test_only_its_own_memory(boot, builder, partition, options):
    m = boot(partition, limit=240, **options)
    ready(m)
    for deed in ("w 40a00000 1000", "w 40a00ffc 8", "w 40a01003 5"):
        for cell in ("victim", "attacker", "victim"):  # each at the same addresses: what the SMMU remembers is one cell's
            assert ask(m, cell, deed) == ("landed", 0)
    for deed in ("r 40a00000 1000", "r 40effffd 3"):
        assert ask(m, "attacker", deed) == ("own", 0)
    for name, address in targets(builder.build(partition)).items():
        since = m.mark("core")
        assert ask(m, "attacker", f"w {address:x} 10") == ("gone", 0), name
        refused(m, "attacker", "write to", address, since)
        got, wrong = ask(m, "attacker", f"r {address:x} 10")
        assert got in ("unchanged", "zeros") and wrong == 0, name
        refused(m, "attacker", "read of", address, since)
        assert ask(m, "victim", "c") == (None, 0), name
    for address in (0x100000000000, 0xfffffffff000, 0x1000000000000, 0xfffffffffffff000):  # more than 44 bits: QEMU is silent about it
        assert ask(m, "attacker", f"w {address:x} 10") == ("gone", 0)
    since = m.mark("core")
    assert ask(m, "attacker", "w 40ffffe0 40") == ("gone", 0)  # from what is its own to what is not
    refused(m, "attacker", "write to", 0x41000000, since)
    # the other's device is no better off, and both still work
    assert ask(m, "victim", "w 58900000 10") == ("gone", 0)
    refused(m, "victim", "write to", 0x58900000)
    for cell in CELLS:
        assert ask(m, cell, "w 40a00000 40") == ("landed", 0)
    healthy(m)


@pytest.mark.parametrize("options", [{}, pytest.param({"icount": True}, marks=pytest.mark.full)], ids=["plain", "icount"])
@pytest.mark.partition(f"{FOLDER}/dma-restart.dts")
def test_restart_with_dma_in_flight(boot, options):
    """What the last life began lands in no later one: not before that one makes its device a bus master, nor after."""
    m = boot(limit=180, **options)
    ready(m)
    for number in (1, 2, 3):
        m.send(qemu.ESCAPE + "1")
        m.send("d\n")
        m.line("core", f"cell attacker: restarted, number {number}$", 60)
        born(m, "attacker", number + 1)
    looks = re.findall(r"(since the last life|before it is a bus master|since it is a bus master): wrong=(\d+)", "".join(m.lines("attacker")))
    assert looks == [("since the last life", "0"), ("before it is a bus master", "0"), ("since it is a bus master", "0")] * 4
    assert ask(m, "victim", "c") == (None, 0)
    healthy(m)


@pytest.mark.parametrize("partition", [pytest.param(f"tests/attack/{name}.dts", id=name, marks=pytest.mark.partition(f"tests/attack/{name}.dts"))
                                       for name in ("pci", "pci-mediated")])
def test_configuration_space(boot, partition):
    """A guest that does everything to it sees its own function and a bridge, and changes nothing that is not its own."""
    m = boot(partition, limit=240)
    born(m, "victim", 1)
    assert m.said("attacker", r"ecam-map end functions=(\d+) strange=(\d+)").groups() == ("2", "0")
    for case in ("write", "sizes", "random"):
        assert m.said("attacker", rf"ecam-{case} end functions=(\d+) changed=(\d+)", 120).groups() == ("2", "0")
    seen = re.findall(r"ecam function=(\w+) id=(\w+)", "".join(m.lines("attacker")))
    assert [number for number, _ in seen] == ["0", "8"] and seen[1][1] == "11e81234"
    for deed in ("w 40a00000 1000", "w 40a00ffc 8"):  # still a bus master, its registers where they were
        assert ask(m, "victim", deed) == ("landed", 0)
    assert "misaligned" in m.record("attacker")[0]  # the last of it
    healthy(m)


@pytest.mark.partition(f"{FOLDER}/dma-its.dts")
def test_doorbell_of_the_its(boot):
    """A device with message-signalled interrupts reaches the ITS's doorbell, to write only, and raises what is mapped for itself."""
    m = boot(limit=180)
    ready(m)
    since = m.mark("core")
    assert ask(m, "attacker", "r 8090040 4")[0] in ("unchanged", "zeros")  # before any write: of what it remembers QEMU's SMMU tells no refusal
    refused(m, "attacker", "read of", 0x8090040, since)
    assert ask(m, "attacker", "i 0") == ("interrupt", 0)
    for event in ("0", "1", "ffffffff"):  # by a DMA, which on QEMU comes without a DeviceID
        assert ask(m, "attacker", f"m {event}") == ("gone", 0)
    for cell, address in (("attacker", 0x8080080), ("attacker", 0x8091000), ("victim", 0x8090040)):
        since = m.mark("core")
        assert ask(m, cell, f"w {address:x} 4") == ("gone", 0)
        refused(m, cell, "write to", address, since)
    assert ask(m, "attacker", "i 0") == ("interrupt", 0)
    assert ask(m, "attacker", "w 40a00000 1000") == ("landed", 0)
    healthy(m)


@pytest.mark.partition("tests/attack/its.dts")
def test_its(boot):
    """Registers and commands at random: whatever comes of it is the attacker's."""
    m = boot(limit=240)
    born(m, "victim", 1)
    for case in ("registers", "commands"):
        m.said("attacker", rf"its-{case} end", 150)
    assert ask(m, "victim", "w 40a00000 1000") == ("landed", 0)
    m.never("the ITS has stopped")
    healthy(m)
