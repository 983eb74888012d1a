/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Ports: port.h. */
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "cellctl.h"
#include "text.h"

struct port {
	const char *name;
	unsigned timeout;
	const volatile sig_atomic_t *stop;
	char *message;
	size_t size;
};

static int refuse(const struct port *port, const char *why)
{
	snprintf(port->message, port->size, _("port %s: %s"), port->name, why);
	return -CELLCTL_PORT;
}

static int not_there(const struct port *port)
{
	char text[160];

	snprintf(text, sizeof text, _("%s; `make SOCKET=1 run` makes the socket of a board in QEMU: O/uart"), strerror(ENOENT));
	return refuse(port, text);
}

int port_adopt(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* ---- serial lines ---- */

static const struct { unsigned baud; speed_t speed; } speeds[] = {
	{ 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 }, { 57600, B57600 },
	{ 115200, B115200 }, { 230400, B230400 }, { 460800, B460800 }, { 500000, B500000 }, { 576000, B576000 }, { 921600, B921600 },
	{ 1000000, B1000000 }, { 1500000, B1500000 }, { 2000000, B2000000 }, { 3000000, B3000000 }, { 4000000, B4000000 },
};

static bool speed_of(unsigned baud, speed_t *speed)
{
	for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
		if (speeds[i].baud == baud) {
			*speed = speeds[i].speed;
			return true;
		}
	}
	return false;
}

static int serial_set(int fd, speed_t speed)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return -1;
	cfmakeraw(&t);
	/* No HUPCL: closing must not reset a board that hangs on DTR. */
	t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSIZE | PARENB | CSTOPB | CRTSCTS | HUPCL)) | CS8 | CREAD | CLOCAL;
	t.c_iflag &= ~(tcflag_t)(IXON | IXOFF | IXANY);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 0;
	cfsetispeed(&t, speed);
	cfsetospeed(&t, speed);
	ioctl(fd, TIOCEXCL);
	return tcsetattr(fd, TCSANOW, &t) || tcflush(fd, TCIFLUSH);
}

static int serial_open(const struct port *port, const char *path, unsigned baud)
{
	char text[64];
	speed_t speed;

	if (!speed_of(baud, &speed)) {
		snprintf(text, sizeof text, _("%u baud is none of the usual rates"), baud);
		return refuse(port, text);
	}
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return refuse(port, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return refuse(port, _("another program has it; `cellctl serve` lets several use one port"));
	}
	if (serial_set(fd, speed)) {
		int why = errno;

		close(fd);
		return refuse(port, why == ENOTTY ? _("is no serial line") : strerror(why));
	}
	return fd;
}

/* PATH[,BAUD] */
static int serial_named(const struct port *port, const char *name, unsigned baud)
{
	const char *comma = strrchr(name, ',');
	char path[4096], *end;

	if (comma && comma[1]) {
		unsigned long given = strtoul(comma + 1, &end, 10);

		if (*end || given > 100000000)
			return refuse(port, _("behind the comma there is no baud rate"));
		baud = (unsigned)given;
	} else {
		comma = name + strlen(name);
	}
	if ((size_t)(comma - name) >= sizeof path)
		return refuse(port, strerror(ENAMETOOLONG));
	memcpy(path, name, (size_t)(comma - name));
	path[comma - name] = 0;
	return serial_open(port, path, baud ? baud : 115200);
}

/* ---- sockets ---- */

static int unix_open(const struct port *port, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path)
		return refuse(port, _("the path of a socket may have at most 107 bytes"));
	memcpy(address.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return refuse(port, strerror(errno));
	if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
		int why = errno;

		close(fd);
		if (why == ENOENT)
			return not_there(port);
		return refuse(port, why == ECONNREFUSED ? _("nobody listens there any more: is the board, or `cellctl serve`, still running?") : strerror(why));
	}
	if (port_adopt(fd)) {
		close(fd);
		return refuse(port, strerror(errno));
	}
	return fd;
}

/* 0: connected; else errno. */
static int wait_connected(const struct port *port, int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof error;

	for (unsigned waited = 0; waited <= port->timeout; waited += 50) {
		if (port->stop && *port->stop)
			return EINTR;
		if (poll(&poll_fd, 1, 50) > 0)
			return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) ? errno : error;
	}
	return ETIMEDOUT;
}

static int tcp_try(const struct port *port, const struct addrinfo *address, int *why)
{
	int one = 1, fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);

	if (fd < 0) {
		*why = errno;
		return -1;
	}
	*why = connect(fd, address->ai_addr, address->ai_addrlen) ? errno : 0;
	if (*why == EINPROGRESS)
		*why = wait_connected(port, fd);
	if (*why) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static int tcp_open(const struct port *port, const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	const char *colon = strrchr(name, ':');
	char host[256];
	int fd = -1, why = 0;

	if (!colon || !colon[1] || colon == name || (size_t)(colon - name) >= sizeof host)
		return refuse(port, _("is not tcp:HOST:PORT"));
	memcpy(host, name, (size_t)(colon - name));
	host[colon - name] = 0;
	if (host[0] == '[' && host[strlen(host) - 1] == ']') { /* [::1] */
		memmove(host, host + 1, strlen(host));
		host[strlen(host) - 1] = 0;
	}
	int error = getaddrinfo(host, colon + 1, &hints, &list);

	if (error)
		return refuse(port, gai_strerror(error));
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = tcp_try(port, a, &why);
	freeaddrinfo(list);
	return fd < 0 ? refuse(port, strerror(why)) : fd;
}

/* ---- by what is there ---- */

static const char *behind(const char *name, const char *word)
{
	size_t length = strlen(word);

	return strncmp(name, word, length) ? NULL : name + length;
}

static int path_open(const struct port *port, const char *name, unsigned baud)
{
	struct stat status;

	if (!stat(name, &status) && S_ISSOCK(status.st_mode))
		return unix_open(port, name);
	if (strchr(name, ',') || !stat(name, &status)) {
		if (!strchr(name, ',') && !S_ISCHR(status.st_mode))
			return refuse(port, _("is neither a socket nor a serial line"));
		return serial_named(port, name, baud);
	}
	return errno == ENOENT ? not_there(port) : refuse(port, strerror(errno));
}

int port_open(const char *name, unsigned baud, unsigned timeout, const volatile sig_atomic_t *stop, char *message, size_t size)
{
	const struct port port = { .name = name, .timeout = timeout, .stop = stop, .message = message, .size = size };
	const char *rest;

	if ((rest = behind(name, "unix:")))
		return unix_open(&port, rest);
	if ((rest = behind(name, "tcp:")))
		return tcp_open(&port, rest);
	if ((rest = behind(name, "tty:")) || (rest = behind(name, "pty:")))
		return serial_named(&port, rest, baud);
	return path_open(&port, name, baud);
}
