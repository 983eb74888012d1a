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
