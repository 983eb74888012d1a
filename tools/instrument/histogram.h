/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* How often which number came. */
#ifndef INSTRUMENT_HISTOGRAM_H
#define INSTRUMENT_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

#define DENSE 8192              /* samples below are counted one by one, */
#define LARGER 4096             /* others as so many different values at most; then they are lost */

struct histogram {
	uint64_t samples, sum, min, max, lost;
	uint64_t unarmed;               /* samples of a mark since whose mark 0 there was one already */
	uint64_t dense[DENSE];
	struct { uint64_t value, samples; } larger[LARGER];
	unsigned int larger_count;
};

void sample(struct histogram **where, uint64_t value); /* made with its first sample */
void write_histogram(FILE *file, const struct histogram *h); /* {"5": 1000000} */

#endif
