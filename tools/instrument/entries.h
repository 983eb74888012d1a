/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Each way into the core and back, as the core's own instructions: a sample for each, by name. What a static bound of
 * that way (tools/bound) has to be above, in every run, not only where somebody measured.
 *
 *     enter=NAME:ADDRESS   here a way begins: a slot of the vectors, the first instruction after power-on
 *     path=NAME:ADDRESS    who comes by here is on that one; the last counts
 *     long=ADDRESS         unless it has come by here: then it keeps the name it began with
 *     apart=NAME:ADDRESS   but here it gets that name, whatever it has come by
 *     nest=ADDRESS         an exception of the core's own: the next ERET ends that, and no way
 *     stay=NAME:ADDRESS    a CPU lives here: a way ends, as NAME>stay, and another begins, called NAME; that one ends as NAME>stay
 *                          here again, and as NAME>away where another such place is
 *     wait=ROUND:ADDRESS   who comes by here again after at most so many instructions has waited for them: "net" is the most of a way without those
 *
 * Addresses are physical. A way ends with ERET.
 */
#ifndef INSTRUMENT_ENTRIES_H
#define INSTRUMENT_ENTRIES_H

#include "plugin.h"

#include <stdio.h>

bool entries_option(const char *word); /* it was one of these */
void entries_instrument(struct qemu_plugin_insn *insn, uint64_t physical, uint32_t code); /* of the core */
void entries_write(FILE *file, unsigned int vcpu);

/* Of whoever counts: the core's instructions of a vCPU so far, with the one that is about to be executed. */
uint64_t core_so_far(unsigned int vcpu);

#endif
