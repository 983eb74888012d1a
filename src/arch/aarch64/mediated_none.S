/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_MEDIATED, in place of mediated.S: no interrupt is taken from a guest, and no other frame is emulated. */
	.section .text.early, "ax"
	.global	guest_irq, frame_mediated
guest_irq:
	b	guest_interrupt
frame_mediated:
	b	slow
