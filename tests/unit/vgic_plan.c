/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What happens in the two worlds: a cell from the first word of a plan, an act from each other one. See vgic_world.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vgic_world.h"
#include "core/machine.h"

static struct sim_ich *ich_of(u32 cpu) { return &world.sim.cpus[cpu].ich; }

/* ---- lines ---- */

#define CELL(line) { .cell = WORLD_CELL, .intid = (line) }
#define LIMITED(line) { .cell = WORLD_CELL, .intid = (line), .limit = 100 }

/* The cell's numbers are others than the physical ones, and may be the physical ones of other lines. */
const struct arch_owner machine_owners[OWNER_COUNT] = {
	[34] = { .cell = 1, .intid = 35 }, [35] = CELL(35), [36] = LIMITED(34), [40] = { .cell = CELL_NONE, .intid = 128 },
	[128] = CELL(129), [129] = CELL(128), [130] = LIMITED(130), [133] = CELL(131), [136] = CELL(132), [140] = CELL(133),
	[287] = { .cell = 1, .intid = 287 },
	[300] = CELL(134), [301] = CELL(135), [302] = LIMITED(136), [303] = CELL(137), [304] = CELL(138), [305] = CELL(139),
	[447] = CELL(287),
};

static u32 physical_of(u32 line)
{
	for (u32 i = 32; i < OWNER_COUNT; i++)
		if (machine_owners[i].cell == WORLD_CELL && machine_owners[i].intid == line)
			return i;
	return line;
}

/* A physical interrupt that is not the cell's: left to irq.c. */
static void touch_unowned(u32 cpu)
{
	static const u16 others[] = { 16, 26, 28, 31, 34, 40, 100, 287, 446, 448, 1019, 1023 };
	u32 intid = others[pick(ARRAY_COUNT(others))];

	if (fast_take(cpu, intid))
		world_fail("line %u is taken for the cell's", intid);
}

void world_move_linked(u32 cpu, u32 line)
{
	struct sim_line *l = world_line(cpu, line);
	struct spec_irq *irq = spec_irq(&world.spec, cpu, line);

	world_note_recent(line);
	if (l->edge) {
		world_say("line %u: edge", line);
		irq->again |= l->active && !irq->active;
		l->latch = true;
		if (world_clears(cpu, line))
			irq->may = true;
		else
			spec_edge(&world.spec, cpu, line);
		return;
	}
	l->level = !l->level;
	world_say("line %u (cpu%u): %s", line, cpu, l->level ? "high" : "low");
	irq->may |= !l->level && l->active && !irq->active;
	spec_level(&world.spec, cpu, line, l->level);
}

/*
 * core/mmio.c: who told a change asks again. Before, it may tell a level that
 * is old: of an edge-triggered line that is one edge more, and one that came and
 * went meanwhile is not seen. (As of any line that is sampled; one that stays is.)
 */
void world_device(u32 caller, u32 line, bool high)
{
	struct vgic_cpu *c = caller < world.cpu_count ? &world.cpus[caller] : NULL;
	struct spec_irq *irq = spec_irq(&world.spec, 0, line);
	u32 outer = world.telling;
	bool rose = world.rose;

	world_say("device %u: %s, by %u", line, high ? "high" : "low", caller);
	world.rose = rose && outer == line;
	if (irq->edge && high && !world.output[line]) {
		if (world_clears(0, line) || outer == line)
			irq->may = world.rose = true;
		else
			spec_edge(&world.spec, 0, line);
	}
	world_note_recent(line);
	world.output[line] = high;
	spec_level(&world.spec, 0, line, high);
	irq->may |= irq->edge && outer == line;
	world.telling = line;
	world_begin(caller);
	while (vgic_level(&world.vgic, c, line, world.output[line]))
		;
	world_end(caller);
	world.telling = outer;
	if (outer != line) {
		if (world.rose && world.output[line] && !world_clears(0, line))
			spec_edge(&world.spec, 0, line);
		world.rose = rose;
	}
	if (c)
		world_settle_trap(caller);
}

static void move_line(u32 cpu)
{
	u32 line = pick_line(), caller = pick(world.cpu_count + 1);

	if (world.spec.kind[line] == SPEC_LINKED)
		world_move_linked(cpu, line);
	else if (world.spec.kind[line] == SPEC_DEVICE)
		world_device(caller < world.cpu_count && !world.spec.cpus[caller].on ? WORLD_CPUS : caller, line,
			     pick(8) ? !world.output[line] : world.output[line]);
}

/* ---- vCPUs ---- */

static void spec_forget(u32 cpu)
{
	for (u32 i = 0; i < 32; i++) {
		struct spec_irq *irq = &world.spec.cpus[cpu].own[i];

		*irq = (struct spec_irq){ .edge = irq->edge, .level = irq->level };
	}
	for (u32 i = 32; i < SPEC_LINES; i++)
		if (world.spec.shared[i].active && world.spec.shared[i].owner == cpu)
			world.spec.shared[i].active = false;
	memset(&world.debts[cpu], 0, sizeof world.debts[cpu]);
	spec_cpu_reset(&world.spec, cpu, sim_least_binary_point(ich_of(cpu)));
}

static void turn_off(u32 cpu)
{
	world_say("cpu%u off", cpu);
	world.spec.cpus[cpu].on = false;
	spec_forget(cpu);
	vgic_vcpu_stop(&world.vgic, world_enter(cpu));
	world_write_back(cpu);
	world.sim.cpus[cpu].on = false;
	sim_ich_reset(ich_of(cpu));
	for (u32 i = 0; i < ich_of(cpu)->lr_count; i++)
		if (ich_of(cpu)->lr[i])
			world_fail("cpu%u stopped: list register %u is %#llx", cpu, i, (unsigned long long)ich_of(cpu)->lr[i]);
	for (u32 i = 16; i < 32; i++)
		if (world.sim.cpus[cpu].own[i].active || world.sim.cpus[cpu].own[i].enabled)
			world_fail("cpu%u stopped: line %u is still active or enabled", cpu, i);
	for (u32 i = 16; i < 32; i++)
		world.sim.cpus[cpu].own[i].latch = false; /* private_lines_clear in gic.c */
	memset(world.recent[cpu], 0, sizeof world.recent[cpu]);
}

static void turn_on(u32 cpu)
{
	world_say("cpu%u on", cpu);
	world.spec.cpus[cpu].on = world.sim.cpus[cpu].on = true;
	spec_forget(cpu);
	world.cpus[cpu].lr_count = ich_of(cpu)->lr_count;
	world.cpus[cpu].index = cpu;
	sim_ich_reset(ich_of(cpu));
	world.inside[cpu] = true;
	world.starting = cpu;
	world_begin(cpu);
	vgic_vcpu_start(&world.vgic, &world.cpus[cpu]);
	world_write_back(cpu);
	world.starting = WORLD_CPUS;
}

/* ---- plans ---- */

static void add_line(u32 line, enum spec_kind kind, bool edge)
{
	u32 w = line / 32, bit = 1u << line % 32;

	world.spec.lines[world.spec.line_count++] = (u16)line;
	world.spec.kind[line] = kind;
	world.config.edge[w] |= edge ? bit : 0;
	for (u32 n = 0; n < world.cpu_count; n++)
		spec_irq(&world.spec, n, line)->edge = edge;
	if (kind == SPEC_LINKED) {
		u32 physical = physical_of(line);

		world.config.physical[line] = (u16)physical;
		world.config.linked[w] |= bit;
		world.sim.lines[world.sim.line_count++] = (u16)physical;
		for (u32 n = 0; n < world.cpu_count; n++)
			world_line(n, line)->edge = edge;
	}
	if (kind == SPEC_DEVICE)
		world.config.soft[w] |= bit;
}

static void add_lines(u32 how_many)
{
	static const u16 devices[] = { 33, 36, 63, 95, 284 };

	for (u32 i = 0; i < 16; i++)
		add_line(i, SPEC_SGI, true);
	add_line(27, SPEC_LINKED, false);
	add_line(30, SPEC_LINKED, false);
	add_line(34, SPEC_LINKED, false);
	add_line(35, SPEC_LINKED, true);
	for (u32 i = 0; i < ARRAY_COUNT(devices); i++)
		add_line(devices[i], SPEC_DEVICE, i == 1 || i == 3);
	for (u32 i = 0; i < 6 * how_many; i++) {
		add_line(40 + i, SPEC_DEVICE, i % 4 == 2);
		add_line(128 + i, SPEC_LINKED, i & 1);
	}
	add_line(287, SPEC_LINKED, true);
}

static void bad(const char *what, u32 line)
{
	if (!world.rude)
		world_fail("physical line %u %s", line, what);
}

static void begin(u64 word)
{
	world.bits = word;
	world.cpu_count = world.spec.cpu_count = world.sim.cpu_count = 1 + pick(WORLD_CPUS);
	world.prompt = pick(3) == 0;
	world.interleave = pick(2) && world.cpu_count > 1;
	world.rude = pick(8) == 0;
	world.short_paths = pick(2);
	world.calm = pick(2);
	u32 lr_count = 1 + pick(pick(2) ? 4 : 16), priority_bits = pick(3) ? 5 : 5 + pick(4);
	bool last = pick(2);

	world.sim.bad = bad;
	world.spec.priority_mask = 0xf8; /* vgic_regs.c */
	for (u32 n = 0; n < world.cpu_count; n++) {
		ich_of(n)->lr_count = lr_count;
		ich_of(n)->priority_bits = priority_bits;
		ich_of(n)->last_of_equals = last;
		world.spec.cpus[n].binary_point = sim_least_binary_point(ich_of(n));
	}
	add_lines(pick(3));
	world_say("%u CPUs, %u list registers, %u priority bits%s%s%s%s", world.cpu_count, lr_count, priority_bits,
		  world.prompt ? ", prompt" : "", world.interleave ? ", interleaved" : "", world.calm ? ", calm" : "",
		  world.short_paths ? ", short paths" : "");
	vgic_cell_init(&world.vgic, &world.config, world.vcpus, world.cpu_count);
	vgic_cell_reset(&world.vgic); /* memory of an earlier plan */
	fast_begin();
	turn_on(0);
	if (pick(4)) {
		for (u32 n = 0; n < world.cpu_count; n++) {
			if (n)
				turn_on(n);
			guest_enable_everything(n);
		}
	}
}

/* What happens on vCPU n. */
static void act(u32 cpu)
{
	switch (pick(40)) {
	case 0: if (!pick(4)) turn_off(cpu); break;
	case 1: touch_unowned(cpu); break;
	case 2: world_event(cpu, pick(30)); break;
	case 3: world_enter(cpu); world_leave(cpu); break; /* for nothing */
	case 4: case 5: case 6: case 7: case 8: case 9: move_line(cpu); break;
	default: guest_act(cpu); break;
	}
}

static void take_step(u64 word)
{
	u32 cpu;

	world.bits = word;
	world.chance = word;
	world.others_left = chance(8);
	cpu = pick(world.cpu_count);
	if (world.spec.cpus[cpu].on)
		act(cpu);
	else if (pick(2))
		turn_on(cpu);
	else
		move_line(cpu);
	if (world.prompt || !pick(3))
		world_settle();
	world_compare();
	for (cpu = 0; cpu < world.cpu_count; cpu++)
		if (world.calm && world.spec.cpus[cpu].on && chance(4))
			guest_handle(cpu);
	if (!pick(12)) {
		world_settle();
		for (cpu = 0; cpu < world.cpu_count; cpu++)
			if (world.spec.cpus[cpu].on)
				world_compare_registers(cpu);
		world_settle();
		world_compare();
	}
}

/* The vCPUs stop, whatever was going on; then both sides know the same again. */
static void be_polite(void)
{
	world.others_left = 0;
	for (u32 n = 0; n < world.cpu_count; n++)
		if (world.spec.cpus[n].on)
			turn_off(n);
	for (u32 w = 0; w < VGIC_WORDS; w++)
		if (world.vgic.inhand[w])
			world_fail("all stopped: word %u left in hand %#x", w, world.vgic.inhand[w]);
	world.rude = false;
	turn_on(0);
	for (u32 i = 0; i < world.spec.line_count; i++)
		guest_write_line(0, GUEST_ICPENDR, world.spec.lines[i]);
}

/* Every interrupt that is pending is handled; then none is left on either side. */
static void drain(void)
{
	world.others_left = 0;
	for (u32 n = 0; n < world.cpu_count; n++) {
		if (!world.spec.cpus[n].on)
			turn_on(n);
		while (world.debts[n].count)
			guest_end(n);
		while (world.debts[n].dropped_count)
			guest_deactivate(n);
		for (u32 i = 0; i < world.spec.line_count; i++)
			if (world.spec.kind[world.spec.lines[i]] == SPEC_LINKED && world_line(n, world.spec.lines[i])->level)
				world_move_linked(n, world.spec.lines[i]);
			else if (world.spec.kind[world.spec.lines[i]] == SPEC_DEVICE && world.output[world.spec.lines[i]])
				world_device(WORLD_CPUS, world.spec.lines[i], false);
	}
	world_settle();
	for (u32 n = 0; n < world.cpu_count; n++) {
		for (u32 i = 0; i < world.spec.line_count; i++)
			if (spec_irq(&world.spec, n, world.spec.lines[i])->active)
				guest_write_line(n, GUEST_ICACTIVER, world.spec.lines[i]);
		guest_enable_everything(n);
	}
	for (u32 n = 0; n < world.cpu_count; n++)
		do {
			world_settle();
			world_compare();
			guest_acknowledge(n);
			guest_end(n);
			guest_deactivate(n);
			world_settle();
			world_compare();
		} while (sim_irq(ich_of(n)));
	for (u32 n = 0; n < world.cpu_count; n++) { /* ends without a word */
		world_enter(n);
		world_leave(n);
	}
	world_settle();
	world_check_idle();
}

/* The short way says of each frame what the long one says, and nothing of one that is not there. */
static void check_typers(void)
{
	bool before = world.short_paths;
	u64 value;

	world.short_paths = false;
	for (u32 cpu = 0; cpu < world.vgic.vcpu_count; cpu++) {
		for (u32 half = 8; half <= 12; half += 4)
			for (u32 frame = 0; frame < world.vgic.vcpu_count; frame++)
				if (!fast_read(cpu, frame, half, &value) || value != world_read(cpu, frame, half, 4))
					world_fail("cpu%u: GICR_TYPER of %u is another the short way", cpu, frame);
		if (fast_read(cpu, world.vgic.vcpu_count, 8, &value) || fast_read(cpu, 0, 10, &value) || fast_read(cpu, 0, 0x14, &value))
			world_fail("cpu%u: a register the short way that it has not", cpu);
	}
	world.short_paths = before;
}

bool world_run(const u64 *plan, u32 count, bool trace)
{
	memset(&world, 0, sizeof world);
	world_countdown = 0;
	world.starting = WORLD_CPUS;
	world.trace = trace;
	world.here = WORLD_CPUS;
	if (setjmp(world.failed))
		return false;
	begin(count ? plan[0] : 0);
	world_compare();
	for (world.step = 1; world.step < count; world.step++)
		take_step(plan[world.step]);
	if (world.rude)
		be_polite();
	drain();
	check_typers();
	return true;
}

u32 world_shrink(u64 *plan, u32 count)
{
	u64 *less = malloc(count * sizeof *less);

	for (u32 piece = count / 2; piece; piece = piece > 1 ? piece / 2 : 0)
		for (u32 at = 1; at + piece <= count;) {
			memcpy(less, plan, at * sizeof *less);
			memcpy(less + at, plan + at + piece, (count - at - piece) * sizeof *less);
			if (world_run(less, count - piece, false)) {
				at += piece;
				continue;
			}
			count -= piece;
			memcpy(plan, less, count * sizeof *less);
		}
	free(less);
	return count;
}
