/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The life of PCI functions: silent, compared, reset, at the addresses that
 * cellgen decided; and again whenever their cell starts again.
 *
 *   boot     every function of the bus quiet -> pci_verify -> reset -> restore
 *   stop     quiet (behind streams that abort already)
 *   restart  reset -> restore
 *
 *   reset    QUIET -- nothing pending --> RUNS -- 100 ms --> ANSWERS -- all do --> NONE, restored
 *
 * Nobody waits in a restart: the cell's first CPU looks again, as it is parked.
 * A function that does not answer keeps its cell from starting, and nobody else.
 */
#include "core/bound.h"
#include "core/log.h"
#include "core/pci.h"
#include "core/panic.h"
#include "core/pci_function.h"

/* 6.6.2: what was under way is given so long to complete; as long as firmware usually sets a completion timeout to. */
#define PENDING_MILLISECONDS 1000u
/* 6.6.1: not before this is a request answered, */
#define RESET_MILLISECONDS 100u
/* and then at the latest. */
#define ANSWER_MILLISECONDS 1000u

#define VENDOR_RETRY 0x0001u /* 2.3.2: request retry status, made visible as this vendor */
#define EVERY_CELL CELL_NONE

enum phase { PHASE_NONE, PHASE_QUIET, PHASE_RUNS, PHASE_ANSWERS };

struct reset {
	u32 phase; /* [O] enum phase */
	bool late; /* [O] told already that it takes too long */
	u64 since; /* [O] ticks, begin of the phase */
};

static struct reset boot; /* of all cells' functions at once */
static struct reset resets[CELL_COUNT ? CELL_COUNT : 1]; /* each of the cell's first CPU */

static bool is_over(const struct reset *reset, u32 milliseconds)
{
	return arch_time_now() - reset->since >= arch_time_hz() * milliseconds / 1000;
}

static void enter(struct reset *reset, enum phase phase)
{
	reset->phase = phase;
	reset->since = arch_time_now();
}

static bool is_of(u16 function, u16 cell)
{
	return cell == EVERY_CELL || machine_functions[function].cell == cell;
}

u32 pci_read(u16 function, u32 reg, u32 size)
{
	return arch_device_read(machine_functions[function].config + reg, size);
}

void pci_write(u16 function, u32 reg, u32 size, u32 value)
{
	arch_device_write(machine_functions[function].config + reg, size, value);
}

/* ---- silence ---- */

/* Extended capabilities by which a function would do what no cell is to do, and the bits that switch them on. */
static const struct { u16 id, reg, on; } switched_off[] = {
	{ 0x000f, 0x06, 0x8000 }, /* 10.5.1.3 ATS: addresses that the IOMMU is asked to believe */
	{ 0x0010, 0x08, 0x0009 }, /* 9.3.3.3 SR-IOV: functions that nobody declared */
	{ 0x0013, 0x04, 0x0001 }, /* 10.5.2.2 page requests */
	{ 0x001b, 0x06, 0x0007 }, /* 7.8.8.3 PASID */
};

#define EXTENDED_COUNT ((PCI_CONFIG_SIZE - PCI_CONVENTIONAL_SIZE) / 8)

/* 7.6.3. A conventional function answers with ones or zeros. */
static void switch_off(u64 config)
{
	u32 at = PCI_CONVENTIONAL_SIZE;

	for (u32 n = 0; n < EXTENDED_COUNT && at >= PCI_CONVENTIONAL_SIZE; n++) {
		LOOP_BOUND(EXTENDED_COUNT);
		u32 header = arch_device_read(config + at, 4);

		if (!header || header == ~0u)
			return;
		for (u32 i = 0; i < ARRAY_COUNT(switched_off); i++) {
			LOOP_BOUND(ARRAY_COUNT(switched_off));
			u64 reg = config + at + switched_off[i].reg;

			if ((header & 0xffff) == switched_off[i].id && at + switched_off[i].reg < PCI_CONFIG_SIZE)
				arch_device_write(reg, 2, arch_device_read(reg, 2) & ~(u32)switched_off[i].on);
		}
		at = header >> 20 & ~3u;
	}
}

/*
 * A bridge forwards nothing then, in either direction: what is behind it is
 * nobody's. A host bridge is left alone: it is the way to all others.
 */
static void silence(u64 config)
{
	if (arch_device_read(config + PCI_VENDOR, 4) == ~0u || arch_device_read(config + PCI_CLASS, 2) == PCI_CLASS_HOST_BRIDGE)
		return;
	arch_device_write(config + PCI_COMMAND, 2, COMMAND_INTX_OFF);
	switch_off(config);
}

/* Every function there can be, whatever function 0 says of being one of several. */
static void silence_bus(const struct pci_bus *bus)
{
	for (u32 function = 0; function < 256; function++)
		silence(bus->config + function * PCI_CONFIG_SIZE);
}

void pci_quiet(u16 function)
{
	pci_write(function, PCI_COMMAND, 2, COMMAND_INTX_OFF);
	(void)pci_read(function, PCI_COMMAND, 2); /* answered behind everything that it has sent (2.4.1) */
}

void pci_stop(u16 cell)
{
	for (u16 i = 0; i < FUNCTION_COUNT; i++) {
		LOOP_BOUND(FUNCTION_COUNT);
		if (is_of(i, cell))
			pci_quiet(i);
	}
}

/* ---- reset ---- */

/* What it has asked for and not got yet: an answer would come to whoever asks next with the same tag. */
static bool is_pending(u16 function)
{
	const struct pci_state *state = &pci_states[function];

	if (state->pcie)
		return pci_read(function, state->pcie + PCIE_STATUS, 2) & STATUS_PENDING;
	return state->af && pci_read(function, state->af + AF_STATUS, 1) & 1;
}

static void write_bars(u16 function)
{
	const struct pci_function *f = &machine_functions[function];

	for (u32 i = f->first_bar; i < (u32)f->first_bar + f->bar_count; i++) {
		LOOP_BOUND(PCI_BAR_COUNT);
		const struct pci_bar *bar = &machine_bars[i];

		pci_write(function, PCI_BAR(bar->index), 4, (u32)bar->base);
		if (bar->wide)
			pci_write(function, PCI_BAR(bar->index + 1u), 4, (u32)(bar->base >> 32));
	}
}

/* A register of its own that resets it: it decodes for this moment, and masters nothing. */
static void write_reset_register(u16 function)
{
	const struct pci_function *f = &machine_functions[function];

	write_bars(function);
	pci_write(function, PCI_COMMAND, 2, COMMAND_INTX_OFF | COMMAND_MEMORY);
	for (u32 i = f->first_bar; i < (u32)f->first_bar + f->bar_count; i++) {
		LOOP_BOUND(PCI_BAR_COUNT);
		if (machine_bars[i].index == f->reset_bar)
			arch_device_write(machine_bars[i].base + f->reset_offset, 4, f->reset_value);
	}
}

/* Returns whether there is something to wait for. The function is not touched after it (6.6.2). */
static bool begin(u16 function)
{
	const struct pci_function *f = &machine_functions[function];
	const struct pci_state *state = &pci_states[function];
	u32 reg = state->pcie + PCIE_CONTROL;

	if (f->no_reset)
		return false;
	if (f->reset_bar != PCI_NO_BAR)
		write_reset_register(function);
	else if (state->pcie && pci_read(function, state->pcie + PCIE_DEVICE, 4) & DEVICE_FLR)
		pci_write(function, reg, 2, pci_read(function, reg, 2) | CONTROL_FLR);
	else
		pci_write(function, state->af + AF_CONTROL, 1, 1);
	return true;
}

bool pci_answers(u16 function)
{
	const struct pci_function *f = &machine_functions[function];

	return pci_read(function, PCI_VENDOR, 4) == ((u32)f->device << 16 | f->vendor);
}

/* As a guest finds it: everything that firmware and the last guest can have left is written, before it decodes again. */
static void restore(u16 function)
{
	const struct pci_function *f = &machine_functions[function];
	const struct pci_state *state = &pci_states[function];

	pci_quiet(function);
	if (state->pm)
		pci_write(function, state->pm + PM_CONTROL, 2, 0); /* D0, no PME */
	switch_off(f->config);
	if (state->msi)
		pci_write(function, state->msi + MSI_CONTROL, 2, 0);
	if (state->msix)
		pci_write(function, state->msix + MSIX_CONTROL, 2, 0);
	if (state->pcie) /* all else in it is off: messages about errors, phantom functions, power */
		pci_write(function, state->pcie + PCIE_CONTROL, 2, state->max_payload |
			  (pci_read(function, state->pcie + PCIE_CONTROL, 2) & (CONTROL_GUEST | CONTROL_EXTENDED_TAG)));
	pci_write(function, PCI_INTERRUPT_LINE, 1, 0);
	write_bars(function);
	pci_forget(function);
	pci_apply_command(function);
}

static void quiet_all(struct reset *reset, u16 cell)
{
	pci_stop(cell);
	enter(reset, PHASE_QUIET);
}

/* All at once: one wait for however many. */
static void begin_all(struct reset *reset, u16 cell)
{
	bool waits = false;

	for (u16 i = 0; i < FUNCTION_COUNT; i++) {
		LOOP_BOUND(FUNCTION_COUNT);
		if (is_of(i, cell) && is_pending(i) && !is_over(reset, PENDING_MILLISECONDS))
			return;
	}
	for (u16 i = 0; i < FUNCTION_COUNT; i++) {
		LOOP_BOUND(FUNCTION_COUNT);
		if (is_of(i, cell) && begin(i))
			waits = true;
	}
	enter(reset, waits ? PHASE_RUNS : PHASE_ANSWERS);
}

/* The function that does not answer, or FUNCTION_COUNT. */
static u16 silent_one(u16 cell)
{
	u16 i = 0;

	while (i < FUNCTION_COUNT && (!is_of(i, cell) || pci_answers(i))) {
		LOOP_BOUND(FUNCTION_COUNT);
		i++;
	}
	return i;
}

static void restore_all(struct reset *reset, u16 cell)
{
	for (u16 i = 0; i < FUNCTION_COUNT; i++) {
		LOOP_BOUND(FUNCTION_COUNT);
		if (is_of(i, cell))
			restore(i);
	}
	reset->late = false;
	reset->phase = PHASE_NONE;
}

/* One bounded step; true: that was the last. */
static bool step(struct reset *reset, u16 cell)
{
	switch (reset->phase) {
	case PHASE_NONE:
		quiet_all(reset, cell);
		return false;
	case PHASE_QUIET:
		begin_all(reset, cell);
		return false;
	case PHASE_RUNS:
		if (is_over(reset, RESET_MILLISECONDS))
			enter(reset, PHASE_ANSWERS);
		return false;
	default:
		if (silent_one(cell) < FUNCTION_COUNT)
			return false;
		restore_all(reset, cell);
		return true;
	}
}

static bool has_functions(u16 cell)
{
	for (u16 i = 0; i < FUNCTION_COUNT; i++) {
		LOOP_BOUND(FUNCTION_COUNT);
		if (is_of(i, cell))
			return true;
	}
	return false;
}

static bool is_late(const struct reset *reset)
{
	return reset->phase == PHASE_ANSWERS && is_over(reset, ANSWER_MILLISECONDS);
}

bool pci_restored(struct cpu *cpu)
{
	struct reset *reset = &resets[cpu->cell_index];
	u16 silent;

	if (!has_functions(cpu->cell_index) || step(reset, cpu->cell_index))
		return true;
	silent = is_late(reset) && !reset->late ? silent_one(cpu->cell_index) : FUNCTION_COUNT;
	if (silent < FUNCTION_COUNT) {
		log_put(MESSAGE_FUNCTION_SILENT, cpu->cell_index, machine_functions[silent].name);
		reset->late = true;
	}
	return false;
}

/* ---- boot ---- */

static void verify_bars(u16 function)
{
	const struct pci_function *f = &machine_functions[function];

	for (u32 i = f->first_bar; i < (u32)f->first_bar + f->bar_count; i++) {
		LOOP_BOUND(PCI_BAR_COUNT);
		u32 found = pci_read(function, PCI_BAR(machine_bars[i].index), 4) & ~BAR_FLAGS;

		if (found != (u32)machine_bars[i].base)
			pci_panic(function, "BAR does not keep its address", machine_bars[i].base, found);
	}
}

void pci_init(void)
{
	for (u16 i = 0; i < BUS_COUNT; i++) {
		LOOP_BOUND(BUS_COUNT);
		silence_bus(&machine_buses[i]); /* before anything is compared, which may take a while */
	}
	for (u16 i = 0; i < FUNCTION_COUNT; i++) {
		LOOP_BOUND(FUNCTION_COUNT);
		pci_verify(i); /* before the reset: it may be a function of another kind */
	}
	if (!has_functions(EVERY_CELL))
		return;
	while (!step(&boot, EVERY_CELL)) {
		LOOP_TIME(PENDING_MILLISECONDS + RESET_MILLISECONDS + ANSWER_MILLISECONDS);
		u16 silent = is_late(&boot) ? silent_one(EVERY_CELL) : FUNCTION_COUNT;

		if (silent < FUNCTION_COUNT)
			pci_panic_identity(silent, "device and vendor after its reset");
		arch_cpu_relax();
	}
	for (u16 i = 0; i < FUNCTION_COUNT; i++) {
		LOOP_BOUND(FUNCTION_COUNT);
		verify_bars(i);
	}
}
