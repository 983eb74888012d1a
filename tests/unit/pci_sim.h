/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Configuration spaces that a test makes up: bytes, which of their bits can be
 * written, and resets. What machine_functions (machine_pci.c) declares is on
 * bus 0; besides a host bridge, a bridge and functions that are nobody's.
 */
#ifndef TESTS_UNIT_PCI_SIM_H
#define TESTS_UNIT_PCI_SIM_H

#include "machine.h"

#define PCI_SIM_ECAM 0x4010000000ULL

enum { SIM_EDU, SIM_NIC, SIM_MULTI, SIM_SECOND, SIM_NVME, /* as in machine_functions */
       SIM_HOST, SIM_BRIDGE, SIM_STRANGER, SIM_ORPHAN, SIM_COUNT };

struct pci_sim {
	u32 address;          /* device << 3 | function */
	u8 regs[4096];
	u8 writable[4096];
	u8 clears[4096];      /* bits that a one clears */
	u8 initial[4096];     /* what a reset leaves */
	u32 resets;
	u32 deaf;             /* reads that are answered by ones, or by a retry, after a reset */
	bool retries;
	u32 pending;          /* looks at Device Status during which transactions are pending */
	u64 quiet_until;      /* nobody may touch it before */
};

extern struct pci_sim pci_sims[SIM_COUNT];
/* Before it has an effect: every write, and every read (write: false). NULL: nobody looks. */
extern void (*pci_sim_watch)(struct pci_sim *sim, u32 reg, u32 size, bool write, u32 value);

/* machine_reset, all functions as after power-on, and what their resets leave. */
void pci_sim_init(void);
/* Where its first capability of this kind is, 0: there is none. */
u32 pci_sim_find(const struct pci_sim *sim, u32 id);
u32 pci_sim_get(const struct pci_sim *sim, u32 reg, u32 size);
void pci_sim_set(struct pci_sim *sim, u32 reg, u32 size, u32 value);
/* An access of a guest to bus 0, device and function as in address. */
u32 pci_guest_read(u16 cpu, u32 address, u32 reg, u32 size);
void pci_guest_write(u16 cpu, u32 address, u32 reg, u32 size, u32 value);

#endif
