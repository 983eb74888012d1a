# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a bound is held against: a partition's limit, and what was measured."""
import json

import hold
import instrument
import pytest
from run import HERE, accepted, vectors

SERVE = "void core_serve(void); __attribute__((noinline)) void core_serve(void) { for (u32 i = 0; i < 5000; i++) { TICK(); sink = i; } MORE }\n"


def serving(analyse, more="", **options):
    return vectors(analyse, "core_serve();", before=SERVE.replace("MORE", more), **options)


# ---- a partition's limit ----

@pytest.mark.parametrize("shared", [0, 1])
def test_a_round_of_service_counts_where_a_guests_cpu_serves(analyse, tmp_path, shared):
    counts = tmp_path / "counts.h"
    alone = serving(analyse)
    accepted(alone)
    slow, round_ = alone.path("sync-long")["instructions"], alone.path("service-round")["instructions"]
    assert alone.path("sync-long")["serves"] and slow < 1000 < round_
    for limit, over in ((slow - 1, True), (slow, shared), (slow + round_ - 1, shared), (slow + round_, False)):
        counts.write_text(f"#define SERVICE_SHARED {shared}\n#define MAX_TRAP_INSTRUCTIONS {limit} /* some.dts:7 */\n")
        said = serving(analyse, options=("--limit", str(counts)))
        assert said.code == int(over), said.err
        if over and shared:
            assert f"sync-long + service-round, has {slow + round_} instructions" in said.err and "a service CPU of its own" in said.err


@pytest.mark.parametrize("shared", [0, 1])
def test_so_does_its_deadline(analyse, tmp_path, shared):
    counts = tmp_path / "counts.h"
    counts.write_text(f"#define SERVICE_SHARED {shared}\n#define MAX_TRAP_INSTRUCTIONS 1000000 /* some.dts:7 */\n")
    said = serving(analyse, "while (sink) { LOOP_TIME(7); TICK(); }", options=("--limit", str(counts)))
    assert said.code == shared, said.err
    assert not shared or "sync-long + service-round may wait 7 ms for a deadline" in said.err


def test_the_end_of_the_copier_is_no_guests_way(analyse, tmp_path):
    """What is waited for before a guest begins keeps none waiting: it has a way of its own, and no limit counts it."""
    counts = tmp_path / "counts.h"
    counts.write_text("#define MAX_TRAP_INSTRUCTIONS 1000 /* some.dts:7 */\n")
    loaded = ("void cell_loaded(void); __attribute__((noinline)) void cell_loaded(void) { for (u32 i = 0; i < 5000; i++) { TICK(); sink = i; }"
              " while (sink) { LOOP_TIME(7); TICK(); } }\n")
    said = vectors(analyse, "if (sink == 3) cell_loaded();", before=loaded, options=("--limit", str(counts)))
    accepted(said)
    slow, end = said.path("sync-long"), said.path("loaded")
    assert slow["instructions"] < 1000 and slow["milliseconds"] == 0
    assert end["instructions"] > slow["instructions"] + 5000 and end["milliseconds"] == 7


# ---- what was measured ----

def bounds():
    return {"short": {"instructions": 40, "patience": 0, "milliseconds": 0, "ends": None},
            "long": {"instructions": 1000, "patience": 500, "milliseconds": 0, "ends": 700, "ends_patience": 0, "ends_milliseconds": 0},
            "clock": {"instructions": 10, "patience": 0, "milliseconds": 5, "ends": None}}


def test_measured_is_held_against_the_bound():
    """Waiting is in neither: so a way that may wait for long is held as closely as one that does not."""
    assert hold.broken(bounds(), [("a", "short", 40), ("b", "long", 1000), ("c", "short + long", 1040), ("d", "clock", 10)]) == []
    found = hold.broken(bounds(), [("a", "short", 41), ("b", "long", 1001), ("c", "short + long", 1041), ("d", "clock", 11)])
    assert len(found) == 4 and found[0].startswith("a: 41 instructions measured, but short has 40 at most")
    assert len(hold.broken(bounds(), [("a", "long>", 701), ("b", "long> + short", 741), ("c", "long>", 700), ("d", "clock>", 11), ("e", "clock>", 10)])) == 3
    table = hold.table(bounds(), [("a", "short", 20), ("b", "long", 4)])
    assert "not measured: clock" in table and table.splitlines()[1].endswith(" 2.0") and table.splitlines()[2].endswith(" 250.0")
    with pytest.raises(hold.Unknown, match="no way 'shorter'"):
        hold.broken(bounds(), [("a", "shorter", 1)])


def test_the_longest_is_known_where_not_every_length_was_kept():
    way = {"samples": 9000, "max": 50000, "net": 40000, "lost": 3, "core": {}}
    assert instrument.figures({"cpus": [{"entries": {"sync-long": way}}]}, {}) == [("sync-long on CPU 0", "sync-long", 40000)]


def test_rounds_of_waiting_have_their_place_and_length(analyse):
    said = analyse(HERE + "{ while (sink) { LOOP_PATIENCE(1000); TICK(); TICK(); } while (sink == 3) { LOOP_TIME(9); TICK(); } for (u32 i = 0; i < sink; i++) { LOOP_BOUND(9); TICK(); } }\n")
    accepted(said)
    assert len(said.data["waits"]) == 2
    assert all(3 <= wait["round"] <= 12 for wait in said.data["waits"])


# ---- a report that is kept ----

def test_a_kept_report_is_of_this_image_and_analyser(build, tmp_path):
    """The same code with another constant is another image: the constant decides how often a loop goes round."""
    text = ('#include "core/types.h"\n#include "core/bound.h"\nvolatile u32 sink; const u32 kept[4] = { 1, 2, 3, NUMBER };\n'
            'void _start(void); void _start(void) { sink = kept[sink & 3]; for (;;) { LOOP_RESIDENCE(); __asm__ volatile("wfi"); } }\n')
    keys = []
    for number in (4, 5):
        elf = build(text.replace("NUMBER", str(number)))
        elf.rename(tmp_path / "cloison.elf")
        first = hold.data(tmp_path)
        keys.append(first["key"])
        kept = tmp_path / "bound.json"
        kept.write_text(json.dumps({**first, "loops": 77}))
        assert hold.data(tmp_path)["loops"] == 77  # it is used again
        kept.write_text(json.dumps({**first, "key": keys[0], "loops": 77}))
        assert (hold.data(tmp_path)["loops"] == 77) == (number == 4)
    assert keys[0] != keys[1]
