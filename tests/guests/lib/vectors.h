/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Vector tables of guests that take their interrupts themselves, in assembly: 16 slots, from a multiple of 2 KiB on. */
#ifndef GUEST_VECTORS_H
#define GUEST_VECTORS_H

	/* Slots that nobody comes to; who does stays there, and is found by its pc. */
	.macro unexpected count:req
	.rept \count
	.balign 128
	b .
	.endr
	.balign 128
	.endm

#endif
