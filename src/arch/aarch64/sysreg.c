/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Trapped system registers: what a guest finds on every CPU model.
 *
 *   ID space        read from the CPU, fields the guest may not use cleared (id_masks): entry.S
 *   GIC CPU if.     what ICH_HCR_EL2.TC traps is passed on, checked: fast_register.c, but SGIs that are rare
 *   some others     read as zero, ignore writes: fast_register.c
 *   everything else is UNDEFINED
 */
#include "core/bound.h"
#include "core/cell.h"
#include "gic.h"
#include "gic_cpu.h"
#include "idregs.h"
#include "sysreg.h"
#include "trap.h"
#include "vgic.h"

#define ISS_OP0(name) ((name) >> 20 & 3)
#define ISS_CRN(name) ((name) >> 10 & 0xf)

#define KEEP(field, bits) (((1ULL << (bits)) - 1) << (field))
#define ALL (~0ULL)

/*
 * What remains of an identification register S3_0_C0_C<crm>_<op2>. Not listed: zero. A field stays if the guest may use the
 * feature and the core need not save or enable anything for it. Two fields have a limit besides: entry.S.
 */
#define ID(crm, op2) [(crm - 1) * 8 + op2]
const u64 id_masks[ID_COUNT] = {
	ID(1, 0) = ALL, ID(1, 3) = ALL, ID(1, 4) = ALL, ID(1, 5) = ALL, ID(1, 6) = ALL, ID(1, 7) = ALL, /* crm 1 to 3: of AArch32 */
	ID(1, 1) = ALL & ~KEEP(12, 4),                                /* PFR1: no EL2 */
	ID(1, 2) = KEEP(0, 12),                                       /* DFR0: no PMU, no trace */
	ID(2, 0) = ALL, ID(2, 1) = ALL, ID(2, 2) = ALL, ID(2, 3) = ALL, ID(2, 4) = ALL, ID(2, 5) = ALL, ID(2, 6) = ALL, ID(2, 7) = ALL,
	ID(3, 0) = ALL, ID(3, 1) = ALL, ID(3, 2) = ALL, ID(3, 3) = ALL, ID(3, 4) = ALL, ID(3, 5) = ALL, ID(3, 6) = ALL, ID(3, 7) = ALL,
	ID(4, 0) = KEEP(0, 8) | KEEP(12, 16) | KEEP(48, 4) | KEEP(56, 8), /* PFR0: no EL2, RAS, SVE, SEL2, MPAM, AMU, RME */
	ID(4, 1) = KEEP(0, 8),                                        /* PFR1: BTI, SSBS; no MTE, SME, NMI, GCS */
	ID(5, 0) = KEEP(0, 4) | KEEP(12, 4) | KEEP(20, 4) | KEEP(28, 4) | KEEP(36, 4), /* DFR0: breakpoints; no PMU, SPE, trace */
	ID(6, 0) = ALL & ~KEEP(24, 4),                                /* ISAR0: no TME */
	ID(6, 1) = ALL & ~(KEEP(56, 4) | KEEP(60, 4)),                /* ISAR1: no XS, LS64 (enabled in HCRX_EL2) */
	ID(6, 2) = KEEP(4, 12) | KEEP(20, 12) | KEEP(48, 8),          /* ISAR2: PAuth, BC, CLRBHB, CSSC; no WFxT (TWI), MOPS (HCRX) */
	ID(7, 0) = KEEP(0, 32),                                       /* MMFR0: no ExS, FGT, ECV, stage 2 granules */
	ID(7, 1) = KEEP(0, 4) | KEEP(12, 4) | KEEP(20, 8) | KEEP(36, 4) | KEEP(44, 4) | KEEP(60, 4), /* MMFR1: HAFDBS HPDS PAN SpecSEI ETS AFP ECBHB */
	ID(7, 2) = KEEP(0, 8) | KEEP(16, 8) | KEEP(28, 12) | KEEP(48, 8) | KEEP(60, 4), /* MMFR2: CnP UAO VARange CCIDX ST AT IDS TTL BBM E0PD */
};

/* SGIs the short path leaves: to all but self, or to vCPUs from 16 on. */
static void send_sgi(const struct cpu *cpu, u64 value)
{
	const u16 *cpus = &machine_cell_cpus[cpu->cell->first_cpu];
	u32 first = (u32)(value >> 16 & 0xff) * 16;
	bool all = value & SGI1R_IRM;

	if (!all && value & 0xfff0ff00000000ULL)
		return; /* Aff2, Aff3, targets from 16 on: no vCPU has them */
	for (u32 n = 0; n < cpu->cell->vcpu_count; n++) {
		LOOP_BOUND(CELL_VCPU_LIMIT);
		if (all ? n != cpu->vcpu_index : n - first < 16 && value >> (n - first) & 1)
			WRITE_SYSREG(ICC_SGI1R_EL1, gic_sgi_route(machine_cpus[cpus[n]].hw_id) | (value & SGI1R_INTID));
	}
}

/* Only with MDCR_EL2.TDE; Linux clears them at boot. */
static bool is_debug(const struct cpu *cpu, u32 name)
{
	return ISS_OP0(name) == 2 && (cpu->cell->debug_stop || cpu->cell->debug_gdb);
}

static bool emulate(struct cpu *cpu, u32 name, bool read, u64 *value)
{
	if (is_debug(cpu, name))
		return true; /* reads as zero, ignores writes */
	if (cpu->arch.vgic)
		return vgic_mediated_trap(cpu, name, read, value);
	if (name != ISS_SYSREG(3, 0, 12, 11, 5)) /* ICC_SGI1R_EL1 */
		return false;
	if (!read)
		send_sgi(cpu, *value);
	return true;
}

void sysreg_trap(struct cpu *cpu, u64 esr)
{
	u32 name = ISS_NAME(esr), rt = ISS_RT(esr);
	bool read = ISS_READ(esr);
	u64 value = read ? 0 : cpu->frame.x[rt];

	if (!emulate(cpu, name, read, &value)) {
		/* Maintenance by set and way (CRn 7, trapped where cells have cache colours) would flush others' too: ignored */
		trap_denied(cpu, ISS_CRN(name) != 7);
		return;
	}
	cell_count_exit(cpu, EXIT_SYSREG);
	if (read && rt != 31)
		cpu->frame.x[rt] = value;
	trap_advance();
}
