# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
The ITS of a cell, from the trees alone: which functions have message-signalled interrupts, by which DeviceID, how its memory is
divided, the commands of boot, what EL2 maps of it; and the guest's own ITS. Part of cellgen_walk.py.
"""
import re

KIB = 1024
FRAME = 64 * KIB
PAGE = 4 * KIB
GUEST = 0x8080000
VALID = 1 << 63


def number(text):
    return int(text, 0)


def table(partition, name):
    return re.search(rf"{name}\[\w+\](?:\[4\])? = \{{\n(.*?)^\}};", partition.machine, re.M | re.S).group(1)


def config(partition):
    """Fields of machine_its; None: nobody has it."""
    fields = dict(re.findall(r"\.(\w+) = (\w+)", table(partition, "machine_its")))
    return {k: number(v) for k, v in fields.items() if re.fullmatch(r"\w*\d\w*", v) and k != "name"} or None


def device_id(host, address):
    masked = address & (host.cells("msi-map-mask")[0] if "msi-map-mask" in host.props else 0xffffffff)
    rows = host.cells("msi-map")
    for first, _, base, count in (rows[i:i + 4] for i in range(0, len(rows), 4)):
        if first <= masked < first + count:
            return masked - first + base
    raise AssertionError("no DeviceID")


def users(functions):
    """(DeviceID, vectors, name) of each function with interrupts of that kind, sorted."""
    return sorted((device_id(f.host, f.address), f.node.count("cloison,msi-vectors", 0)) for f in functions
                  if f.node.count("cloison,msi-vectors", 0))


def up(value, unit):
    return -(-value // unit) * unit


def bits(vectors):
    return max(1, (vectors - 1).bit_length())


def check(partition, everybodys):
    """everybodys: (cell, function) of each function that a cell has."""
    wanted = [(cell, f) for cell, f in everybodys if f.node.count("cloison,msi-vectors", 0)]
    its = config(partition)
    if not wanted:
        assert its is None and "its" not in {e["kind"] for e in partition.report["physical"]}
        return
    cells = {partition.cells.index(cell) for cell, _ in wanted}
    assert cells == {its["cell"]}
    mine, name = users([f for _, f in wanted]), partition.cells[its["cell"]]["name"]
    cpus = sorted((c["vcpu"], n) for n, c in enumerate(partition.cpus) if c.get("cell") == name)
    base, tables = its["memory"], up(its["memory"] + 12 * KIB + len(mine) * PAGE, FRAME)
    devices = up((mine[-1][0] + 1) * 8, FRAME)
    assert base % FRAME == 0 and its["guest"] == GUEST
    assert [its[k] for k in ("queue", "properties", "devices", "devices_size", "collections", "pending")] == [
        base, base + PAGE, tables, devices, tables + devices, tables + devices + FRAME]
    assert base + its["memory_size"] == its["pending"] + len(cpus) * FRAME
    assert its["event_bits"] == max(bits(v) for _, v in mine) and its["device_bits"] == max(1, mine[-1][0].bit_length())
    rows = re.findall(r"\.itt = (\w+), \.id = (\w+), \.first_event = (\d+), \.event_count = (\d+)", table(partition, "machine_its_devices"))
    itts = [base + 12 * KIB + i * PAGE for i in range(len(mine))]
    assert [tuple(map(number, r)) for r in rows] == [(itt, i, sum(v for _, v in mine[:n]), v) for n, (itt, (i, v)) in enumerate(zip(itts, mine))]
    commands = [(i << 32 | 8, bits(v) - 1, VALID | itt, 0) for itt, (i, v) in zip(itts, mine)]
    commands += [(9, 0, VALID | cpu << 16 | n, 0) for n, cpu in cpus]
    assert [tuple(map(number, r)) for r in re.findall(r"\{ (\w+), (\w+), (\w+), (\w+) \}", table(partition, "machine_its_commands"))] == commands
    assert (base, its["memory_size"]) in partition.physical("its")


def check_guest(partition, cell, root, functions):
    """An ITS below the interrupt controller and the way there, or neither."""
    gic = next(n for n in root.walk() if n.compatible("arm,gic-v3"))
    shown = [n for n in root.walk() if n.compatible("arm,gic-v3-its")]
    mine = [f for f in functions if f.node.count("cloison,msi-vectors", 0)]
    maps = [n.cells("msi-map") for n in root.walk() if "msi-map" in n.props]
    assert gic.count("#address-cells", 0) == (2 if mine else 0) and gic.children == shown and bool(shown) == bool(mine)
    if mine:
        phandle = shown[0].cells("phandle")[0]
        assert shown[0].cells("reg") == [0, GUEST, 0, 2 * FRAME] and shown[0].count("#msi-cells", 0) == 1
        rows = sorted(tuple(m[i:i + 4]) for m in maps for i in range(0, len(m), 4))
        assert rows == sorted((f.address, phandle, device_id(f.host, f.address), 1) for f in mine)
    else:
        assert not maps


def registers(root):
    """The ITS of a guest's tree."""
    return {tuple(n.numbers("reg")) for n in root.walk() if n.compatible("arm,gic-v3-its")}


def el2(partition, index):
    """(base, size, kind)"""
    its = config(partition)
    cpu = partition.cpus[index]
    if not its:
        return []
    if index == 0:
        return [(its["base"], FRAME, "device"), (its["memory"], its["memory_size"], "rw-")]
    if cpu["role"] == "vcpu" and cpu["cell"] == partition.cells[its["cell"]]["name"]:
        return [(its["base"], FRAME, "device"), (its["memory"], 12 * KIB, "rw-")]
    return []
