/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* gdb's packets about registers and memory. */
#include "gdb.h"

#include <string.h>

#define PSTATE 33u
#define G_SIZE (33u * 8u + 4u) /* bytes of the packet g: pstate is gdb's cpsr, of 32 bits */

const struct gdb_registers *gdb_registers_of(struct gdb *g, u16 vcpu)
{
	if (vcpu >= g->vcpus)
		return NULL;
	if (!g->known[vcpu])
		g->known[vcpu] = g->deeds->registers(g->of, vcpu, &g->registers[vcpu]) == LINE_OK;
	return g->known[vcpu] ? &g->registers[vcpu] : NULL;
}

/* ---- registers ---- */

void gdb_read_all(struct gdb *g, const char *rest, u32 size)
{
	char hex[2 * G_SIZE + 1];
	const struct gdb_registers *values = gdb_registers_of(g, g->general);

	(void)rest, (void)size;
	if (!values) {
		gdb_send(g, "E01");
		return;
	}
	gdb_hex(hex, values->core, G_SIZE);
	gdb_send(g, hex);
}

static bool set(struct gdb *g, u32 number, u64 value)
{
	g->known[g->general] = false;
	return g->deeds->set(g->of, g->general, number, value) == LINE_OK;
}

void gdb_write_all(struct gdb *g, const char *rest, u32 size)
{
	const struct gdb_registers *before = gdb_registers_of(g, g->general);
	u64 values[GDB_REGISTERS], old[GDB_REGISTERS];
	bool done = before && size >= 2 * G_SIZE;

	if (done) {
		memcpy(old, before->core, sizeof(old));
		memcpy(values, old, sizeof(values));
		done = gdb_unhex(values, rest, G_SIZE);
	}
	for (u32 i = 0; i < GDB_REGISTERS && done; i++)
		if (values[i] != old[i])
			done = set(g, i, values[i]);
	gdb_send(g, done ? "OK" : "E01");
}

void gdb_read_one(struct gdb *g, const char *rest, u32 size)
{
	const struct gdb_registers *values = gdb_registers_of(g, g->general);
	char hex[17];
	u64 number;

	(void)size;
	if (!gdb_number(&rest, &number) || number >= GDB_REGISTERS || !values) {
		gdb_send(g, "E01");
		return;
	}
	gdb_hex(hex, &values->core[number], number == PSTATE ? 4 : 8);
	gdb_send(g, hex);
}

void gdb_write_one(struct gdb *g, const char *rest, u32 size)
{
	const struct gdb_registers *before = gdb_registers_of(g, g->general);
	u64 number, value = before ? before->core[PSTATE] : 0; /* its upper half stays */
	bool done = before && gdb_number(&rest, &number) && number < GDB_REGISTERS && *rest == '=' && strlen(rest) <= size &&
		gdb_unhex(&value, rest + 1, number == PSTATE ? 4 : 8);

	gdb_send(g, done && set(g, (u32)number, value) ? "OK" : "E01");
}

/* ---- memory ---- */

bool gdb_range(const char **rest, u64 *address, u64 *size, char end)
{
	if (!gdb_number(rest, address) || *(*rest)++ != ',' || !gdb_number(rest, size))
		return false;
	return !end || *(*rest)++ == end;
}

void gdb_read_memory(struct gdb *g, const char *rest, u32 packet_size)
{
	static u8 bytes[GDB_PACKET / 2];
	static char hex[GDB_PACKET + 1];
	u64 address, size, done = 0;

	(void)packet_size;
	if (!gdb_range(&rest, &address, &size, 0)) {
		gdb_send(g, "E16");
		return;
	}
	if (size > sizeof(bytes) - 1)
		size = sizeof(bytes) - 1;
	/* Page by page: what can be read before what cannot is an answer. */
	while (done < size) {
		u64 part = GDB_READ - ((address + done) & (GDB_READ - 1));

		part = part < size - done ? part : size - done;
		if (g->deeds->read(g->of, g->general, address + done, bytes + done, (u32)part) != LINE_OK)
			break;
		done += part;
	}
	if (!done && size) {
		gdb_send(g, "E0e");
		return;
	}
	gdb_hide_points(g, address, bytes, (u32)done);
	gdb_hex(hex, bytes, (u32)done);
	gdb_send(g, hex);
}

static void write_bytes(struct gdb *g, u64 address, u8 *bytes, u32 size)
{
	gdb_keep_points(g, address, bytes, size);
	for (u32 done = 0; done < size;) {
		u32 part = (u32)(GDB_WRITE - ((address + done) & (GDB_WRITE - 1)));

		part = part < size - done ? part : size - done;
		if (g->deeds->write(g->of, g->general, address + done, bytes + done, part) != LINE_OK) {
			gdb_send(g, "E0e");
			return;
		}
		done += part;
	}
	gdb_send(g, "OK");
}

void gdb_write_memory(struct gdb *g, const char *rest, u32 packet_size)
{
	static u8 bytes[GDB_PACKET / 2];
	u64 address, size;

	(void)packet_size;
	if (!gdb_range(&rest, &address, &size, ':') || size > sizeof(bytes) || strlen(rest) < 2 * size || !gdb_unhex(bytes, rest, (u32)size))
		gdb_send(g, "E16");
	else
		write_bytes(g, address, bytes, (u32)size);
}

void gdb_write_binary(struct gdb *g, const char *rest, u32 packet_size)
{
	const char *begin = rest;
	u64 address, size;

	if (!gdb_range(&rest, &address, &size, ':') || size > packet_size - (u32)(rest - begin))
		gdb_send(g, "E16");
	else
		write_bytes(g, address, (u8 *)rest, (u32)size);
}

void gdb_point(struct gdb *g, const char *rest, u32 packet_size)
{
	char deed = rest[-1];
	u64 type, address, kind;
	const char *answer;

	(void)packet_size;
	if (!gdb_number(&rest, &type) || *rest++ != ',' || !gdb_range(&rest, &address, &kind, 0)) {
		gdb_send(g, "E16");
		return;
	}
	answer = deed == 'Z' ? gdb_insert(g, type, address, kind) : gdb_remove(g, type, address, kind);
	gdb_send(g, answer ? answer : "");
}
