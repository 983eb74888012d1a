/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * One mediated cell twice: as src/arch/aarch64/vgic_*.c with simulated hardware
 * (gic_sim.h) plays it, and as the architecture has it (gic_spec.h).
 *
 *     plan: steps --+--> struct spec                                  \
 *     (u64 each)    |                                                  compared
 *                   +--> vgic_* <-> list registers <-> struct sim     /
 *
 * A step is a number that says all about itself, so a plan may lose any of its
 * steps and still be one: world_shrink does that to one that fails.
 */
#ifndef TESTS_UNIT_VGIC_WORLD_H
#define TESTS_UNIT_VGIC_WORLD_H

#include <setjmp.h>

#include "gic_sim.h"
#include "gic_spec.h"
#include "arch/aarch64/vgic_logic.h"

enum { WORLD_CPUS = 3, WORLD_STACK = 64, WORLD_MESSAGE = 200 };

_Static_assert((u32)SPEC_LINES == VGIC_LINES, "counts.h");

/* What a guest's vCPU owes: acknowledged and not ended, dropped and not deactivated (EOImode 1). */
struct debts {
	u32 count, dropped_count;
	u16 running[WORLD_STACK], dropped[WORLD_STACK];
	bool over[WORLD_STACK]; /* running[]: was deactivated by other means */
};

struct world {
	struct vgic vgic;
	struct vgic_vcpu vcpus[WORLD_CPUS];
	struct vgic_cpu cpus[WORLD_CPUS];
	struct vgic_config config;
	struct sim sim;
	struct spec spec;
	bool output[SPEC_LINES]; /* of virtual devices: what they answer when asked */
	struct debts debts[WORLD_CPUS];
	/* Due on the vCPU at some time since all was quiet: may be acknowledged although it is withdrawn. */
	bool recent[WORLD_CPUS][SPEC_LINES];
	/* from the first word of the plan */
	u32 cpu_count;
	bool prompt;      /* every event at EL2 follows at once */
	bool interleave;  /* other CPUs act while one is in the logic, between any two accesses to shared words */
	bool rude;        /* the guest ends what it did not acknowledge, and more */
	bool calm;        /* the guest handles soon whatever comes, so that its vCPUs often have nothing in hand */
	bool short_paths; /* fast_*.c come first, as entry.S has it */
	/* of the step that runs */
	u64 bits;         /* what is left of its number */
	u64 chance;       /* for what happens in between */
	u32 here;         /* CPU that runs; WORLD_CPUS: none of the cell */
	u32 depth;        /* CPUs in the logic */
	bool inside[WORLD_CPUS]; /* whose list registers are there, and not in the simulated hardware */
	u32 others;       /* acts of other CPUs in between, so far */
	u32 others_left;  /* and how many more there may be */
	u32 starting;     /* CPU whose vCPU is about to start: an SGI may come too early; WORLD_CPUS: none */
	u32 telling;      /* line of the virtual device whose level is being told; 0: none */
	bool rose;        /* edge-triggered, and meanwhile another CPU has raised it */
	u32 clearing_frame, clearing_first, clearing; /* ICPENDR under way: bits for INTIDs from clearing_first on */
	u32 step;
	bool trace;
	char message[WORLD_MESSAGE];
	jmp_buf failed;
};

extern struct world world;
extern u32 world_countdown; /* vgic_hooks.h */

/* ---- plans (vgic_plan.c) ---- */

/* False: world.message says what is wrong, at world.step. */
bool world_run(const u64 *plan, u32 count, bool trace);
/* Leave out of a plan that fails whatever it does not need to fail. Returns what is left. */
u32 world_shrink(u64 *plan, u32 count);

/* ---- the guest (vgic_guest.c) ---- */

/* Offsets in the distributor's frame and, from GUEST_SGI_FRAME on, in a redistributor's two. */
enum { GUEST_IGROUPR = 0x80, GUEST_ISENABLER = 0x100, GUEST_ICENABLER = 0x180, GUEST_ISPENDR = 0x200, GUEST_ICPENDR = 0x280,
       GUEST_ISACTIVER = 0x300, GUEST_ICACTIVER = 0x380, GUEST_IPRIORITYR = 0x400, GUEST_ICFGR = 0xc00, GUEST_IROUTER = 0x6000,
       GUEST_SGI_FRAME = 0x10000 };

void guest_act(u32 cpu); /* something, from the step's number */
void guest_write(u32 cpu, u32 frame, u32 offset, u32 size, u64 value);
void guest_write_line(u32 cpu, u32 reg, u32 line); /* its bit of a set or clear register */
void guest_enable_everything(u32 cpu);
void guest_acknowledge(u32 cpu);
void guest_end(u32 cpu);        /* EOIR of what was acknowledged last */
void guest_handle(u32 cpu);     /* all there is, politely: its devices are served */
void guest_deactivate(u32 cpu); /* EOImode 1: DIR of one that was ended */

/* The output of a virtual device, changed by the caller's CPU; WORLD_CPUS: by one that is not the cell's. */
void world_device(u32 caller, u32 line, bool high);
/* A physical line: its level changes, or it has an edge. */
void world_move_linked(u32 cpu, u32 line);
void world_send_sgi(u32 cpu, u32 targets, u32 intid);

/* ---- machinery (vgic_world.c) ---- */

_Noreturn void world_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void world_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
u32 pick(u32 n); /* 0..n-1, from the step's number */
u32 pick_line(void);

u32 chance(u32 n);    /* the same, for what happens in between */
/* The physical line behind a linked one, and back. */
struct sim_line *world_line(u32 cpu, u32 line);
u32 world_line_of(u32 physical);

/* On this CPU (WORLD_CPUS: none of the cell) the logic is called, without its list registers. */
void world_begin(u32 cpu);
void world_end(u32 cpu);
/* EL2 is entered and left on this CPU: list registers come and go. */
struct vgic_cpu *world_enter(u32 cpu);
void world_leave(u32 cpu);
void world_write_back(u32 cpu); /* without vgic_sync */
/* Before the guest goes on after a trap, as trap.c has it: with news, once more. */
void world_settle_trap(u32 cpu);
/* The CPU is between two accesses to what it shares: others may act. */
void world_between(void);
/* An event this CPU has not taken yet: kick, maintenance, physical line. False: there is none. */
bool world_event(u32 cpu, u32 which);
/* Every CPU takes what there is to take. */
void world_settle(void);
bool world_quiet(void);
/*
 * An ICPENDR on this line is under way: what makes it pending now may be taken
 * back with what was pending before.
 */
bool world_clears(u32 cpu, u32 line);
/* Nobody has news without a kick. */
void world_check_news(void);

/* ---- the short paths (vgic_fast.c): true if it is done ---- */

void fast_begin(void);
bool fast_take(u32 cpu, u32 intid); /* physical INTID, acknowledged at EL2 */
bool fast_send(u32 cpu, u32 targets, u32 intid);
bool fast_write(u32 cpu, u32 frame, u32 offset, u32 value);
bool fast_read(u32 cpu, u32 frame, u32 offset, u64 *value);
enum { FAST_KICK = 0, WORLD_CELL = 5 };

/* ---- comparing (vgic_compare.c) ---- */

/* What both sides forward is noted; when all is quiet, everything a guest can see without changing it is compared. */
void world_compare(void);
/* This line changes: on which vCPUs it has been due until now, or may be until another CPU's write is through. */
void world_note_recent(u32 line);
void world_compare_registers(u32 cpu);
u64 world_read(u32 cpu, u32 frame, u32 offset, u32 size);
/* All interrupts were taken: nobody has anything in hand. */
void world_check_idle(void);
/* List registers this CPU is about to enter the guest with. */
void world_check_lrs(u32 cpu);
/* The guest's IAR on this CPU. */
u32 world_acknowledge(u32 cpu);

#endif
