/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * How often a loop goes round at most, said where the loop is, for tools/bound.
 *
 *     for (u32 i = 0; i < CELL_COUNT; i++) {
 *             LOOP_BOUND(CELL_COUNT);
 *             ...
 *
 * Costs no instruction: an entry of a section that is not loaded, .bounds:
 *
 *     u64 address   the place in the code; it stands in the body of its loop, so
 *                   in a loop of the machine code, whatever the compiler made of it
 *     u64 count     how often that place is passed at most, each time the loop is entered
 *     u64 kind      below; from bit 8 on the line of the source, so that a mark is not taken for one of another loop
 *
 * A count is a constant of the compiler: of counts.h, or of the file itself. The mark is the first thing in the body: under an
 * `if` it would say nothing of the rounds without it.
 * Only loops that tools/bound cannot count by itself need one.
 */
#ifndef CLOISON_CORE_BOUND_H
#define CLOISON_CORE_BOUND_H

#define BOUND_COUNTED 0
#define BOUND_PATIENCE 1 /* each round waits for hardware, which answers long before; reported apart */
#define BOUND_RESIDENCE 2 /* a CPU lives here (idle, parked, halted): a path into the core ends where it is reached */

#define BOUND_TABLE 3     /* assembly: a branch into a table of code, count entries of two instructions (arch/<isa>/entry.h) */
#define BOUND_CPUS 4      /* of the whole image: CPUs, each of which may be in the way of an exclusive store once */
#define BOUND_RARE 5      /* no bound of a loop: a place in it, maybe under an `if`, that is passed at most so often each time the loop is entered */
#define BOUND_TOTAL 6     /* as BOUND_COUNTED; and so often at most in all rounds of the loop around it together */
#define BOUND_TIME 7      /* a loop that ends by the clock, after so many milliseconds at most; how many rounds that is nobody knows */
#define BOUND_STACK 8     /* of the whole image: bytes of each CPU's stack */

#define BOUND_ENTRY(count, kind) \
	__asm__ volatile inline(".Lbound%=: .pushsection .bounds, \"o\", %%progbits, .Lbound%=\n\t.quad .Lbound%=, %c0, %c1\n\t.popsection" ::"i"((u64)(count)), "i"((kind) | __LINE__ << 8))

#define LOOP_BOUND(count) BOUND_ENTRY(count, BOUND_COUNTED)
#define LOOP_PATIENCE(count) BOUND_ENTRY(count, BOUND_PATIENCE)
#define LOOP_RESIDENCE() BOUND_ENTRY(0, BOUND_RESIDENCE)
#define LOOP_RARELY(count) BOUND_ENTRY(count, BOUND_RARE)
#define LOOP_TOTAL(count) BOUND_ENTRY(count, BOUND_TOTAL)
#define LOOP_TIME(milliseconds) BOUND_ENTRY(milliseconds, BOUND_TIME)

#endif
