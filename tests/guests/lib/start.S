/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Entry of every guest: the arm64 Image header, the way from "MMU off, nothing
 * known" to C with the MMU on, the way of a secondary CPU, and the vectors.
 *
 *     reset (bare QEMU at EL1, or a cell's first vCPU)
 *       x0 = device tree, MMU off, everything masked
 *       -> start: what was found goes to boot_state, .bss cleared, MMU on
 *       -> guest_main(boot_state)
 *     CPU_ON -> guest_secondary: x0 = context -> secondary_main(context)
 *
 * x20 holds the counter as the very first instruction read it: the bench wants
 * to know when a guest began.
 */

#define SCTLR_RES1  0x30d00800
#define SCTLR_MMU   0x1005       /* M, C, I */
#define TCR_BASE    0x00803519   /* T0SZ 25: 39 bits; WB inner shareable; EPD1 */
#define MAIR        0x44ff00     /* 0 Device-nGnRnE, 1 Normal WB, 2 Normal NC */
#define STACK_SHIFT 14
#define CPU_MAX     16

#define FRAME_SIZE  272

	.section .head, "ax"
	.globl guest_head
guest_head:
	mrs x20, cntpct_el0             /* code0 */
	b start                         /* code1 */
	.quad 0x200000                  /* text_offset */
	.quad guest_image_size
	.quad 0x2                       /* little endian, 4 KiB pages, offset counts from the RAM's base */
	.quad 0, 0, 0
	.ascii "ARM\x64"
	.word 0

	.text
start:
	mrs x21, sctlr_el1
	mrs x22, daif
	mrs x23, CurrentEL
	mov x24, x0
	orr x25, x1, x2
	orr x25, x25, x3
	adrp x1, guest_bss              /* MMU off: device accesses, aligned stores only */
	adrp x2, guest_end
	mov x26, #0                     /* what was there, all of it in one word */
1:	ldp x3, x4, [x1]
	orr x26, x26, x3
	orr x26, x26, x4
	stp xzr, xzr, [x1], #16
	cmp x1, x2
	b.lo 1b
	bl cpu_setup
	adrp x0, boot_state
	add x0, x0, :lo12:boot_state
	stp x20, x21, [x0]
	stp x22, x23, [x0, #16]
	stp x24, x25, [x0, #32]
	str x26, [x0, #48]
	bl guest_main
2:	wfi
	b 2b

	.globl guest_secondary
guest_secondary:                        /* x0 = context; MMU off */
	mov x20, x0
	mrs x21, sctlr_el1
	mrs x22, daif
	bl cpu_setup
	mov x0, x20
	mov x1, x21
	mov x2, x22
	bl secondary_main
3:	wfi
	b 3b

/*
 * In: MMU off. Out: MMU and caches on, vectors, this CPU's stack (by its own
 * affinity), its number in TPIDR_EL1, FP usable. Clobbers x0-x5.
 */
cpu_setup:
	mrs x0, mpidr_el1
	and x1, x0, #0xff
	ubfx x0, x0, #8, #8
	add x0, x1, x0, lsl #4
	and x0, x0, #(CPU_MAX - 1)
	msr tpidr_el1, x0
	adrp x1, guest_stacks
	add x0, x0, #1
	add x1, x1, x0, lsl #STACK_SHIFT
	mov sp, x1
	adrp x1, guest_vectors
	add x1, x1, :lo12:guest_vectors
	msr vbar_el1, x1
	mov x1, #(3 << 20)
	msr cpacr_el1, x1
	ldr x1, =MAIR
	msr mair_el1, x1
	mrs x2, id_aa64mmfr0_el1        /* TCR.IPS = what the CPU has, at most 48 bits */
	and x2, x2, #0xf
	mov x3, #5
	cmp x2, x3
	csel x2, x2, x3, lo
	ldr x1, =TCR_BASE
	orr x1, x1, x2, lsl #32
	msr tcr_el1, x1
	adrp x1, guest_tables
	msr ttbr0_el1, x1
	dsb sy
	isb
	tlbi vmalle1
	ic iallu
	dsb nsh
	isb
	ldr x1, =(SCTLR_RES1 | SCTLR_MMU)
	msr sctlr_el1, x1
	isb
	ret

	.macro vector handler, number
	.balign 128
	sub sp, sp, #FRAME_SIZE
	stp x0, x1, [sp]
	str x30, [sp, #240]
	bl save
	mov x0, sp
	mov x1, #\number
	bl \handler
	b restore
	.endm

	.balign 2048
	.globl guest_vectors
guest_vectors:                          /* 4: synchronous, 5: IRQ, both from EL1 with SP_EL1; 8, 12: synchronous, from EL0 */
	.irp n, 0, 1, 2, 3
	vector trap_unexpected, \n
	.endr
	vector trap_sync, 4
	vector trap_irq, 5
	.irp n, 6, 7
	vector trap_unexpected, \n
	.endr
	vector trap_user, 8
	.irp n, 9, 10, 11
	vector trap_unexpected, \n
	.endr
	vector trap_user, 12
	.irp n, 13, 14, 15
	vector trap_unexpected, \n
	.endr

/*
 * u64 user_run(u64 pc, u64 spsr, u64 x0_at_el0, u64 x1_at_el0): go to EL0, with interrupts masked,
 * until its first exception; trap_user comes back here, x0 as EL0 left it.
 */
	.globl user_run
user_run:
	stp x29, x30, [sp, #-96]!
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	msr elr_el1, x0
	msr spsr_el1, x1
	mov x0, x2
	mov x1, x3
	eret
	.globl user_back
user_back:
	ldp x19, x20, [sp, #16]
	ldp x21, x22, [sp, #32]
	ldp x23, x24, [sp, #48]
	ldp x25, x26, [sp, #64]
	ldp x27, x28, [sp, #80]
	ldp x29, x30, [sp], #96
	ret

save:                                   /* x0, x1, x30 are already in the frame */
	stp x2, x3, [sp, #16]
	stp x4, x5, [sp, #32]
	stp x6, x7, [sp, #48]
	stp x8, x9, [sp, #64]
	stp x10, x11, [sp, #80]
	stp x12, x13, [sp, #96]
	stp x14, x15, [sp, #112]
	stp x16, x17, [sp, #128]
	stp x18, x19, [sp, #144]
	stp x20, x21, [sp, #160]
	stp x22, x23, [sp, #176]
	stp x24, x25, [sp, #192]
	stp x26, x27, [sp, #208]
	stp x28, x29, [sp, #224]
	mrs x0, elr_el1
	mrs x1, spsr_el1
	stp x0, x1, [sp, #248]
	ret

restore:
	ldp x0, x1, [sp, #248]
	msr elr_el1, x0
	msr spsr_el1, x1
	ldp x2, x3, [sp, #16]
	ldp x4, x5, [sp, #32]
	ldp x6, x7, [sp, #48]
	ldp x8, x9, [sp, #64]
	ldp x10, x11, [sp, #80]
	ldp x12, x13, [sp, #96]
	ldp x14, x15, [sp, #112]
	ldp x16, x17, [sp, #128]
	ldp x18, x19, [sp, #144]
	ldp x20, x21, [sp, #160]
	ldp x22, x23, [sp, #176]
	ldp x24, x25, [sp, #192]
	ldp x26, x27, [sp, #208]
	ldp x28, x29, [sp, #224]
	ldr x30, [sp, #240]
	ldp x0, x1, [sp]
	add sp, sp, #FRAME_SIZE
	eret

/*
 * Identity map, 1 GiB blocks: the first GiB is devices, the next three are RAM,
 * the rest is left to the guest (an attacker writes its own entries).
 */
	.section .data.tables, "aw"
	.balign 4096
	.globl guest_tables
guest_tables:
	.quad 0x0060000000000401        /* Device-nGnRnE, never executable */
	.quad 0x0000000040000705        /* Normal WB, inner shareable */
	.quad 0x0000000080000705
	.quad 0x00000000c0000705
	.fill 508, 8, 0

	.section .stacks, "aw", %nobits
	.balign 4096
	.globl guest_stacks
guest_stacks:
	.skip CPU_MAX << STACK_SHIFT
