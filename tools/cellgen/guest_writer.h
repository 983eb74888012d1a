/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A cell's own device tree in the making: what emit_guest_dtb.c (the skeleton) and emit_guest_device.c (what was asked for) share. */
#ifndef CELLGEN_GUEST_WRITER_H
#define CELLGEN_GUEST_WRITER_H

#include "parts.h"

#define PHANDLE_GIC 1
#define PHANDLE_CLOCK 2         /* of the clock a virtual device gets when its node names none: vdev_clock_hz(0); */
#define PHANDLE_CARRIED 3       /* of the first clock carried over from the board */
#define PHANDLE_OTHER_CLOCK 0xfffdu /* ... and vdev_clock_hz(1) */
#define PHANDLE_GPIO 0xfffeu    /* of what the power key is at */
#define PHANDLE_ITS 0xffffu
#define PHANDLE_REGION 0x10000u /* of the cell's first region */

struct writer {
	const struct decision *d;
	const struct cell *cell;
	void *fdt;
	int error; /* the first one of libfdt; later calls do no harm */
	const struct node **clocks; /* carried over */
	u32 clock_count;
	bool own_clocks[VDEV_CLOCKS]; /* a virtual device needs that clock */
};

void put_begin(struct writer *w, const char *name);
void put_end(struct writer *w);
void put(struct writer *w, const char *name, const void *data, u64 size);
void put_text(struct writer *w, const char *name, const char *text);
void put_cells(struct writer *w, const char *name, const u32 *cells, u32 count);
void put_u64(struct writer *w, const char *name, u64 value);
void put_ranges(struct writer *w, const struct range *ranges, u32 count); /* reg, two cells each */

#define PUT_CELLS(w, name, ...) \
	put_cells(w, name, (const u32[]){ __VA_ARGS__ }, sizeof((const u32[]){ __VA_ARGS__ }) / 4)

void emit_guest_devices(struct writer *w); /* board devices, virtual devices, and the clocks of both */
void emit_guest_regions(struct writer *w); /* reserved-memory */
void emit_guest_pci(struct writer *w);     /* PCI hosts */
bool guest_has_pci(const struct writer *w);
u32 guest_gic_cells(const struct writer *w); /* its #address-cells: of a unit address in interrupt-map */
void emit_guest_its(struct writer *w);     /* inside the interrupt controller's node */
void put_guest_msis(struct writer *w, u16 host); /* in a PCI host's */

#endif
