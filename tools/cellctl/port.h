/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* What a port can be: a serial line, a pty, a UNIX socket, TCP. All of them are a descriptor that does not block. */
#ifndef CELLCTL_PORT_H
#define CELLCTL_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <signal.h>

/*
 * Open what cellctl_open's comment describes. The descriptor, or -enum cellctl_error with a message of at most size bytes. A serial line is set
 * to 8N1, raw, no flow control, and locked against a second cellctl. timeout: for TCP to connect.
 */
int port_open(const char *name, unsigned baud, unsigned timeout, const volatile sig_atomic_t *stop, char *message, size_t size);
/* Make it non-blocking; 0 or negative. */
int port_adopt(int fd);

#endif
