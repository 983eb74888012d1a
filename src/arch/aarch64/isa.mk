# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# What the Makefile must know about this ISA. Any object may have flags of its
# own: CFLAGS_<file>.o.

CROSS_DEFAULT := aarch64-linux-gnu-
CLANG_TARGET  := aarch64-linux-gnu
LD_EMULATION  := aarch64linux

# No FP or SIMD register (they are the guest's), no access that is not aligned
# (the first instructions run with the MMU off), no call into libgcc, no jump tables (tools/bound follows each branch),
# no chain of frames (nobody follows it).
ISA_CFLAGS := -march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics -fno-jump-tables -fomit-frame-pointer

# An address of a core that ends within 1 MiB is one instruction; of a larger one, which has very many cells, it is two.
ISA_NEAR := -mcmodel=tiny
ISA_FAR := -mcmodel=small

# Erratum 843419 of the Cortex-A53; by ADR where it reaches, as stubs take a page of their own.
ISA_LDFLAGS := --fix-cortex-a53-843419$(if $(LLVM),,=adr)

# A variant is a file: what is not compiled.
MEDIATED_FILES := mediated.S $(addsuffix .c,vgic_mediated vgic_hand vgic_news vgic_regs irq fast_irq fast_vgic fast_sgi_mediated)
ISA_WITHOUT := $(addprefix %/,$(if $(CONFIG_MEDIATED),mediated_none.c mediated_none.S,$(MEDIATED_FILES)) \
	$(if $(CONFIG_LIFECYCLE),restore_none.c,restore.c restore.S pause.c capture.c calls_life.c) $(if $(CONFIG_IOMMU),,smmu.c) $(if $(CONFIG_GDB),,debug.c) \
	$(if $(CONFIG_ITS),its_none.c,its.c vits.c vits_trap.c) $(if $(CONFIG_TRACE),,trace.S trace.c))

# The C behind entry.S's short exits: only x0-x3 (fast_call.c) or x0-x8 (the others),
# x16, x17 and x30 are saved for it, and x8 always, as clang cannot be told to spare it.
# tools/lint/image looks at the result.
FAST_FIXED := 9 10 11 12 13 14 15 18
CFLAGS_fast_call.o := $(foreach n,4 5 6 7 $(FAST_FIXED),-ffixed-x$(n))
CFLAGS_fast_gicd.o := $(foreach n,$(FAST_FIXED),-ffixed-x$(n))
CFLAGS_fast_register.o := $(CFLAGS_fast_gicd.o)
# -O2: these are timed, and what is optimized for size may call functions of its own.
CFLAGS_fast_irq.o := $(CFLAGS_fast_gicd.o) -O2
CFLAGS_glance.o := $(CFLAGS_fast_irq.o)
CFLAGS_pl011_flags.o := $(CFLAGS_fast_irq.o)
CFLAGS_fast_vgic.o := $(CFLAGS_fast_irq.o)
CFLAGS_fast_sgi_mediated.o := $(CFLAGS_fast_irq.o)
CFLAGS_revoke.o := -O2
