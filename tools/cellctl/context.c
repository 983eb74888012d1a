/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What commands share: commands.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"

volatile sig_atomic_t interrupted;

int complain(int error, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "cellctl: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	return error;
}

const char *option(const struct context *x, const char *name)
{
	for (int i = 0; i < OPTIONS_MAX && x->command->options[i].name; i++)
		if (!strcmp(x->command->options[i].name, name))
			return x->values[i];
	return NULL;
}

bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 0);

	if (*text < '0' || *text > '9' || *end || errno)
		return false;
	*number = value;
	return true;
}

bool option_number(const struct context *x, const char *name, uint64_t least, uint64_t most, uint64_t *number)
{
	const char *text = option(x, name);
	uint64_t value;

	if (!text)
		return true;
	if (!parse_number(text, &value) || value < least || value > most) {
		complain(0, _("--%s: '%s' is no number from %llu to %llu"), name, text, (unsigned long long)least, (unsigned long long)most);
		return false;
	}
	*number = value;
	return true;
}

/* ---- the connection ---- */

const char *state_path(const struct context *x, const char *behind, char *to, size_t size)
{
	const char *port = x->port;
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int at;

	if (state && *state)
		at = snprintf(to, size, "%s", state);
	else if (home && *home)
		at = snprintf(to, size, "%s/.local/state", home);
	else
		return NULL;
	if (at < 0 || (size_t)at + strlen(port) + strlen(behind) + sizeof "/cellctl/" > size)
		return NULL;
	for (char *p = to + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		mkdir(to, 0700);
		*p = '/';
	}
	mkdir(to, 0700);
	at += snprintf(to + at, size - (size_t)at, "/cellctl");
	mkdir(to, 0700);
	to[at++] = '/';
	for (; *port; port++)
		to[at++] = strchr("/ \t\n", *port) ? '%' : *port;
	strcpy(to + at, behind);
	return to;
}

int context_open(struct context *x, struct cellctl_options *options)
{
	struct cellctl_options none = { 0 };
	char memory[4096];

	if (!options)
		options = &none;
	options->timeout = x->timeout;
	options->baud = x->baud;
	options->stop = &interrupted;
	if (options->events && !options->memory)
		options->memory = state_path(x, "", memory, sizeof memory);
	int error = cellctl_open(&x->c, x->port, options);

	return error ? context_failed(x, error) : 0;
}

int context_board(struct context *x, const struct manage_identity **board)
{
	int error = context_open(x, NULL);

	if (error)
		return error;
	error = cellctl_identity(x->c, board);
	return error ? context_failed(x, error) : 0;
}

int context_failed(const struct context *x, int error)
{
	if (error == CELLCTL_STOPPED)
		return error; /* who pressed Ctrl-C knows */
	return complain(error, "%s", cellctl_message(x->c));
}

int context_cell(struct context *x, const char *name, unsigned *cell)
{
	int error = cellctl_find(x->c, name, cell);

	return error ? context_failed(x, error) : 0;
}

void progress(void *context, size_t done, size_t all)
{
	const struct context *x = context;

	if (x->quiet || !isatty(STDERR_FILENO))
		return;
	if (done < all)
		fprintf(stderr, "\r"), fprintf(stderr, _("reading %3u %%"), (unsigned)(done * 100 / all));
	else
		fprintf(stderr, "\r\033[K");
}

const char *printable(const void *from, size_t size, char *to, size_t room)
{
	const unsigned char *bytes = from;
	size_t at = 0;

	for (; at < size && at + 1 < room && bytes[at]; at++)
		to[at] = bytes[at] < ' ' || bytes[at] >= 0x7f ? '.' : (char)bytes[at];
	to[at] = 0;
	return to;
}

int output_failed(void)
{
	return errno == EPIPE ? CELLCTL_STOPPED : complain(CELLCTL_FAILED, _("standard output: %s"), strerror(errno));
}

/* ---- JSON ---- */

static int json_write(cJSON *document, char *text, const char *end)
{
	cJSON_Delete(document);
	if (!text)
		return complain(CELLCTL_FAILED, _("out of memory"));
	int bad = printf("%s%s", text, end) < 0 || fflush(stdout);

	free(text);
	return bad ? output_failed() : 0;
}

int json_print(cJSON *document)
{
	return json_write(document, cJSON_Print(document), "\n");
}

int json_line(cJSON *document)
{
	return json_write(document, cJSON_PrintUnformatted(document), "\n");
}

void json_hex(cJSON *to, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%#llx", (unsigned long long)value);
	cJSON_AddStringToObject(to, name, value ? text : "0x0");
}

void json_general(cJSON *to, const uint64_t x[31])
{
	char name[8];

	for (unsigned i = 0; i < 31; i++) {
		snprintf(name, sizeof name, "x%u", i);
		json_hex(to, name, x[i]);
	}
}

void json_number(cJSON *to, const char *name, uint64_t value)
{
	cJSON_AddNumberToObject(to, name, (double)value);
}

/* Length of the UTF-8 character there; 0: it is none. */
static size_t character(const unsigned char *p, size_t left)
{
	static const struct { unsigned char mask, is; uint32_t least; } kinds[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 },
	};

	for (size_t n = 0; n < 4; n++) {
		if ((p[0] & kinds[n].mask) != kinds[n].is)
			continue;
		uint32_t value = p[0] & (unsigned char)~kinds[n].mask;

		if (n >= left)
			return 0;
		for (size_t i = 1; i <= n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			value = value << 6 | (p[i] & 0x3f);
		}
		return value < kinds[n].least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) || !value ? 0 : n + 1;
	}
	return 0;
}

/* The replacement character for what is no UTF-8, as a JSON document has to be. */
void json_text(cJSON *to, const char *name, const void *bytes, size_t size)
{
	const unsigned char *from = bytes;
	char *text = malloc(3 * size + 1), *p = text;

	if (!text)
		return;
	for (size_t i = 0; i < size;) {
		size_t length = character(from + i, size - i);

		memcpy(p, length ? (const char *)from + i : "\xef\xbf\xbd", length ? length : 3);
		p += length ? length : 3;
		i += length ? length : 1;
	}
	*p = 0;
	cJSON_AddStringToObject(to, name, text);
	free(text);
}

void json_string(cJSON *to, const char *name, const char *text)
{
	if (text)
		json_text(to, name, text, strlen(text));
	else
		cJSON_AddNullToObject(to, name);
}
