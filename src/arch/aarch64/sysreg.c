/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Trapped system registers: what a guest finds on every CPU model.
 *
 *   ID space        read from the CPU, fields the guest may not use cleared (id_masks)
 *   GIC CPU if.     what ICH_HCR_EL2.TC traps is passed on, checked
 *   everything else one table with reasons (denied): reads zero, ignores writes, or is UNDEFINED
 */
#include "core/bound.h"
#include "core/cell.h"
#include "gic.h"
#include "gic_cpu.h"
#include "idregs.h"
#include "sysreg.h"
#include "trap.h"
#include "vgic.h"

#define ISS_NAME(esr) ((u32)(esr) & 0x3ffc1e)
#define ISS_RT(esr) ((u32)(esr) >> 5 & 0x1f)
#define ISS_READ(esr) ((esr) & 1)
#define ISS_OP0(name) ((name) >> 20 & 3)
#define ISS_CRN(name) ((name) >> 10 & 0xf)
#define ISS_CRM(name) ((name) >> 1 & 0xf)
#define ISS_OP1(name) ((name) >> 14 & 7)
#define ISS_OP2(name) ((name) >> 17 & 7)
#define ID_SPACE_MASK ISS_SYSREG(0u, 0, 0, 15, 7) /* the ID space, S3_0_C0_C<1 to 7>_<0 to 7>, is what remains without these */

#define KEEP(field, bits) (((1ULL << (bits)) - 1) << (field))
#define ALL (~0ULL)

/*
 * What remains of an identification register S3_0_C0_C<crm>_<op2>, crm 4 to 7. Not listed: zero. Those of
 * AArch32, crm 1 to 3, are as they are but one. A field stays if the guest may use the feature and the core need not save
 * or enable anything for it.
 */
#define ID(crm, op2) [(crm - 4) * 8 + op2]
static const u64 id_masks[32] = {
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
#define ID_DFR0_KEEP KEEP(0, 12) /* crm 1, op2 2: no PMU, no trace */

#define PARANGE_MAX 2 /* 40 bits: stage 2 takes 39 */

static u64 id_read(u32 name)
{
	u32 crm = ISS_CRM(name), op2 = ISS_OP2(name);
	u64 value = idreg_read(crm, op2);

	if (crm >= 4)
		value &= id_masks[(crm - 4) * 8 + op2];
	else if (crm == 1 && op2 == 2)
		value &= ID_DFR0_KEEP;
	if (crm == 7 && op2 == 0 && (value & 0xf) > PARANGE_MAX)
		value = (value & ~0xfULL) | PARANGE_MAX;
	if (crm == 4 && op2 == 0 && (value >> 56 & 0xf) > 1)
		value = (value & ~KEEP(56, 4)) | 1ULL << 56; /* CSV2_1: SCXTNUM_ELx stay disabled */
	return value;
}

/* Deactivate: only a line of the cell's own, or a private one. */
static void deactivate(const struct cpu *cpu, u64 value)
{
	u32 intid = (u32)value & 0xffffff;

	if (intid < 32 || (intid < 32 * GIC_LINE_WORDS && cpu->cell->arch.lines[intid / 32] >> intid % 32 & 1))
		WRITE_SYSREG(ICC_DIR_EL1, intid);
}

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

#define CTLR_PASSED (BIT(0) | BIT(1)) /* CBPR, EOImode */

/* The CPU interface's trapped registers. False: not one of them. */
static bool gic_trap(struct cpu *cpu, u32 name, bool read, u64 *value)
{
	if (cpu->arch.vgic)
		return vgic_mediated_trap(cpu, name, read, value);
	switch (name) {
	case ISS_SYSREG(3, 0, 4, 6, 0): /* ICC_PMR_EL1 */
		if (read)
			*value = READ_SYSREG(ICC_PMR_EL1);
		else
			WRITE_SYSREG(ICC_PMR_EL1, *value & 0xff);
		return true;
	case ISS_SYSREG(3, 0, 12, 12, 4): /* ICC_CTLR_EL1 */
		if (read)
			*value = READ_SYSREG(ICC_CTLR_EL1);
		else
			WRITE_SYSREG(ICC_CTLR_EL1, *value & CTLR_PASSED);
		return true;
	case ISS_SYSREG(3, 0, 12, 12, 5): /* ICC_SRE_EL1: system registers, always */
		*value = 7;
		return true;
	case ISS_SYSREG(3, 0, 12, 11, 3): /* ICC_RPR_EL1 */
		*value = READ_SYSREG(ICC_RPR_EL1);
		return true;
	case ISS_SYSREG(3, 0, 12, 11, 1): /* ICC_DIR_EL1 */
		if (!read)
			deactivate(cpu, *value);
		return true;
	case ISS_SYSREG(3, 0, 12, 11, 5): /* ICC_SGI1R_EL1 */
		if (!read)
			send_sgi(cpu, *value);
		return true;
	case ISS_SYSREG(3, 0, 12, 8, 0): /* ICC_IAR0_EL1, ICC_HPPIR0_EL1: nothing is ever pending */
	case ISS_SYSREG(3, 0, 12, 8, 2):
		*value = 1023;
		return true;
	default:
		return false;
	}
}

/*
 * Registers that read as zero and ignore writes although the guest is told the
 * feature is not there, because unmodified kernels touch them all the same.
 */
static bool reads_as_zero(const struct cpu *cpu, u32 name)
{
	u32 crn = ISS_CRN(name), crm = ISS_CRM(name);

	if (ISS_OP0(name) == 2)
		return cpu->cell->debug_stop || cpu->cell->debug_gdb; /* debug registers trap with MDCR_EL2.TDE only; Linux clears them at boot */
	if (ISS_OP0(name) != 3 || ISS_OP1(name) != 0)
		return false;
	if (name == ISS_SYSREG(3, 0, 1, 0, 1))
		return true; /* ACTLR_EL1: exists on every CPU; implementation defined, so nothing to say */
	return crn == 12 && (crm == 8 || crm == 11 || (crm == 12 && ISS_OP2(name) == 6)); /* GIC group 0: Linux clears AP0R, boot code IGRPEN0 */
}

void sysreg_trap(struct cpu *cpu, u64 esr)
{
	u32 name = ISS_NAME(esr), rt = ISS_RT(esr);
	bool read = ISS_READ(esr);
	u64 value = read ? 0 : cpu->frame.x[rt];

	if (read && (name & ~ID_SPACE_MASK) == ISS_SYSREG(3, 0, 0, 0, 0) && ISS_CRM(name) - 1 < 7) {
		cell_count_exit(cpu, EXIT_ID);
		value = id_read(name);
	} else if (gic_trap(cpu, name, read, &value) || reads_as_zero(cpu, name)) {
		cell_count_exit(cpu, EXIT_SYSREG);
	} else {
		/* Maintenance by set and way (CRn 7, trapped where cells have cache colours) would flush others' too: ignored */
		trap_denied(cpu, ISS_CRN(name) != 7);
		return;
	}
	if (read && rt != 31)
		cpu->frame.x[rt] = value;
	trap_advance();
}
