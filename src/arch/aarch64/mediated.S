/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Exits of mediated guests, called out of the vectors (entry.S), and list registers by number. */
#include "asm-offsets.h"
#include "entry.h"

	.section .text.early, "ax"

/* u64 ich_lr_read(u64 n), void ich_lr_write(u64 value, u64 n): ICH_LR<n>_EL2, n < 16 */
	.global	ich_lr_read, ich_lr_write
ich_lr_read:
	adr	x1, 1f
	add	x1, x1, x0, lsl #3
	branch_table x1, 16
1:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	mrs	x0, S3_4_C12_C12_\n
	ret
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	mrs	x0, S3_4_C12_C13_\n
	ret
	.endr
ich_lr_write:
	adr	x2, 1f
	add	x2, x2, x1, lsl #3
	branch_table x2, 16
1:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	msr	S3_4_C12_C12_\n, x0
	ret
	.endr
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	msr	S3_4_C12_C13_\n, x0
	ret
	.endr

/*
 * IRQ, taken from mediated guests only. What fast_irq leaves is acknowledged and
 * noted in struct cpu.
 */
	.global	guest_irq, guest_irq_saved
guest_irq:
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
guest_irq_saved:                         /* also entered by trace.S: x0-x3 in the frame */
	save_x4_x8
	mov	x0, sp
	bl	fast_irq                     /* x0 struct cpu -> x0 zero if done */
	restore_x4_x8
	cbnz	x0, irq_slow
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp, #0]
	eret
	dsb	nsh
	isb
irq_slow:
	save_x4_x30
	mov	x0, sp
	bl	trap_irq
	b	restore

/* x1 IPA, x2 ESR of an access to a word. Of a mediated cell it may be an enable register. */
	.global	frame_mediated
frame_mediated:
	ldr	x3, [sp, #CPU_VGIC]
	cbz	x3, redistributor
	tbz	w2, #6, frame_read           /* WnR */
	ubfx	w2, w2, #16, #5
	save_x4_x8
	bl	rt_value
	mov	x2, sp
	bl	fast_vgic_write              /* w0 value, x1 IPA, x2 struct cpu -> x0 zero if done */
	restore_x4_x8
	cbnz	x0, slow
	b	distributor_done
frame_read:
	save_x4_x8
	mov	x0, x1
	mov	x1, sp
	bl	fast_vgic_read               /* x0 IPA, x1 struct cpu -> x0 value, negative: not done */
	restore_x4_x8
	tbnz	x0, #63, slow
	count_exit CPU_EXITS_IRQCHIP
	store_and_return

/* x0 what the guest wrote to ICC_SGI1R_EL1, x0-x3 in the frame. All of a mediated cell's that have a target come here. */
	.global	sgi_rare
sgi_rare:
	ldr	x1, [sp, #CPU_VGIC]
	cbz	x1, slow
	save_x4_x8
	mov	x1, sp
	bl	fast_sgi_mediated            /* x0 value, x1 struct cpu -> x0 zero if done */
	restore_x4_x8
	cbnz	x0, slow
	count_exit CPU_EXITS_SGI
	skip_and_eret
