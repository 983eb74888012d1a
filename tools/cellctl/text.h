/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Texts for people go through _(), so that they can be translated; N_() marks those of tables. */
#ifndef CELLCTL_TEXT_H
#define CELLCTL_TEXT_H

#include <libintl.h>
#include <stddef.h>

#define _(text) gettext(text)
#define N_(text) text

/* Once, at the begin of the program: the language of the environment, and numbers as in C. */
void locale_init(void);
/* Columns that a text takes on a terminal: those of Japanese are two. */
size_t text_width(const char *text);
/* On stdout, in so many columns as printf's %*s has them: negative, to the left. */
void print_column(const char *text, int width);

#endif
