/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The command gdb: a socket where one gdb at a time finds a cell. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "commands.h"
#include "gdb_line.h"

#define POLL_MS 10 /* a cell that runs is asked so often whether it still does */

static int listen_on(uint64_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1)) {
		complain(0, _("port %u of this machine: %s"), (unsigned)port, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static unsigned port_of(int fd)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &size) == 0 ? ntohs(address.sin_port) : 0;
}

/* Meanwhile the session with the board lives on. */
static bool wait_readable(struct context *x, int fd, int ms)
{
	struct pollfd polls[2] = { { fd, POLLIN, 0 }, { cellctl_fd(x->c), POLLIN, 0 } };
	int wait = (int)cellctl_wait(x->c);

	if (poll(polls, 2, wait < ms ? wait : ms) > 0 && polls[0].revents)
		return true;
	cellctl_poll(x->c, 0);
	return false;
}

static bool send_out(struct gdb *g, int fd)
{
	u32 done = 0;

	while (done < g->out_size) {
		ssize_t sent = send(fd, g->out + done, g->out_size - done, MSG_NOSIGNAL);

		if (sent <= 0 && errno != EINTR)
			return false;
		done += sent > 0 ? (u32)sent : 0;
	}
	g->out_size = 0;
	return true;
}

static void talk(struct context *x, struct gdb *g, int fd)
{
	u8 bytes[4096];

	while (!g->ended && !interrupted) {
		bool readable = wait_readable(x, fd, g->running ? POLL_MS : 500);

		if (readable) {
			ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

			if (got <= 0 && errno != EINTR)
				break;
			gdb_input(g, bytes, got > 0 ? (u32)got : 0);
		}
		gdb_poll(g);
		if (!send_out(g, fd))
			break;
	}
	send_out(g, fd);
	cellctl_unstoppable(x->c, true); /* after a Ctrl-C, too, its breakpoints are taken out */
	gdb_close(g);
	cellctl_unstoppable(x->c, false);
}

static int serve_one(struct context *x, struct gdb *g, int listener, unsigned cell, u16 vcpus)
{
	static struct gdb_line line;
	char left[4096], behind[32];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), one = 1;

	if (fd < 0)
		return 0;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	snprintf(behind, sizeof(behind), ".breakpoints.%u", cell);
	gdb_line_open(&line, x->c, cell, state_path(x, behind, left, sizeof(left)));
	gdb_open(g, &gdb_line_deeds, &line, vcpus);
	if (g->ended) {
		close(fd);
		return context_failed(x, CELLCTL_NO);
	}
	unsigned repaired = gdb_left_repair(&line);

	if (repaired)
		complain(0, _("%u breakpoints of a cellctl that was killed were still in its memory; they are taken out"), repaired);
	if (!x->quiet)
		complain(0, _("gdb is there; the cell waits"));
	talk(x, g, fd);
	close(fd);
	if (g->broken)
		return complain(CELLCTL_FAILED, _("the cell did not do what it should: it may still wait, and have breakpoints in it"));
	if (!x->quiet)
		complain(0, _("gdb has gone; the cell runs"));
	return 0;
}

static int serve_gdb(struct context *x, const char *name, unsigned cell, const struct manage_cell *about, uint64_t port)
{
	struct gdb *g = calloc(1, sizeof(*g));
	int listener = g ? listen_on(port) : -1, error = listener < 0 ? CELLCTL_FAILED : 0;

	if (!error)
		complain(0, _("gdb-multiarch -ex 'target remote :%u' finds cell %s; Ctrl-C ends this"), port_of(listener), name);
	while (!error && !interrupted) {
		if (!wait_readable(x, listener, 500))
			continue;
		error = serve_one(x, g, listener, cell, about->vcpu_count);
		if (option(x, "once"))
			break;
	}
	if (listener >= 0)
		close(listener);
	free(g);
	return error;
}

int command_gdb(struct context *x, int count, char **arguments)
{
	uint64_t port = 1234;
	struct manage_cell about;
	struct debug_state state;
	unsigned cell;
	int error = option_number(x, "listen", 0, 65535, &port) ? context_open(x, NULL) : CELLCTL_USAGE;

	(void)count;
	if (!error)
		error = context_cell(x, arguments[0], &cell);
	if (error)
		return error;
	error = cellctl_cell(x->c, cell, &about);
	if (error)
		return context_failed(x, error);
	if (!(about.debug & 1))
		return complain(CELLCTL_DENIED, _("the partition does not let cell %s be debugged: it would say cloison,debug = \"gdb\""), arguments[0]);
	/* A role that may not is told now, not when gdb comes. */
	if ((error = cellctl_debug_state(x->c, cell, &state)))
		return context_failed(x, error);
	return serve_gdb(x, arguments[0], cell, &about, port);
}
