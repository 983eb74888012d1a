/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A fuzzer's input, taken from the front as numbers. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>

#include "core/types.h"

struct input {
	const u8 *bytes;
	size_t left;
};

/* Big-endian, of so many bytes or as many as are left. */
static inline u32 next(struct input *input, u32 bytes)
{
	u32 value = 0;

	for (; bytes && input->left; bytes--, input->left--)
		value = value << 8 | *input->bytes++;
	return value;
}

#endif
