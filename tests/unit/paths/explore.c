/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Depth first over all interleavings (paths.h). A state is the program's data
 * and bss, and of each coroutine the stack in use and the saved registers; what
 * is its own this file keeps elsewhere. A step is taken back by the words that it
 * has changed. Of states only a hash of 128 bits is kept.
 *
 * Built without sanitizers: they know nothing of stacks that are copied.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "paths.h"

#define STACK 65536u
#define STACK_USED 8192u    /* at most, from its top */
#define SLOTS (1u << 25)
#define STATES_MAX (1u << 24)
#define EDGES_MAX (1u << 26)
#define UNDO_MAX (1u << 27)
#define DEPTH_MAX (1u << 22)
#define DEPTH_SHOWN 400u

extern char __data_start[], _end[];

struct thread {
	jmp_buf context;
	char *low;        /* its stack is in use from here on */
	const char *what; /* where it is */
	u32 alternatives, chosen;
	bool started, waits;
};
static struct thread threads[PATHS_THREADS];
static u32 self;

struct undo { u64 *at, old; };
struct edge { u32 from, to; };
struct slot { u64 key; u32 check, id; }; /* id 0: free */
struct from { u32 id; u16 thread, alternative; const char *what; };
struct frame { u32 id, undo; u16 next_thread, next_alternative; };

/* All of it outside of the state. */
static struct explorer {
	struct paths *paths;
	jmp_buf main;
	ucontext_t begin[PATHS_THREADS];
	const char *failed;
	u64 *before; /* data, then the running thread's stack */
	struct slot *slots;
	bool *stable;
	struct from *from; /* how each was reached first */
	struct edge *edges;
	struct undo *undo;
	struct frame *frames;
	u32 states, depth, undos;
	u64 edge_count;
	char (*stacks)[STACK];
} *e;

static void *room(u64 size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

/* ---- of the coroutines ---- */

static inline char *stack_pointer(void)
{
	char *sp;

#ifdef __aarch64__
	__asm__ volatile("mov %0, sp" : "=r"(sp));
#else
	__asm__ volatile("mov %%rsp, %0" : "=r"(sp));
#endif
	return sp;
}

__attribute__((noinline)) static void yield(const char *what, u32 alternatives, bool waits)
{
	struct thread *t = &threads[self];

	t->low = stack_pointer();
	t->what = what;
	t->alternatives = alternatives;
	t->waits = waits;
	if (!_setjmp(t->context))
		_longjmp(e->main, 1);
}

void paths_step(const char *what) { yield(what, 1, false); }
void paths_wait(const char *what) { yield(what, 1, true); }
u32 paths_self(void) { return self; }

u32 paths_choose(const char *what, u32 n)
{
	if (n < 2)
		return 0;
	yield(what, n, false);
	u32 chosen = threads[self].chosen;

	threads[self].chosen = 0;
	return chosen;
}

void paths_fail(const char *why)
{
	e->failed = why;
	_longjmp(e->main, 1);
}

static void begin(void)
{
	e->paths->run(self);
	abort();
}

/* ---- states ---- */

static u64 mix(u64 a, u64 b)
{
	unsigned __int128 m = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15ull) * (b ^ 0xd6e8feb86659fd93ull);

	return (u64)m ^ (u64)(m >> 64);
}

static void hash(u64 h[2], const void *from, const void *to)
{
	const u64 *p = (const u64 *)((u64)from & ~7ull), *end = (const u64 *)((u64)to & ~7ull);

	for (; p < end; p++) {
		h[0] = mix(h[0], *p);
		h[1] = (h[1] ^ *p) * 0xff51afd7ed558ccdull + (h[1] >> 29);
	}
}

static char *top(u32 thread)
{
	return e->stacks[thread] + STACK;
}

/* Its number; *is_new, if it was not there. */
static u32 intern(bool *is_new)
{
	u64 h[2] = { 1, 2 };

	hash(h, __data_start, _end);
	for (u32 i = 0; i < e->paths->threads; i++)
		if (threads[i].started)
			hash(h, threads[i].low, top(i));
	for (u64 i = h[0];; i++) {
		struct slot *slot = &e->slots[i % SLOTS];

		if (slot->id && slot->key == h[0] && slot->check == (u32)h[1]) {
			*is_new = false;
			return slot->id;
		}
		if (slot->id)
			continue;
		if (++e->states >= STATES_MAX)
			abort();
		if (getenv("PATHS_PROGRESS") && !(e->states % 100000))
			fprintf(stderr, "%u states, depth %u, %lu steps\n", e->states, e->depth, e->edge_count);
		*slot = (struct slot){ h[0], (u32)h[1], e->states };
		*is_new = true;
		e->stable[e->states] = e->paths->is_stable();
		return e->states;
	}
}

/* ---- steps ---- */

static void keep(u32 thread)
{
	u64 size = (u64)(_end - __data_start);
	char *to = (char *)e->before;

	memcpy(to, __data_start, size);
	memcpy(to + (size + 7) / 8 * 8, top(thread) - STACK_USED, STACK_USED);
}

static void note(u64 *now, const u64 *old, u64 words)
{
	for (u64 i = 0; i < words; i++)
		if (now[i] != old[i])
			e->undo[e->undos++] = (struct undo){ &now[i], old[i] };
	if (e->undos > UNDO_MAX - 65536)
		abort();
}

/* Returns where its undos begin. */
static u32 step(u32 thread, u32 alternative)
{
	u64 words = (u64)(_end - __data_start + 7) / 8;
	u32 first = e->undos;

	keep(thread);
	self = thread;
	threads[thread].chosen = alternative;
	e->paths->before(thread);
	if (!_setjmp(e->main)) {
		if (threads[thread].started)
			_longjmp(threads[thread].context, 1);
		threads[thread].started = true;
		setcontext(&e->begin[thread]);
	}
	if (!e->failed) {
		char *end = top(thread) - STACK_USED;

		if (threads[thread].low < end)
			abort();
		memset(end, 0, (u64)(threads[thread].low - end)); /* what is not in use any more makes no difference */
	}
	threads[thread].chosen = 0;
	self = 0;
	note((u64 *)(void *)__data_start, e->before, words);
	note((u64 *)(void *)(top(thread) - STACK_USED), e->before + words, STACK_USED / 8);
	return first;
}

static void take_back(u32 first)
{
	while (e->undos > first) {
		e->undos--;
		*e->undo[e->undos].at = e->undo[e->undos].old;
	}
}

/* The next thread that can go on, and which way. */
static bool choose(struct frame *f, u32 *thread, u32 *alternative)
{
	for (; f->next_thread < e->paths->threads; f->next_thread++, f->next_alternative = 0) {
		struct thread *t = &threads[f->next_thread];

		if (f->next_alternative >= t->alternatives || (t->waits && !e->paths->ready(f->next_thread)))
			continue;
		*thread = f->next_thread;
		*alternative = f->next_alternative++;
		return true;
	}
	return false;
}

/* ---- what is wrong ---- */

static void print_path(u32 id)
{
	static u32 ids[DEPTH_SHOWN];
	u32 count = 0;

	for (; id > 1 && count < DEPTH_SHOWN; id = e->from[id].id)
		ids[count++] = id;
	if (id > 1)
		fprintf(stderr, "  ...\n");
	while (count--)
		fprintf(stderr, "  %u %s #%u\n", e->from[ids[count]].thread, e->from[ids[count]].what, e->from[ids[count]].alternative);
}

/* Is there a state from which no stable one is reached? Returns how many; *one of them. */
static u32 count_lost(u32 *one)
{
	u32 lost = 0;
	bool more = true;

	/* Edges lead mostly to younger states, so a few passes from the end do */
	while (more) {
		more = false;
		for (u64 i = e->edge_count; i-- > 0;)
			if (e->stable[e->edges[i].to] && !e->stable[e->edges[i].from])
				more = e->stable[e->edges[i].from] = true;
	}
	for (u32 i = 1; i <= e->states; i++)
		if (!e->stable[i] && !lost++)
			*one = i;
	return lost;
}

/* ---- everything ---- */

static void push(u32 id, u32 undo)
{
	if (e->depth >= DEPTH_MAX)
		abort();
	e->frames[e->depth++] = (struct frame){ .id = id, .undo = undo };
}

static bool one_step(struct frame *f, u32 thread, u32 alternative)
{
	const char *what = threads[thread].what;
	u32 undo = step(thread, alternative), id;
	bool is_new;

	if (!e->failed && e->paths->check)
		if (!_setjmp(e->main))
			e->paths->check();
	if (e->failed) {
		fprintf(stderr, "paths: %s, after\n", e->failed);
		print_path(f->id);
		fprintf(stderr, "  %u %s #%u\n", thread, what, alternative);
		return false;
	}
	id = intern(&is_new);
	e->edges[e->edge_count++] = (struct edge){ f->id, id };
	if (e->edge_count >= EDGES_MAX)
		abort();
	if (is_new) {
		e->from[id] = (struct from){ f->id, (u16)thread, (u16)alternative, what };
		push(id, undo);
	} else {
		take_back(undo);
	}
	return true;
}

static bool visit_all(void)
{
	u32 thread, alternative;

	while (e->depth) {
		struct frame *f = &e->frames[e->depth - 1];

		if (choose(f, &thread, &alternative)) {
			if (!one_step(f, thread, alternative))
				return false;
		} else {
			take_back(f->undo);
			e->depth--;
		}
	}
	return true;
}

static void prepare(struct paths *paths)
{
	e->paths = paths;
	e->failed = NULL;
	e->states = e->depth = e->undos = 0;
	e->edge_count = 0;
	madvise(e->slots, sizeof *e->slots * (u64)SLOTS, MADV_DONTNEED);
	madvise(e->stable, STATES_MAX, MADV_DONTNEED);
	memset(threads, 0, sizeof threads);
	for (u32 i = 0; i < paths->threads; i++) {
		memset(e->stacks[i], 0, STACK);
		getcontext(&e->begin[i]);
		e->begin[i].uc_stack.ss_sp = e->stacks[i];
		e->begin[i].uc_stack.ss_size = STACK;
		makecontext(&e->begin[i], begin, 0);
		threads[i].alternatives = 1;
		threads[i].what = "begin";
	}
}

static void allocate(void)
{
	e = room(sizeof *e);
	e->before = room((u64)(_end - __data_start) + 16 + STACK_USED);
	e->slots = room(sizeof *e->slots * (u64)SLOTS);
	e->stable = room(STATES_MAX);
	e->from = room(sizeof *e->from * (u64)STATES_MAX);
	e->edges = room(sizeof *e->edges * (u64)EDGES_MAX);
	e->undo = room(sizeof *e->undo * (u64)UNDO_MAX);
	e->frames = room(sizeof *e->frames * (u64)DEPTH_MAX);
	e->stacks = room(sizeof *e->stacks * (u64)PATHS_THREADS);
}

bool paths_explore(struct paths *paths)
{
	u32 lost, one = 0;
	bool is_new;

	if (!e)
		allocate();
	prepare(paths);
	push(intern(&is_new), 0);
	if (!visit_all()) {
		take_back(0); /* to where it began */
		return false;
	}
	paths->states = e->states;
	paths->edges = e->edge_count;
	lost = count_lost(&one);
	if (!lost)
		return true;
	fprintf(stderr, "paths: %u of %u states lead to no stable one; such a state after\n", lost, e->states);
	print_path(one);
	return false;
}
