/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The way in and out of EL2, events, and what the port supplies. See vgic_world.h. */
#include <stdarg.h>
#include <stdio.h>

#include "vgic_world.h"

struct world world;

void world_fail(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(world.message, sizeof world.message, format, list);
	va_end(list);
	longjmp(world.failed, 1);
}

void world_say(const char *format, ...)
{
	va_list list;

	if (!world.trace)
		return;
	fprintf(stderr, "%6u %*s", world.step, (int)world.depth * 4, "");
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

u32 pick(u32 n)
{
	u32 value = (u32)(world.bits % n);

	world.bits /= n;
	return value;
}

/* Splitmix64: what happens in between needs more than a step's number has. */
static u32 chance(u32 n)
{
	u64 z = world.chance += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (u32)((z ^ z >> 31) % n);
}

/* ---- in and out ---- */

struct vgic_cpu *world_enter(u32 cpu)
{
	struct vgic_cpu *c = &world.cpus[cpu];
	struct sim_ich *ich = &world.sim.cpus[cpu].ich;

	for (u32 i = 0; i < ich->lr_count; i++)
		c->lr[i] = sim_lr_empty(ich, i) && !world.keep_empty ? 0 : ich->lr[i];
	c->eoi_count = ich->eoi_count;
	world.here = cpu;
	world.depth++;
	world.inside[cpu] = true;
	return c;
}

void world_leave(u32 cpu)
{
	struct vgic_cpu *c = &world.cpus[cpu];
	struct sim_ich *ich = &world.sim.cpus[cpu].ich;

	if (world.vcpus[cpu].summary && world.vcpus[cpu].present)
		vgic_collect(&world.vgic, c);
	world.depth--;
	world.inside[cpu] = false;
	for (u32 i = 0; i < ich->lr_count; i++) {
		if (c->dirty >> i & 1)
			ich->lr[i] = c->lr[i];
		else if (c->lr[i] != ich->lr[i] && !(c->lr[i] == 0 && sim_lr_empty(ich, i)))
			world_fail("cpu%u: list register %u changed and is not dirty", cpu, i);
	}
	if (c->dirty >> ich->lr_count)
		world_fail("cpu%u: dirty %#x beyond the list registers", cpu, c->dirty);
	c->dirty = 0;
	ich->hcr = c->hcr;
	ich->eoi_count = c->eoi_count;
	world_check_lrs(cpu);
}

/* ---- events ---- */

static bool line_waits(u32 cpu)
{
	for (u32 i = 0; i < world.sim.line_count; i++)
		if (sim_line_waits(&world.sim, cpu, world.sim.lines[i]))
			return true;
	return false;
}

static bool take_line(u32 cpu, u32 skip)
{
	u32 line = sim_take(&world.sim, cpu, skip);

	if (line == SIM_LINES)
		return false;
	world_say("cpu%u takes line %u", cpu, line);
	if (world.short_paths && fast_take(cpu, line))
		return true;
	if (!vgic_irq(&world.vgic, world_enter(cpu), line))
		world_fail("line %u is not the cell's", line);
	world_leave(cpu);
	return true;
}

static bool take_kick(u32 cpu)
{
	if (!world.sim.cpus[cpu].kick)
		return false;
	world_say("cpu%u is kicked", cpu);
	world.sim.cpus[cpu].kick = false;
	if (world.short_paths && fast_take(cpu, FAST_KICK))
		return true;
	vgic_collect(&world.vgic, world_enter(cpu));
	world_leave(cpu);
	return true;
}

static bool take_maintenance(u32 cpu)
{
	u32 misr = sim_misr(&world.sim.cpus[cpu].ich);

	if (!misr)
		return false;
	world_say("cpu%u has maintenance, MISR %#x", cpu, misr);
	vgic_maintain(&world.vgic, world_enter(cpu));
	world_leave(cpu);
	return true;
}

bool world_event(u32 cpu, u32 which)
{
	u32 here = world.here;
	bool taken = false;

	if (!world.sim.cpus[cpu].on)
		return false;
	for (u32 n = 0; n < 3 && !taken; n++)
		switch ((which + n) % 3) {
		case 0: taken = take_kick(cpu); break;
		case 1: taken = take_maintenance(cpu); break;
		default: taken = take_line(cpu, which / 3); break;
		}
	world.here = here;
	return taken;
}

bool world_quiet(void)
{
	for (u32 i = 0; i < world.cpu_count; i++) {
		const struct sim_cpu *cpu = &world.sim.cpus[i];

		if (!cpu->on)
			continue;
		if (cpu->kick || sim_misr(&cpu->ich) || line_waits(i))
			return false;
		if (world.vcpus[i].summary)
			world_fail("cpu%u has news (%#x) and no kick", i, world.vcpus[i].summary);
	}
	return true;
}

bool world_clears(u32 cpu, u32 line)
{
	return (line < 32 ? world.vcpus[cpu].unpend : world.vgic.unpend[line / 32]) >> line % 32 & 1;
}

void world_settle(void)
{
	u32 rounds = 0;
	bool any;

	do {
		any = false;
		for (u32 i = 0; i < world.cpu_count; i++)
			any |= world_event(i, chance(30));
		if (rounds++ > 1000)
			world_fail("events without end");
	} while (any);
}

/* ---- what the port supplies ---- */

/* Another CPU takes an event, or the output of a device changes. */
void world_between(void)
{
	u32 here = world.here, other = chance(world.cpu_count), line = world.spec.lines[chance(world.spec.line_count)];

	if (!world.interleave || world.depth > 1 || chance(3))
		return;
	if (world.spec.kind[line] == SPEC_DEVICE && !chance(3)) {
		world_device(WORLD_CPUS, line, !world.spec.shared[line].level);
		world.others++;
	} else if (other != here && world_event(other, chance(30))) {
		world.others++;
	}
	world.here = here;
}

static void own_bits(u32 word, u32 bits)
{
	if (word >= VGIC_WORDS || bits & ~world.hw[word])
		world_fail("touches physical lines that are not the cell's: word %u, %#x", word, bits);
	if (!word && world.here >= WORLD_CPUS)
		world_fail("touches PPIs of no CPU");
}

static u32 physical(u32 word, bool (*is)(const struct sim_line *))
{
	u32 bits = 0;

	own_bits(word, 0);
	for (u32 i = 0; i < 32; i++)
		bits |= (u32)is(sim_line(&world.sim, world.here, word * 32 + i)) << i;
	return bits;
}

static bool is_active(const struct sim_line *line) { return line->active; }
static bool is_edge(const struct sim_line *line) { return line->edge; }

void vgic_hw_enable(u32 word, u32 bits, bool on)
{
	own_bits(word, bits);
	world_between();
	for (u32 i = 0; i < 32; i++)
		if (bits >> i & 1)
			sim_line(&world.sim, world.here, word * 32 + i)->enabled = on;
	world_between();
}

void vgic_hw_pend(u32 word, u32 bits, bool on)
{
	own_bits(word, bits);
	world_between();
	for (u32 i = 0; i < 32; i++)
		if (bits >> i & 1)
			sim_line(&world.sim, world.here, word * 32 + i)->latch = on;
	world_between();
}

u32 vgic_hw_pending(u32 word) { world_between(); return physical(word, sim_line_pending); }
u32 vgic_hw_active(u32 word) { world_between(); return physical(word, is_active); }
u32 vgic_hw_edge(u32 word) { return physical(word, is_edge); }

void vgic_hw_deactivate(u32 line)
{
	own_bits(line / 32, 1u << line % 32);
	world_between();
	sim_line(&world.sim, world.here, line)->active = false;
	world_between();
}

void vgic_hw_activate(u32 line)
{
	own_bits(line / 32, 1u << line % 32);
	world_between();
	sim_line(&world.sim, world.here, line)->active = true;
	world_between();
}

void vgic_hw_route(struct vgic *v, u32 line, u32 vcpu)
{
	own_bits(line / 32, 1u << line % 32);
	if (v != &world.vgic || line < 32 || vcpu >= world.cpu_count)
		world_fail("line %u routed to vCPU %u", line, vcpu);
	world_between();
	world.sim.shared[line].route = (u8)vcpu;
	world_between();
}

void vgic_hw_kick(struct vgic *v, u32 vcpu)
{
	if (v != &world.vgic || vcpu >= world.cpu_count)
		world_fail("kick for vCPU %u", vcpu);
	world_say("kick for cpu%u", vcpu);
	world.sim.cpus[vcpu].kick = true;
	world_between();
}
