/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What an image needs besides what cellgen wrote, without the core: an Image header, a copier,
 * the operations of a virtual device. So that any partition is linked in a moment.
 */
#include "counts.h"

	.section .text.head, "ax"
	.global	_start
_start:
	b	.
	.long	0
	.quad	text_offset_value
	.quad	hyp_image_size
	.quad	2
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0
	.long	boot_frames - _start
	.long	boot_frames_count
	.long	machine_index - _start

/* Where the vectors of a traced CPU go on, and these as they are. */
	.section .text.vectors, "ax"
	.balign	2048
	.global	vectors, guest_sync_saved, guest_irq_saved, guest_interrupt_saved, guest_serror_saved, slow
	.macro	saved name
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
\name:
	wfi
	.endm
vectors:
	.org	0x400
	saved	guest_sync_saved
	.org	0x480
2:	saved	guest_irq_saved
	.org	0x500
3:	saved	guest_interrupt_saved
	.org	0x580
4:	saved	guest_serror_saved
	.org	0x600
	saved	slow
	.org	0x680
	b	2b
	.org	0x700
	b	3b
	.org	0x780
	b	4b
	.org	0x800
#include "trace.S"

	.section .copier, "ax"
	.rept	CELL_COUNT
	.balign	4096
	hvc	#0xc1
	.balign	4096
	.endr

	.section .rodata.stub, "a"
	.macro	operations name
	.balign	8
	.global	\name
	.type	\name, %object
	.size	\name, 96
\name:
	.zero	96
	.endm
	operations vdev_pl011
	operations vdev_sp805
	operations vdev_pl061

	.data
	.quad	0
