/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What the files of the mediated interrupt logic share (vgic_logic.h). Atomic words: sequentially consistent, see vgic_logic.c. */
#ifndef CLOISON_ARCH_AARCH64_VGIC_BITS_H
#define CLOISON_ARCH_AARCH64_VGIC_BITS_H

#include "vgic_logic.h"

static inline u32 get(const u32 *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
/* Both return the word as it was. */
static inline u32 set_bits(u32 *p, u32 bits) { return __atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST); }
static inline u32 clear_bits(u32 *p, u32 bits) { return __atomic_fetch_and(p, ~bits, __ATOMIC_SEQ_CST); }
static inline u32 lowest(u32 bits) { return (u32)__builtin_ctz(bits); }

static inline void mark(u32 *words, u32 line) { words[line / 32] |= 1u << line % 32; }
static inline void unmark(u32 *words, u32 line) { words[line / 32] &= ~(1u << line % 32); }
static inline bool marked(const u32 *words, u32 line) { return words[line / 32] >> line % 32 & 1; }

static inline struct vgic_vcpu *vgic_own(struct vgic *v, const struct vgic_cpu *c) { return &v->vcpus[c->index]; }

#define NO_SLOT 0xffffffffu

/* vgic_lr.c */
u32 lr_find(const struct vgic_cpu *c, u32 line); /* NO_SLOT: in no list register */
void lr_set(struct vgic_cpu *c, u32 slot, u64 value);
void lr_put(struct vgic *v, struct vgic_cpu *c, u32 slot, u32 line);
/* Pending, and this vCPU has it in hand: into a list register at the next lr_settle. */
void lr_admit(struct vgic_cpu *c, u32 line);
/* What is held goes where it belongs; then what to be called for. Last thing in each call that acts on list registers. */
void lr_settle(struct vgic *v, struct vgic_cpu *c);
u8 vgic_priority(const struct vgic *v, const struct vgic_cpu *c, u32 line);
/* May this vCPU signal the line to its guest now? */
bool vgic_deliverable(struct vgic *v, const struct vgic_cpu *c, u32 line);

/* vgic_change.c */
void vgic_each(struct vgic *v, struct vgic_cpu *c, u32 w, u32 bits, void (*deed)(struct vgic *, struct vgic_cpu *, u32));
/* If it is pending and enabled, tell the vCPU it is routed to. */
void vgic_renotify(struct vgic *v, struct vgic_cpu *c, u32 line);
/* A soft line is nobody's again. */
void vgic_release(struct vgic *v, struct vgic_cpu *c, u32 line);
/* Pending and in hand, but not to be signalled here now: back to where it came from. */
void vgic_give_back(struct vgic *v, struct vgic_cpu *c, u32 line);
/* The same, and out of the list register first. */
void vgic_withdraw(struct vgic *v, struct vgic_cpu *c, u32 line);
/* GICD_ICACTIVER or ICC_DIR_EL1 on a line in hand. */
void vgic_deactivate(struct vgic *v, struct vgic_cpu *c, u32 line);

#endif
