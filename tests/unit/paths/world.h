/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The port, the devices and the guests of one cell of two vCPUs, for test_paths.c. */
#ifndef TESTS_UNIT_PATHS_WORLD_H
#define TESTS_UNIT_PATHS_WORLD_H

#include "core/life.h"
#include "paths.h"

#define FIRST 0u
#define SECOND 1u
#define SERVICE 2u /* unless a vCPU is the service CPU, too */

/* How often at most, in all paths together with all others. */
struct budget {
	u8 operations;   /* of the service CPU: each any of those that `allowed` names, at any time */
	u8 allowed;      /* bits of enum life_op */
	u8 policy;       /* restarts by the core's own decision */
	u8 faults[2];    /* of each vCPU, */
	u8 offs;         /* SYSTEM_OFF, of any, */
	u8 power;        /* CPU_OFF and CPU_ON of the second, */
	u8 deaf;         /* a vCPU sleeps, and no kick wakes it */
	u8 copier;       /* faults of the copier */
	u8 timeouts;     /* all time that anybody waits for is over */
};

struct paths_world {
	struct budget left;
	u64 now;
	u32 kicks[CPU_COUNT];     /* pending */
	bool in_guest[2];         /* executes its instructions, or would */
	bool deaf[2];
	u32 life_of[2];           /* of the guest that is in there */
	bool streams;
	bool reset;               /* its device was, and no guest has been since */
	u32 memory;               /* enum memory */
	u32 pieces;               /* that the copier has cleared in this end */
	u32 kept;                 /* the last life whose record and registers are kept */
	u32 recorded;             /* the last life that has a record */
	bool runs;                /* it began running */
	bool given_up;            /* time has been over: what depends on time alone is allowed */
};
extern struct paths_world world;
enum memory { MEMORY_CLEAR, MEMORY_LOADED, MEMORY_DIRTY };

enum beginning { BOOTS, BY_HAND, RUNS };
void world_begin(const struct budget *budget, enum beginning beginning);
void world_cpu(u32 thread);
bool world_ready(u32 thread);
void world_before(u32 thread);
void world_check(void);
bool world_is_stable(void);

#endif
