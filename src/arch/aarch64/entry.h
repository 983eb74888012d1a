/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What entry.S and mediated.S share: the frame at [sp], and labels of entry.S. Assembly only. */
#ifndef CLOISON_ARCH_AARCH64_ENTRY_H
#define CLOISON_ARCH_AARCH64_ENTRY_H

/* Guest x4-x30 into the frame; x0-x3 went there first. */
	.macro	save_x4_x30
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	str	x30, [sp, #240]
	.endm

/*
 * x4-x8, x16, x17, x30: with x0-x3, what the short exits' C may use. (x16 and
 * x17 belong to whoever links, and clang cannot be kept from them, nor from x8.)
 */
	.macro	save_x4_x8
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	str	x8, [sp, #64]
	stp	x16, x17, [sp, #128]
	str	x30, [sp, #240]
	.endm
	.macro	restore_x4_x8
	ldr	x30, [sp, #240]
	ldp	x16, x17, [sp, #128]
	ldr	x8, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	.endm

/* cell_count_exit of the short exits. Clobbers reg. */
	.macro	count_exit counter, reg=x2
	.if	COUNT_EXITS
	ldr	\reg, [sp, #\counter]
	add	\reg, \reg, #1
	str	\reg, [sp, #\counter]
	.endif
	.endm

/* SPSR_EL2.SS: a guest that steps has stepped. Clobbers reg. */
	.macro	stepped reg
	mrs	\reg, spsr_el2
	tbz	\reg, #21, .Lstepped\@
	and	\reg, \reg, #~(1 << 21)
	msr	spsr_el2, \reg
.Lstepped\@:
	.endm

/* Over the trapped instruction and back to the guest; x0-x3 come from the frame. */
	.macro	skip_and_eret
	mrs	x2, elr_el2
	add	x2, x2, #4
	msr	elr_el2, x2
	stepped x2
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp, #0]
	eret
	dsb	nsh                          /* no speculation past eret */
	isb
	.endm

/* Of an abort: x1 where, guest-physical. Clobbers x0. */
	.macro	fault_ipa
	mrs	x1, hpfar_el2
	mrs	x0, far_el2
	lsl	x1, x1, #8                   /* IPA[51:12] is at [43:4] */
	bfxil	x1, x0, #0, #12
	.endm

/* The same, with x0 in the register that the load named. */
	.macro	store_and_return
	mrs	x2, esr_el2
	ubfx	w2, w2, #16, #5
	store_w2
	.endm

/* The same of an MRS. x2 ESR. */
	.macro	register_and_return
	ubfx	w2, w2, #5, #5
	store_w2
	.endm
	.macro	store_w2
	adr	x3, store_rt
	add	x3, x3, x2, lsl #3
	branch_table x3, 32
	.endm

/* br \reg into a table of \count entries, two instructions each: tools/bound looks at all of them (BOUND_TABLE of core/bound.h). */
	.macro	branch_table reg, count
.Ltable\@:
	.pushsection .bounds, "o", %progbits, .Ltable\@
	.quad	.Ltable\@, \count, 3
	.popsection
	br	\reg
	.endm

/* First in the body of a loop: how often it goes round at most, as LOOP_BOUND (kind 0) and others of core/bound.h say it in C. */
	.macro	loop_bound count, kind
.Lbound\@:
	.pushsection .bounds, "o", %progbits, .Lbound\@
	.quad	.Lbound\@, \count, \kind
	.popsection
	.endm

#define COPIED hyp_image_size, 1 /* bytes at most; reported apart: who loads the image where it belongs has none of that */
#define RESIDENCE 0, 2

#endif
