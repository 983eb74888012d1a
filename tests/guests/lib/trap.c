/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Exceptions of a guest: expected ones are recorded and skipped, others end it with a dump. */
#include "guest.h"

struct boot_state boot_state;
volatile u32 irq_count[CPU_MAX][1024];
volatile u32 irq_spurious[CPU_MAX];

static struct trap_seen seen[CPU_MAX];
static volatile bool expected[CPU_MAX];

void trap_expect(bool on)
{
	memset(&seen[cpu_number()], 0, sizeof seen[0]);
	expected[cpu_number()] = on;
}

const struct trap_seen *trap_result(void)
{
	dsb();
	return &seen[cpu_number()];
}

void trap_unexpected(struct trap_frame *frame, u64 vector);
void trap_sync(struct trap_frame *frame);
void trap_irq(struct trap_frame *frame);
void trap_user(struct trap_frame *frame, u64 vector);

void trap_unexpected(struct trap_frame *frame, u64 vector)
{
	print("guest: FAIL unexpected exception vector=%lu esr=%lx far=%lx pc=%lx lr=%lx\n", vector,
	      read_sysreg(esr_el1), read_sysreg(far_el1), frame->pc, frame->x[30]);
	for (;;)
		wfi();
}

void trap_sync(struct trap_frame *frame)
{
	u64 esr = read_sysreg(esr_el1);
	struct trap_seen *s = &seen[cpu_number()];

	if (!expected[cpu_number()])
		trap_unexpected(frame, 4);
	s->count++;
	s->esr = esr;
	s->far = read_sysreg(far_el1);
	s->pc = frame->pc;
	if (ESR_EC(esr) == EC_IABT || ESR_EC(esr) == EC_PC_ALIGN)
		frame->pc = frame->x[30]; /* a call to nowhere: back to the caller */
	else if (ESR_EC(esr) != EC_SVC)
		frame->pc += 4;
	frame->spsr &= ~(1UL << 20); /* IL: an illegal return leaves it set */
}

/* The end of a user_run(): what it was, then back to who called it. */
void trap_user(struct trap_frame *frame, u64 vector)
{
	struct trap_seen *s = &seen[cpu_number()];

	s->count++;
	s->esr = read_sysreg(esr_el1);
	s->far = read_sysreg(far_el1);
	s->pc = frame->pc;
	s->vector = vector;
	frame->pc = (u64)user_back;
	frame->spsr = 0x3c5; /* EL1h, masked */
}

__attribute__((weak)) void irq_handler(u32 intid)
{
	(void)intid;
}

void trap_irq(struct trap_frame *frame)
{
	u32 intid = (u32)read_icc(ICC_IAR1) & 0xffffff;

	(void)frame;
	if (intid >= LPI_BASE) {
		lpi_count[(intid - LPI_BASE) % LPI_MAX]++;
		write_icc(ICC_EOIR1, intid);
		return;
	}
	if (intid >= 1020) {
		irq_spurious[cpu_number()]++;
		return;
	}
	irq_count[cpu_number()][intid]++;
	irq_handler(intid);
	write_icc(ICC_EOIR1, intid);
}

void mmu_sync(void)
{
	__asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
}
