/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Physical interrupt lines. Guest and physical INTID are the same in direct mode, so a
 * line belongs to one cell on the whole board. A mediated cell takes part with the lines of its devices only: its
 * numbers are its own (place_virtual.c), its virtual devices have no line, its CPUs are kicked by an SGI of the core's.
 *
 * Explicit claims come first, so that a line cellgen picks never collides with
 * one that is written down; then the UART of the default guest map; then the
 * other virtual devices, from the highest spare line down; then the kicks.
 */
#include <stdlib.h>

#include "parts.h"

#define LINE_LIMIT_MIN (SPI_BASE - 1) /* SGIs and PPIs are always there */

/* With a CPU claimed twice, the first claim counts; check.c reports the other. A vCPU's CPU may serve besides. */
void place_cpus(struct decision *d)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		const struct cell *cell = &d->cells[i];

		for (u32 n = 0; n < cell->cpu_count; n++) {
			struct cpu *cpu = cell->cpus[n].cpu == CPU_NONE ? NULL : &d->cpus[cell->cpus[n].cpu];

			if (cpu && cpu->role == ROLE_UNUSED) {
				cpu->role = ROLE_VCPU;
				cpu->cell = cell->index;
				cpu->vcpu = (u16)n;
			}
		}
	}
	if (d->hyp.cpu_count && d->hyp.cpus[0].cpu != CPU_NONE) {
		d->service_cpu = d->hyp.cpus[0].cpu;
		if (d->cpus[d->service_cpu].role == ROLE_UNUSED) {
			d->cpus[d->service_cpu].role = ROLE_SERVICE;
		}
	}
}

static bool driven(const struct decision *d, u32 intid, bool except_console)
{
	for (u32 i = 0; i < d->board_line_count; i++) {
		const struct board_line *line = &d->board_lines[i];

		if (line->intid == intid && !(except_console && d->devices[line->device].console)) {
			return true;
		}
	}
	return false;
}

static bool claimed(const struct decision *d, u32 intid)
{
	for (u32 i = 0; i < d->line_count; i++) {
		if (d->lines[i].intid == intid) {
			return true;
		}
	}
	return false;
}

/* The highest line that no board device drives and nobody has; 0: none left. */
static u32 spare(const struct decision *d)
{
	for (u32 intid = SPI_BASE + SPI_COUNT - 1; intid >= SPI_BASE; intid--) {
		if (!driven(d, intid, false) && !claimed(d, intid)) {
			return intid;
		}
	}
	return 0;
}

static u16 route(const struct cell *cell)
{
	return cell->cpu_count ? cell->cpus[0].cpu : CPU_NONE;
}

static void add_line(struct decision *d, struct line line)
{
	*(struct line *)mem_push(&d->lines, &d->line_count, sizeof(line)) = line;
}

static void add_vdev_line(struct decision *d, const struct vdev *vdev)
{
	const struct cell *cell = &d->cells[vdev->cell];

	add_line(d, (struct line){ .intid = vdev->line, .use = LINE_VDEV, .cell = vdev->cell, .cpu = route(cell),
		.device = DEVICE_NONE, .edge = true, .asked = vdev->line_asked,
		.lent = driven(d, vdev->line, false) && !driven(d, vdev->line, true),
		.what = mem_format("%s of '%s'", vdev->node->name, cell->name), .at = vdev->line_at });
}

static void add_device_lines(struct decision *d, const struct cell *cell, const struct access *access)
{
	const struct device *device = &d->devices[access->device];

	for (u32 i = 0; i < device->irq_count; i++) {
		if (!device->irqs[i].ppi) {
			add_line(d, (struct line){ .intid = device->irqs[i].intid, .use = LINE_DEVICE, .cell = cell->index,
				.cpu = route(cell), .device = access->device, .edge = device->irqs[i].edge, .asked = true,
				.what = mem_format("%s of '%s'", device->name, cell->name), .at = access->at });
		}
	}
}

static void add_asked(struct decision *d)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		const struct cell *cell = &d->cells[i];

		for (u32 j = 0; j < cell->access_count; j++) {
			if (cell->access[j].device != DEVICE_NONE) {
				add_device_lines(d, cell, &cell->access[j]);
			}
		}
	}
	for (u32 i = 0; i < d->vdev_count; i++) {
		if (d->vdevs[i].line && !d->cells[d->vdevs[i].cell].mediated) {
			add_vdev_line(d, &d->vdevs[i]);
		}
	}
}

static bool wants_line(const struct decision *d, const struct vdev *vdev)
{
	return vdev->type && !vdev->type->line_optional && !vdev->line_asked && !vdev->line && !d->cells[vdev->cell].mediated;
}

/* The console UART's line can be lent only while the core polls that UART: on a service CPU. */
static void add_default_uart(struct decision *d)
{
	bool free = !claimed(d, DEFAULT_UART_INTID) && !driven(d, DEFAULT_UART_INTID, true) &&
		    (d->service_cpu != CPU_NONE || !driven(d, DEFAULT_UART_INTID, false));

	for (u32 i = 0; free && i < d->vdev_count; i++) {
		struct vdev *vdev = &d->vdevs[i];

		if (wants_line(d, vdev) && vdev_is_default_uart(vdev)) {
			vdev->line = DEFAULT_UART_INTID;
			add_vdev_line(d, vdev);
			free = false;
		}
	}
}

static void add_spares(struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->vdev_count; i++) {
		struct vdev *vdev = &d->vdevs[i];

		if (!wants_line(d, vdev)) {
			continue;
		}
		vdev->line = spare(d);
		if (vdev->line) {
			add_vdev_line(d, vdev);
		} else {
			diag_error(diag, "no-spare-line", vdev->line_at, "no spare interrupt line is left for %s of '%s'; take a "
				   "virtual device out", vdev->node->name, d->cells[vdev->cell].name);
		}
	}
}

/* SGIs of a direct cell's CPU are its guest's, so the core needs a line to call it. */
static void add_kicks(struct decision *d, struct diag *diag)
{
	for (u16 i = 0; i < d->cpu_count; i++) {
		struct cpu *cpu = &d->cpus[i];

		if (cpu->role != ROLE_VCPU || d->cells[cpu->cell].mediated) {
			continue;
		}
		cpu->kick_line = spare(d);
		if (!cpu->kick_line) {
			diag_error(diag, "no-spare-line", cpu->node->at, "no spare interrupt line is left by which the core can wake "
				   "%s; take a virtual device out", cpu->name);
			continue;
		}
		add_line(d, (struct line){ .intid = cpu->kick_line, .use = LINE_KICK, .cell = CELL_NONE, .cpu = i,
			.device = DEVICE_NONE, .edge = true, .what = mem_format("the kick of %s", cpu->name),
			.at = cpu->node->at });
	}
}

static int compare_lines(const void *left, const void *right)
{
	const struct line *a = left, *b = right;

	if (a->intid != b->intid) {
		return a->intid < b->intid ? -1 : 1;
	}
	return (a->cell > b->cell) - (a->cell < b->cell);
}

void place_lines(struct decision *d, struct diag *diag)
{
	add_asked(d);
	add_default_uart(d);
	add_spares(d, diag);
	add_kicks(d, diag);
	d->line_limit = LINE_LIMIT_MIN;
	if (d->line_count) {
		qsort(d->lines, d->line_count, sizeof(*d->lines), compare_lines);
		d->line_limit = d->lines[d->line_count - 1].intid;
	}
}
