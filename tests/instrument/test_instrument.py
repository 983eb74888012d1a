# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The proof of the instrument: programs whose every instruction is known, on vCPUs side by side and in turns."""

import shutil
import subprocess

import pytest

import proof


@pytest.fixture(scope="session")
def plugin(tmp_path_factory):
    return proof.instrument.plugin(folder=tmp_path_factory.mktemp("instrument"))


@pytest.mark.parametrize("el, cpus, options", [
    ("el1", 1, ()), ("el1", 4, ()), ("el2", 4, ()), ("el2", 8, ()),
    ("el1", 1, proof.TURNS), ("el1", 2, proof.TURNS), ("el2", 4, proof.TURNS), ("el2", 4, ("-accel", "tcg,thread=single")),
])
def test_counts_are_exact(tmp_path, plugin, el, cpus, options):
    proof.check(proof.run(tmp_path, el, cpus, options, plugin), cpus)


# What would be wrong if the instrument were made in the obvious ways. Each must be seen, or the programs prove nothing.
WRONG = {
    "the vCPU a block was translated for": ("el2", 4, proof.TURNS, "host.c", "	(void)said, (void)data;\n	if (*vcpus.current == vcpus.now)",
                                            "	(void)data;\n	vcpus.running = said;\n	vcpus.changes(said);\n	if (*vcpus.current)"),
    "one count for all vCPUs": ("el1", 4, (), "count.c", "qemu_plugin_scoreboard_find(board, vcpu);", "(vcpu = 0, qemu_plugin_scoreboard_find(board, vcpu));"),
    "whole blocks": ("el1", 1, (), "count.c", "	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++)\n",
                     "	for (size_t i = 1; i < qemu_plugin_tb_n_insns(block); i++)\n		count_in(qemu_plugin_tb_get_insn(block, 0), ALL);\n"
                     "	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++)\n"),
    "virtual addresses": ("el1", 4, (), "count.c", "int region = region_of(physical);",
                          "int region = region_of(qemu_plugin_insn_vaddr(insn) >= 0xc0000000 ? ranges[0].at.low : physical);"),
    "a mark that counts itself": ("el1", 1, (), "count.c", "v->waiting.of[ALL] - 1", "v->waiting.of[ALL]"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_seen(tmp_path, what):
    el, cpus, options, name, right, wrong = WRONG[what]
    here = tmp_path / "tools" / "instrument"
    shutil.copytree(proof.ROOT / "tools" / "instrument", here)
    text = (here / name).read_text()
    assert text.count(right) == 1
    text = text.replace(right, wrong)
    if what == "whole blocks":
        text = text.replace("		count_in(insn, ALL);\n", "		if (insn == first)\n			count_in(insn, ALL);\n")
        text = text.replace("static void instrument(struct", "static struct qemu_plugin_insn *first;\nstatic void instrument(struct")
        text = text.replace("	ram_learn(block);\n", "	ram_learn(block);\n	first = qemu_plugin_tb_get_insn(block, 0);\n")
    (here / name).write_text(text)
    subprocess.run(["make", "-s", "-f", str(here / "Makefile"), f"O={tmp_path}"], check=True)
    with pytest.raises(AssertionError):
        proof.check(proof.run(tmp_path, el, cpus, options, tmp_path / "instrument" / "count.so"), cpus)


@pytest.mark.parametrize("el, cpus, options, words, why", [
    ("el1", 1, (), ("core=0x1000-0x2000",), "is not in the RAM"),
    ("el1", 1, (), ("core=5",), "LOW-HIGH"),
    ("el1", 1, (), ("region=0x40000000-0x40001000",), "a name"),
    ("el1", 1, (), ("cores=1",), "what is 'cores=1'"),
    ("el1", 1, (), ("enter=0x40000000",), "a name"),
], ids=["not in RAM", "no range", "no name", "no such option", "no name of a way"])
def test_refusals(tmp_path, plugin, el, cpus, options, words, why):
    """What it cannot do rightly it does not do: the reason, exit code 1, and no result."""
    elf = proof.program(tmp_path, el, cpus)
    made = subprocess.run(proof.command(elf, el, cpus) + ["-plugin", ",".join([str(plugin), f"out={tmp_path}/count.json", *words]), *options],
                          text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert made.returncode == 1 and why in made.stdout
    assert not list(tmp_path.glob("count.json*"))


@pytest.mark.parametrize("el, cpus, options", [("el1", 4, ()), ("el2", 4, proof.TURNS)])
def test_ways(tmp_path, plugin, el, cpus, options):
    """Each exception is a way into the handler: 100 of 6 instructions, and 200 that take the longer turn, of 16; with a place to stay in the middle of it.
    Of the longer ones 4 are waiting: two rounds behind the first. What is longer than a round may be is not taken for one."""
    assert proof.ways(tmp_path, el, cpus, options, plugin, False) == [{"way": ({"6": 100}, 100, 6, 6), "skip": ({"16": 200}, 200, 16, 12)}] * cpus
    assert proof.ways(tmp_path, el, cpus, options, plugin, True) == \
        [{"way>stay": ({"1": 300}, 300, 1, 1), "home": ({"5": 100}, 100, 5, 5), "skip": ({"15": 200}, 200, 15, 11)}] * cpus


def test_runs_are_the_same(tmp_path, plugin):
    """In turns, to the last mark; how far who waits comes while the machine is being switched off is the host's."""
    first, second = ([(cpu["marks"], cpu["windows"]) for cpu in proof.run(tmp_path, "el2", 4, proof.TURNS, plugin)["cpus"]] for _ in range(2))
    assert first == second
