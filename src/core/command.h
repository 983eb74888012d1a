/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The operator's command line, which the escape key and : open (docs/operator.md).
 * It is a line of the core's on the wire, below what is printed meanwhile. Only
 * the CPU that pumps. life_none.c is a core without it.
 */
#ifndef CLOISON_CORE_COMMAND_H
#define CLOISON_CORE_COMMAND_H

#include "core/types.h"

#define COMMAND_LENGTH 96u                       /* longest line */
#define COMMAND_DRAWN (2 + 4 * COMMAND_LENGTH + 1) /* most that has to be drawn at once */

void command_init(void);
bool command_open(void);     /* false: there is no such thing */
void command_close(void);    /* without doing anything */
bool command_is_open(void);  /* keys are for it */
bool command_is_busy(void);  /* its last line is not on the wire yet: take no key meanwhile */
void command_key(u8 byte);
void command_obey(void);     /* do what the line says, if it has been entered */
/*
 * What has to be drawn, and its length; 0: nothing. here: its line is still the last on the wire. idle: nobody
 * else has anything to print. size >= COMMAND_DRAWN.
 */
u32 command_draw(u8 *buffer, bool here, bool idle);
/* One more line of what was asked for, of at most LOG_LINE, or none and a step towards it. False: that was all. */
bool command_line(void);

#endif
