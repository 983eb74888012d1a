/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Without CONFIG_ITS, in place of its.c and vits*.c: no cell has message-signalled interrupts, cellgen refuses what asks for them.
 * Nothing to define: whoever calls those asks ITS_COUNT first, a constant.
 */
#include "core/machine.h"

_Static_assert(ITS_COUNT == 0, "the partition has functions with message-signalled interrupts: set CONFIG_ITS");
