/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Between the files of the attacker. An attack is a word in bootargs,
 * "case=NAME" or "case=NAME,NAME,...", with the words it needs ("addr=0x...").
 *
 * It begins after_ms=N milliseconds (400) after its start.
 *
 *     attack: NAME begin
 *     attack: NAME end ...       the attacker lives on: what came of it
 *     (nothing more)             the cell was stopped: see its record
 */
#ifndef ATTACK_H
#define ATTACK_H

#include "guest.h"

struct attack {
	const char *name;
	void (*run)(void);
};

extern const struct attack outside_attacks[], register_attacks[], call_attacks[], gic_attacks[], irq_attacks[], user_attacks[],
	pci_attacks[], its_attacks[];

/* A virtual address for guest-physical a: as Normal executable memory, as device. Good until the next call. */
u64 window_normal(u64 a);
u64 window_device(u64 a);
u64 argument_address(u64 otherwise);

u64 random_next(u64 *state);
void irq_flood_end(void); /* in handlers: a flood whose time is over ends, though nothing but handlers may run */

#endif
