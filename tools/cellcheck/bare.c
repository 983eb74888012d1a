/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "cellcheck.h"

void bare_open(struct image *img, u64 base)
{
	(void)base;
	unreadable("%s: for cloison.bin say --symbols", img->path);
}
