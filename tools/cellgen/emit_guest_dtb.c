/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell's own device tree: what it has, and nothing else. Everything stands below the root with two address and two
 * size cells. Here is what every guest gets; what the partition asks for is in emit_guest_device.c.
 */
#include <libfdt.h>
#include <string.h>

#include "pte.h"
#include "guest_writer.h"

#define DTB_ROOM MIB(4)
#define SEED_SIZE 64

/* 64 bytes that differ between cells and between configurations, and are the same in every build. */
static void put_seed(struct writer *w)
{
	u8 seed[SEED_SIZE];

	for (u32 i = 0; i < SEED_SIZE / 32; i++) {
		const char *text = mem_format("cloison rng-seed %u %s %s", i, w->d->hash, w->cell->name);

		hash_bytes(text, strlen(text), seed + 32 * i);
	}
	put(w, "rng-seed", seed, SEED_SIZE);
}

static const char *stdout_path(const struct writer *w)
{
	for (u32 i = 0; i < w->cell->vdev_count; i++) {
		const struct vdev *vdev = &w->d->vdevs[w->cell->first_vdev + i];

		if (vdev->type && vdev->type->console) {
			return mem_format("/%s", vdev->node->name);
		}
	}
	return NULL;
}

static void emit_chosen(struct writer *w)
{
	const struct node *chosen = node_child(w->cell->node, "chosen");
	const struct image *initrd = &w->cell->images[IMAGE_INITRD];
	const char *path = stdout_path(w);

	put_begin(w, "chosen");
	for (u32 i = 0; chosen && i < chosen->prop_count; i++) {
		const char *name = chosen->props[i].name;

		if (strcmp(name, "phandle") != 0 && strcmp(name, "linux,phandle") != 0) { /* a label's number in the partition, not here */
			put(w, name, chosen->props[i].data, chosen->props[i].size);
		}
	}
	if (path && !(chosen && node_prop(chosen, "stdout-path"))) {
		put_text(w, "stdout-path", path);
	}
	if (initrd->present) {
		put_u64(w, "linux,initrd-start", initrd->guest);
		put_u64(w, "linux,initrd-end", initrd->guest + initrd->data_size);
	}
	if (guest_has_pci(w)) {
		PUT_CELLS(w, "linux,pci-probe-only", 1); /* BARs stay where they are */
	}
	if (!(chosen && node_prop(chosen, "rng-seed"))) {
		put_seed(w);
	}
	put_end(w);
}

static void emit_memory(struct writer *w)
{
	for (u32 i = 0; i < w->cell->ram_count; i++) {
		const struct ram *ram = &w->cell->ram[i];

		put_begin(w, mem_format("memory@%llx", (unsigned long long)ram->guest));
		put_text(w, "device_type", "memory");
		put_ranges(w, &(struct range){ ram->guest, ram->size }, 1);
		put_end(w);
	}
}

static void emit_cpus(struct writer *w)
{
	put_begin(w, "cpus");
	PUT_CELLS(w, "#address-cells", 1);
	PUT_CELLS(w, "#size-cells", 0);
	for (u32 n = 0; n < w->cell->cpu_count; n++) {
		u16 cpu = w->cell->cpus[n].cpu;
		const struct prop *compatible = cpu == CPU_NONE ? NULL : node_prop(w->d->cpus[cpu].node, "compatible");

		put_begin(w, mem_format("cpu@%llx", (unsigned long long)VCPU_AFFINITY(n)));
		put_text(w, "device_type", "cpu");
		if (compatible) {
			put(w, "compatible", compatible->data, compatible->size);
		}
		PUT_CELLS(w, "reg", (u32)VCPU_AFFINITY(n));
		put_text(w, "enable-method", "psci");
		put_end(w);
	}
	put_end(w);
}

static void emit_psci(struct writer *w)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	put_begin(w, "psci");
	put(w, "compatible", compatible, sizeof(compatible));
	put_text(w, "method", "hvc");
	put_end(w);
}

static void emit_gic(struct writer *w)
{
	const struct range frames[] = {
		{ w->cell->gicd, GIC_FRAME },
		{ w->cell->gicr, w->cell->cpu_count * GICR_SIZE },
	};

	put_begin(w, mem_format("intc@%llx", (unsigned long long)w->cell->gicd));
	put_text(w, "compatible", "arm,gic-v3");
	PUT_CELLS(w, "#address-cells", guest_gic_cells(w));
	PUT_CELLS(w, "#interrupt-cells", 3);
	put(w, "interrupt-controller", "", 0);
	put_ranges(w, frames, ARRAY_COUNT(frames));
	PUT_CELLS(w, "phandle", PHANDLE_GIC);
	emit_guest_its(w);
	put_end(w);
}

/* The four timer PPIs are fixed by the architecture's conventions: secure, physical, virtual, hypervisor. */
static void emit_timer(struct writer *w)
{
	put_begin(w, "timer");
	put_text(w, "compatible", "arm,armv8-timer");
	PUT_CELLS(w, "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
	put(w, "always-on", "", 0);
	put_end(w);
}

/* Whom the cell may control, by their numbers in its calls. */
static void emit_controls(struct writer *w)
{
	const struct controls *controls = &w->cell->controls;
	struct out names = {0};

	if (controls->count == 0) {
		return;
	}
	for (u32 i = 0; i < controls->count; i++) {
		if (controls->list[i].target != CELL_NONE) {
			const char *name = w->d->cells[controls->list[i].target].name;

			for (u64 k = 0; k <= strlen(name); k++) {
				out_little(&names, (u8)name[k], 1);
			}
		}
	}
	put_begin(w, "hypervisor");
	put_text(w, "compatible", "cloison,cell-v1");
	put(w, "cloison,controls", names.data, names.size);
	put_end(w);
}

static void emit_root(struct writer *w)
{
	put_begin(w, "");
	PUT_CELLS(w, "#address-cells", 2);
	PUT_CELLS(w, "#size-cells", 2);
	PUT_CELLS(w, "interrupt-parent", PHANDLE_GIC);
	put_text(w, "compatible", "linux,dummy-virt");
	put_text(w, "model", mem_format("cloison,%s", w->cell->name));
	emit_chosen(w);
	emit_memory(w);
	emit_cpus(w);
	emit_psci(w);
	emit_gic(w);
	emit_timer(w);
	emit_controls(w);
	emit_guest_regions(w);
	emit_guest_devices(w);
	emit_guest_pci(w);
	put_end(w);
}

void *emit_guest_dtb(const struct decision *d, const struct cell *cell, u64 *size, const char **problem)
{
	struct writer w = { .d = d, .cell = cell, .fdt = mem_alloc(DTB_ROOM) };

	w.error = fdt_create(w.fdt, (int)DTB_ROOM);
	w.error = w.error ? w.error : fdt_finish_reservemap(w.fdt);
	emit_root(&w);
	w.error = w.error ? w.error : fdt_finish(w.fdt);
	if (w.error) {
		*problem = fdt_strerror(w.error);
		return NULL;
	}
	*size = fdt_totalsize(w.fdt);
	return w.fdt;
}
