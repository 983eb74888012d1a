/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Secondary CPUs: on, off and on again, their redistributors, SGIs between all of them, locks. */
#include "virt.h"

#define LOOPS 2000

static volatile u32 arrived, leave, lock, locked_sum;
static volatile u64 bad_affinity, bad_frame, bad_counter;
static volatile u64 last_counter;

static void work(u64 cpu)
{
	u64 typer = mmio_read64(GICR_RD(cpu) + 8);

	if ((read_sysreg(mpidr_el1) & 0xff00ffffff) != cpu_affinity((u32)cpu) || cpu_number() != cpu)
		bad_affinity++;
	if (typer >> 32 != cpu_affinity((u32)cpu) || (typer >> 8 & 0xffff) != cpu)
		bad_frame++;
	gic_cpu_init();
	for (u32 i = 0; i < 16; i++)
		gic_enable(i, 0x90);
	irq_unmask();
	for (u32 i = 0; i < LOOPS; i++) {
		u64 counter;
		while (atomic_swap(&lock, 1))
			yield();
		counter = now();
		bad_counter += counter < last_counter;
		last_counter = counter;
		locked_sum++;
		__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	}
	atomic_add(&arrived, 1);
	while (!leave)
		wfe();
	irq_mask();
}

static u32 start_all(u32 n)
{
	u32 ok = 0;

	arrived = leave = locked_sum = 0;
	for (u32 i = 1; i < n; i++)
		ok += cpu_run(i, work, i) == PSCI_SUCCESS;
	return ok;
}

static bool all_off(u32 n)
{
	bool ok = true;

	leave = 1;
	sev();
	for (u32 i = 1; i < n; i++)
		ok &= cpu_wait_off(i, LONG_US);
	return ok;
}

static u64 taken(u32 from, u32 to)
{
	u64 sum = 0;

	for (u32 i = from; i < to; i++)
		sum += irqs_taken(i);
	return sum;
}

static volatile u32 answers;

/* Whoever gets SGI 1 answers CPU 0 with SGI 2. */
static void answer(u32 intid)
{
	if (intid == 1)
		gic_sgi(0, 2);
	if (intid == 2)
		answers++;
}

static void check_sgis(u32 n)
{
	u64 before = taken(1, n);
	bool ok = true;

	irq_hook = answer;
	irq_unmask();
	for (u32 i = 1; i < n; i++) { /* one at a time, there and back */
		u64 own = irqs_taken(i);
		u32 had = answers;
		gic_sgi(i, 1);
		ok &= wait_until(answers == had + 1, LONG_US) && irqs_taken(i) == own + 1;
	}
	check("smp-sgi-each-and-back", ok && taken(1, n) == before + n - 1);
	gic_sgi_others(4);
	check("smp-sgi-others", wait_until(taken(1, n) == before + 2 * (n - 1), LONG_US));
	write_icc(ICC_SGI1R, 7UL << 24 | ((1UL << n) - 2)); /* target list: all but CPU 0 */
	check("smp-sgi-list", wait_until(taken(1, n) == before + 3 * (n - 1), LONG_US));
	irq_mask();
	irq_hook = NULL;
}

static void check_routing(u32 n)
{
	u32 last = n - 1;
	u64 before = irqs_taken(last), own = irqs_taken(0);

	gic_route(UART_LINE, last);
	check("smp-route-readback", mmio_read64(GICD_IROUTER + 8 * UART_LINE) == cpu_affinity(last));
	irq_unmask();
	gic_enable(UART_LINE, 0xa0);
	gic_set_pending(UART_LINE);
	check("smp-route", wait_until(irqs_taken(last) == before + 1, LONG_US) && irqs_last(last) == UART_LINE && irqs_taken(0) == own);
	gic_disable(UART_LINE);
	gic_route(UART_LINE, 0);
	irq_mask();
}

void check_smp(void)
{
	u32 n = cpu_count();
	bool last_frame = mmio_read64(GICR_RD(n - 1) + 8) >> 4 & 1;

	print("virt: %u CPUs\n", n);
	check("gicr-last", last_frame && (n == 1 || !(mmio_read64(GICR_RD(0) + 8) >> 4 & 1)));
	for (u32 round = 0; n > 1 && round < 3; round++) {
		check("smp-on", start_all(n) == n - 1);
		check("smp-arrived", wait_until(arrived == n - 1, LONG_US));
		check("smp-affinity", bad_affinity == 0);
		check("smp-frames", bad_frame == 0);
		check("smp-lock", locked_sum == LOOPS * (n - 1));
		check("smp-counter-monotonic", bad_counter == 0);
		check("smp-already-on", psci(PSCI_CPU_ON, 1, (u64)guest_secondary, 0) == PSCI_ALREADY_ON &&
		      psci(PSCI_AFFINITY_INFO, 1, 0, 0) == 0);
		check_sgis(n);
		check_routing(n);
		check("smp-off", all_off(n));
	}
	for (u32 round = 0; n > 1 && round < 50; round++) { /* quick succession */
		start_all(n);
		if (!wait_until(arrived == n - 1, LONG_US) || !all_off(n)) {
			check("smp-replug", false);
			return;
		}
	}
	if (n > 1)
		check("smp-replug", true);
}
