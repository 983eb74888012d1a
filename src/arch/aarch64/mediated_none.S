/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_MEDIATED, in place of mediated.S: no interrupt is taken from a guest, and no other frame is emulated. */
	.section .text.early, "ax"
	.global	guest_irq, guest_irq_saved, frame_mediated, sgi_rare
guest_irq:
	b	guest_interrupt
guest_irq_saved:
	b	guest_interrupt_saved
frame_mediated:
	b	redistributor
sgi_rare:
	b	slow
