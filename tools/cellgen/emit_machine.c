/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* machine.c and counts.h: the decision as const C objects (shapes: core/machine.h, arch_machine.h). */
#include "arch_machine.h"
#include "parts.h"

typedef unsigned long long ull;

static void emit_head(const struct decision *d, struct out *out)
{
	out_printf(out, "/* SPDX-License-Identifier: Apache-2.0 OR MIT */\n"
		   "/*\n * Written by cellgen from %s; not to be edited.\n * Configuration %s\n */\n",
		   emit_comment(path_base(d->dts)), d->hash);
}

static u32 cell_ram_count(const struct decision *d)
{
	u32 count = 0;

	for (u32 i = 0; i < d->cell_count; i++) {
		count += d->cells[i].ram_count;
	}
	return count;
}

static u32 vcpu_count(const struct decision *d)
{
	u32 count = 0;

	for (u32 i = 0; i < d->cell_count; i++) {
		count += d->cells[i].cpu_count;
	}
	return count;
}

static u32 mediated_count(const struct decision *d)
{
	u32 count = 0;

	for (u32 i = 0; i < d->cell_count; i++) {
		count += d->cells[i].mediated;
	}
	return count;
}

static u32 debug_count(const struct decision *d)
{
	u32 count = 0;

	for (u32 i = 0; i < d->cell_count; i++) {
		count += d->cells[i].gdb;
	}
	return count;
}

static u32 most(u32 a, u32 b)
{
	return a > b ? a : b;
}

/* The most that any one cell has: loops over what is a cell's own are bounded by these. */
static void emit_limits(const struct decision *d, struct out *out)
{
	u32 vcpus = 0, vdevs = 0, ram = 0, root = 0;

	for (u32 i = 0; i < d->cell_count; i++) {
		vcpus = most(vcpus, d->cells[i].cpu_count);
		vdevs = most(vdevs, d->cells[i].vdev_count);
		ram = most(ram, d->cells[i].ram_count);
		root = most(root, d->cells[i].root_used);
	}
	out_printf(out, "\n/* The most that one cell has; of its root page, entries in use. */\n");
	out_printf(out, "#define CELL_VCPU_LIMIT %u\n#define CELL_VDEV_LIMIT %u\n", vcpus, vdevs);
	out_printf(out, "#define CELL_RAM_LIMIT %u\n#define CELL_ROOT_LIMIT %u\n", ram, root);
	out_printf(out, "\n/* Bytes of what the ITS keeps in memory, and of the crash region; 0: there is none. */\n");
	out_printf(out, "#define ITS_MEMORY_SIZE %llu\n#define CRASH_REGION_SIZE %llu\n", emit_its_counts(d).its ? (ull)d->its.size : 0,
		   d->hyp.crash.reserve == RESERVE_NONE ? 0 : (ull)d->reserves[d->hyp.crash.reserve].size);
}

static void emit_counts(const struct decision *d, const char *dir)
{
	struct io_counts io = emit_io_counts(d);
	struct its_counts its = emit_its_counts(d);
	const struct { const char *name; u32 count; } counts[] = {
		{ "CPU", d->cpu_count }, { "CELL", d->cell_count }, { "VCPU", vcpu_count(d) }, { "VDEV", d->vdev_count },
		{ "RAM_BANK", d->bank_count }, { "LINE", d->line_count }, { "CELL_RAM", cell_ram_count(d) },
		{ "MEDIATED", mediated_count(d) }, { "OWNER", d->line_limit + 1 },
		{ "IOMMU", io.iommus }, { "STREAM", io.streams }, { "FUNCTION", io.functions }, { "BAR", io.bars },
		{ "SPACE", io.spaces }, { "BUS", io.buses },
		{ "CONTROL", control_count(d) }, { "DEBUG", debug_count(d) },
		{ "ITS", its.its }, { "ITS_DEVICE", its.devices }, { "ITS_EVENT", its.events }, { "ITS_COMMAND", its.commands },
	};
	struct out out = {0};

	/* No name in it: another partition with the same counts is no reason to compile the core again. */
	out_printf(&out, "/* SPDX-License-Identifier: Apache-2.0 OR MIT */\n/* Written by cellgen; not to be edited. */\n");
	out_printf(&out, "#ifndef GEN_COUNTS_H\n#define GEN_COUNTS_H\n\n");
	for (u32 i = 0; i < ARRAY_COUNT(counts); i++) {
		out_printf(&out, "#define %s_COUNT %u\n", counts[i].name, counts[i].count);
	}
	emit_vgic_counts(d, &out);
	out_printf(&out, "\n/* Is the service CPU one that a cell has? */\n#define SERVICE_SHARED %u\n",
		   d->service_cpu != CPU_NONE && d->cpus[d->service_cpu].role == ROLE_VCPU);
	emit_limits(d, &out);
	out_printf(&out, "\n/* Array sizes: never 0. */\n");
	for (u32 i = 0; i < ARRAY_COUNT(counts); i++) {
		out_printf(&out, "#define MACHINE_MAX_%s %u\n", counts[i].name, counts[i].count ? counts[i].count : 1);
	}
	if (d->hyp.max_trap) {
		out_printf(&out, "\n/* For tools/bound. */\n#define MAX_TRAP_INSTRUCTIONS %u /* %s */\n", d->hyp.max_trap, emit_at(d, d->hyp.max_trap_prop->at));
	}
	out_printf(&out, "\n#endif\n");
	file_write(dir, "counts.h", out.data, out.size);
}

static void emit_vdevs(const struct decision *d, struct out *out)
{
	for (u32 i = 0; i < d->vdev_count; i++) {
		const struct vdev *v = &d->vdevs[i];

		out_printf(out, "/* %s, %s */\n", emit_path(v->node), emit_at(d, v->node->at));
		out_printf(out, "static struct vdev_%s state_%u __attribute__((section(\".data\")));\n", v->type->name, i);
	}
	out_printf(out, "\nconst struct vdev_config machine_vdevs[MACHINE_MAX_VDEV] = {\n");
	for (u32 i = 0; i < d->vdev_count; i++) {
		const struct vdev *v = &d->vdevs[i];

		out_printf(out, "\t{ /* %s, %s */\n", emit_path(v->node), emit_at(d, v->node->at));
		out_printf(out, "\t\t.ops = &vdev_%s,\n\t\t.state = &state_%u,\n\t\t.name = %s,\n", v->type->name, i,
			   emit_quote(v->node->name));
		out_printf(out, "\t\t.base = 0x%llx,\n\t\t.size = 0x%llx,\n", (ull)v->base, (ull)v->size);
		out_printf(out, "\t\t.line = %u,\n\t\t.cell = %u,\n\t\t.policy = %s,\n\t},\n", v->line, v->cell,
			   v->drop ? "CONSOLE_DROP" : "CONSOLE_BLOCK");
	}
	out_printf(out, "};\n\n");
}

static void emit_cpus(const struct decision *d, struct out *out)
{
	static const char *const roles[] = { "CPU_UNUSED", "CPU_VCPU", "CPU_SERVICE" };

	out_printf(out, "const struct cpu_config machine_cpus[MACHINE_MAX_CPU] = {\n");
	for (u32 i = 0; i < d->cpu_count; i++) {
		const struct cpu *cpu = &d->cpus[i];

		out_printf(out, "\t{ /* %s, %s */\n", emit_path(cpu->node), emit_at(d, cpu->node->at));
		out_printf(out, "\t\t.hw_id = 0x%llx,\n\t\t.role = %s,\n", (ull)cpu->hw_id, roles[cpu->role]);
		if (cpu->cell == CELL_NONE) {
			out_printf(out, "\t\t.cell = CELL_NONE,\n");
		} else {
			out_printf(out, "\t\t.cell = %u, /* %s */\n", cpu->cell, d->cells[cpu->cell].name);
		}
		out_printf(out, "\t\t.vcpu = %u,\n\t\t.name = %s,\n", cpu->vcpu, emit_quote(cpu->name));
		out_printf(out, "\t\t.arch = { .gicr = 0x%llx, .kick_line = %u },\n\t},\n", (ull)cpu->gicr, cpu->kick_line);
	}
	out_printf(out, "};\n\n");
}

static void emit_registers(const struct decision *d, struct out *out)
{
	out_printf(out, "const struct arch_regs machine_regs[MACHINE_MAX_CPU] __attribute__((section(\".regs\"))) = {\n");
	for (u32 i = 0; i < d->cpu_count; i++) {
		struct arch_regs r;

		arch_registers(d, i, &r);
		out_printf(out, "\t{ /* %s */\n", emit_comment(d->cpus[i].name));
		out_printf(out, "\t\t.hw_id = 0x%llx,\n\t\t.stack = 0x%llx,\n", (ull)r.hw_id, (ull)r.stack);
		out_printf(out, "\t\t.sctlr_el2 = 0x%llx,\n\t\t.tcr_el2 = 0x%llx,\n", (ull)r.sctlr_el2, (ull)r.tcr_el2);
		out_printf(out, "\t\t.mair_el2 = 0x%llx,\n\t\t.ttbr0_el2 = 0x%llx,\n", (ull)r.mair_el2, (ull)r.ttbr0_el2);
		out_printf(out, "\t\t.vtcr_el2 = 0x%llx,\n\t\t.vttbr_run = 0x%llx,\n", (ull)r.vtcr_el2, (ull)r.vttbr_run);
		out_printf(out, "\t\t.vttbr_load = 0x%llx,\n\t\t.hcr_run = 0x%llx,\n", (ull)r.vttbr_load, (ull)r.hcr_run);
		out_printf(out, "\t\t.hcr_load = 0x%llx,\n\t\t.mdcr_el2 = 0x%llx,\n", (ull)r.hcr_load, (ull)r.mdcr_el2);
		out_printf(out, "\t\t.cptr_el2 = 0x%llx,\n\t\t.cnthctl_el2 = 0x%llx,\n", (ull)r.cptr_el2, (ull)r.cnthctl_el2);
		out_printf(out, "\t\t.ich_hcr_el2 = 0x%llx,\n\t\t.vmpidr_el2 = 0x%llx,\n\t},\n", (ull)r.ich_hcr_el2,
			   (ull)r.vmpidr_el2);
	}
	out_printf(out, "};\n\n");
}

static void emit_lines(const struct decision *d, struct out *out)
{
	out_printf(out, "const struct arch_line machine_lines[MACHINE_MAX_LINE] = {\n");
	for (u32 i = 0; i < d->line_count; i++) {
		const struct line *l = &d->lines[i];

		out_printf(out, "\t{ .intid = %u, .cpu = %u, .edge = %s, .kick = %s }, /* %s, %s */\n", l->intid, l->cpu,
			   l->edge ? "true" : "false", l->use == LINE_KICK ? "true" : "false", emit_comment(l->what),
			   emit_at(d, l->at));
	}
	out_printf(out, "};\n\n");
}

static void emit_board(const struct decision *d, struct out *out)
{
	const struct device *console = &d->devices[d->hyp.console_device];

	out_printf(out, "const struct ram_bank machine_ram[MACHINE_MAX_RAM_BANK] __attribute__((section(\".boot\"), aligned(16))) = {\n");
	for (u32 i = 0; i < d->bank_count; i++) {
		out_printf(out, "\t{ .base = 0x%llx, .size = 0x%llx }, /* %s */\n", (ull)d->banks[i].base,
			   (ull)d->banks[i].size, emit_at(d, d->banks[i].at));
	}
	out_printf(out, "};\n\n/* %s, %s */\n", emit_path(d->gic.node), emit_at(d, d->gic.node->at));
	out_printf(out, "const struct arch_board_config machine_board = {\n\t.gicd = 0x%llx,\n\t.pa_bits = %u,\n"
		   "\t.line_limit = %u,\n};\n\n", (ull)d->gic.gicd, d->pa_bits, d->line_limit);
	out_printf(out, "/* %s, %s */\n", emit_path(d->hyp.node), emit_at(d, d->hyp.node->at));
	if (d->service_cpu == CPU_NONE) {
		out_printf(out, "const u16 machine_service_cpu = CPU_NONE;\n");
	} else {
		out_printf(out, "const u16 machine_service_cpu = %u; /* %s */\n", d->service_cpu,
			   d->cpus[d->service_cpu].name);
	}
	out_printf(out, "const u64 machine_console_base __attribute__((section(\".boot\"))) = 0x%llx; /* %s, %s */\n", (ull)console->regs[0].base,
		   console->name, emit_at(d, console->node->at));
	out_printf(out, "const u32 machine_console_clock = %u;\n", d->hyp.console_clock);
	out_printf(out, "const char machine_name[] = %s;\n", emit_quote(d->name));
	out_printf(out, "const char machine_board_name[] = %s;\n", emit_quote(d->model));
	out_printf(out, "const char machine_hash[] = %s;\n", emit_quote(d->hash));
}

void emit_machine(const struct decision *d, const char *dir)
{
	struct out out = {0};

	emit_counts(d, dir);
	emit_head(d, &out);
	out_printf(&out, "#include \"core/machine.h\"\n#include \"vdev/vdev.h\"\n#include \"vgic_config.h\"\n\n");
	emit_vdevs(d, &out);
	emit_vgics(d, &out);
	emit_cells(d, &out);
	emit_lives(d, &out);
	emit_cpus(d, &out);
	emit_registers(d, &out);
	emit_lines(d, &out);
	emit_owners(d, &out);
	emit_io(d, &out);
	emit_its(d, &out);
	emit_board(d, &out);
	emit_index(d, &out);
	file_write(dir, "machine.c", out.data, out.size);
}
