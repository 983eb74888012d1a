/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Names of a guest's addresses, from its ELF. */
#ifndef CELLCTL_SYMBOLS_H
#define CELLCTL_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct symbols;

/* 0 and *symbols (NULL if path is NULL), or an exit code after a message. */
int symbols_open(const char *path, struct symbols **symbols);
void symbols_close(struct symbols *symbols);
/* "vfs_read+0x1c", "" if there is none near below. Returns to. */
const char *symbols_name(const struct symbols *symbols, uint64_t address, char *to, size_t size);

#endif
