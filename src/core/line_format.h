/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What goes over the one cable, byte by byte: docs/line.md explains it. Shared by the core and by tools/cellctl, so nothing
 * but numbers and structures is here, and nothing depends on the configuration. All of it is little endian.
 *
 *     00 | COBS( kind 00 version channel position32 | payload | crc32 ) | 00
 *
 * A channel is a stream of bytes in each direction, each with positions of its own: free-running 32-bit counts of the bytes
 * put into it. DATA says from which position its payload is, ACK up to where everything has been taken. What is not
 * acknowledged stays with the sender, in a ring of fixed size, and is sent again.
 */
#ifndef CLOISON_CORE_LINE_FORMAT_H
#define CLOISON_CORE_LINE_FORMAT_H

#include "core/trace_format.h"
#include "core/types.h"

#define LINE_VERSION 1u
#define LINE_MAGIC 0x4e534c43u /* "CLSN": of a HELLO and a WELCOME */
#define LINE_HEAD 8u           /* bytes of struct line_head */
#define LINE_PAYLOAD 228u      /* most of a frame */
#define LINE_RAW (LINE_HEAD + LINE_PAYLOAD + 4u) /* with the CRC; less than 254, so COBS adds one byte */
#define LINE_WIRE (LINE_RAW + 1u + 2u)           /* with both delimiters */
#define LINE_SILENCE_MS 5000u  /* without a valid frame for so long, the core speaks plain text again */
#define LINE_ALIVE_MS 1000u    /* so often the host says something */
#define LINE_RESEND_MS 200u    /* what is not acknowledged so long after it has gone out is sent again, from there on; doubles up to 2 s while nothing moves */
#define LINE_STALL_MS 2000u    /* a stream that is full and not acknowledged for so long loses its oldest bytes, and counts them */
#define LINE_FLIGHT 1024u      /* most bytes that are sent and not acknowledged, over all channels */
#define LINE_QUIET_MS 300u     /* the escape key counts when nothing came for so long before it, and for 50 ms after it */

/*
 * The second byte of a frame is 0, so the first one that COBS makes of it is always 2: a HELLO begins with bytes that are
 * always the same. The console's escape key is back to plain text, if it comes alone (LINE_QUIET_MS): noise has no pauses.
 * After a session that ended by silence or by that key, nothing is taken for keys until the escape key has come alone.
 */
struct line_head {
	u8 kind;     /* enum line_kind */
	u8 zero;
	u8 version;  /* LINE_VERSION */
	u8 channel;  /* enum line_channel; 0 where it means nothing */
	u32 position;
};

enum line_kind {
	/*
	 * host: struct line_hello; channel and position are 0. Begins a session, also in the middle of another. With the number of
	 * the session that is on it changes nothing and is answered in the same way; with another one what was under way on
	 * channels of requests is forgotten: half a message, the rest of an answer. HELLO and WELCOME are the same in all versions.
	 */
	LINE_HELLO = 1,
	LINE_WELCOME,   /* core: struct line_welcome; then a LINE_STATE for each channel there is. Of another version than the HELLO: no session */
	LINE_DATA,      /* both: payload from that position on; without any: asks for an ACK. Of LINE_LOG: whole records */
	LINE_ACK,       /* both: everything before that position is taken; payload: struct line_ack. Never beyond what was sent */
	LINE_STATE,     /* core: struct line_state, of a channel; each LINE_ALIVE_MS of one in turn, and when bytes were dropped */
	LINE_ALIVE,     /* both: nothing else to say */
	LINE_BYE,       /* both: back to plain text, and to keys */
	LINE_READ_ONLY, /* of a server between host and core, never of the core: on this channel you may not send; answers a DATA, beside the ACK */
};

enum line_channel {
	LINE_MANAGE,  /* requests: enum manage_op */
	LINE_LOG,     /* stream of struct line_log, core to host */
	LINE_METRICS, /* requests: enum metrics_op */
	LINE_TRACE,   /* requests: enum trace_op */
	LINE_DEBUG,   /* requests: enum debug_op */
	LINE_CONSOLE = 16, /* + number of the cell: what it prints, and what is typed at it */
};

struct line_hello {
	u32 magic;
	u32 session; /* the host's, any number: WELCOME repeats it */
};

struct line_welcome {
	u32 magic;
	u32 session;
	u32 boot;    /* differs from boot to boot: the host's memory of positions is of one boot */
	u16 cells;
	u16 channels; /* a LINE_STATE for each of them follows */
};

/*
 * Of a channel, as it is now. Bytes before `start` are gone: acknowledged, printed as plain text, or never kept. The host
 * compares it with where it was, and says what it has missed.
 */
struct line_state {
	u32 start;   /* core to host: the first byte that can still be sent */
	u32 end;     /* behind the last one */
	u32 lost;    /* what did not fit since boot, modulo 2^32: bytes of a console, records of the log. Of requests: 0 */
	u32 taken;   /* host to core: everything before is taken; the next DATA begins here */
	u32 room;    /* host to core: so many bytes may follow */
};

/*
 * From the core: so many bytes may follow the position acknowledged. From the host: 0, it wants nothing more of this stream;
 * else its number does not matter. Before the host's first ACK of a session a stream is not sent, and stays where it is.
 */
struct line_ack {
	u32 room;
};

/* ---- channels of requests ----
 *
 * Either direction is a sequence of messages, one behind the other, whatever the frames. One request is answered before the
 * next is looked at; its answer is one message or several.
 */
#define LINE_MESSAGE 224u /* longest message, its head included */

struct line_request {
	u16 size; /* of the message, this head included */
	u8 op;
	u8 tag;   /* the host's, repeated in the answers */
};

struct line_answer {
	u16 size; /* of the message, this head included */
	u8 op;    /* of the request */
	u8 tag;
	u8 status; /* enum line_status */
	u8 more;   /* 1: another message of this answer follows; never behind an error */
	u16 part;  /* number of this message, from 0 on; at most 65535 */
};

enum line_status {
	LINE_OK,
	LINE_UNKNOWN,  /* op: not of this version, or not built in */
	LINE_INVALID,  /* arguments: size, cell, vCPU, range */
	LINE_DENIED,   /* no right to it: the partition does not allow it */
	LINE_REFUSED,  /* not in this state */
	LINE_FAILED,   /* tried, and it did not work: memory that cannot be reached */
};

/* ---- LINE_MANAGE ---- */

enum manage_op {
	MANAGE_IDENTIFY = 1, /* -> struct manage_identity */
	MANAGE_NAMES,        /* u16 enum manage_names -> strings, each with its final 0, in several messages but never cut */
	MANAGE_CELL,         /* u16 cell -> struct manage_cell */
	MANAGE_VCPU,         /* u16 cell, u16 vcpu -> struct manage_vcpu */
	MANAGE_OPERATE,      /* u16 cell, u16 enum life_op -> u16 enum life_result; by the operator's rights, audited. Without the right: LINE_OK, and LIFE_DENIED. LIFE_STATUS is LINE_INVALID: MANAGE_CELL */
	MANAGE_READ,         /* struct manage_read -> bytes, in several messages. AREA_CRASH may change between them: its parts have CRCs. Registers: LINE_REFUSED, if they did */
	MANAGE_BOARD,        /* u16 enum manage_board -> u16 enum life_result: LIFE_OK or LIFE_DENIED; audited. A twentieth of a second later it is done */
};

enum manage_names { NAMES_STATES, NAMES_OPS, NAMES_RESULTS, NAMES_REASONS, NAMES_POWER, NAMES_REGISTERS /* struct vcpu_registers: x0.. sp pc pstate and more */, NAMES_MESSAGES /* formats of the log, by number; empty: nobody says it */, NAMES_SEVERITIES, NAMES_CATEGORIES };

struct manage_identity {
	u16 version;     /* LINE_VERSION */
	u16 cells, cpus, vcpus;
	u32 boot;        /* as in WELCOME */
	u32 features;    /* bits: enum manage_feature */
	u64 hz;          /* ticks of a second, */
	u64 now;         /* and how many have passed */
	u32 crash_size;  /* bytes of the crash region, 0: there is none */
	u32 audit_size;  /* bytes of struct audit */
	char hash[64];   /* of the configuration; no final 0 */
	char partition[32];
	char board[48];
	u32 messages;    /* CRC-32 of all formats of the log, each with its final 0, in their order */
	u32 damaged;     /* frames that came in and were not whole, of this boot */
};

enum manage_feature { FEATURE_LIFE, FEATURE_METRICS, FEATURE_TRACE, FEATURE_DEBUG };

struct manage_cell {
	char name[32];
	u16 vcpu_count;
	u16 first_vcpu;  /* of all vCPUs of the board */
	u8 state;        /* enum life_shown */
	u8 interrupts;   /* 0 mediated, 1 direct */
	u8 console;      /* 1: it has one */
	u8 debug;        /* bit 0: the partition lets it be debugged; bit 1: a debugger holds it */
	u32 lives;       /* begun */
	u16 rights;      /* of the operator: bits by enum life_op */
	u16 reason;      /* enum stop_reason of the last end, */
	u16 by;          /* who wanted it: a cell, 0xffff operator, 0xfffe itself, 0xfffd the core's policy */
	u16 missing;     /* vCPUs that have not come in */
	u32 dropped;     /* bytes its console has lost */
	u64 regain, stop, clear, start, resume; /* ticks, of the last time; 0: never */
	u64 since;       /* ticks: when it last began a start, a stop or a resume */
	char what[40];   /* of the last end: "write outside the cell's map"; may be cut */
};

struct manage_vcpu {
	char cpu[16];
	u16 power;       /* enum vcpu_state */
	u16 kept;        /* 1: registers of its last end are kept: MANAGE_READ; 0: none */
	u32 life;        /* of which they are */
	u64 exits;       /* in all; each by its reason: LINE_METRICS */
	u16 number;      /* of that CPU: LINE_TRACE */
	u16 reserved[3];
};

enum manage_area {
	AREA_CRASH,     /* the crash region: core/crash_format.h */
	AREA_AUDIT,     /* struct audit (core/audit.h). No message cuts an entry, so each is of one moment; they change between messages */
	AREA_REGISTERS, /* struct vcpu_registers of a vCPU, as NAMES_REGISTERS has them. LINE_REFUSED: none are kept */
};

struct manage_read {
	u16 area;        /* enum manage_area */
	u16 cell, vcpu;  /* AREA_REGISTERS */
	u16 reserved;
	u32 offset, size; /* bytes; size <= 16384 */
};

enum manage_board { BOARD_RESET, BOARD_OFF };

/* ---- LINE_LOG ---- */

/*
 * One record, at most LINE_PAYLOAD bytes: this head, then arguments: numbers 8 bytes, strings their bytes and a 0. What they are
 * is said here and not by the host's table of messages, which may be of another commit (manage_identity.messages).
 */
struct line_log {
	u16 size;     /* of the record, this head included */
	u16 message;  /* enum log_message */
	u8 severity;  /* enum log_severity */
	u8 category;  /* enum log_category */
	u16 cell;     /* 0xffff: none */
	u16 cpu;
	u8 arguments; /* how many, */
	u8 strings;   /* bit n: argument n is a string */
	u32 sequence; /* of this CPU's records, lost ones included: a gap is what was lost */
	u64 when;     /* ticks */
};

/* ---- LINE_METRICS ---- */

enum metrics_op {
	METRICS_CORE = 1, /* -> values: a 0-terminated name, then u64, in several messages but never cut */
	METRICS_CELL,     /* u16 cell -> the same */
	METRICS_VCPU,     /* u16 cell, u16 vcpu -> the same */
	METRICS_PATHS,    /* u16 cell, u16 vcpu -> u32[33]: how many slow exits took less than 1, 2, 4, ... 2^32 ticks in the core, and not less
			     than the one before. They wrap. Short exits (entry.S), fetches that fault and what waited are not among them.
			     Cell 0xffff: rounds of a service CPU of its own; LINE_INVALID: there is none */
};

/* ---- LINE_TRACE ---- */

enum trace_op {
	TRACE_STATE = 1, /* u16 cpu -> struct trace_state */
	TRACE_READ,      /* u16 cpu, u16 reserved, u32 from -> struct trace_part and entries, in several messages */
	TRACE_SET,       /* u16 cell, u16 on: its CPUs begin or end when they next pass the core */
};

struct trace_state {
	u16 cpu;
	u16 on;          /* bit 0: wanted; bit 1: on. The CPU of a direct cell may not pass the core for long */
	u32 head;        /* entries ever written; the last entries - 1 of them are there */
	u32 entries;     /* of the ring */
	u32 width;       /* sizeof(struct trace_entry) */
};

struct trace_part {
	u32 first;       /* number of the first entry in this message; a gap to what was asked for is what was overwritten */
	u16 count;
	u16 cpu;
};

/* struct trace_entry, enum trace_kind: core/trace_format.h */

/* ---- LINE_DEBUG: only of cells whose partition says cloison,debug = "gdb" ---- */

enum debug_op {
	DEBUG_HALT = 1,  /* u16 cell, u16 enum debug_halt. From here on a debugger is there: BRKs halt, until GO_LEAVE or the session ends */
	DEBUG_GO,        /* u16 cell, u16 enum debug_go */
	DEBUG_STEP,      /* u16 cell, u16 vcpu: one instruction, then halted again. The others stay */
	DEBUG_STATE,     /* u16 cell -> struct debug_state. To be polled: nothing comes unasked */
	DEBUG_REGISTERS, /* u16 cell, u16 vcpu -> struct vcpu_registers, as NAMES_REGISTERS has them, in several messages */
	DEBUG_SET,       /* struct debug_set */
	DEBUG_READ,      /* struct debug_memory -> bytes, in several messages. At most 1024 */
	DEBUG_WRITE,     /* struct debug_memory and that many bytes. At most 128; caches and instruction caches are seen to */
	DEBUG_POINT,     /* struct debug_point */
};

enum debug_halt { HALT_NOW /* its CPUs come in and wait; the answer is LINE_OK when they have */, HALT_FIRST /* before the first instruction of its next life, also if the session has ended by then */ };
enum debug_go { GO_ON, GO_PASS /* the BRK it halted at is the guest's own, and goes to it */, GO_LEAVE /* GO_ON, if it is halted, and the debugger leaves: points are off, BRKs are the guest's */ };

struct debug_state {
	u8 halted;       /* 1: all CPUs that are on wait */
	u8 why;          /* enum debug_why */
	u16 vcpu;        /* whose doing that was */
	u32 life;
	u64 pc;          /* of it */
	u64 address;     /* DEBUG_WATCHED: that was accessed */
	u8 breakpoints, watchpoints; /* how many there are */
	u16 held;        /* 1: it waits for the debugger, and not only because somebody has suspended it */
	u32 brk;         /* DEBUG_BRK: the instruction's immediate */
};

enum debug_why { DEBUG_ASKED, DEBUG_BREAKPOINT, DEBUG_WATCHED, DEBUG_STEPPED, DEBUG_BRK /* the instruction */, DEBUG_ENDED /* the cell */ };

struct debug_set {
	u16 cell, vcpu;
	u32 number;      /* of the register: 0..30, 31 sp, 32 pc, 33 pstate. Of pstate flags, DAIF and EL0/EL1 are taken, anything else is LINE_INVALID */
	u64 value;
};

struct debug_memory {
	u16 cell, vcpu;  /* whose CPU does it */
	u16 reserved;
	u16 size;        /* bytes */
	u64 address;     /* guest-physical, all of it within one range of the cell's own RAM. The host translates: the guest's tables are memory, too */
};

struct debug_point {
	u16 cell;
	u8 number;       /* breakpoints 0..15, watchpoints 16..31 */
	u8 kind;         /* enum debug_point_kind */
	u32 size;        /* watchpoints: 1, 2, 4 or 8 bytes */
	u64 address;     /* virtual */
};

enum debug_point_kind { POINT_OFF, POINT_EXECUTE, POINT_WRITE, POINT_READ, POINT_ACCESS };

#endif
