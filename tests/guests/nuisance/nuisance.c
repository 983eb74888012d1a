/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The worst neighbour: on all its CPUs, for ever, as fast as they go, what costs others most where walls are thin.
 *
 *     console       prints without end
 *     calls         hypercalls, known, unknown and refused
 *     ipi           SGIs to all CPUs of the cell, itself included
 *     distributor   registers of the distributor and of the redistributors
 *     tlb           invalidation of TLBs and instruction caches, broadcast
 *     restart       resets itself as soon as it lives
 *
 * Several: each in turn. Once in a second it says how often it has been round, so that who looks knows that it was there.
 *
 *     nuisance: rounds=N
 *
 * bootargs: what=NAME,NAME,...
 */
#include "guest.h"

#define TURN 64 /* deeds in a round */

static u32 rounds;

static u64 random_next(u64 *state) /* xorshift64 */
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void console(u64 r)
{
	(void)r;
	uart_puts("nuisance: abcdefghijklmnopqrstuvwxyz0123456789\n");
}

static void calls(u64 r)
{
	static const u32 functions[] = { PSCI_VERSION, PSCI_FEATURES, CLOISON_EXITS_TOTAL, CLOISON_CONTROL, CLOISON_CELL_STATUS, 0x8600ff7f };

	hvc(functions[r % ARRAY_COUNT(functions)], r >> 8 & 0xff, r >> 16 & 15, r);
	psci(PSCI_CPU_ON, cpu_affinity(0), r & 0x7fffffffUL, 0);
}

static void ipi(u64 r)
{
	gic_sgi((u32)r & 1, (u32)(r >> 8) & 7);
	if ((r >> 16 & 7) == 0)
		gic_sgi_others((u32)(r >> 8) & 7);
}

static void distributor(u64 r)
{
	static const u64 registers[] = { GICD_ISENABLER, GICD_ICENABLER, GICD_ISPENDR, GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER };
	u64 reg = registers[r % ARRAY_COUNT(registers)];

	mmio_write32(reg + 4 * (1 + (r >> 8) % 7), (u32)(r >> 16));
	mmio_read32(reg + 4 * (1 + (r >> 8) % 7));
	mmio_write64(GICD_IROUTER + 8 * (32 + (r >> 16 & 0xff)), r >> 24 & 1);
	mmio_write32(GICD_IPRIORITYR + 4 * (8 + (r >> 32 & 0x3f)), (u32)r);
	mmio_read32(GICR_RD(r >> 40 & 1) + 8);
}

static void tlb(u64 r)
{
	__asm__ volatile("tlbi vmalle1is\n\ttlbi vaae1is, %0\n\ttlbi aside1is, xzr\n\tdsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : "r"(r >> 20) : "memory");
}

static void restart(u64 r)
{
	(void)r;
	print("nuisance: rounds=1 of this life\n");
	uart_drain();
	psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}

static const struct {
	const char *name;
	void (*deed)(u64 r);
} kinds[] = { { "console", console }, { "calls", calls }, { "ipi", ipi }, { "distributor", distributor }, { "tlb", tlb }, { "restart", restart } };

static void (*deeds[8])(u64 r);
static u32 deed_count;

static void find(const char *name)
{
	for (u32 i = 0; i < ARRAY_COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0 && deed_count < ARRAY_COUNT(deeds))
			deeds[deed_count++] = kinds[i].deed;
}

static void find_all(char *names)
{
	char *name = names;
	bool end;

	for (char *p = names;; p++) {
		if (*p && *p != ',')
			continue;
		end = !*p;
		*p = 0;
		find(name);
		if (end)
			return;
		name = p + 1;
	}
}

static void go_on(u64 cpu)
{
	u64 state = 0x9e3779b97f4a7c15UL * (cpu + 1), told = now();

	gic_cpu_init();
	for (u32 i = 0; i < 8; i++)
		gic_enable(i, 0x80);
	irq_unmask();
	for (u32 turn = 0;; turn = (turn + 1) % deed_count) {
		for (u32 i = 0; i < TURN; i++)
			deeds[turn](random_next(&state));
		atomic_add(&rounds, 1);
		if (cpu || now() - told < ticks_hz())
			continue;
		told = now();
		print("nuisance: rounds=%u\n", atomic_add(&rounds, 0));
	}
}

void guest_main(struct boot_state *boot)
{
	char names[64] = "";

	args_init(boot->dtb);
	uart_init();
	gic_init();
	args_get("what", names, sizeof names);
	find_all(names);
	if (!deed_count) {
		print("nuisance: FAIL no what= that is known\n");
		idle_forever();
	}
	for (u32 cpu = 1; cpu < cpu_count(); cpu++)
		cpu_run(cpu, go_on, cpu);
	go_on(0);
}
