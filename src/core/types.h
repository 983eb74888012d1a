/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Fixed-width integers, typed addresses and the few macros every file may use.
 *
 * Shared with cellgen (a hosted program), so nothing here may depend on the
 * target or on being freestanding.
 */
#ifndef CLOISON_CORE_TYPES_H
#define CLOISON_CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

/* Addresses are structs so that a guest address never slips in for a physical one. */
typedef struct { u64 v; } paddr_t; /* physical address, bytes */
typedef struct { u64 v; } ipa_t;   /* guest-physical (intermediate physical) address, bytes */

/* One instruction: what is optimized for size would call it all the same, and save registers for that. */
#define ONE_INSTRUCTION static inline __attribute__((always_inline))

#define BIT(n) (1ULL << (n))
#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KIB(n) ((u64)(n) << 10)
#define MIB(n) ((u64)(n) << 20)
#define GIB(n) ((u64)(n) << 30)

#endif
