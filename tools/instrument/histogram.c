/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* See histogram.h. */
#include "histogram.h"
#include "host.h"

#include <stdlib.h>

static void sample_larger(struct histogram *h, uint64_t value)
{
	unsigned int i = 0;

	while (i < h->larger_count && h->larger[i].value != value)
		i++;
	if (i == LARGER) {
		h->lost++;
		return;
	}
	if (i == h->larger_count)
		h->larger[h->larger_count++].value = value;
	h->larger[i].samples++;
}

void sample(struct histogram **where, uint64_t value)
{
	struct histogram *h = *where;

	if (!h) {
		h = *where = calloc(1, sizeof(*h));
		if (!h)
			refuse("no memory");
		h->min = UINT64_MAX;
	}
	h->samples++;
	h->sum += value;
	h->min = value < h->min ? value : h->min;
	h->max = value > h->max ? value : h->max;
	if (value < DENSE)
		h->dense[value]++;
	else
		sample_larger(h, value);
}

void write_histogram(FILE *file, const struct histogram *h)
{
	const char *comma = "";

	fputc('{', file);
	for (unsigned int i = 0; i < DENSE; i++)
		if (h->dense[i]) {
			fprintf(file, "%s\"%u\": %lu", comma, i, h->dense[i]);
			comma = ", ";
		}
	for (unsigned int i = 0; i < h->larger_count; i++) {
		fprintf(file, "%s\"%lu\": %lu", comma, h->larger[i].value, h->larger[i].samples);
		comma = ", ";
	}
	fputc('}', file);
}
