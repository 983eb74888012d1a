/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Between the files of the mortal. */
#ifndef MORTAL_H
#define MORTAL_H

#include "guest.h"

struct way {
	const char *name;
	void (*go)(void); /* on any of its CPUs; does not return, unless the way is not open to this CPU */
};

extern const struct way ways[]; /* the last one has no name */
extern volatile bool others_leave; /* CPUs but the first: switch yourselves off */

#endif
