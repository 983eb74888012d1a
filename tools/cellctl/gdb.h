/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * gdb's remote serial protocol for one cell, without a socket and without a line: bytes in, bytes out, and a table of deeds.
 *
 *   socket --gdb_input--> gdb_packet.c --> gdb.c --> gdb_run.c, gdb_memory.c, gdb_points.c --struct gdb_deeds--> LINE_DEBUG (gdb_line.c), or a test
 *
 * All-stop. vCPU n is thread n + 1. Software breakpoints are written by us, not by gdb, so that a gdb that goes away leaves none.
 */
#ifndef CELLCTL_GDB_H
#define CELLCTL_GDB_H

#include "core/line_format.h"

#define GDB_PACKET 4096u  /* longest, without $ # and sum; we say so to gdb */
#define GDB_REGISTERS 34u /* x0..x30 sp pc pstate, in this order */
#define GDB_VCPUS 64u
#define GDB_SOFT 64u      /* software breakpoints at once */
#define GDB_HARD 16u      /* breakpoints, and as many watchpoints: more than any CPU has */
#define GDB_TRIES 8u      /* interrupts that one step goes through */
#define GDB_READ 1024u    /* most of one DEBUG_READ, */
#define GDB_WRITE 128u    /* of one DEBUG_WRITE */

struct gdb_registers {
	u64 core[GDB_REGISTERS];
	u64 vbar, elr; /* _EL1: where its interrupts come in, and whence */
};

struct gdb_soft { /* all zero: free */
	bool used;
	u8 original[4];
	u64 address, physical;
};

/* What has to be done to a cell. vCPUs count from 0; addresses are the vCPU's, virtual. */
struct gdb_deeds {
	enum line_status (*halt)(void *of);             /* returns when it is */
	enum line_status (*go)(void *of, enum debug_go how);
	enum line_status (*step)(void *of, u16 vcpu);
	enum line_status (*state)(void *of, struct debug_state *state);
	enum line_status (*registers)(void *of, u16 vcpu, struct gdb_registers *values);
	enum line_status (*set)(void *of, u16 vcpu, u32 number, u64 value);
	enum line_status (*read)(void *of, u16 vcpu, u64 address, u8 *bytes, u32 size);
	enum line_status (*write)(void *of, u16 vcpu, u64 address, const u8 *bytes, u32 size);
	enum line_status (*point)(void *of, u8 number, enum debug_point_kind kind, u32 size, u64 address);
	bool (*is_on)(void *of, u16 vcpu);
	/* A virtual address that can be read, as another one may find it that has other tables. */
	u64 (*physical)(void *of, u16 vcpu, u64 address);
	/* These are in memory now, or will be in a moment: all GDB_SOFT of them. */
	void (*keep)(void *of, const struct gdb_soft *soft);
};

struct gdb_hard {
	enum debug_point_kind kind; /* POINT_OFF: free */
	u32 size;
	u64 address;
};

struct gdb_reader { /* gdb_packet.c */
	enum { GDB_IDLE, GDB_BODY, GDB_SUM } state;
	u32 size;
	u8 sum, given;
	u8 digits;
	bool escaped;
	char body[GDB_PACKET + 1];
};

struct gdb {
	const struct gdb_deeds *deeds;
	void *of;
	u16 vcpus;
	u16 general, resume;  /* the threads that H names: vCPUs */
	bool running;         /* the cell, as gdb has been told */
	bool silent;          /* no acknowledgements: QStartNoAckMode */
	bool ended;           /* detached, or the cell is gone: the connection is to be closed when all is out */
	bool broken;          /* the line did not do what it should */
	u16 listed;           /* threads told of so far */
	struct debug_state last;
	bool stepping;        /* one vCPU, one instruction; */
	bool returning;       /* it has landed in the guest's interrupt handler, and runs till that is over */
	u16 stepped;          /* whose step */
	u32 tries;
	u64 step_from;        /* where the interrupt came, */
	u8 step_point;        /* and the breakpoint that waits there */
	struct gdb_reader in;
	struct gdb_soft soft[GDB_SOFT];
	struct gdb_hard breaks[GDB_HARD], watches[GDB_HARD];
	bool known[GDB_VCPUS]; /* registers are those below */
	struct gdb_registers registers[GDB_VCPUS];
	u32 last_size;         /* of the last packet sent, for a NAK */
	char last_packet[2 * GDB_PACKET + 8];
	u32 out_size;          /* to be sent; whoever sends takes from the front and sets it */
	char out[8 * GDB_PACKET];
};

/* A gdb has come. */
void gdb_open(struct gdb *g, const struct gdb_deeds *deeds, void *of, u16 vcpus);
void gdb_input(struct gdb *g, const u8 *bytes, u32 size);
/* While it runs: has it stopped? Call it every few milliseconds when `running`. */
void gdb_poll(struct gdb *g);
/* gdb is gone, politely or not: no breakpoint is left, the cell runs. */
void gdb_close(struct gdb *g);

/* ---- gdb_packet.c ---- */

enum gdb_event { GDB_NOTHING, GDB_WHOLE /* in.body, in.size, ends with a 0 */, GDB_WRONG /* sum */, GDB_BREAK /* Ctrl-C */, GDB_AGAIN /* NAK */ };
enum gdb_event gdb_byte(struct gdb_reader *in, u8 byte);
void gdb_send(struct gdb *g, const char *body); /* framed, with its sum */
void gdb_again(struct gdb *g);
void gdb_hex(char *to, const void *bytes, u32 size); /* and a 0 */
/* Bytes from 2 * size digits; false: something else is there. */
bool gdb_unhex(void *to, const char *digits, u32 size);
/* A hexadecimal number; *text is behind it then. False: there is none. */
bool gdb_number(const char **text, u64 *value);

/* ---- gdb_points.c ---- */

/* Z and z: type, address and kind as gdb has them. NULL: not of a type that we know. */
const char *gdb_insert(struct gdb *g, u64 type, u64 address, u64 kind);
const char *gdb_remove(struct gdb *g, u64 type, u64 address, u64 kind);
void gdb_clear_points(struct gdb *g);
/* What lies under our breakpoints is shown, not they; and bytes written go under them. */
void gdb_hide_points(const struct gdb *g, u64 address, u8 *bytes, u32 size);
void gdb_keep_points(struct gdb *g, u64 address, u8 *bytes, u32 size);
bool gdb_is_soft(const struct gdb *g, u64 address);
const struct gdb_hard *gdb_watch_at(const struct gdb *g, u64 address);

/* ---- what packets ask for: rest is behind the packet's name, rest[-1] its last letter; a 0 ends it, size counts zeros in it ---- */

typedef void gdb_deed(struct gdb *g, const char *rest, u32 size);
/* gdb_run.c */
gdb_deed gdb_why, gdb_continue, gdb_signal, gdb_vcont;
void gdb_interrupt(struct gdb *g);
/* A thread as gdb writes it, as a vCPU; -1, 0 and those there are not: any. */
u16 gdb_thread(const struct gdb *g, const char **text, u16 any);
/* gdb_memory.c */
gdb_deed gdb_read_all, gdb_write_all, gdb_read_one, gdb_write_one, gdb_read_memory, gdb_write_memory, gdb_write_binary, gdb_point;
/* NULL: it has none, for it is off. Kept until it runs. */
const struct gdb_registers *gdb_registers_of(struct gdb *g, u16 vcpu);
/* "address,size" and the character behind it, if not 0. */
bool gdb_range(const char **rest, u64 *address, u64 *size, char end);

/* ---- gdb_target.c ---- */

extern const char gdb_target[]; /* target.xml */

#endif
