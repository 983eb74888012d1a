/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What the files of the mediated interrupt logic share (vgic_logic.h).
 *
 * Atomic words are sequentially consistent: several times one CPU stores A and
 * then looks at B, another stores B and then looks at A, and one of the two has
 * to see the other. Bytes are only ever read for their newest value, before or
 * after such a word.
 */
#ifndef CLOISON_ARCH_AARCH64_VGIC_BITS_H
#define CLOISON_ARCH_AARCH64_VGIC_BITS_H

#include "core/bound.h"
#include "gic.h"
#include "vgic_logic.h"

ONE_INSTRUCTION u32 get(const u32 *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
/* These return the word as it was. */
static inline u32 set_bits(u32 *p, u32 bits) { return __atomic_fetch_or(p, bits, __ATOMIC_SEQ_CST); }
static inline u32 clear_bits(u32 *p, u32 bits) { return __atomic_fetch_and(p, ~bits, __ATOMIC_SEQ_CST); }
static inline u32 take_all(u32 *p) { return get(p) ? __atomic_exchange_n(p, 0, __ATOMIC_SEQ_CST) : 0; }
ONE_INSTRUCTION u8 get_byte(const u8 *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
ONE_INSTRUCTION void set_byte(u8 *p, u8 value) { __atomic_store_n(p, value, __ATOMIC_SEQ_CST); }

static inline u32 lowest(u32 bits) { return (u32)__builtin_ctz(bits); }
static inline u32 bit_of(u32 line) { return 1u << line % 32; }
static inline bool marked(const u32 *words, u32 line) { return words[line / 32] & bit_of(line); }
static inline void mark(u32 *words, u32 line) { words[line / 32] |= bit_of(line); }
static inline void unmark(u32 *words, u32 line) { words[line / 32] &= ~bit_of(line); }

/* line = each bit of `bits`, of word w; lines that there are, so no more than any word has. */
#define FOR_EACH_LINE(line, w, bits) \
	for (u32 rest_ = (bits), line; rest_ && ({ LOOP_BOUND(VGIC_WORD_LINES); line = (w) * 32 + lowest(rest_); true; }); rest_ &= rest_ - 1)
/* w = each word of `words`; words with lines, so no more than there are. */
#define FOR_EACH_WORD(w, words) \
	for (u32 words_ = (words), w; words_ && ({ LOOP_BOUND(VGIC_WORD_COUNT); w = lowest(words_); true; }); words_ &= words_ - 1)

static inline struct vgic_vcpu *vgic_own(const struct vgic *v, const struct vgic_cpu *c) { return &v->vcpus[c->index]; }
static inline u32 vgic_implemented(const struct vgic *v, u32 w) { return v->config->linked[w] | v->config->soft[w] | (w ? 0 : 0xffffu); }
/* Soft lines of a word that are pending on their own account, in hand or not. */
static inline u32 vgic_asserted(const struct vgic *v, u32 w)
{
	return ((get(&v->level[w]) & ~v->config->edge[w]) | get(&v->latched[w])) & v->config->soft[w];
}
/* GICD_CTLR.RWP as vCPU `own` reads it: another one has yet to look at what it was told. */
static inline u32 vgic_outstanding(const struct vgic *v, const struct vgic_vcpu *own)
{
	for (const struct vgic_vcpu *other = v->vcpus, *end = other + v->vcpu_count; other < end; other++) {
		LOOP_TOTAL(CELL_VCPU_LIMIT);
		if (other == own)
			continue;
		LOOP_BOUND(CELL_VCPU_LIMIT); /* a compiler may make two loops of it, one in the other */
		if (get(&other->present) && get(&other->summary))
			return (u32)GICD_CTLR_RWP;
	}
	return 0;
}

/* News for vCPU n: bits of its summary. */
void vgic_notify(struct vgic *v, struct vgic_cpu *c, u32 n, u32 bits);
void vgic_look_all(struct vgic *v, struct vgic_cpu *c);
/* Soft lines that may have become pending or deliverable: whoever has them, or shall have them, looks. */
void vgic_offer(struct vgic *v, struct vgic_cpu *c, u32 w, u32 bits);
void vgic_offer_line(struct vgic *v, struct vgic_cpu *c, u32 line); /* one of them */
/* Enable, priority or route of lines that may be in somebody's hand has changed. */
void vgic_touch(struct vgic *v, struct vgic_cpu *c, u32 w, u32 bits);
/* A linked SPI's physical enable, or route, becomes what the cell's registers say. */
void vgic_follow(struct vgic *v, u32 line);
void vgic_follow_route(struct vgic *v, u32 line);
/* Pending (active) no more, if in the hand of another vCPU. */
void vgic_request(struct vgic *v, struct vgic_cpu *c, u32 w, u32 n, u32 bits, bool active);

/* On lines in the caller's hand; nothing if they are not. */
void vgic_unpend(struct vgic *v, struct vgic_cpu *c, u32 line);
void vgic_deactivate(struct vgic *v, struct vgic_cpu *c, u32 line);
/* Make a line active, in the caller's hand, unless another vCPU has it. */
void vgic_activate(struct vgic *v, struct vgic_cpu *c, u32 line);

#endif
