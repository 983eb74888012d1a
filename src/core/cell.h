/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The mutable state of the core: one struct cpu per physical CPU, one struct
 * cell per cell, one struct vcpu per vCPU. Static arrays, sized by generated counts.
 *
 *   struct cpu   in that CPU's own pages: only it (and the service CPU, read-only) maps them
 *   struct cell, struct vcpu   in the shared data: every CPU maps them
 *
 * Field legend: [C]onst after boot, [O]wner CPU only writes, [A]tomic.
 */
#ifndef CLOISON_CORE_CELL_H
#define CLOISON_CORE_CELL_H

#include "arch/arch.h"
#include "config.h"
#include "core/machine.h"
#include "core/trace_format.h"

/* Why a guest left for EL2; the index of its counter. Names: record.c. */
enum exit_reason {
	EXIT_HVC,     /* hypercall, PSCI by HVC */
	EXIT_SMC,     /* PSCI and SMCCC by SMC */
	EXIT_SGI,     /* an inter-processor interrupt is sent */
	EXIT_WFI,     /* guarded WFI */
	EXIT_IRQCHIP, /* distributor or redistributor frame */
	EXIT_VDEV,    /* a virtual device's register */
	EXIT_ID,      /* an identification register */
	EXIT_SYSREG,  /* any other trapped system register */
	EXIT_DENIED,  /* a register or instruction the guest is told does not exist */
	EXIT_REVOKED, /* the cell's memory was taken away under it */
	EXIT_FAULT,   /* anything else: fault record */
	EXIT_IRQ,     /* a physical interrupt; mediated cells only */
	EXIT_PCI,     /* configuration space of a PCI function */
	EXIT_REASON_COUNT
};

/* core/life.h draws it, docs/lifecycle.md explains it. */
enum cell_state {
	CELL_OFF,        /* never started */
	CELL_STARTING,   /* its first CPU makes everything as at boot */
	CELL_LOADING,    /* first vCPU copies the images under the load root */
	CELL_RUNNING,
	CELL_SUSPENDED,  /* its CPUs wait in the core and its memory is out of their reach; all else stays */
	CELL_RESUMING,   /* it is to go on as soon as all its CPUs are in: then it gets its memory back, and they are called */
	CELL_STOPPING,   /* its CPUs come in, its devices end, its memory is cleared; then CELL_STOPPED */
	CELL_FAILING,    /* the same, then CELL_FAILED */
	CELL_RESTARTING, /* the same, then CELL_STARTING */
	CELL_STOPPED,    /* by its own wish, or because it was told to */
	CELL_FAILED,     /* by a fault, or what counts as one: see its record */
	CELL_STATE_COUNT
};

/* Its end is under way: its CPUs come in, its devices end, its memory is cleared. */
static inline bool cell_state_ends(u32 state)
{
	return state == CELL_STOPPING || state == CELL_FAILING || state == CELL_RESTARTING;
}

/* A life has begun and nobody has ended it. */
static inline bool cell_state_lives(u32 state)
{
	return state == CELL_LOADING || state == CELL_RUNNING || state == CELL_SUSPENDED || state == CELL_RESUMING;
}

enum vcpu_state { VCPU_OFF, VCPU_CLAIMED, VCPU_ON_PENDING, VCPU_ON };

enum record_state { RECORD_NONE, RECORD_WRITING, RECORD_READY, RECORD_PRINTED };

/* Why a cell was stopped. */
enum stop_reason {
	STOP_NONE,
	STOP_SYSTEM_OFF,
	STOP_SYSTEM_RESET,
	STOP_DEBUG,    /* breakpoint instruction, cloison,debug = "stop" */
	STOP_FAULT,
	STOP_DENIED,   /* denied register, cloison,strict */
	/* From here on: not by the cell itself. record.by says who */
	STOP_TOLD,     /* an operation: LIFE_STOP, LIFE_RESTART, LIFE_KILL */
	STOP_TIMEOUT,  /* it was asked, and did not end in time */
	STOP_WATCHDOG,
	STOP_HEARTBEAT,
	STOP_DMA,
	STOP_STORM,
	STOP_OTHER,    /* ACTION_STOP_OTHERS of record.by */
	STOP_REASON_COUNT
};

#define BY_ITSELF 0xfffeu /* record.by, and origins of audits: not a cell, not CONTROLLER_OPERATOR */
#define BY_POLICY 0xfffdu /* its table of actions */

/* What a stopped cell leaves behind. Written once by the stopping CPU, then read by the console and by crash.c. */
struct record {
	u16 cpu;           /* the one that stopped it */
	u16 vcpu;
	u16 reason;        /* enum stop_reason */
	u16 end;           /* enum cell_state the stop led to */
	u16 by;            /* a cell, CONTROLLER_OPERATOR, BY_ITSELF, BY_POLICY */
	u32 incarnation;   /* of the cell: which of its lives it was */
	const char *what;  /* decoded: "write outside the map", static string */
	u64 when;          /* ticks */
	u64 detail[4];     /* ISA-specific syndrome; aarch64: ESR, FAR, HPFAR, SPSR. Zero, if another CPU stopped it: see vcpu.registers */
	u64 pc;
	u64 regs[31];      /* general registers, x0.. */
};

/* Where a vCPU was when its cell stopped. */
struct vcpu_registers {
	u64 regs[31];
	u64 sp, pc, pstate;
	u64 more[VCPU_MORE_REGISTERS]; /* ISA-specific: arch_register_names */
};

struct vcpu {
	u32 state;    /* [A] enum vcpu_state */
	u64 entry;    /* [A] guest-physical entry, valid in VCPU_ON_PENDING */
	u64 argument; /* [A] context id for it */
	u32 parked;   /* [A] life.h: 2 n + 1, it waits in the core and incarnation n is over for it; 2 n, its kick is under way */
	u32 suspends_seen; /* [O] cell.suspends when it last looked: a fault that came of an older revocation is none of the guest's */
	u32 waits;     /* [A] cell.suspends of the suspension in which it waits in the core */
	u32 trace;     /* [A] enum trace_wish (trace.h) */
	u32 captured;  /* [A] incarnation + 1 whose end the registers are of; 0: none. It was off in an end that is not here. */
	struct vcpu_registers registers; /* [O] until captured says so */
} __attribute__((aligned(64))); /* as struct cell */

/* How long it took, in ticks. Written by who measures, read by anybody. */
struct life_times {
	u64 revoked; /* counter: when the memory was taken away, by a stop or a suspension, */
	u64 regain;  /* from then until the last of its CPUs was in the core */
	u64 stop;    /* from the decision to stop until it was stopped, without clear; also without what was waited for: record, devices */
	u64 clear;   /* clearing its memory */
	u64 start;   /* from the decision to start until its first instruction, without the copier */
	u64 resume;  /* from the decision to resume until the last of its CPUs has left the core */
};

struct cell {
	struct arch_cell arch;
	u32 state;         /* [A] enum cell_state */
	u32 record_state;  /* [A] enum record_state */
	u32 incarnation;   /* [A] lives begun; its first CPU counts, after it has changed the state */
	u32 released;      /* [A] life.h: as vcpu.parked, of the service CPU */
	u32 suspends;      /* [A] suspensions begun; the service CPU counts, before it revokes */
	u32 asked;         /* [A] shutdown request: 0, or enum life_op it is to end in. Service CPU; cleared by the next start */
	u64 asked_until;   /* [A] ticks */
	u32 events;        /* [A] bits of enum life_event that nobody has acted on: watch.c */
	u64 beat;          /* [A] ticks, of the last heartbeat; 0: none in this life */
	u32 streams_wanted; /* [A] iommu.c: 2 n + on, the nth wish for the streams of its devices, */
	u32 streams_done;   /* [A] the last that was carried out, */
	u32 streams_broken; /* [A] and whether one got no answer */
	u32 called;        /* [A] as released: the service CPU has begun a start; the number is of the lives begun before */
	u32 given_up;      /* [A] as released: whoever has not come in by now is not waited for */
	u32 unclean;       /* [A] not 0: its memory could not be cleared. It is never started again */
	u32 cleaned;       /* [O] of the first CPU: ranges of memory that are clear, since the last load */
	bool begins;       /* [O] of the first CPU: it starts the cell by itself, nobody has to call */
	bool quiet;        /* [O] of the first CPU: it has silenced the devices in this end */
	u64 raised;        /* [A] how often its virtual devices have asked for an interrupt. CONFIG_METRICS */
	u64 since;         /* ticks: of the decision to stop, to start or to resume; of the state's winner. For times, and */
	u64 clear_since;   /* [O] of the first CPU: ticks, when it began to clear */
	u64 in_at;         /* [O] of the first CPU: when it first saw that all others are in; 0: not yet in this end */
	u64 restarts[RESTART_LIMIT_MAX]; /* [A] of who ended it: ticks, when the last ones were that count for the limit; round, by their number */
	u32 counted;       /* [A] how many have been */
	struct life_times times;
	struct record record;
	struct record unheard; /* as record: of a life that ended while the record of an earlier one still waited for the console. For crash.c */
	u32 unheard_state;     /* [A] RECORD_NONE, RECORD_WRITING, RECORD_READY */
} __attribute__((aligned(64))); /* no exclusive monitor shared with another cell */

#define METRICS_BUCKETS 33u /* of path lengths */

/* Whose code a vCPU's CPU runs when it leaves the core: what tells the copier's call from a guest's that imitates it. */
enum copier { COPIER_NONE, COPIER_LOAD, COPIER_CLEAR };

/* Entries of a CPU's trace (trace.h): half of its page. One, if there is none: no member of a structure has the size 0. */
#define TRACE_BITS (CONFIG_TRACE ? 6u : 0u)
#define TRACE_ENTRIES (1u << TRACE_BITS)

struct trace {
	u32 head; /* [A] entries ever written */
	u32 on;   /* [A] 1: each exit writes one */
};

/* How many reasons are counted: all, or (CONFIG_EXIT_COUNTERS) none. */
enum { EXITS_COUNTED = CONFIG_EXIT_COUNTERS ? EXIT_REASON_COUNT : 0 };

struct cpu {
	struct arch_frame frame;          /* [O] guest registers while in EL2; first: the stack pointer rests here */
	u64 exits[EXITS_COUNTED];         /* [O] cell_count_exit */
	const struct cpu_config *config;  /* [C] */
	struct arch_cpu arch;             /* [O] here, as the short exits of a port may know where its first member is */
	const struct cell_config *cell;   /* [C] NULL unless a vCPU */
	const struct vdev_config *vdevs;  /* [C] the cell's devices */
	const struct vdev_config *glanced; /* [C] its console, if a register of that can be read the short way (glance.c) */
	u64 glanced_at;                   /* [C] guest-physical address of the register; no address if there is none */
	u64 pump_due;                     /* [O] ticks: without a service CPU, when the guest's next access has to pump the console */
	struct vcpu *vcpu;                /* [C] */
	u16 index;                        /* [C] */
	u16 cell_index;                   /* [C] */
	u16 vcpu_index;                   /* [C] within the cell */
	u16 copier;                       /* [O] enum copier */
	struct trace trace;               /* [O] writes, the service CPU reads: as trace_ring */
	u64 path_since;                   /* [O] ticks, when the path began that it is on; 0: none that counts (metrics.h) */
	u32 paths[CONFIG_METRICS ? METRICS_BUCKETS : 0]; /* [O] how many took ticks with so many leading zeros (of 32 bits) */
	struct trace_entry trace_ring[TRACE_ENTRIES] __attribute__((aligned(TRACE_ENTRIES * sizeof(struct trace_entry))));
};

extern struct cell cells[];
extern struct vcpu vcpus[];

/* The vCPU number n of a cell; n < vcpu_count. */
struct vcpu *cell_vcpu(u16 cell, u16 n);
/* Its CPU. */
u16 cell_cpu(u32 cell, u32 n);
/* That CPU is called, unless it is the calling one. */
void cell_call(u32 cell, u32 n);
/* The cell's console; NULL: it has none. */
const struct vdev_config *cell_console(u32 cell);
struct cpu *cpu_at(u16 index); /* of another CPU: only the service CPU may look into it */

/* Fill struct cpu from the const tables: first thing a CPU does in C. */
void cpu_init(struct cpu *cpu, u16 index);
/* What a CPU does for the rest of its life: serve, run its vCPU, or sleep. */
_Noreturn void cpu_main(struct cpu *cpu);

/*
 * The calling CPU's cell ends, unless it has already: record, memory revoked,
 * other CPUs called out. Returns; the caller then parks with cell_park.
 */
void cell_stop(struct cpu *cpu, enum stop_reason reason, const char *what);
/* Who has changed the state to `end` says why. cpu: whose guest did it; NULL: the calling CPU decided so. */
void cell_record(u16 cell, const struct cpu *cpu, enum stop_reason reason, const char *what, u16 by, u32 end);
/* Nothing of the cell reaches its memory any more: its CPUs come in, its streams abort. Any CPU of the cell, or the service CPU. */
void cell_cut(u16 cell);
/* Every CPU of the cell but the calling one. */
void cell_kick(u16 cell);
/* The vCPU waits here, in the core, until it is switched on (then its frame is in reset state) or has to clear or load the cell's memory. */
void cell_park(struct cpu *cpu);
/* First vCPU: before a life begins, and before anything else is given back to the cell. */
void cell_reset_devices(struct cpu *cpu);
/* First vCPU, in CELL_STARTING when everything is as at boot: a life begins, with the copier. False: it was stopped just now. */
bool cell_start(struct cpu *cpu);
/* The copier has called: images are in place, or a piece of memory is clear. First vCPU, if its copier is not COPIER_NONE. */
void cell_loaded(struct cpu *cpu);
/* There is no guest, or it is over and its CPUs come in. Of a suspended cell this is false: it goes on. */
bool cell_is_ending(u16 cell);
/* Loading or running: neither ending nor suspended. */
bool cell_may_run(u16 cell);

/* Guest power management, ISA-neutral; results in the ISA's own codes are the caller's business. */
enum power_result { POWER_OK, POWER_INVALID, POWER_ALREADY_ON, POWER_ON_PENDING, POWER_INVALID_ADDRESS };
enum power_result power_vcpu_on(struct cpu *cpu, u64 target_vcpu, u64 entry, u64 argument);
void power_vcpu_off(struct cpu *cpu); /* calling vCPU; parks */
enum power_result power_vcpu_state(struct cpu *cpu, u64 target_vcpu, enum vcpu_state *state);

/* Only the CPU itself. The short exits count in entry.S. */
u64 cell_exits(const struct cpu *cpu); /* all of them; of another CPU: the service CPU */
static inline void cell_count_exit(struct cpu *cpu, enum exit_reason reason)
{
	if (CONFIG_EXIT_COUNTERS)
		cpu->exits[reason]++;
}

#endif
