/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A record of the crash region as it is shown; symbols may be NULL. */
#ifndef CELLCTL_CRASH_SHOW_H
#define CELLCTL_CRASH_SHOW_H

#include "commands.h"
#include "crash_read.h"
#include "symbols.h"

/* A field of characters as a text that can be printed; valid until the end of the block. */
const char *crash_text_of(const char *field, size_t size, char *to, size_t room);
#define TEXT(field) crash_text_of((field), sizeof(field), (char[sizeof(field) + 1]){ 0 }, sizeof(field) + 1)

void crash_origin_json(const struct crash_origin *origin, cJSON *to);
void crash_print_cell(struct symbols *symbols, const struct crash_cell *cell);
void crash_cell_json(struct symbols *symbols, unsigned slot, const struct crash_cell *cell, cJSON *list);
/* stack: words of it that are there. */
void crash_print_panic(const struct crash_panic *panic, unsigned stack);
void crash_panic_json(const struct crash_panic *panic, unsigned stack, cJSON *to);

#endif
