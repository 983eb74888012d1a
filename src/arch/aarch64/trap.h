/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Exits of a guest to C. trap_slow, trap_irq, trap_unusual and trap_el2 are called by entry.S only. */
#ifndef CLOISON_ARCH_AARCH64_TRAP_H
#define CLOISON_ARCH_AARCH64_TRAP_H

#include "core/cell.h"
#include "core/trace.h"

/* ESR_EL2.ISS of data and instruction aborts (D24.2.40) */
#define DABT_WNR BIT(6)
#define ABORT_S1PTW BIT(7)
#define DABT_SF BIT(15)
#define DABT_SRT(esr) ((u32)((esr) >> 16) & 0x1f)
#define DABT_SSE BIT(21)
#define DABT_SIZE_LOG2(esr) ((u32)((esr) >> 22) & 3)
#define ABORT_IS_TRANSLATION(esr) (((esr) & 0x3c) == 0x04)
#define HPFAR_IPA(hpfar) (((hpfar) >> 4 & 0xffffffffffULL) << 12)

/* SPSR_EL2 */
#define SPSR_M_SPX BIT(0)
#define SPSR_M_EL (3ULL << 2)
#define SPSR_M_AARCH32 BIT(4)
#define SPSR_EL1H_MASKED 0x3c5ULL
#define SPSR_SSBS BIT(12)
#define SPSR_SS BIT(21)
#define SPSR_PAN BIT(22)
#define SPSR_DIT BIT(24)
#define SPSR_FLAGS (0xfULL << 28)
#define SCTLR_SPAN BIT(23)
#define SCTLR_DSSBS BIT(44)

#define LOADED_IMMEDIATE 0xc1 /* HVC of the copier */
#define COPIER_CLEAN 92 /* from its first byte to its loop that cleans caches (entry.S) */
#define READ_IMMEDIATE 0xc2 /* HVC of the reader behind it (vits_trap.c) */
#define COPIER_READ 140
#define COPIER_CLEAR 156 /* to its loops that write zeros */
#define ACCESS_IMMEDIATE 0xc3 /* HVC of what is behind them: a debugger's access (debug.c) */
#define COPIER_ACCESS 208

void trap_slow(struct cpu *cpu);
void trap_irq(struct cpu *cpu); /* irq.c */
void trap_unusual(struct cpu *cpu, u64 kind); /* 1 SError, 2 interrupt */
_Noreturn void trap_el2(u64 esr, u64 elr, u64 far);
struct panic_state;
void dump_state(struct panic_state *state, u64 sp); /* dump.c; sp: the caller's */

/* The last thing on the way back to a guest, if its cell is traced or was: an entry, and what is wished from now on (trace.c). */
void trap_return_traced(struct cpu *cpu);
static inline __attribute__((always_inline)) void trap_traced(struct cpu *cpu)
{
	if (trace_is_wished(cpu->vcpu))
		trap_return_traced(cpu);
}

/* Over the trapped instruction. */
void trap_advance(void);
/* MSR/MRS that was trapped (sysreg.c). */
void sysreg_trap(struct cpu *cpu, u64 esr);

/* The guest used something it was told does not exist: count; stop a strict cell, else UNDEF or skip. */
void trap_denied(struct cpu *cpu, bool inject);
void trap_inject_undefined(struct cpu *cpu);
void trap_inject(u64 esr); /* any synchronous exception from where it is, without an address */
/* Stop the cell and wait; on return the frame is that of a vCPU switched on again (or it does not return). */
void trap_stop(struct cpu *cpu, enum stop_reason reason, const char *what);

#endif
