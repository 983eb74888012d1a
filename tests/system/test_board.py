# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The boards' trees against what the machines themselves say (-machine dumpdtb=)."""

import struct
import subprocess

import pytest

import qemu

# By hand, besides (the end of the board's tree says why), and what is another one at each start.
ADDED = ("/cpus/l2-cache", "/__symbols__", "/__fixups__", "/__local_fixups__")
LEFT_OUT = {"phandle", "next-level-cache", "rng-seed", "kaslr-seed"}


def read(blob):
    """A flattened tree: path -> {property: bytes}."""
    _, _, structure, strings = struct.unpack_from(">4I", blob)
    nodes, path, at = {}, [], structure
    while True:
        token, = struct.unpack_from(">I", blob, at)
        at += 4
        if token == 1:  # begin of a node
            end = blob.index(b"\0", at)
            path.append(blob[at:end].decode())
            nodes["/".join(path) or "/"] = {}
            at = (end + 4) & ~3
        elif token == 2:  # its end
            path.pop()
        elif token == 3:  # a property
            size, name = struct.unpack_from(">2I", blob, at)
            name = blob[strings + name:blob.index(b"\0", strings + name)].decode()
            nodes["/".join(path) or "/"][name] = blob[at + 8:at + 8 + size]
            at = (at + 8 + size + 3) & ~3
        elif token == 9:
            return nodes


def phandles(nodes):
    return {properties["phandle"]: path for path, properties in nodes.items() if "phandle" in properties}


def same(one, other, names, names_of_other):
    """Equal but for the numbers of phandles: those must lead to the same node."""
    if one == other:
        return True
    cells = [[value[i:i + 4] for i in range(0, len(value), 4)] for value in (one, other)]
    return len(one) == len(other) and len(one) % 4 == 0 and \
        all(a == b or a in names and names[a] == names_of_other.get(b) for a, b in zip(*cells))


def stripped(nodes):
    return {path: {name: value for name, value in properties.items() if name not in LEFT_OUT}
            for path, properties in nodes.items() if not path.startswith(ADDED)}


@pytest.mark.parametrize("board", qemu.BOARDS)
def test_as_the_machine_says(board, tmp_path):
    said = tmp_path / "machine.dtb"
    subprocess.run(["qemu-system-aarch64", "-M", f"{qemu.BOARDS[board]},dumpdtb={said}", "-cpu", "cortex-a57", "-smp", "8", "-m", "1024",
                    "-nic", "none", "-display", "none"], check=True, timeout=30)
    text = subprocess.run(["cpp", "-undef", "-nostdinc", "-x", "assembler-with-cpp", qemu.ROOT / "src" / "platform" / f"{board}.dts"],
                          check=True, stdout=subprocess.PIPE).stdout
    ours = read(subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], check=True, input=text, stdout=subprocess.PIPE).stdout)
    theirs = read(said.read_bytes())
    names, names_of_theirs = phandles(ours), phandles(theirs)
    ours, theirs = stripped(ours), stripped(theirs)
    assert sorted(ours) == sorted(theirs)
    for path, properties in ours.items():
        assert sorted(properties) == sorted(theirs[path]), path
        for name, value in properties.items():
            assert same(value, theirs[path][name], names, names_of_theirs), f"{path} {name}: {value.hex()}, not {theirs[path][name].hex()}"
