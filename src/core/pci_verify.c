/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Is a function what the partition says it is? Once, at boot, as everything
 * later rests on it: a BAR that is larger than declared would decode beyond the
 * pages that its cell has, and another pin would be another cell's line.
 */
#include "core/bound.h"
#include "core/fmt.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/pci_function.h"

#define D0_MILLISECONDS 10u /* 5.9: from D3hot */

struct pci_state pci_states[FUNCTION_COUNT ? FUNCTION_COUNT : 1];

void pci_panic(u16 function, const char *what, u64 declared, u64 found)
{
	const struct pci_function *f = &machine_functions[function];
	char text[112];

	fmt_print(text, sizeof text, "PCI function %s at %02x:%02x.%u: %s", f->name, f->address >> 8, f->address >> 3 & 0x1f,
		  f->address & 7, what);
	panic(text, declared, found);
}

/* The same in the partition's words, in the line before. */
static void tell(u16 function, const char *text)
{
	log_put(MESSAGE_FUNCTION_DIFFERS, machine_functions[function].cell, machine_functions[function].name, text);
}

/* ---- capabilities ---- */

/* The least there must be of it up to the next capability; 0: any. */
static u32 needed_size(const struct pci_capability *c)
{
	switch (c->id) {
	case CAPABILITY_PCIE: return 0x0c;
	case CAPABILITY_PM: case CAPABILITY_AF: return 0x08;
	case CAPABILITY_MSI: case CAPABILITY_MSIX: return c->size;
	default: return 0;
	}
}

static u32 full_size(u16 function, u32 id, u32 offset)
{
	u32 control;

	switch (id) {
	case CAPABILITY_PM: case CAPABILITY_AF:
		return 0x08;
	case CAPABILITY_MSIX:
		return 0x0c;
	case CAPABILITY_MSI:
		control = pci_read(function, offset + MSI_CONTROL, 2);
		return 0x0c + (control & MSI_WIDE ? 4 : 0) + (control & MSI_MASKS ? 8 : 0);
	case CAPABILITY_VENDOR:
		control = (pci_read(function, offset + 2, 1) + 3) & ~3u; /* 7.9.4: its length */
		return control < PCI_CONVENTIONAL_SIZE - PCI_HEADER_SIZE ? control : PCI_CONVENTIONAL_SIZE - PCI_HEADER_SIZE;
	case CAPABILITY_PCIE: /* 7.5.3: all registers since version 2; before only those of the function's kind */
		return (pci_read(function, offset + PCIE_TYPE, 2) & PCIE_VERSION) == 1 ? 0x14 : 0x3c;
	default:
		return 4;
	}
}

/* The whole list, in its order, each one as large as its kind is. */
static u32 walk(u16 function, struct pci_capability list[CAPABILITY_COUNT])
{
	u32 count = 0, at = 0;

	if (pci_read(function, PCI_STATUS, 2) & STATUS_LIST)
		at = pci_read(function, PCI_CAPABILITIES, 1) & ~3u;
	for (; at; count++) {
		LOOP_BOUND(CAPABILITY_COUNT + 1);
		u32 word = pci_read(function, at, 2), size;

		if (at < PCI_HEADER_SIZE)
			pci_panic(function, "capability within the header", PCI_HEADER_SIZE, at);
		if (count == CAPABILITY_COUNT)
			pci_panic(function, "list of capabilities without end", CAPABILITY_COUNT, count + 1);
		size = full_size(function, word & 0xff, at);
		list[count] = (struct pci_capability){ (u8)word, (u8)at, (u8)size };
		at = word >> 8 & ~3u;
	}
	return count;
}

/*
 * No two rules for one register: each ends where the next begins. What is cut
 * off is a vendor's own, or registers that functions of this kind do not have.
 */
static void separate(u16 function, struct pci_capability *list, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(CAPABILITY_COUNT);
		struct pci_capability *c = &list[i];
		u32 end = PCI_CONVENTIONAL_SIZE, needed = needed_size(c);

		for (u32 k = 0; k < count; k++) {
			LOOP_BOUND(CAPABILITY_COUNT);
			if (list[k].offset > c->offset && list[k].offset < end)
				end = list[k].offset;
		}
		if (c->offset + needed > end)
			pci_panic(function, "capabilities that overlap: end of one, start of the next", c->offset + needed, end);
		if (c->offset + c->size > end)
			c->size = (u8)(end - c->offset);
	}
}

static void remember(struct pci_state *state, const struct pci_capability *c)
{
	u8 *place = c->id == CAPABILITY_PCIE ? &state->pcie : c->id == CAPABILITY_MSI ? &state->msi :
		    c->id == CAPABILITY_MSIX ? &state->msix : c->id == CAPABILITY_AF ? &state->af :
		    c->id == CAPABILITY_PM ? &state->pm : NULL;

	if (place && *place)
		return; /* there can be one of each: a second is not shown */
	if (place)
		*place = c->offset;
	if (c->size)
		state->list[state->count++] = *c;
}

static void learn(u16 function)
{
	struct pci_capability list[CAPABILITY_COUNT];
	struct pci_state *state = &pci_states[function];
	u32 count = walk(function, list);

	separate(function, list, count);
	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(CAPABILITY_COUNT);
		remember(state, &list[i]);
	}
	if (state->pcie)
		state->max_payload = pci_read(function, state->pcie + PCIE_CONTROL, 2) & CONTROL_MAX_PAYLOAD;
}

/* ---- what the partition relies on ---- */

void pci_panic_identity(u16 function, const char *what)
{
	const struct pci_function *f = &machine_functions[function];
	u32 found = pci_read(function, PCI_VENDOR, 4);
	char text[64];

	fmt_print(text, sizeof text, found == ~0u ? "nothing is there; declared pci%04x,%04x" : "declared pci%04x,%04x, found pci%04x,%04x",
		  f->vendor, f->device, found & 0xffff, found >> 16);
	tell(function, text);
	pci_panic(function, what, (u32)f->device << 16 | f->vendor, found);
}

/* 7.5.1.1: a function that can be a cell's at all, and the one that was meant. */
static void verify_identity(u16 function)
{
	const struct pci_function *f = &machine_functions[function];
	u32 found;

	if (!pci_answers(function))
		pci_panic_identity(function, "device and vendor");
	found = pci_read(function, PCI_HEADER_TYPE, 1) & HEADER_LAYOUT;
	if (found)
		pci_panic(function, "header type", 0, found);
	found = pci_read(function, PCI_INTERRUPT_PIN, 1);
	if (f->pin && f->pin != found)
		pci_panic(function, "interrupt pin", f->pin, found);
}

/* Everything below is as in D0 only; what comes out of D3hot may have been reset on the way (5.3.1.4.1). */
static void wake(u16 function)
{
	u32 reg = pci_states[function].pm + PM_CONTROL;
	u64 limit = arch_time_now() + arch_time_hz() * D0_MILLISECONDS / 1000;

	if (!pci_states[function].pm || !(pci_read(function, reg, 2) & 3))
		return;
	pci_write(function, reg, 2, 0);
	while (arch_time_now() < limit) {
		LOOP_TIME(D0_MILLISECONDS);
		arch_cpu_relax();
	}
	pci_quiet(function);
}

static void verify_reset(u16 function)
{
	const struct pci_function *f = &machine_functions[function];
	const struct pci_state *state = &pci_states[function];
	u32 af = state->af ? pci_read(function, state->af + AF_CAPABILITIES, 1) & AF_CAN_RESET : 0;

	if (f->no_reset || f->reset_bar != PCI_NO_BAR || af == AF_CAN_RESET)
		return;
	if (!state->pcie || !(pci_read(function, state->pcie + PCIE_DEVICE, 4) & DEVICE_FLR)) {
		tell(function, "it has no function level reset, and neither cloison,reset-write nor cloison,no-reset is written");
		pci_panic(function, "ways to reset it", 1, 0);
	}
}

static void verify_vectors(u16 function)
{
	const struct pci_state *state = &pci_states[function];
	u32 declared = machine_functions[function].vectors, found = 0, more;

	if (state->msi)
		found = 1u << MSI_CAPABLE(pci_read(function, state->msi + MSI_CONTROL, 2));
	more = state->msix ? (pci_read(function, state->msix + MSIX_CONTROL, 2) & MSIX_SIZE) + 1 : 0;
	if (more > found)
		found = more;
	if (found < declared)
		pci_panic(function, "message signalled interrupts", declared, found);
}

static const struct pci_bar *declared_bar(u16 function, u32 index)
{
	const struct pci_function *f = &machine_functions[function];

	for (u32 i = f->first_bar; i < (u32)f->first_bar + f->bar_count; i++) {
		LOOP_BOUND(PCI_BAR_COUNT);
		if (machine_bars[i].index == index)
			return &machine_bars[i];
	}
	return NULL;
}

static const char *kind(u32 flags)
{
	static const char *const kinds[] = { "32-bit memory", "memory below 1 MiB", "64-bit memory", "memory of no known kind" };

	return flags & BAR_IO ? "I/O ports" : kinds[flags >> 1 & 3];
}

static _Noreturn void panic_kind(u16 function, u32 index, u32 declared, u32 found)
{
	char text[112];

	fmt_print(text, sizeof text, "BAR %u: declared %s%s, found %s%s", index, kind(declared),
		  declared & BAR_PREFETCHABLE ? ", prefetchable" : "", kind(found),
		  (found & (BAR_IO | BAR_PREFETCHABLE)) == BAR_PREFETCHABLE ? ", prefetchable" : "");
	tell(function, text);
	fmt_print(text, sizeof text, "flags of BAR %u", index);
	pci_panic(function, text, declared, found);
}

/*
 * 7.5.1.2.1: bits that keep a one are the address, below them is the size. It
 * stays as it is after: its address is written behind the reset. Returns
 * whether it takes the next one too.
 */
static bool verify_bar(u16 function, u32 index)
{
	const struct pci_bar *bar = declared_bar(function, index);
	u32 low, high = ~0u;
	bool wide;
	char what[64];

	pci_write(function, PCI_BAR(index), 4, ~0u);
	low = pci_read(function, PCI_BAR(index), 4);
	pci_write(function, PCI_BAR(index), 4, 0);
	if (!bar && (!low || low & BAR_IO))
		return false; /* nothing, or ports: those are never switched on */
	wide = (low & (BAR_IO | BAR_WIDE)) == BAR_WIDE && index + 1 < PCI_BAR_COUNT;
	if (wide) {
		pci_write(function, PCI_BAR(index + 1), 4, ~0u);
		high = pci_read(function, PCI_BAR(index + 1), 4);
		pci_write(function, PCI_BAR(index + 1), 4, 0);
	}
	u32 flags = bar ? (bar->wide ? BAR_WIDE : 0) | (bar->prefetchable ? BAR_PREFETCHABLE : 0) : low & BAR_FLAGS;
	u64 size = low ? -((u64)high << 32 | (low & ~BAR_FLAGS)) : 0;

	if (flags != (low & BAR_FLAGS) && low)
		panic_kind(function, index, flags, low & BAR_FLAGS);
	fmt_print(what, sizeof what, !low ? "there is no BAR %u: its size" : bar ? "size of BAR %u" : "BAR %u is memory, and not in reg: its size", index);
	if (size != (bar ? bar->size : 0))
		pci_panic(function, what, bar ? bar->size : 0, size);
	return wide;
}

void pci_verify(u16 function)
{
	verify_identity(function);
	learn(function);
	wake(function);
	verify_reset(function);
	verify_vectors(function);
	for (u32 i = 0; i < PCI_BAR_COUNT; i++) {
		LOOP_BOUND(PCI_BAR_COUNT);
		i += verify_bar(function, i);
	}
	pci_write(function, PCI_ROM, 4, 0); /* for good: no reset switches it on, and no guest */
}
