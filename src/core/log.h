/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the core has to say, as records: number of a message (messages.h), cell, arguments. One ring for each CPU, written
 * by that CPU alone and read by the pump; nobody waits, and what does not fit is counted. As plain text the pump makes a
 * line of a record, in frames it sends the record, and the host makes the line, in its user's language: log_read.h.
 */
#ifndef CLOISON_CORE_LOG_H
#define CLOISON_CORE_LOG_H

#include "config.h"
#include "core/messages.h"
#include "core/types.h"

enum log_severity { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };
enum log_category { LOG_CORE, LOG_LIFE, LOG_FAULT, LOG_AUDIT, LOG_IRQ, LOG_DMA, LOG_DEVICE, LOG_TEXT };

#define LOG_NO_CELL 0xffffu
#define LOG_LINE 448u /* longest line of text, its end included; the end of what is longer is cut */

/*
 * log_put(MESSAGE_RESTARTED, cell, number): any CPU. The message is named itself, so that the compiler compares the arguments
 * with its format. Strings are copied, so they may be local ones. cell: index, or LOG_NO_CELL. Kept whole, or counted as lost.
 * What is of a lower severity than CONFIG_LOG_LEVEL is not compiled in, and its arguments are not evaluated.
 */
void log_put(enum log_message message, u32 cell, ...);
#define log_put(message, ...) \
	((void)sizeof(log_check(LOG_FORMAT_##message, __VA_ARGS__)), \
	 CONFIG_LOG && LOG_SEVERITY_##message <= CONFIG_LOG_LEVEL ? log_put(message, __VA_ARGS__) : (void)0)
/* The same of one of two messages that say the same words. first: without side effects. */
#define log_put_either(first, one, other, ...) \
	((void)sizeof(log_check(LOG_FORMAT_##one, __VA_ARGS__)), (void)sizeof(log_check(LOG_FORMAT_##other, __VA_ARGS__)), \
	 CONFIG_LOG && ((first) ? (u32)LOG_SEVERITY_##one : (u32)LOG_SEVERITY_##other) <= CONFIG_LOG_LEVEL ? \
		(log_put)((first) ? one : other, __VA_ARGS__) : (void)0)
/* Is there room for any record in this CPU's ring? */
bool log_has_room(void);
/* Records lost so far because a CPU's ring was full. */
u32 log_lost(void);
/* The table of messages; NULL: that was all. */
const char *log_format(u32 message);
const char *log_severity_name(u32 n);
const char *log_category_name(u32 n);

/* ---- how arguments are checked: nothing is called ---- */

int log_check(const char *format, u32 cell, ...) __attribute__((format(printf, 1, 3)));
#define LOG_FORMAT(name, severity, category, format) static const char LOG_FORMAT_MESSAGE_##name[] __attribute__((unused)) = format;
LOG_MESSAGES(LOG_FORMAT)
#undef LOG_FORMAT
#define LOG_SEVERITY(name, severity, category, format) LOG_SEVERITY_MESSAGE_##name = LOG_##severity,
enum { LOG_MESSAGES(LOG_SEVERITY) };
#undef LOG_SEVERITY

#endif
