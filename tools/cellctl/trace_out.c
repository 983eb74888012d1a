/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "trace_out.h"

#include <inttypes.h>
#include <string.h>

/* Arm ARM, ESR_EL2.EC */
const char *trace_class(u32 syndrome)
{
	switch (syndrome >> 26) {
	case 0x00: return "unknown";
	case 0x01: return "WFI/WFE";
	case 0x07: return "SVE/SIMD";
	case 0x0e: return "illegal state";
	case 0x11: return "SVC";
	case 0x12: case 0x16: return "HVC";
	case 0x13: case 0x17: return "SMC";
	case 0x18: return "system register";
	case 0x20: case 0x21: return "instruction abort";
	case 0x22: return "PC alignment";
	case 0x24: case 0x25: return "data abort";
	case 0x26: return "SP alignment";
	case 0x2f: return "SError";
	case 0x30: case 0x31: return "hardware breakpoint";
	case 0x32: case 0x33: return "step";
	case 0x34: case 0x35: return "watchpoint";
	case 0x3c: return "BRK";
	default: return "exception";
	}
}

static const struct trace_cpu *cpu_of(const struct trace_out *t, u16 cpu)
{
	static const struct trace_cpu none = { .cell = TRACE_CORE, .name = "cpu?", .owner = "?" };

	return cpu < t->cpu_count ? &t->cpus[cpu] : &none;
}

/* "linux: running", of TRACE_LIFE. */
static const char *life_of(const struct trace_out *t, const struct trace_entry *e, char *text, size_t size)
{
	const char *name = "?";
	char number[16];

	for (u32 i = 0; i < t->cpu_count; i++)
		if (t->cpus[i].cell == e->where)
			name = t->cpus[i].owner;
	snprintf(number, sizeof(number), "%" PRIu32, e->code);
	snprintf(text, size, "%s: %s", name, e->code < t->state_count ? t->states[e->code] : number);
	return text;
}

static bool is_abort(u32 syndrome)
{
	u32 ec = syndrome >> 26;

	return ec == 0x20 || ec == 0x21 || ec == 0x24 || ec == 0x25;
}

static double microseconds(const struct trace_out *t, u64 ticks)
{
	u64 whole = t->hz ? ticks / t->hz : 0, rest = t->hz ? ticks % t->hz : 0;

	return (double)whole * 1e6 + (double)rest * 1e6 / (double)(t->hz ? t->hz : 1);
}

/* ---- JSON ---- */

static void put_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++)
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			fprintf(out, "\\u%04x", (unsigned)*text);
		else
			fputc(*text, out);
	fputc('"', out);
}

/* The beginning of an event, up to its own members. pid 0 is not a process to some readers. */
static void put_event(struct trace_out *t, u16 cpu, const char *phase, const char *name)
{
	const struct trace_cpu *c = cpu_of(t, cpu);

	fprintf(t->out, "%s\n{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u,\"name\":", t->begun ? "," : "", phase,
		c->cell == TRACE_CORE ? 1u : c->cell + 2u, cpu + 1u);
	put_text(t->out, name);
	t->begun = true;
}

static void put_name(struct trace_out *t, u16 cpu, const char *kind, const char *name)
{
	put_event(t, cpu, "M", kind);
	fputs(",\"args\":{\"name\":", t->out);
	put_text(t->out, name);
	fputs("}}", t->out);
}

static void begin_json(struct trace_out *t, const char *const *about)
{
	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{", t->out);
	for (u32 i = 0; about && about[i]; i += 2) {
		fputs(i ? "," : "", t->out);
		put_text(t->out, about[i]);
		fputc(':', t->out);
		put_text(t->out, about[i + 1]);
	}
	fputs("},\"traceEvents\":[", t->out);
	for (u32 i = 0; i < t->cpu_count; i++) {
		if (t->cpus[i].other)
			continue;
		put_name(t, (u16)i, "process_name", t->cpus[i].owner);
		put_name(t, (u16)i, "thread_name", t->cpus[i].name);
	}
}

/* An exception or an interrupt. until: when its return was; NULL: there was none, as after short ones. */
static void put_exit(struct trace_out *t, u16 cpu, const struct trace_entry *e, const u64 *until)
{
	char name[24];

	snprintf(name, sizeof(name), "irq %" PRIu32, e->code);
	put_event(t, cpu, until ? "X" : "i", e->kind == TRACE_IRQ ? name : trace_class(e->code));
	fprintf(t->out, ",\"cat\":\"%s\",\"ts\":%.3f", e->kind == TRACE_IRQ ? "irq" : "exit", microseconds(t, e->when));
	if (until)
		fprintf(t->out, ",\"dur\":%.3f", microseconds(t, *until - e->when));
	else
		fputs(",\"s\":\"t\"", t->out);
	fprintf(t->out, ",\"args\":{\"pc\":\"0x%" PRIx64 "\"", e->where);
	if (e->kind == TRACE_EXIT)
		fprintf(t->out, ",\"syndrome\":\"0x%" PRIx32 "\"", e->code);
	if (e->kind == TRACE_EXIT && is_abort(e->code))
		fprintf(t->out, ",\"address\":\"0x%" PRIx64 "\"", e->more);
	fputs("}}", t->out);
}

static void put_mark(struct trace_out *t, u16 cpu, const struct trace_entry *e, const char *category, const char *name)
{
	put_event(t, cpu, "i", name);
	fprintf(t->out, ",\"cat\":\"%s\",\"s\":\"t\",\"ts\":%.3f,\"args\":{\"code\":\"0x%" PRIx32 "\",\"where\":\"0x%" PRIx64 "\",\"more\":\"0x%" PRIx64 "\"}}",
		category, microseconds(t, e->when), e->code, e->where, e->more);
}

static void flush_exit(struct trace_out *t, u16 cpu, const u64 *until)
{
	if (t->open[cpu])
		put_exit(t, cpu, &t->exit[cpu], until);
	t->open[cpu] = false;
}

static void entry_json(struct trace_out *t, u16 cpu, const struct trace_entry *e)
{
	char name[64];

	switch (e->kind) {
	case TRACE_EXIT:
	case TRACE_IRQ:
		flush_exit(t, cpu, NULL);
		t->exit[cpu] = *e;
		t->open[cpu] = true;
		break;
	case TRACE_RETURN: flush_exit(t, cpu, &e->when); break;
	case TRACE_LIFE: put_mark(t, cpu, e, "life", life_of(t, e, name, sizeof(name))); break;
	case TRACE_CALL:
		snprintf(name, sizeof(name), "call 0x%" PRIx32, e->code);
		put_mark(t, cpu, e, "call", name);
		break;
	default: put_mark(t, cpu, e, "other", "?"); break;
	}
}

/* ---- text ---- */

static void put_head(const struct trace_out *t, u16 cpu, u64 when)
{
	const struct trace_cpu *c = cpu_of(t, cpu);

	fprintf(t->out, "%14.6f %-6s %-12s ", microseconds(t, when) / 1e6, c->name, c->owner);
}

static void entry_text(struct trace_out *t, u16 cpu, const struct trace_entry *e)
{
	char name[64];

	put_head(t, cpu, e->when);
	switch (e->kind) {
	case TRACE_EXIT:
		fprintf(t->out, "exit    %s, syndrome 0x%" PRIx32 ", pc 0x%" PRIx64, trace_class(e->code), e->code, e->where);
		if (is_abort(e->code))
			fprintf(t->out, ", address 0x%" PRIx64, e->more);
		fputc('\n', t->out);
		break;
	case TRACE_IRQ: fprintf(t->out, "irq     %" PRIu32 ", pc 0x%" PRIx64 "\n", e->code, e->where); break;
	case TRACE_LIFE: fprintf(t->out, "life    %s\n", life_of(t, e, name, sizeof(name))); break;
	case TRACE_CALL: fprintf(t->out, "call    0x%" PRIx32 ", pc 0x%" PRIx64 ", argument 0x%" PRIx64 "\n", e->code, e->where, e->more); break;
	case TRACE_RETURN:
		if (t->open[cpu])
			fprintf(t->out, "return  after %.3f us\n", microseconds(t, e->when - t->exit[cpu].when));
		else
			fputs("return\n", t->out);
		break;
	default: fprintf(t->out, "kind %" PRIu32 ", 0x%" PRIx32 ", 0x%" PRIx64 ", 0x%" PRIx64 "\n", e->kind, e->code, e->where, e->more); break;
	}
	if (e->kind == TRACE_EXIT || e->kind == TRACE_IRQ) {
		t->open[cpu] = true;
		t->exit[cpu] = *e;
	} else if (e->kind == TRACE_RETURN) {
		t->open[cpu] = false;
	}
}

/* ---- both ---- */

void trace_begin(struct trace_out *t, const char *const *about)
{
	t->begun = false;
	t->lost = 0;
	memset(t->open, 0, sizeof(t->open));
	if (t->json)
		begin_json(t, about);
}

void trace_entry(struct trace_out *t, u16 cpu, const struct trace_entry *e)
{
	if (cpu >= TRACE_CPUS)
		return;
	if (t->json)
		entry_json(t, cpu, e);
	else
		entry_text(t, cpu, e);
}

void trace_lost(struct trace_out *t, u16 cpu, u64 when, u32 count)
{
	char name[48];

	if (cpu >= TRACE_CPUS)
		return;
	t->lost += count;
	snprintf(name, sizeof(name), "%" PRIu32 " entries lost", count);
	if (!t->json) {
		put_head(t, cpu, when);
		fprintf(t->out, "%s\n", name);
		t->open[cpu] = false;
		return;
	}
	flush_exit(t, cpu, NULL);
	put_mark(t, cpu, &(struct trace_entry){ .when = when, .code = count }, "lost", name);
}

bool trace_end(struct trace_out *t)
{
	if (t->json) {
		for (u32 i = 0; i < TRACE_CPUS; i++)
			flush_exit(t, (u16)i, NULL);
		fputs("\n]}\n", t->out);
	}
	return fflush(t->out) == 0 && !ferror(t->out);
}
