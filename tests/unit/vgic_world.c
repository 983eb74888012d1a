/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The way in and out of EL2, events, and what the port supplies. See vgic_world.h. */
#include <stdarg.h>
#include <stdio.h>

#include "vgic_hooks.h"
#include "vgic_world.h"

struct world world;
u32 world_countdown;

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
u32 chance(u32 n)
{
	u64 z = world.chance += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (u32)((z ^ z >> 31) % n);
}

struct sim_line *world_line(u32 cpu, u32 line)
{
	return sim_line(&world.sim, cpu, world.config.physical[line]);
}

u32 world_line_of(u32 physical)
{
	for (u32 i = 0; i < world.spec.line_count; i++)
		if (world.spec.kind[world.spec.lines[i]] == SPEC_LINKED && world.config.physical[world.spec.lines[i]] == physical)
			return world.spec.lines[i];
	world_fail("physical line %u is not the cell's", physical);
}

/* ---- in and out ---- */

/* Often soon, sometimes late. */
static void count_down(void)
{
	world_countdown = world.interleave && world.depth == 1 && world.others_left ? 1 + chance(1u << chance(9)) : 0;
}

void world_begin(u32 cpu)
{
	world.here = cpu;
	world.depth++;
	count_down();
}

void world_end(u32 cpu)
{
	world.here = cpu;
	world.depth--;
	count_down();
}

struct vgic_cpu *world_enter(u32 cpu)
{
	struct vgic_cpu *c = &world.cpus[cpu];
	struct sim_ich *ich = &world.sim.cpus[cpu].ich;

	for (u32 i = 0; i < ich->lr_count; i++)
		c->lr[i] = ich->lr[i];
	c->eoi_count = ich->eoi_count;
	world.inside[cpu] = true;
	world_begin(cpu);
	vgic_harvest(&world.vgic, c);
	return c;
}

void world_write_back(u32 cpu)
{
	const struct vgic_cpu *c = &world.cpus[cpu];
	struct sim_ich *ich = &world.sim.cpus[cpu].ich;

	for (u32 i = 0; i < ich->lr_count; i++)
		ich->lr[i] = c->lr[i];
	ich->hcr = c->hcr;
	ich->eoi_count = 0;
	world.inside[cpu] = false;
	world_end(cpu);
	world_check_lrs(cpu);
}

void world_leave(u32 cpu)
{
	vgic_sync(&world.vgic, &world.cpus[cpu]);
	world_write_back(cpu);
}

void world_settle_trap(u32 cpu)
{
	if (world.sim.cpus[cpu].on && vgic_has_news(&world.vgic, &world.cpus[cpu])) {
		world_enter(cpu);
		world_leave(cpu);
	}
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
	u32 physical = sim_take(&world.sim, cpu, skip);

	if (physical == SIM_LINES)
		return false;
	world_say("cpu%u takes line %u (the cell's %u)", cpu, physical, world_line_of(physical));
	if (world.short_paths && fast_take(cpu, physical))
		return true;
	vgic_irq(&world.vgic, world_enter(cpu), world_line_of(physical));
	world_leave(cpu);
	return true; /* irq.c goes back to the guest at once */
}

static bool take_kick(u32 cpu)
{
	if (!world.sim.cpus[cpu].kick)
		return false;
	world_say("cpu%u is kicked", cpu);
	world.sim.cpus[cpu].kick = false;
	if (world.short_paths && fast_take(cpu, FAST_KICK))
		return true;
	world_enter(cpu);
	world_leave(cpu);
	world_settle_trap(cpu);
	return true;
}

static bool take_maintenance(u32 cpu)
{
	u32 misr = sim_misr(&world.sim.cpus[cpu].ich);

	if (!misr)
		return false;
	world_say("cpu%u has maintenance, MISR %#x", cpu, misr);
	world_enter(cpu);
	world_leave(cpu);
	world_settle_trap(cpu);
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

void world_check_news(void)
{
	for (u32 i = 0; i < world.cpu_count; i++) {
		if (world.sim.cpus[i].on && !world.sim.cpus[i].kick && vgic_has_news(&world.vgic, &world.cpus[i]))
			world_fail("cpu%u has news (%#x, SGIs %#x) and no kick", i, world.vcpus[i].summary, world.vcpus[i].sgis);
	}
}

bool world_quiet(void)
{
	for (u32 i = 0; i < world.cpu_count; i++) {
		const struct sim_cpu *cpu = &world.sim.cpus[i];

		if (cpu->on && (cpu->kick || sim_misr(&cpu->ich) || line_waits(i)))
			return false;
	}
	world_check_news();
	return true;
}

bool world_clears(u32 cpu, u32 line)
{
	u32 w = line / 32, bits = line >= 32 ? 0 : world.vcpus[cpu].unpend[0];

	if (world.clearing_first / 32 == w && (line >= 32 || world.clearing_frame == cpu))
		bits |= world.clearing;
	for (u32 i = 0; i < world.cpu_count && line >= 32; i++)
		bits |= world.vcpus[i].unpend[w];
	return bits >> line % 32 & 1 || (line < 16 && world.starting == cpu);
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

/* ---- in between ---- */

/* Another CPU takes an event or sends an SGI, the output of a device or a physical line changes. */
void world_between(void)
{
	u32 here = world.here, other = chance(world.cpu_count), line = world.spec.lines[chance(world.spec.line_count)];
	bool can = world.sim.cpus[other].on && other != here;

	if (!world.interleave || world.depth != 1 || !world.others_left)
		return;
	world.depth++; /* nobody acts in between that */
	switch (chance(4)) {
	case 0:
		if (world.spec.kind[line] == SPEC_DEVICE)
			world_device(WORLD_CPUS, line, !world.output[line]);
		else if (world.spec.kind[line] == SPEC_LINKED)
			world_move_linked(chance(world.cpu_count), line);
		break;
	case 1:
		if (can)
			world_send_sgi(other, 1 + chance(7), chance(16));
		break;
	default:
		if (can)
			world_event(other, chance(30));
		break;
	}
	world.depth--;
	world.here = here;
	world.others++;
	world.others_left--;
	count_down();
}

/* ---- what the port supplies ---- */

static struct sim_line *own_line(struct vgic *v, u32 line)
{
	if (v != &world.vgic || line >= VGIC_LINES || world.spec.kind[line] != SPEC_LINKED)
		world_fail("touches the physical line of %u", line);
	if (line < 32 && world.here >= WORLD_CPUS)
		world_fail("touches PPI %u of no CPU", line);
	world_hook();
	return world_line(line < 32 ? world.here : 0, line);
}

void vgic_hw_enable(struct vgic *v, u32 line, bool on) { own_line(v, line)->enabled = on; }
void vgic_hw_pend(struct vgic *v, u32 line, bool on) { own_line(v, line)->latch = on; }
bool vgic_hw_pending(struct vgic *v, u32 line) { return sim_line_pending(own_line(v, line)); }
bool vgic_hw_active(struct vgic *v, u32 line) { return own_line(v, line)->active; }
void vgic_hw_activate(struct vgic *v, u32 line, bool on) { own_line(v, line)->active = on; }

void vgic_hw_route(struct vgic *v, u32 line, u32 vcpu)
{
	struct sim_line *l = own_line(v, line);

	if (line < 32 || vcpu >= world.cpu_count)
		world_fail("line %u routed to vCPU %u", line, vcpu);
	l->route = (u8)vcpu;
}

void vgic_hw_kick(struct vgic *v, u32 vcpu)
{
	if (v != &world.vgic || vcpu >= world.cpu_count)
		world_fail("kick for vCPU %u", vcpu);
	world_hook();
	world_say("kick for cpu%u", vcpu);
	world.sim.cpus[vcpu].kick = true;
}
