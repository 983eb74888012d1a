/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * From the first instruction to C with the MMU on.
 *
 *   Image header -> EL2? -> at the linked address? (else move there) -> RAM there?
 *     -> this CPU's record in machine_regs -> tables on, W^X -> hyp_main / hyp_secondary
 *
 * Until the MMU is on nothing writable is read and there is no stack: what the
 * caches hold of memory that was written before is not to be trusted.
 *
 * The core's pages may be scattered over frames of its colours. Until the MMU is
 * on only this page, the first, is at its linked address; boot_frames says where
 * the others are (physical).
 *
 * Registers kept on the way:
 *   x19 CPU index   x20 its struct arch_regs   x21 counter at entry   x22 first CPU? (1/0)
 *   x26 number of the first RAM bank that is not there, -1 if all are
 */
#include "asm-offsets.h"
#include "entry.h"

	.section .text.head, "ax"

/* Linux arm64 boot protocol: the header that booti and QEMU's -kernel read. */
	.global	_start
_start:
	b	boot
	.long	0
	.quad	text_offset_value        /* from a 2 MiB boundary in RAM to the linked address */
	.quad	hyp_image_size
	.quad	2                        /* little endian, 4 KiB pages */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0
/* For a checker that has no symbols (docs/image-format.md): distances from here, which is hyp_base */
	.long	boot_frames - _start
	.long	boot_frames_count
	.long	machine_index - _start

/* In: nothing relied on. Called by: firmware or loader, first CPU. */
boot:
	mrs	x21, cntpct_el0
	mrs	x0, CurrentEL
	lsr	x0, x0, #2
	cmp	x0, #2
	b.ne	wrong_el
	mrs	x0, sctlr_el2
	tbnz	w0, #0, mmu_on               /* M: what follows relies on an uncached view */
	mov	x22, #1
	ldr	x0, =0x80000020              /* HCR_EL2: RW, AMO; E2H = 0 before anything that it changes */
	msr	hcr_el2, x0
	isb
	adr	x0, _start
	ldr	x1, linked_base
	cmp	x0, x1
	b.ne	move_image
at_home:                                 /* also entered by move_image */
	msr	DAIFSet, #0xf
	ldr	x0, =vectors
	bl	physical
	msr	vbar_el2, x0
	isb
	b	probe_ram

/* In: x0 context id (unused). Called by: firmware, for PSCI CPU_ON at EL2. */
	.global	boot_secondary
boot_secondary:
	msr	DAIFSet, #0xf
	mov	x22, #0
	mov	x26, #-1

set_up_cpu:
	mrs	x5, mpidr_el1
	mov	x1, #0x00ffffff
	movk	x1, #0xff, lsl #32
	and	x5, x5, x1
	ldr	x6, =machine_regs
	mov	x19, #0
1:	mov	x0, x6
	bl	physical
	mov	x20, x0
	ldr	x1, [x20, #REGS_HW_ID]
	cmp	x5, x1
	b.eq	2f
	add	x6, x6, #REGS_SIZE
	add	x19, x19, #1
	cmp	x19, #COUNT_CPUS
	b.ne	1b
	b	wrong_cpu
2:	/* the first CPU must be the first of the board tree: its tables show the console */
	cmp	x22, #1
	ccmp	x19, #0, #4, eq
	b.ne	wrong_cpu_if_first
3:	ldr	x0, =0x80000020              /* HCR_EL2: RW, AMO; E2H = 0: one VA range */
	msr	hcr_el2, x0
	isb
	ldr	x0, [x20, #REGS_MAIR]
	ldr	x1, [x20, #REGS_TCR]
	ldr	x2, [x20, #REGS_TTBR0]
	ldr	x3, [x20, #REGS_SCTLR]
	ldr	x4, [x20, #REGS_STACK]
	msr	mair_el2, x0
	msr	tcr_el2, x1
	msr	ttbr0_el2, x2
	tlbi	alle2                        /* reset leaves TLBs and I-cache unknown */
	tlbi	alle1
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el2, x3
	isb                                  /* this page is at its linked address: from here on all are */
	adrp	x0, vectors
	add	x0, x0, :lo12:vectors
	msr	vbar_el2, x0
	msr	SPSel, #1
	mov	sp, x4
	msr	tpidr_el2, x4
	mov	x29, #0
	mov	x30, #0
	mov	x0, x4
	mov	x1, x19
	cbz	x22, hyp_secondary
	adrp	x2, ram_missing
	str	w26, [x2, :lo12:ram_missing]
	mov	x2, x21
	b	hyp_main

wrong_cpu_if_first:
	cbz	x22, 3b
wrong_cpu:
	ldr	x10, =text_cpu
	cbnz	x22, raw_stop
9:	loop_bound RESIDENCE
	wfi                              /* a CPU the tables do not know: nobody started it */
	b	9b

/*
 * In: x0 link address in the first pages of the core. Out: x0 its physical address. Clobbers: x1-x4.
 * Wherever the image is, the answer is for its linked place.
 */
physical:
	ldr	x1, linked_base
	sub	x2, x0, x1
	adr	x3, boot_frames
	lsr	x2, x2, #12
	ldr	w4, [x3, x2, lsl #2]
	add	x1, x1, x4, lsl #12
	bfi	x1, x0, #0, #12
	mov	x0, x1
	ret

/*
 * Read the last page of each declared RAM bank with the MMU off; a bank that is
 * not there aborts, and the vector steps over the load that x27 names and sets x27
 * to 1. Out: x26. Clobbers: x0-x6, x27.
 */
probe_ram:
	mov	x26, #-1
	ldr	x6, =machine_ram             /* aligned so that no bank's record is in two pages */
	mov	x5, #0
1:	loop_bound COUNT_RAM_BANKS, 0
	mov	x0, x6
	bl	physical
	ldp	x1, x2, [x0]
	add	x6, x6, #RAM_BANK_SIZE
	add	x1, x1, x2
	sub	x1, x1, #4096
	adr	x27, 3f
3:	ldr	x3, [x1]
	dsb	sy
	mrs	x3, isr_el1                  /* a bus may answer with an SError instead: pending, bit 8 */
	ubfx	x3, x3, #8, #1
	orr	x27, x27, x3                 /* no instruction's address is odd */
	tbz	x27, #0, 2f
	cmn	x26, #1
	csel	x26, x5, x26, eq
2:	add	x5, x5, #1
	cmp	x5, #COUNT_RAM_BANKS
	b.ne	1b
	b	set_up_cpu

/*
 * The image was loaded elsewhere: move all of it, hyp_image_size bytes, to the
 * linked address and go on there. In: x0 where it is, x1 where it belongs.
 * Moving down: this page is moved first and the rest is copied by the moved
 * page, so the copy never runs in bytes it overwrites. Moving up: copied from
 * the end, and the code here is overwritten last or not at all, because both
 * addresses are 4 KiB multiples at least a page apart.
 * The target is cleaned out of the caches before it is written with the MMU
 * off, and again invalidated behind us, so that no stale line hides a byte.
 */
move_image:
	orr	x2, x0, x1
	tst	x2, #0xfff
	b.ne	misaligned
	ldr	x2, =hyp_image_size
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4
	mov	x4, #4
	lsl	x4, x4, x3                   /* smallest data cache line */
	add	x5, x1, x2
	mov	x6, x1
1:	loop_bound COPIED
	dc	civac, x6
	add	x6, x6, x4
	cmp	x6, x5
	b.lo	1b
	dsb	sy
	cmp	x0, x1
	b.hi	move_down
	add	x6, x0, x2                   /* up: from the end */
	mov	x7, x5
2:	loop_bound COPIED
	ldp	x8, x9, [x6, #-16]!
	stp	x8, x9, [x7, #-16]!
	cmp	x6, x0
	b.hi	2b
	b	moved
move_down:
	add	x5, x0, x2                   /* end of the source */
	mov	x6, #4096
3:	ldp	x8, x9, [x0], #16
	stp	x8, x9, [x1], #16
	subs	x6, x6, #16
	b.ne	3b
	dsb	sy
	ic	iallu
	dsb	sy
	isb
	ldr	x6, =move_rest
	br	x6
move_rest:
	loop_bound COPIED
	ldp	x8, x9, [x0], #16
	stp	x8, x9, [x1], #16
	cmp	x0, x5
	b.lo	move_rest
moved:	dsb	sy
	ldr	x1, linked_base
	add	x5, x1, x2
4:	loop_bound COPIED
	dc	ivac, x1
	add	x1, x1, x4
	cmp	x1, x5
	b.lo	4b
	dsb	sy
	ic	iallu
	dsb	sy
	isb
	ldr	x6, =at_home
	br	x6

/* Messages before there is C. In: x10 link address of the text; we may be loaded anywhere. */
wrong_el:
	ldr	x10, =text_el1
	cmp	x0, #3
	b.ne	raw_stop
	ldr	x10, =text_el3
	b	raw_stop
mmu_on:
	ldr	x10, =text_mmu
	b	raw_stop
misaligned:
	ldr	x10, =text_misaligned
raw_stop:
	adr	x6, _start
	ldr	x0, linked_base
	sub	x6, x6, x0                   /* from the linked place to here */
	ldr	x0, =machine_console_base
	bl	physical
	ldr	x5, [x0, x6]
1:	loop_bound RESIDENCE
	mov	x0, x10                      /* a text may be in two pages */
	bl	physical
	ldrb	w2, [x0, x6]
	add	x10, x10, #1
	cbz	w2, 3f
2:	loop_bound RESIDENCE
	ldr	w3, [x5, #0x18]              /* PL011 UARTFR.TXFF */
	tbnz	w3, #5, 2b
	str	w2, [x5]
	b	1b
3:	loop_bound RESIDENCE
	wfi
	b	3b
	.balign	8
linked_base:                                 /* once: clang would keep one for each use, and the vectors leave no room */
	.quad	hyp_base
	.ltorg

	.section .boot, "a"
text_el1:
	.asciz	"\r\n[core] panic: entered at EL1, needs EL2 (QEMU: -M virt,virtualization=on)\r\n"
text_el3:
	.asciz	"\r\n[core] panic: entered at EL3, needs EL2 (firmware has to leave EL3 first)\r\n"
text_cpu:
	.asciz	"\r\n[core] panic: the CPU that booted is not the first CPU of the board tree\r\n"
text_mmu:
	.asciz	"\r\n[core] panic: entered with the MMU on (U-Boot: booti, not bootelf)\r\n"
text_misaligned:
	.asciz	"\r\n[core] panic: loaded at an address that is not a multiple of 4 KiB\r\n"
