/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The part of machine.c that is about the GIC's ITS: where it keeps what, and the commands that boot gives it (IHI 0069 5.3). */
#include "its.h"

typedef unsigned long long ull;

#define MAPD 0x08ULL
#define MAPC 0x09ULL
#define VALID BIT(63)

static bool is_used(const struct decision *d)
{
	return d->its.user_count != 0;
}

static u32 vcpus(const struct decision *d)
{
	return is_used(d) ? d->cells[d->its.cell].cpu_count : 0;
}

static u32 vectors(const struct decision *d, u32 user)
{
	return d->functions[d->its.users[user].function].vectors;
}

struct its_counts emit_its_counts(const struct decision *d)
{
	return (struct its_counts){ .its = is_used(d), .devices = d->its.user_count, .events = d->its.event_count,
		.commands = d->its.user_count + vcpus(d) };
}

static void emit_places(const struct decision *d, struct out *out)
{
	const struct its *its = &d->its;
	struct its_places p = its_places(d);

	out_printf(out, "\t{ /* %s, %s */\n\t\t.name = %s,\n", emit_path(its->node), emit_at(d, its->node->at), emit_quote(its->name));
	out_printf(out, "\t\t.base = 0x%llx,\n\t\t.guest = 0x%llx,\n", (ull)its->base, (ull)ITS_GUEST);
	out_printf(out, "\t\t.memory = 0x%llx,\n\t\t.memory_size = 0x%llx,\n", (ull)its->memory, (ull)its->size);
	out_printf(out, "\t\t.queue = 0x%llx,\n\t\t.properties = 0x%llx,\n", (ull)its->memory, (ull)p.properties);
	out_printf(out, "\t\t.devices = 0x%llx,\n\t\t.devices_size = 0x%llx,\n", (ull)p.devices, (ull)p.devices_size);
	out_printf(out, "\t\t.collections = 0x%llx,\n\t\t.pending = 0x%llx,\n", (ull)p.collections, (ull)p.pending);
	out_printf(out, "\t\t.cell = %u, /* %s */\n", its->cell, d->cells[its->cell].name);
	out_printf(out, "\t\t.device_bits = %u,\n\t\t.event_bits = %u,\n\t},\n", p.device_bits, p.event_bits);
}

static void emit_devices(const struct decision *d, struct out *out)
{
	for (u32 i = 0; i < d->its.user_count; i++) {
		const struct its_user *user = &d->its.users[i];
		const struct function *f = &d->functions[user->function];

		out_printf(out, "\t{ .name = %s, .itt = 0x%llx, .id = 0x%x, .first_event = %u, .event_count = %u }, /* %s, %s */\n",
			   emit_quote(f->name), (ull)user->itt, user->id, user->first_event, f->vectors, emit_path(f->node), emit_at(d, user->at));
	}
}

/* Of report.txt. */
void emit_its_report(const struct decision *d, struct out *out)
{
	struct its_places p;

	if (!is_used(d)) {
		return;
	}
	p = its_places(d);
	out_printf(out, "\nMESSAGE-SIGNALLED INTERRUPTS\n\n  %s at 0x%llx is driven for '%s' (%s); its memory 0x%llx, 0x%llx bytes, is nobody's\n",
		   d->its.name, (ull)d->its.base, d->cells[d->its.cell].name, emit_at(d, d->its.users[0].at), (ull)d->its.memory, (ull)d->its.size);
	out_printf(out, "  commands 0x%llx, LPIs 0x%llx, devices 0x%llx, collections 0x%llx, pending 0x%llx\n", (ull)d->its.memory,
		   (ull)p.properties, (ull)p.devices, (ull)p.collections, (ull)p.pending);
	for (u32 i = 0; i < d->its.user_count; i++) {
		out_printf(out, "  %-12s DeviceID 0x%x, EventIDs 0 to %u, table 0x%llx\n", d->functions[d->its.users[i].function].name,
			   d->its.users[i].id, vectors(d, i) - 1, (ull)d->its.users[i].itt);
	}
}

static void emit_command(struct out *out, ull w0, ull w1, ull w2, const char *what)
{
	out_printf(out, "\t{ 0x%llx, 0x%llx, 0x%llx, 0 }, /* %s */\n", w0, w1, w2, what);
}

/* A redistributor is a number, GICR_TYPER.Processor_Number: the CPU's in the board tree, as boot compares. */
static void emit_commands(const struct decision *d, struct out *out)
{
	for (u32 i = 0; i < d->its.user_count; i++) {
		const struct its_user *user = &d->its.users[i];

		emit_command(out, (ull)user->id << 32 | MAPD, its_event_bits(vectors(d, i)) - 1, VALID | user->itt,
			     mem_format("MAPD: %s", emit_comment(d->functions[user->function].name)));
	}
	for (u32 n = 0; n < vcpus(d); n++) {
		u16 cpu = d->cells[d->its.cell].cpus[n].cpu;

		emit_command(out, MAPC, 0, VALID | (ull)cpu << 16 | n, mem_format("MAPC: vCPU %u, %s", n, emit_comment(d->cpus[cpu].name)));
	}
}

void emit_its(const struct decision *d, struct out *out)
{
	out_printf(out, "const struct arch_its_config machine_its[MACHINE_MAX_ITS] = {\n");
	if (is_used(d)) {
		emit_places(d, out);
	}
	out_printf(out, "};\n\nconst struct its_device machine_its_devices[MACHINE_MAX_ITS_DEVICE] = {\n");
	emit_devices(d, out);
	out_printf(out, "};\n\nconst u64 machine_its_commands[MACHINE_MAX_ITS_COMMAND][4] = {\n");
	emit_commands(d, out);
	out_printf(out, "};\n\n");
}
