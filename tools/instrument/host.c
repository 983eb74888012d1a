/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* See host.h. */
#define _GNU_SOURCE
#include "host.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void refuse(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("instrument: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	_exit(1);
}

struct range range_of(const char *text, char *name, size_t size)
{
	const char *colon = strchr(text, ':'), *numbers = colon ? colon + 1 : text;
	struct range range;
	char *end;

	if (name) {
		size_t length = colon ? (size_t)(colon - text) : 0;

		if (length == 0 || length >= size)
			refuse("'%s': a name of at most %zu letters and a colon come first", text, size - 1);
		memcpy(name, text, length);
		name[length] = 0;
	}
	range.low = strtoull(numbers, &end, 0);
	if (*end != '-' || end == numbers)
		refuse("'%s' is no range: it has to be LOW-HIGH", text);
	numbers = end + 1;
	range.high = strtoull(numbers, &end, 0);
	if (*end || end == numbers || range.high <= range.low)
		refuse("'%s' is no range: it has to be LOW-HIGH, and HIGH is the first address behind it", text);
	return range;
}

/* What QEMU has and does not mean for plugins; NULL in a QEMU without. Of a thread's own variable: this thread's. */
static void *symbol(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

/* ---- RAM ---- */

static struct {
	pthread_mutex_t lock;
	bool known;
	uintptr_t low, high;            /* the host's addresses */
	uint64_t offset;                /* physical = host - offset */
	struct range held[256];
	unsigned int held_count;
} ram = { .lock = PTHREAD_MUTEX_INITIALIZER };

void ram_must_hold(struct range range)
{
	if (ram.held_count == sizeof(ram.held) / sizeof(ram.held[0]))
		refuse("more than %u ranges", ram.held_count);
	ram.held[ram.held_count++] = range;
}

/* The host's mapping that holds `host`, with what touches it. */
static void mapping_of(uintptr_t host)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t low, high;
	char line[512], rights[8];

	if (!maps)
		refuse("/proc/self/maps cannot be read");
	ram.low = ram.high = 0;
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %4s", &low, &high, rights) != 3 || strncmp(rights, "rw", 2) != 0)
			continue;
		if (low != ram.high) {
			if (ram.low <= host && host < ram.high)
				break;
			ram.low = low;
		}
		ram.high = high;
	}
	fclose(maps);
	if (host < ram.low || host >= ram.high)
		refuse("the first instruction is not in memory that can be written: the machine has to begin in RAM (-kernel)");
}

/* By QEMU's own word, if it has one for us. */
static void check_word(uint64_t physical, uintptr_t host)
{
	void *(*map)(uint64_t, uint64_t *, bool);
	uint64_t length = 1;

	*(void **)&map = symbol("cpu_physical_memory_map");
	if (map && (uintptr_t)map(physical, &length, false) != host)
		refuse("the first instruction's physical address is not its virtual one, 0x%lx", physical);
}

void ram_learn(struct qemu_plugin_tb *block)
{
	if (__atomic_load_n(&ram.known, __ATOMIC_ACQUIRE))
		return;
	pthread_mutex_lock(&ram.lock);
	if (!ram.known) {
		struct qemu_plugin_insn *first = qemu_plugin_tb_get_insn(block, 0);
		uintptr_t host = (uintptr_t)qemu_plugin_insn_haddr(first);

		mapping_of(host);
		/* After reset there is no translation: its virtual address is its physical one. */
		ram.offset = host - qemu_plugin_insn_vaddr(first);
		check_word(qemu_plugin_insn_vaddr(first), host);
		for (unsigned int i = 0; i < ram.held_count; i++)
			if (ram.held[i].low + ram.offset < ram.low || ram.held[i].high + ram.offset > ram.high)
				refuse("0x%lx-0x%lx is not in the RAM that the machine begins in", ram.held[i].low, ram.held[i].high);
		__atomic_store_n(&ram.known, true, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&ram.lock);
}

uint64_t ram_physical(const void *host)
{
	uintptr_t at = (uintptr_t)host;

	return at < ram.low || at >= ram.high ? NOT_RAM : at - ram.offset;
}

/* ---- vCPUs ---- */

static struct {
	unsigned int count;
	pthread_t thread[VCPUS_MAX];
	bool turns, translated;
	void (*changes)(unsigned int to);
	/* Of turns: QEMU's own variable that says who is running (of the one thread that runs), and who is who. */
	void *const *current;
	void *(*get)(int number);
	const void *now;
	unsigned int running;
} vcpus;

void vcpu_init(const struct plugin_info *info, void (*changes)(unsigned int))
{
	if (!info->system || strcmp(info->target, "aarch64") != 0)
		refuse("made for qemu-system-aarch64, and this is for '%s'", info->target);
	if (info->cpus.max_vcpus > VCPUS_MAX)
		refuse("more than %d vCPUs", VCPUS_MAX);
	vcpus.count = (unsigned int)info->cpus.max_vcpus;
	vcpus.changes = changes;
}

unsigned int vcpu_count(void)
{
	return vcpus.count;
}

bool vcpu_turns(void)
{
	return vcpus.turns;
}

void vcpu_started(uint64_t id, unsigned int vcpu)
{
	(void)id;
	if (vcpu >= vcpus.count)
		refuse("vCPU %u of %u", vcpu, vcpus.count);
	vcpus.thread[vcpu] = pthread_self();
	for (unsigned int i = 0; i < vcpus.count; i++)
		if (i != vcpu && vcpus.thread[i] && pthread_equal(vcpus.thread[i], vcpus.thread[vcpu]))
			vcpus.turns = true;
	if (!vcpus.turns || vcpus.current)
		return;
	vcpus.current = symbol("current_cpu");
	*(void **)&vcpus.get = symbol("qemu_get_cpu");
	if (vcpus.translated || !vcpus.current || !vcpus.get)
		refuse("vCPUs take turns (icount, thread=single), and this QEMU does not say whose turn it is: one vCPU, or multi-threaded TCG");
}

/* The first of each block, when vCPUs take turns. */
static void block_begins(unsigned int said, void *data)
{
	unsigned int i = 0;

	(void)said, (void)data;
	if (*vcpus.current == vcpus.now)
		return;
	while (i < vcpus.count && vcpus.get((int)i) != *vcpus.current)
		i++;
	if (i == vcpus.count)
		refuse("a vCPU runs that is none of the machine's");
	vcpus.now = *vcpus.current;
	vcpus.running = i;
	vcpus.changes(i);
}

void vcpu_block(struct qemu_plugin_tb *block)
{
	vcpus.translated = true;
	if (vcpus.turns)
		qemu_plugin_register_vcpu_tb_exec_cb(block, block_begins, NO_REGISTERS, NULL);
}

unsigned int vcpu_running(unsigned int said)
{
	return vcpus.turns ? vcpus.running : said;
}

/* ---- the result ---- */

static void aside(const char *path, char *name, size_t size)
{
	if ((size_t)snprintf(name, size, "%s.new", path) >= size)
		refuse("out=%s: too long", path);
}

FILE *result_begin(const char *path)
{
	char name[4096];
	FILE *file;

	aside(path, name, sizeof(name));
	file = fopen(name, "w");
	if (!file)
		refuse("out=%s: cannot be written", path);
	return file;
}

void result_end(FILE *file, const char *path)
{
	char name[4096];
	bool bad = ferror(file);

	aside(path, name, sizeof(name));
	if (fclose(file) || bad || rename(name, path)) {
		unlink(name);
		refuse("out=%s: cannot be written", path);
	}
}
