/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * PCI functions of cells: found, reset and given their addresses by the core,
 * seen by the cell through a configuration space that shows nothing else.
 * pci_none.c is a core without CONFIG_PCI.
 */
#ifndef CLOISON_CORE_PCI_H
#define CLOISON_CORE_PCI_H

#include "core/cell.h"

/* Every function silent; those of cells compared with what was declared (panics), reset, given their addresses. Boot CPU, behind iommu_init. */
void pci_init(void);
/* The cell's functions master the bus, decode addresses and interrupt no more. Any CPU of the cell. */
void pci_stop(u16 cell);
/*
 * As at boot, for the next life: the first call begins the resets, later ones say whether
 * they are over and everything is written again. First CPU of the cell; bounded each time.
 */
bool pci_restored(struct cpu *cpu);
/* An access to the cell's configuration spaces: false, if there is none at this guest address or it is misaligned. */
bool pci_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value);
bool pci_covers(const struct cpu *cpu, u64 ipa);

#endif
