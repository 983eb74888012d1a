/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Registers that C cannot name, cleared for the next life of a cell (restore.c). */

#include "entry.h"

	.arch_extension fp
	.arch_extension simd

	.section .text.restore_fp, "ax"
/* void restore_fp(void): V0-V31, FPCR, FPSR. There is no trap (CPTR_EL2). */
	.global	restore_fp
restore_fp:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	movi	v\n\().2d, #0
	.endr
	msr	fpcr, xzr
	msr	fpsr, xzr
	ret

	.section .text.restore_keys, "ax"
/* void restore_keys(void): pointer authentication, APIA, APIB, APDA, APDB, APGA, low and high halves */
	.global	restore_keys
restore_keys:
	.irp	n, 0, 1, 2, 3
	msr	S3_0_C2_C1_\n, xzr
	msr	S3_0_C2_C2_\n, xzr
	.endr
	msr	S3_0_C2_C3_0, xzr
	msr	S3_0_C2_C3_1, xzr
	ret

	.section .text.restore_debug, "ax"
/*
 * void restore_debug(u64 breakpoints, u64 watchpoints), each 1 to 16: value and control of all there are.
 * Into a table of pairs from the end, as those that are not there are UNDEFINED. Clobbers x0-x2.
 */
	.global	restore_debug
restore_debug:
	adr	x2, 1f
	sub	x2, x2, x0, lsl #3
	branch_table x2, 17
	.irp	n, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
	msr	S2_0_C0_C\n\()_5, xzr
	msr	S2_0_C0_C\n\()_4, xzr
	.endr
1:	adr	x2, 2f
	sub	x2, x2, x1, lsl #3
	branch_table x2, 17
	.irp	n, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
	msr	S2_0_C0_C\n\()_7, xzr
	msr	S2_0_C0_C\n\()_6, xzr
	.endr
2:	ret
