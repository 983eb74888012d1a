/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Known accesses, for the proof of the model of a cache: two vCPUs, one after the other, MMU off. The cache has 64 sets
 * of 4 ways of 64 bytes: one colour; or 128 sets: two. Lines of a set are 4096 (8192) bytes apart. The code, and where the
 * two meet, lie in sets that are not looked at: DATA is in set 32 of each page.
 *
 *     0  writes 4 lines of set 32 (fills it), then the first again
 *     1  reads 1 line of the same set: the one of 0's used longest ago goes, the second; then its own again
 *     0  reads its first, third and fourth: all there; its second: evicts 1's, used longest ago
 *     1  writes 5 lines of set 33, where nobody else is: evicts its own first
 */
#define DATA 0x40400800
#define STRIDE (SETS * 64)

	.text
	.globl _start
_start:
	ldr x27, =0x40300000            /* whose turn it is; its set is 0 */
	str xzr, [x27]
	ldr x21, =DATA
	ldr x22, =STRIDE
	ldr x0, =0xc4000003             /* CPU_ON */
	mov x1, #1
	adr x2, second
	mov x3, #0
	hvc #0
	str x21, [x21]
	add x23, x21, x22
	str x21, [x23]
	add x24, x23, x22
	str x21, [x24]
	add x25, x24, x22
	str x21, [x25]
	ldr x0, [x21]

	.macro give turn
	dsb sy
	mov x0, #\turn
	str x0, [x27]
	.endm
	.macro await turn
1:	yield
	ldr x0, [x27]
	cmp x0, #\turn
	b.ne 1b
	.endm

	give 1
	await 2
	ldr x0, [x21]
	ldr x0, [x24]
	ldr x0, [x25]
	ldr x0, [x23]
	give 3
	await 4
	ldr x0, =0x84000008             /* SYSTEM_OFF */
	hvc #0
1:	wfi
	b 1b

second:
	ldr x27, =0x40300000
	ldr x21, =DATA
	ldr x22, =STRIDE
	await 1
	add x23, x21, x22, lsl #2       /* the fifth of the set */
	ldr x0, [x23]
	ldr x0, [x23]
	give 2
	await 3
	add x21, x21, #64
	.rept 5
	str x0, [x21]
	add x21, x21, x22
	.endr
	give 4
1:	wfi
	b 1b
	.ltorg
