/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The board's own watchdog: fed by the service CPU while the core is healthy,
 * so that the board resets when it is not. On a board without one, nothing.
 */
#ifndef CLOISON_CORE_HEALTH_H
#define CLOISON_CORE_HEALTH_H

#include "core/types.h"

void health_init(void);  /* Service CPU, before its first round. */
void health_serve(void); /* Each round. */
/* Some CPU has ended in a panic: it is fed no more. Any CPU. */
void health_lost(void);

#endif
