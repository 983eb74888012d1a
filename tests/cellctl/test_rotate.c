/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* tools/cellctl/rotate.c in a folder of its own. */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "rotate.h"

static char folder[] = "/tmp/cellctl-rotate-XXXXXX", path[128];

static int setup(void **state)
{
	(void)state;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	return 0;
}

static int teardown(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	return system(command);
}

/* "-": there is none. */
static const char *contents(const char *end)
{
	static char text[4096];
	char name[160];
	FILE *file;
	size_t length;

	snprintf(name, sizeof(name), "%s%s", path, end);
	file = fopen(name, "r");
	if (!file)
		return "-";
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = 0;
	fclose(file);
	return text;
}

static void put(struct rotate *r, const char *line)
{
	assert_true(rotate_line(r, line, strlen(line)));
}

static void turns(void **state)
{
	struct rotate r;
	struct stat found;

	(void)state;
	assert_true(rotate_open(&r, path, 12, 2, 0600));
	put(&r, "one");
	put(&r, "two");
	put(&r, "3rd"); /* 12 bytes: still fits */
	assert_string_equal(contents(""), "one\ntwo\n3rd\n");
	put(&r, "four");
	assert_string_equal(contents(""), "four\n");
	assert_string_equal(contents(".1"), "one\ntwo\n3rd\n");
	put(&r, "a line longer than a file");
	put(&r, "next");
	assert_string_equal(contents(""), "next\n");
	assert_string_equal(contents(".1"), "a line longer than a file\n");
	assert_string_equal(contents(".2"), "four\n");
	assert_string_equal(contents(".3"), "-");
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
	rotate_close(&r);
}

static void goes_on(void **state)
{
	struct rotate r;

	(void)state;
	assert_true(rotate_open(&r, path, 9, 1, 0600));
	put(&r, "12345");
	rotate_close(&r);
	assert_true(rotate_open(&r, path, 9, 1, 0600));
	put(&r, "67");
	assert_string_equal(contents(""), "12345\n67\n");
	put(&r, "8");
	assert_string_equal(contents(""), "8\n");
	rotate_close(&r);
}

static void keeps_none(void **state)
{
	struct rotate r;

	(void)state;
	assert_true(rotate_open(&r, path, 4, 0, 0600));
	put(&r, "123");
	put(&r, "456");
	assert_string_equal(contents(""), "456\n");
	assert_string_equal(contents(".1"), "-");
	rotate_close(&r);
	assert_true(rotate_open(&r, path, 0, 0, 0600)); /* no limit */
	for (u32 i = 0; i < 10; i++)
		put(&r, "789");
	assert_int_equal(strlen(contents("")), 44);
	rotate_close(&r);
}

static void cannot(void **state)
{
	struct rotate r;

	(void)state;
	assert_false(rotate_open(&r, "/nonexistent/log", 4, 1, 0600));
	assert_false(rotate_line(&r, "x", 1));
	assert_true(rotate_open(&r, "/dev/full", 0, 1, 0600));
	assert_false(rotate_line(&r, "x", 1));
	rotate_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(turns, setup, teardown), cmocka_unit_test_setup_teardown(goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_none, setup, teardown), cmocka_unit_test(cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
