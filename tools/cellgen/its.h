/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* How the memory of the GIC's ITS is divided (IHI 0069 5.1, 5.2; struct arch_its_config): what place_its.c and emit_its.c share. */
#ifndef CELLGEN_ITS_H
#define CELLGEN_ITS_H

#include "parts.h"

#define ITS_GUEST 0x08080000ULL    /* where a guest has its own, 128 KiB; devices write to GITS_TRANSLATER at 0x08090040 */
#define ITS_GUEST_SIZE KIB(128)
#define ITS_ALIGNMENT KIB(64)      /* of tables: the largest pages an ITS can have; of pending tables */
#define ITS_QUEUE_SIZE PAGE_SIZE
#define ITS_PROPERTIES_SIZE KIB(8) /* a byte for each LPI of 14 bits: there are no fewer bits */
#define ITS_DEVICE_ENTRY 8u        /* bytes, at most; so is an entry of an ITT 16: boot compares */
#define ITS_VECTORS_MAX 256u       /* entries of a page */
#define ITS_EVENTS_MAX 1024u
#define ITS_DEVICE_ID_MAX 0xffffu

struct its_places {
	u64 properties, devices, devices_size, collections, pending, end; /* queue first, tables of events behind properties */
	u32 device_bits, event_bits;
};
struct its_places its_places(const struct decision *d);
u32 its_event_bits(u32 vectors);   /* at least 1 */
bool its_wanted(const struct function *f); /* a cell has it, and its MSIs */
/* To which node msi-map leads, and the DeviceID; NULL: to none. */
const struct node *its_of(const struct decision *d, const struct function *f, u32 *id);

#endif
