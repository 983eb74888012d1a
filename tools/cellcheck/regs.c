/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* machine_regs: the values of the control registers, exact. docs/image-format.md "Control registers". */
#include "cellcheck.h"

#define REGS 128

/* PS of TCR_EL2 and VTCR_EL2. */
static u64 pa_size(u64 bits)
{
	return bits == 40 ? 2 : bits == 42 ? 3 : bits == 44 ? 4 : bits == 48 ? 5 : 7;
}

static void regs_of_cell(struct check *c, struct object o, size_t cpu, size_t cell, size_t vcpu, const char *who)
{
	const struct ask_cell *ask = &c->ask->cells.v[cell];
	u64 run = ask->direct ? ask->wfi_native ? 0x318803c0027 : 0x318803c2027 : 0x318803c003f;
	u64 load = ask->direct ? 0x318803c1027 : 0x318803c103f, tsw = c->ask->colored || c->ask->colors.set ? 0x400000 : 0, root;

	image_phys(c->img, c->img->roots->base + cell * PAGE, &root);
	expect(c, "register", who, "vttbr_run", object_field(o, REGS, cpu, 56, 8), (u64)(cell + 1) << 48 | root);
	expect(c, "register", who, "vttbr_load", object_field(o, REGS, cpu, 64, 8), 255ull << 48 | c->cells[cell].load.root);
	expect(c, "register", who, "hcr_run", object_field(o, REGS, cpu, 72, 8), run + tsw);
	expect(c, "register", who, "hcr_load", object_field(o, REGS, cpu, 80, 8), load + tsw);
	expect(c, "register", who, "mdcr_el2", object_field(o, REGS, cpu, 88, 8), ask->debug_stop || ask->debug_gdb ? 0x84160 : 0x84060);
	expect(c, "register", who, "ich_hcr_el2", object_field(o, REGS, cpu, 112, 8), ask->direct ? 0xc00 : 0x801);
	expect(c, "register", who, "vmpidr_el2", object_field(o, REGS, cpu, 120, 8), 0x80000000 + (vcpu & 15) + (vcpu >> 4 << 8));
}

static void regs_of_none(struct check *c, struct object o, size_t cpu, const char *who)
{
	static const struct { const char *name; size_t offset; u64 value; } all[] = {
		{ "vttbr_run", 56, 0 }, { "vttbr_load", 64, 0 }, { "hcr_run", 72, 0x80000038 }, { "hcr_load", 80, 0x80000038 },
		{ "mdcr_el2", 88, 0x84060 }, { "ich_hcr_el2", 112, 0 }, { "vmpidr_el2", 120, 0 },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		expect(c, "register", who, all[i].name, object_field(o, REGS, cpu, all[i].offset, 8), all[i].value);
}

static void regs_of_all(struct check *c, struct object o, size_t cpu, const char *who)
{
	u64 ps = pa_size(c->pa_bits) << 16;

	expect(c, "register", who, "hw_id", object_field(o, REGS, cpu, 0, 8), c->hw->cpus.v[cpu].id);
	expect(c, "register", who, "stack", object_field(o, REGS, cpu, 8, 8), c->stack0 + cpu * 16 * KIB);
	expect(c, "register", who, "sctlr_el2", object_field(o, REGS, cpu, 16, 8), 0x30cd183f);
	expect(c, "register", who, "tcr_el2", object_field(o, REGS, cpu, 24, 8), 0x80803519 + ps);
	expect(c, "register", who, "mair_el2", object_field(o, REGS, cpu, 32, 8), 0x44ff00);
	expect(c, "register", who, "vtcr_el2", object_field(o, REGS, cpu, 48, 8), 0x80003559 + ps);
	expect(c, "register", who, "cptr_el2", object_field(o, REGS, cpu, 96, 8), 0x401033ff);
	expect(c, "register", who, "cnthctl_el2", object_field(o, REGS, cpu, 104, 8), 3);
}

void check_regs(struct check *c)
{
	struct object o = object_get(c, "machine_regs", c->hw->cpus.n * REGS);

	expect(c, "register", "machine_regs", "address", o.address, c->img->rodata->base);
	for (size_t i = 0; o.p && i < c->hw->cpus.n; i++)
		for (size_t n = 0; n < i; n++)
			if (c->hw->cpus.v[i].id == c->hw->cpus.v[n].id)
				finding(c, "register", "CPUs %zu and %zu have the same affinity", n, i);
	if (c->ask->cells.n > 254)
		finding(c, "register", "more cells than VMIDs");
	if (pa_size(c->pa_bits) == 7)
		finding(c, "register", "machine_board: pa_bits is %llu", c->pa_bits);
	for (size_t i = 0; o.p && i < c->hw->cpus.n; i++) {
		char *who = arena_text(&c->arena, "registers of CPU %zu", i);
		bool owned = false;

		regs_of_all(c, o, i, who);
		for (size_t cell = 0; cell < c->ask->cells.n; cell++)
			for (size_t n = 0; n < c->ask->cells.v[cell].cpus.n; n++)
				if (c->ask->cells.v[cell].cpus.v[n] == (int)i) {
					regs_of_cell(c, o, i, cell, n, who);
					owned = true;
				}
		if (!owned)
			regs_of_none(c, o, i, who);
	}
}
