/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Calls to whoever is above: PSCI, SMCCC, Cloison's own. */
#include "guest.h"

#define CALL(insn, c)                                                                                             \
	do {                                                                                                      \
		register u64 *p __asm__("x19") = (c)->x;                                                          \
		__asm__ volatile("ldp x0, x1, [x19]\n\tldp x2, x3, [x19, #16]\n\tldp x4, x5, [x19, #32]\n\t"      \
				 "ldp x6, x7, [x19, #48]\n\tldp x8, x9, [x19, #64]\n\tldp x10, x11, [x19, #80]\n\t" \
				 "ldp x12, x13, [x19, #96]\n\tldp x14, x15, [x19, #112]\n\tldp x16, x17, [x19, #128]\n\t" \
				 insn "\n\t"                                                                      \
				 "stp x0, x1, [x19]\n\tstp x2, x3, [x19, #16]\n\tstp x4, x5, [x19, #32]\n\t"      \
				 "stp x6, x7, [x19, #48]\n\tstp x8, x9, [x19, #64]\n\tstp x10, x11, [x19, #80]\n\t" \
				 "stp x12, x13, [x19, #96]\n\tstp x14, x15, [x19, #112]\n\tstp x16, x17, [x19, #128]" \
				 : "+r"(p)                                                                        \
				 :                                                                                \
				 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",      \
				   "x12", "x13", "x14", "x15", "x16", "x17", "memory");                           \
	} while (0)

void smccc_hvc(struct smccc *call)
{
	CALL("hvc #0", call);
}

void smccc_smc(struct smccc *call)
{
	CALL("smc #0", call);
}

u64 hvc(u64 function, u64 a1, u64 a2, u64 a3)
{
	struct smccc call = { { function, a1, a2, a3 } };

	smccc_hvc(&call);
	return call.x[0];
}

u64 smc(u64 function, u64 a1, u64 a2, u64 a3)
{
	struct smccc call = { { function, a1, a2, a3 } };

	smccc_smc(&call);
	return call.x[0];
}

bool cloison_present(void)
{
	return (s32)hvc(CLOISON_UID, 0, 0, 0) != PSCI_NOT_SUPPORTED;
}

static struct {
	void (*function)(u64);
	u64 argument;
} job[CPU_MAX];

void secondary_main(u64 context, u64 sctlr, u64 daif)
{
	(void)sctlr, (void)daif;
	job[context % CPU_MAX].function(job[context % CPU_MAX].argument);
	psci(PSCI_CPU_OFF, 0, 0, 0);
	print("guest: FAIL CPU_OFF returned\n");
}

s32 cpu_run(u32 cpu, void (*function)(u64), u64 argument)
{
	job[cpu].function = function;
	job[cpu].argument = argument;
	dsb();
	return psci(PSCI_CPU_ON, cpu_affinity(cpu), (u64)guest_secondary, cpu);
}

bool cpu_wait_off(u32 cpu, u64 us)
{
	return wait_until(psci(PSCI_AFFINITY_INFO, cpu_affinity(cpu), 0, 0) == 1, us);
}

u32 cpu_count(void)
{
	u32 n = 0;

	while (n < CPU_MAX && psci(PSCI_AFFINITY_INFO, cpu_affinity(n), 0, 0) >= 0)
		n++;
	return n;
}

void delay_us(u64 us)
{
	u64 end = now() + ticks_us(us);

	while (now() < end)
		yield();
}

void sleep_us(u64 us)
{
	u64 end = now() + ticks_us(us);

	gic_enable(PPI_VTIMER, 0x80);
	write_sysreg(cntv_cval_el0, end);
	write_sysreg(cntv_ctl_el0, 1);
	isb();
	while (now() < end)
		wfi();
	write_sysreg(cntv_ctl_el0, 2);
	isb();
	gic_disable(PPI_VTIMER);
}

void idle_forever(void)
{
	irq_mask();
	write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cntp_ctl_el0, 0);
	for (;;)
		wfi();
}
