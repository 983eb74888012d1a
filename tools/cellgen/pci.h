/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the files about PCI share: the numbers of the bus binding, and how its properties are read. */
#ifndef CELLGEN_PCI_H
#define CELLGEN_PCI_H

#include "parts.h"

#define PCI_ADDRESS_CELLS 3u
#define PCI_SIZE_CELLS 2u
#define PCI_REG_CELLS (PCI_ADDRESS_CELLS + PCI_SIZE_CELLS)
#define PCI_HOST_NONE 0xffffu

/* phys.hi: IEEE 1275 PCI binding, 2.2.1.1 */
#define PCI_FIXED BIT(31)        /* not relocatable */
#define PCI_PREFETCHABLE BIT(30)
#define PCI_SPACE(high) ((high) >> 24 & 3)
#define PCI_IO 1u
#define PCI_MEMORY 2u
#define PCI_MEMORY_WIDE 3u       /* 64 bits */
#define PCI_FUNCTION(high) ((u16)((high) >> 8))
#define PCI_REGISTER(high) ((high) & 0xff)
#define PCI_HIGH(address) ((u32)(address) << 8)

#define PCI_BARS 6u
#define PCI_BAR_FIRST 0x10u      /* registers */
#define PCI_BAR_LAST 0x24u
#define PCI_BAR_MIN 16u          /* bytes */
#define PCI_WINDOW_END (1ULL << 32)
#define PCI_BUS_CONFIG MIB(1)    /* configuration space of a bus: 256 functions of one page */
#define PCI_VECTORS_MAX 256u    /* of MSI-X */

#define PCI_BUS(address) ((u32)(address) >> 8)
#define PCI_DEVICE(address) ((u32)(address) >> 3 & 0x1f)

bool pci_ids(const struct node *node, u16 *vendor, u16 *id);           /* compatible = "pciVVVV,DDDD"; false: it has none */
bool pci_bar_read(const struct prop *reg, u32 entry, struct bar *bar); /* false: it can be no memory BAR of a 32-bit window */
const char *pci_address(u16 address);                                  /* "00:01.0" */

/* ---- place_pci.c: when it is known who has what */

u64 pci_config(const struct pci_host *host);                           /* of its root bus */
u64 function_config(const struct decision *d, const struct function *f);
const struct bar *function_bar(const struct function *f, u32 index);   /* NULL: it is not declared */
u64 pci_reset_register(const struct function *f);
const struct function *pci_first(const struct decision *d, u16 cell, u16 host); /* the cell's, or (CELL_NONE) anybody's; NULL: none */
const char *pci_guest_name(const struct pci_host *host);               /* of its node in a guest's tree */

#endif
