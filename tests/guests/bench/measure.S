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
 * x9 with its first instruction and clobbers x9-x11. Interrupts are unmasked
 * nowhere but in the wait loops here, which expect that.
 */

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
	measured measure_sgi1r, msr s3_0_c12_c11_5, x0

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
	.rept 5
	.balign 128
	b .
	.endr
	.balign 128
	mrs x9, cntvct_el0
	mrs x10, s3_0_c12_c12_0         /* IAR1 */
	msr cntv_ctl_el0, xzr
	msr cntp_ctl_el0, xzr
	isb
	msr s3_0_c12_c12_1, x10         /* EOIR1 */
	isb
	eret
	.rept 10
	.balign 128
	b .
	.endr
	.balign 128
