/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Who writes the registers that isolate: every word of .text that is an MSR to one of them,
 * by the symbol it is in, against the list of docs/cellcheck.md. What is read from
 * machine_regs is proved by regs.c; what the code around an MSR computes is not.
 */
#include <string.h>

#include "cellcheck.h"

/* MSR (register), C6.2: 1101 0101 0001, o0 with op0 = 2 + o0, op1, CRn, CRm, op2, Rt. */
#define REG(op0, op1, n, m, op2) ((u32)((op0) - 2) << 14 | (op1) << 11 | (n) << 7 | (m) << 3 | (op2))

static const struct { const char *name; u32 code; } registers[] = {
	{ "SCTLR_EL2", REG(3, 4, 1, 0, 0) }, { "SCTLR2_EL2", REG(3, 4, 1, 0, 3) },
	{ "HCR_EL2", REG(3, 4, 1, 1, 0) }, { "MDCR_EL2", REG(3, 4, 1, 1, 1) },
	{ "CPTR_EL2", REG(3, 4, 1, 1, 2) }, { "HSTR_EL2", REG(3, 4, 1, 1, 3) }, { "HFGRTR_EL2", REG(3, 4, 1, 1, 4) },
	{ "HFGWTR_EL2", REG(3, 4, 1, 1, 5) }, { "HFGITR_EL2", REG(3, 4, 1, 1, 6) }, { "HCRX_EL2", REG(3, 4, 1, 2, 2) },
	{ "TTBR0_EL2", REG(3, 4, 2, 0, 0) }, { "TTBR1_EL2", REG(3, 4, 2, 0, 1) }, { "TCR_EL2", REG(3, 4, 2, 0, 2) },
	{ "TCR2_EL2", REG(3, 4, 2, 0, 3) }, { "VTTBR_EL2", REG(3, 4, 2, 1, 0) }, { "VTCR_EL2", REG(3, 4, 2, 1, 2) },
	{ "VNCR_EL2", REG(3, 4, 2, 2, 0) }, { "VSTTBR_EL2", REG(3, 4, 2, 6, 0) }, { "VSTCR_EL2", REG(3, 4, 2, 6, 2) },
	{ "HDFGRTR_EL2", REG(3, 4, 3, 1, 4) }, { "HDFGWTR_EL2", REG(3, 4, 3, 1, 5) }, { "MAIR_EL2", REG(3, 4, 10, 2, 0) },
	{ "MAIR2_EL2", REG(3, 4, 10, 1, 1) }, { "PIR_EL2", REG(3, 4, 10, 2, 3) }, { "S2PIR_EL2", REG(3, 4, 10, 2, 5) },
	{ "VBAR_EL2", REG(3, 4, 12, 0, 0) }, { "ICC_SRE_EL2", REG(3, 4, 12, 9, 5) }, { "ICH_HCR_EL2", REG(3, 4, 12, 11, 0) },
	{ "TPIDR_EL2", REG(3, 4, 13, 0, 2) }, { "CNTHCTL_EL2", REG(3, 4, 14, 1, 0) }, { "CNTVOFF_EL2", REG(3, 4, 14, 0, 3) },
	{ "VPIDR_EL2", REG(3, 4, 0, 0, 0) }, { "VMPIDR_EL2", REG(3, 4, 0, 0, 5) },
};

/* register, symbol, how often at most: compilers may double a store for two branches */
static const struct { const char *name, *place; unsigned most; } allowed[] = {
	{ "HCR_EL2", "boot", 1 }, { "HCR_EL2", "set_up_cpu", 1 }, { "HCR_EL2", "arch_cpu_init", 1 }, { "HCR_EL2", "arch_vcpu_reset", 2 },
	{ "HCR_EL2", "gic_wait_mask", 1 }, { "HCR_EL2", "smccc_call", 2 }, { "HCR_EL2", "wfx", 2 },
	{ "SCTLR_EL2", "set_up_cpu", 1 }, { "TTBR0_EL2", "set_up_cpu", 1 }, { "TCR_EL2", "set_up_cpu", 1 },
	{ "MAIR_EL2", "set_up_cpu", 1 }, { "TPIDR_EL2", "set_up_cpu", 1 }, { "VBAR_EL2", "at_home", 1 },
	{ "VBAR_EL2", "set_up_cpu", 1 }, { "VTTBR_EL2", "arch_vcpu_reset", 2 }, { "VTCR_EL2", "arch_cpu_init", 1 },
	{ "MDCR_EL2", "arch_cpu_init", 1 }, { "CPTR_EL2", "arch_cpu_init", 1 }, { "HSTR_EL2", "arch_cpu_init", 1 },
	{ "SCTLR2_EL2", "arch_cpu_init", 1 }, { "TCR2_EL2", "arch_cpu_init", 1 }, { "HCRX_EL2", "arch_cpu_init", 1 },
	{ "HFGRTR_EL2", "arch_cpu_init", 1 }, { "HFGWTR_EL2", "arch_cpu_init", 1 },
	{ "HFGITR_EL2", "arch_cpu_init", 1 }, { "HDFGRTR_EL2", "arch_cpu_init", 1 }, { "HDFGWTR_EL2", "arch_cpu_init", 1 },
	{ "CNTHCTL_EL2", "arch_cpu_init", 1 }, { "CNTVOFF_EL2", "arch_cpu_init", 1 }, { "VPIDR_EL2", "arch_cpu_init", 1 },
	{ "VMPIDR_EL2", "arch_cpu_init", 1 }, { "ICC_SRE_EL2", "gic_cpu_init", 1 }, { "ICH_HCR_EL2", "arch_cpu_init", 1 },
	/* one of the two tables of vectors: vectors.c */
	{ "VBAR_EL2", "arch_trace_switch", 1 },
	/* the guest's own CPU reads its memory for the core, under the load root: from machine_regs and back (decisions/0019, 0023) */
	{ "VTTBR_EL2", "reader_enter", 1 }, { "HCR_EL2", "reader_enter", 1 },
	{ "VTTBR_EL2", "reader_leave", 1 }, { "HCR_EL2", "reader_leave", 1 },
	/* the TLBs of another cell's CPUs, by its VMID and its root, which is zero meanwhile; and back (decisions/0021) */
	{ "VTTBR_EL2", "arch_cell_revoke", 3 }, { "HCR_EL2", "arch_cell_revoke", 2 },
	/* a CPU goes on that has waited in the core: its interrupts are the guest's again, by machine_regs */
	{ "HCR_EL2", "give_back", 1 }, { "HCR_EL2", "arch_vcpu_resume", 1 }, { "HCR_EL2", "arch_vcpu_step", 1 }, { "ICH_HCR_EL2", "vgic_mediated_pause", 1 },
	{ "ICH_HCR_EL2", "vgic_mediated_cpu_init", 1 }, { "ICH_HCR_EL2", "write_back", 1 },
	/* write_back again, in the functions it may be inlined into */
	{ "ICH_HCR_EL2", "vgic_mediated_sync", 1 }, { "ICH_HCR_EL2", "vgic_mediated_start", 1 },
	{ "ICH_HCR_EL2", "vgic_mediated_stop", 1 }, { "ICH_HCR_EL2", "vgic_mediated_access", 1 },
	{ "ICH_HCR_EL2", "vgic_mediated_resume", 1 }, { "ICH_HCR_EL2", "vgic_mediated_trap", 1 }, { "ICH_HCR_EL2", "vgic_mediated_line", 1 },
};

/* The nearest symbol at or below an address of .text. */
static const char *place_of(const struct image *img, u64 address)
{
	size_t low = 0, high = img->places.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (img->places.v[middle].value <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? img->places.v[low - 1].name : "(no symbol)";
}

static const char *register_of(u32 word)
{
	/* MSRR, 128 bits at once, reaches TTBR0_EL2 and VTTBR_EL2 under the same codes */
	if ((word & 0xfff00000) != 0xd5100000 && (word & 0xfff00000) != 0xd5500000)
		return NULL;
	for (size_t i = 0; i < sizeof registers / sizeof registers[0]; i++)
		if (registers[i].code == (word >> 5 & 0x7fff))
			return registers[i].name;
	return NULL;
}

static const char anywhere[] = "(all of .text)"; /* cloison.bin alone has no symbols */

static void count(struct check *c, const char *reg, const char *place)
{
	struct site *s = NULL;

	for (size_t i = 0; i < c->sites.n && !s; i++)
		if (c->sites.v[i].reg == reg && !strcmp(c->sites.v[i].place, place))
			s = &c->sites.v[i];
	if (!s) {
		s = VEC_ADD(&c->arena, c->sites);
		*s = (struct site) { reg, place, 0, 0 };
		for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
			if (!strcmp(allowed[i].name, reg) && (place == anywhere || !strcmp(allowed[i].place, place)))
				s->allowed += allowed[i].most;
	}
	s->count++;
}

void check_scan(struct check *c)
{
	const struct section *text = c->img->text;

	for (u64 at = 0; at + 4 <= text->size; at += 4) {
		const char *reg = register_of((u32)get(text->bytes + at, 4));

		if (reg)
			count(c, reg, c->img->bare ? anywhere : place_of(c->img, text->base + at));
	}
	if (c->img->bare)
		*VEC_ADD(&c->arena, c->notes) = "which function writes which register: without symbols each is only counted";
	for (size_t i = 0; i < c->sites.n; i++)
		if (c->sites.v[i].count > c->sites.v[i].allowed)
			finding(c, "msr", "%s is written %u times in %s, where %u are allowed (docs/cellcheck.md)", c->sites.v[i].reg,
				c->sites.v[i].count, c->sites.v[i].place, c->sites.v[i].allowed);
}
