/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Programs whose every instruction is known, for the proof of the instrument.
 * One for all vCPUs, without C and without a stack; EL is el1 or el2, CPUS how
 * many there are, CONDUIT hvc or smc (of PSCI).
 *
 * Each vCPU k does the same parts, with counts that are its own, so that what is
 * given to another is seen. Before each part all meet, so they run side by side.
 */
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define AT(name) JOIN(name, EL)
#define WAIT hint #96
#define REACHED(n) hint #(96 + (n))
#define RESET hint #108
#define LAP hint #109
#define BEGIN hint #110
#define END hint #111

	.text
	.globl _start
_start:
	mov x28, #0
	adr x27, begin
	mov x26, #1
1:	cmp x26, #CPUS
	b.hs begin
	ldr x0, =0xc4000003             /* CPU_ON */
	mov x1, x26
	adr x2, secondary
	mov x3, x26
	CONDUIT #0
	add x26, x26, #1
	b 1b

secondary:
	mov x28, x0                     /* k */
	REACHED(4)                      /* since power-on: 1 */
begin:
	adr x0, vectors
	msr AT(vbar), x0
	/* Tables: everything as it is, and one page at 0xc0000000 that is another one for odd k. */
	adr x0, table_even
	adr x1, table_odd
	tst x28, #1
	csel x0, x0, x1, eq
	msr AT(ttbr0), x0
	ldr x0, =0xff00
	msr AT(mair), x0
	ldr x0, =TCR
	msr AT(tcr), x0
	isb
	ldr x0, =SCTLR                  /* MMU, caches */
	msr AT(sctlr), x0
	isb
	msr daifset, #15
	/* GICv3, so that a timer can wake who sleeps: the distributor, this CPU's PPI 27, its interface. */
	ldr x0, =0x08000000
	mov w1, #0x37
	str w1, [x0]
	ldr x0, =0x080a0000
	add x0, x0, x28, lsl #17
	str wzr, [x0, #0x14]            /* WAKER */
1:	ldr w1, [x0, #0x14]
	tbnz w1, #2, 1b
	add x0, x0, #0x10000
	mov w1, #-1
	str w1, [x0, #0x80]
	mov w1, #(1 << 27)
	str w1, [x0, #0x100]
	mov x0, #0xff
	msr s3_0_c4_c6_0, x0            /* PMR */
	mov x0, #1
	msr s3_0_c12_c12_7, x0          /* IGRPEN1 */
	isb
	adr x27, meetings

	.macro meet                     /* all are here; x27 = the counter of this meeting, each has its own */
	dsb sy
1:	ldaxr w0, [x27]
	add w0, w0, #1
	stlxr w1, w0, [x27]
	cbnz w1, 1b
	b 3f
2:	yield                           /* who takes turns hands on */
3:	ldar w0, [x27]
	cmp w0, #CPUS
	b.lo 2b
	add x27, x27, #64
	.endm

/* 1: windows of loops of two instructions: k * 1000 + round * 10 + 7 times, 40 rounds. */
	meet
	mov x20, #0
1:	mov x0, #1000
	mul x0, x0, x28
	mov x1, #10
	madd x0, x1, x20, x0
	add x0, x0, #7
	BEGIN
2:	subs x0, x0, #1
	b.ne 2b
	END
	add x20, x20, #1
	cmp x20, #40
	b.ne 1b

/* 2: samples: k + n instructions from the mark to that of source n, 1000 times each. */
	meet
	tbnz x28, #0, 1f                /* odd ones keep what was sampled when they began */
	REACHED(3)
	RESET
	REACHED(3)                      /* nobody waits since: none */
1:	mov x20, #1000
1:
	.irp n, 1, 5, 11
	adr x1, many_end
	sub x1, x1, #(4 * \n)
	sub x1, x1, x28, lsl #2
	adr x30, 2f
	WAIT
	br x1                           /* k + n nops, ret: with the br and the ret, k + n + 2 */
2:	REACHED(\n)
	.endr
	subs x20, x20, #1
	b.ne 1b
	b 3f
	.rept 80
	nop
	.endr
many_end:
	ret
3:

/* 3: what traps: SVC (1, and the handler's 6), an undefined instruction (1 and 16), a load from nowhere (1 and 16); 100 windows. */
	meet
	mov x20, #100
	mov x21, #0xffff000000000000
1:	BEGIN
	svc #0
	.inst 0
	ldr x0, [x21]
	END
	subs x20, x20, #1
	b.ne 1b

/* 4: devices: 50 reads of a UART's flags in a row (each leaves translated code under icount), 100 windows. */
	meet
	mov x20, #100
	mov x21, #0x09000000
1:	BEGIN
	.rept 50
	ldr w0, [x21, #0x18]
	.endr
	END
	subs x20, x20, #1
	b.ne 1b

/* 5: sleep: 20 times on the virtual timer, masked; what sleeps executes nothing: 1, the WFI. */
	meet
	mov x20, #20
1:	mrs x0, cntvct_el0
	add x0, x0, #2000
	msr cntv_cval_el0, x0
	mov x0, #1
	msr cntv_ctl_el0, x0
	isb
	WAIT
	wfi
	REACHED(2)
	msr cntv_ctl_el0, xzr
	isb
	subs x20, x20, #1
	b.ne 1b

/* 6: laps of 3 k + 4 instructions, from mark to mark: 11 marks, 10 laps. */
	meet
	mov x20, #11
1:	LAP
	mov x0, x28
	cbz x0, 3f
2:	subs x0, x0, #1
	nop
	b.ne 2b
3:	subs x20, x20, #1
	b.ne 1b

/* 7: the same virtual address, two pages: 5 instructions of one of them, 100 (k + 1) times; even k execute the page that is a region. */
	meet
	add x20, x28, #1
	mov x0, #100
	mul x20, x20, x0
	mov x21, #0xc0000000
	BEGIN
1:	blr x21
	subs x20, x20, #1
	b.ne 1b
	END

/* 8: 1,500 instructions in a row, over the ends of pages; 10 windows. */
	meet
	mov x20, #10
1:	BEGIN
	.rept 1500
	nop
	.endr
	END
	subs x20, x20, #1
	b.ne 1b

/* 9: code that is written anew (the same word) each time before it is executed, by all of them: 1 + 6, 50 windows. */
	meet
	mov x20, #50
	adr x21, rewritten
	ldr w22, [x21]
1:	str w22, [x21]
	dc cvau, x21
	dsb ish
	ic ivau, x21
	dsb ish
	isb
	BEGIN
	bl rewritten
	END
	subs x20, x20, #1
	b.ne 1b
	b 2f
rewritten:
	.rept 5
	nop
	.endr
	ret
2:

/* 10: a window that is begun by 0 and ended by the last. */
	meet
	cbnz x28, 1f
	BEGIN
1:	meet
	cmp x28, #(CPUS - 1)
	b.ne 1f
	END
1:	meet
	cbnz x28, 1f
	ldr x0, =0x84000008             /* SYSTEM_OFF */
	CONDUIT #0
1:	wfi
	b 1b
	.ltorg

	.macro vector_to handler
	.balign 128
	b \handler
	.endm
	.balign 2048
vectors:
	.rept 16
	vector_to handler
	.endr
handler:                                /* with the vector's branch: 6 of an SVC, else 16, three rounds of 2 among them */
	mrs x1, AT(esr)
	lsr x1, x1, #26
	cmp x1, #0x15
	b.eq 1f
skips:	mrs x1, AT(elr)
	add x1, x1, #4
	msr AT(elr), x1
	mov x1, #3
waits:	sub x1, x1, #1
waits_too:
	cbnz x1, waits
1:	eret
handler_end:

	.balign 4096
page_even:
	nop
	nop
	nop
	nop
	ret
	.balign 4096
page_odd:
	nop
	nop
	nop
	nop
	ret

	.data
	.balign 64
meetings:
	.skip 64 * 16
	.macro tables name, page
	.balign 4096
table_\name:
	.quad 0x0060000000000401        /* devices */
	.quad 0x0000000040000705        /* RAM */
	.quad 0
	.quad level2_\name + 3
	.skip 4096 - 32
level2_\name:
	.quad level3_\name + 3
	.skip 4096 - 8
level3_\name:
	.quad \page + 0x707
	.skip 4096 - 8
	.endm
	tables even, page_even
	tables odd, page_odd
