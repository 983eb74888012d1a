/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the partition asks for: the hypervisor node and its cells. References
 * are resolved as far as they lead somewhere; what leads nowhere stays in the
 * model with a NULL node, for check.c to report.
 */
#include <stdlib.h>
#include <string.h>

#include "parts.h"

/* What a cell gets that says nothing. */
#define INTERRUPTS_DEFAULT "mediated"

/* The third cell of a cluster in cpus: System Device Tree, "cpus Property". */
#define MODE_LEVEL 3u
#define MODE_SECURE 0x80000000u
#define MODE_LOCKSTEP 0x40000000u /* of Cortex-R5 */

static u16 cpu_of(const struct decision *d, const struct node *node)
{
	for (u32 i = 0; node && i < d->cpu_count; i++) {
		if (d->cpus[i].node == node) {
			return (u16)i;
		}
	}
	return CPU_NONE;
}

struct claims {
	struct cpu_claim *list;
	u32 count;
	struct pos at;
};

static void claim(const struct decision *d, struct claims *claims, u32 phandle, const struct node *node)
{
	struct cpu_claim *c = mem_push(&claims->list, &claims->count, sizeof(*c));

	*c = (struct cpu_claim){ .phandle = phandle, .node = node, .cpu = cpu_of(d, node), .at = claims->at };
}

/*
 * The System Device Tree's form: a cluster, a mask of its CPUs in their order, and a mode. Of the mode two bits are an
 * exception level and the highest one is the secure state; a guest runs at EL1, not secure, whatever is asked for.
 */
static void claim_cluster(const struct decision *d, struct claims *claims, const struct node *cluster, u32 mask)
{
	u32 number = 0;

	for (const struct node *node = cluster->child; node && number < 32; node = node->next) {
		if (cpu_of(d, node) == CPU_NONE) {
			continue;
		}
		if (mask & BIT(number)) {
			claim(d, claims, node->phandle, node);
		}
		number++;
	}
	if (number < 32 && mask >> number) {
		claim(d, claims, 0, NULL);
	}
}

static bool is_cluster(const struct decision *d, const struct node *node)
{
	const struct node *child = node ? node->child : NULL;

	while (child && cpu_of(d, child) == CPU_NONE) {
		child = child->next;
	}
	return child != NULL;
}

/* Why this mode cannot be had at this level, not secure; NULL: it can. */
static const char *why_not(u32 mode, u32 level)
{
	if (mode & MODE_SECURE) {
		return "bit 31 is the secure state, and what Cloison runs is not secure";
	}
	if (mode & MODE_LOCKSTEP) {
		return "bit 30 is lockstep, which only Cortex-R5 has";
	}
	if (mode & ~(MODE_SECURE | MODE_LOCKSTEP | MODE_LEVEL)) {
		return "bits 2 to 29 are reserved";
	}
	if ((mode & MODE_LEVEL) > level) {
		return mem_format("that is EL%u, but it runs at EL%u", mode & MODE_LEVEL, level);
	}
	return NULL;
}

static void check_cluster(const struct node *node, const struct node *cluster, const struct prop *prop, u32 index, u32 level,
			  struct diag *diag)
{
	u32 mask = prop_cell(prop, index + 1), mode = prop_cell(prop, index + 2);
	const char *problem = why_not(mode, level);
	u32 width = node_own_cells(cluster, "#cpus-mask-cells", 1);

	if (prop->size / 4 < index + 3) {
		diag_error(diag, "bad-property", prop->at, "cpus of '%s' names a cluster, but a mask of its CPUs and a mode have to "
			   "follow, such as <&cluster 0x3 0x0>", node->name);
	} else if (width != 1) {
		diag_error(diag, "not-supported", prop->at, "cpus of '%s' names the cluster %s, whose masks have %u cells (%s); only masks of "
			   "one cell are supported", node->name, node_nick(cluster), width,
			   diag_at(prop_at(cluster, "#cpus-mask-cells")));
	} else if (mask == 0) {
		diag_error(diag, "bad-value", prop->at, "cpus of '%s' names a cluster with the mask 0, which is no CPU at all; set one "
			   "bit for each CPU", node->name);
	} else if (problem) {
		diag_error(diag, "bad-value", prop->at, "cpus of '%s' asks for mode 0x%x: %s; write 0x%x", node->name, mode, problem, level);
	}
}

static void load_claims(const struct decision *d, const struct node *node, struct claims *claims, struct diag *diag)
{
	const struct prop *prop = node_prop(node, "cpus");

	if (!prop) {
		return;
	}
	claims->at = prop->at;
	if (prop->size == 0 || prop->size % 4 != 0) {
		diag_error(diag, "bad-property", prop->at, "cpus of '%s' is not a list of references such as <&cpu0 &cpu1>",
			   node->name);
		return;
	}
	for (u32 i = 0; i < prop->size / 4; i++) {
		u32 phandle = prop_cell(prop, i);
		const struct node *target = tree_phandle(d->tree, phandle);

		if (is_cluster(d, target)) {
			check_cluster(node, target, prop, i, node == d->hyp.node ? 2 : 1, diag);
			claim_cluster(d, claims, target, prop_cell(prop, i + 1));
			i += 2;
		} else {
			claim(d, claims, phandle, target);
		}
	}
}

static void load_console(struct decision *d, struct diag *diag)
{
	struct hypervisor *h = &d->hyp;
	const struct prop *prop = node_prop(h->node, "cloison,console");
	const struct node *chosen = tree_path(d->tree, "/chosen");
	const char *path = chosen ? node_string(chosen, "stdout-path") : NULL;
	const struct prop *clocks, *frequency;
	const struct node *clock;

	if (prop && prop->size != 4) {
		diag_error(diag, "bad-property", prop->at, "cloison,console is one reference, such as <&uart0>");
	}
	h->console_asked = prop != NULL;
	h->console_at = prop ? prop->at : chosen ? prop_at(chosen, "stdout-path") : h->node->at;
	h->console = prop ? tree_phandle(d->tree, prop_cell(prop, 0)) :
		     path ? tree_path(d->tree, mem_text(path, strcspn(path, ":"))) : NULL;
	h->console_device = device_of(d, h->console);
	if (h->console_device == DEVICE_NONE) {
		return;
	}
	d->devices[h->console_device].console = true;
	clocks = node_prop(h->console, "clocks");
	clock = clocks ? tree_phandle(d->tree, prop_cell(clocks, 0)) : NULL;
	frequency = clock ? node_prop(clock, "clock-frequency") : NULL;
	h->console_clock = frequency ? prop_cell(frequency, 0) : 0;
}

static void load_hypervisor(struct decision *d, struct diag *diag)
{
	struct hypervisor *h = &d->hyp;
	const struct prop *memory = node_prop(h->node, "memory");
	struct range *ranges = NULL;
	struct claims claims = {0};

	h->memory_at = prop_at(h->node, "memory");
	if (!memory) {
		diag_error(diag, "hypervisor-no-memory", h->node->at, "the hypervisor node has no memory; give it one physical "
			   "range, such as memory = <0x0 0x40000000 0x0 0x01000000>");
	} else {
		h->memory_count = prop_ranges(memory, node_cells(h->node, "#address-cells", 2),
					      node_cells(h->node, "#size-cells", 2), &ranges, diag);
		h->memory = h->memory_count ? ranges[0] : h->memory;
	}
	load_claims(d, h->node, &claims, diag);
	h->cpus = claims.list;
	h->cpu_count = claims.count;
	dt_colors(d, h->node, &h->colors, diag);
	load_console(d, diag);
	dt_core(d, diag);
}

/* cloison,physical-base: one 64-bit address per range of memory. */
static void load_bases(struct cell *cell, struct diag *diag)
{
	const struct prop *bases = node_prop(cell->node, "cloison,physical-base");

	if (!bases) {
		return;
	}
	if (bases->size != cell->ram_count * 8) {
		diag_error(diag, "bad-property", bases->at, "cloison,physical-base of '%s' has %u bytes; %u range(s) of memory "
			   "need one 64-bit address (two cells) each", cell->name, bases->size, cell->ram_count);
		return;
	}
	for (u32 i = 0; i < cell->ram_count; i++) {
		cell->ram[i].phys = prop_number(bases, i * 2, 2);
		cell->ram[i].phys_asked = true;
		cell->ram[i].phys_at = bases->at;
	}
}

static void load_ram(struct cell *cell, struct diag *diag)
{
	const struct prop *memory = node_prop(cell->node, "memory");
	struct range *ranges = NULL;
	u32 count;

	if (!memory) {
		return;
	}
	count = prop_ranges(memory, node_cells(cell->node, "#address-cells", 2), node_cells(cell->node, "#size-cells", 2),
			    &ranges, diag);
	for (u32 i = 0; i < count; i++) {
		struct ram *ram = mem_push(&cell->ram, &cell->ram_count, sizeof(*ram));

		*ram = (struct ram){ .guest = ranges[i].base, .size = ranges[i].size, .phys = ADDRESS_NONE, .at = memory->at,
			.phys_at = memory->at };
	}
	load_bases(cell, diag);
}

static void load_image(struct cell *cell, enum image_kind kind, const char *prop)
{
	struct image *image = &cell->images[kind];
	const char *name = node_string(cell->node, prop);

	*image = (struct image){ .present = name != NULL, .name = name, .guest = ADDRESS_NONE, .phys = ADDRESS_NONE,
		.at = prop_at(cell->node, prop) };
}

/* A guest address as one 64-bit number, whatever #address-cells says: as cloison,physical-base has it. */
static struct address_wish load_address(const struct cell *cell, const char *name, struct diag *diag)
{
	const struct prop *prop = node_prop(cell->node, name);

	if (prop && prop->size != 8) {
		diag_error(diag, "bad-property", prop->at, "%s of '%s' has %u bytes; it is one 64-bit guest address (two cells), such as "
			   "<0x0 0x40080000>", name, cell->name, prop->size);
		prop = NULL;
	}
	return (struct address_wish){ .asked = prop != NULL, .value = prop ? prop_number(prop, 0, 2) : 0,
		.at = prop_at(cell->node, name) };
}

static void load_cell(struct decision *d, const struct node *node, struct diag *diag)
{
	struct cell *cell = mem_push(&d->cells, &d->cell_count, sizeof(*cell));
	struct claims claims = {0};
	const char *interrupts;

	*cell = (struct cell){ .node = node, .name = node->name, .index = (u16)(d->cell_count - 1), .at = node->at };
	load_claims(d, node, &claims, diag);
	cell->cpus = claims.list;
	cell->cpu_count = claims.count;
	load_ram(cell, diag);
	dt_access(d, cell, diag);
	cell->trust = node_prop(node, "cloison,trusted-dma");
	dt_shares(d, cell, diag);
	load_image(cell, IMAGE_KERNEL, "cloison,kernel");
	load_image(cell, IMAGE_INITRD, "cloison,initrd");
	cell->kernel_kind = node_string(node, "cloison,kernel-kind");
	cell->load_address = load_address(cell, "cloison,load-address", diag);
	cell->entry = load_address(cell, "cloison,entry", diag);
	interrupts = node_string(node, "cloison,interrupts");
	cell->interrupts = interrupts ? interrupts : INTERRUPTS_DEFAULT;
	cell->mediated = strcmp(cell->interrupts, "direct") != 0;
	dt_mediated(d, cell, diag);
	cell->wfi = node_string(node, "cloison,wfi");
	cell->debug = node_string(node, "cloison,debug");
	cell->gdb = cell->debug && strcmp(cell->debug, "gdb") == 0;
	cell->strict = node_prop(node, "cloison,strict") != NULL;
	dt_policy(d, cell, diag);
	dt_life(cell, diag);
	dt_colors(d, node, &cell->colors, diag);
	dt_vdevs(d, cell, diag);
}

void dt_cells(struct decision *d, struct diag *diag)
{
	d->hyp.console_device = DEVICE_NONE;
	d->hyp.crash.reserve = RESERVE_NONE;
	d->hyp.watchdog.device = DEVICE_NONE;
	d->service_cpu = CPU_NONE;
	d->domains = tree_path(d->tree, "/domains");
	d->hyp.node = domain_hypervisor(d);
	if (!d->hyp.node) {
		diag_error(diag, "no-hypervisor", d->domains ? d->domains->at : d->tree->root->at, "there is no node below "
			   "/domains that is compatible with \"openamp,hypervisor-v1\": nothing to generate");
		return;
	}
	load_hypervisor(d, diag);
	for (u32 i = 0; i < d->tree->node_count; i++) {
		if (domain_is_cell(d, d->tree->nodes[i])) {
			load_cell(d, d->tree->nodes[i], diag);
		}
	}
	dt_controls(d, diag);
	dt_streams(d, diag);
}
