/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the aarch64 tables hold and what the isolation registers say.
 *
 *   per cell   run root      memory, its devices; with direct interrupts the SGI frames of its redistributors
 *              load root     memory (not executable), copier, load list, its pristine images
 *              load list     what the copier copies where (struct load_list)
 *   per CPU    EL2 root      identity: the core, this CPU's stack and struct cpu, the registers it drives
 */
#include <string.h>

#include "arch_machine.h"
#include "pte.h"
#include "parts.h"

#define REDIST_SGI GIC_FRAME /* offset of the SGI frame in a redistributor */
#define ROUNDS_MAX 8

static void map(struct tables *t, u64 root, u64 from, u64 to, u64 size, u64 attributes)
{
	tables_map(t, root, &(struct mapping){ .from = from, .to = to, .size = size, .attributes = attributes });
}

static void map_memory(struct tables *t, u64 root, const struct cell *cell, u64 attributes)
{
	for (u32 i = 0; i < cell->ram_count; i++) {
		map(t, root, cell->ram[i].guest, cell->ram[i].phys, cell->ram[i].size, attributes);
	}
}

static void map_device(struct tables *t, u64 root, const struct device *device)
{
	for (u32 i = 0; i < device->reg_count; i++) {
		u64 base = align_down(device->regs[i].base, PAGE_SIZE);

		map(t, root, base, base, align_up(device->regs[i].base + device->regs[i].size, PAGE_SIZE) - base, S2_DEVICE);
	}
}

static void make_run(const struct decision *d, struct cell *cell, struct tables *t)
{
	cell->root_const = tables_page(t);
	map_memory(t, cell->root_const, cell, S2_RAM);
	/* A mediated cell sees no frame of the real one */
	for (u32 n = 0; n < cell->cpu_count && !cell->mediated; n++) {
		map(t, cell->root_const, cell->gicr + n * GICR_SIZE + REDIST_SGI, d->cpus[cell->cpus[n].cpu].gicr + REDIST_SGI,
		    GIC_FRAME, S2_DEVICE);
	}
	for (u32 i = 0; i < cell->access_count; i++) {
		map_device(t, cell->root_const, &d->devices[cell->access[i].device]);
	}
	for (u32 i = 0; i < PTE_ENTRIES; i++) {
		if (tables_read(t, cell->root_const, i)) {
			cell->root_used = i + 1;
		}
	}
}

static void make_list(struct cell *cell, struct tables *t)
{
	u32 words = sizeof(struct load_piece) / 8, count = 0;

	cell->load_list = tables_page(t);
	for (u32 i = 0; i < IMAGE_KIND_COUNT; i++) {
		const struct image *image = &cell->images[i];
		u32 at = (u32)sizeof(struct load_list) / 8 + count * words;

		if (image->present) {
			tables_write(t, cell->load_list, at + (u32)offsetof(struct load_piece, source) / 8, image->load_source);
			tables_write(t, cell->load_list, at + (u32)offsetof(struct load_piece, target) / 8, image->guest);
			tables_write(t, cell->load_list, at + (u32)offsetof(struct load_piece, size) / 8,
				     align_up(image->data_size, 16));
			count++;
		}
	}
	tables_write(t, cell->load_list, offsetof(struct load_list, count) / 8, count);
}

static void make_load(const struct decision *d, struct cell *cell, struct tables *t)
{
	cell->load_root = tables_page(t);
	map_memory(t, cell->load_root, cell, S2_RAM_LOADING);
	map(t, cell->load_root, LOAD_WINDOW, d->hyp.slots[SLOT_COPIER].base, PAGE_SIZE, S2_COPIER);
	map(t, cell->load_root, LOAD_WINDOW + LOAD_LIST_OFFSET, cell->load_list, PAGE_SIZE, S2_IMAGE);
	for (u32 i = 0; i < IMAGE_KIND_COUNT; i++) {
		const struct image *image = &cell->images[i];

		if (image->present) {
			map(t, cell->load_root, image->load_source, image->phys, image->phys_size, S2_IMAGE);
		}
	}
}

static void map_slot(const struct decision *d, const struct cpu *cpu, enum slot slot, struct tables *t, u64 attributes)
{
	const struct range *range = &d->hyp.slots[slot];

	map(t, cpu->root, range->base, range->base, range->size, attributes);
}

static bool serves(const struct decision *d, const struct cpu *cpu)
{
	return d->service_cpu != CPU_NONE && cpu == &d->cpus[d->service_cpu];
}

/* The service CPU reads what the others count; nobody writes it but its owner. */
static void map_percpu(const struct decision *d, const struct cpu *cpu, struct tables *t)
{
	for (u32 i = 0; i < d->cpu_count; i++) {
		const struct cpu *other = &d->cpus[i];

		if (other == cpu) {
			map(t, cpu->root, cpu->guard + PAGE_SIZE, cpu->guard + PAGE_SIZE, 3 * PAGE_SIZE, EL2_DATA);
		} else if (serves(d, cpu)) {
			map(t, cpu->root, other->page, other->page, PAGE_SIZE, EL2_RODATA);
		}
	}
}

static void map_registers(const struct decision *d, const struct cpu *cpu, struct tables *t)
{
	bool boot = cpu == &d->cpus[0], used = cpu->role != ROLE_UNUSED;
	u64 console = d->devices[d->hyp.console_device].regs[0].base;

	if (boot || used) {
		map(t, cpu->root, d->gic.gicd, d->gic.gicd, GIC_FRAME, EL2_MMIO);
		map(t, cpu->root, cpu->gicr, cpu->gicr, GICR_SIZE, EL2_MMIO);
	}
	if (boot || serves(d, cpu) || (used && d->service_cpu == CPU_NONE)) {
		map(t, cpu->root, align_down(console, PAGE_SIZE), align_down(console, PAGE_SIZE), PAGE_SIZE, EL2_MMIO);
	}
}

static void make_cpu(const struct decision *d, struct cpu *cpu, struct tables *t)
{
	cpu->root = tables_page(t);
	map_slot(d, cpu, SLOT_TEXT, t, EL2_TEXT);
	map_slot(d, cpu, SLOT_COPIER, t, EL2_RODATA);
	map_slot(d, cpu, SLOT_RODATA, t, EL2_RODATA);
	map_slot(d, cpu, SLOT_TABLES, t, EL2_RODATA);
	map_slot(d, cpu, SLOT_ROOTS, t, EL2_DATA);
	map_slot(d, cpu, SLOT_DATA, t, EL2_DATA);
	map_percpu(d, cpu, t);
	map_registers(d, cpu, t);
}

static void make_all(struct decision *d, struct tables *t)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		make_run(d, &d->cells[i], t);
		make_list(&d->cells[i], t);
		make_load(d, &d->cells[i], t);
		d->cells[i].root = d->hyp.slots[SLOT_ROOTS].base + i * PAGE_SIZE;
	}
	for (u32 i = 0; i < d->cpu_count; i++) {
		make_cpu(d, &d->cpus[i], t);
	}
}

/*
 * The tables map themselves and what lies behind them, so their size may change their number: repeat until the slot is as
 * large as its contents. It grows only, and a round adds at most a few pages, so this ends at once.
 */
void arch_tables(struct decision *d, struct tables *t, u8 **roots)
{
	u64 size = 0;

	for (u32 round = 0; round < ROUNDS_MAX; round++) {
		place_slots(d, size);
		*t = (struct tables){ .base = d->hyp.slots[SLOT_TABLES].base };
		make_all(d, t);
		if (t->count * PAGE_SIZE <= size) {
			break;
		}
		size = t->count * PAGE_SIZE;
	}
	if (t->count * PAGE_SIZE > size) {
		fatal("bug: the size of the tables does not settle");
	}
	while (t->count * PAGE_SIZE < size) {
		tables_page(t);
	}
	*roots = mem_alloc((u64)d->cell_count * PAGE_SIZE);
	for (u32 i = 0; i < d->cell_count; i++) {
		memcpy(*roots + i * PAGE_SIZE, t->pages + (d->cells[i].root_const - t->base), PAGE_SIZE);
	}
}

static u64 ps_field(u32 bits)
{
	return bits <= 32 ? 0 : bits <= 36 ? 1 : bits <= 40 ? 2 : bits <= 42 ? 3 : bits <= 44 ? 4 : 5;
}

static void cell_registers(const struct decision *d, const struct cpu *cpu, struct arch_regs *r)
{
	const struct cell *cell = &d->cells[cpu->cell];

	r->vttbr_run = VTTBR(cell->root, CELL_VMID(cell->index));
	r->vttbr_load = VTTBR(cell->load_root, LOAD_VMID);
	r->hcr_run = cell->mediated ? HCR_MEDIATED : HCR_DIRECT | (cell->wfi ? 0 : HCR_TWI);
	r->hcr_load = (cell->mediated ? HCR_MEDIATED : HCR_DIRECT) | HCR_DC;
	r->mdcr_el2 |= cell->debug ? MDCR_TDE : 0;
	r->ich_hcr_el2 = cell->mediated ? ICH_HCR_MEDIATED : ICH_HCR_DIRECT;
	r->vmpidr_el2 = VMPIDR_VALUE(cpu->vcpu);
}

void arch_registers(const struct decision *d, u32 index, struct arch_regs *r)
{
	const struct cpu *cpu = &d->cpus[index];

	*r = (struct arch_regs){
		.hw_id = cpu->hw_id,
		.stack = cpu->page,
		.sctlr_el2 = SCTLR_EL2_VALUE,
		.tcr_el2 = TCR_EL2_VALUE(ps_field(d->pa_bits)),
		.mair_el2 = MAIR_EL2_VALUE,
		.ttbr0_el2 = cpu->root,
		.vtcr_el2 = VTCR_EL2_VALUE(ps_field(d->pa_bits)),
		.hcr_run = HCR_CORE,
		.hcr_load = HCR_CORE,
		.mdcr_el2 = MDCR_EL2_VALUE,
		.cptr_el2 = CPTR_EL2_VALUE,
		.cnthctl_el2 = CNTHCTL_EL2_VALUE,
	};
	if (cpu->role == ROLE_VCPU) {
		cell_registers(d, cpu, r);
	}
}
