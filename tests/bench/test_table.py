# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What `make bench-check` says and does not say, and what it stores."""

import copy

import pytest

import bench
import size
import table
from table import Row

MADE = {"compiler": "one"}


def rows(**figures):
    return [Row("exits", name, name, dict(values)) for name, values in figures.items()]


PLAIN = {"call": {"bare": 2, "direct": 30}, "quiet": {"direct": 0}, "long": {"direct": 10000}}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "baseline.json"
    table.store(path, rows(**PLAIN), MADE, ["exits"], "the first")
    return path


def differences(path, groups=("exits",), **changed):
    figures = {n: f for n, f in {**copy.deepcopy(PLAIN), **changed}.items() if f is not None}
    return table.differences(rows(**figures), table.stored(path), groups)


def test_the_same_is_no_difference(path):
    assert differences(path) == []


@pytest.mark.parametrize("value", [9800, 9999, 10200])
def test_two_per_cent_are_none(path, value):
    assert differences(path, long={"direct": value}) == []


@pytest.mark.parametrize("value", [9799, 10201])
def test_more_is_one_either_way(path, value):
    assert len(differences(path, long={"direct": value})) == 1


@pytest.mark.parametrize("value", [29, 31])
def test_a_single_instruction_of_a_short_path_is_one(path, value):
    assert differences(path, call={"bare": 2, "direct": value}) == [f"exits call, direct: 30 -> {value}, {(value - 30) / 30 * 100:+.1f} %"]


def test_none_where_there_was_none_is_exact(path):
    assert differences(path, quiet={"direct": 1}) == ["exits quiet, direct: 0 -> 1"]


def test_what_was_not_measured_is_a_difference(path):
    assert differences(path, call={"bare": 2, "direct": None}) == ["exits call, direct: 30 -> -"]


def test_a_row_that_is_gone_is_a_difference(path):
    assert differences(path, call=None) == ["exits call, bare: is not measured any more", "exits call, direct: is not measured any more"]


def test_a_new_row_is_a_difference(path):
    assert differences(path, new={"direct": 7}) == ["exits new, direct: 7, and nothing is stored"]


def test_bare_metal_is_held_too(path):
    assert len(differences(path, call={"bare": 3, "direct": 30})) == 1


def test_groups_that_were_not_measured_say_nothing(path):
    assert table.differences([], table.stored(path), ["boot"]) == []


def test_storing_one_group_keeps_the_others_and_their_reasons(path):
    table.store(path, [Row("boot", "net", "net", {"direct": 5})], MADE, ["boot"], "boots")
    assert differences(path) == []
    table.store(path, [Row("boot", "net", "net", {"direct": 6})], MADE, ["boot"], "one more table")
    assert table.stored(path)["why"] == {"boot net": "one more table"}
    assert table.stored(path)["figures"]["boot"] == {"net": {"direct": 6}}


def test_a_reason_is_stored_for_what_changed_and_nothing_else(path):
    table.store(path, rows(**{**PLAIN, "call": {"bare": 2, "direct": 28}}), MADE, ["exits"], "saves less")
    assert table.stored(path)["why"] == {"exits call": "saves less"}


def test_what_is_not_held_is_not_stored(path):
    table.store(path, [Row("exits", "share", "share", {"direct": 1.5}, held=False)], MADE, ["exits"], "")
    assert table.stored(path)["figures"] == {}


def test_budgets_fail_and_goals_are_told():
    found = table.missed([Row("g", "a", "a thing", {"direct": 31, "mediated": 30}, {"direct": 30, "mediated": 30}, {"direct": 20})])
    assert found == (["a thing, direct: 31 instructions (at most 30)"], ["a thing, direct: 31 instructions (at most 20)"])


def test_a_budget_without_a_figure_fails():
    assert table.missed([Row("g", "a", "a thing", {}, {"direct": 30})])[0] == ["a thing, direct: - instructions (at most 30)"]


@pytest.mark.parametrize("text, count", [
    ("int a;\n\n/* one\n * two */\nint b; /* three */\n", 2), ("// nothing\n\tmov x0, x1 // moved\n", 1), ('char *s = "/* no comment */";\n', 1), ("", 0)])
def test_lines_of_code(tmp_path, text, count):
    path = tmp_path / "a.c"
    path.write_text(text)
    assert size.lines(path) == count


def test_every_file_has_one_room():
    assert size.room("arch/aarch64/vgic_hand.o") == "mediated interrupts"
    assert size.room("arch/aarch64/vgic_direct.o") == "interrupt controller of direct cells"
    assert size.room("core/trace_format.h") == "traces" and size.room("core/trace_none.o") == "traces"
    assert size.room("arch/aarch64/trap.o").startswith("the rest")


def test_storing_one_row_moves_no_other(path):
    table.store(path, rows(**{**PLAIN, "call": {"bare": 2, "direct": 28}, "long": {"direct": 10150}}), MADE, ["exits"], "saves less")
    base = table.stored(path)
    assert base["figures"]["exits"]["call"]["direct"] == 28 and base["figures"]["exits"]["long"]["direct"] == 10000
    assert set(base["why"]) == {"exits call"}


NOW = {"compiler": "one", "qemu": "one", "guests": "one"}


@pytest.mark.parametrize("group, other, result", [
    ("exits", {}, 1), ("linux", {}, 1),
    ("exits", {"guests": "two"}, 1),  # there is no kernel in it: whoever fetches a newer one is held all the same
    ("linux", {"guests": "two"}, 2), ("exits", {"compiler": "two"}, 2), ("exits", {"qemu": "two"}, 2), ("linux", {"qemu": "two"}, 2),
])
def test_what_is_comparable(tmp_path, monkeypatch, group, other, result):
    monkeypatch.setattr(bench, "BASELINE", bench.ROOT / "tests" / "bench" / "baseline.json")
    monkeypatch.setattr(table, "stored", lambda path: {"made": NOW, "figures": {group: {"call": {"direct": 30}}}, "why": {}})
    monkeypatch.setattr(bench, "made", lambda: {**NOW, **other})
    assert bench.check([Row(group, "call", "call", {"direct": 30})], [group]) == 0
    assert bench.check([Row(group, "call", "call", {"direct": 90})], [group]) == result


def test_figures_of_a_kernel_keep_its_name(tmp_path):
    path = tmp_path / "baseline.json"
    table.store(path, rows(**PLAIN), NOW, ["exits", "linux"], "the first")
    table.store(path, rows(**PLAIN), {**NOW, "guests": "two"}, ["exits"], "why")
    assert table.stored(path)["made"] == NOW
    table.store(path, rows(**PLAIN), {**NOW, "guests": "two"}, ["linux"], "why")
    assert table.stored(path)["made"]["guests"] == "two"
