/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a regime maps, found against wanted: the same leaves, one after the other, and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "cellcheck.h"

#define DIFFERENCES 6 /* are shown */

void range_add(struct check *c, wants *to, u64 in, u64 out, u64 size, u64 attr)
{
	if (size)
		*VEC_ADD(&c->arena, *to) = (struct range) { in, out, size, attr, false, true };
}

static int by_input(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->in > y->in) - (x->in < y->in);
}

struct cursor {
	struct check *c;
	const struct regime *r;
	const wants *wanted;
	size_t index; /* range */
	u64 done, run_start, run_end, run_out; /* within it: a run of frames that continue each other */
	u64 window;
	struct leaf want;
	bool have; /* a wanted leaf, which nothing found has been compared with */
	size_t shown;
};

/* The window of a stripe, from what is found where it begins. */
static void next_window(struct cursor *at, const struct range *r, const struct leaf *hint)
{
	const struct colors *colors = party_colors(at->c, at->r->party);
	u64 in = r->in + at->done, window, found = ~0ull;
	struct leaf leaf;

	if (!at->done && r->placed)
		found = r->out;
	else if (hint && hint->in == in)
		found = hint->out;
	else if (look_up(at->c, at->r, in, &leaf))
		found = leaf.out + (in - leaf.in);
	if (found != ~0ull && stripes_next(at->c, at->r->party, found, at->done ? &at->window : NULL, &window))
		at->window = window;
	else
		at->window = at->done ? at->window + colors->of * PAGE : 0;
}

/* As many frames as continue each other: within a stripe, or, with all colours, over several. */
static void striped_run(struct cursor *at, const struct range *r, const struct leaf *hint)
{
	const struct colors *colors = party_colors(at->c, at->r->party);
	u64 first, last;

	do {
		u64 page = at->done / PAGE % colors->n, window = at->window;

		if (!page)
			next_window(at, r, hint);
		first = last = page;
		while (last + 1 < colors->n && colors->list[last + 1] == colors->list[last] + 1)
			last++;
		if (at->run_end == at->run_start)
			at->run_out = at->window + colors->list[first] * PAGE;
		else if (at->run_out + (at->run_end - at->run_start) != at->window + colors->list[first] * PAGE) {
			at->window = window; /* another run; its window is looked for again */
			return;
		}
		at->run_end += (last + 1 - first) * PAGE;
		at->done = at->run_end;
	} while (colors->n == colors->of && at->run_end < r->size);
}

static void next_run(struct cursor *at, const struct range *r, const struct leaf *hint)
{
	at->run_start = at->run_end = at->done;
	if (!r->stripes) {
		at->run_out = r->out;
		at->run_end = r->size;
		return;
	}
	striped_run(at, r, hint);
	at->done = at->run_start;
	at->run_end = at->run_end < r->size ? at->run_end : r->size;
}

/* The next wanted leaf: the largest unit that fits into its run. */
static void next_wanted(struct cursor *at, const struct leaf *hint)
{
	for (; at->index < at->wanted->n; at->index++, at->done = at->run_start = at->run_end = 0) {
		const struct range *r = &at->wanted->v[at->index];
		int level = 1;

		if (at->done >= r->size)
			continue;
		if (at->done >= at->run_end)
			next_run(at, r, hint);
		at->want = (struct leaf) { r->in + at->done, at->run_out + (at->done - at->run_start), 0, r->attr };
		while (level < 3 && ((at->want.in | at->want.out) % entry_bytes[level] || at->run_end - at->done < entry_bytes[level]))
			level++;
		at->want.size = entry_bytes[level];
		at->done += entry_bytes[level];
		at->have = true;
		return;
	}
}

static const char *rights_of(struct check *c, u64 attr, enum stage stage)
{
	return attr_rights(attr, stage) ? attr_text(attr, stage) : arena_text(&c->arena, "attributes 0x%llx, which nothing has", attr);
}

static void differ(struct cursor *at, const struct leaf *found, const struct leaf *wanted)
{
	struct check *c = at->c;
	enum stage stage = at->r->stage;
	const char *in = stage != STAGE_EL2 ? "guest address" : "address", *who = at->r->who;

	if (at->shown++ >= DIFFERENCES)
		return;
	if (found && wanted)
		finding(c, "mapping", "%s: %s 0x%llx reaches physical 0x%llx (%llu KiB, %s): %s; it should be 0x%llx (%llu KiB, %s)", who,
			in, found->in, found->out, found->size / KIB, rights_of(c, found->attr, stage), owner_of(c, found->out, -1),
			wanted->out, wanted->size / KIB, rights_of(c, wanted->attr, stage));
	else if (found)
		finding(c, "mapping", "%s: %s 0x%llx reaches physical 0x%llx (%llu KiB, %s): %s; nothing should be there", who,
			in, found->in, found->out, found->size / KIB, rights_of(c, found->attr, stage), owner_of(c, found->out, -1));
	else
		finding(c, "mapping", "%s: %s 0x%llx reaches nothing; it should reach physical 0x%llx (%llu KiB, %s)", who,
			in, wanted->in, wanted->out, wanted->size / KIB, rights_of(c, wanted->attr, stage));
}

static void feed(struct check *c, const struct regime *r, const struct leaf *found, void *context)
{
	struct cursor *at = context;

	(void)c;
	(void)r;
	for (;;) {
		if (!at->have)
			next_wanted(at, found);
		if (!at->have || at->want.in >= found->in)
			break;
		differ(at, NULL, &at->want);
		at->have = false;
	}
	if (!at->have || at->want.in > found->in) {
		differ(at, found, NULL);
		return;
	}
	if (at->want.out != found->out || at->want.size != found->size || at->want.attr != found->attr)
		differ(at, found, &at->want);
	at->have = false;
}

void compare(struct check *c, const struct regime *r, wants *wanted)
{
	struct cursor at = { .c = c, .r = r, .wanted = wanted };

	if (wanted->n)
		qsort(wanted->v, wanted->n, sizeof *wanted->v, by_input);
	walk_again(c, r, feed, &at);
	while (at.shown <= DIFFERENCES) {
		if (!at.have)
			next_wanted(&at, NULL);
		if (!at.have)
			break;
		differ(&at, NULL, &at.want);
		at.have = false;
	}
	if (at.shown > DIFFERENCES)
		finding(c, "mapping", "%s: more differences are not listed", r->who);
}
