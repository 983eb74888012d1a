/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The vectors of a CPU that is traced (core/trace.h): each slot of an exit writes an entry, and goes on where the
 * ordinary slot has saved x0-x3. The order of the stores is that of trace.c, and its reason.
 */
#include "asm-offsets.h"

#define TRACE_EXIT 1
#define TRACE_IRQ 2

	.macro	save_x0_x3
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	.endm

/* Begin an entry. Out: w1 the next head, x3 the entry. Clobbers x2. */
	.macro	entry_begin
	ldr	w1, [sp, #CPU_TRACE_HEAD]
	add	x3, sp, #CPU_TRACE_RING      /* a multiple of its size */
	bfi	x3, x1, #5, #TRACE_INDEX_BITS
	add	w1, w1, #1
	dmb	ishst
	mrs	x2, cntpct_el0
	str	x2, [x3]
	.endm

	.macro	entry_end
	dmb	ishst
	str	w1, [sp, #CPU_TRACE_HEAD]
	.endm

/* Syndrome, where, and what HPFAR_EL2 and FAR_EL2 say of the address (of aborts only). Clobbers x0. */
	.macro	entry_exit
	entry_begin
	mov	w0, #TRACE_EXIT
	mrs	x2, esr_el2
	stp	w0, w2, [x3, #8]
	mrs	x2, hpfar_el2
	mrs	x0, far_el2
	lsl	x2, x2, #8                   /* IPA[51:12] is at [43:4] */
	bfxil	x2, x0, #0, #12
	mrs	x0, elr_el2
	stp	x0, x2, [x3, #16]
	entry_end
	.endm

/* What is pending, and is about to be acknowledged. Clobbers x0. */
	.macro	entry_irq
	entry_begin
	mov	w0, #TRACE_IRQ
	mrs	x2, S3_0_C12_C12_2           /* ICC_HPPIR1_EL1 */
	stp	w0, w2, [x3, #8]
	mrs	x0, elr_el2
	stp	x0, xzr, [x3, #16]
	entry_end
	.endm

	.macro	slot offset
	.org	\offset
	.endm

	.section .text.vectors_traced, "ax"
	.balign	2048
	.global	vectors_traced
vectors_traced:
	.irp	offset, 0x000, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380
	slot	\offset                      /* the core's own */
	b	vectors + \offset
	.endr

	slot	0x400                        /* lower EL, AArch64: synchronous */
	save_x0_x3
	entry_exit
	ldr	x0, [sp]
	b	guest_sync_saved

	slot	0x480
traced_irq:
	save_x0_x3
	entry_irq
	b	guest_irq_saved

	slot	0x500
	b	traced_fiq

	slot	0x580
	b	traced_serror

	slot	0x600                        /* lower EL, AArch32 (EL0) */
	save_x0_x3
	entry_exit
	b	slow

	slot	0x680
	b	traced_irq

	slot	0x700
traced_fiq:                              /* there is no group 0: what comes here is the end of a cell */
	save_x0_x3
	entry_irq
	b	guest_interrupt_saved

	slot	0x780
traced_serror:
	save_x0_x3
	entry_exit
	b	guest_serror_saved
	slot	0x800

/*
 * void arch_trace_switch(bool on). Either table may serve the core itself, so it does not matter when this comes to pass before
 * the guest is entered. cellcheck knows these instructions, and those of the slots.
 */
	.section .text.arch_trace_switch, "ax"
	.global	arch_trace_switch
arch_trace_switch:
	adr	x1, vectors
	adr	x2, vectors_traced
	tst	w0, #0xff
	csel	x1, x1, x2, eq
	msr	vbar_el2, x1
	ret
