/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Whose language it is. */
#include <libgen.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "text.h"

/* As setlocale has it, for messages. */
static const char *wanted_language(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return value;
	}
	return "C";
}

/*
 * A machine in a laboratory often has no locale but C: then setlocale refuses ja_JP.UTF-8, and gettext stays English though
 * the translation lies beside the program. C.UTF-8 is there, and LANGUAGE says the rest.
 */
static void without_its_locale(const char *wanted)
{
	char language[64];

	if (!setlocale(LC_ALL, "C.UTF-8"))
		return;
	snprintf(language, sizeof language, "%s", wanted);
	language[strcspn(language, ".@")] = 0;
	setenv("LANGUAGE", language, 0);
}

/* Beside the program, as the build leaves it, or where an installation has it. */
static void find_texts(void)
{
	char self[PATH_MAX], path[PATH_MAX + 32];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *folder;

	if (length <= 0)
		return;
	self[length] = 0;
	folder = dirname(self);
	snprintf(path, sizeof path, "%s/locale", folder);
	if (access(path, R_OK))
		snprintf(path, sizeof path, "%s/../share/locale", folder);
	bindtextdomain("cellctl", path);
	textdomain("cellctl");
}

size_t text_width(const char *text)
{
	wchar_t wide[256];
	size_t count = mbstowcs(wide, text, sizeof wide / sizeof *wide);
	int width = count < sizeof wide / sizeof *wide ? wcswidth(wide, count) : -1;

	return width < 0 ? strlen(text) : (size_t)width;
}

void print_column(const char *text, int width)
{
	size_t taken = text_width(text), most = (size_t)abs(width);
	int blanks = taken < most ? (int)(most - taken) : 0;

	printf("%*s%s%*s", width > 0 ? blanks : 0, "", text, width < 0 ? blanks : 0, "");
}

void locale_init(void)
{
	const char *wanted = wanted_language(), *set = setlocale(LC_ALL, "");

	if (!set && strcmp(wanted, "C") && strcmp(wanted, "POSIX"))
		without_its_locale(wanted);
	/* Numbers are the same everywhere: programs read them, too. */
	setlocale(LC_NUMERIC, "C");
	find_texts();
}
