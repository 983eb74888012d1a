# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What the Makefile must know about this ISA. Any object may have flags of its
# own: CFLAGS_<file>.o.

CROSS_DEFAULT := aarch64-linux-gnu-
CLANG_TARGET  := aarch64-linux-gnu
LD_EMULATION  := aarch64linux

# No FP or SIMD register (they are the guest's), no access that is not aligned
# (the first instructions run with the MMU off), no call into libgcc.
ISA_CFLAGS := -march=armv8-a -mgeneral-regs-only -mstrict-align -mcmodel=small -mno-outline-atomics

# The C behind entry.S's short exits: only x0-x3 (fast_call.c) or x0-x8 (the others),
# and x30, are saved for it. clang cannot be told about x8, x16 and x17; tools/lint/image
# looks at the result.
FAST_FIXED := 9 10 11 12 13 14 15 18 $(if $(LLVM),,16 17)
CFLAGS_fast_call.o := $(foreach n,4 5 6 7 $(if $(LLVM),,8) $(FAST_FIXED),-ffixed-x$(n))
CFLAGS_fast_sgi.o := $(foreach n,$(FAST_FIXED),-ffixed-x$(n)) -O2 -fomit-frame-pointer
CFLAGS_fast_gicd.o := $(CFLAGS_fast_sgi.o)
CFLAGS_fast_irq.o := $(CFLAGS_fast_sgi.o)
CFLAGS_fast_vgic.o := $(CFLAGS_fast_sgi.o)
# -O2: whatever is optimized for size calls its inline functions

# Guests' own assembly may use FP and SIMD registers, their C does not. gcc leaves the
# assembler free under -mgeneral-regs-only, clang does not.
GUEST_ISA_CFLAGS := $(if $(LLVM),$(subst -mgeneral-regs-only,-mno-implicit-float,$(ISA_CFLAGS)),$(ISA_CFLAGS))
