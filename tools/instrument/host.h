/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What our plugins have in common: which vCPU is running, and which physical
 * address a host address of the guest's RAM is.
 */
#ifndef INSTRUMENT_HOST_H
#define INSTRUMENT_HOST_H

#include "plugin.h"

#include <stdio.h>

#define VCPUS_MAX 64

struct range {
	uint64_t low, high;             /* high is the first address behind it */
};

__attribute__((noreturn, format(printf, 1, 2))) void refuse(const char *format, ...); /* ends QEMU with exit code 1 */

/* "LO-HI" or "NAME:LO-HI", inclusive low, exclusive high, as strtoull reads numbers; the name is cut off. */
struct range range_of(const char *text, char *name, size_t size);

/* ---- RAM ---- */

/* To be called with every block that is translated: the first instruction of all is executed where RAM begins, MMU off. */
void ram_learn(struct qemu_plugin_tb *block);
#define NOT_RAM UINT64_MAX
uint64_t ram_physical(const void *host);  /* NOT_RAM: of no address in RAM */
void ram_must_hold(struct range range);   /* refused, later, if RAM as it was learnt does not */

/* ---- vCPUs ---- */

/*
 * Each vCPU has its thread (multi-threaded TCG), or all take turns in one (icount, thread=single). In the latter case the
 * number QEMU gives to callbacks is that of the vCPU the block was translated for, and a scoreboard must not be used: see
 * docs/instrument.md. So the first deed of each block is to look whose turn it is, and `changes` is told.
 */
void vcpu_init(const struct plugin_info *info, void (*changes)(unsigned int to));
void vcpu_started(uint64_t id, unsigned int vcpu); /* to be registered by the plugin, or called in its own */
void vcpu_block(struct qemu_plugin_tb *block);  /* to be called with every block that is translated */
bool vcpu_turns(void);                          /* they take turns */
unsigned int vcpu_count(void);
/* Who is running, in a callback that was given `said`. */
unsigned int vcpu_running(unsigned int said);

/* ---- the result ---- */

FILE *result_begin(const char *path);           /* written aside, */
void result_end(FILE *file, const char *path);  /* and renamed */

#endif
