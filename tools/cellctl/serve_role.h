/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Who may ask what through the server, and the file that says who did.
 *
 *   observer   identify, names, cells, vCPUs, metrics; reads the log and the consoles
 *   operator   and operations on cells (the partition's rights hold besides), typing, the core's audit
 *   admin      and reset and power-off, memory and registers (crash records), trace, debugging
 *
 * Whatever is not known is the admin's. What changes something, and what is denied, is in the audit file before it is done:
 * one JSON object a line (docs/cellctl.md).
 */
#ifndef CELLCTL_SERVE_ROLE_H
#define CELLCTL_SERVE_ROLE_H

#include "rotate.h"
#include "serve_client.h"

/* The lowest role that may. arguments: behind struct line_request. */
enum client_role role_needed(u8 channel, u8 op, const u8 *arguments, u32 size);
/* For the audit: only looks; is written down once for each client, as there are many of them; each time. */
enum role_deed { DEED_NONE, DEED_ONCE, DEED_EACH };
enum role_deed role_deed(u8 channel, u8 op);
/* A number for what is known, less than 64: for DEED_ONCE. */
u32 role_number(u8 channel, u8 op);
const char *role_name(enum client_role role);
/* "operate"; NULL: not known. */
const char *role_request_name(u8 channel, u8 op);

struct audit_file {
	struct rotate file;
	bool on;
	u32 sequence;
};

struct audit_client {
	u32 number;
	enum client_role role;
	u32 uid, pid;
};

/*
 * One line: "event" is what, then pairs of names and texts up to a NULL name. False: it is not written.
 *   {"time":"2026-03-01T12:00:00.000Z","event":"asked","client":3,"role":"operator","uid":0,"pid":4711,"request":"operate",...}
 */
bool audit_write(struct audit_file *a, const struct audit_client *who, const char *event, const char *const *pairs);

#endif
