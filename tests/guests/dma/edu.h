/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* QEMU's edu device: 4 KiB of its own, and a DMA engine that goes wherever it is told. */
#ifndef EDU_H
#define EDU_H

#include "guest.h"

#define EDU_BUFFER 4096u

extern u32 edu_device; /* its number on bus 0 */

bool edu_find(void);         /* also: registers reachable, Memory Enable */
bool edu_is_master(void);
void edu_master(bool on);    /* Bus Master Enable */
void edu_start(bool to_memory, u64 address, u32 length); /* from or to the start of its buffer; it takes 100 ms */
bool edu_wait(void);         /* false: it does not end */
bool edu_dma(bool to_memory, u64 address, u32 length);

/* Its one message signalled interrupt; false: it shows none. */
bool edu_message(u64 address, u32 data);
void edu_interrupt(void); /* it raises that */

#endif
