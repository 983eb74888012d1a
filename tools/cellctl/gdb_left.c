/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cellctl that is killed takes no breakpoint out of the cell's memory. So which there are is in a file before they are in memory, and
 * the next one that debugs this cell in the same life takes them out:
 *
 *     boot life
 *     physical-address original-instruction        one line each
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gdb_line.h"

#define BRK 0xd4200000u

void gdb_left_keep(void *of, const struct gdb_soft *soft)
{
	const struct gdb_line *l = of;
	FILE *file = NULL;

	for (u32 i = 0; i < GDB_SOFT && *l->left; i++) {
		u32 original;

		if (!soft[i].used)
			continue;
		if (!file && (file = fopen(l->left, "we")))
			fprintf(file, "%u %u\n", cellctl_boot(l->c), l->life);
		memcpy(&original, soft[i].original, sizeof(original));
		if (file)
			fprintf(file, "%llx %x\n", (unsigned long long)soft[i].physical, original);
	}
	if (file)
		fclose(file);
	else
		unlink(l->left);
}

/* What is no BRK of ours any more is not touched. */
static bool take_out(const struct gdb_line *l, u64 address, u32 original)
{
	u32 there;

	return cellctl_read_memory(l->c, l->cell, 0, address, &there, sizeof(there)) == 0 && there == BRK &&
	       cellctl_write_memory(l->c, l->cell, 0, address, &original, sizeof(original)) == 0;
}

unsigned gdb_left_repair(struct gdb_line *l)
{
	FILE *file = *l->left ? fopen(l->left, "re") : NULL;
	unsigned long long address;
	unsigned boot, life, original, count = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%u %u", &boot, &life) == 2 && boot == cellctl_boot(l->c) && life == l->life)
		while (fscanf(file, "%llx %x", &address, &original) == 2)
			count += take_out(l, address, original);
	fclose(file);
	unlink(l->left);
	return count;
}
