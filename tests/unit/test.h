/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* cmocka and what it wants included before it. */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/types.h"

/* A reproducible sequence; xorshift64*. */
static inline u32 next_random(u64 *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return (u32)(*seed * 0x2545f4914f6cdd1dULL >> 32);
}

#endif
