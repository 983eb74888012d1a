/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What is measured: the way from an event to the first instruction of its handler.
 *
 *     wait:  hint 0         handler:  mrs x9, counter     the clock's answer
 *            msr daifclr              hint n              the instructions' answer
 *         1: (yield)                  acknowledge, quiet, end
 *            hint 0                   eret
 *            cbz x9, 1b
 *
 * hint #(96 + n) is a NOP on every CPU; who counts instructions from outside sees it: 0, the count of this CPU
 * restarts; n, a handler of source n has been reached (1 virtual timer, 2 device line, 3 SGI, 5 physical timer).
 * There are two of 0: an event that is pending already comes behind daifclr, any other behind the loop's. Between
 * mark and event is one instruction either way, so a count that differs is a count of something else. (What delays an
 * event while the loop goes on is not in it: that shows in the clock, where it counts instructions, and as instructions
 * of the core on this CPU. The store that raises the device's line has one mark before it: there all is in it.)
 *
 * Handlers clobber x9-x11; x12 is the register that lowers the device's line.
 */
#include "vectors.h"

#define IAR1 s3_0_c12_c12_0
#define EOIR1 s3_0_c12_c12_1

	.macro waiting name:req, how:vararg
	.globl \name
	.balign 64
\name:
	mov x9, #0
	hint #96
	msr daifclr, #2
1:	\how
	hint #96
	cbz x9, 1b
	msr daifset, #2
	str x9, [x0]
	str x10, [x0, #16]
	ret
	.endm

	.text
	waiting wait_spin
	waiting wait_yield, yield

	/* Asleep with interrupts masked: one that comes between the test and WFI is not slept through. */
	.globl wait_wfi
	.balign 64
wait_wfi:
	mov x9, #0
1:	hint #96
	wfi
	msr daifclr, #2
	isb
	msr daifset, #2
	cbz x9, 1b
	str x9, [x0]
	str x10, [x0, #16]
	ret

	/* The branch ends what QEMU translates as one block, so that the line is looked at behind the store there, too. */
	.globl raise_device
	.balign 64
raise_device:
	mov x9, #0
	mov x12, x1
	mov w11, #1
	msr daifclr, #2
	mrs x13, cntvct_el0
	hint #96
	str w11, [x12]
	b 1f
1:	cbz x9, 1b
	msr daifset, #2
	str x9, [x0]
	stp x13, x10, [x0, #8]
	ret

	.macro source name:req, number:req, counter:req, quiet:vararg
	.balign 2048
	.globl vectors_\name
vectors_\name:
	unexpected 5
	mrs x9, \counter
	hint #(96 + \number)
	mrs x10, IAR1
	\quiet
	dsb sy                          /* the line is low before the interrupt ends */
	isb
	msr EOIR1, x10
	isb
	eret
	unexpected 10
	.endm

	source vtimer, 1, cntvct_el0, msr cntv_ctl_el0, xzr
	source device, 2, cntvct_el0, str wzr, [x12]
	source sgi, 3, cntvct_el0, nop
	source ptimer, 5, cntpct_el0, msr cntp_ctl_el0, xzr
