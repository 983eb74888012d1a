/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Everything the core says, in one table: M(name, severity, category, format). The formats are those of core/fmt.h; an '@' stands
 * for the name of the record's cell. The order is part of the line's format (a host knows a message by its number): new
 * ones go to the end. tools/cellctl is built from the same table, and translates it.
 */
#ifndef CLOISON_CORE_MESSAGES_H
#define CLOISON_CORE_MESSAGES_H

#define LOG_MESSAGES(M) \
	M(PLAIN, INFO, TEXT, "%s") /* a line that is no record of its own */

#define LOG_NAME(name, severity, category, format) MESSAGE_##name,
enum log_message { LOG_MESSAGES(LOG_NAME) MESSAGE_COUNT };
#undef LOG_NAME

#endif
