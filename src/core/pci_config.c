/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The configuration space that a cell sees: its own functions at their
 * addresses, a host bridge, and nothing else. What a guest may read and write
 * of a function is in one table; what is not there reads as zero and is not
 * written. docs/pci.md says why each of them is there, and why others are not.
 *
 * No lock: two vCPUs that write one register at once get one of both values, as
 * they would from hardware if they read it first.
 */
#include "core/bound.h"
#include "core/pci.h"
#include "core/pci_function.h"

#define SPACE_SIZE MIB(1)
#define NO_FUNCTION FUNCTION_COUNT

struct rule {
	u8 capability;   /* its id, 0: the header */
	u8 first, last;  /* bytes from its start, of the first and the last register of 32 bits */
	u32 read, write; /* bits that a guest reads and writes */
	u32 clear;       /* bits that it clears by writing ones */
};

static const struct rule rules[] = {
	{ 0, 0x00, 0x00, ~0u, 0, 0 },                                 /* vendor, device */
	{ 0, 0x04, 0x04, 0xffff0000, 0, 0xf9000000 },                 /* Status; Command: write_command */
	{ 0, 0x08, 0x08, ~0u, 0, 0 },                                 /* revision, class */
	{ 0, 0x0c, 0x0c, 0x007fffff, 0x000000ff, 0 },                 /* cache line size; latency timer, header type; no self test */
	{ 0, 0x2c, 0x2c, ~0u, 0, 0 },                                 /* subsystem */
	{ 0, PCI_INTERRUPT_LINE, PCI_INTERRUPT_LINE, 0x0000ffff, 0x000000ff, 0 }, /* a word for software; pin */
	{ CAPABILITY_PCIE, 0x00, 0x00, ~0u, 0, 0 },
	{ CAPABILITY_PCIE, PCIE_DEVICE, PCIE_DEVICE, ~DEVICE_HIDDEN, 0, 0 },
	{ CAPABILITY_PCIE, PCIE_CONTROL, PCIE_CONTROL, ~CONTROL_FLR, CONTROL_GUEST, STATUS_ERRORS << 16 },
	{ CAPABILITY_PCIE, 0x0c, 0x10, ~0u, 0, 0 },                   /* the link */
	{ CAPABILITY_PCIE, 0x24, 0x28, 0x0000001f, 0, 0 },            /* completion timeout */
	{ CAPABILITY_PCIE, 0x2c, 0x30, ~0u, 0, 0 },                   /* the link */
	{ CAPABILITY_MSI, 0x00, 0x00, ~0u, 0x00710000, 0 },           /* enable, how many of them */
	{ CAPABILITY_MSI, 0x04, 0x14, ~0u, ~0u, 0 },                  /* address, data, masks: a write by the function, through the IOMMU */
	{ CAPABILITY_MSIX, 0x00, 0x00, ~0u, 0xc0000000, 0 },          /* enable, mask */
	{ CAPABILITY_MSIX, 0x04, 0x08, ~0u, 0, 0 },
	{ CAPABILITY_VENDOR, 0x00, 0xfc, ~0u, 0, 0 },
};

static const struct rule nothing;

/* In place of the board's: a PCI Express host bridge of QEMU's, which drivers bind to nothing. */
static const u32 host_bridge[] = { 0x00081b36, 0, (u32)PCI_CLASS_HOST_BRIDGE << 16 };

/* ---- what there is ---- */

static const struct pci_space *find_space(const struct cpu *cpu, u64 ipa)
{
	for (u16 i = 0; i < SPACE_COUNT; i++) {
		LOOP_BOUND(SPACE_COUNT);
		if (machine_spaces[i].cell == cpu->cell_index && ipa - machine_spaces[i].base < SPACE_SIZE)
			return &machine_spaces[i];
	}
	return NULL;
}

static u16 find_function(const struct pci_space *space, u32 address)
{
	for (u16 i = space->first_function; i < space->first_function + space->function_count; i++) {
		LOOP_BOUND(FUNCTION_COUNT);
		if (machine_functions[i].address == address)
			return i;
	}
	return NO_FUNCTION;
}

static bool is_shown(u16 function, const struct pci_capability *c)
{
	switch (c->id) {
	case CAPABILITY_PCIE: case CAPABILITY_VENDOR: return true;
	case CAPABILITY_MSI: case CAPABILITY_MSIX: return machine_functions[function].vectors;
	default: return false; /* no power management: the core keeps it in D0; no reset */
	}
}

/* The first one that is shown, from this one on: its offset, 0 if there is none. */
static u32 next_shown(u16 function, u32 from)
{
	const struct pci_state *state = &pci_states[function];

	for (u32 i = from; i < state->count; i++) {
		LOOP_BOUND(CAPABILITY_COUNT);
		if (is_shown(function, &state->list[i]))
			return state->list[i].offset;
	}
	return 0;
}

/* Of this register: its place in the list, or count. */
static u32 find_capability(u16 function, u32 reg)
{
	const struct pci_state *state = &pci_states[function];
	u32 i = 0;

	for (; i < state->count; i++) {
		LOOP_TOTAL(CAPABILITY_COUNT);
		if (reg - state->list[i].offset >= state->list[i].size)
			continue;
		LOOP_BOUND(CAPABILITY_COUNT);
		if (is_shown(function, &state->list[i]))
			break;
	}
	return i;
}

static const struct rule *find_rule(u16 function, u32 reg)
{
	const struct pci_state *state = &pci_states[function];
	u32 i = find_capability(function, reg), id = 0, offset = reg & ~3u;

	if (i < state->count) {
		id = state->list[i].id;
		offset -= state->list[i].offset;
	} else if (reg >= PCI_HEADER_SIZE) {
		return &nothing;
	}
	for (u32 k = 0; k < ARRAY_COUNT(rules); k++) {
		LOOP_BOUND(ARRAY_COUNT(rules));
		if (rules[k].capability == id && rules[k].first <= offset && offset <= rules[k].last)
			return &rules[k];
	}
	return &nothing;
}

/* ---- what does not come from the function ---- */

/* Fixed where cellgen has put it; asked for its size (all ones written) it answers as any. */
static u32 read_bar(u16 function, u32 n)
{
	const struct pci_function *f = &machine_functions[function];
	bool sizing = atomic_load32(&pci_states[function].sizing) >> n & 1;

	for (u32 i = f->first_bar; i < (u32)f->first_bar + f->bar_count; i++) {
		LOOP_BOUND(PCI_BAR_COUNT);
		const struct pci_bar *bar = &machine_bars[i];
		u64 value = sizing ? -bar->size : bar->base;

		if (bar->index == n)
			return (u32)value | (bar->wide ? BAR_WIDE : 0) | (bar->prefetchable ? BAR_PREFETCHABLE : 0);
		if (bar->wide && bar->index + 1u == n)
			return (u32)(value >> 32);
	}
	return 0;
}

static void write_bar(u16 function, u32 n, u32 value)
{
	u32 *sizing = &pci_states[function].sizing;
	u32 others = atomic_load32(sizing) & ~(u32)BIT(n);

	atomic_store32(sizing, others | ((value | BAR_FLAGS) == ~0u ? (u32)BIT(n) : 0));
}

static bool is_one_of_several(const struct pci_space *space, u16 function)
{
	u32 count = 0;

	for (u16 i = space->first_function; i < space->first_function + space->function_count; i++) {
		LOOP_BOUND(FUNCTION_COUNT);
		count += machine_functions[i].address >> 3 == machine_functions[function].address >> 3;
	}
	return count > 1;
}

static u32 command_seen(u16 function)
{
	return atomic_load32(&pci_states[function].command) | (machine_functions[function].intx ? 0 : COMMAND_INTX_OFF);
}

static u32 mend_header(const struct pci_space *space, u16 function, u32 reg, u32 value)
{
	u32 first = next_shown(function, 0);

	switch (reg) {
	case PCI_COMMAND:
		return (value & ~(STATUS_LIST << 16)) | (first ? STATUS_LIST << 16 : 0) | command_seen(function);
	case PCI_HEADER_TYPE & ~3:
		return value | (is_one_of_several(space, function) ? HEADER_MULTI << 16 : 0);
	case PCI_CAPABILITIES:
		return first;
	case PCI_INTERRUPT_LINE:
		return machine_functions[function].intx ? value : value & 0xff;
	default:
		return reg - PCI_BAR(0) < 4 * PCI_BAR_COUNT ? read_bar(function, (reg - PCI_BAR(0)) / 4) : value;
	}
}

/* First register of a capability: where the next one is; of interrupts never more than were declared. */
static u32 mend_capability(u16 function, u32 place, u32 value)
{
	u32 vectors = machine_functions[function].vectors, control = value >> 16, log = 0;

	value = (value & ~0xff00u) | next_shown(function, place + 1) << 8;
	switch (pci_states[function].list[place].id) {
	case CAPABILITY_MSI:
		while (log < MSI_CAPABLE(control) && 2u << log <= vectors) {
			LOOP_BOUND(7);
			log++;
		}
		return (value & ~(MSI_CAPABLE(~0u) << 17)) | log << 17;
	case CAPABILITY_MSIX:
		if ((control & MSIX_SIZE) >= vectors)
			control = (control & ~MSIX_SIZE) | (vectors - 1);
		return (value & 0xffff) | control << 16;
	default:
		return value;
	}
}

/* ---- registers ---- */

static u32 read_word(const struct pci_space *space, u16 function, u32 reg)
{
	const struct pci_state *state = &pci_states[function];
	const struct rule *rule = find_rule(function, reg);
	u32 value = rule->read ? pci_read(function, reg, 4) & rule->read : 0, place = find_capability(function, reg);

	if (reg < PCI_HEADER_SIZE)
		return mend_header(space, function, reg, value);
	return place < state->count && state->list[place].offset == reg ? mend_capability(function, place, value) : value;
}

static u32 size_mask(u32 size)
{
	return size < 4 ? (1u << size * 8) - 1 : ~0u;
}

/* With the width that the guest has chosen, and only if there is something that it may write. */
static void write_register(u16 function, u32 reg, u32 size, u32 value)
{
	const struct rule *rule = find_rule(function, reg);
	u32 shift = (reg & 3) * 8;
	u32 own = (rule->write | rule->clear) >> shift & size_mask(size), clear = rule->clear >> shift & size_mask(size);

	if (own)
		pci_write(function, reg, size, (own == clear ? 0 : pci_read(function, reg, size) & ~own) | (value & own));
}

/*
 * The core's rules: it decodes as long as the cell runs, whatever the guest
 * wishes, as an access to a function that does not decode may be an SError for
 * whoever comes next; and INTx is off unless the line is the cell's.
 */
void pci_apply_command(u16 function)
{
	pci_write(function, PCI_COMMAND, 2, (command_seen(function) & (COMMAND_MASTER | COMMAND_INTX_OFF)) | COMMAND_MEMORY);
}

void pci_forget(u16 function)
{
	atomic_store32(&pci_states[function].command, COMMAND_INTX_OFF);
	atomic_store32(&pci_states[function].sizing, 0);
}

static void write_command(u16 function, u32 reg, u32 size, u32 value)
{
	u32 *command = &pci_states[function].command, shift = (reg & 3) * 8;
	u32 own = size_mask(size) << shift & COMMAND_GUEST;

	atomic_store32(command, (atomic_load32(command) & ~own) | (value << shift & own));
	pci_apply_command(function);
}

static void config_write(u16 function, u32 reg, u32 size, u32 value)
{
	if (reg - PCI_BAR(0) < 4 * PCI_BAR_COUNT) {
		if (size == 4)
			write_bar(function, (reg - PCI_BAR(0)) / 4, value);
		return;
	}
	if (reg - PCI_COMMAND >= 4) {
		write_register(function, reg, size, value);
		return;
	}
	if (reg < PCI_STATUS) /* apart from Status, where a one that was read and is written clears something */
		write_command(function, reg, size < 2 ? 1 : 2, value);
	if (size == 4)
		write_register(function, PCI_STATUS, 2, value >> 16);
	else if (reg >= PCI_STATUS)
		write_register(function, reg, size, value);
}

/*
 * Another vCPU may have stopped the cell, and silenced the function, since this
 * one trapped. It changed the state before it wrote, and this one looks after
 * it has written: of two that cross, this one sees it and takes back. Until
 * then the streams are what holds.
 */
static void guest_write(const struct cpu *cpu, u16 function, u32 reg, u32 size, u32 value)
{
	config_write(function, reg, size, value);
	if (cell_is_ending(cpu->cell_index))
		pci_quiet(function);
}

bool pci_access(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value)
{
	const struct pci_space *space = find_space(cpu, ipa);

	if (!space || ipa & (size - 1))
		return false;
	u32 offset = (u32)(ipa - space->base), number = offset / PCI_CONFIG_SIZE, reg = offset % PCI_CONFIG_SIZE;
	u16 function = size > 4 ? NO_FUNCTION : find_function(space, (u32)space->bus << 8 | number);
	u32 word = ~0u;

	if (write) {
		if (function != NO_FUNCTION)
			guest_write(cpu, function, reg, size, (u32)*value);
		return true;
	}
	if (function != NO_FUNCTION)
		word = read_word(space, function, reg & ~3u);
	else if (!number && size <= 4)
		word = reg / 4 < ARRAY_COUNT(host_bridge) ? host_bridge[reg / 4] : 0;
	*value = size > 4 ? ~0ULL : word >> (reg & 3) * 8 & size_mask(size);
	return true;
}

bool pci_covers(const struct cpu *cpu, u64 ipa)
{
	return find_space(cpu, ipa) != NULL;
}
