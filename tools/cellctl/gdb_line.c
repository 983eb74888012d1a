/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What gdb wants, by LINE_DEBUG. The core has guest-physical memory only: virtual addresses are translated here. */
#include "gdb_line.h"

#include <stdio.h>
#include <string.h>

#define HALT_MS 3000u

static enum line_status status_of(const struct gdb_line *l, int error)
{
	if (!error)
		return LINE_OK;
	return cellctl_status(l->c) == LINE_OK ? LINE_FAILED : cellctl_status(l->c);
}

/* Whatever runs may change its tables. */
static void forget(struct gdb_line *l)
{
	memset(l->pages, 0, sizeof(l->pages));
	l->known = false;
}

static enum line_status halt(void *of)
{
	struct gdb_line *l = of;

	forget(l);
	return status_of(l, cellctl_halt(l->c, l->cell, HALT_MS));
}

static enum line_status go(void *of, enum debug_go how)
{
	struct gdb_line *l = of;

	forget(l);
	return status_of(l, cellctl_go(l->c, l->cell, how));
}

static enum line_status step(void *of, u16 vcpu)
{
	struct gdb_line *l = of;

	forget(l);
	return status_of(l, cellctl_step(l->c, l->cell, vcpu));
}

static enum line_status state(void *of, struct debug_state *to)
{
	struct gdb_line *l = of;

	int error = cellctl_debug_state(l->c, l->cell, to);

	l->life = error ? l->life : to->life;
	return status_of(l, error);
}

static int take_registers(struct gdb_line *l, u16 vcpu)
{
	int error = 0;

	if (!l->known || l->vcpu != vcpu) {
		error = cellctl_registers(l->c, l->cell, vcpu, &l->registers);
		l->known = !error;
		l->vcpu = vcpu;
		memset(l->pages, 0, sizeof(l->pages)); /* another vCPU, another translation */
	}
	return error;
}

static enum line_status registers(void *of, u16 vcpu, struct gdb_registers *to)
{
	struct gdb_line *l = of;
	int error = take_registers(l, vcpu);

	if (error)
		return status_of(l, error);
	memcpy(to->core, l->registers.x, sizeof(l->registers.x));
	to->core[31] = l->registers.sp;
	to->core[32] = l->registers.pc;
	to->core[33] = l->registers.pstate;
	to->vbar = l->registers.vbar;
	to->elr = l->registers.elr;
	return LINE_OK;
}

static enum line_status set(void *of, u16 vcpu, u32 number, u64 value)
{
	struct gdb_line *l = of;

	l->known = false;
	return status_of(l, cellctl_set_register(l->c, l->cell, vcpu, number, value));
}

/* ---- memory ---- */

static bool read_entry(void *of, u64 physical, u64 *entry)
{
	struct gdb_line *l = of;

	return cellctl_read_memory(l->c, l->cell, l->vcpu, physical, entry, sizeof(*entry)) == 0;
}

static bool translate(struct gdb_line *l, u16 vcpu, u64 address, u64 *physical, u64 *left)
{
	struct gdb_page *page = &l->pages[(address >> 12) % GDB_PAGES];
	struct walk w = { .read = read_entry, .of = l };

	if (take_registers(l, vcpu))
		return false;
	if (page->valid && page->from == address >> 12) {
		*physical = page->to << 12 | (address & 4095);
		*left = 4096 - (address & 4095);
		return true;
	}
	w.sctlr = l->registers.sctlr;
	w.tcr = l->registers.tcr;
	w.ttbr0 = l->registers.ttbr0;
	w.ttbr1 = l->registers.ttbr1;
	if (!walk_address(&w, address, physical, left))
		return false;
	*page = (struct gdb_page){ address >> 12, *physical >> 12, true };
	return true;
}

/* Page by page: read into `to`, or, if that is NULL, write `from`. */
static enum line_status access_virtual(struct gdb_line *l, u16 vcpu, u64 address, u8 *to, const u8 *from, u32 size)
{
	u64 physical, left;

	for (u32 done = 0; done < size;) {
		u32 part;
		int error;

		if (!translate(l, vcpu, address + done, &physical, &left))
			return LINE_FAILED;
		part = left < size - done ? (u32)left : size - done;
		error = to ? cellctl_read_memory(l->c, l->cell, vcpu, physical, to + done, part) :
			     cellctl_write_memory(l->c, l->cell, vcpu, physical, from + done, part);
		if (error)
			return LINE_FAILED;
		done += part;
	}
	return LINE_OK;
}

static enum line_status read_virtual(void *of, u16 vcpu, u64 address, u8 *bytes, u32 size)
{
	return access_virtual(of, vcpu, address, bytes, NULL, size);
}

static enum line_status write_virtual(void *of, u16 vcpu, u64 address, const u8 *bytes, u32 size)
{
	struct gdb_line *l = of;

	if (access_virtual(l, vcpu, address, NULL, bytes, size))
		return LINE_FAILED;
	memset(l->pages, 0, sizeof(l->pages)); /* it may have been a table */
	return LINE_OK;
}

static enum line_status point(void *of, u8 number, enum debug_point_kind kind, u32 size, u64 address)
{
	struct gdb_line *l = of;

	return status_of(l, cellctl_point(l->c, l->cell, number, kind, size, address));
}

static bool is_on(void *of, u16 vcpu)
{
	struct gdb_line *l = of;
	struct manage_vcpu v;

	return cellctl_vcpu(l->c, l->cell, vcpu, &v) == 0 && v.power == l->on;
}

static u64 physical_of(void *of, u16 vcpu, u64 address)
{
	u64 physical, left;

	return translate(of, vcpu, address, &physical, &left) ? physical : 0;
}

const struct gdb_deeds gdb_line_deeds = { halt, go, step, state, registers, set, read_virtual, write_virtual, point, is_on, physical_of, gdb_left_keep };

void gdb_line_open(struct gdb_line *l, struct cellctl *c, unsigned cell, const char *left)
{
	int on = cellctl_number(c, NAMES_POWER, "on");
	struct manage_cell about;

	*l = (struct gdb_line){ .c = c, .cell = cell, .on = (u16)(on < 0 ? 3 : on) };
	if (cellctl_cell(c, cell, &about))
		return;
	l->life = about.lives;
	snprintf(l->left, sizeof(l->left), "%s", left ? left : "");
}
