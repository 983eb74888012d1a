/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* tools/cellctl/core_out.c on records made by docs/crash-region.md; what comes out is looked at here, and by a gdb-multiarch if there is one. */
#include "test.h"

#include <elf.h>
#include <unistd.h>

#include "core/frame.h"
#include "core_out.h"

#define VCPU 376u
#define VCPUS 728u

static u8 record[4096];
static char *core;
static size_t core_size;

static void put(u32 at, u64 value, u32 bytes)
{
	frame_put(record + at, value, bytes);
}

static void text(u32 at, const char *what)
{
	strcpy((char *)record + at, what);
}

static void seal(u32 size, u32 kind)
{
	put(0, 0x52434c43, 4);
	put(8, size, 4);
	put(12, 1, 2);
	put(14, kind, 2);
	put(4, frame_crc(record + 16, size - 16), 4);
}

/* Two vCPUs of three are kept; the second has ended it. */
static void make_cell(void)
{
	memset(record, 0, sizeof(record));
	put(16, 7, 4);
	put(20, 3, 4);
	text(104, "demo");
	text(136, "linux");
	text(168, "fault");
	text(232, "write outside the cell's map\n");
	text(296, "itself");
	text(328, "restarting");
	text(360, "cpu1");
	put(392, 2, 4);
	put(400, 1, 2);
	put(402, 3, 2);
	put(404, 3, 2);
	put(406, VCPU, 2);
	put(408, VCPUS, 4);
	text(472, "esr");
	put(440, 0x92000046, 8);
	text(536, "sp_el0");
	for (u32 n = 0; n < 3; n++) {
		u32 at = VCPUS + n * VCPU;

		put(at, n < 2 ? 1 : 2, 2);
		for (u32 i = 0; i < 46 && n < 2; i++)
			put(at + 8 + 8 * i, 0x1000 * (n + 1) + i, 8);
	}
	seal(VCPUS + 3 * VCPU, 4);
}

static void make_panic(void)
{
	memset(record, 0, sizeof(record));
	text(136, "cpu4");
	text(168, "exception in the core");
	put(296, 0x96000045, 8);
	put(312, 1, 4);
	put(316, 2, 4);
	put(320, 0x40001234, 8);
	put(328, 0x40010000, 8);
	put(336, 0x3c9, 8);
	put(344, 0x11, 8);
	put(592, 0xdead, 8);
	put(600, 0xbeef, 8);
	seal(848, 3);
}

static enum core_status make_core(u32 size)
{
	FILE *out = open_memstream(&core, &core_size);
	enum core_status status = core_write(out, record, size);

	fclose(out);
	return status;
}

static const Elf64_Phdr *segment(u32 n)
{
	return (const Elf64_Phdr *)(core + sizeof(Elf64_Ehdr)) + n;
}

/* The nth note of that type. */
static const char *note(u32 type, u32 n)
{
	const char *at = core + segment(0)->p_offset, *end = at + segment(0)->p_filesz;

	assert_true(end <= core + core_size);
	while (at < end) {
		const Elf64_Nhdr *head = (const Elf64_Nhdr *)at;
		const char *body = at + sizeof(*head) + ((head->n_namesz + 3) & ~3u);

		if (head->n_type == type && !n--)
			return body;
		at = body + ((head->n_descsz + 3) & ~3u);
	}
	return NULL;
}

static u64 number(const char *at, u32 offset, u32 size)
{
	return frame_get((const u8 *)at + offset, size);
}

static void cell(void **state)
{
	const Elf64_Ehdr *head;

	(void)state;
	make_cell();
	assert_int_equal(make_core(sizeof(record)), CORE_OK);
	head = (const Elf64_Ehdr *)core;
	assert_int_equal(head->e_type, ET_CORE);
	assert_int_equal(head->e_machine, EM_AARCH64);
	assert_int_equal(head->e_phnum, 1);
	assert_int_equal(number(note(NT_PRSTATUS, 0), 12, 2), 11); /* SIGSEGV */
	assert_int_equal(number(note(NT_PRSTATUS, 0), 32, 4), 2);  /* the second one first */
	assert_int_equal(number(note(NT_PRSTATUS, 0), 112, 8), 0x2000);
	assert_int_equal(number(note(NT_PRSTATUS, 0), 112 + 33 * 8, 8), 0x2021);
	assert_int_equal(number(note(NT_PRSTATUS, 1), 32, 4), 1);
	assert_null(note(NT_PRSTATUS, 2));
	assert_string_equal(note(NT_PRPSINFO, 0) + 40, "linux");
	assert_memory_equal(note(NT_PRPSINFO, 0) - 20 + 12, "CORE", 5);
	assert_non_null(strstr(note(100, 0), "what: write outside the cell's map.\n"));
	assert_non_null(strstr(note(100, 0), "esr: 0x92000046\n"));
	assert_non_null(strstr(note(100, 0), "vcpu1.sp_el0: 0x2022\n"));
	free(core);
}

static void panics(void **state)
{
	(void)state;
	make_panic();
	assert_int_equal(make_core(sizeof(record)), CORE_OK);
	assert_int_equal(((const Elf64_Ehdr *)core)->e_phnum, 2);
	assert_int_equal(segment(1)->p_vaddr, 0x40010000);
	assert_int_equal(segment(1)->p_filesz, 16);
	assert_int_equal(number(core + segment(1)->p_offset, 8, 8), 0xbeef);
	assert_int_equal(segment(1)->p_offset + 16, core_size);
	free(core);
	put(316, 0xffffffff, 4);
	seal(848, 3);
	assert_int_equal(make_core(sizeof(record)), CORE_OK);
	assert_int_equal(segment(1)->p_filesz, 256);
	free(core);
}

static void refuse(enum core_status status, u32 size)
{
	assert_int_equal(make_core(size), status);
	assert_int_equal(core_size, 0);
	free(core);
}

static void not_one(void **state)
{
	(void)state;
	make_cell();
	refuse(CORE_NO_RECORD, 100);
	refuse(CORE_NO_RECORD, VCPUS + 3 * VCPU - 1);
	record[700] ^= 1;
	refuse(CORE_NO_RECORD, sizeof(record));
	make_cell();
	put(408, 3000, 4);
	seal(VCPUS + 3 * VCPU, 4);
	refuse(CORE_NO_RECORD, sizeof(record));
	make_cell();
	put(406, 8, 2);
	seal(VCPUS + 3 * VCPU, 4);
	refuse(CORE_NO_RECORD, sizeof(record));
	make_cell();
	seal(400, 4);
	refuse(CORE_NO_RECORD, sizeof(record));
	make_cell();
	seal(VCPUS + 3 * VCPU, 2);
	refuse(CORE_NO_RECORD, sizeof(record));
	make_cell();
	put(VCPUS, 0, 2);
	put(VCPUS + VCPU, 0, 2);
	seal(VCPUS + 3 * VCPU, 4);
	refuse(CORE_NO_REGISTERS, sizeof(record));
}

static void whatever(void **state)
{
	u64 seed = 11;

	(void)state;
	for (u32 n = 0; n < 3000; n++) {
		make_cell();
		for (u32 i = 0; i < 8; i++)
			record[136 + next_random(&seed) % 900] = (u8)next_random(&seed);
		seal(136 + next_random(&seed) % (sizeof(record) - 136), 3 + n % 2);
		make_core(sizeof(record));
		free(core);
	}
}

static void real_gdb(void **state)
{
	char path[] = "/tmp/cellctl-core-XXXXXX", command[256], said[8192];
	int file;
	FILE *pipe;
	size_t length;

	(void)state;
	if (system("command -v gdb-multiarch > /dev/null 2>&1") != 0)
		skip();
	make_cell();
	assert_int_equal(make_core(sizeof(record)), CORE_OK);
	file = mkstemp(path);
	assert_true(file >= 0 && write(file, core, core_size) == (ssize_t)core_size);
	close(file);
	snprintf(command, sizeof(command), "gdb-multiarch -nx -batch -core %s -ex 'info registers' -ex 'info threads' -ex 'thread 2' -ex 'print/x $x30' 2>&1", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	length = fread(said, 1, sizeof(said) - 1, pipe);
	said[length] = 0;
	pclose(pipe);
	unlink(path);
	free(core);
	assert_non_null(strstr(said, "SIGSEGV"));
	assert_non_null(strstr(said, "x0             0x2000"));
	assert_non_null(strstr(said, "pc             0x2020"));
	assert_non_null(strstr(said, "LWP 1"));
	assert_non_null(strstr(said, "$1 = 0x101e"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cell), cmocka_unit_test(panics), cmocka_unit_test(not_one), cmocka_unit_test(whatever), cmocka_unit_test(real_gdb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
