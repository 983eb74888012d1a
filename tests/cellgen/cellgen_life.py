# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
The life of cells, from the trees alone: what machine_lives, machine_controls and machine_core say, what the service CPU maps
for it, and what guests are told. Part of cellgen_walk.py.
"""
import re

KIB = 1024
PAGE = 4 * KIB
OPERATIONS = ["status", "start", "stop", "restart", "suspend", "resume"] # bits, in the order of core/life.h
EVENTS = ["fault", "watchdog", "dma-fault", "interrupt-storm", "restart-limit"] # all but the reset
FIELDS = {"fault": "FAULT", "reset": "RESET", "watchdog": "WATCHDOG", "dma-fault": "DMA", "interrupt-storm": "STORM", "restart-limit": "LIMIT"}


def rows(partition, name):
    """The elements of one table of machine.c, as text."""
    body = re.search(rf"{name}\[\w+\] = \{{\n(.*?)^\}};", partition.machine, re.M | re.S).group(1)
    return [r for r in re.split(r"^\t\{", body, flags=re.M) if r.strip()]


def fields(text):
    return dict(re.findall(r"\.(\w+) = (?:\(u8 \*\))?(\w+)", text))


def number(text):
    return int(re.sub("UL$", "", text), 0)


def has(node, name):
    return name in node.props


def actions(node, lifecycle=True):
    """What follows what: the word written, else what cloison,restart leads to, else to tell it."""
    restart = node.text("cloison,restart") if has(node, "cloison,restart") else "on-reset" if lifecycle else "never"
    failed = "restart" if restart in ("on-failure", "always") else "stop"
    rest = {"watchdog": failed, "dma-fault": "record", "interrupt-storm": "record", "restart-limit": "stop"}
    found = {"fault": failed, "reset": "restart" if restart in ("on-reset", "always") else "stop",
             **(rest if lifecycle else {k: "ignore" for k in rest})}
    return {**found, **{e: node.text(f"cloison,on-{e}") for e in EVENTS if has(node, f"cloison,on-{e}")}}


def controls(partition, node):
    """(name of the cell, set of operations) of each entry of cloison,controls."""
    targets = [partition.phandles[p].name for p in node.cells("cloison,controls")] if has(node, "cloison,controls") else []
    words = node.props["cloison,controls-rights"].decode().split("\0")[:-1] if has(node, "cloison,controls-rights") else [" ".join(OPERATIONS)] * len(targets)
    assert len(words) == len(targets)
    return [(name, set(w.split())) for name, w in zip(targets, words)]


def region(partition):
    """(base, size) of the crash region, or None."""
    if not has(partition.hypervisor, "cloison,crash-region"):
        return None
    node = partition.phandles[partition.hypervisor.cells("cloison,crash-region")[0]]
    (found,) = partition.physical("crash", "core")
    if has(node, "reg"):
        assert [found] == node.regs()
    else:
        assert number(hex(found[1])) == int.from_bytes(node.props["size"], "big") and found[0] % PAGE == 0
    return found


def frames(partition):
    """Where the registers of the board's watchdog are: control, refresh."""
    if not has(partition.hypervisor, "cloison,watchdog"):
        return []
    return [base for base, _ in partition.phandles[partition.hypervisor.cells("cloison,watchdog")[0]].regs()]


def el2(partition, index):
    """(address, size, kind) of what this CPU maps for it."""
    if index != partition.service():
        return []
    found = region(partition)
    return ([(*found, "uncached")] if found else []) + [(base, PAGE, "device") for base in frames(partition)]


def check_lives(partition):
    first, names = 0, [c["name"] for c in partition.cells]
    for row, cell in zip(rows(partition, "machine_lives"), partition.cells, strict=True):
        node, life = partition.asked(cell), fields(row)
        said = dict(re.findall(r"\[EVENT_(\w+)\] = ACTION_(\w+)", row))
        assert said == {FIELDS[e]: a.upper().replace("-", "_") for e, a in actions(node).items()}
        limit = node.cells("cloison,restart-limit") if has(node, "cloison,restart-limit") else [0, 0]
        heartbeat = node.cells("cloison,heartbeat") if has(node, "cloison,heartbeat") else [0, 0]
        numbers = [number(life[k]) for k in ("restart_count", "restart_seconds", "heartbeat_first", "heartbeat_period", "shutdown_time")]
        assert numbers == limit + heartbeat + [node.count("cloison,shutdown-time", 0)]
        assert life["manual"] == str(has(node, "cloison,start") and node.text("cloison,start") == "manual").lower()
        mine = controls(partition, node)
        assert (number(life["first_control"]), number(life["control_count"])) == (first, len(mine))
        check_controls(partition, first, mine, str(names.index(cell["name"])))
        assert cell["actions"] == actions(node) and cell["start"] == ("manual" if life["manual"] == "true" else "boot")
        assert [(c["cell"], set(c["rights"])) for c in cell["controls"]] == mine
        first += len(mine)
    return first


def check_controls(partition, first, wanted, controller):
    names = [c["name"] for c in partition.cells]
    found = [fields(r) for r in rows(partition, "machine_controls")][first:first + len(wanted)]
    for row, (target, operations) in zip(found, wanted, strict=True):
        assert row["controller"] == controller and names[number(row["target"])] == target
        assert number(row["rights"]) == sum(1 << OPERATIONS.index(o) for o in operations)


def check_core(partition, first):
    core = fields(re.search(r"machine_core = \{\n(.*?)^\};", partition.machine, re.M | re.S).group(1))
    mine, found, where = controls(partition, partition.hypervisor), region(partition), frames(partition)
    assert (number(core["first_control"]), number(core["control_count"])) == (first, len(mine))
    check_controls(partition, first, mine, "CONTROLLER_OPERATOR")
    assert len(rows(partition, "machine_controls")) == first + len(mine)
    assert [(c["cell"], set(c["rights"])) for c in partition.report["hypervisor"]["controls"]] == mine
    assert [number(core.get(k, "0")) for k in ("crash", "crash_physical", "crash_size")] == ([found[0], *found] if found else [0] * 3)
    assert (partition.report["hypervisor"]["crash_region"] is None) == (found is None)
    halts = not has(partition.hypervisor, "cloison,panic") or partition.hypervisor.text("cloison,panic") == "halt"
    board = partition.hypervisor.text("cloison,board-rights") if has(partition.hypervisor, "cloison,board-rights") else "reset off"
    assert int(core["board_rights"], 16) == ("reset" in board) + 2 * ("off" in board) and partition.report["hypervisor"]["board_rights"] == board
    assert core["panic_resets"] == str(not halts).lower() and partition.report["hypervisor"]["panic"] == ("halt" if halts else "reset")
    assert [number(core.get(k, "0")) for k in ("watchdog_base", "watchdog_refresh")] == (where or [0, 0])
    assert number(core.get("watchdog_seconds", "0")) == (partition.hypervisor.count("cloison,watchdog-seconds", 10) if where else 0)


def check(partition):
    check_core(partition, check_lives(partition))
    assert bool(partition.physical("crash")) == (region(partition) is not None)
    if region(partition):
        base, size = region(partition)
        assert size >= 4 * KIB + 64 * KIB + 4 * KIB + len(partition.cells) * 2 * 16 * KIB
        others = [c for k in ("hypervisor", "image", "ram", "reserved", "shared", "its") for c in partition.physical(k)]
        assert not [o for o in others if o[0] < base + size and base < sum(o)]


def check_guest(partition, cell, root):
    """A cell that controls others is told their names, in the order of its numbers for them."""
    mine = controls(partition, partition.asked(cell))
    assert ("hypervisor" in [c.name for c in root.children]) == bool(mine)
    if mine:
        node = root.child("hypervisor")
        assert node.text("compatible") == "cloison,cell-v1"
        assert node.props["cloison,controls"] == b"".join(name.encode() + b"\0" for name, _ in mine)
