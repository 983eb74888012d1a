/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Texts for people go through _(), so that they can be translated; N_() marks those of tables. */
#ifndef CELLCTL_TEXT_H
#define CELLCTL_TEXT_H

#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) text

/* Once, at the begin of the program: the language of the environment, and numbers as in C. */
void locale_init(void);

#endif
