/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Without CONFIG_LINE: the board's UART is lines of text and keys, and nothing else. */
#include "core/line.h"

bool line_input(u8 byte, u64 now) { (void)byte; (void)now; return false; }
int line_key(void) { return -1; }
void line_clock(u64 now) { (void)now; }
bool line_is_framed(void) { return false; }
void line_round(u64 now, u32 bytes) { (void)now; (void)bytes; }
void line_stop(void) { }
u32 line_left(char *text, u32 size) { (void)text; (void)size; return 0; }
