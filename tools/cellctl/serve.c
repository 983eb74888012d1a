/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The command: sockets, and a loop around them. */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static u64 milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000 + (u64)now.tv_nsec / 1000000;
}

/* ---- sockets ---- */

/* One that somebody has left is in the way; one where somebody is stays. */
static bool is_free(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool there = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
	struct stat found;

	if (fd >= 0)
		close(fd);
	if (!there && lstat(address->sun_path, &found) == 0 && S_ISSOCK(found.st_mode))
		unlink(address->sun_path);
	return !there;
}

/* Nobody gets in before owner and mode are what they are to be. */
static int listen_at(const char *path, const char *group, mode_t mode)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct group *found = group ? getgrnam(group) : NULL;
	mode_t before;
	int fd, bound;

	if (group && !found) {
		complain(0, _("there is no group '%s'"), group);
		return -1;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (!is_free(&address)) {
		complain(0, _("%s: somebody serves there already"), path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	before = umask(0177);
	bound = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(before);
	if (bound || (found && chown(path, (uid_t)-1, found->gr_gid)) || chmod(path, mode) || listen(fd, 16)) {
		complain(0, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static int open_listeners(struct serve *s, const char *path)
{
	static const char *const groups[] = { "observers", "operators", "admins" };

	for (u32 i = 0; i < ROLE_COUNT; i++) {
		const char *group = option(s->x, groups[i]);
		int length = snprintf(s->paths[i], sizeof(s->paths[i]), "%s.%s", path, role_name(i));

		if (length >= (int)sizeof(s->paths[i])) {
			s->paths[i][0] = 0;
			return complain(CELLCTL_USAGE, _("%s: too long for a socket"), path);
		}
		s->listeners[i] = listen_at(s->paths[i], group, group ? 0660 : 0600);
		if (s->listeners[i] < 0) {
			s->paths[i][0] = 0;
			return CELLCTL_FAILED;
		}
	}
	return 0;
}

/* ---- clients ---- */

static void drop_client(struct serve *s, struct served *client)
{
	u32 number = client->client->number;

	audit_write(&s->audit, &client->who, "disconnected", NULL);
	close(client->fd);
	client_free(client->client);
	free(client->types);
	client->client = NULL;
	serve_release(s, number);
}

static void take_client(struct serve *s, enum client_role role)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);
	struct served *place = NULL;
	int fd = accept4(s->listeners[role], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	for (u32 i = 0; i < SERVE_CLIENTS && !place; i++)
		place = s->clients[i].client ? NULL : &s->clients[i];
	if (fd < 0 || !place) {
		if (fd >= 0)
			close(fd);
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	*place = (struct served){ client_make(&s->host, role, ++s->numbers), fd, { s->numbers, role, peer.uid, (u32)peer.pid }, calloc(s->host.cells + 1u, sizeof(bool)), 0 };
	if (!place->client || !place->types || !audit_write(&s->audit, &place->who, "connected", NULL)) {
		close(fd);
		free(place->types);
		if (place->client)
			client_free(place->client);
		place->client = NULL;
	}
}

static bool send_out(struct served *client)
{
	struct client *c = client->client;
	ssize_t sent = c->out_size ? send(client->fd, c->out, c->out_size, MSG_NOSIGNAL) : 0;

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	c->out_size -= (u32)sent;
	memmove(c->out, c->out + sent, c->out_size);
	return true;
}

static bool take_in(struct served *client, u64 now)
{
	u8 bytes[4096];
	ssize_t got = recv(client->fd, bytes, sizeof(bytes), 0);

	if (got > 0)
		client_input(client->client, bytes, (u32)got, now);
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* ---- the loop ---- */

#define FIRST_CLIENT (1u + ROLE_COUNT)

static u32 wait_for(struct serve *s, u64 now)
{
	u32 wait = s->gone ? 200 : cellctl_wait(s->c);

	for (u32 i = 0; i < SERVE_CLIENTS; i++)
		if (s->clients[i].client) {
			u32 other = client_wait(s->clients[i].client, now);

			wait = other < wait ? other : wait;
		}
	return wait < 1000 ? wait : 1000;
}

static void look(struct serve *s, struct pollfd *polls)
{
	polls[0] = (struct pollfd){ s->gone ? -1 : cellctl_fd(s->c), (short)(POLLIN | (!s->gone && cellctl_wants_write(s->c) ? POLLOUT : 0)), 0 };
	for (u32 i = 0; i < ROLE_COUNT; i++)
		polls[1 + i] = (struct pollfd){ s->listeners[i], POLLIN, 0 };
	for (u32 i = 0; i < SERVE_CLIENTS; i++) {
		struct client *c = s->clients[i].client;

		/* Who does not take its answers is not asked for more. */
		polls[FIRST_CLIENT + i] = (struct pollfd){ c ? s->clients[i].fd : -1,
			(short)((c && c->out_size < CLIENT_OUT ? POLLIN : 0) | (c && c->out_size ? POLLOUT : 0)), 0 };
	}
}

static void serve_one(struct serve *s, struct served *client, short events, u64 now)
{
	bool there = !client->client->broken;

	if (there && events & (POLLIN | POLLHUP | POLLERR))
		there = take_in(client, now);
	if (there) {
		client_serve(client->client, now);
		there = send_out(client);
	}
	if (!there)
		drop_client(s, client);
}

static int loop(struct serve *s)
{
	struct pollfd polls[FIRST_CLIENT + SERVE_CLIENTS];
	int error = 0;

	while (!error && !interrupted) {
		u64 now = milliseconds();

		look(s, polls);
		if (poll(polls, ARRAY_COUNT(polls), (int)wait_for(s, now)) < 0 && errno != EINTR)
			return complain(CELLCTL_FAILED, "poll: %s", strerror(errno));
		now = milliseconds();
		error = serve_board(s, now);
		for (u32 i = 0; i < ROLE_COUNT; i++)
			if (polls[1 + i].revents & POLLIN)
				take_client(s, i);
		for (u32 i = 0; i < SERVE_CLIENTS; i++)
			if (s->clients[i].client)
				serve_one(s, &s->clients[i], polls[FIRST_CLIENT + i].fd == s->clients[i].fd ? polls[FIRST_CLIENT + i].revents : 0, now);
	}
	return error == CELLCTL_STOPPED ? 0 : error;
}

static int open_audit(struct serve *s)
{
	const char *path = option(s->x, "audit");
	uint64_t limit = 1 << 20, keep = 8;

	if (!option_number(s->x, "rotate", 1024, 1ull << 40, &limit) || !option_number(s->x, "keep", 0, 1000, &keep))
		return CELLCTL_USAGE;
	if (path && !rotate_open(&s->audit.file, path, limit, (u32)keep, 0600))
		return complain(CELLCTL_FAILED, "%s: %s", path, strerror(errno));
	s->audit.on = path != NULL;
	return 0;
}

int command_serve(struct context *x, int count, char **arguments)
{
	struct serve *s = calloc(1, sizeof(*s));
	uint64_t kib = 256, buffer = 65536;
	int error;

	(void)count;
	if (!s)
		return complain(CELLCTL_FAILED, _("out of memory"));
	s->x = x;
	signal(SIGPIPE, SIG_IGN); /* nobody reads what it says on stderr any more: it serves on */
	for (u32 i = 0; i < ROLE_COUNT; i++)
		s->listeners[i] = -1;
	error = option_number(x, "buffer", 4, 65536, &kib) ? open_audit(s) : CELLCTL_USAGE;
	while (buffer < kib * 1024)
		buffer *= 2;
	if (!error)
		error = serve_open(s, (u32)buffer);
	if (!error)
		error = open_listeners(s, arguments[0]);
	if (!error && !x->quiet)
		complain(0, _("serving %s at %s.observer, .operator and .admin"), x->port, arguments[0]);
	if (!error)
		error = loop(s);
	for (u32 i = 0; i < SERVE_CLIENTS; i++)
		if (s->clients[i].client)
			drop_client(s, &s->clients[i]);
	for (u32 i = 0; i < ROLE_COUNT; i++) {
		if (s->listeners[i] >= 0)
			close(s->listeners[i]);
		if (s->paths[i][0])
			unlink(s->paths[i]);
	}
	serve_close(s);
	free(s);
	return error;
}
