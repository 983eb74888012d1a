/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The machine all unit tests run on, and the far end of its UART. */
#ifndef TESTS_UNIT_MACHINE_H
#define TESTS_UNIT_MACHINE_H

#include "core/cell.h"
#include "core/types.h"
#include "vdev/vdev.h"

enum { CELL_LINUX, CELL_CONTROL, CELL_HELLO };
enum { STREAM_NIC, STREAM_DISK, STREAM_OTHER, STREAM_EDU }; /* linux: nic0, disk0 and one behind smmu1; hello: edu0 */
enum { VDEV_LINUX, VDEV_CONTROL, VDEV_PROBE, VDEV_HELLO };

#define SPI_LINUX 33u
#define SPI_CONTROL 40u
#define SPI_PROBE 41u
#define SPI_HELLO 42u
#define SERVICE 4u /* the service CPU, where there is one */

#define UART_BASE 0x9000000u
#define PROBE_BASE 0xa000000u

/* A device that does as it is told: a window of 0x2000 bytes, not a console. */
struct probe {
	u64 value;       /* last written, and what reads return */
	u64 offset;      /* of the last access */
	u32 size;
	u32 reads, writes;
	bool level;
	bool key;        /* as it was last set, */
	u32 presses;     /* and how often it was pressed */
	bool runs_out;   /* what its tick says next */
	u64 slept;       /* ticks, so far */
};
extern struct probe probe;
extern struct vdev_pl011 uart_linux, uart_control, uart_hello;

/* The board's UART: output collected, output FIFO and input steered. */
extern char wire_text[1 << 20]; /* 0-terminated */
extern u32 wire_length;
extern u32 wire_room;           /* bytes its FIFO takes before it is full; ~0: never full */
extern u32 wire_inits;
extern void (*wire_meanwhile)(void); /* what others do while a byte goes out, or NULL */
void wire_type(const char *bytes, u32 count); /* input, to be polled */

/* The board's watchdog. */
struct board_watchdog {
	u32 starts, seconds, feeds;
};
extern struct board_watchdog board_watchdog;

/*
 * machine_lives, machine_controls and machine_core, which a test may change: machine_reset makes them
 * again what they were. linux controls hello (status, start, stop); control itself, linux and hello (all but start);
 * the operator hello (all) and linux (status). control has the power key (the probe), 200 ms to shut down, and a
 * heartbeat: the first after 100 ms, then one in 20 ms. Every cell stops for a fault, a reset and a watchdog,
 * and is only recorded otherwise. There is a crash region, unless there is no service CPU.
 */
extern struct life_config unit_lives[CELL_COUNT] __asm__("machine_lives"); /* for the core constants, here not */
extern struct control_config unit_controls[CONTROL_COUNT] __asm__("machine_controls");
extern struct core_config unit_core __asm__("machine_core");
extern u8 crash_region[];

/* Machine, devices, UART and host state as after power-on, the console initialized, all cells running. */
int machine_reset(void **unused);

/* The calling thread plays this CPU, the first of a cell that was not begun: up to the first instruction of the copier. */
void begin_life(struct cpu *cpu);
/* The guest of a cell writes to its console, as far as the device takes it. */
void guest_print(u32 vdev, const char *text);
/* A line of the core's, by the CPU that is at hand: MESSAGE_PLAIN. Its \n may be left out. */
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Move time by so many milliseconds, one round of the service CPU's pump for each. */
void serve(u32 milliseconds);

#endif
