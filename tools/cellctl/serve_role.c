/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "serve_role.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/frame.h"

struct known {
	u8 channel, op;
	enum role_deed deed;
	enum client_role role;
	const char *name;
};

static const struct known requests[] = {
	{ LINE_MANAGE, MANAGE_IDENTIFY, DEED_NONE, ROLE_OBSERVER, "identify" },
	{ LINE_MANAGE, MANAGE_NAMES, DEED_NONE, ROLE_OBSERVER, "names" },
	{ LINE_MANAGE, MANAGE_CELL, DEED_NONE, ROLE_OBSERVER, "cell" },
	{ LINE_MANAGE, MANAGE_VCPU, DEED_NONE, ROLE_OBSERVER, "vcpu" },
	{ LINE_MANAGE, MANAGE_OPERATE, DEED_EACH, ROLE_OPERATOR, "operate" },
	{ LINE_MANAGE, MANAGE_READ, DEED_ONCE, ROLE_ADMIN, "read" },
	{ LINE_MANAGE, MANAGE_BOARD, DEED_EACH, ROLE_ADMIN, "board" },
	{ LINE_METRICS, METRICS_CORE, DEED_NONE, ROLE_OBSERVER, "metrics" },
	{ LINE_METRICS, METRICS_CELL, DEED_NONE, ROLE_OBSERVER, "metrics" },
	{ LINE_METRICS, METRICS_VCPU, DEED_NONE, ROLE_OBSERVER, "metrics" },
	{ LINE_METRICS, METRICS_PATHS, DEED_NONE, ROLE_OBSERVER, "paths" },
	{ LINE_TRACE, TRACE_STATE, DEED_NONE, ROLE_ADMIN, "trace-state" },
	{ LINE_TRACE, TRACE_READ, DEED_NONE, ROLE_ADMIN, "trace-read" },
	{ LINE_TRACE, TRACE_SET, DEED_EACH, ROLE_ADMIN, "trace-set" },
	{ LINE_DEBUG, DEBUG_HALT, DEED_EACH, ROLE_ADMIN, "debug-halt" },
	{ LINE_DEBUG, DEBUG_GO, DEED_ONCE, ROLE_ADMIN, "debug-go" },
	{ LINE_DEBUG, DEBUG_STEP, DEED_ONCE, ROLE_ADMIN, "debug-step" },
	{ LINE_DEBUG, DEBUG_STATE, DEED_NONE, ROLE_ADMIN, "debug-state" },
	{ LINE_DEBUG, DEBUG_REGISTERS, DEED_ONCE, ROLE_ADMIN, "debug-registers" },
	{ LINE_DEBUG, DEBUG_SET, DEED_ONCE, ROLE_ADMIN, "debug-set" },
	{ LINE_DEBUG, DEBUG_READ, DEED_ONCE, ROLE_ADMIN, "debug-read" },
	{ LINE_DEBUG, DEBUG_WRITE, DEED_ONCE, ROLE_ADMIN, "debug-write" },
	{ LINE_DEBUG, DEBUG_POINT, DEED_ONCE, ROLE_ADMIN, "debug-point" },
};

static const struct known *find(u8 channel, u8 op)
{
	for (size_t i = 0; i < ARRAY_COUNT(requests); i++)
		if (requests[i].channel == channel && requests[i].op == op)
			return &requests[i];
	return NULL;
}

enum client_role role_needed(u8 channel, u8 op, const u8 *arguments, u32 size)
{
	const struct known *known = find(channel, op);

	if (!known)
		return ROLE_ADMIN;
	/* Who did what to which cell is the operator's business; the rest of the memory holds the cells' own. */
	if (channel == LINE_MANAGE && op == MANAGE_READ && size >= 2 && frame_get(arguments, 2) == AREA_AUDIT)
		return ROLE_OPERATOR;
	return known->role;
}

enum role_deed role_deed(u8 channel, u8 op)
{
	const struct known *known = find(channel, op);

	return known ? known->deed : DEED_EACH;
}

_Static_assert(ARRAY_COUNT(requests) < 64, "role_number");

u32 role_number(u8 channel, u8 op)
{
	const struct known *known = find(channel, op);

	return known ? (u32)(known - requests) : 63;
}

const char *role_name(enum client_role role)
{
	static const char *const names[] = { "observer", "operator", "admin" };

	return role < ROLE_COUNT ? names[role] : "?";
}

const char *role_request_name(u8 channel, u8 op)
{
	const struct known *known = find(channel, op);

	return known ? known->name : NULL;
}

static void put_time(cJSON *line)
{
	struct timespec now;
	struct tm parts;
	char day[32], text[48];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text, sizeof(text), "%s.%03ldZ", day, now.tv_nsec / 1000000);
	cJSON_AddStringToObject(line, "time", text);
}

bool audit_write(struct audit_file *a, const struct audit_client *who, const char *event, const char *const *pairs)
{
	cJSON *line;
	char *text;
	bool done;

	if (!a->on)
		return true;
	line = cJSON_CreateObject();
	put_time(line);
	cJSON_AddNumberToObject(line, "sequence", ++a->sequence);
	cJSON_AddStringToObject(line, "event", event);
	if (who) {
		cJSON_AddNumberToObject(line, "client", who->number);
		cJSON_AddStringToObject(line, "role", role_name(who->role));
		cJSON_AddNumberToObject(line, "uid", who->uid);
		cJSON_AddNumberToObject(line, "pid", who->pid);
	}
	for (; pairs && pairs[0]; pairs += 2)
		cJSON_AddStringToObject(line, pairs[0], pairs[1]);
	text = cJSON_PrintUnformatted(line);
	cJSON_Delete(line);
	done = text && rotate_line(&a->file, text, strlen(text));
	cJSON_free(text);
	return done;
}
