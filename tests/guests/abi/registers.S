/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * void NAME(u64 n, u64 *registers): x0 to x30 become 100 to 130, then xn (31: XZR) is read from a system register. What they are
 * behind it is stored.
 */
	.macro	registers insn
	\insn	0, 1, 0
	\insn	2, 3, 16
	\insn	4, 5, 32
	\insn	6, 7, 48
	\insn	8, 9, 64
	\insn	10, 11, 80
	\insn	12, 13, 96
	\insn	14, 15, 112
	\insn	16, 17, 128
	\insn	18, 19, 144
	\insn	20, 21, 160
	\insn	22, 23, 176
	\insn	24, 25, 192
	\insn	26, 27, 208
	\insn	28, 29, 224
	.endm
	.macro	fill a, b, at
	mov	x\a, #100 + \a
	mov	x\b, #100 + \b
	.endm
	.macro	keep a, b, at
	stp	x\a, x\b, [sp, #\at]
	.endm
	.macro	read_to name, from, to
\name\()_\to:
	registers fill
	mov	x30, #130
	mrs	\to, \from
	b	read_end
	.endm

	.macro	reader name, from
	.global	\name
\name:
	stp	x18, x19, [sp, #-112]!
	stp	x20, x21, [sp, #16]
	stp	x22, x23, [sp, #32]
	stp	x24, x25, [sp, #48]
	stp	x26, x27, [sp, #64]
	stp	x28, x29, [sp, #80]
	stp	x30, x1, [sp, #96]
	sub	sp, sp, #256
	adr	x2, 1f
	ldr	w3, [x2, x0, lsl #2]
	add	x2, x2, w3, sxtw
	br	x2
	.balign	4
1:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	.word	\name\()_x\n - 1b
	.endr
	.word	\name\()_xzr - 1b
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	read_to	\name, \from, x\n
	.endr
	read_to	\name, \from, xzr
	.endm

	.text
	reader	abi_read_id, id_aa64isar0_el1
	reader	abi_read_sre, S3_0_C12_C12_5
	reader	abi_read_denied_id, S3_0_C0_C7_7
read_end:
	registers keep
	str	x30, [sp, #240]
	ldr	x1, [sp, #256 + 104]
	mov	x2, #0
2:	ldr	x3, [sp, x2]
	str	x3, [x1, x2]
	add	x2, x2, #8
	cmp	x2, #248
	b.lo	2b
	add	sp, sp, #256
	ldp	x20, x21, [sp, #16]
	ldp	x22, x23, [sp, #32]
	ldp	x24, x25, [sp, #48]
	ldp	x26, x27, [sp, #64]
	ldp	x28, x29, [sp, #80]
	ldr	x30, [sp, #96]
	ldp	x18, x19, [sp], #112
	ret
