/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_LOG, in place of log.c: nobody logs, so there is nothing to read. */
#include "core/log.h"
#include "core/log_read.h"

bool log_has_room(void)
{
	return true;
}

u32 log_lost(void)
{
	return 0;
}

const char *log_severity_name(u32 n)
{
	(void)n;
	return NULL;
}

const char *log_category_name(u32 n)
{
	(void)n;
	return NULL;
}

const char *log_format(u32 message)
{
	(void)message;
	return NULL;
}

u32 log_waiting(u32 cpu)
{
	(void)cpu;
	return 0;
}

u32 log_text(u32 cpu, u32 *left, char *text, u32 size)
{
	(void)cpu;
	(void)left;
	(void)text;
	(void)size;
	return 0;
}

u32 log_take(struct log_record *record)
{
	(void)record;
	return 0;
}

u32 log_line(const struct log_record *record, char *text, u32 size)
{
	(void)record;
	(void)text;
	(void)size;
	return 0;
}
