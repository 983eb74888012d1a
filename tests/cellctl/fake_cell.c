/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "fake_cell.h"

#include <string.h>

#define PC 32
#define STEPS 100u /* instructions of each vCPU between two questions */

u32 fake_word(const struct fake_cell *f, u64 address)
{
	u32 value = 0;

	if (address - FAKE_BASE <= FAKE_SIZE - 4)
		memcpy(&value, f->memory + (address - FAKE_BASE), 4);
	return value;
}

void fake_reset(struct fake_cell *f, const u32 *code, u32 count)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->memory, code, 4 * count);
	for (u32 i = 0; i < FAKE_VCPUS; i++) {
		f->on[i] = true;
		f->registers[i][PC] = FAKE_BASE;
		f->registers[i][31] = FAKE_BASE + FAKE_SIZE;
		f->registers[i][33] = 0x3c5;
		f->registers[i][1] = FAKE_DATA + 16 * i;
	}
	f->state = (struct debug_state){ .halted = 1, .life = 1, .pc = FAKE_BASE };
}

static void halt(struct fake_cell *f, enum debug_why why, u16 vcpu, u64 address)
{
	f->state = (struct debug_state){ .halted = 1, .why = (u8)why, .vcpu = vcpu, .life = 1, .pc = f->registers[vcpu][PC], .address = address,
		.breakpoints = 4, .watchpoints = 4, .brk = why == DEBUG_BRK ? fake_word(f, f->registers[vcpu][PC]) >> 5 & 0xffff : 0 };
	f->skip = true;
}

static bool watched(struct fake_cell *f, u16 vcpu, u64 address, bool write)
{
	for (u32 i = GDB_HARD; i < 2 * GDB_HARD; i++) {
		enum debug_point_kind kind = f->points[i].kind;

		if (kind == POINT_OFF || f->points[i].address - address >= 8 || (kind != POINT_ACCESS && (kind == POINT_WRITE) != write))
			continue;
		halt(f, DEBUG_WATCHED, vcpu, address);
		return true;
	}
	return false;
}

static s64 offset(u32 bits, u32 width)
{
	return ((s64)((u64)bits << (64 - width)) >> (64 - width)) * 4;
}

/* False: it has stopped. */
static bool load_or_store(struct fake_cell *f, u16 vcpu, u32 code)
{
	u64 *r = f->registers[vcpu], address = r[code >> 5 & 31] + 8 * (code >> 10 & 0xfff);

	if (address - FAKE_BASE > FAKE_SIZE - 8 || (!f->skip && watched(f, vcpu, address, !(code & 0x400000))))
		return false;
	if (code & 0x400000)
		memcpy(&r[code & 31], f->memory + (address - FAKE_BASE), 8);
	else
		memcpy(f->memory + (address - FAKE_BASE), &r[code & 31], 8);
	return true;
}

static bool execute(struct fake_cell *f, u16 vcpu, bool past)
{
	u64 *r = f->registers[vcpu], next = r[PC] + 4;
	u32 code = fake_word(f, r[PC]), d = code & 31, n = code >> 5 & 31;

	for (u32 i = 0; i < GDB_HARD && !past; i++)
		if (f->points[i].kind == POINT_EXECUTE && f->points[i].address == r[PC]) {
			halt(f, DEBUG_BREAKPOINT, vcpu, 0);
			return false;
		}
	if ((code & 0xffe00000) == 0xd2800000)
		r[d] = code >> 5 & 0xffff; /* movz */
	else if ((code & 0xffc00000) == 0x91000000)
		r[d] = r[n] + (code >> 10 & 0xfff); /* add */
	else if ((code & 0xffc00000) == 0xd1000000)
		r[d] = r[n] - (code >> 10 & 0xfff); /* sub */
	else if ((code & 0xffe0fc00) == 0x8b000000)
		r[d] = r[n] + r[code >> 16 & 31]; /* add, registers */
	else if ((code & 0xffe0ffe0) == 0xaa0003e0)
		r[d] = r[code >> 16 & 31]; /* mov */
	else if ((code & 0xfc000000) == 0x14000000)
		next = r[PC] + (u64)offset(code & 0x3ffffff, 26); /* b */
	else if ((code & 0xff000000) == 0xb5000000)
		next = r[d] ? r[PC] + (u64)offset(code >> 5 & 0x7ffff, 19) : next; /* cbnz */
	else if (code == 0xd69f03e0)
		next = f->elr; /* eret */
	else if ((code & 0xff800000) == 0xf9000000) {
		f->skip = past;
		if (!load_or_store(f, vcpu, code))
			return false;
	} else if (code != 0xd503201f) { /* nop; all else is as good as brk */
		halt(f, DEBUG_BRK, vcpu, 0);
		return false;
	}
	r[PC] = next;
	return true;
}

/* ---- the deeds ---- */

static enum line_status fake_halt(void *of)
{
	struct fake_cell *f = of;

	f->halts++;
	if (f->refuse == LINE_OK && !f->state.halted)
		halt(f, DEBUG_ASKED, 0, 0);
	return f->refuse;
}

static enum line_status fake_go(void *of, enum debug_go how)
{
	struct fake_cell *f = of;

	f->given += how == GO_PASS;
	f->left += how == GO_LEAVE;
	if (how == GO_PASS)
		f->registers[f->state.vcpu][PC] += 4; /* as if its handler did so */
	f->goes++;
	f->state.halted = 0;
	f->skip = true;
	return f->refuse;
}

static enum line_status fake_step(void *of, u16 vcpu)
{
	struct fake_cell *f = of;

	f->steps++;
	if (f->refuse != LINE_OK)
		return f->refuse;
	if (f->interrupts) {
		f->interrupts--;
		f->elr = f->registers[vcpu][PC];
		f->registers[vcpu][PC] = f->vbar + 0x280;
		halt(f, DEBUG_STEPPED, vcpu, 0);
	} else if (execute(f, vcpu, true)) {
		halt(f, DEBUG_STEPPED, vcpu, 0);
	}
	return f->refuse;
}

static enum line_status fake_state(void *of, struct debug_state *state)
{
	struct fake_cell *f = of;
	bool past = f->skip;

	for (u32 n = 0; n < STEPS && !f->state.halted; n++, past = false)
		for (u16 i = 0; i < FAKE_VCPUS && !f->state.halted; i++)
			if (f->on[i])
				execute(f, i, past);
	*state = f->state;
	return f->refuse;
}

static enum line_status fake_registers(void *of, u16 vcpu, struct gdb_registers *values)
{
	struct fake_cell *f = of;

	if (vcpu >= FAKE_VCPUS || !f->on[vcpu] || !f->state.halted)
		return LINE_REFUSED;
	memcpy(values->core, f->registers[vcpu], sizeof(values->core));
	values->vbar = f->vbar;
	values->elr = f->elr;
	return f->refuse;
}

static enum line_status fake_set(void *of, u16 vcpu, u32 number, u64 value)
{
	struct fake_cell *f = of;

	if (vcpu >= FAKE_VCPUS || number >= GDB_REGISTERS || !f->state.halted)
		return LINE_INVALID;
	f->registers[vcpu][number] = value;
	return f->refuse;
}

static enum line_status fake_read(void *of, u16 vcpu, u64 address, u8 *bytes, u32 size)
{
	struct fake_cell *f = of;

	(void)vcpu;
	if (size > GDB_READ || address - FAKE_BASE > FAKE_SIZE - size)
		return LINE_FAILED;
	memcpy(bytes, f->memory + (address - FAKE_BASE), size);
	return f->refuse;
}

static enum line_status fake_write(void *of, u16 vcpu, u64 address, const u8 *bytes, u32 size)
{
	struct fake_cell *f = of;

	(void)vcpu;
	f->writes++;
	if (size > GDB_WRITE || address - FAKE_BASE > FAKE_SIZE - size)
		return LINE_FAILED;
	memcpy(f->memory + (address - FAKE_BASE), bytes, size);
	return f->refuse;
}

static enum line_status fake_point(void *of, u8 number, enum debug_point_kind kind, u32 size, u64 address)
{
	struct fake_cell *f = of;

	if (number >= 2 * GDB_HARD || (kind != POINT_OFF && (kind == POINT_EXECUTE) != (number < GDB_HARD)))
		return LINE_INVALID;
	if (kind != POINT_OFF && number % GDB_HARD >= 4)
		return LINE_REFUSED;
	f->points[number].kind = kind;
	f->points[number].size = size;
	f->points[number].address = address;
	return f->refuse;
}

static bool fake_is_on(void *of, u16 vcpu)
{
	struct fake_cell *f = of;

	return vcpu < FAKE_VCPUS && f->on[vcpu];
}

static u64 fake_physical(void *of, u16 vcpu, u64 address)
{
	(void)of, (void)vcpu;
	return address;
}

/* What is kept is what is in memory, or will be in a moment (gdb_left.c). */
static void fake_keep(void *of, const struct gdb_soft *soft)
{
	struct fake_cell *f = of;

	f->kept = 0;
	for (u32 i = 0; i < GDB_SOFT; i++)
		f->kept += soft[i].used && soft[i].physical == soft[i].address;
}

const struct gdb_deeds fake_deeds = {
	fake_halt, fake_go, fake_step, fake_state, fake_registers, fake_set, fake_read, fake_write, fake_point, fake_is_on, fake_physical,
	fake_keep,
};
