/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: PCI functions whose configuration space is what the input
 * says, if boot takes them; then two cells access it in any way, are stopped
 * in the midst of an access, and start again. Looked for, besides what
 * sanitizers find: an access to another cell's function, a write that is not
 * on the list below, a reset, an address that changes, and bus mastering after
 * the end.
 *
 *   tests/fuzz/run [seconds [output folder [pci]]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pci.h"
#include "core/pci_function.h"
#include "host.h"
#include "input.h"
#include "pci_sim.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static u16 accessor;  /* cell whose access is under way */
static bool guest;    /* ... if it is a guest's */
static u32 stop_in;   /* accesses to functions until another vCPU stops the cell, 0: none does */

static void check(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_pci: %s\n%.*s\n", what, (int)wire_length, wire_text);
	abort();
}

/* ---- what may be written: by the simulated bytes alone ---- */

/* Bits of this byte that may get another value by a guest's write. */
static u32 may_write(const struct pci_sim *sim, u32 vectors, u32 reg)
{
	u32 pcie = pci_sim_find(sim, 0x10), msi = vectors ? pci_sim_find(sim, 0x05) : 0, msix = vectors ? pci_sim_find(sim, 0x11) : 0;

	switch (reg) {
	case 0x04: return 0x06;
	case 0x05: return 0x04;
	case 0x07: return 0xf9;
	case 0x0c: case 0x3c: return 0xff;
	}
	if (pcie && reg - pcie - 8 < 3)
		return (const u8[]){ 0x10, 0x78, 0x0f }[reg - pcie - 8];
	if (msix && reg == msix + 3)
		return 0xc0;
	if (msi && reg == msi + 2)
		return 0x71;
	if (msi && reg > msi + 3 && reg < msi + 0x18)
		return 0xff;
	return 0;
}

static void watch(struct pci_sim *sim, u32 reg, u32 size, bool write, u32 value)
{
	const struct pci_function *f = &machine_functions[sim - pci_sims];

	if (stop_in && !--stop_in) {
		bool before = guest;

		guest = false;
		cell_stop(&host_cpus[accessor == CELL_LINUX ? 1 : 2], STOP_FAULT, "x");
		guest = before;
	}
	if (!guest)
		return;
	check(sim < &pci_sims[FUNCTION_COUNT] && f->cell == accessor, "another's function");
	for (u32 i = 0; write && i < size; i++) {
		u32 byte = value >> 8 * i & 0xff;
		bool cleared = reg + i == 0x06 || reg + i == 0x07; /* where a one that is kept clears something */

		check(!((byte ^ (cleared ? 0 : sim->regs[reg + i])) & ~may_write(sim, f->vectors, reg + i)), "a bit that is not the guest's");
	}
	if (write && reg <= 0x04 && reg + size > 0x04)
		check(size == 2 && (f->intx || value & COMMAND_INTX_OFF) && (value & COMMAND_MEMORY || value == COMMAND_INTX_OFF),
		      "a Command");
}

/* ---- what must hold ---- */

static void check_function(u32 i, const u32 resets[])
{
	const struct pci_function *f = &machine_functions[i];
	const struct pci_sim *sim = &pci_sims[i];
	u32 command = pci_sim_get(sim, PCI_COMMAND, 2);

	check(sim->resets == resets[i], "a reset by the guest");
	check(!cell_is_ending(f->cell) ? command & COMMAND_MEMORY : command == COMMAND_INTX_OFF, "not silent after the stop");
	for (u32 k = f->first_bar; k < (u32)f->first_bar + f->bar_count; k++)
		check((pci_sim_get(sim, PCI_BAR(machine_bars[k].index), 4) & ~BAR_FLAGS) == machine_bars[k].base, "a BAR that moves");
}

/* The list a guest finds ends, and has nothing in it by which it could do more. */
static void check_list(u32 i)
{
	const struct pci_function *f = &machine_functions[i];
	u16 cpu = f->cell == CELL_LINUX ? 0 : 2;
	u32 at = pci_guest_read(cpu, f->address, PCI_CAPABILITIES, 1), n = 0;

	for (; at; n++) {
		u32 id = pci_guest_read(cpu, f->address, at, 1);

		check(n < 48 && at >= 0x40 && !(at & 3), "a list that is broken");
		check(id == 0x10 || id == 0x09 || (f->vectors && (id == 0x05 || id == 0x11)), "a capability that is hidden");
		if (id == 0x10)
			check(!(pci_guest_read(cpu, f->address, at + 4, 4) & DEVICE_FLR), "a reset is offered");
		at = pci_guest_read(cpu, f->address, at + 1, 1);
	}
}

/* ---- steps ---- */

/* Any byte of a function's first 512 before boot: what it says, or which of its bits can be written. Of the header only what differs. */
static bool may_differ(u32 reg)
{
	return reg >= 0x40 || reg == PCI_STATUS || reg == PCI_HEADER_TYPE || reg == PCI_CAPABILITIES || reg == PCI_INTERRUPT_PIN;
}

static void deform(struct input *input)
{
	u32 count = next(input, 1) & 15;

	for (u32 i = 0; i < count; i++) {
		u32 what = next(input, 1);
		struct pci_sim *sim = &pci_sims[(what & 7) % FUNCTION_COUNT];
		u32 reg = next(input, 1) | (what & 8 ? 256 : 0);

		if (!may_differ(reg))
			continue;
		(what & 0x80 ? sim->writable : what & 0x40 ? sim->clears : sim->regs)[reg] = (u8)next(input, 1);
		sim->initial[reg] = sim->regs[reg];
	}
}

static void access(struct input *input)
{
	u32 what = next(input, 1), where = next(input, 1), reg = next(input, 1);
	u16 cpu = what & 1 ? 2 : what >> 7;
	u32 address = where & 0x80 ? where & 0x7f : machine_functions[(where & 7) % FUNCTION_COUNT].address;
	u64 value = what & 8 ? next(input, 4) : 0;
	u32 size = 1u << (what >> 1 & 3);

	if (what & 0x10) /* near something of interest */
		reg = pci_sim_find(&pci_sims[(where & 7) % FUNCTION_COUNT], (const u8[]){ 0x10, 0x05, 0x11, 0x13 }[reg >> 6]) + (reg & 0x1f);
	reg += what & 0x40 ? 0x100 * (where & 15) : 0;
	accessor = host_cpus[cpu].cell_index;
	stop_in = what & 0x20 ? 1 + (where >> 3 & 7) : 0;
	guest = true;
	if (pci_access(&host_cpus[cpu], PCI_SIM_ECAM + ((u64)address << 12) + (reg & 0xfff & ~(size - 1)), what & 8, size, &value))
		check(what & 8 || size == 8 || !(value >> 8 * size), "more than was asked for");
	else
		check(false, "an access that is not answered");
	guest = false;
	stop_in = 0;
}

static void restart(u16 cpu, u32 resets[])
{
	u16 cell = host_cpus[cpu].cell_index;

	if (!cell_is_ending(cell))
		return;
	for (u32 i = 0; !pci_restored(&host_cpus[cpu]); i++) {
		check(i < 3000, "a restart that does not end");
		host.now += HOST_HZ / 100;
	}
	cells[cell].state = CELL_RUNNING;
	for (u32 i = 0; i < FUNCTION_COUNT; i++) {
		if (machine_functions[i].cell == cell)
			check(pci_sims[i].resets == resets[i] + !machine_functions[i].no_reset, "no reset");
		resets[i] = pci_sims[i].resets;
	}
}

static void time_passes(struct cpu *cpu)
{
	(void)cpu;
	host.now += HOST_HZ / 100;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, size };
	u32 resets[FUNCTION_COUNT];
	enum host_end end;

	pci_sim_init();
	pci_sim_set(&pci_sims[SIM_STRANGER], 0x100, 4, 0); /* saves time */
	host.step = HOST_HZ / 1000;
	host.on_wait = time_passes;
	deform(&input);
	HOST_CATCH(end, pci_init());
	if (end != HOST_RETURNED)
		return 0;
	for (u32 i = 0; i < FUNCTION_COUNT; i++)
		resets[i] = pci_sims[i].resets;
	pci_sim_watch = watch;
	while (input.left) {
		u32 what = input.bytes[0];

		if ((what & 0x16) == 0x16)
			restart(next(&input, 1) & 1 ? 2 : 0, resets);
		else
			access(&input);
		for (u32 i = 0; i < FUNCTION_COUNT; i++)
			check_function(i, resets);
	}
	for (u32 i = 0; i < FUNCTION_COUNT; i++)
		check_list(i);
	return 0;
}
