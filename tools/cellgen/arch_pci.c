/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the core sees of PCI at EL2: of the CPU that boots all of each bus, which it silences and compares with what is
 * declared; of a cell's CPUs the pages of its own functions and no more, so that a mistake of the core's
 * there reaches no other cell.
 */
#include "pte.h"
#include "pci.h"

static void map_bus(const struct space *s, const struct pci_host *host)
{
	arch_map(s, pci_config(host), pci_config(host), PCI_BUS_CONFIG, EL2_MMIO);
}

/* The register by which a function is reset that has no standard way. */
static void map_reset(const struct space *s, const struct function *f)
{
	u64 page = align_down(pci_reset_register(f), PAGE_SIZE);

	arch_map(s, page, page, PAGE_SIZE, EL2_MMIO);
}

void arch_map_pci(const struct decision *d, const struct cpu *cpu, const struct space *s)
{
	bool boot = cpu == &d->cpus[0];

	for (u16 i = 0; boot && i < d->host_count; i++) {
		if (pci_first(d, CELL_NONE, i)) {
			map_bus(s, &d->hosts[i]);
		}
	}
	for (u32 i = 0; i < d->function_count; i++) {
		const struct function *f = &d->functions[i];
		bool own = cpu->role == ROLE_VCPU && f->cell == cpu->cell;

		if (own && !boot) {
			arch_map(s, function_config(d, f), function_config(d, f), PAGE_SIZE, EL2_MMIO);
		}
		if (f->reset_write && f->cell != CELL_NONE && (own || boot)) {
			map_reset(s, f);
		}
	}
}
