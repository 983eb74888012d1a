/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: any bytes as a kernel's file. What is accepted has to be inside of the cell's memory. Built and run by
 *
 *     tests/fuzz/cellgen/fuzz.py --only libfuzzer-image
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "parts.h"

#undef exit
_Noreturn void fuzz_exit(int status);
_Noreturn void __wrap_fatal(const char *format, ...);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void fuzz_exit(int status)
{
	exit(status);
}

void __wrap_fatal(const char *format, ...)
{
	(void)format;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ram ram = { .guest = 0x40000000, .size = MIB(2) };
	struct cell cell = { .name = "fuzz", .ram = &ram, .ram_count = 1 };
	struct image image = { .present = true, .name = "fuzz", .data = data, .data_size = size };
	struct diag *diag = diag_new();
	u64 sum = 0;

	kernel_load(&cell, &image, diag);
	if (diag_count(diag) == 0) {
		for (u64 i = 0; i < image.data_size; i++) {
			sum += image.data[i];
		}
		if (!image.data || sum > image.data_size * 255 || image.memory_size < image.data_size) {
			abort();
		}
		if (image.kind == KERNEL_ELF && (image.load < ram.guest || image.load - ram.guest + image.data_size > ram.size ||
						 image.load % 16 || image.data_size % 16 || image.entry % 4 ||
						 image.entry - image.load >= image.data_size)) {
			abort();
		}
	}
	mem_free_all();
	return 0;
}
