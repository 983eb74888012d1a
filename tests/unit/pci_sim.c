/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Simulated PCI functions (pci_sim.h), laid out as QEMU's edu, e1000e, virtio and nvme are. */
#include <assert.h>
#include <string.h>

#include "machine.h"

#if FUNCTION_COUNT
#include "core/pci.h"
#include "core/pci_function.h"
#include "host.h"
#include "pci_sim.h"

struct pci_sim pci_sims[SIM_COUNT];
void (*pci_sim_watch)(struct pci_sim *sim, u32 reg, u32 size, bool write, u32 value);

u32 pci_sim_get(const struct pci_sim *sim, u32 reg, u32 size)
{
	u32 value = 0;

	memcpy(&value, sim->regs + reg, size);
	return value;
}

void pci_sim_set(struct pci_sim *sim, u32 reg, u32 size, u32 value)
{
	memcpy(sim->regs + reg, &value, size);
}

u32 pci_sim_find(const struct pci_sim *sim, u32 id)
{
	u32 at = sim->regs[PCI_STATUS] & STATUS_LIST ? sim->regs[PCI_CAPABILITIES] & ~3u : 0;

	for (u32 i = 0; at && i < 48; i++) {
		if (sim->regs[at] == id)
			return at;
		at = sim->regs[at + 1] & ~3u;
	}
	return 0;
}

/* ---- how they behave ---- */

static struct pci_sim *slots[256]; /* by device and function */

static struct pci_sim *find(u64 address, u32 *reg)
{
	u64 offset = address - PCI_SIM_ECAM;

	*reg = offset & 0xfff;
	return offset < MIB(1) ? slots[offset >> 12] : NULL;
}

static void reset(struct pci_sim *sim)
{
	memcpy(sim->regs, sim->initial, sizeof sim->regs);
	sim->resets++;
	sim->quiet_until = host.now + HOST_HZ / 10;
}

static u32 sim_read(u64 address, u32 size)
{
	u32 reg, ones = ~0u >> (32 - 8 * size);
	struct pci_sim *sim = find(address, &reg);

	assert(!(address & (size - 1)));
	if (!sim)
		return ones;
	assert(host.now >= sim->quiet_until);
	if (pci_sim_watch)
		pci_sim_watch(sim, reg, size, false, 0);
	if (sim->deaf && sim->resets) {
		sim->deaf--;
		return sim->retries && !reg ? 0xffff0001 & ones : ones;
	}
	if (sim->pending && size == 2 && reg == pci_sim_find(sim, CAPABILITY_PCIE) + PCIE_STATUS) {
		sim->pending--;
		return pci_sim_get(sim, reg, size) | STATUS_PENDING;
	}
	return pci_sim_get(sim, reg, size);
}

/* A register of the NIC, if it decodes: the only one that does something here. */
static void device_write(u64 address, u32 size, u32 value)
{
	struct pci_sim *nic = &pci_sims[SIM_NIC];

	assert(pci_sim_get(nic, PCI_COMMAND, 2) == (COMMAND_MEMORY | COMMAND_INTX_OFF));
	assert(address == pci_sim_get(nic, PCI_BAR(0), 4) + 0x10u && size == 4 && value == 0x04000000);
	nic->resets++;
	nic->quiet_until = host.now + HOST_HZ / 10;
}

static bool starts_reset(const struct pci_sim *sim, u32 reg, u32 size, u32 value)
{
	u32 pcie = pci_sim_find(sim, CAPABILITY_PCIE), af = pci_sim_find(sim, CAPABILITY_AF);
	u32 control = pcie + PCIE_CONTROL + 1;

	if (pcie && sim->regs[pcie + PCIE_DEVICE + 3] & DEVICE_FLR >> 24 && reg <= control && control < reg + size)
		return value >> 8 * (control - reg) & 0x80;
	return af && reg == af + AF_CONTROL && sim->regs[af + AF_CAPABILITIES] & 2 && value & 1;
}

static void sim_write(u64 address, u32 size, u32 value)
{
	u32 reg;
	struct pci_sim *sim = find(address, &reg);

	assert(!(address & (size - 1)));
	if (!sim) {
		if (address < PCI_SIM_ECAM)
			device_write(address, size, value);
		return;
	}
	assert(host.now >= sim->quiet_until);
	if (pci_sim_watch)
		pci_sim_watch(sim, reg, size, true, value);
	for (u32 i = 0; i < size; i++) {
		u8 byte = (u8)(value >> 8 * i), writable = sim->writable[reg + i], clears = sim->clears[reg + i];

		sim->regs[reg + i] = (u8)(((sim->regs[reg + i] & ~writable) | (byte & writable)) & ~(byte & clears));
	}
	if (starts_reset(sim, reg, size, value))
		reset(sim);
}

/* ---- what they are ---- */

static void allow(struct pci_sim *sim, u32 reg, u32 size, u32 bits)
{
	memcpy(sim->writable + reg, &bits, size);
}

static struct pci_sim *make(u32 which, u32 address, u32 id, u32 class)
{
	struct pci_sim *sim = &pci_sims[which];

	memset(sim, 0, sizeof *sim);
	sim->address = address;
	slots[address] = sim;
	pci_sim_set(sim, PCI_VENDOR, 4, id);
	pci_sim_set(sim, PCI_REVISION, 4, class << 8 | 2);
	pci_sim_set(sim, PCI_COMMAND, 2, 0x0147); /* firmware has left everything on */
	pci_sim_set(sim, PCI_STATUS, 2, 0x0010);
	pci_sim_set(sim, 0x2c, 4, 0x11001af4);
	allow(sim, PCI_COMMAND, 2, 0x0547);
	sim->clears[PCI_STATUS + 1] = 0xf9;
	allow(sim, 0x0c, 4, 0x0000ffff);
	allow(sim, PCI_ROM, 4, 0xfffe0001);
	allow(sim, PCI_INTERRUPT_LINE, 1, 0xff);
	allow(sim, 0x40, 1, 0); /* nothing else */
	return sim;
}

static void bar(struct pci_sim *sim, u32 n, u64 size, u32 flags)
{
	u64 mask = -size & ~0xfULL;

	pci_sim_set(sim, PCI_BAR(n), 4, flags);
	allow(sim, PCI_BAR(n), 4, (u32)mask);
	if (flags & BAR_WIDE)
		allow(sim, PCI_BAR(n + 1), 4, (u32)(mask >> 32));
}

static void capability(struct pci_sim *sim, u32 at, u32 id, u32 next, u32 word)
{
	pci_sim_set(sim, at, 4, word << 16 | next << 8 | id);
}

static void msi(struct pci_sim *sim, u32 at, u32 next, u32 log)
{
	capability(sim, at, CAPABILITY_MSI, next, MSI_WIDE | log << 1);
	allow(sim, at + 2, 2, 0x71);
	allow(sim, at + 4, 4, ~3u);
	allow(sim, at + 8, 4, ~0u);
	allow(sim, at + 12, 2, 0xffff);
}

static void msix(struct pci_sim *sim, u32 at, u32 next, u32 size, u32 bar_number)
{
	capability(sim, at, CAPABILITY_MSIX, next, size - 1);
	allow(sim, at + 2, 2, 0xc000);
	pci_sim_set(sim, at + 4, 4, bar_number);
	pci_sim_set(sim, at + 8, 4, 0x800 | bar_number);
}

static void pcie(struct pci_sim *sim, u32 at, u32 next, u32 version, bool flr)
{
	capability(sim, at, CAPABILITY_PCIE, next, version | 0x90); /* integrated endpoint */
	pci_sim_set(sim, at + PCIE_DEVICE, 4, 0x00008fe0 | DEVICE_PHANTOM | (flr ? DEVICE_FLR : 0));
	pci_sim_set(sim, at + PCIE_CONTROL, 2, 0x283f); /* messages about errors on, 256 bytes at a time */
	allow(sim, at + PCIE_CONTROL, 2, 0x7fff);
	sim->clears[at + PCIE_STATUS] = 0x0f;
	pci_sim_set(sim, at + PCIE_STATUS, 2, 0x0f);
	if (version > 1) {
		allow(sim, at + 0x28, 2, 0x7fff);
		pci_sim_set(sim, at + 0x24, 4, 0x3f);
	}
}

static void pm(struct pci_sim *sim, u32 at, u32 next)
{
	capability(sim, at, CAPABILITY_PM, next, 3);
	allow(sim, at + PM_CONTROL, 2, 0x0103);
}

static void extended(struct pci_sim *sim, u32 at, u32 id, u32 next, u32 reg, u32 bits)
{
	pci_sim_set(sim, at, 4, next << 20 | 1 << 16 | id);
	allow(sim, at + reg, 2, 0xffff);
	pci_sim_set(sim, at + reg, 2, bits);
}

static void vendor(struct pci_sim *sim, u32 at, u32 next, u32 size)
{
	capability(sim, at, CAPABILITY_VENDOR, next, size);
	pci_sim_set(sim, at + 4, 4, 0xaabbccdd);
	memset(sim->writable + at + 4, 0xff, size - 4);
}

static void make_virtio(u32 which, u32 address, u32 id)
{
	struct pci_sim *sim = make(which, address, id, 0x020000);

	pci_sim_set(sim, PCI_HEADER_TYPE, 1, HEADER_MULTI);
	pci_sim_set(sim, PCI_CAPABILITIES, 1, 0x84);
	vendor(sim, 0x84, 0x70, 0x14);
	vendor(sim, 0x70, 0x40, 0x14);
	msix(sim, 0x98, 0, 4, 1);
	if (which == SIM_MULTI) {
		pcie(sim, 0x40, 0x98, 2, true);
		bar(sim, 1, KIB(4), 0);
		bar(sim, 4, KIB(16), BAR_WIDE | BAR_PREFETCHABLE);
		extended(sim, 0x100, 0x000f, 0x120, 6, 0x801f);
		extended(sim, 0x120, 0x001b, 0x130, 6, 0x0007);
		extended(sim, 0x130, 0x0013, 0, 4, 0x0001);
	} else {
		capability(sim, 0x40, CAPABILITY_AF, 0x98, 0x0306);
		allow(sim, 0x44, 1, 0);
		bar(sim, 5, 256, 0);
	}
}

static void make_owned(void)
{
	struct pci_sim *sim = make(SIM_EDU, 8, 0x11e81234, 0x00ff00);

	pci_sim_set(sim, PCI_CAPABILITIES, 1, 0x40);
	pci_sim_set(sim, PCI_INTERRUPT_PIN, 1, 1);
	memset(sim->regs + 256, 0xff, sizeof sim->regs - 256); /* conventional */
	bar(sim, 0, MIB(1), 0);
	msi(sim, 0x40, 0, 0);

	sim = make(SIM_NIC, 16, 0x10d38086, 0x020000);
	pci_sim_set(sim, PCI_CAPABILITIES, 1, 0xc8);
	pci_sim_set(sim, PCI_INTERRUPT_PIN, 1, 1);
	bar(sim, 0, KIB(128), 0);
	bar(sim, 1, KIB(128), 0);
	bar(sim, 2, 32, BAR_IO);
	bar(sim, 3, KIB(16), 0);
	pm(sim, 0xc8, 0xd0);
	msi(sim, 0xd0, 0xe0, 0);
	pcie(sim, 0xe0, 0xa0, 1, false);
	msix(sim, 0xa0, 0, 5, 3);

	make_virtio(SIM_MULTI, 24, 0x10411af4);
	make_virtio(SIM_SECOND, 25, 0x10421af4);

	sim = make(SIM_NVME, 32, 0x00101b36, 0x010802);
	pci_sim_set(sim, PCI_CAPABILITIES, 1, 0x40);
	pci_sim_set(sim, PCI_INTERRUPT_PIN, 1, 1);
	bar(sim, 0, KIB(16), BAR_WIDE);
	msix(sim, 0x40, 0x60, 65, 0);
	pm(sim, 0x60, 0x80);
	pcie(sim, 0x80, 0, 2, true);
}

static void make_others(void)
{
	struct pci_sim *sim = make(SIM_HOST, 0, 0x00081b36, 0x060000);

	sim = make(SIM_BRIDGE, 40, 0x000c1b36, 0x060400);
	pci_sim_set(sim, PCI_HEADER_TYPE, 1, 1);
	sim = make(SIM_STRANGER, 48, 0x10c98086, 0x020000);
	extended(sim, 0x100, 0x0001, 0x140, 4, 0);
	extended(sim, 0x140, 0x0010, 0x140, 8, 0x0019); /* and a list without end */
	make(SIM_ORPHAN, 58, 0x12345678, 0x020000);
}

void pci_sim_init(void)
{
	machine_reset(NULL);
	memset(pci_states, 0, sizeof pci_states[0] * FUNCTION_COUNT);
	pci_sim_watch = NULL;
	make_owned();
	make_others();
	for (u32 i = 0; i < SIM_COUNT; i++) {
		struct pci_sim *sim = &pci_sims[i];

		memcpy(sim->initial, sim->regs, sizeof sim->regs);
		memset(sim->initial + PCI_COMMAND, 0, 2);
		sim->regs[PCI_BAR(0) + 3] = sim->writable[PCI_BAR(0) + 3] & 0xf0; /* firmware's addresses */
	}
	host.step = 10;
	host.device_read = sim_read;
	host.device_write = sim_write;
}

/* ---- guests ---- */

u32 pci_guest_read(u16 cpu, u32 address, u32 reg, u32 size)
{
	u64 value = 0x5555555555555555ULL;
	bool there = pci_access(&host_cpus[cpu], PCI_SIM_ECAM + (address << 12) + reg, false, size, &value);

	assert(there && (size > 4 || value >> 8 * size == 0));
	return (u32)value;
}

void pci_guest_write(u16 cpu, u32 address, u32 reg, u32 size, u32 value)
{
	u64 wide = value;
	bool there = pci_access(&host_cpus[cpu], PCI_SIM_ECAM + (address << 12) + reg, true, size, &wide);

	assert(there);
}
#endif
