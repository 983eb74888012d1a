/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A model of the last-level cache that cells share: whose lines are evicted by whom.
 *
 *     -plugin O/instrument/cache.so,out=FILE,cache=SETS:WAYS:LINE[,core=LO-HI...][,cpu=N:NAME...][,memory=NAME:LO-HI...][,uncached=LO-HI...]
 *
 * Indexed by plain physical address, LRU, every access goes to it (no caches are in
 * front). A line belongs to who used it last: to the core, if the instruction was the
 * core's, else to the cell the vCPU is of; in memory that has a name of its own, to
 * that, whoever uses it. Memory that is mapped past the caches takes no line. Accesses that a plugin sees: fetches, loads, stores; not
 * table walks, cache maintenance, DC ZVA (QEMU 10.0 tells nobody), devices, DMA.
 */
#define _GNU_SOURCE
#include "host.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

int qemu_plugin_version = PLUGIN_VERSION;

#define PARTIES_MAX 16
#define CORE 0                  /* parties; the others in the order they are named */
#define NOBODY 1
#define RANGES_MAX 256
#define PAGE 4096

struct way {
	uint64_t line;                  /* physical address; EMPTY */
	uint32_t used;                  /* the set's clock when it was */
	uint8_t party;
};
#define EMPTY UINT64_MAX

struct set {
	uint8_t locked;
	uint16_t touched;               /* a bit for each party that ever used a line of it */
	uint32_t clock;
	struct way *ways;
};

/* Of the sets of one colour. */
struct color {
	uint64_t fills[PARTIES_MAX];
	uint64_t evicted[PARTIES_MAX][PARTIES_MAX]; /* [whose line][by whom] */
};

static struct {
	uint64_t sets, ways, line, colors;
	struct set *set;
	struct color *color;
} cache;

static struct { uint64_t fetches, accesses, misses, uncached; } done[VCPUS_MAX][PARTIES_MAX];
static struct { char name[32]; } parties[PARTIES_MAX] = { { "core" }, { "nobody" } };
static unsigned int party_count = 2;
static uint8_t party_of_vcpu[VCPUS_MAX];
static struct range core[RANGES_MAX];
static unsigned int core_count;
static struct { struct range at; unsigned int party; } memory[RANGES_MAX];
static unsigned int memory_count;
static struct range uncached[RANGES_MAX];
static unsigned int uncached_count;
static const char *out;

/* ---- the cache ---- */

static void lock(struct set *set)
{
	while (__atomic_test_and_set(&set->locked, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&set->locked, __ATOMIC_RELAXED))
			;
}

static void unlock(struct set *set)
{
	__atomic_clear(&set->locked, __ATOMIC_RELEASE);
}

/* The way that holds the line, or the one that has to make room: an empty one, or the one used longest ago. */
static struct way *way_for(struct set *set, uint64_t line)
{
	struct way *oldest = &set->ways[0];

	for (uint64_t i = 0; i < cache.ways; i++) {
		struct way *way = &set->ways[i];

		if (way->line == line)
			return way;
		if (oldest->line != EMPTY && (way->line == EMPTY || set->clock - way->used > set->clock - oldest->used))
			oldest = way;
	}
	return oldest;
}

static bool is_within(uint64_t physical, const struct range *ranges, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (physical >= ranges[i].low && physical < ranges[i].high)
			return true;
	return false;
}

static unsigned int party_at(uint64_t physical, unsigned int otherwise)
{
	for (unsigned int i = 0; i < memory_count; i++)
		if (physical >= memory[i].at.low && physical < memory[i].at.high)
			return memory[i].party;
	return otherwise;
}

/* Brings a line in; true: it was not there. */
static bool touch(uint64_t physical, unsigned int who)
{
	unsigned int party = party_at(physical, who);
	uint64_t line = physical & ~(cache.line - 1), index = physical / cache.line % cache.sets;
	struct color *color = &cache.color[physical / PAGE % cache.colors];
	struct set *set = &cache.set[index];
	struct way *way;
	bool miss;

	lock(set);
	set->clock++;
	way = way_for(set, line);
	miss = way->line != line;
	if (miss) {
		if (way->line != EMPTY)
			__atomic_fetch_add(&color->evicted[way->party][party], 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&color->fills[party], 1, __ATOMIC_RELAXED);
		way->line = line;
	}
	set->touched |= (uint16_t)(1u << party);
	way->used = set->clock;
	way->party = (uint8_t)party;
	unlock(set);
	return miss;
}

/* ---- what is executed ---- */

/* The lines a block is fetched from; blocks are never freed, and neither is this. */
struct fetch {
	bool core;
	unsigned int count;
	uint64_t lines[];
};

static unsigned int party_in(unsigned int vcpu, bool by_core)
{
	return by_core ? CORE : party_of_vcpu[vcpu];
}

static void fetched(unsigned int said, void *data)
{
	const struct fetch *fetch = data;
	unsigned int vcpu = vcpu_running(said), party = party_in(vcpu, fetch->core);

	for (unsigned int i = 0; i < fetch->count; i++)
		done[vcpu][party].misses += touch(fetch->lines[i], party);
	done[vcpu][party].fetches += fetch->count;
}

static void access_to(unsigned int said, uint32_t info, uint64_t vaddr, bool by_core)
{
	unsigned int vcpu = vcpu_running(said), party = party_in(vcpu, by_core);
	const struct qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(info, vaddr);
	uint64_t first, last;

	if (!where || qemu_plugin_hwaddr_is_io(where))
		return;
	first = qemu_plugin_hwaddr_phys_addr(where);
	last = first + (1ul << qemu_plugin_mem_size_shift(info)) - 1;
	if (is_within(first, uncached, uncached_count)) {
		done[vcpu][party].uncached++;
		return;
	}
	done[vcpu][party].accesses++;
	done[vcpu][party].misses += touch(first, party);
	/* Into the next line; what lies in another page is somewhere else, and its first line is all but always touched besides. */
	if (first / cache.line != last / cache.line && first / PAGE == last / PAGE)
		done[vcpu][party].misses += touch(last, party);
}

static void access_by_core(unsigned int said, uint32_t info, uint64_t vaddr, void *data)
{
	(void)data;
	access_to(said, info, vaddr, true);
}

static void access_by_cell(unsigned int said, uint32_t info, uint64_t vaddr, void *data)
{
	(void)data;
	access_to(said, info, vaddr, false);
}

static bool is_core(uint64_t physical)
{
	return is_within(physical, core, core_count);
}

static uint64_t physical_of(struct qemu_plugin_insn *insn)
{
	const void *host = qemu_plugin_insn_haddr(insn);

	return host ? ram_physical(host) : NOT_RAM;
}

static void instrument(struct qemu_plugin_insn *insn, struct fetch *fetch)
{
	uint64_t physical = physical_of(insn), line = physical & ~(cache.line - 1);

	qemu_plugin_register_vcpu_mem_cb(insn, is_core(physical) ? access_by_core : access_by_cell, NO_REGISTERS, READS_AND_WRITES, NULL);
	if (physical != NOT_RAM && (fetch->count == 0 || fetch->lines[fetch->count - 1] != line))
		fetch->lines[fetch->count++] = line;
}

static void translated(uint64_t id, struct qemu_plugin_tb *block)
{
	size_t count = qemu_plugin_tb_n_insns(block);
	struct fetch *fetch = malloc(sizeof(*fetch) + count * sizeof(fetch->lines[0]));

	(void)id;
	if (!fetch)
		refuse("no memory");
	ram_learn(block);
	vcpu_block(block);
	fetch->core = is_core(physical_of(qemu_plugin_tb_get_insn(block, 0)));
	fetch->count = 0;
	for (size_t i = 0; i < count; i++)
		instrument(qemu_plugin_tb_get_insn(block, i), fetch);
	qemu_plugin_register_vcpu_tb_exec_cb(block, fetched, NO_REGISTERS, fetch);
}

/* ---- the result ---- */

static void write_list(FILE *file, const char *name, const uint64_t *values)
{
	fprintf(file, "\"%s\": [", name);
	for (unsigned int i = 0; i < party_count; i++)
		fprintf(file, "%s%lu", i ? ", " : "", values[i]);
	fputc(']', file);
}

static void write_evicted(FILE *file, uint64_t evicted[PARTIES_MAX][PARTIES_MAX])
{
	fputs("\"evicted\": [", file);
	for (unsigned int i = 0; i < party_count; i++) {
		fputs(i ? ", [" : "[", file);
		for (unsigned int j = 0; j < party_count; j++)
			fprintf(file, "%s%lu", j ? ", " : "", evicted[i][j]);
		fputc(']', file);
	}
	fputc(']', file);
}

static void write_parties(FILE *file)
{
	for (unsigned int i = 0; i < party_count; i++) {
		uint64_t fetches = 0, accesses = 0, misses = 0, past = 0;

		for (unsigned int v = 0; v < VCPUS_MAX; v++) {
			fetches += done[v][i].fetches;
			accesses += done[v][i].accesses;
			misses += done[v][i].misses;
			past += done[v][i].uncached;
		}
		fprintf(file, "%s\n  {\"name\": \"%s\", \"fetches\": %lu, \"accesses\": %lu, \"misses\": %lu, \"uncached\": %lu}", i ? "," : "", parties[i].name, fetches, accesses, misses, past);
	}
}

static void write_color(FILE *file, uint64_t number)
{
	uint64_t held[PARTIES_MAX] = { 0 }, sets[PARTIES_MAX] = { 0 }, shared = 0;

	for (uint64_t s = 0; s < cache.sets; s++) {
		const struct set *set = &cache.set[s];

		if (s * cache.line / PAGE % cache.colors != number)
			continue;
		shared += (set->touched & (set->touched - 1)) != 0;
		for (unsigned int i = 0; i < PARTIES_MAX; i++)
			sets[i] += set->touched >> i & 1;
		for (uint64_t w = 0; w < cache.ways; w++)
			if (set->ways[w].line != EMPTY)
				held[set->ways[w].party]++;
	}
	fprintf(file, "%s\n  {\"shared_sets\": %lu, ", number ? "," : "", shared);
	write_list(file, "sets", sets);
	fputs(", ", file);
	write_list(file, "held", held);
	fputs(", ", file);
	write_list(file, "fills", cache.color[number].fills);
	fputs(", ", file);
	write_evicted(file, cache.color[number].evicted);
	fputc('}', file);
}

static void finish(uint64_t id, void *data)
{
	static uint64_t evicted[PARTIES_MAX][PARTIES_MAX];
	FILE *file = result_begin(out);

	(void)id, (void)data;
	fprintf(file, "{\"sets\": %lu, \"ways\": %lu, \"line\": %lu, \"parties\": [", cache.sets, cache.ways, cache.line);
	write_parties(file);
	fputs("],\n ", file);
	for (uint64_t c = 0; c < cache.colors; c++)
		for (unsigned int i = 0; i < PARTIES_MAX; i++)
			for (unsigned int j = 0; j < PARTIES_MAX; j++)
				evicted[i][j] += cache.color[c].evicted[i][j];
	write_evicted(file, evicted);
	fputs(",\n \"colors\": [", file);
	for (uint64_t c = 0; c < cache.colors; c++)
		write_color(file, c);
	fputs("]}\n", file);
	result_end(file, out);
}

/* ---- the beginning ---- */

static void range_add(struct range *ranges, unsigned int *count, const char *text)
{
	if (*count == RANGES_MAX)
		refuse("more than %d ranges", RANGES_MAX);
	ranges[*count] = range_of(text, NULL, 0);
	ram_must_hold(ranges[(*count)++]);
}

static unsigned int party_named(const char *name)
{
	unsigned int i = 0;

	while (i < party_count && strcmp(parties[i].name, name) != 0)
		i++;
	if (i == PARTIES_MAX)
		refuse("more than %d parties", PARTIES_MAX);
	if (i == party_count)
		strcpy(parties[party_count++].name, name);
	return i;
}

static void cpu_add(const char *text)
{
	char *name;
	unsigned long vcpu = strtoul(text, &name, 10);

	if (name == text || *name != ':' || vcpu >= vcpu_count() || !name[1] || strlen(name + 1) >= sizeof(parties[0].name))
		refuse("cpu=%s: a vCPU of this machine, a colon and a name of at most %zu letters it has to be", text, sizeof(parties[0].name) - 1);
	party_of_vcpu[vcpu] = (uint8_t)party_named(name + 1);
}

static void memory_add(const char *text)
{
	char name[sizeof(parties[0].name)];

	if (memory_count == RANGES_MAX)
		refuse("more than %d ranges", RANGES_MAX);
	memory[memory_count].at = range_of(text, name, sizeof(name));
	memory[memory_count++].party = party_named(name);
}

static bool power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static void cache_make(const char *text)
{
	if (sscanf(text, "%lu:%lu:%lu", &cache.sets, &cache.ways, &cache.line) != 3 || !power_of_two(cache.sets) || !power_of_two(cache.line) ||
	    cache.line < 16 || cache.line > PAGE || cache.sets > 1 << 20 || !cache.ways || cache.ways > 64)
		refuse("cache=%s: SETS:WAYS:LINE it has to be, sets and bytes of a line powers of two, at most 64 ways", text);
	cache.colors = cache.sets * cache.line / PAGE;
	if (!cache.colors)
		cache.colors = 1;
	cache.set = calloc(cache.sets, sizeof(*cache.set));
	cache.color = calloc(cache.colors, sizeof(*cache.color));
	if (!cache.set || !cache.color)
		refuse("no memory");
	for (uint64_t s = 0; s < cache.sets; s++) {
		cache.set[s].ways = malloc(cache.ways * sizeof(struct way));
		if (!cache.set[s].ways)
			refuse("no memory");
		for (uint64_t w = 0; w < cache.ways; w++)
			cache.set[s].ways[w] = (struct way){ .line = EMPTY };
	}
}

static void whose_turn(unsigned int vcpu)
{
	(void)vcpu; /* vcpu_running() says it */
}

int qemu_plugin_install(uint64_t id, const struct plugin_info *info, int argc, char **argv)
{
	vcpu_init(info, whose_turn);
	memset(party_of_vcpu, NOBODY, sizeof(party_of_vcpu));
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0)
			out = argv[i] + 4;
		else if (strncmp(argv[i], "core=", 5) == 0)
			range_add(core, &core_count, argv[i] + 5);
		else if (strncmp(argv[i], "cpu=", 4) == 0)
			cpu_add(argv[i] + 4);
		else if (strncmp(argv[i], "memory=", 7) == 0)
			memory_add(argv[i] + 7);
		else if (strncmp(argv[i], "uncached=", 9) == 0)
			range_add(uncached, &uncached_count, argv[i] + 9);
		else if (strncmp(argv[i], "cache=", 6) == 0)
			cache_make(argv[i] + 6);
		else
			refuse("what is '%s'? there are out=FILE, cache=SETS:WAYS:LINE, core=LOW-HIGH, cpu=N:NAME, memory=NAME:LOW-HIGH and uncached=LOW-HIGH", argv[i]);
	}
	if (!out || !cache.set)
		refuse("out=FILE and cache=SETS:WAYS:LINE have to be there, each once");
	qemu_plugin_register_vcpu_init_cb(id, vcpu_started);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
