/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every exit that is not short (entry.S). A data abort with a valid syndrome
 * comes first: emulated registers are what guests use most.
 */
#include "core/debug.h"
#include "core/life.h"
#include "core/metrics.h"
#include "core/mmio.h"
#include "core/panic.h"
#include "core/pci.h"
#include "debug.h"
#include "its.h"
#include "smccc.h"
#include "sysreg.h"
#include "trap.h"
#include "vgic.h"

void trap_advance(void)
{
	WRITE_SYSREG(elr_el2, READ_SYSREG(elr_el2) + (READ_SYSREG(esr_el2) & ESR_IL ? 4 : 2)); /* 2: Thumb at EL0 */
	WRITE_SYSREG(spsr_el2, READ_SYSREG(spsr_el2) & ~SPSR_SS); /* a guest that steps has stepped */
}

void trap_inject(u64 esr)
{
	u64 spsr = READ_SYSREG(spsr_el2);
	u64 vector = READ_SYSREG(vbar_el1);

	/* D1.3.1: offset by where it comes from */
	if ((spsr & SPSR_M_EL) == 0)
		vector += spsr & SPSR_M_AARCH32 ? 0x600 : 0x400;
	else
		vector += spsr & SPSR_M_SPX ? 0x200 : 0;
	WRITE_SYSREG(esr_el1, esr);
	WRITE_SYSREG(elr_el1, READ_SYSREG(elr_el2));
	WRITE_SYSREG(spsr_el1, spsr);
	WRITE_SYSREG(elr_el2, vector);
	/* PSTATE on entry (D1.3.2): DAIF set; PAN is set unless SCTLR_EL1.SPAN; SSBS from DSSBS; the rest clear but flags */
	u64 sctlr = READ_SYSREG(sctlr_el1);
	u64 entry = (spsr & (SPSR_FLAGS | SPSR_DIT)) | SPSR_EL1H_MASKED;

	if (!(sctlr & SCTLR_SPAN) && (READ_SYSREG(id_aa64mmfr1_el1) >> 20 & 0xf))
		entry |= SPSR_PAN;
	else
		entry |= spsr & SPSR_PAN;
	if (sctlr & SCTLR_DSSBS)
		entry |= SPSR_SSBS;
	WRITE_SYSREG(spsr_el2, entry);
}

void trap_inject_undefined(struct cpu *cpu)
{
	trap_inject(ESR_IL); /* EC 0: unknown reason */
	(void)cpu;
}

void trap_denied(struct cpu *cpu, bool inject)
{
	cell_count_exit(cpu, EXIT_DENIED);
	if (cpu->cell->strict) {
		trap_stop(cpu, STOP_DENIED, "denied system register");
		return;
	}
	if (inject)
		trap_inject_undefined(cpu);
	else
		trap_advance();
}

void trap_stop(struct cpu *cpu, enum stop_reason reason, const char *what)
{
	cell_stop(cpu, reason, what);
	cell_park(cpu);
}

static void end(struct cpu *cpu, const char *what)
{
	if (cell_is_ending(cpu->cell_index)) {
		/* Not its own doing: another vCPU or the core took the memory away */
		cell_count_exit(cpu, EXIT_REVOKED);
		arch_cell_silence(cpu->cell_index); /* it may have unmasked a line since */
		cell_park(cpu);
		return;
	}
	cell_count_exit(cpu, EXIT_FAULT);
	trap_stop(cpu, STOP_FAULT, what);
}

static inline bool was_suspended(struct cpu *cpu)
{
	if (DEBUG_COUNT > 0 && debug_returned(cpu, false))
		return true;
	dsb_ish(); /* the state was stored before the memory was taken away: read it after */
	return life_was_suspended(cpu);
}

static void fault(struct cpu *cpu, const char *what)
{
	if (!was_suspended(cpu))
		end(cpu, what);
}

static const char *abort_text(u64 esr, bool fetch)
{
	if (!ABORT_IS_TRANSLATION(esr))
		return fetch ? "fetch from memory that may not be executed" :
		       esr & DABT_WNR ? "write to memory that may not be written" : "read that the cell's map forbids";
	if (fetch)
		return "fetch outside the cell's map";
	return esr & DABT_WNR ? "write outside the cell's map" : "read outside the cell's map";
}

static void rt_write(struct cpu *cpu, u64 esr, u32 rt, u64 value)
{
	u32 bits = 8u << DABT_SIZE_LOG2(esr);

	if (esr & DABT_SSE && bits < 64) {
		value = (u64)((s64)(value << (64 - bits)) >> (64 - bits));
		if (!(esr & DABT_SF))
			value = (u32)value;
	}
	if (rt != 31)
		cpu->frame.x[rt] = value;
}

/* Is it one of the cell's emulated registers? Then do it. */
static bool emulate(struct cpu *cpu, u64 ipa, u64 esr)
{
	u32 size = 1u << DABT_SIZE_LOG2(esr), rt = DABT_SRT(esr);
	bool write = esr & DABT_WNR;
	u64 value = write ? cpu->frame.x[rt] : 0;

	if (size < 8)
		value &= (1ULL << size * 8) - 1;
	if (!vgic_access(cpu, ipa, write, size, &value)) {
		if (mmio_access(cpu, ipa, write, size, &value))
			cell_count_exit(cpu, EXIT_VDEV);
		else if (SPACE_COUNT && pci_access(cpu, ipa, write, size, &value))
			cell_count_exit(cpu, EXIT_PCI);
		else
			return false;
	}
	if (!write)
		rt_write(cpu, esr, rt, value);
	trap_advance();
	return true;
}

static void data_abort(struct cpu *cpu, u64 esr)
{
	u64 ipa = HPFAR_IPA(READ_SYSREG(hpfar_el2)) | (READ_SYSREG(far_el2) & 0xfff);

	if (ABORT_IS_TRANSLATION(esr) && !(esr & ABORT_S1PTW)) {
		if (esr & ESR_ISV && emulate(cpu, ipa, esr))
			return;
		if (vgic_covers(cpu, ipa) || mmio_covers(cpu, ipa) || (SPACE_COUNT && pci_covers(cpu, ipa))) {
			fault(cpu, esr & ESR_ISV ? "misaligned access to an emulated register"
						 : "access to an emulated register that cannot be decoded (pair, write-back, vector)");
			return;
		}
	}
	fault(cpu, abort_text(esr, false));
}

static inline __attribute__((always_inline)) void trace_call(struct cpu *cpu)
{
	trace_put(cpu, TRACE_CALL, (u32)cpu->frame.x[0], READ_SYSREG(elr_el2), cpu->frame.x[1]);
}

static void hypercall(struct cpu *cpu, u64 esr)
{
	if ((esr & 0xffff) == LOADED_IMMEDIATE && cpu->copier != COPIER_NONE) {
		cell_loaded(cpu);
		return;
	}
	if ((esr & 0xffff) == READ_IMMEDIATE && ITS_COUNT && vits_returned(cpu))
		return;
	if ((esr & 0xffff) == ACCESS_IMMEDIATE && DEBUG_COUNT > 0 && debug_returned(cpu, true))
		return;
	cell_count_exit(cpu, EXIT_HVC);
	trace_call(cpu);
	smccc_call(cpu);
}

static void dispatch(struct cpu *cpu, u32 class, u64 esr)
{
	switch (class) {
	case EC_HVC64:
		hypercall(cpu, esr);
		return;
	case EC_SMC64:
		cell_count_exit(cpu, EXIT_SMC);
		trace_call(cpu);
		trap_advance(); /* a trapped SMC has not been executed; before the call, which may not return here */
		smccc_call(cpu);
		return;
	case EC_SYSREG:
		sysreg_trap(cpu, esr);
		return;
	case EC_WFX: /* of AArch32 EL0, or WFE, or with a timeout: entry.S has WFI. All may complete at once */
		cell_count_exit(cpu, EXIT_WFI);
		trap_advance();
		return;
	case EC_BRK64:
	case EC_BKPT32:
	case EC_BREAKPOINT_GUEST:
	case EC_STEP_GUEST:
	case EC_WATCHPOINT_GUEST:
		cell_count_exit(cpu, EXIT_FAULT);
		if (debug_is_allowed(cpu->cell))
			debug_exception(cpu, esr);
		else
			trap_stop(cpu, STOP_DEBUG, "breakpoint");
		return;
	default:
		/* SVE, SME, AArch32 coprocessor, ...: what the guest was told is not there */
		trap_denied(cpu, true);
	}
}

static void settle(struct cpu *cpu)
{
	if (cpu->arch.vgic)
		vgic_mediated_settle(cpu);
	if (ITS_COUNT)
		vits_settle(cpu);
	trap_traced(cpu);
}

void trap_slow(struct cpu *cpu)
{
	u64 esr = READ_SYSREG(esr_el2);
	u32 class = ESR_EC(esr);

	if (class == EC_IABT_GUEST) { /* so a CPU comes whose cell is taken from it: without delay, and no path that is measured */
		if (!was_suspended(cpu))
			end(cpu, abort_text(esr, true));
		settle(cpu);
		return;
	}
	metrics_begin(cpu);
	if (class == EC_DABT_GUEST)
		data_abort(cpu, esr);
	else
		dispatch(cpu, class, esr);
	settle(cpu);
	metrics_end(cpu);
}

void trap_unusual(struct cpu *cpu, u64 kind)
{
	if (DEBUG_COUNT > 0 && kind == 1 && debug_returned(cpu, false))
		return;
	/* Kind 2 is an FIQ or, of a direct cell, an interrupt: neither comes here, or a register is not what .regs says. */
	end(cpu, kind == 1 ? "SError" : "interrupt taken to the core");
	trap_traced(cpu);
}

void trap_el2(u64 esr, u64 elr, u64 far)
{
	struct arch_dump *dump = &arch_cpu_this()->arch.dump;

	if (dump->state == DUMP_TAKEN)
		arch_halt(); /* another one, on the way of the first */
	dump->state = DUMP_TAKEN;
	panic_exception(esr, elr, far);
}
