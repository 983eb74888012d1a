/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell's own device tree: what it has, and nothing else.
 *
 * Everything stands below the root with two address and two size cells. Properties of a device go over as they are;
 * what refers to another node cannot, except clocks, whose fixed-clock is carried along.
 */
#include <libfdt.h>
#include <string.h>

#include "pte.h"
#include "parts.h"

#define DTB_ROOM MIB(4)
#define PHANDLE_GIC 1
#define PHANDLE_CLOCK 2   /* of the clock a virtual device gets when its node names none */
#define PHANDLE_CARRIED 3 /* of the first clock carried over from the board */
#define SEED_SIZE 64

struct writer {
	const struct decision *d;
	const struct cell *cell;
	void *fdt;
	int error; /* the first one of libfdt; later calls do no harm */
	const struct node **clocks; /* carried over */
	u32 clock_count;
	u32 own_clock_hz; /* 0: no virtual device needs that clock */
};

static void check(struct writer *w, int error)
{
	w->error = w->error ? w->error : error;
}

static void begin(struct writer *w, const char *name)
{
	check(w, fdt_begin_node(w->fdt, name));
}

static void end(struct writer *w)
{
	check(w, fdt_end_node(w->fdt));
}

static void put(struct writer *w, const char *name, const void *data, u64 size)
{
	check(w, fdt_property(w->fdt, name, data, (int)size));
}

static void put_text(struct writer *w, const char *name, const char *text)
{
	put(w, name, text, strlen(text) + 1);
}

static void put_cells(struct writer *w, const char *name, const u32 *cells, u32 count)
{
	u32 *big = mem_alloc(count * 4);

	for (u32 i = 0; i < count; i++) {
		big[i] = cpu_to_fdt32(cells[i]);
	}
	put(w, name, big, count * 4ULL);
}

#define PUT_CELLS(w, name, ...) \
	put_cells(w, name, (const u32[]){ __VA_ARGS__ }, sizeof((const u32[]){ __VA_ARGS__ }) / 4)

static void put_u64(struct writer *w, const char *name, u64 value)
{
	PUT_CELLS(w, name, (u32)(value >> 32), (u32)value);
}

static void put_ranges(struct writer *w, const struct range *ranges, u32 count)
{
	u32 *cells = mem_alloc(count * 16ULL);

	for (u32 i = 0; i < count; i++) {
		cells[4 * i] = (u32)(ranges[i].base >> 32);
		cells[4 * i + 1] = (u32)ranges[i].base;
		cells[4 * i + 2] = (u32)(ranges[i].size >> 32);
		cells[4 * i + 3] = (u32)ranges[i].size;
	}
	put_cells(w, "reg", cells, count * 4);
}

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

	begin(w, "chosen");
	for (u32 i = 0; chosen && i < chosen->prop_count; i++) {
		put(w, chosen->props[i].name, chosen->props[i].data, chosen->props[i].size);
	}
	if (path && !(chosen && node_prop(chosen, "stdout-path"))) {
		put_text(w, "stdout-path", path);
	}
	if (initrd->present) {
		put_u64(w, "linux,initrd-start", initrd->guest);
		put_u64(w, "linux,initrd-end", initrd->guest + initrd->data_size);
	}
	if (!(chosen && node_prop(chosen, "rng-seed"))) {
		put_seed(w);
	}
	end(w);
}

static void emit_memory(struct writer *w)
{
	for (u32 i = 0; i < w->cell->ram_count; i++) {
		const struct ram *ram = &w->cell->ram[i];

		begin(w, mem_format("memory@%llx", (unsigned long long)ram->guest));
		put_text(w, "device_type", "memory");
		put_ranges(w, &(struct range){ ram->guest, ram->size }, 1);
		end(w);
	}
}

static void emit_cpus(struct writer *w)
{
	begin(w, "cpus");
	PUT_CELLS(w, "#address-cells", 1);
	PUT_CELLS(w, "#size-cells", 0);
	for (u32 n = 0; n < w->cell->cpu_count; n++) {
		u16 cpu = w->cell->cpus[n].cpu;
		const struct prop *compatible = cpu == CPU_NONE ? NULL : node_prop(w->d->cpus[cpu].node, "compatible");

		begin(w, mem_format("cpu@%llx", (unsigned long long)VCPU_AFFINITY(n)));
		put_text(w, "device_type", "cpu");
		if (compatible) {
			put(w, "compatible", compatible->data, compatible->size);
		}
		PUT_CELLS(w, "reg", (u32)VCPU_AFFINITY(n));
		put_text(w, "enable-method", "psci");
		end(w);
	}
	end(w);
}

static void emit_psci(struct writer *w)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	begin(w, "psci");
	put(w, "compatible", compatible, sizeof(compatible));
	put_text(w, "method", "hvc");
	end(w);
}

static void emit_gic(struct writer *w)
{
	const struct range frames[] = {
		{ w->cell->gicd, GIC_FRAME },
		{ w->cell->gicr, w->cell->cpu_count * GICR_SIZE },
	};

	begin(w, mem_format("intc@%llx", (unsigned long long)w->cell->gicd));
	put_text(w, "compatible", "arm,gic-v3");
	PUT_CELLS(w, "#address-cells", 0);
	PUT_CELLS(w, "#interrupt-cells", 3);
	put(w, "interrupt-controller", "", 0);
	put_ranges(w, frames, ARRAY_COUNT(frames));
	PUT_CELLS(w, "phandle", PHANDLE_GIC);
	end(w);
}

/* The four timer PPIs are fixed by the architecture's conventions: secure, physical, virtual, hypervisor. */
static void emit_timer(struct writer *w)
{
	begin(w, "timer");
	put_text(w, "compatible", "arm,armv8-timer");
	PUT_CELLS(w, "interrupts", 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
	put(w, "always-on", "", 0);
	end(w);
}

/* The phandle by which the guest knows this clock of the board. */
static u32 carry_clock(struct writer *w, const struct node *clock)
{
	u32 i = 0;

	while (i < w->clock_count && w->clocks[i] != clock) {
		i++;
	}
	if (i == w->clock_count) {
		*(const struct node **)mem_push(&w->clocks, &w->clock_count, sizeof(clock)) = clock;
	}
	return PHANDLE_CARRIED + i;
}

static void put_clocks(struct writer *w, const struct prop *prop)
{
	u32 count = prop->size / 4;
	u32 *cells = mem_alloc(count * 4ULL);

	for (u32 i = 0; i < count; i++) {
		const struct node *clock = tree_phandle(w->d->tree, prop_cell(prop, i));

		cells[i] = clock ? carry_clock(w, clock) : 0;
	}
	put_cells(w, "clocks", cells, count);
}

static void put_props(struct writer *w, const struct node *node)
{
	for (u32 i = 0; i < node->prop_count; i++) {
		const struct prop *prop = &node->props[i];

		if (strcmp(prop->name, "clocks") == 0) {
			put_clocks(w, prop);
		} else if (device_prop_copied(prop->name)) {
			put(w, prop->name, prop->data, prop->size);
		}
	}
}

static void emit_device(struct writer *w, const struct device *device)
{
	u32 *cells = mem_alloc(device->irq_count * 12ULL);

	begin(w, device->node->name);
	put_props(w, device->node);
	put_ranges(w, device->regs, device->reg_count);
	for (u32 i = 0; i < device->irq_count; i++) {
		cells[3 * i] = device->irqs[i].ppi;
		cells[3 * i + 1] = device->irqs[i].ppi ? device->irqs[i].intid - 16 :
							 guest_line(w->d, w->cell, device->irqs[i].intid) - SPI_BASE;
		cells[3 * i + 2] = device->irqs[i].flags;
	}
	if (device->irq_count) {
		put_cells(w, "interrupts", cells, device->irq_count * 3);
	}
	end(w);
}

/*
 * To the guest of a direct cell the line is a level, as the binding of the device says; that a latch stands for it is the
 * core's business.
 */
static void emit_vdev(struct writer *w, const struct vdev *vdev)
{
	static const char names[] = "uartclk\0apb_pclk";

	begin(w, vdev->node->name);
	put_props(w, vdev->node);
	put_ranges(w, &(struct range){ vdev->base, vdev->size }, 1);
	if (vdev->line) {
		PUT_CELLS(w, "interrupts", 0, vdev->line - SPI_BASE, vdev->edge ? 1 : 4);
	}
	if (vdev->type && vdev->type->clock_hz && !node_prop(vdev->node, "clocks")) {
		PUT_CELLS(w, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
		put(w, "clock-names", names, sizeof(names));
		w->own_clock_hz = vdev->type->clock_hz;
	}
	end(w);
}

static void emit_clocks(struct writer *w)
{
	if (w->own_clock_hz) {
		begin(w, "cloison-clock");
		put_text(w, "compatible", "fixed-clock");
		PUT_CELLS(w, "#clock-cells", 0);
		PUT_CELLS(w, "clock-frequency", w->own_clock_hz);
		PUT_CELLS(w, "phandle", PHANDLE_CLOCK);
		end(w);
	}
	for (u32 i = 0; i < w->clock_count; i++) {
		begin(w, w->clocks[i]->name);
		put_props(w, w->clocks[i]);
		PUT_CELLS(w, "phandle", PHANDLE_CARRIED + i);
		end(w);
	}
}

static void emit_root(struct writer *w)
{
	begin(w, "");
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
	for (u32 i = 0; i < w->cell->access_count; i++) {
		if (w->cell->access[i].device != DEVICE_NONE) {
			emit_device(w, &w->d->devices[w->cell->access[i].device]);
		}
	}
	for (u32 i = 0; i < w->cell->vdev_count; i++) {
		emit_vdev(w, &w->d->vdevs[w->cell->first_vdev + i]);
	}
	emit_clocks(w);
	end(w);
}

void *emit_guest_dtb(const struct decision *d, const struct cell *cell, u64 *size, const char **problem)
{
	struct writer w = { .d = d, .cell = cell, .fdt = mem_alloc(DTB_ROOM) };

	check(&w, fdt_create(w.fdt, (int)DTB_ROOM));
	check(&w, fdt_finish_reservemap(w.fdt));
	emit_root(&w);
	check(&w, fdt_finish(w.fdt));
	if (w.error) {
		*problem = fdt_strerror(w.error);
		return NULL;
	}
	*size = fdt_totalsize(w.fdt);
	return w.fdt;
}
