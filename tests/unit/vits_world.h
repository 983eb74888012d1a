/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell with an ITS for src/arch/aarch64/vits.c: memory of a guest, and in place
 * of its.c an ITS that notes what it is told and refuses what the real one calls
 * an error. A plan is any bytes: commands and register writes of two vCPUs.
 */
#ifndef TESTS_UNIT_VITS_WORLD_H
#define TESTS_UNIT_VITS_WORLD_H

#include "core/types.h"

enum { VITS_DEVICES = 3, VITS_EVENTS = 44, VITS_VCPUS = 2 };

void vits_world_reset(void);
/* False: what is wrong is in vits_world_message. */
bool vits_world_run(const u8 *plan, u32 size);
extern const char *vits_world_message;

/* For tests by hand. */
enum { VITS_RAM = 0x40000000, VITS_RAM_SIZE = 0x40000, VITS_QUEUE = 0x40010000, VITS_PROPERTIES = 0x40020000 };
extern u8 vits_ram[VITS_RAM_SIZE];
extern struct vits_physical {
	u16 intid;   /* 0: not mapped */
	u16 vcpu;
	u8 property; /* as the redistributor has it, since the last INV */
	u32 raised, cleared;
} vits_physical[VITS_EVENTS];
extern bool vits_dead;        /* the ITS answers no more */
extern u32 vits_orders;       /* commands so far */
extern u32 vits_most;         /* reads and commands within one trap */
u64 vits_register_read(u64 offset, u32 size);
/* Until it is done, as a guest's CPU repeats it. */
void vits_register_write(u64 offset, u32 size, u64 value);
bool vits_register_write_once(u64 offset, u32 size, u64 value); /* true: it is to be repeated */
void vits_redistributor_write(u32 vcpu, u64 offset, u32 size, u64 value);
void vits_start(void);        /* as Linux: tables, queue, LPIs on, ITS on, collection n is vCPU n */
void vits_command(u64 w0, u64 w1, u64 w2); /* one, to its end */
u64 vits_put(u64 w0, u64 w1, u64 w2);      /* into the queue only; what CWRITER would be */

#endif
