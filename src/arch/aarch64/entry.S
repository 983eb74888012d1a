/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The way in from a guest and the way back.
 *
 * While a guest runs, SP_EL2 rests on this CPU's struct cpu, whose first member
 * is the frame: the vectors store at [sp, #..] and the C stack grows below.
 *
 * Some exits are frequent or timed, and stay short: a hypercall that only
 * answers, sending an SGI, a guarded WFI, identification registers and those
 * of the GIC's CPU interface, a word of the distributor, the flags
 * of a console, and a mediated guest's interrupts. They save
 * x0-x3, or x0-x8, x16, x17 and x30; the C behind them (fast_*.c, and
 * what core/glance.c reaches) is built
 * to use no other. Everything else saves all general registers and goes to
 * trap_slow.
 */
#include "asm-offsets.h"
#include "entry.h"

/* Whole syndromes (ESR_EL2): class, 32-bit instruction, and what the class says of it */
#define ESR_HVC0 0x5a000000      /* HVC #0: only that is the calling convention */
#define ESR_WFI 0x07e00000       /* WFI; WFE and those with a timeout are not */
#define ESR_SGI1R 0x623a3016     /* MSR ICC_SGI1R_EL1, without Rt */
#define ESR_SGI1R_MASK 0xfffffc1f
#define ESR_ID 0x62300001        /* MRS of S3_0_C0_C<0 to 7>_<op2>, without Rt */
#define ESR_ID_MASK 0xfff1fc11
#define ESR_REGISTER 0x18        /* class of all MRS and MSR */
/* Data abort of a load or store of 32 bits, and of any size: syndrome valid, no sign extension, translation fault, not of a walk */
#define ESR_WORD 0x91800004
#define ESR_WORD_MASK 0xfde000bc
#define ESR_ACCESS 0x91000004
#define ESR_ACCESS_MASK 0xfd2000bc

	.macro	vector offset, label
	.org	\offset
	.ifnb	\label
	b	\label
	.endif
	.endm

/* Tables of code, in the gap that the vectors' alignment leaves behind boot.S. */
	.section .text.early, "ax"
	.balign	8

/* In: w2 register number; x0-x8 and x30 in the frame, the rest live. Out: x0 its value. Clobbers x3. */
	.global	rt_value
rt_value:
	adr	x3, 1f
	add	x3, x3, x2, lsl #3
	branch_table x3, 32
1:                                       /* 32 entries of two instructions */
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8
	ldr	x0, [sp, #8 * \n]
	ret
	.endr
	.irp	n, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
	mov	x0, x\n
	ret
	.endr
	ldr	x0, [sp, #240]
	ret
	mov	x0, xzr
	ret

/* In: x0 value; x0-x3 in the frame, the rest live. Goes on at skip_and_return. */
	.global	store_rt
store_rt:                                /* 32 entries of two instructions */
	.irp	n, 0, 1, 2, 3
	str	x0, [sp, #8 * \n]
	b	skip_and_return
	.endr
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov	x\n, x0
	b	skip_and_return
	.endr
	b	skip_and_return

/*
 * The guest sends an SGI: a write of ICC_SGI1R_EL1. x2 ESR; x0-x3 in the frame, the rest live. One write for each target, as
 * each has a route of its own; sgi_routes lies where the leading zeros of a target's bit lead.
 */
	.balign	8
sgi:
	ubfx	w2, w2, #5, #5               /* Rt */
	adr	x3, 1f
	add	x3, x3, x2, lsl #3
	branch_table x3, 32
1:	.irp	n, 0, 1, 2, 3
	ldr	x0, [sp, #8 * \n]
	b	sgi_send
	.endr
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov	x0, x\n
	b	sgi_send
	.endr
	mov	x0, xzr
sgi_send:
	ldr	x3, [sp, #CPU_SGI_RARE]
	tst	x0, x3
	b.ne	sgi_rare                     /* x0 value */
	and	x1, x0, #0xffff              /* targets that there are not have a route to nobody, */
	and	x0, x0, #0xf000000           /* INTID */
2:
	loop_bound 16, 0
	sub	x3, x1, #1
	bic	x2, x1, x3                   /* the lowest, */
	clz	x2, x2                       /* 63 - n; of none 64, which is nobody too */
	ldr	x2, [sp, x2, lsl #3]
	orr	x2, x2, x0
	msr	S3_0_C12_C11_5, x2           /* ICC_SGI1R_EL1 */
	ands	x1, x1, x3
	b.ne	2b
	count_exit CPU_EXITS_SGI
	skip_and_eret

/*
 * A system register, or something else. x2 ESR; x0-x3 in the frame, the rest live. The ID space is what this CPU says, read each
 * time, without what the guest may not use (sysreg.c): so CPUs may differ, and there is nothing to be kept.
 */
	.balign	8
	.global	register
register:
	ldr	x0, 1f                       /* the mask, and above it what it has to leave */
	and	w1, w2, w0
	cmp	x1, x0, lsr #32
	b.ne	register_other
	ubfx	w1, w2, #1, #3               /* CRm: 1 to 7 */
	cbz	w1, slow
	ubfx	w3, w2, #17, #3
	bfi	w3, w1, #3, #3
	str	x30, [sp, #240]
	sub	w0, w3, #8
	bl	idreg_read_raw               /* x0 number -> x0 value; uses x1 */
	ldr	x30, [sp, #240]
	adrp	x1, id_masks - 64
	add	x1, x1, :lo12:id_masks - 64
	ldr	x1, [x1, x3, lsl #3]
	and	x0, x0, x1
	cmp	w3, #4 << 3                  /* ID_AA64PFR0_EL1, */
	b.eq	3f
	cmp	w3, #7 << 3                  /* ID_AA64MMFR0_EL1: of each a field has a limit */
	b.eq	4f
2:
	count_exit CPU_EXITS_ID, x1
	register_and_return
	.balign	8
1:	.word	ESR_ID_MASK, ESR_ID
3:	tst	x0, #0xe << 56               /* CSV2_1: SCXTNUM_ELx stay disabled */
	b.eq	2b
	mov	w1, #1
	bfi	x0, x1, #56, #4
	b	2b
4:	and	w1, w0, #0xf
	cmp	w1, #PA_RANGE_MAX
	b.ls	2b
	mov	w1, #PA_RANGE_MAX
	bfi	x0, x1, #0, #4
	b	2b
register_other:
	lsr	w0, w2, #26
	cmp	w0, #ESR_REGISTER
	b.ne	slow
	save_x4_x8
	tbnz	w2, #0, 5f                   /* a read */
	ubfx	w2, w2, #5, #5
	bl	rt_value
	mrs	x2, esr_el2
5:	mov	x1, sp
	bl	fast_register                /* x0 value, x1 struct cpu, x2 ESR -> x0 value or 0, negative: not done */
	restore_x4_x8
	tbnz	x0, #63, slow
	mrs	x2, esr_el2
	count_exit CPU_EXITS_SYSREG, x1
	tbz	w2, #0, skip_and_return
	register_and_return

/*
 * A word of the distributor, and of what else is short. x2 ESR; x0-x3 in the frame, the rest live. What it is not sure of goes
 * the general way, which decodes it again.
 */
abort:
	ldr	x0, 1f                       /* the mask, and above it what it has to leave */
	and	w1, w2, w0
	cmp	x1, x0, lsr #32
	b.ne	abort_other
	fault_ipa
	ldr	x3, [sp, #CPU_GICD_BASE]
	sub	x0, x1, x3                   /* offset in the distributor's frame */
	cmp	x0, #0x10, lsl #12
	b.hs	glance
	tbnz	w2, #6, distributor_write    /* WnR */
	save_x4_x8
	mov	x1, sp
	bl	fast_gicd_read               /* x0 offset, x1 struct cpu -> x0 value, negative: not done */
frame_value:
	restore_x4_x8
	tbnz	x0, #63, slow
	count_exit CPU_EXITS_IRQCHIP
	store_and_return
distributor_write:
	ubfx	w2, w2, #16, #5
	mov	x1, x0
	save_x4_x8
	bl	rt_value
	mov	x2, sp
	bl	fast_gicd_write              /* w0 value, x1 offset, x2 struct cpu -> x0 zero if done */
	restore_x4_x8
	cbnz	x0, slow
	.global	distributor_done
distributor_done:
	count_exit CPU_EXITS_IRQCHIP
	b	skip_and_return
/* Neither the distributor nor what else is looked at by itself: GICR_TYPER? x1 IPA, x2 ESR. */
	.global	redistributor
redistributor:
	tbnz	w2, #6, slow                 /* WnR */
	ldr	x0, [sp, #CPU_CELL]
	ldr	x0, [x0, #CELL_GICR_BASE]
	sub	x0, x1, x0
	cmp	x0, #GICR_FRAMES, lsl #12    /* there are no more, for any cell */
	b.hs	slow
	save_x4_x8
	mov	x1, sp
	ubfx	w2, w2, #22, #2              /* SAS */
	bl	fast_gicr_read               /* x0 offset, x1 struct cpu, w2 SAS -> x0 value, negative: not done */
	b	frame_value
/* Not the distributor. x1 IPA, x2 ESR. */
glance:
	ldr	x3, [sp, #CPU_GLANCED_AT]
	cmp	x1, x3
	b.ne	frame_mediated               /* x1 IPA, x2 ESR */
glanced:
	tbnz	w2, #6, slow                 /* WnR */
	save_x4_x8
	mov	x0, sp
	bl	glance_read                  /* x0 struct cpu -> x0 value, negative: not done */
	restore_x4_x8
	tbnz	x0, #63, slow
	count_exit CPU_EXITS_VDEV
	store_and_return
/*
 * Not a word, but Linux reads a console's flags as 16 bits, GICR_TYPER as 64, and writes the routes of all lines, 64 bits, whosever they are.
 */
abort_other:
	ldr	x0, 2f
	and	w1, w2, w0
	cmp	x1, x0, lsr #32
	b.ne	slow
	fault_ipa
	ldr	x3, [sp, #CPU_GLANCED_AT]
	cmp	x1, x3
	b.eq	glanced
	ldr	x3, [sp, #CPU_GICD_BASE]
	sub	x0, x1, x3
	cmp	x0, #0x10, lsl #12
	b.hs	redistributor
	ubfx	w3, w2, #22, #2              /* SAS */
	cmp	w3, #3
	b.ne	slow
	tbz	w2, #6, slow                 /* WnR */
	sub	x0, x0, #GICD_IROUTER
	ror	x0, x0, #3                   /* the line; misaligned: too high */
	cmp	x0, #32 * GIC_LINE_WORDS
	b.hs	slow
	ldr	x1, [sp, #CPU_CELL]
	lsr	w3, w0, #5
	add	x1, x1, x3, lsl #2
	ldr	w1, [x1, #CELL_LINES]
	lsr	w1, w1, w0
	tbz	w1, #0, distributor_done
	b	slow
	.balign	8
1:	.word	ESR_WORD_MASK, ESR_WORD
2:	.word	ESR_ACCESS_MASK, ESR_ACCESS

/*
 * The vectors. A slot has room for 32 instructions and most need one branch,
 * so the code of the exits lives in the slots: .org fails when one overflows.
 */
	.section .text.vectors, "ax"
	.balign	2048
	.global	vectors
vectors:
	vector	0x000, device_aborted          /* EL2, SP_EL0: only device_read and device_write select it */
/*
 * Guarded WFI. The core sleeps for the guest, but only if the kick line could
 * wake this CPU; with its wake-up prevented, WFI completes at once (it may,
 * architecturally) and the guest stays where revocation reaches it.
 */
wfx:
	count_exit CPU_EXITS_WFI
	mrs	x3, S3_0_C12_C12_7           /* ICC_IGRPEN1_EL1 */
	tbz	x3, #0, skip_and_return
	mrs	x3, S3_0_C4_C6_0             /* ICC_PMR_EL1 */
	ldr	x2, [sp, #CPU_KICK_PRIORITY]
	cmp	x3, x2
	b.ls	skip_and_return
	mrs	x3, S3_0_C12_C9_0            /* ICC_AP1R0_EL1: an active priority may mask the kick */
	cbnz	x3, skip_and_return
	mrs	x2, elr_el2
	add	x2, x2, #4
	msr	elr_el2, x2
	stepped x3
	mrs	x2, hcr_el2
	orr	x3, x2, #0x18                /* FMO, IMO: interrupts for a lower EL may not end a WFI here */
	msr	hcr_el2, x3
	isb
	dsb	sy                           /* the guest's stores are out before it sleeps */
	wfi
	msr	hcr_el2, x2
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp, #0]
	eret
	dsb	nsh
	isb

	vector	0x080, el2_unexpected
/* void arch_vcpu_enter(struct cpu *): the stack starts again at its top. */
	.global	arch_vcpu_enter
arch_vcpu_enter:
	mov	sp, x0
	b	restore

/*
 * An exception of the core itself. With the MMU off and at the address in x27 it
 * is the RAM probe of boot.S: note it and step over the load. Otherwise it is a
 * defect: panic, or, as there is no C before the MMU is on, stop.
 */
el2_sync:
	msr	tpidrro_el0, x0
	mrs	x0, sctlr_el2
	tbnz	w0, #0, el2_dump
	mrs	x0, elr_el2
	cmp	x0, x27
	b.ne	el2_stop
	add	x0, x0, #4
	msr	elr_el2, x0
	mov	x27, #1
	eret
el2_unexpected:
	msr	tpidrro_el0, x0              /* whose guest is over, if there is one */
	mrs	x0, sctlr_el2
	tbnz	w0, #0, el2_dump
el2_stop:
	loop_bound RESIDENCE
	wfi
	b	el2_stop

	vector	0x100, el2_unexpected
/*
 * s64 device_read(u64 address, u32 size); s64 device_write(u64 address, u32 size, u32 value); size 1, 2 or 4.
 * Out: what was read, or 0; -1 if the bus answered with an abort, or with an SError, which is taken here and now. SP_EL0 is
 * selected for so long: exceptions of these loads and stores come by vectors of their own, all others do not. Interrupts
 * are masked. Clobbers x3.
 */
	.global	device_read
device_read:
	msr	SPSel, #0
	cmp	w1, #2
	b.hi	4f
	b.eq	2f
	ldrb	w0, [x0]
	b	device_end
2:	ldrh	w0, [x0]
	b	device_end
4:	ldr	w0, [x0]
	b	device_end
	.global	device_write
device_write:
	mov	x3, x0
	mov	x0, #0
	msr	SPSel, #0
	cmp	w1, #2
	b.hi	4f
	b.eq	2f
	strb	w2, [x3]
	b	device_end
2:	strh	w2, [x3]
	b	device_end
4:	str	w2, [x3]
device_end:
	dsb	sy
	msr	DAIFClr, #4                  /* A */
	isb
	msr	DAIFSet, #4
	msr	SPSel, #1
	ret

	vector	0x180, device_serror
/* void device_drain(void): an SError that is pending is nobody's from here on. */
	.global	device_drain
device_drain:
	msr	SPSel, #0
	b	device_end
device_aborted:
	mrs	x0, sctlr_el2
	tbz	w0, #0, el2_unexpected       /* before the MMU is on it is none of those */
	mrs	x0, elr_el2
	add	x0, x0, #4
	msr	elr_el2, x0
device_serror:
	mov	x0, #-1
	eret
	dsb	nsh
	isb

	vector	0x200, el2_sync                /* EL2, SP_EL2 */
	vector	0x280, el2_unexpected
	vector	0x300, el2_unexpected
	vector	0x380, el2_unexpected

	vector	0x400                          /* lower EL, AArch64: synchronous */
guest_sync:
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	.global	guest_sync_saved
guest_sync_saved:                              /* also entered by trace.S: x0-x3 in the frame, x0 live */
	mrs	x2, esr_el2
	tbnz	w2, #31, abort               /* classes from 0x20 on: aborts, and what is rare */
	mov	w3, #ESR_HVC0
	cmp	w2, w3
	b.eq	hypercall
	ldr	w0, sgi_syndrome
	and	w3, w2, #ESR_SGI1R_MASK
	cmp	w3, w0
	b.eq	sgi
	mov	w0, #ESR_WFI
	cmp	w2, w0
	b.eq	wfx
	b	register

/* HVC #0. In: guest x0-x3 live but for x2, x3, which are in the frame. */
hypercall:
	str	x8, [sp, #64]
	stp	x16, x17, [sp, #128]
	str	x30, [sp, #240]
	bl	fast_hypercall               /* w0 -> x0 result, 0: not a short one */
	ldr	x30, [sp, #240]
	ldp	x16, x17, [sp, #128]
	ldr	x8, [sp, #64]
	cbz	x0, slow
	count_exit CPU_EXITS_HVC
	ldr	x1, [sp, #8]
	ldp	x2, x3, [sp, #16]
	eret
	dsb	nsh                          /* no speculation past eret */
	isb

	vector	0x480, guest_irq               /* of mediated guests; a direct one takes its own */
sgi_syndrome:
	.word	ESR_SGI1R

	vector	0x500, guest_interrupt         /* FIQ: there is no group 0 */
/* Over the trapped instruction and back. */
	.global	skip_and_return
skip_and_return:
	skip_and_eret

	vector	0x580, guest_serror
	vector	0x600, slow_from_vector        /* lower EL, AArch32 (EL0) */
	vector	0x680, guest_irq
guest_serror:
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	.global	guest_serror_saved
guest_serror_saved:
	mov	x1, #1
	b	unusual
	.global	guest_interrupt
guest_interrupt:
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	.global	guest_interrupt_saved
guest_interrupt_saved:
	mov	x1, #2
unusual:
	save_x4_x30
	mov	x0, sp
	bl	trap_unusual
	b	restore

	vector	0x700, guest_interrupt
/* In: sp on the frame. Called by: the slow path, arch_vcpu_enter. */
	.global	restore
restore:
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldr	x30, [sp, #240]
	ldp	x0, x1, [sp, #0]
	eret
	dsb	nsh
	isb

	vector	0x780, guest_serror
slow_from_vector:
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
/* In: x0-x3 in the frame, the rest live. */
	.global	slow
slow:
	save_x4_x30
	mov	x0, sp
	bl	trap_slow
	b	restore
	.org	0x800

/* u64 idreg_read_raw(u64 index): S3_0_C0_C<1 + index / 8>_<index % 8>. Uses x0 and x1 only, as a short exit calls it. */
	.section .text.idreg, "ax"
	.global	idreg_read_raw
idreg_read_raw:
	adr	x1, 1f
	add	x1, x1, x0, lsl #3
	branch_table x1, 56
1:
	.irp	crm, 1, 2, 3, 4, 5, 6, 7
	.irp	op2, 0, 1, 2, 3, 4, 5, 6, 7
	mrs	x0, S3_0_C0_C\crm\()_\op2
	ret
	.endr
	.endr

/*
 * An exception of the core itself, MMU on: its registers into struct cpu, then C. In: x0 free, its value in TPIDRRO_EL0.
 * The stack may be what overflowed: C goes on below what is on it only if that is less than half of it.
 */
	.section .text.dump, "ax"
	.global	el2_dump
el2_dump:
	mrs	x0, tpidr_el2
	add	x0, x0, #CPU_DUMP
	stp	x2, x3, [x0, #16]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	mrs	x2, tpidrro_el0
	stp	x2, x1, [x0]
	mov	x1, sp
	mrs	x2, spsr_el2
	stp	x30, x1, [x0, #240]
	str	x2, [x0, #256]
	mrs	x2, tpidr_el2
	sub	x3, x2, x1
	cmp	x3, #CPU_STACK_HALF
	csel	x1, x1, x2, ls
	and	x1, x1, #~15
	mov	sp, x1
	mrs	x0, esr_el2
	mrs	x1, elr_el2
	mrs	x2, far_el2
	b	trap_el2

/* void arch_panic_state(struct panic_state *state): what C keeps over a call as it is now; the rest is dump.c's. */
	.section .text.arch_panic_state, "ax"
	.global	arch_panic_state
arch_panic_state:
	add	x1, x0, #PANIC_X19
	stp	x19, x20, [x1, #0]
	stp	x21, x22, [x1, #16]
	stp	x23, x24, [x1, #32]
	stp	x25, x26, [x1, #48]
	stp	x27, x28, [x1, #64]
	str	x29, [x1, #80]
	mov	x1, sp
	b	dump_state

/*
 * The copier: runs at EL1 under the cell's load root, MMU off, memory cacheable
 * (HCR_EL2.DC). In: x0 struct load_list. Position independent; a page of its own
 * for each cell, so that it is in the cell's colours.
 * Copies each piece 16 bytes per load-store pair, cleans what it wrote to the
 * point of coherency (the guest starts with its MMU off, reads and writes past the
 * caches: no line may stay), drops stale instructions, and calls the core.
 */
	.section .copier, "ax"
	.rept	COUNT_CELLS
	.balign	4096
0:	ldr	x1, [x0], #16                /* count; step over reserved */
	mrs	x2, ctr_el0
	ubfx	x2, x2, #16, #4
	mov	x3, #4
	lsl	x3, x3, x2                   /* smallest data cache line, bytes */
	sub	x2, x3, #1
1:	cbz	x1, 6f
	ldp	x4, x5, [x0], #16            /* source, target */
	ldr	x6, [x0], #8                 /* size */
	bic	x9, x5, x2
	add	x6, x5, x6                   /* end of the target */
	sub	x10, x6, x5
	tbz	x10, #4, 2f                  /* odd number of 16-byte units: one first */
	ldp	x7, x8, [x4], #16
	stp	x7, x8, [x5], #16
2:	cmp	x5, x6
	b.hs	4f
3:	ldp	x7, x8, [x4], #32
	stp	x7, x8, [x5], #32
	ldp	x7, x8, [x4, #-16]
	stp	x7, x8, [x5, #-16]
	cmp	x5, x6
	b.lo	3b
4:	.if	4b - 0b - COPIER_CLEAN_OFFSET
	.error	"COPIER_CLEAN (trap.h) is wrong"
	.endif
	dc	civac, x9                    /* also where clearing goes on, with x1 = 1 */
	add	x9, x9, x3
	cmp	x9, x6
	b.lo	4b
	sub	x1, x1, #1
	b	1b
6:	dsb	sy
	ic	ialluis
	dsb	sy
	isb
	hvc	#0xc1                        /* LOADED: only a loading cell may say so */
7:	b	7b
	.if	. - 0b - COPIER_READ_OFFSET
	.error	"COPIER_READ (trap.h) is wrong"
	.endif
	ldp	x1, x2, [x0]                 /* only entered by the core: vits_trap.c. x0 address, x1-x4 what is there */
	ldp	x3, x4, [x0, #16]
	hvc	#0xc2
	b	7b
	.if	. - 0b - COPIER_CLEAR_OFFSET
	.error	"COPIER_CLEAR (trap.h) is wrong"
	.endif
	mrs	x2, dczid_el0                /* only entered by the core: arch_vcpu_clear. x5 to x6, whole pages; then as COPIER_CLEAN */
	tbnz	x2, #4, 9f                   /* DZP: DC ZVA is not permitted */
	mov	x4, #4
	lsl	x4, x4, x2                   /* what it clears, bytes: 2048 at most */
8:	dc	zva, x5
	add	x5, x5, x4
	cmp	x5, x6
	b.lo	8b
	b	4b
9:	stp	xzr, xzr, [x5], #16
	cmp	x5, x6
	b.lo	9b
	b	4b
	.if	. - 0b - COPIER_ACCESS_OFFSET
	.error	"COPIER_ACCESS (trap.h) is wrong"
	.endif
/*
 * A debugger's access, only entered by the core: debug.c. x0 address, x1 bytes, x2 value, x3 0 to read 8. What is in no cache
 * is what a guest with its MMU off sees; so the line is cleaned before, and after.
 */
	dc	civac, x0
	dsb	sy
	cbz	x3, 11f
	mov	x3, x0
10:	strb	w2, [x3], #1
	lsr	x2, x2, #8
	subs	x1, x1, #1
	b.ne	10b
	dc	civac, x0
	dsb	sy
	ic	ialluis
	dsb	sy
	isb
	b	12f
11:	ldr	x2, [x0]
	dc	civac, x0
	dsb	sy
12:	hvc	#0xc3
	b	12b
	.balign	4096
	.endr
