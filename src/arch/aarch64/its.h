/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Message-signalled interrupts (LPIs) through the GIC's ITS (IHI 0069 5, 12.19),
 * for the one direct cell that may have them. its_none.c is a core without
 * CONFIG_ITS.
 *
 *   guest --store--> virtual GITS_*, GICR_* (vits.c) --decided--> its_do --> physical queue (its.c)
 *                         ^ commands and property bytes, read by the guest's own CPU (vits_trap.c)
 *
 *   device --MSI--> ITS: its tables --LPI--> redistributor --> CPU interface --IRQ at EL1--> guest
 *
 * An LPI has the number that the guest has given it, as only this cell has any.
 */
#ifndef CLOISON_ARCH_AARCH64_ITS_H
#define CLOISON_ARCH_AARCH64_ITS_H

#include "core/machine.h"

/* In RD frames, of who has the ITS (IHI 0069 12.11) */
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078

#define LPI_BITS 14u /* of an INTID: the least there can be, and the most the guest is told of */
#define LPI_FIRST 8192u
#define LPI_END (1u << LPI_BITS)

/* Commands (5.3), as guests write them and as the ITS reads them. */
enum its_command {
	ITS_MOVI = 0x01, ITS_INT = 0x03, ITS_CLEAR = 0x04, ITS_SYNC = 0x05, ITS_MAPD = 0x08, ITS_MAPC = 0x09, ITS_MAPTI = 0x0a,
	ITS_MAPI = 0x0b, ITS_INV = 0x0c, ITS_INVALL = 0x0d, ITS_DISCARD = 0x0f,
};
#define ITS_COMMAND_SIZE 32u

struct cpu;

/* ---- the physical one (its.c) ---- */

/* It is what was declared (else panic); its tables empty, the declared devices and collections mapped. Boot CPU. */
void its_init(void);
/* This CPU's redistributor works with the ITS's tables, if the CPU is one of the cell that has it. */
void its_cpu_init(const struct cpu *cpu);

/* About one event of one of machine_its_devices. */
struct its_order {
	u16 device; /* index into machine_its_devices */
	u16 event;
	u16 intid;
	u16 vcpu;   /* of the cell: whose LPI it is */
	u16 was;    /* ITS_MOVI: whose it has been */
};
/*
 * Done when it returns, at the redistributors too. False: the ITS does not answer, now and for ever. One CPU at a time:
 * who has the claim of vits.c, or restores the cell.
 */
bool its_do(enum its_command command, const struct its_order *order);
/* The LPI's configuration; has an effect with the next ITS_INV of its event. */
void its_property(u32 intid, u8 property);

/* ---- what the cell sees (vits.c) ---- */

/* Registers of the ITS, and those of redistributors that are about LPIs. */
enum vits_result {
	VITS_NONE, /* not one of them */
	VITS_DONE,
	VITS_WORK, /* done, and something follows from it: vits_next. The claim is the caller's. */
	VITS_BUSY, /* nothing has happened, another vCPU is at it */
};
enum vits_result vits_access(u64 offset, bool write, u32 size, u64 *value);
enum vits_result vits_redistributor(u32 vcpu, u64 offset, bool write, u32 size, u64 *value);

enum vits_step {
	VITS_IDLE,  /* there is no more */
	VITS_READ,  /* the 32 bytes at *address are wanted: vits_take */
	VITS_AGAIN, /* enough for one trap, and there is more */
};
/* Goes on with what the guest has asked for; bounded. */
enum vits_step vits_next(u64 *address);
void vits_take(const u64 words[4]);
void vits_leave(void); /* gives the claim back: after VITS_IDLE and VITS_AGAIN, or at any time */
/* As at boot. No vCPU of the cell runs. */
void vits_restore(void);

/* ---- at a trap (vits_trap.c) ---- */

/* Its cell has the ITS. A constant where no cell has, so that nothing is left of what asks this, or ITS_COUNT, first. */
#define vits_of(cpu) (ITS_COUNT && (cpu)->cell_index == machine_its[0].cell)
#define vits_covers(cpu, ipa) (vits_of(cpu) && (ipa) - machine_its[0].guest < ITS_GUEST_SIZE)
#define ITS_GUEST_SIZE 0x20000ULL /* two frames of 64 KiB */
/* An access to emulated registers: false, if it is none to registers of vits.c; then nothing has happened. */
bool vits_trap(struct cpu *cpu, u64 ipa, bool write, u32 size, u64 *value);
/* At the end of a trap: what follows from it. The guest, or its reader, goes on. */
void vits_settle(struct cpu *cpu);
/* HVC of the reader, if it runs: what it read is taken. */
bool vits_returned(struct cpu *cpu);

#endif
