/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The two tables of vectors of a core that can trace (docs/cellcheck.md): the second writes an entry into the page of its own
 * CPU and goes on in the first, behind what the first would have stored; VBAR_EL2 is given one of the two and nothing
 * else. Word for word: what is not known here is a finding.
 */
#include "cellcheck.h"

#define TABLE 0x800
#define SLOT 0x80
#define GUEST 0x400 /* the first slot of an exit; before it are the core's own */
#define CHAIN 4     /* branches to branches, at most */

#define STP_X0_X1 0xa90007e0 /* [sp] */
#define STP_X2_X3 0xa9010fe2 /* [sp, #16] */
#define LDR_X0 0xf94003e0    /* [sp] */
#define LDR_HEAD 0xb94003e1  /* w1, [sp, #...] */
#define STR_HEAD 0xb90003e1
#define HEAD_MASK 0xffc003ff

static const u32 begin[] = {
	0x912003e3, /* add x3, sp, #0x800: the upper half of the CPU's page */
	0xb37b1423, /* bfi x3, x1, #5, #6 */
	0x11000421, /* add w1, w1, #1 */
	0xd5033abf, /* dmb ishst */
	0xd53be022, /* mrs x2, cntpct_el0 */
	0xf9000062, /* str x2, [x3] */
};
static const u32 exit_words[] = {
	0x52800020, /* mov w0, #1 */
	0xd53c5202, /* mrs x2, esr_el2 */
	0x29010860, /* stp w0, w2, [x3, #8] */
	0xd53c6082, /* mrs x2, hpfar_el2 */
	0xd53c6000, /* mrs x0, far_el2 */
	0xd378dc42, /* lsl x2, x2, #8 */
	0xb3402c02, /* bfxil x2, x0, #0, #12 */
	0xd53c4020, /* mrs x0, elr_el2 */
	0xa9010860, /* stp x0, x2, [x3, #16] */
	0xd5033abf, /* dmb ishst */
};
static const u32 irq_words[] = {
	0x52800040, /* mov w0, #2 */
	0xd538cc42, /* mrs x2, icc_hppir1_el1 */
	0x29010860, /* stp w0, w2, [x3, #8] */
	0xd53c4020, /* mrs x0, elr_el2 */
	0xa9017c60, /* stp x0, xzr, [x3, #16] */
	0xd5033abf, /* dmb ishst */
};
/* Behind the two ADR: tst w0, #0xff; csel x1, x1, x2, eq; msr vbar_el2, x1; ret */
static const u32 switch_words[] = { 0x72001c1f, 0x9a820021, 0xd51cc001, 0xd65f03c0 };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* 0: not in .text, or no instruction either */
static u32 word_at(const struct check *c, u64 at)
{
	const struct section *text = c->img->text;

	return at % 4 == 0 && span_holds((struct span) { text->base, text->size }, (struct span) { at, 4 }) ?
	       (u32)get(text->bytes + (at - text->base), 4) : 0;
}

static u64 branch(u32 word, u64 at)
{
	return at + (u64)((long long)((u64)word << 38) >> 36);
}

/* Where it goes on, from here or by way of branches. */
static u64 follow(const struct check *c, u64 at)
{
	for (int i = 0; i < CHAIN && word_at(c, at) >> 26 == 5; i++)
		at = branch(word_at(c, at), at);
	return at;
}

static bool take(const struct check *c, u64 *at, const u32 *words, size_t count)
{
	for (size_t i = 0; i < count; i++, *at += 4)
		if (word_at(c, *at) != words[i])
			return false;
	return true;
}

static bool saves(const struct check *c, u64 *at)
{
	return take(c, at, (const u32[]) { STP_X0_X1, STP_X2_X3 }, 2);
}

/* The slot of an exit. live: the code that follows expects the guest's x0. */
static bool is_slot(const struct check *c, u64 ordinary, u64 traced, bool irq, bool live)
{
	u64 first = follow(c, ordinary), at = follow(c, traced);
	u32 head;

	if (!saves(c, &first) || !saves(c, &at))
		return false;
	head = word_at(c, at);
	at += 4;
	if ((head & HEAD_MASK) != LDR_HEAD || !take(c, &at, begin, COUNT(begin)) ||
	    !(irq ? take(c, &at, irq_words, COUNT(irq_words)) : take(c, &at, exit_words, COUNT(exit_words))))
		return false;
	if (word_at(c, at) != (STR_HEAD | (head & ~HEAD_MASK)) || (head >> 10 & 0xfff) * 4 < 0x100 || (head >> 10 & 0xfff) * 4 >= 0x800)
		return false; /* behind the frame, before the ring */
	at += 4;
	if (live && word_at(c, at) != LDR_X0)
		return false;
	at += live ? 4 : 0;
	return word_at(c, at) >> 26 == 5 && follow(c, at) == first;
}

static u64 adr(u32 word, u64 at)
{
	return at + (u64)((long long)((u64)(word >> 5 & 0x7ffff) << 45) >> 43) + (word >> 29 & 3);
}

static bool is_switch(const struct check *c, u64 at, u64 first, u64 second)
{
	u32 x1 = word_at(c, at), x2 = word_at(c, at + 4);
	u64 rest = at + 8;

	return (x1 & 0x9f00001f) == 0x10000001 && (x2 & 0x9f00001f) == 0x10000002 && adr(x1, at) == first && adr(x2, at + 4) == second &&
	       take(c, &rest, switch_words, COUNT(switch_words));
}

void check_vectors(struct check *c)
{
	const struct symbol *first = image_symbol(c->img, "vectors"), *second = image_symbol(c->img, "vectors_traced");
	const struct symbol *chooser = image_symbol(c->img, "arch_trace_switch");
	struct span text = { c->img->text->base, c->img->text->size };

	if (c->img->bare || (!second && !chooser))
		return;
	if (!first || !second || !chooser) {
		finding(c, "vectors", "one of vectors, vectors_traced and arch_trace_switch is missing");
		return;
	}
	for (int i = 0; i < 2; i++) {
		const struct symbol *table = i ? second : first;

		if (table->value % TABLE || !span_holds(text, (struct span) { table->value, TABLE }))
			finding(c, "vectors", "%s at 0x%llx is no table of vectors in .text", table->name, table->value);
	}
	for (u64 at = 0; at < TABLE; at += SLOT) {
		u64 kind = at % 0x200; /* synchronous, IRQ, FIQ, SError */
		bool irq = kind == SLOT || kind == 2 * SLOT;
		u32 word = word_at(c, second->value + at);
		bool good = at < GUEST ? word >> 26 == 5 && branch(word, second->value + at) == first->value + at :
			    is_slot(c, first->value + at, second->value + at, irq, at == GUEST);

		if (!good)
			finding(c, "vectors", "vectors_traced + 0x%llx is not an entry and then what vectors + 0x%llx does", at, at);
	}
	if (!is_switch(c, chooser->value, first->value, second->value))
		finding(c, "vectors", "arch_trace_switch does not give VBAR_EL2 one of vectors and vectors_traced");
}
