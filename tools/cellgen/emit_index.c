/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * machine_index: where everything is that docs/image-format.md describes, for a checker that has cloison.bin and no symbols,
 * and what only cellgen knows exactly: the lengths of files, and where memory begins physically. The core reads nothing of it.
 */
#include "parts.h"

typedef unsigned long long ull;

enum kind { KIND_SLOT = 1, KIND_OBJECT, KIND_VGIC, KIND_STATE, KIND_VDEV, KIND_IMAGE, KIND_RAM };

/* In the order of their numbers. */
static const char *const objects[] = {
	"machine_regs", "machine_cpus", "machine_cells", "machine_cell_cpus", "machine_cell_ram", "machine_vdevs", "machine_lines",
	"machine_owners", "machine_ram", "machine_board", "machine_service_cpu", "machine_console_base",
	"machine_console_clock", "machine_name", "machine_board_name", "machine_hash",
	/* from here on in an image that uses an IOMMU only */
	"machine_iommus", "machine_streams", "machine_functions", "machine_bars", "machine_spaces", "machine_buses",
	/* and from here on if a cell has the ITS */
	"machine_its", "machine_its_devices", "machine_its_commands",
	/* and these in any image */
	"machine_lives", "machine_controls", "machine_core",
};
enum { OBJECTS_IO = 16, OBJECTS_ITS = 22, OBJECTS_LIFE = 25 }; /* the first of each */

static void emit_number(struct out *out, u64 address, u64 size, enum kind kind, u32 number)
{
	out_printf(out, "\t{ (const void *)0x%llxUL, %llu, %u, %u },\n", (ull)address, (ull)size, (u32)kind, number);
}

static void emit_symbol(struct out *out, const char *symbol, enum kind kind, u32 number)
{
	out_printf(out, "\t{ &%s, sizeof(%s), %u, %u },\n", symbol, symbol, (u32)kind, number);
}

static void emit_of_cells(const struct decision *d, struct out *out)
{
	u32 ram = 0;

	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 k = 0; k < IMAGE_KIND_COUNT; k++) {
			const struct image *image = &d->cells[i].images[k];

			if (image->present) {
				emit_number(out, image->link, image->data_size, KIND_IMAGE, image->section);
			}
		}
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		for (u32 r = 0; r < d->cells[i].ram_count; r++) {
			emit_number(out, d->cells[i].ram[r].phys, 0, KIND_RAM, ram++);
		}
	}
}

static bool is_object_there(const struct decision *d, u32 object)
{
	if (object >= OBJECTS_ITS && object < OBJECTS_LIFE) {
		return d->its.user_count != 0;
	}
	return object < OBJECTS_IO || object >= OBJECTS_LIFE || d->hyp.slots[SLOT_STREAMS].size != 0;
}

/* The operations of each type of device that a cell has. */
static void emit_types(const struct decision *d, struct out *out)
{
	const struct vdev_type *type;

	for (u32 n = 0; (type = vdev_type_at(n)); n++) {
		u32 i = 0;

		while (i < d->vdev_count && d->vdevs[i].type != type) {
			i++;
		}
		if (i < d->vdev_count) {
			out_printf(out, "\t{ &vdev_%s, 0, %u, %u },\n", type->name, KIND_VDEV, n);
		}
	}
}

void emit_index(const struct decision *d, struct out *out)
{
	bool io = d->hyp.slots[SLOT_STREAMS].size != 0;

	out_printf(out, "\nconst struct machine_index machine_index[] = {\n");
	for (u32 i = 0; i < SLOT_COUNT; i++) {
		if (i != SLOT_STREAMS || io) {
			emit_number(out, d->hyp.slots[i].base, d->hyp.slots[i].size, KIND_SLOT, i);
		}
	}
	for (u32 i = 0; i < ARRAY_COUNT(objects); i++) {
		if (is_object_there(d, i)) {
			emit_symbol(out, objects[i], KIND_OBJECT, i);
		}
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		if (d->cells[i].mediated) {
			emit_symbol(out, mem_format("vgic_%u", i), KIND_VGIC, i);
		}
	}
	for (u32 i = 0; i < d->vdev_count; i++) {
		emit_symbol(out, mem_format("state_%u", i), KIND_STATE, i);
	}
	emit_types(d, out);
	emit_of_cells(d, out);
	out_printf(out, "\t{ (const void *)0, 0, 0, 0 },\n};\n");
}
