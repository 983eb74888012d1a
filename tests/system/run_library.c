/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* `cellctl run` by the library: run_library PORT CELL prints what Fibonacci's loop comes to. */
#include <stdio.h>
#include <stdlib.h>

#include "cellctl_debug.h"

int main(int argc, char **argv)
{
	const uint32_t code[] = {
		0xd2800001, /*    mov x1, #0 */
		0xd2800022, /*    mov x2, #1 */
		0x8b020025, /* 1: add x5, x1, x2 */
		0xaa0203e1, /*    mov x1, x2 */
		0xaa0503e2, /*    mov x2, x5 */
		0xf1000400, /*    subs x0, x0, #1 */
		0x54ffff81, /*    b.ne 1b */
		0xaa0103e0, /*    mov x0, x1; a BRK is put behind it */
	};
	struct cellctl_run run = { .code = code, .code_count = sizeof code / sizeof *code, .x = { 90 }, .given = 1 };
	struct cellctl *c;
	int error = argc == 3 ? cellctl_open(&c, argv[1], NULL) : CELLCTL_USAGE;

	if (!error)
		error = cellctl_run(c, (unsigned)atoi(argv[2]), &run);
	if (error)
		fprintf(stderr, "%s\n", cellctl_message(c));
	else
		printf("%llu\n", (unsigned long long)run.after.x[0]);
	cellctl_close(c);
	return error;
}
