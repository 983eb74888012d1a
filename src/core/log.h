/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the core has to say, as records: number of a message (messages.h), severity, category, cell, arguments. One ring for
 * each CPU, written by that CPU alone and read by the pump; nobody waits, and what does not fit is counted. As plain text
 * the pump makes a line of a record, in frames it sends the record, and the host makes the line, in its user's language.
 */
#ifndef CLOISON_CORE_LOG_H
#define CLOISON_CORE_LOG_H

#include "core/messages.h"
#include "core/types.h"

enum log_severity { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };
enum log_category { LOG_CORE, LOG_LIFE, LOG_FAULT, LOG_AUDIT, LOG_IRQ, LOG_DMA, LOG_DEVICE, LOG_TEXT };

#define LOG_NO_CELL 0xffffu
#define LOG_ARGUMENTS 8u

/*
 * Any CPU. Arguments as the message's format has them (core/fmt.h). A string is copied, so it may be a local one.
 * cell: index, or LOG_NO_CELL.
 */
void log_put(enum log_message message, u16 cell, ...);

#endif
