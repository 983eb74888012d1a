/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#ifndef PHOENIX_H
#define PHOENIX_H

#include "guest.h"

/* The calling CPU does something for ever in which it is hard to be reached: one of way_count ways. */
__attribute__((noreturn)) void await_end(u64 way);
extern const u64 way_count;

#endif
