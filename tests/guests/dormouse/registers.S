/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * u64 dormouse_registers(u64 ticks, u64 gap): every register has a value of its own, and for so many ticks, or until the clock
 * has jumped by more than gap, the loop uses x0 to x4 alone. Out: bit n, xn has changed; bit 32 + n, vn.
 */
	.text
	.globl dormouse_registers
dormouse_registers:
	stp x29, x30, [sp, #-96]!
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	.irp n, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov x\n, #\n
	movk x\n, #0xa5a5, lsl #48
	.endr
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	movi v\n\().16b, #(\n + 7)
	.endr
	isb
	mrs x2, cntvct_el0
	add x0, x0, x2
1:	isb
	mrs x3, cntvct_el0
	sub x4, x3, x2
	mov x2, x3
	cmp x4, x1
	b.hi 2f
	cmp x3, x0
	b.lo 1b
2:	mov x0, #0
	.irp n, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	mov x1, #\n
	movk x1, #0xa5a5, lsl #48
	cmp x1, x\n
	b.eq 3f
	orr x0, x0, #(1 << \n)
3:
	.endr
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	mov x1, v\n\().d[0]
	mov x2, v\n\().d[1]
	ldr x3, =((\n + 7) * 0x0101010101010101)
	cmp x1, x3
	ccmp x2, x3, #0, eq
	b.eq 4f
	orr x0, x0, #(1 << (32 + \n))
4:
	.endr
	ldp x27, x28, [sp, #80]
	ldp x25, x26, [sp, #64]
	ldp x23, x24, [sp, #48]
	ldp x21, x22, [sp, #32]
	ldp x19, x20, [sp, #16]
	ldp x29, x30, [sp], #96
	ret
	.ltorg
