/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: any bytes as the partition's DTB, through all of cellgen. Built and run by
 *
 *     tests/fuzz/cellgen/fuzz.py --only libfuzzer
 *
 * cellgen ends by exit() when an input is no tree at all; -Dexit=fuzz_exit and --wrap=fatal make that a return.
 * A message that starts with "bug:" is one: the checks let something pass that cannot be built.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#undef exit
void mem_free_all(void);
int cellgen_main(int argc, char **argv);
_Noreturn void fuzz_exit(int status);
_Noreturn void __wrap_fatal(const char *format, ...);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static jmp_buf end;

void fuzz_exit(int status)
{
	longjmp(end, status + 1);
}

void __wrap_fatal(const char *format, ...)
{
	if (strncmp(format, "bug:", 4) == 0) {
		abort();
	}
	mem_free_all();
	longjmp(end, 2);
}

/* What the input before left in the output folder. */
static void empty(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		remove(path);
	}
	if (dir) {
		closedir(dir);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *const argv[] = { "cellgen", "--dts", "good/fuzz.dts", "--dtb", "fuzz.dtb", "--lines", "/dev/null", "--pp",
				      "/dev/null", "-o", "fuzz.gen", "-I", "images" };
	FILE *file = fopen("fuzz.dtb", "wb");

	empty("fuzz.gen");
	mkdir("fuzz.gen", 0777);
	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
		abort();
	}
	if (setjmp(end) == 0) {
		cellgen_main(sizeof(argv) / sizeof(argv[0]), (char **)argv);
	}
	return 0;
}
