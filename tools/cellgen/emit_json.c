/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* report.json: what report.txt says, for programs. Addresses and sizes are strings in hex: JSON numbers end at 2^53. */
#include "diag.h"

typedef unsigned long long ull;

static void text(struct out *out, const char *name, const char *value)
{
	out_printf(out, "\"%s\": ", name);
	emit_json_string(out, value);
}

static void hash(struct out *out, const void *data, u64 size)
{
	u8 digest[32];

	hash_bytes(data, size, digest);
	out_printf(out, "\"sha256\": \"");
	for (u32 i = 0; i < sizeof(digest); i++) {
		out_printf(out, "%02x", digest[i]);
	}
	out_printf(out, "\"");
}

static void hex(struct out *out, const char *name, u64 value)
{
	out_printf(out, "\"%s\": \"0x%llx\"", name, (ull)value);
}

static const char *comma(u32 index, u32 count)
{
	return index + 1 < count ? ",\n" : "\n";
}

static void owner(struct out *out, const struct decision *d, u16 cell, const char *otherwise)
{
	text(out, "owner", cell == CELL_NONE ? otherwise : d->cells[cell].name);
}

static const char *colors_of(const struct colors *colors)
{
	return colors && colors->count ? colors_text(colors->mask, colors->of) : NULL;
}

/* "0-3,7", or null: every colour */
static void emit_colors(struct out *out, const struct colors *colors)
{
	const char *value = colors_of(colors);

	if (value) {
		text(out, "colors", value);
	} else {
		out_printf(out, "\"colors\": null");
	}
}

/* Where the frames are: base of each stripe, bytes of it that are its own. */
static void emit_stripes(struct out *out, const struct backing *backing)
{
	out_printf(out, "\"stripes\": [");
	for (u32 i = 0; i < backing->stripe_count; i++) {
		out_printf(out, "%s{ ", i ? ", " : "");
		hex(out, "base", backing->stripes[i].base);
		out_printf(out, ", ");
		hex(out, "size", backing->stripes[i].pages * PAGE_SIZE);
		out_printf(out, " }");
	}
	out_printf(out, "]");
}

static void emit_caches(struct out *out, const struct decision *d)
{
	out_printf(out, "  \"color_count\": %u,\n  \"caches\": [\n", d->color_count);
	for (u32 i = 0; i < d->cache_count; i++) {
		const struct cache *c = &d->caches[i];
		const char *separator = "";

		out_printf(out, "    { ");
		text(out, "name", node_nick(c->node));
		out_printf(out, ", \"size\": %llu, \"line\": %u, \"sets\": %u, \"colors\": %u, \"cpus\": [", (ull)c->size, c->line,
			   c->sets, c->colors);
		for (u32 cpu = 0; cpu < d->cpu_count; cpu++) {
			if (c->cpus[cpu]) {
				out_printf(out, "%s", separator);
				emit_json_string(out, d->cpus[cpu].name);
				separator = ", ";
			}
		}
		out_printf(out, "] }%s", comma(i, d->cache_count));
	}
	out_printf(out, "  ],\n");
}

static const char *kind_name(enum extent_kind kind)
{
	static const char *const names[] = {
		[EXTENT_RAM] = "ram", [EXTENT_IMAGE] = "image", [EXTENT_HYP] = "hypervisor", [EXTENT_RESERVED] = "reserved",
		[EXTENT_DEVICE] = "device", [EXTENT_VDEV] = "virtual-device", [EXTENT_GIC] = "gic",
		[EXTENT_SHARED] = "shared", [EXTENT_CONFIG] = "configuration", [EXTENT_ITS] = "its", [EXTENT_CRASH] = "crash",
	};

	return names[kind];
}

static void emit_extents(struct out *out, const struct decision *d, const char *indent, const struct extent *list, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		const struct extent *e = &list[i];

		out_printf(out, "%s{ ", indent);
		hex(out, "base", e->base);
		out_printf(out, ", ");
		hex(out, "size", e->size);
		out_printf(out, ", ");
		text(out, "kind", kind_name(e->kind));
		out_printf(out, ", ");
		owner(out, d, e->cell, e->kind == EXTENT_RESERVED ? "nobody" : e->kind == EXTENT_SHARED ? "shared" : "core");
		out_printf(out, ", ");
		text(out, "what", e->what);
		out_printf(out, ", ");
		text(out, "from", emit_at(d, e->at));
		if (e->colors) {
			out_printf(out, ", ");
			emit_colors(out, e->colors);
		}
		out_printf(out, " }%s", comma(i, count));
	}
}

static void emit_banks(struct out *out, const struct decision *d)
{
	out_printf(out, "  \"ram\": [\n");
	for (u32 i = 0; i < d->bank_count; i++) {
		out_printf(out, "    { ");
		hex(out, "base", d->banks[i].base);
		out_printf(out, ", ");
		hex(out, "size", d->banks[i].size);
		out_printf(out, ", ");
		text(out, "from", emit_at(d, d->banks[i].at));
		out_printf(out, " }%s", comma(i, d->bank_count));
	}
	out_printf(out, "  ],\n");
}

/* bytes of cloison.bin: from the hypervisor's memory to the end of the last image */
static void emit_hypervisor(struct out *out, const struct decision *d)
{
	out_printf(out, "  \"hypervisor\": { ");
	hex(out, "base", d->hyp.memory.base);
	out_printf(out, ", ");
	hex(out, "size", d->hyp.memory.size);
	out_printf(out, ", ");
	hex(out, "needed", d->hyp.needed);
	out_printf(out, ", ");
	hex(out, "link_base", d->hyp.base);
	out_printf(out, ", ");
	emit_colors(out, &d->hyp.colors);
	out_printf(out, ", ");
	hex(out, "images_end", d->image_end);
	out_printf(out, ", ");
	text(out, "console", node_nick(d->hyp.console));
	out_printf(out, ",\n    ");
	emit_json_core(d, out);
	out_printf(out, " },\n");
}

/* There is a report only if nothing was found. */
static void emit_checks(struct out *out)
{
	u32 count = 0;

	while (finding_kind_at(count)) {
		count++;
	}
	out_printf(out, "  \"checks\": [\n");
	for (u32 i = 0; i < count; i++) {
		const struct finding_kind *kind = finding_kind_at(i);

		out_printf(out, "    { ");
		text(out, "id", kind->id);
		out_printf(out, ", \"result\": \"passed\", ");
		text(out, "subject", kind->subject);
		out_printf(out, ", ");
		text(out, "against", kind->meaning);
		out_printf(out, " }%s", comma(i, count));
	}
	out_printf(out, "  ],\n");
}

static void emit_slots(struct out *out, const struct decision *d)
{
	static const char *const names[SLOT_COUNT] = { "text", "rodata", "copier", "roots", "data", "percpu", "tables", "streams" };

	u32 count = d->hyp.slots[SLOT_STREAMS].size ? SLOT_COUNT : SLOT_STREAMS; /* the last one, which most do not have */

	out_printf(out, "  \"slots\": [\n");
	for (u32 i = 0; i < count; i++) {
		out_printf(out, "    { \"name\": \"%s\", ", names[i]);
		hex(out, "base", d->hyp.slots[i].base);
		out_printf(out, ", ");
		hex(out, "size", d->hyp.slots[i].size);
		out_printf(out, " }%s", comma(i, count));
	}
	out_printf(out, "  ],\n");
}

static void emit_cpus(struct out *out, const struct decision *d)
{
	static const char *const roles[] = { "unused", "vcpu", "service" };

	out_printf(out, "  \"cpus\": [\n");
	for (u32 i = 0; i < d->cpu_count; i++) {
		const struct cpu *cpu = &d->cpus[i];

		out_printf(out, "    { ");
		text(out, "name", cpu->name);
		out_printf(out, ", ");
		hex(out, "hw_id", cpu->hw_id);
		out_printf(out, ", \"role\": \"%s\", ", roles[cpu->role]);
		if (cpu->role == ROLE_VCPU) {
			text(out, "cell", d->cells[cpu->cell].name);
			out_printf(out, ", \"vcpu\": %u, ", cpu->vcpu);
		}
		out_printf(out, "\"serves\": %s, \"kick_line\": %u, ", i == d->service_cpu ? "true" : "false", cpu->kick_line);
		hex(out, "redistributor", cpu->gicr);
		out_printf(out, ", ");
		hex(out, "root", cpu->root);
		out_printf(out, " }%s", comma(i, d->cpu_count));
	}
	out_printf(out, "  ],\n");
}

static void emit_service(struct out *out, const struct decision *d)
{
	const struct cpu *cpu = d->service_cpu == CPU_NONE ? NULL : &d->cpus[d->service_cpu];

	out_printf(out, "  \"service_cpu\": ");
	if (!cpu) {
		out_printf(out, "null,\n");
		return;
	}
	out_printf(out, "{ ");
	text(out, "name", cpu->name);
	out_printf(out, ", ");
	if (cpu->cell == CELL_NONE) {
		out_printf(out, "\"shared_with\": null },\n");
	} else {
		text(out, "shared_with", d->cells[cpu->cell].name);
		out_printf(out, " },\n");
	}
}

static void emit_lines(struct out *out, const struct decision *d)
{
	static const char *const uses[] = { "device", "virtual-device", "kick" };

	out_printf(out, "  \"lines\": [\n");
	for (u32 i = 0; i < d->line_count; i++) {
		const struct line *l = &d->lines[i];

		out_printf(out, "    { \"intid\": %u, \"use\": \"%s\", \"trigger\": \"%s\", \"lent\": %s, \"asked\": %s, ", l->intid,
			   uses[l->use], l->edge ? "edge" : "level", l->lent ? "true" : "false", l->asked ? "true" : "false");
		owner(out, d, l->cell, "core");
		out_printf(out, ", ");
		text(out, "cpu", d->cpus[l->cpu].name);
		out_printf(out, ", ");
		text(out, "what", l->what);
		out_printf(out, ", ");
		text(out, "from", emit_at(d, l->at));
		out_printf(out, " }%s", comma(i, d->line_count));
	}
	out_printf(out, "  ],\n");
}

/* Of a direct cell there are none: what its guest sees are the physical ones. */
static void emit_virtual(struct out *out, const struct decision *d, const struct cell *cell)
{
	const char *separator = "\n";

	out_printf(out, "      \"virtual_lines\": [");
	for (u32 i = 0; i < d->virtual_count; i++) {
		const struct virtual_line *l = &d->virtual_lines[i];

		if (l->cell != cell->index) {
			continue;
		}
		out_printf(out, "%s        { \"intid\": %u, \"spi\": %u, \"trigger\": \"%s\", \"asked\": %s, \"physical\": %u, "
			   "\"limit\": %u, ", separator, l->intid, l->intid - SPI_BASE, l->edge ? "edge" : "level",
			   l->asked ? "true" : "false", l->physical, l->limit);
		text(out, "use", l->physical ? "device" : "virtual-device");
		out_printf(out, ", ");
		text(out, "what", l->what);
		out_printf(out, ", ");
		text(out, "from", emit_at(d, l->at));
		out_printf(out, " }");
		separator = ",\n";
	}
	out_printf(out, "\n      ],\n");
}

static void emit_device_parts(struct out *out, const struct decision *d, u32 index, bool owned)
{
	const struct device *device = &d->devices[index];

	text(out, "why", device->console ? "the core's console" : device->system ? device->system : owned ? dma_text(d, index) :
	     device->master ? device->master : "");
	out_printf(out, ", \"registers\": [");
	for (u32 i = 0; i < device->reg_count; i++) {
		out_printf(out, "%s{ ", i ? ", " : " ");
		hex(out, "base", device->regs[i].base);
		out_printf(out, ", ");
		hex(out, "size", device->regs[i].size);
		out_printf(out, " }");
	}
	out_printf(out, " ], \"intids\": [");
	for (u32 i = 0; i < device->irq_count; i++) {
		out_printf(out, "%s%u", i ? ", " : " ", device->irqs[i].intid);
	}
	out_printf(out, " ]");
}

static void emit_devices(struct out *out, const struct decision *d)
{
	out_printf(out, "  \"devices\": [\n");
	for (u32 i = 0; i < d->device_count; i++) {
		const struct device *device = &d->devices[i];
		const char *name = device_owner(d, i);

		out_printf(out, "    { ");
		text(out, "name", device->name);
		out_printf(out, ", ");
		text(out, "path", device->node->path);
		out_printf(out, ", ");
		text(out, "owner", name ? name : device->console || device->system ? "core" : "nobody");
		out_printf(out, ", \"master\": %s, ", device->master ? "true" : "false");
		emit_device_parts(out, d, i, name != NULL);
		out_printf(out, " }%s", comma(i, d->device_count));
	}
	out_printf(out, "  ],\n");
}

static void emit_images(struct out *out, const struct cell *cell)
{
	static const char *const kinds[IMAGE_KIND_COUNT] = { "kernel", "initrd", "dtb" };
	const char *separator = "\n";

	out_printf(out, "      \"images\": [");
	for (u32 i = 0; i < IMAGE_KIND_COUNT; i++) {
		const struct image *image = &cell->images[i];

		if (!image->present) {
			continue;
		}
		out_printf(out, "%s        { ", separator);
		text(out, "name", image->name);
		out_printf(out, ", \"kind\": \"%s\", \"bytes\": %llu, ", kinds[i], (ull)image->data_size);
		hash(out, image->data, image->data_size);
		out_printf(out, ", ");
		hex(out, "guest", image->guest);
		out_printf(out, ", ");
		hex(out, "physical", image->phys);
		out_printf(out, ", ");
		hex(out, "load_source", image->load_source);
		out_printf(out, ", ");
		emit_stripes(out, &image->backing);
		if (i == IMAGE_KERNEL) {
			out_printf(out, ", \"format\": \"%s%s\", ", image->gzip ? "gzip of " : "", kernel_kind_name(image->kind));
			hex(out, "entry", image->entry);
		}
		out_printf(out, " }");
		separator = ",\n";
	}
	out_printf(out, "\n      ],\n");
}

static const char *console_policy(const struct decision *d, const struct cell *cell)
{
	for (u32 i = cell->first_vdev; i < cell->first_vdev + cell->vdev_count; i++) {
		if (d->vdevs[i].type && d->vdevs[i].type->console) {
			return d->vdevs[i].drop ? "drop" : "block";
		}
	}
	return "none";
}

static void emit_skips(struct out *out, const struct cell *cell)
{
	out_printf(out, "      \"not_given\": [%s", cell->skip_count ? "\n" : "");
	for (u32 i = 0; i < cell->skip_count; i++) {
		out_printf(out, "        { ");
		text(out, "path", cell->skips[i].node->path);
		out_printf(out, ", ");
		text(out, "why", cell->skips[i].why);
		out_printf(out, " }%s", comma(i, cell->skip_count));
	}
	out_printf(out, "      ],\n");
}

static void emit_cell(struct out *out, const struct decision *d, const struct cell *cell)
{
	out_printf(out, "    {\n      ");
	text(out, "name", cell->name);
	out_printf(out, ",\n      \"vmid\": %u, \"strict\": %s, \"debug_stop\": %s, \"debug_gdb\": %s, \"wfi_native\": %s,\n      ", cell->index + 1,
		   cell->strict ? "true" : "false", cell->debug && !cell->gdb ? "true" : "false", cell->gdb ? "true" : "false",
		   cell->wfi || cell->mediated ? "true" : "false");
	emit_json_life(d, cell, out);
	text(out, "interrupts", cell->interrupts);
	out_printf(out, ", \"interrupt_limit\": %u, ", cell->limit);
	text(out, "console", console_policy(d, cell));
	out_printf(out, ", ");
	emit_colors(out, &cell->colors);
	out_printf(out, ",\n      ");
	hex(out, "root", cell->root);
	out_printf(out, ", ");
	hex(out, "root_const", cell->root_const);
	out_printf(out, ", ");
	hex(out, "load_root", cell->load_root);
	out_printf(out, ",\n      \"memory\": [\n");
	for (u32 i = 0; i < cell->ram_count; i++) {
		out_printf(out, "        { ");
		hex(out, "guest", cell->ram[i].guest);
		out_printf(out, ", ");
		hex(out, "physical", cell->ram[i].phys);
		out_printf(out, ", ");
		hex(out, "size", cell->ram[i].size);
		out_printf(out, ", ");
		emit_stripes(out, &cell->ram[i].backing);
		out_printf(out, " }%s", comma(i, cell->ram_count));
	}
	out_printf(out, "      ],\n");
	emit_virtual(out, d, cell);
	emit_skips(out, cell);
	emit_images(out, cell);
	out_printf(out, "      \"map\": [\n");
	emit_extents(out, d, "        ", cell->map, cell->map_count);
	out_printf(out, "      ]\n    }");
}

void emit_json(const struct decision *d, const char *dir)
{
	struct out out = {0};

	out_printf(&out, "{\n  ");
	text(&out, "partition", d->name);
	out_printf(&out, ",\n  \"overlays\": [");
	for (u32 i = 0; i < d->overlay_count; i++) {
		out_printf(&out, i ? ", " : " ");
		emit_json_string(&out, path_base(d->overlays[i]));
	}
	out_printf(&out, " ],\n  ");
	text(&out, "board", d->model);
	out_printf(&out, ",\n  ");
	text(&out, "hash", d->hash);
	out_printf(&out, ",\n  \"dtb\": { \"bytes\": %llu, ", (ull)d->dtb_size);
	hash(&out, d->dtb, d->dtb_size);
	out_printf(&out, " },\n");
	emit_hypervisor(&out, d);
	emit_banks(&out, d);
	emit_caches(&out, d);
	emit_checks(&out);
	out_printf(&out, "  \"pa_bits\": %u,\n  \"line_limit\": %u,\n  \"physical\": [\n", d->pa_bits, d->line_limit);
	emit_extents(&out, d, "    ", d->phys, d->phys_count);
	out_printf(&out, "  ],\n");
	emit_json_shares(d, &out);
	emit_json_ignored(d, &out);
	emit_slots(&out, d);
	emit_cpus(&out, d);
	emit_service(&out, d);
	emit_lines(&out, d);
	emit_devices(&out, d);
	emit_json_functions(d, &out);
	emit_json_dma(d, &out);
	out_printf(&out, "  \"cells\": [\n");
	for (u32 i = 0; i < d->cell_count; i++) {
		emit_cell(&out, d, &d->cells[i]);
		out_printf(&out, "%s", comma(i, d->cell_count));
	}
	out_printf(&out, "  ]\n}\n");
	file_write(dir, "report.json", out.data, out.size);
}
