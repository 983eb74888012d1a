/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Between the measured sequences (events.S) and what is made of them (rig.c). */
#ifndef RIG_H
#define RIG_H

#include "guest.h"

/* An event that has been taken: the counter at the handler's first instruction, the moment it was meant for, whose it was. */
struct event {
	u64 taken;
	u64 meant; /* of raise_device only */
	u64 intid;
};

/* Until an event has been taken. In: its vectors in force, interrupts masked. Out: masked. */
void wait_spin(struct event *event);
void wait_yield(struct event *event);
void wait_wfi(struct event *event);
/* Raises a line by a store of 1, the handler lowers it by one of 0. */
void raise_device(struct event *event, u64 enable);

/* One table for each source, as all come through the same entry. */
extern u8 vectors_vtimer[], vectors_ptimer[], vectors_device[], vectors_sgi[];

/* Marks for who counts instructions from outside; on a CPU they do nothing. */
#define mark(n) __asm__ volatile("hint #(96 + " #n ")" : : : "memory")
#define MARK_WINDOW_BEGINS 14
#define MARK_WINDOW_ENDS 15

#endif
