/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the aarch64 tables hold and what the isolation registers say.
 *
 *   per cell   run root      memory, shared regions, its devices; with direct interrupts the SGI frames of its redistributors
 *              load root     the run root's tables wherever there is memory; its copier, load list, pristine images
 *              load list     what the copier copies where (struct load_list)
 *   per CPU    EL2 root      the core, this CPU's stack and struct cpu, the run roots; identically the registers it drives
 *
 * The run roots are the first pages of the slot: they are all that the core sees of it.
 */
#include <string.h>

#include "arch_machine.h"
#include "pte.h"
#include "parts.h"

#define REDIST_SGI GIC_FRAME /* offset of the SGI frame in a redistributor */

void arch_map(const struct space *s, u64 from, u64 to, u64 size, u64 attributes)
{
	tables_map(s->t, s->root, &(struct mapping){ .from = from, .to = to, .size = size, .attributes = attributes,
		.owner = s->owner });
}

void arch_map_backing(const struct space *s, u64 from, const struct backing *backing, u64 size, u64 attributes)
{
	for (u64 offset = 0; offset < size;) {
		struct run run = backing_run(backing, offset);
		u64 length = run.size < size - offset ? run.size : size - offset;

		arch_map(s, from + offset, run.phys, length, attributes);
		offset += length;
	}
}

/* Under the load root they are seen only where they are in one GiB with memory. */
static void map_shares(const struct decision *d, const struct space *s, const struct cell *cell)
{
	for (u32 i = 0; i < cell->share_count; i++) {
		const struct share *share = &cell->shares[i];
		const struct reserve *reserve = &d->reserves[share->reserve];

		arch_map(s, share->guest, reserve->phys, reserve->size, share->write ? S2_SHARED : S2_SHARED_READ);
	}
}

static void map_devices(const struct decision *d, const struct space *s, const struct cell *cell)
{
	struct range *pages;
	u32 count = device_pages(d, cell, &pages);

	for (u32 i = 0; i < count; i++) {
		arch_map(s, pages[i].base, pages[i].base, pages[i].size, S2_DEVICE);
	}
}

static void make_run(const struct decision *d, struct cell *cell, struct tables *t)
{
	const struct space s = { t, cell->root_const, cell->index };

	for (u32 i = 0; i < cell->ram_count; i++) {
		arch_map_backing(&s, cell->ram[i].guest, &cell->ram[i].backing, cell->ram[i].size, S2_RAM);
	}
	map_shares(d, &s, cell);
	/* A mediated cell sees no frame of the real one */
	for (u32 n = 0; n < cell->cpu_count && !cell->mediated; n++) {
		arch_map(&s, cell->gicr + n * GICR_SIZE + REDIST_SGI, d->cpus[cell->cpus[n].cpu].gicr + REDIST_SGI, GIC_FRAME,
			 S2_DEVICE);
	}
	map_devices(d, &s, cell);
	for (u32 i = 0; i < PTE_ENTRIES; i++) {
		if (tables_read(t, cell->root_const, i)) {
			cell->root_used = i + 1;
		}
	}
}

static void make_list(struct cell *cell, struct tables *t)
{
	u32 words = sizeof(struct load_piece) / 8, count = 0;

	cell->load_list = tables_page(t, cell->index);
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

/* Where the run root has memory, the load root has the same tables: memory of many pages is described once. */
static void share_memory(const struct cell *cell, struct tables *t)
{
	for (u32 i = 0; i < cell->ram_count; i++) {
		u32 first = (u32)PTE_INDEX(cell->ram[i].guest, 1);
		u32 last = (u32)PTE_INDEX(cell->ram[i].guest + cell->ram[i].size - 1, 1);

		for (u32 index = first; index <= last; index++) {
			tables_write(t, cell->load_root, index, tables_read(t, cell->root_const, index));
		}
	}
}

static void make_load(const struct decision *d, struct cell *cell, struct tables *t)
{
	struct space s = { t, tables_page(t, cell->index), cell->index };

	cell->load_root = s.root;
	share_memory(cell, t);
	arch_map(&s, LOAD_WINDOW, frames_of(d, d->hyp.slots[SLOT_COPIER].base + cell->index * PAGE_SIZE), PAGE_SIZE, S2_COPIER);
	arch_map(&s, LOAD_WINDOW + LOAD_LIST_OFFSET, cell->load_list, PAGE_SIZE, S2_IMAGE);
	for (u32 i = 0; i < IMAGE_KIND_COUNT; i++) {
		const struct image *image = &cell->images[i];

		if (image->present) {
			arch_map_backing(&s, image->load_source, &image->backing, image->phys_size, S2_IMAGE);
		}
	}
}

/* Pages of the core, by their link addresses. */
void arch_map_core(const struct space *s, u64 link, u64 size, u64 attributes)
{
	for (u64 offset = 0; offset < size;) {
		u64 phys = frames_of(s->t->d, link + offset), length = PAGE_SIZE;

		while (offset + length < size && frames_of(s->t->d, link + offset + length) == phys + length) {
			length += PAGE_SIZE;
		}
		arch_map(s, link + offset, phys, length, attributes);
		offset += length;
	}
}

static void map_slot(const struct space *s, enum slot slot, u64 attributes)
{
	const struct range *range = &s->t->d->hyp.slots[slot];

	arch_map_core(s, range->base, range->size, attributes);
}

static bool serves(const struct decision *d, const struct cpu *cpu)
{
	return d->service_cpu != CPU_NONE && cpu == &d->cpus[d->service_cpu];
}

/* The service CPU reads what the others count; nobody writes it but its owner. */
static void map_percpu(const struct decision *d, const struct cpu *cpu, const struct space *s)
{
	for (u32 i = 0; i < d->cpu_count; i++) {
		const struct cpu *other = &d->cpus[i];

		if (other == cpu) {
			arch_map_core(s, cpu->guard + PAGE_SIZE, 3 * PAGE_SIZE, EL2_DATA);
		} else if (serves(d, cpu)) {
			arch_map_core(s, other->page, PAGE_SIZE, EL2_RODATA);
		}
	}
}

static void map_registers(const struct decision *d, const struct cpu *cpu, const struct space *s)
{
	bool boot = cpu == &d->cpus[0], used = cpu->role != ROLE_UNUSED;
	u64 console = d->devices[d->hyp.console_device].regs[0].base;

	if (boot || used) {
		arch_map(s, d->gic.gicd, d->gic.gicd, GIC_FRAME, EL2_MMIO);
		arch_map(s, cpu->gicr, cpu->gicr, GICR_SIZE, EL2_MMIO);
	}
	if (boot || serves(d, cpu) || (used && d->service_cpu == CPU_NONE)) {
		arch_map(s, align_down(console, PAGE_SIZE), align_down(console, PAGE_SIZE), PAGE_SIZE, EL2_MMIO);
	}
}

static void make_cpu(const struct decision *d, struct cpu *cpu, struct tables *t)
{
	const struct space s = { t, tables_page(t, CELL_NONE), CELL_NONE };

	cpu->root = s.root;
	map_slot(&s, SLOT_TEXT, EL2_TEXT);
	map_slot(&s, SLOT_RODATA, EL2_RODATA);
	map_slot(&s, SLOT_ROOTS, EL2_DATA);
	map_slot(&s, SLOT_DATA, EL2_DATA);
	arch_map_core(&s, d->hyp.slots[SLOT_TABLES].base, d->cell_count * PAGE_SIZE, EL2_RODATA);
	map_percpu(d, cpu, &s);
	map_registers(d, cpu, &s);
	arch_map_iommus(d, cpu, &s);
	arch_map_pci(d, cpu, &s);
	arch_map_its(d, cpu, &s);
	if (serves(d, cpu)) {
		arch_map_life(d, &s);
	}
}

static void make_roots(struct decision *d, struct tables *t)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		struct cell *cell = &d->cells[i];

		cell->root_const_link = d->hyp.slots[SLOT_TABLES].base + i * PAGE_SIZE;
		cell->root_const = tables_page(t, (u16)i);
		cell->root_link = d->hyp.slots[SLOT_ROOTS].base + i * PAGE_SIZE;
		cell->root = frames_of(d, cell->root_link);
	}
}

void arch_tables(struct decision *d, struct tables *t, u8 **roots)
{
	*t = (struct tables){ .d = d, .first = d->hyp.frames.page_count };
	make_roots(d, t);
	for (u32 i = 0; i < d->cell_count; i++) {
		make_run(d, &d->cells[i], t);
		make_list(&d->cells[i], t);
		make_load(d, &d->cells[i], t);
	}
	arch_dma(d, t);
	for (u32 i = 0; i < d->cpu_count; i++) {
		make_cpu(d, &d->cpus[i], t);
	}
	d->hyp.slots[SLOT_TABLES].size = t->count * PAGE_SIZE;
	*roots = mem_alloc((u64)d->cell_count * PAGE_SIZE);
	for (u32 i = 0; i < d->cell_count; i++) {
		memcpy(*roots + i * PAGE_SIZE, tables_bytes(t, d->cells[i].root_const), PAGE_SIZE);
	}
}

u32 arch_pa_field(u32 bits)
{
	return bits <= 32 ? 0 : bits <= 36 ? 1 : bits <= 40 ? 2 : bits <= 42 ? 3 : bits <= 44 ? 4 : 5;
}

static void cell_registers(const struct decision *d, const struct cpu *cpu, struct arch_regs *r)
{
	const struct cell *cell = &d->cells[cpu->cell];
	u64 hcr = (cell->mediated ? HCR_MEDIATED : HCR_DIRECT) | (any_colors(d) ? HCR_TSW : 0);

	r->vttbr_run = VTTBR(cell->root, CELL_VMID(cell->index));
	r->vttbr_load = VTTBR(cell->load_root, LOAD_VMID);
	r->hcr_run = hcr | (cell->mediated || cell->wfi ? 0 : HCR_TWI);
	r->hcr_load = hcr | HCR_DC;
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
		.tcr_el2 = TCR_EL2_VALUE(arch_pa_field(d->pa_bits)),
		.mair_el2 = MAIR_EL2_VALUE,
		.ttbr0_el2 = cpu->root,
		.vtcr_el2 = VTCR_EL2_VALUE(arch_pa_field(d->pa_bits)),
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
