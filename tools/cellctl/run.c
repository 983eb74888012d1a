/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The command run: instructions into a cell that is there for it, and what they came to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cellctl_debug.h"
#include "commands.h"

#define CODE_MAX 16384u /* instructions */
#define DATA_MAX 16u

struct program {
	struct cellctl_run run;
	uint32_t code[CODE_MAX];
	struct cellctl_data data[DATA_MAX], read[DATA_MAX];
	char cell[33]; /* where */
};

static bool is_word(const char *text, uint32_t *value)
{
	char *end;
	size_t skip = !strncmp(text, "0x", 2) ? 2 : 0, length = strlen(text) - skip;
	unsigned long number = strtoul(text + skip, &end, 16);

	*value = (uint32_t)number;
	return length && length <= 8 && !*end && strspn(text + skip, "0123456789abcdefABCDEF") == length;
}

/* All of a file; NULL after a message. */
static void *read_file(const char *path, size_t *size, size_t most)
{
	FILE *file = fopen(path, "rb");
	void *bytes = file ? malloc(most + 1) : NULL;

	if (!bytes) {
		complain(0, "%s: %s", path, strerror(errno));
		if (file)
			fclose(file);
		return NULL;
	}
	*size = fread(bytes, 1, most + 1, file);
	fclose(file);
	if (*size <= most && *size)
		return bytes;
	complain(0, *size ? _("%s: more than %zu bytes") : _("%s: there is nothing in it"), path, most);
	free(bytes);
	return NULL;
}

/* Words as they are read in a listing, or a file of instructions as they lie in memory. A file of that name comes first only if the text is no number. */
static int take_instructions(struct program *p, int count, char **arguments)
{
	for (int i = 0; i < count; i++) {
		uint32_t word;
		size_t size, room = (CODE_MAX - p->run.code_count) * 4;
		void *bytes;

		if (is_word(arguments[i], &word)) {
			if (!room)
				return complain(CELLCTL_USAGE, _("more than %u instructions"), CODE_MAX);
			p->code[p->run.code_count++] = word;
			continue;
		}
		bytes = read_file(arguments[i], &size, room);
		if (!bytes)
			return CELLCTL_USAGE;
		if (!memcmp(bytes, "\177ELF", size < 4 ? size : 4) || size % 4) {
			free(bytes);
			return complain(CELLCTL_USAGE, _("%s: not instructions as they lie in memory; objcopy -O binary makes them of an ELF"), arguments[i]);
		}
		memcpy(p->code + p->run.code_count, bytes, size);
		p->run.code_count += size / 4;
		free(bytes);
	}
	return 0;
}

/* "A=B,C=D": each pair in its turn. False: something else. */
static bool next_pair(char **rest, char **left, char **right)
{
	char *pair = strsep(rest, ",");

	*left = pair;
	*right = strchr(pair, '=');
	if (!*right || !(*right)[1])
		return false;
	*(*right)++ = 0;
	return true;
}

static int take_registers(struct program *p, char *text)
{
	char *name, *value;

	while (text) {
		uint64_t number, word;

		if (!next_pair(&text, &name, &value) || *name != 'x' || !parse_number(name + 1, &number) || number > 30 || !parse_number(value, &word))
			return complain(CELLCTL_USAGE, _("--reg: it is x0=NUMBER,x1=NUMBER,... up to x30"));
		p->run.x[number] = word;
		p->run.given |= 1u << number;
	}
	return 0;
}

static int take_data(struct program *p, char *text)
{
	char *address, *file;

	while (text) {
		struct cellctl_data *data = &p->data[p->run.data_count];

		if (p->run.data_count == DATA_MAX || !next_pair(&text, &address, &file) || !parse_number(address, &data->address))
			return complain(CELLCTL_USAGE, _("--data: it is ADDRESS=FILE,ADDRESS=FILE,...; at most %u"), DATA_MAX);
		data->bytes = read_file(file, &data->size, 1 << 20);
		if (!data->bytes)
			return CELLCTL_USAGE;
		p->run.data_count++;
	}
	return 0;
}

static int take_dump(struct program *p, char *text)
{
	char *address, *size;

	while (text) {
		struct cellctl_data *read = &p->read[p->run.read_count];
		uint64_t bytes;

		if (p->run.read_count == DATA_MAX || !next_pair(&text, &address, &size) || !parse_number(address, &read->address) ||
		    !parse_number(size, &bytes) || !bytes || bytes > 1 << 20)
			return complain(CELLCTL_USAGE, _("--memory: it is ADDRESS=BYTES,ADDRESS=BYTES,...; at most %u"), DATA_MAX);
		read->size = (size_t)bytes;
		read->bytes = calloc(1, read->size);
		if (!read->bytes)
			return complain(CELLCTL_FAILED, _("out of memory"));
		p->run.read_count++;
	}
	return 0;
}

static int with_copy(struct context *x, struct program *p, const char *name, int (*take)(struct program *p, char *text))
{
	char *text = option(x, name) ? strdup(option(x, name)) : NULL;
	int error = text ? take(p, text) : 0;

	free(text);
	return error;
}

/* ---- what it came to ---- */

static const char *end_of(const struct cellctl_run *run)
{
	switch (run->why) {
	case DEBUG_BRK: return "brk";
	case DEBUG_ASKED: return "limit";
	default: return "other";
	}
}

static void registers_json(const struct cellctl_registers *r, cJSON *to)
{
	json_general(to, r->x);
	json_hex(to, "sp", r->sp);
	json_hex(to, "pc", r->pc);
	json_hex(to, "pstate", r->pstate);
}

static int show_json(const struct program *p)
{
	cJSON *document = cJSON_CreateObject(), *memory;
	bool ended = p->run.why == DEBUG_ENDED;

	json_string(document, "cell", p->cell);
	cJSON_AddStringToObject(document, "end", end_of(&p->run));
	json_number(document, "brk", p->run.brk);
	if (ended)
		cJSON_AddNullToObject(document, "registers");
	else
		registers_json(&p->run.after, cJSON_AddObjectToObject(document, "registers"));
	memory = cJSON_AddArrayToObject(document, "memory");
	for (size_t n = 0; n < p->run.read_count && !ended; n++) {
		cJSON *piece = cJSON_CreateObject(), *bytes = cJSON_AddArrayToObject(piece, "bytes");

		json_hex(piece, "address", p->read[n].address);
		for (size_t i = 0; i < p->read[n].size; i++)
			cJSON_AddItemToArray(bytes, cJSON_CreateNumber(((unsigned char *)p->read[n].bytes)[i]));
		cJSON_AddItemToArray(memory, piece);
	}
	return json_print(document);
}

static void show_memory(const struct cellctl_data *data)
{
	const unsigned char *bytes = data->bytes;

	for (size_t i = 0; i < data->size; i += 16) {
		printf("0x%016llx ", (unsigned long long)(data->address + i));
		for (size_t n = i; n < i + 16 && n < data->size; n++)
			printf(" %02x", bytes[n]);
		printf("\n");
	}
}

static void show_text(const struct program *p)
{
	const struct cellctl_registers *r = &p->run.after;

	if (p->run.why == DEBUG_BRK)
		printf(_("cell %s: ended with BRK #%u at pc 0x%llx\n"), p->cell, p->run.brk, (unsigned long long)r->pc);
	else
		printf(_("cell %s: stopped at the limit, at pc 0x%llx\n"), p->cell, (unsigned long long)r->pc);
	for (unsigned i = 0; i < 31; i++)
		printf("x%-2u 0x%016llx%s", i, (unsigned long long)r->x[i], i % 4 == 3 ? "\n" : "  ");
	printf("sp  0x%016llx\npc  0x%016llx  pstate %#llx\n", (unsigned long long)r->sp, (unsigned long long)r->pc, (unsigned long long)r->pstate);
	printf("x0 = %llu\n", (unsigned long long)r->x[0]);
	for (size_t n = 0; n < p->run.read_count; n++)
		show_memory(&p->read[n]);
}

/* How it ended is the core's to say. */
static void complain_of_end(struct context *x, const struct program *p, unsigned number)
{
	struct manage_cell cell = { .reason = 0 };
	const char *reason = cellctl_cell(x->c, number, &cell) ? NULL : cellctl_name(x->c, NAMES_REASONS, cell.reason);
	char what[64];

	complain(0, _("cell %s: it has ended before a BRK or the limit: %s%s%s; cellctl status %s says who wanted it, cellctl crash %s what it failed of"), p->cell,
		 reason ? cellctl_word(reason) : "?", *cell.what ? ": " : "", cellctl_word(printable(cell.what, sizeof cell.what, what, sizeof what)), p->cell, p->cell);
}

/* May be debugged, and runs. */
static bool is_open(struct context *x, const struct manage_cell *cell)
{
	const char *state = cellctl_name(x->c, NAMES_STATES, cell->state);

	return cell->debug & 1 && state && !strcmp(state, "running");
}

/* The one cell that is open, unless one is named: which of several waits for instructions nobody can see, and others would be overwritten. */
static int choose_cell(struct context *x, unsigned *cell, char name[33])
{
	const char *wanted = option(x, "cell");
	unsigned number = 0, found = 0;
	int error = wanted ? context_cell(x, wanted, &number) : 0;

	for (unsigned i = number; i < (wanted ? number + 1 : cellctl_cells(x->c)) && !error; i++) {
		struct manage_cell about;

		if ((error = cellctl_cell(x->c, i, &about)))
			return context_failed(x, error);
		if (!wanted && !is_open(x, &about))
			continue;
		*cell = i;
		printable(about.name, sizeof about.name, name, 33);
		found++;
	}
	if (error || found == 1)
		return error;
	return found ? complain(CELLCTL_USAGE, _("%u running cells of this partition let themselves be debugged; --cell names one"), found) :
		       complain(CELLCTL_NO, _("no running cell of this partition lets itself be debugged; --cell names one"));
}

static int run_it(struct context *x, struct program *p)
{
	unsigned cell = 0;
	int error = context_open(x, NULL);

	if (!error)
		error = choose_cell(x, &cell, p->cell);
	if (error)
		return error;
	error = cellctl_run(x->c, cell, &p->run);
	if (error == CELLCTL_USAGE)
		return complain(error, _("cell %s: the instructions do not fit where its x0 and x1 say that there is room; --at says where else"), p->cell);
	if (error)
		return context_failed(x, error);
	if (p->run.why == DEBUG_ENDED)
		complain_of_end(x, p, cell);
	if (x->json)
		error = show_json(p);
	else if (p->run.why != DEBUG_ENDED)
		show_text(p);
	if (!error && p->run.why != DEBUG_BRK)
		return CELLCTL_NO;
	return error;
}

int command_run(struct context *x, int count, char **arguments)
{
	struct program *p = calloc(1, sizeof *p);
	uint64_t limit = 1000;
	int error;

	if (!p)
		return complain(CELLCTL_FAILED, _("out of memory"));
	p->run = (struct cellctl_run){ .code = p->code, .data = p->data, .read = p->read };
	error = take_instructions(p, count, arguments);
	if (!error)
		error = with_copy(x, p, "reg", take_registers);
	if (!error)
		error = with_copy(x, p, "data", take_data);
	if (!error)
		error = with_copy(x, p, "memory", take_dump);
	if (!error && (!option_number(x, "limit", 1, 3600000, &limit) || !option_number(x, "at", 4, UINT64_MAX, &p->run.address)))
		error = CELLCTL_USAGE;
	p->run.limit = (unsigned)limit;
	if (!error)
		error = run_it(x, p);
	for (size_t i = 0; i < DATA_MAX; i++) {
		free(p->data[i].bytes);
		free(p->read[i].bytes);
	}
	free(p);
	return error;
}
