/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The measured sequences of the bench. All figures are raw: the difference of
 * two counter readings around the thing, nothing subtracted, so that
 *
 *     mrs x9, cntvct ; THING ; mrs x10, cntvct        costs 1 + instructions of THING
 *
 * under -icount shift=0 with a 1 GHz counter (THING = isb, "raw": 2).
 *
 * Interrupts: bench_vectors is in force; its IRQ entry reads the counter into
 * x9 with its first instruction, clobbers x9-x11, and makes a device quiet if
 * there is one (bench_quiet). Interrupts are unmasked nowhere but in the wait
 * loops here, which expect that. What is UNDEFINED is stepped over, with the
 * counter in x9 as well.
 */

#include "vectors.h"

	.macro measured name:req, thing:vararg
	.globl \name
	.balign 64
\name:
	stp x19, x20, [sp, #-16]!
	mrs x19, cntvct_el0
	\thing
	mrs x20, cntvct_el0
	sub x0, x20, x19
	ldp x19, x20, [sp], #16
	ret
	.endm

	.text
	/* u64 measure_X(x0, x1): x0 = address or function, x1 = value */
	measured measure_raw, isb
	measured measure_hvc, hvc #0
	measured measure_smc, smc #0
	measured measure_read32, ldr w1, [x0]
	measured measure_write32, str w1, [x0]
	measured measure_write8, strb w1, [x0]
	measured measure_read64, ldr x1, [x0]
	measured measure_write64, str x1, [x0]
	measured measure_sgi1r, msr s3_0_c12_c11_5, x0
	measured measure_id_read, mrs x1, id_aa64mmfr0_el1
	measured measure_actlr_read, mrs x1, actlr_el1
	measured measure_pmr_read, mrs x1, s3_0_c4_c6_0
	measured measure_pmr_write, msr s3_0_c4_c6_0, x0
	measured measure_ctlr_read, mrs x1, s3_0_c12_c12_4
	measured measure_rpr_read, mrs x1, s3_0_c12_c11_3
	measured measure_dir_write, msr s3_0_c12_c11_1, x0
	measured measure_igrpen0_read, mrs x1, s3_0_c12_c12_6

	/* u64 measure_undefined(void): a register that is not for guests; to the first instruction of their handler */
	.globl measure_undefined
	.balign 64
measure_undefined:
	mrs x13, cntvct_el0
	mrs x0, pmcr_el0
	sub x0, x9, x13
	ret

	/* u64 wait_spin(void): unmask; counter at the handler's first instruction */
	.globl wait_spin
	.balign 64
wait_spin:
	mov x9, #0
	msr daifclr, #2
1:	cbz x9, 1b
	msr daifset, #2
	mov x0, x9
	ret

	.globl wait_yield
	.balign 64
wait_yield:
	mov x9, #0
	msr daifclr, #2
1:	yield
	cbz x9, 1b
	msr daifset, #2
	mov x0, x9
	ret

	.globl wait_wfi
	.balign 64
wait_wfi:
	mov x9, #0
	msr daifclr, #2
1:	wfi
	cbz x9, 1b
	msr daifset, #2
	mov x0, x9
	ret

	/* u64 sgi_self(sgi1r): MSR to the handler's first instruction */
	.globl sgi_self
	.balign 64
sgi_self:
	mov x12, x0
	mov x9, #0
	msr daifclr, #2
	mrs x13, cntvct_el0
	msr s3_0_c12_c11_5, x12
1:	cbz x9, 1b
	msr daifset, #2
	sub x0, x9, x13
	ret

	/*
	 * u64 line_raised(u64 address, u64 value, u64 quiet_address, u64 quiet_value): a store that raises a device's line,
	 * to the handler's first instruction; the handler makes it quiet by the other store.
	 */
	.globl line_raised
	.balign 64
line_raised:
	adrp x12, bench_quiet
	add x12, x12, :lo12:bench_quiet
	stp x2, x3, [x12]
	mov x9, #0
	msr daifclr, #2
	mrs x13, cntvct_el0
	str w1, [x0]
1:	cbz x9, 1b
	msr daifset, #2
	str xzr, [x12]
	sub x0, x9, x13
	ret

	/*
	 * u64 sgi_other(sgi1r, u64 *stamp, u64 *taken): sender's part is returned; then stamp is
	 * renewed before each yield until the receiver, which runs when this CPU
	 * yields, has stored when it was interrupted. Its part is taken - stamp.
	 */
	.globl sgi_other
	.balign 64
sgi_other:
	mrs x13, cntvct_el0
	msr s3_0_c12_c11_5, x0
	mrs x14, cntvct_el0
	sub x0, x14, x13
1:	mrs x13, cntvct_el0
	str x13, [x1]
	yield
	ldr x14, [x2]
	cbz x14, 1b
	ret

	/* void receive(u64 *stamp, u64 *taken, u64 *last): last is *stamp when the interrupt came */
	.globl receive
	.balign 64
receive:
	mov x9, #0
	msr daifclr, #2
1:	yield
	cbz x9, 1b
	msr daifset, #2
	ldr x10, [x0]
	str x10, [x2]
	str x9, [x1]
	ret

	.balign 2048
	.globl bench_vectors
bench_vectors:
	unexpected 4
	mrs x9, cntvct_el0
	mrs x10, elr_el1
	add x10, x10, #4
	msr elr_el1, x10
	eret
	.balign 128
	mrs x9, cntvct_el0
	mrs x10, s3_0_c12_c12_0         /* IAR1 */
	msr cntv_ctl_el0, xzr
	msr cntp_ctl_el0, xzr
	isb
	stp x10, x12, [sp, #-16]!
	adrp x10, bench_quiet
	add x10, x10, :lo12:bench_quiet
	ldp x11, x12, [x10]
	cbz x11, 1f
	str w12, [x11]
	dsb sy
1:	ldp x10, x12, [sp], #16
	msr s3_0_c12_c12_1, x10         /* EOIR1 */
	isb
	eret
	unexpected 10

	.bss
	.balign 16
bench_quiet:                            /* address and value of what makes the device quiet; 0: none */
	.skip 16
