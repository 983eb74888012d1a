/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A debugger's hand on the calling CPU's guest, which waits in the core (core/debug.h): registers, breakpoints, one step,
 * and its memory. That the core cannot reach, as no table of EL2 maps it: the guest's own CPU does it, at EL1 under the
 * load root, in the page of the copier (entry.S):
 *
 *   life_wait: arch_debug_access --registers put aside, eret--> up to 8 bytes, HVC --> debug_returned: registers back --> life_wait
 *
 * All debug exceptions of such a cell come to EL2 (MDCR_EL2.TDE), and its debug registers are out of its reach; so what is
 * in them is composed here, and cannot match anything of EL2: SSC and HMC are 0, MDSCR_EL1.KDE too.
 */
#include "core/debug.h"
#include "debug.h"
#include "gic.h"
#include "idregs.h"
#include "pte.h"
#include "reader.h"
#include "sysreg.h"
#include "trap.h"

#define MDSCR_SS BIT(0)
#define MDSCR_MDE BIT(15)
#define DBG_E BIT(0)
#define DBG_EL1_EL0 (3ULL << 1) /* PMC of DBGBCR, PAC of DBGWCR */
#define DBGBCR_BAS (0xfULL << 5)
#define DBGWCR_LOAD BIT(3)
#define DBGWCR_STORE BIT(4)
#define DBGWCR_BAS 5

#define SPSR_M 0x1fULL
#define SPSR_IL BIT(20)
/* What a debugger can change: flags, TCO, DIT, UAO, PAN, SSBS, BTYPE, DAIF */
#define SPSR_SETTABLE (SPSR_FLAGS | BIT(25) | SPSR_DIT | BIT(23) | SPSR_PAN | SPSR_SSBS | 3ULL << 10 | 0xfULL << 6)
#define SPSR_EL0T 0ULL
#define SPSR_EL1T 4ULL
#define SPSR_EL1H 5ULL

/* ---- registers ---- */

/* Never to an EL above 1, or to a mode it was not in that has no AArch64: ERET at EL2 believes what is written there. */
static bool set_pstate(u64 value)
{
	u64 now = READ_SYSREG(spsr_el2), mode = value & SPSR_M;

	if (now & SPSR_M_AARCH32)
		return false;
	if ((mode != SPSR_EL0T && mode != SPSR_EL1T && mode != SPSR_EL1H) || (value & SPSR_IL && !(now & SPSR_IL)))
		return false;
	WRITE_SYSREG(spsr_el2, (now & ~(SPSR_SETTABLE | SPSR_M | SPSR_IL)) | (value & (SPSR_SETTABLE | SPSR_IL)) | mode);
	return true;
}

bool arch_debug_set(struct cpu *cpu, u32 number, u64 value)
{
	u64 spsr = READ_SYSREG(spsr_el2);

	switch (number) {
	case 31:
		if (spsr & SPSR_M_AARCH32)
			cpu->frame.x[13] = value;
		else if (spsr & SPSR_M_SPX)
			WRITE_SYSREG(sp_el1, value);
		else
			WRITE_SYSREG(sp_el0, value);
		return true;
	case 32: WRITE_SYSREG(elr_el2, value); return true;
	case 33: return set_pstate(value);
	default:
		if (number < 31)
			cpu->frame.x[number] = value;
		return number < 31;
	}
}

void arch_debug_brk(struct cpu *cpu, u32 immediate)
{
	trap_inject((u64)EC_BRK64 << 26 | ESR_IL | (immediate & 0xffff));
	(void)cpu;
}

/* ---- breakpoints, watchpoints, a step ---- */

u32 arch_debug_limit(bool watches)
{
	u32 count = (u32)(idreg_read(5, 0) >> (watches ? 20 : 12) & 0xf) + 1;

	return count < DEBUG_POINTS ? count : DEBUG_POINTS;
}

static u64 break_control(const struct debug_place *p)
{
	return p && p->kind == POINT_EXECUTE ? DBGBCR_BAS | DBG_EL1_EL0 | DBG_E : 0;
}

static u64 watch_control(const struct debug_place *p)
{
	u64 bytes = ((1ULL << (p ? p->size : 0)) - 1) << (p ? p->address & 7 : 0);

	if (!p || p->kind == POINT_OFF)
		return 0;
	return bytes << DBGWCR_BAS | (p->kind != POINT_WRITE ? DBGWCR_LOAD : 0) | (p->kind != POINT_READ ? DBGWCR_STORE : 0) | DBG_EL1_EL0 | DBG_E;
}

/* Those that are not there are UNDEFINED; two of each always are. */
#define BREAK(n) do { WRITE_SYSREG(dbgbvr##n##_el1, breaks ? breaks[n].address : 0); WRITE_SYSREG(dbgbcr##n##_el1, break_control(breaks ? &breaks[n] : NULL)); } while (0)
#define WATCH(n) do { WRITE_SYSREG(dbgwvr##n##_el1, watches ? watches[n].address & ~7ULL : 0); WRITE_SYSREG(dbgwcr##n##_el1, watch_control(watches ? &watches[n] : NULL)); } while (0)

static void arm_breaks(const struct debug_place *breaks)
{
	u32 count = arch_debug_limit(false);

	BREAK(0);
	BREAK(1);
	if (count > 2)
		BREAK(2);
	if (count > 3)
		BREAK(3);
}

static void arm_watches(const struct debug_place *watches)
{
	u32 count = arch_debug_limit(true);

	WATCH(0);
	WATCH(1);
	if (count > 2)
		WATCH(2);
	if (count > 3)
		WATCH(3);
}

/* The OS lock, which a reset sets, keeps all but BRK away. */
void arch_debug_arm(struct cpu *cpu, const struct debug_points *points, bool step)
{
	u64 spsr = READ_SYSREG(spsr_el2) & ~SPSR_SS;

	arm_breaks(points && !step ? points->breaks : NULL);
	arm_watches(points ? points->watches : NULL);
	WRITE_SYSREG(oslar_el1, 0);
	WRITE_SYSREG(mdscr_el1, MDSCR_MDE | (step ? MDSCR_SS : 0));
	WRITE_SYSREG(spsr_el2, spsr | (step ? SPSR_SS : 0));
	isb();
	(void)cpu;
}

void debug_exception(struct cpu *cpu, u64 esr)
{
	switch (ESR_EC(esr)) {
	case EC_BREAKPOINT_GUEST: debug_hit(cpu, DEBUG_BREAKPOINT, 0); break;
	case EC_WATCHPOINT_GUEST: debug_hit(cpu, DEBUG_WATCHED, READ_SYSREG(far_el2)); break;
	case EC_STEP_GUEST: debug_hit(cpu, DEBUG_STEPPED, 0); break;
	default: debug_hit(cpu, DEBUG_BRK, esr & 0xffff);
	}
}

/* ---- memory ---- */

void arch_debug_access(struct cpu *cpu, u64 address, u32 bytes, bool write, u64 value)
{
	WRITE_SYSREG(mdscr_el1, 0); /* no debug exception: the page is at an address that a breakpoint may have */
	reader_enter(cpu, READER_DEBUG, HCR_IMO | HCR_FMO); /* interrupts go to EL1 for so long, where they are masked */
	cpu->frame.x[0] = write ? address : address & ~7ULL;
	cpu->frame.x[1] = bytes;
	cpu->frame.x[2] = value;
	cpu->frame.x[3] = write;
	reader_start(cpu, COPIER_ACCESS);
	cpu->arch.reader.back = write ? 0 : 8 * (address & 7);
	arch_vcpu_enter(cpu);
}

bool debug_returned(struct cpu *cpu, bool ok)
{
	u64 value = cpu->frame.x[2] >> (cpu->arch.reader.back & 63);

	if (cpu->arch.reader.state != READER_DEBUG)
		return false;
	reader_leave(cpu, HCR_IMO | HCR_FMO); /* as gic_wait_mask has left it */
	debug_accessed(cpu, ok, value);
	return true;
}
