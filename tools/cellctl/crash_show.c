/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* One record of the crash region, in words or as JSON: crash_show.h. */
#include "crash_show.h"

#include <inttypes.h>
#include <string.h>

static const char *const vcpu_states[] = { [CRASH_VCPU_MISSING] = "did not come in", [CRASH_VCPU_KEPT] = "registers", [CRASH_VCPU_OFF] = "off" };

/* Of a field: the core's word, in the user's language. */
#define WORD(field) cellctl_word(TEXT(field))

const char *crash_text_of(const char *field, size_t size, char *to, size_t room)
{
	return printable(field, size, to, room);
}

static const char *symbol(struct symbols *symbols, uint64_t address, char *to, size_t size)
{
	char name[160];

	symbols_name(symbols, address, name, sizeof name);
	if (*name)
		snprintf(to, size, " <%s>", name);
	else
		*to = 0;
	return to;
}

static double seconds(const struct crash_origin *origin)
{
	return origin->hz ? (double)origin->when / (double)origin->hz : 0;
}

/* ---- registers ---- */

/* i-th of struct vcpu_registers. more: names of the last ones. */
static const char *register_name(const struct crash_cell *cell, unsigned i, char *to, size_t size)
{
	static const char *const last[] = { "sp", "pc", "pstate" };

	if (i < 31)
		snprintf(to, size, "x%u", i);
	else if (i < 34)
		snprintf(to, size, "%s", last[i - 31]);
	else
		printable(cell->more_names[i - 34], sizeof cell->more_names[0], to, size);
	return to;
}

static uint64_t register_value(const struct vcpu_registers *r, unsigned i)
{
	return i < 31 ? r->regs[i] : i == 31 ? r->sp : i == 32 ? r->pc : i == 33 ? r->pstate : r->more[i - 34];
}

static void print_registers(struct symbols *symbols, const struct crash_cell *cell, const struct vcpu_registers *r)
{
	char name[24], where[200];

	for (unsigned i = 0; i < 34 + VCPU_MORE_REGISTERS; i++) {
		if (!*register_name(cell, i, name, sizeof name))
			continue;
		printf("%s%s=0x%016" PRIx64, i % 4 ? " " : "        ", name, register_value(r, i));
		if (i % 4 == 3)
			putchar('\n');
	}
	if ((34 + VCPU_MORE_REGISTERS) % 4)
		putchar('\n');
	if (*symbol(symbols, r->pc, where, sizeof where))
		printf("        pc%s\n", where);
	if (*symbol(symbols, r->regs[30], where, sizeof where))
		printf("        x30%s\n", where);
}

static void registers_json(struct symbols *symbols, const struct crash_cell *cell, const struct vcpu_registers *r, cJSON *to)
{
	cJSON *list = cJSON_AddObjectToObject(to, "registers");
	char name[24], where[200];

	for (unsigned i = 0; i < 34 + VCPU_MORE_REGISTERS; i++)
		if (*register_name(cell, i, name, sizeof name))
			json_hex(list, name, register_value(r, i));
	if (*symbols_name(symbols, r->pc, where, sizeof where))
		json_string(to, "pc_symbol", where);
	if (*symbols_name(symbols, r->regs[30], where, sizeof where))
		json_string(to, "lr_symbol", where);
}

/* ---- records of cells ---- */

void crash_origin_json(const struct crash_origin *origin, cJSON *to)
{
	json_number(to, "sequence", origin->sequence);
	json_number(to, "boot", origin->boot);
	cJSON_AddNumberToObject(to, "seconds", seconds(origin));
	json_number(to, "ticks", origin->when);
	json_number(to, "hz", origin->hz);
	json_string(to, "configuration", TEXT(origin->hash));
	json_string(to, "partition", TEXT(origin->partition));
}

static void print_origin(const struct crash_origin *origin)
{
	printf(_("    counter at %.6f s, partition %s, configuration %s\n"), seconds(origin), TEXT(origin->partition), TEXT(origin->hash));
}

static const char *vcpu_state(const struct crash_vcpu *vcpu)
{
	return vcpu->state < sizeof vcpu_states / sizeof *vcpu_states ? vcpu_states[vcpu->state] : "?";
}

static void print_console(const struct crash_cell *cell)
{
	const char *p = (const char *)cell + cell->console, *end = p + cell->console_size;

	while (p < end) {
		const char *line = memchr(p, '\n', (size_t)(end - p));
		size_t length = (size_t)((line ? line : end) - p);
		char text[CRASH_CONSOLE + 1];

		if (length && p[length - 1] == '\r')
			length--;
		printf("    | ");
		for (size_t i = 0; i < length; i += sizeof text - 1) {
			size_t piece = length - i < sizeof text - 1 ? length - i : sizeof text - 1;

			for (size_t k = 0; k < piece; k++)
				text[k] = p[i + k] >= ' ' && p[i + k] < 0x7f ? p[i + k] : '.';
			text[piece] = 0;
			printf("%s", text);
		}
		putchar('\n');
		p = line ? line + 1 : end;
	}
}

/* It may be a cell, and that be called anything. */
static const char *by_whom(const char *by)
{
	return !strcmp(by, "operator") || !strcmp(by, "policy") || !strcmp(by, "itself") ? cellctl_word(by) : by;
}

void crash_print_cell(struct symbols *symbols, const struct crash_cell *cell)
{
	char where[200];

	printf(_("record %u, boot %u: cell %s, life %u: %s"), cell->origin.sequence, cell->origin.boot, TEXT(cell->cell), cell->life, WORD(cell->reason));
	if (*cell->what)
		printf(": %s", WORD(cell->what));
	printf(_(", vCPU %u on %s, pc %#" PRIx64 "%s; by %s; then %s\n"), cell->vcpu, TEXT(cell->cpu), cell->pc, symbol(symbols, cell->pc, where, sizeof where), by_whom(TEXT(cell->by)), WORD(cell->end));
	print_origin(&cell->origin);
	for (unsigned i = 0; i < 4; i++)
		printf("%s%s=0x%016" PRIx64 "%s", i ? " " : "    ", TEXT(cell->detail_names[i]), cell->detail[i], i == 3 ? "\n" : "");
	for (unsigned i = 0; i < cell->vcpu_kept; i++) {
		const struct crash_vcpu *vcpu = crash_vcpu_of(cell, i);

		printf(_("    vCPU %u: %s\n"), i, cellctl_word(vcpu_state(vcpu)));
		if (vcpu->state == CRASH_VCPU_KEPT)
			print_registers(symbols, cell, &vcpu->registers);
	}
	if (cell->vcpu_count > cell->vcpu_kept)
		printf(_("    and %u vCPUs more, of which nothing is kept\n"), cell->vcpu_count - cell->vcpu_kept);
	print_console(cell);
}

void crash_cell_json(struct symbols *symbols, unsigned slot, const struct crash_cell *cell, cJSON *list)
{
	cJSON *to = cJSON_CreateObject(), *detail, *kept;
	char where[200];

	json_number(to, "slot", slot);
	json_string(to, "kind", "cell");
	crash_origin_json(&cell->origin, to);
	json_string(to, "cell", TEXT(cell->cell));
	json_string(to, "reason", TEXT(cell->reason));
	json_string(to, "what", TEXT(cell->what));
	json_string(to, "by", TEXT(cell->by));
	json_string(to, "then", TEXT(cell->end));
	json_string(to, "cpu", TEXT(cell->cpu));
	json_number(to, "life", cell->life);
	json_number(to, "number", cell->number);
	json_number(to, "reason_number", cell->reason_number);
	json_number(to, "vcpu", cell->vcpu);
	json_hex(to, "pc", cell->pc);
	if (*symbols_name(symbols, cell->pc, where, sizeof where))
		json_string(to, "pc_symbol", where);
	detail = cJSON_AddObjectToObject(to, "detail");
	for (unsigned i = 0; i < 4; i++)
		json_hex(detail, TEXT(cell->detail_names[i]), cell->detail[i]);
	json_number(to, "vcpu_count", cell->vcpu_count);
	kept = cJSON_AddArrayToObject(to, "vcpus");
	for (unsigned i = 0; i < cell->vcpu_kept; i++) {
		const struct crash_vcpu *vcpu = crash_vcpu_of(cell, i);
		cJSON *one = cJSON_CreateObject();

		json_string(one, "state", vcpu_state(vcpu));
		json_number(one, "cpu", vcpu->cpu);
		if (vcpu->state == CRASH_VCPU_KEPT)
			registers_json(symbols, cell, &vcpu->registers, one);
		cJSON_AddItemToArray(kept, one);
	}
	json_text(to, "console", (const char *)cell + cell->console, cell->console_size);
	json_number(to, "trace_count", cell->trace_count);
	cJSON_AddItemToArray(list, to);
}

/* ---- panic ---- */

void crash_panic_json(const struct crash_panic *panic, unsigned stack, cJSON *to)
{
	cJSON *registers, *words;

	json_string(to, "kind", "panic");
	crash_origin_json(&panic->origin, to);
	json_string(to, "cpu", TEXT(panic->cpu));
	json_string(to, "what", TEXT(panic->what));
	json_hex(to, "declared", panic->declared);
	json_hex(to, "found", panic->found);
	cJSON_AddBoolToObject(to, "exception", panic->exception);
	json_hex(to, "pc", panic->pc);
	json_hex(to, "sp", panic->sp);
	json_hex(to, "pstate", panic->pstate);
	registers = cJSON_AddObjectToObject(to, "registers");
	json_general(registers, panic->regs);
	words = cJSON_AddArrayToObject(to, "stack");
	for (unsigned i = 0; i < stack; i++) {
		char word[24];

		snprintf(word, sizeof word, "0x%" PRIx64, panic->stack[i]);
		cJSON_AddItemToArray(words, cJSON_CreateString(word));
	}
}

void crash_print_panic(const struct crash_panic *panic, unsigned stack)
{
	printf(_("record %u, boot %u: panic on %s: %s: %s %#" PRIx64 ", %s %#" PRIx64 "\n"), panic->origin.sequence, panic->origin.boot, TEXT(panic->cpu), TEXT(panic->what),
	       panic->exception ? _("syndrome") : _("declared"), panic->declared, panic->exception ? _("address") : _("found"), panic->found);
	print_origin(&panic->origin);
	printf("    pc=0x%016" PRIx64 " sp=0x%016" PRIx64 " pstate=0x%016" PRIx64 "\n", panic->pc, panic->sp, panic->pstate);
	for (unsigned i = 0; i < 31; i++)
		printf("%sx%u=0x%016" PRIx64 "%s", i % 4 ? " " : "    ", i, panic->regs[i], i % 4 == 3 || i == 30 ? "\n" : "");
	for (unsigned i = 0; i < stack; i++)
		printf("%s0x%016" PRIx64 "%s", i % 4 ? " " : "    stack ", panic->stack[i], i % 4 == 3 || i == stack - 1 ? "\n" : "");
}
