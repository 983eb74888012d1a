/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* regs, audit: pieces of the core's memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "crash_read.h"
#include "symbols.h"

#define NO_TARGET 0xffffu

/* ---- regs ---- */

struct registers {
	struct context *x;
	struct symbols *symbols;
	cJSON *to;
	unsigned shown;
};

static const char *name_of(struct context *x, unsigned i, char *to, size_t size)
{
	const char *name = cellctl_name(x->c, NAMES_REGISTERS, i);

	if (name)
		return printable(name, strlen(name), to, size);
	snprintf(to, size, "r%u", i);
	return to;
}

static void show_registers(struct registers *r, unsigned number, const struct manage_vcpu *vcpu, const uint64_t *values, size_t count)
{
	cJSON *one = r->to ? cJSON_CreateObject() : NULL, *list = NULL;
	char name[24], cpu[17], where[160];

	printable(vcpu->cpu, sizeof vcpu->cpu, cpu, sizeof cpu);
	if (one) {
		json_number(one, "vcpu", number);
		json_string(one, "cpu", cpu);
		json_number(one, "life", vcpu->life);
		list = cJSON_AddObjectToObject(one, "registers");
		cJSON_AddItemToArray(r->to, one);
	} else {
		printf(_("vCPU %u on %s, life %u\n"), number, cpu, vcpu->life);
	}
	for (unsigned i = 0; i < count; i++) {
		name_of(r->x, i, name, sizeof name);
		if (list) {
			json_hex(list, name, values[i]);
			continue;
		}
		printf("%s%-8s 0x%016" PRIx64 "%s", i % 3 ? "  " : "    ", name, values[i], i % 3 == 2 || i + 1 == count ? "\n" : "");
	}
	for (unsigned i = 0; r->symbols && i < count; i++) {
		name_of(r->x, i, name, sizeof name);
		if (strcmp(name, "pc") && strcmp(name, "x30") && strcmp(name, "elr_el1"))
			continue;
		if (!*symbols_name(r->symbols, values[i], where, sizeof where))
			continue;
		if (one)
			json_string(one, !strcmp(name, "pc") ? "pc_symbol" : !strcmp(name, "x30") ? "lr_symbol" : "elr_symbol", where);
		else
			printf("    %-8s <%s>\n", name, where);
	}
	r->shown++;
}

static int show_vcpu(struct registers *r, unsigned cell, unsigned number, bool asked)
{
	uint64_t values[sizeof(struct vcpu_registers) / 8];
	const struct manage_read what = { .area = AREA_REGISTERS, .cell = (uint16_t)cell, .vcpu = (uint16_t)number, .size = sizeof values };
	struct manage_vcpu vcpu;
	int error = cellctl_vcpu(r->x->c, cell, number, &vcpu);

	if (error)
		return context_failed(r->x, error);
	if (!vcpu.kept)
		return asked ? complain(CELLCTL_NO, _("nothing is kept of vCPU %u: registers are kept when a cell ends"), number) : 0;
	if ((error = cellctl_read(r->x->c, &what, values, NULL, NULL)))
		return context_failed(r->x, error);
	show_registers(r, number, &vcpu, values, sizeof values / 8);
	return 0;
}

int command_regs(struct context *x, int count, char **arguments)
{
	struct registers r = { .x = x };
	struct manage_cell cell;
	unsigned number;
	uint64_t vcpu = 0;
	int error;

	if (count > 1 && (!parse_number(arguments[1], &vcpu) || vcpu > UINT16_MAX))
		return complain(CELLCTL_USAGE, _("'%s' is no number of a vCPU"), arguments[1]);
	if ((error = symbols_open(option(x, "elf"), &r.symbols)) || (error = context_open(x, NULL)) || (error = context_cell(x, arguments[0], &number)))
		goto out;
	if ((error = cellctl_cell(x->c, number, &cell))) {
		context_failed(x, error);
		goto out;
	}
	cJSON *document = x->json ? cJSON_CreateObject() : NULL;

	if (document) {
		json_string(document, "cell", cell.name);
		r.to = cJSON_AddArrayToObject(document, "vcpus");
	}
	if (count > 1)
		error = show_vcpu(&r, number, (unsigned)vcpu, true);
	for (unsigned i = 0; count < 2 && i < cell.vcpu_count && !error; i++)
		error = show_vcpu(&r, number, i, false);
	if (document && !error)
		error = json_print(document);
	else
		cJSON_Delete(document);
	if (!error && !r.shown)
		error = complain(CELLCTL_NO, _("nothing is kept of %s: registers are kept when a cell ends"), arguments[0]);
out:
	symbols_close(r.symbols);
	return error;
}

/* ---- audit ---- */

/* struct audit, of as many cells as that core has: two words, counts of each origin and kind, entries. */
static int show_audit(struct context *x, const uint8_t *data, size_t size, cJSON *list)
{
	uint32_t head[2];
	struct manage_cell cell;
	char by[33], target[33];
	size_t count, entries;

	memcpy(head, data, sizeof head);
	entries = sizeof head + (size_t)head[1] * AUDIT_KINDS * 4;
	entries = (entries + 7) / 8 * 8;
	if (head[1] != cellctl_cells(x->c) + 2 || entries > size)
		return head[1] ? complain(CELLCTL_PROTOCOL, _("the audit has another shape than this program knows")) : 0; /* none: nothing has been noted */
	struct audit_line *lines = audit_lines(data + entries, size - entries, head[1], AUDIT_KINDS, AUDIT_ENTRIES, sizeof(struct audit_entry), &count);

	for (size_t i = 0; lines && i < count; i++) {
		const struct audit_line *line = &lines[i];
		bool is_cell = line->origin + 2 < line->origins, known = line->target < cellctl_cells(x->c) && !cellctl_cell(x->c, line->target, &cell);

		if (known)
			printable(cell.name, sizeof cell.name, target, sizeof target);
		snprintf(by, sizeof by, "%s", line->origin + 2 == line->origins ? "operator" : "policy");
		if (is_cell && !cellctl_cell(x->c, line->origin, &cell))
			printable(cell.name, sizeof cell.name, by, sizeof by);
		if (list)
			audit_line_json(list, line, by, known ? target : NULL);
		else
			audit_line_print(line, by, known ? target : NULL);
	}
	free(lines);
	return 0;
}

int command_audit(struct context *x, int count, char **arguments)
{
	const struct manage_identity *board;
	int error = context_board(x, &board);

	(void)count;
	(void)arguments;
	if (error)
		return error;
	if (board->audit_size < 16 || board->audit_size > 1u << 20)
		return complain(CELLCTL_UNKNOWN, _("this core keeps no audit: it is built without CONFIG_LIFECYCLE"));
	const struct manage_read what = { .area = AREA_AUDIT, .size = board->audit_size };
	uint8_t *data = malloc(board->audit_size);

	if (!data)
		return complain(CELLCTL_FAILED, _("out of memory"));
	error = cellctl_read(x->c, &what, data, progress, x);
	cJSON *document = x->json ? cJSON_CreateObject() : NULL;

	error = error ? context_failed(x, error) : show_audit(x, data, what.size, document ? cJSON_AddArrayToObject(document, "entries") : NULL);
	free(data);
	if (document && !error)
		return json_print(document);
	cJSON_Delete(document);
	return error;
}
