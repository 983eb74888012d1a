# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
What the analyser refuses, and that it does not refuse what has a bound. Each program is compiled with both compilers; the
image of the core itself is run_image.py's.

    python3 -m pytest tests/bound
"""
import pytest

HERE = "static __attribute__((noinline)) void body(void)\n"


def refused(said, *words):
    assert said.code == 1, said.out
    assert all(w in said.err for w in words), said.err
    assert said.data["problems"]


def accepted(said):
    assert said.code == 0, said.err
    assert said.data["problems"] == []


# ---- loops without a bound ----

UNBOUNDED = {
    "by what is in memory": HERE + "{ for (u32 i = 0; i < sink; i++) TICK(); }\n",
    "by what is in memory and was not zero": "u64 most = 5;\n" + HERE + "{ for (u64 i = 0; i < most; i++) TICK(); }\n",
    "until something happens": HERE + "{ while (!sink) TICK(); }\n",
    "by a parameter": "static __attribute__((noinline)) void count(u64 n) { for (u64 i = 0; i < n; i++) TICK(); }\n" + HERE + "{ count(sink); }\n",
    "that steps over its end": HERE + "{ u32 i = sink & 1; do { TICK(); i += 2; } while (i != 100); }\n",
    "of a list": "struct item { struct item *next; } *first;\n" + HERE + "{ for (struct item *at = first; at; at = at->next) TICK(); }\n",
    "whose counter is changed elsewhere": "static __attribute__((noinline)) void back(u32 *i) { if (sink) *i = 0; }\n"
                                          + HERE + "{ for (u32 i = 0; i < 10; i++) { TICK(); back(&i); } }\n",
    "whose counter is set back": HERE + "{ for (u32 i = 0; i < 10; i++) { TICK(); if (sink) i = 0; } }\n",
    "that counts further than its type": HERE + "{ for (u8 i = 0; (u32)i < 256 + (sink & 1) * 0; i++) TICK(); }\n",
    "marked under an if": HERE + "{ while (!sink) { TICK(); if (sink & 1) { LOOP_BOUND(4); sink = 5; } } }\n",
    "marked behind its end": HERE + "{ for (;;) { TICK(); if (sink) { LOOP_BOUND(4); sink = 1; return; } } }\n",
    "marked in a loop inside, which is unrolled": HERE + "{ for (u32 i = 0; i < sink; i++)\nfor (u32 j = 0; j < 1; j++) { LOOP_BOUND(1);\nTICK(); } }\n",
    "marked where it is inlined": "static inline __attribute__((always_inline)) void once(u32 n) { for (u32 j = 0; j < n; j++) { LOOP_BOUND(1);\nTICK(); } }\n"
                                  + HERE + "{ for (u32 i = 0; i < sink; i++)\nonce(1); }\n",
    "that waits for a lock": "static u32 lock;\n" + HERE + "{ while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) { } TICK(); lock = 0; }\n",
    "that waits for a flag": "static u8 lock;\n" + HERE + "{ while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE)) { } TICK(); lock = 0; }\n",
    "that waits for its turn": "static u32 turn;\n" + HERE + "{ while (__atomic_fetch_add(&turn, 1, __ATOMIC_ACQUIRE) & 1) { } TICK(); }\n",
    "until half of what is shifted is none": HERE + "{ u64 x = (u64)sink << 32 | sink; do { TICK(); x >>= 1; } while ((u32)x); }\n",
    "while half of what is shifted is some": HERE + "{ u64 x = (u64)sink << 32 | sink; while ((u32)x) { TICK(); x >>= 1; } }\n",
    "marked as rare only": HERE + "{ while (!sink) { TICK(); if (sink & 1) { LOOP_RARELY(4); sink = 5; } } }\n",
}


@pytest.mark.parametrize("name", UNBOUNDED)
def test_unbounded(analyse, name):
    refused(analyse(UNBOUNDED[name]), "a loop without a bound", "LOOP_BOUND", "program.c:")


def test_forever(analyse):
    """Where a CPU stays is said, too."""
    refused(analyse(HERE + "{ TICK(); }\n", residence=False), "a loop without a bound")


# ---- calls ----

def test_recursion(analyse):
    refused(analyse("static __attribute__((noinline)) u32 down(u32 n) { TICK(); return n ? down(n - 1) + sink : 0; }\n" + HERE + "{ sink = down(3); }\n"),
            "recursion: down")


def test_mutual_recursion(analyse):
    text = ("u32 one(u32 n), two(u32 n);\n__attribute__((noinline)) u32 one(u32 n) { TICK(); return n ? two(n - 1) + sink : 0; }\n"
            "__attribute__((noinline)) u32 two(u32 n) { TICK(); return n ? one(n - 1) * sink : 1; }\n")
    refused(analyse(text + HERE + "{ sink = one(3); }\n"), "recursion", "one", "two")


VDEV = """
struct vdev { u64 (*read)(u64); void (*write)(u64); };
struct config { const struct vdev *ops; u64 base; };
u64 first_read(u64 x); void first_write(u64 x); u64 second_read(u64 x);
__attribute__((noinline)) u64 first_read(u64 x) { return x + 1; }
__attribute__((noinline)) void first_write(u64 x) { for (u32 i = 0; i < 1000; i++) sink = x; }
__attribute__((noinline)) u64 second_read(u64 x) { for (u32 i = 0; i < 50; i++) TICK(); return x; }
const struct vdev vdev_first = { first_read, first_write }, vdev_second = { second_read, 0 };
extern const struct config machine_vdevs[];
const struct config machine_vdevs[3] = { { &vdev_first, 1 }, { &vdev_second, 2 }, { &vdev_first, 3 } };
"""


def test_a_device_table_is_looked_through_by_column(analyse):
    said = analyse(VDEV + HERE + "{ const struct config *c = &machine_vdevs[sink % 3]; sink = c->ops->read(c->base); }\n")
    accepted(said)
    ways = said.path("boot")
    assert 150 < ways["ends"] < 400 # the loop of 50 in second_read, and never the 1,000 rounds of a write


def test_recursion_through_a_device_table(analyse):
    text = "struct config; u64 again(u64 x);" + VDEV.replace("return x + 1;", "return x + again(x);")
    text += "__attribute__((noinline)) u64 again(u64 x) { const struct config *c = &machine_vdevs[x % 3]; return c->ops->read(c->base) + 1; }\n"
    refused(analyse(text + HERE + "{ const struct config *c = &machine_vdevs[sink % 3]; sink = c->ops->read(c->base); }\n"), "recursion", "first_read")


def test_a_pointer_that_anybody_may_write(analyse):
    text = "void (*volatile hook)(void);\n" + HERE + "{ hook(); }\n"
    refused(analyse(text), "an indirect call that is not of a virtual device's table", "program.c:")


KEPT = """
struct hook { void (*f)(u64); }; struct hook hooks[4]; struct hook *volatile where;
__attribute__((noinline)) void long_one(u64 x); __attribute__((noinline)) void other(u64 x);
static __attribute__((noinline)) void arm(void) { ARM; where = &hooks[sink & 3]; }
__attribute__((noinline)) void long_one(u64 x) { TICK(); sink = x; }
__attribute__((noinline)) void other(u64 x) { TICK(); TICK(); sink = x; }
"""


@pytest.mark.parametrize("arm", ["hooks[sink & 3].f = long_one", "hooks[sink & 3].f = sink & 4 ? long_one : other"])
def test_a_pointer_that_is_kept(analyse, arm):
    """It looks like a device's table to who calls through it."""
    text = VDEV + KEPT.replace("ARM", arm) + HERE + "{ arm(); where->f(1); sink = machine_vdevs[sink % 3].ops->read(3); }\n"
    refused(analyse(text), "a pointer to long_one that is not called here", "program.c:")


def test_a_recursion_through_a_pointer_that_is_kept(analyse):
    text = VDEV + KEPT.replace("ARM", "hooks[sink & 3].f = long_one").replace("{ TICK(); sink = x; }", "{ TICK(); where->f(x + 1); }")
    refused(analyse(text + HERE + "{ arm(); where->f(1); sink = machine_vdevs[sink % 3].ops->read(3); }\n"), "a pointer to long_one")


def test_a_function_that_is_passed_by_name(analyse):
    text = ("static __attribute__((noinline)) void one(void) { TICK(); }\nstatic __attribute__((noinline)) void two(void) { TICK(); sink = 3; }\n"
            "static __attribute__((noinline)) void both(void (*f)(void)) { sink = 1; f(); }\n" + HERE + "{ both(one); both(two); }\n")
    accepted(analyse(text))


def test_a_branch_to_nobody_knows_where(analyse):
    refused(analyse(HERE + '{ u64 to = sink; __asm__ volatile("add %0, %0, #4; br %0" :: "r"(to)); }\n'), "a computed branch whose targets nobody names", "branch_table")


def test_a_branch_to_what_only_one_way_says(analyse):
    text = r'''{ __asm__ volatile("adr x1, 5f\n cbz %0, 2f\n adr x1, 4f\n2: nop\n br x1\n4: nop\n b 6f\n5: .rept 5000\n nop\n .endr\n6:" :: "r"((u64)sink) : "x1"); }'''
    refused(analyse(HERE + text), "an indirect call that is not of a virtual device's table")


TABLE = r"""
{ u64 n = sink & 3, to;
__asm__ volatile("adr %0, 1f\n add %0, %0, %1, lsl #3\n.Lbr: .pushsection .bounds, \"o\", %%progbits, .Lbr\n .quad .Lbr, COUNT, 3\n .popsection\n br %0\n"
"1: nop\n b 2f\n nop\n b 2f\n nop\n b 2f\n nop\n b 3f\n3: nop\n nop\n nop\n nop\n2:" : "=&r"(to) : "r"(n)); }
"""


def test_a_table_of_code_is_as_long_as_it_says(analyse):
    three, four = (analyse(HERE + TABLE.replace("COUNT", str(n))) for n in (3, 4))
    accepted(three), accepted(four)
    assert four.path("boot")["ends"] - three.path("boot")["ends"] == 4 # the fourth entry leads to four more


def test_two_entries(analyse):
    """An irreducible loop."""
    text = r'''{ __asm__ volatile("cbz %w0, 2f\n1: nop\n2: nop\n subs %w1, %w1, #1\n b.ne 1b" :: "r"(sink), "r"(9) : "cc"); }'''
    refused(analyse(HERE + text), "a loop that is entered at several places")


# A way round that is entered at 1 and at 2. A CPU stays at 1.
SEVERAL = r'''{ u32 n = 9; __asm__ volatile("cbz %w0, 2f\n1: .Lstay%=: .pushsection .bounds, \"o\", %%progbits, .Lstay%=\n .quad .Lstay%=, 0, 2\n .popsection\n wfi\n"
"2: nop\n nop\n nop\n" INNER "ldr %w0, [%x2]\n cbnz %w0, 1b" : "+r"(sink_now), "+r"(n) : "r"(&sink) : "cc"); }'''


def several(inner=""):
    return HERE + SEVERAL.replace("INNER", f'"{inner}"').replace("{ u32 n", "{ u32 sink_now = sink, n")


def test_two_entries_where_a_cpu_stays(analyse):
    """What is behind the place is another path, wherever the loop was entered."""
    said = analyse(several())
    accepted(said)
    assert said.path("round-body")["ends"] == 6


def test_two_entries_and_a_way_round_without_that_place(analyse):
    refused(analyse(several(r"cbnz %w1, 2b\n ")), "a loop without a bound")
    refused(analyse(several(r"ldr %w1, [%x2]\n cbz %w1, 4f\n3: nop\n4: nop\n cbnz %w1, 3b\n ")), "a loop that is entered at several places")


def test_two_entries_and_a_loop_inside(analyse):
    said = analyse(several(r"mov %w1, #9\n3: nop\n subs %w1, %w1, #1\n b.ne 3b\n "))
    accepted(said)
    assert said.path("round-body")["ends"] == 6 + 1 + 9 * 3


# ---- what it counts ----

def way(analyse, body, **more):
    said = analyse(body, **more)
    accepted(said)
    return said.path("boot")


def rounds(analyse, loop, **more):
    """How many TICKs are on the longest way, if each is a thousand instructions."""
    return way(analyse, loop.replace("TICK()", '__asm__ volatile(".rept 1000\\nnop\\n.endr")'), **more)["ends"] // 1000


COUNTED = {
    "up": (HERE + "{ for (u32 i = 0; i < 10; i++) TICK(); }\n", 10),
    "down": (HERE + "{ for (u32 i = 10; i; i--) TICK(); }\n", 10),
    "by three": (HERE + "{ for (u32 i = 0; i < 10; i += 3) TICK(); }\n", 4),
    "of sixteen bits": (HERE + "{ for (u16 i = 3; i < 300; i++) { TICK(); table[i % 64] = i; } }\n", 297),
    "signed": (HERE + "{ for (int i = -5; i <= 5; i++) { TICK(); table[i & 63] = i; } }\n", 11),
    "of an array": (HERE + "{ for (u32 *at = table; at < table + 64; at++) { TICK(); *at = 1; } }\n", 64),
    "left early": (HERE + "{ for (u32 i = 0; i < 20; i++) { TICK(); if (table[i] == 7) break; } }\n", 20),
    "nested": (HERE + "{ for (u32 i = 0; i < 7; i++) for (u32 j = 0; j < 5; j++) TICK(); }\n", 35),
    "in a function": ("static __attribute__((noinline)) void five(void) { for (u32 i = 0; i < 5; i++) TICK(); }\n"
                      + HERE + "{ for (u32 i = 0; i < 7; i++) { sink = i; five(); } }\n", 35),
    "said": (HERE + "{ for (u32 i = 0; i < sink; i++) { LOOP_BOUND(12); TICK(); } }\n", 12),
    "said, and proved to be fewer": (HERE + "{ for (u32 i = 0; i < 10; i++) { LOOP_BOUND(12); TICK(); } }\n", 10),
    "of what is shifted": (HERE + "{ u64 x = (u64)sink << 32 | sink; while (x) { TICK(); x >>= 1; } }\n", 64),
    "of a half that is shifted": (HERE + "{ u32 x = sink; while (x) { TICK(); x >>= 1; } }\n", 32),
    "of a half's bits": (HERE + "{ u64 x = (u64)sink << 32 | sink; while ((u32)x) { TICK(); x &= x - 1; } }\n", 32),
    "rare": (HERE + "{ for (u32 i = 0; i < sink; i++) { LOOP_BOUND(50); if (table[i & 63]) { LOOP_RARELY(3); TICK(); } } }\n", 3),
    "in all": (HERE + "{ for (u32 i = 0; i < 40; i++) for (u32 n = table[i]; n; n--) { LOOP_TOTAL(60); TICK(); } }\n", 60),
}


@pytest.mark.parametrize(("name", "level"), [(n, "-Os") for n in COUNTED] + [(n, "-O2") for n in ("of sixteen bits", "nested", "rare", "in all")])
def test_counted(analyse, name, level):
    body, passes = COUNTED[name]
    found = rounds(analyse, body, level=level)
    assert passes <= found <= passes + 1 + passes // 50, f"{found} for {passes}"


def test_who_says_less_than_it_is_is_named(analyse):
    """A constant that is wrong is what one fears of marks; some are right because of what only people know."""
    loop = HERE + "{ for (u32 i = 0; i < 32; i++) { LOOP_BOUND(4); TICK(); if (table[i]) break; } }\n"
    said = analyse(loop)
    accepted(said)
    (one,) = said.data["believed"]
    assert one["said"] == 4 and one["proved"] in (32, 33) and "program.c:" in one["where"]
    assert analyse(loop.replace("(4)", "(40)")).data["believed"] == []


def test_waiting_for_hardware_is_apart(analyse):
    ways = way(analyse, HERE + "{ while (sink) { LOOP_PATIENCE(1000); TICK(); } }\n")
    assert ways["ends"] < 60 and 3000 < ways["ends_patience"] < 10000 and ways["ends_milliseconds"] == 0


def test_a_deadline_is_apart(analyse, tmp_path):
    counts = tmp_path / "counts.h"
    counts.write_text("#define MAX_TRAP_INSTRUCTIONS 100000 /* some.dts:7 */\n")
    ways = way(analyse, HERE + "{ while (sink) { LOOP_TIME(250); TICK(); } }\n")
    assert ways["ends"] < 60 and ways["ends_milliseconds"] == 250


def test_a_residence_ends_a_way(analyse):
    ways = way(analyse, HERE + "{ TICK(); do { LOOP_RESIDENCE(); TICK(); } while (sink); for (u32 i = 0; i < 1000; i++) TICK(); }\n")
    assert ways["ends"] < 60 # what comes after the wait is a way of its own


def test_what_may_lose_a_race_does_so_once_for_each_cpu(analyse):
    body = "{ __atomic_fetch_add(&table[1], 1, __ATOMIC_SEQ_CST); }\n"
    one = way(analyse, HERE + "{ BOUND_ENTRY(1, BOUND_CPUS); " + body[1:])["ends"]
    nine = way(analyse, HERE + "{ BOUND_ENTRY(9, BOUND_CPUS); " + body[1:])["ends"]
    assert nine - one in (8 * 4, 8 * 5)


# ---- the stack ----

def test_depth(analyse):
    text = ("static __attribute__((noinline)) void deep(void) { volatile u8 room[1000]; for (u32 i = 0; i < 1000; i++) room[i] = i; sink = room[sink % 1000]; }\n"
            "static __attribute__((noinline)) void flat(void) { volatile u8 room[100]; for (u32 i = 0; i < 100; i++) room[i] = i; sink = room[sink % 100]; }\n")
    said = analyse(text + HERE + "{ flat(); sink = 1; deep(); sink = 2; }\n")
    accepted(said)
    assert 1000 + 16 <= said.data["stack"]["deepest"] < 1000 + 80 and said.data["stack"]["way"][-1] == "deep"


def test_too_deep(analyse):
    text = "{ BOUND_ENTRY(512, BOUND_STACK); volatile u8 room[600]; for (u32 i = 0; i < 600; i++) room[i] = i; sink = room[sink % 600]; }\n"
    refused(analyse(HERE + text), "the stack has 512 bytes", "body")


def test_nobody_knows_how_deep(analyse):
    text = "{ u32 n = sink & 63; u8 *room = __builtin_alloca(n + 1); for (u32 i = 0; i < 64; i++) ((volatile u8 *)room)[i & n] = i; }\n"
    refused(analyse(HERE + text), "stack pointer")


# ---- the ways of a table of vectors ----

VECTORS = r"""
__asm__(".text\n.balign 2048\n.global vectors\nvectors:\n.rept 8\n.balign 128\n b stop\n.endr\n"
	".balign 128\n mrs x0, esr_el2\n cbz x0, quick\n cmp x0, #1\n b.eq wfx\n bl trap_slow\n eret\n"
	"quick: bl fast_hypercall\n cbz x0, 1f\n eret\n1: bl trap_slow\n eret\nwfx: wfi\n eret\n"
	".rept 7\n.balign 128\n b stop\n.endr\n"
	".balign 2048\nstop:\n.Lstop: .pushsection .bounds, \"o\", %progbits, .Lstop\n .quad .Lstop, 0, 2\n .popsection\n wfi\n b stop\n");
u64 fast_hypercall(void); void trap_slow(void);
u64 fast_hypercall(void) { return sink; }
void trap_slow(void) { for (u32 i = 0; i < 100; i++) TICK(); MORE }
"""


def vectors(analyse, more="", before="", **options):
    return analyse('extern char vectors[];\n' + before + VECTORS.replace("MORE", more) + HERE + "{ sink = (u64)vectors; }\n", **options)


def test_ways_have_names(analyse):
    said = vectors(analyse)
    accepted(said)
    short, wfi, slow, other = (said.path(n) for n in ("hvc-short", "wfi", "sync-long", "serror"))
    assert short["instructions"] == 2 + 1 + 4 + 1 + 1 or short["instructions"] < 12
    assert wfi["instructions"] == 6
    assert 300 + short["instructions"] < slow["instructions"] < 460 # what a short exit has tried before is in it
    assert other["instructions"] is None and other["ends"] == 1


def test_limit(analyse, tmp_path):
    counts = tmp_path / "counts.h"
    least = vectors(analyse).path("sync-long")["instructions"]
    for limit, more, word in ((least, "", None), (least - 1, "", f"sync-long, has {least} instructions, more than the {least - 1} said here"),
                              (10 ** 6, "while (sink) { LOOP_TIME(7); TICK(); }", "sync-long may wait 7 ms for a deadline")):
        counts.write_text(f"#define MAX_TRAP_INSTRUCTIONS {limit} /* some.dts:7 */\n")
        said = vectors(analyse, more, options=("--limit", str(counts)))
        assert said.code == (1 if word else 0) and (not word or f"some.dts:7: error[max-trap-instructions]: " in said.err and word in said.err), said.err
        assert said.data["problems"] == []


# ---- what it is given ----

def test_no_image(tmp_path):
    from conftest import Said
    for content, word in ((b"", "build it first"), (b"text, and no ELF" * 8, "not an ELF"), (None, "No such file")):
        elf = tmp_path / "x.elf"
        elf.unlink(missing_ok=True)
        if content is not None:
            elf.write_bytes(content)
        said = Said(elf, tmp_path)
        assert said.code == 1 and word in said.err and said.data is None
