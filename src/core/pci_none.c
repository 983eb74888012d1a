/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_PCI, in place of pci*.c: no cell has a PCI function. cellgen refuses what asks for one. */
#include "core/pci.h"

void pci_init(void) { }
void pci_stop(u16 cell) { (void)cell; }
bool pci_restored(struct cpu *cpu) { (void)cpu; return true; }

bool pci_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	(void)cpu;
	(void)ipa;
	(void)write;
	(void)size;
	(void)value;
	return false;
}

bool pci_covers(const struct cpu *cpu, u64 ipa)
{
	(void)cpu;
	(void)ipa;
	return false;
}
