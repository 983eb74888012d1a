/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a guest prints, on its way to somebody's terminal: text, colours, cursor and screen pass; what makes a terminal answer,
 * copy, paste, print or change its title does not, as that would type, on this host, what the guest likes.
 */
#ifndef CELLCTL_TERMINAL_H
#define CELLCTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#define TERMINAL_SEQUENCE 32u

/* Zero at the start. */
struct terminal {
	enum { TERMINAL_TEXT, TERMINAL_ESCAPE, TERMINAL_CSI, TERMINAL_STRING, TERMINAL_STRING_ESCAPE, TERMINAL_UTF8 } state;
	unsigned length;  /* of the sequence so far */
	unsigned missing; /* bytes of the character */
	char sequence[TERMINAL_SEQUENCE];
};

/* Returns how many bytes of `to` are used; room for count + TERMINAL_SEQUENCE is enough. */
size_t terminal_filter(struct terminal *t, const void *bytes, size_t count, char *to);

#endif
