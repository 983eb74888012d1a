/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* A connection (cellctl.h): port, bytes in and out, and who waits for what. What the bytes mean: session.c. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "port.h"
#include "session.h"
#include "text.h"

#define CLOSE_MS 500u
#define BUSY_MS 20u  /* while something is on its way: how often what is due is looked at */
#define IDLE_MS 200u

uint64_t session_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int session_fail(struct cellctl *c, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->message, sizeof c->message, format, args);
	va_end(args);
	return error;
}

/* ---- bytes ---- */

/* What is between frames: plain text of the core's, or what is left of a frame. */
static void flush_plain(struct cellctl *c)
{
	bool text = c->plain_count;

	for (size_t i = 0; i < c->plain_count; i++)
		text &= c->plain[i] >= ' ' || (c->plain[i] && strchr("\r\n\t\a\b\033", c->plain[i]));
	if (text && c->events.plain)
		c->events.plain(c->events.context, c->plain, c->plain_count);
	c->plain_seen |= text;
	c->counts.garbled += c->plain_count && !text;
	c->plain_count = 0;
}

/* The first byte of a frame is always 2 (line_format.h): what begins otherwise is none, up to the next delimiter. */
static void take_byte(struct cellctl *c, uint8_t byte)
{
	if (byte && !c->parser.inside && byte != 2)
		c->is_plain = true;
	if (byte && c->is_plain) {
		c->plain[c->plain_count++] = byte;
		if (byte == '\n' || c->plain_count == sizeof c->plain)
			flush_plain(c);
		return;
	}
	flush_plain(c);
	c->is_plain = false;
	switch (frame_byte(&c->parser, byte)) {
	case FRAME_WHOLE:
		session_frame(c);
		break;
	case FRAME_BAD:
		c->counts.garbled++;
		break;
	case FRAME_MORE:
		break;
	}
}

static int gone(struct cellctl *c, const char *why)
{
	if (c->fd >= 0) {
		close(c->fd);
		c->fd = -1;
		c->output_count = 0;
		frame_drop(&c->parser);
		flush_plain(c);
		c->is_plain = false;
		c->state = SESSION_HELLO;
		c->hello_at = 0;
		if (c->events.news)
			c->events.news(c->events.context, CELLCTL_GONE, c->boot);
	}
	return session_fail(c, CELLCTL_CLOSED, _("the other end of the port has gone: %s"), why);
}

static int send_output(struct cellctl *c)
{
	while (c->output_count) {
		ssize_t count = send(c->fd, c->output, c->output_count, MSG_NOSIGNAL);

		if (count < 0 && errno == ENOTSOCK)
			count = write(c->fd, c->output, c->output_count);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return errno == EAGAIN ? 0 : gone(c, strerror(errno));
		c->counts.bytes_out += (uint64_t)count;
		c->output_count -= (size_t)count;
		memmove(c->output, c->output + count, c->output_count);
	}
	return 0;
}

static int read_input(struct cellctl *c)
{
	uint8_t bytes[4096];
	ssize_t count = read(c->fd, bytes, sizeof bytes);

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (count <= 0)
		return gone(c, count ? strerror(errno) : _("closed"));
	c->counts.bytes_in += (uint64_t)count;
	for (ssize_t i = 0; i < count; i++)
		take_byte(c, bytes[i]);
	if (c->is_plain)
		flush_plain(c); /* a prompt has no end */
	return 0;
}

/* ---- steps ---- */

int cellctl_fd(const struct cellctl *c)
{
	return c->fd;
}

bool cellctl_wants_write(const struct cellctl *c)
{
	return c->output_count;
}

unsigned cellctl_wait(const struct cellctl *c)
{
	bool busy = c->state == SESSION_HELLO || c->pending;

	for (unsigned i = 0; i < CHANNELS && !busy; i++)
		busy = c->channels[i] && (c->channels[i]->acknowledge || !sender_is_empty(&c->channels[i]->out));
	return busy ? BUSY_MS : IDLE_MS;
}

void cellctl_unstoppable(struct cellctl *c, bool on)
{
	c->unstoppable = on;
}

int session_step(struct cellctl *c, unsigned wait)
{
	int error;

	if (c->fd < 0)
		return c->error ? c->error : session_fail(c, CELLCTL_CLOSED, _("the port is not open"));
	if (c->options.stop && *c->options.stop && !c->unstoppable)
		return session_fail(c, CELLCTL_STOPPED, _("interrupted"));
	session_serve(c);
	if ((error = send_output(c)))
		return error;
	struct pollfd fd = { .fd = c->fd, .events = (short)(POLLIN | (c->output_count ? POLLOUT : 0)) };
	unsigned most = cellctl_wait(c);

	poll(&fd, 1, (int)(wait < most ? wait : most));
	if ((fd.revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) && (error = read_input(c)))
		return error;
	session_serve(c);
	return send_output(c);
}

int cellctl_poll(struct cellctl *c, unsigned wait)
{
	uint64_t now = session_now(), end = now + wait, work = c->counts.frames_in + c->counts.bytes_in;
	int error;

	do {
		if ((error = session_step(c, (unsigned)(end - now))))
			return error;
		now = session_now();
	} while (now < end && c->counts.frames_in + c->counts.bytes_in == work);
	return 0;
}

/* ---- open, close ---- */

int session_silent(struct cellctl *c)
{
	const char *name = c->port ? c->port : "-";

	if (c->version)
		return session_fail(c, CELLCTL_PROTOCOL, _("port %s: the core speaks version %u of the line, this program version %u"), name, c->version, LINE_VERSION);
	if (c->plain_seen)
		return session_fail(c, CELLCTL_TIMEOUT, _("port %s: somebody prints text there, but does not answer; is the core built with CONFIG_LINE?"), name);
	if (c->counts.bytes_in && !c->counts.frames_in)
		return session_fail(c, CELLCTL_TIMEOUT, _("port %s: what comes makes no sense; is the baud rate right?"), name);
	return session_fail(c, CELLCTL_TIMEOUT, _("port %s: no answer in %u ms; is the board running, and has no other program this port?"), name, c->options.timeout);
}

static struct cellctl *make(const struct cellctl_options *options)
{
	struct cellctl *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->fd = -1;
	if (options)
		c->options = *options;
	if (c->options.events)
		c->events = *c->options.events;
	c->options.events = NULL;
	c->memory = c->options.memory ? strdup(c->options.memory) : NULL;
	if (c->options.cell < 0)
		c->options.one_cell = false;
	if (!c->options.timeout)
		c->options.timeout = 3000;
	c->sequences = calloc(CPUS, sizeof *c->sequences);
	/* A number that nobody else has: who has another one cannot be taken for this one. */
	if (getrandom(&c->session, sizeof c->session, GRND_NONBLOCK) != sizeof c->session)
		c->session = (uint32_t)getpid() << 16 ^ (uint32_t)session_now();
	c->tag = (uint8_t)(c->session >> 24);
	memory_load(c);
	if (c->sequences)
		return c;
	free(c);
	return NULL;
}

/* Say hello until it is answered. */
static int begin(struct cellctl *c)
{
	uint64_t end = session_now() + c->options.timeout;
	int error;

	c->state = SESSION_HELLO;
	c->hello_at = 0;
	c->heard = session_now();
	while (c->state != SESSION_UP) {
		if (session_now() >= end)
			return session_silent(c);
		if ((error = session_step(c, BUSY_MS)))
			return error;
	}
	return 0;
}

static int no_memory(void)
{
	return CELLCTL_FAILED;
}

static int connect_port(struct cellctl *c)
{
	c->fd = port_open(c->port, c->options.baud, c->options.timeout, c->options.stop, c->message, sizeof c->message);
	if (c->fd < 0) {
		c->error = -c->fd;
		c->fd = -1;
		return c->error;
	}
	c->error = 0;
	return begin(c);
}

int cellctl_open(struct cellctl **to, const char *port, const struct cellctl_options *options)
{
	struct cellctl *c = *to = make(options);

	if (!c)
		return no_memory();
	c->port = strdup(port);
	return c->port ? connect_port(c) : session_fail(c, CELLCTL_FAILED, _("out of memory"));
}

int cellctl_open_fd(struct cellctl **to, int fd, const struct cellctl_options *options)
{
	struct cellctl *c = *to = make(options);

	if (!c) {
		close(fd);
		return no_memory();
	}
	c->fd = fd;
	if (port_adopt(fd))
		return session_fail(c, CELLCTL_PORT, "%s", strerror(errno));
	return begin(c);
}

int cellctl_reopen(struct cellctl *c)
{
	if (!c->port)
		return session_fail(c, CELLCTL_USAGE, _("this port cannot be opened again"));
	return c->fd >= 0 ? 0 : connect_port(c);
}

static void say_bye(struct cellctl *c)
{
	const struct line_head bye = { .kind = LINE_BYE, .version = LINE_VERSION };
	uint64_t end = session_now() + CLOSE_MS;

	session_serve(c); /* what was taken is acknowledged */
	if (OUTPUT_SIZE - c->output_count >= LINE_WIRE)
		c->output_count += frame_build(c->output + c->output_count, &bye, NULL, 0);
	c->closing = true;
	/* Its BYE says that ours is there: QEMU's socket drops what it has not read when we close. */
	while (c->fd >= 0 && (c->output_count || c->state == SESSION_UP) && session_now() < end) {
		struct pollfd fd = { .fd = c->fd, .events = (short)(POLLIN | (c->output_count ? POLLOUT : 0)) };

		if (!send_output(c) && poll(&fd, 1, BUSY_MS) > 0 && fd.revents & ~POLLOUT)
			read_input(c);
	}
	if (c->fd >= 0 && isatty(c->fd))
		tcdrain(c->fd);
}

void cellctl_close(struct cellctl *c)
{
	if (!c)
		return;
	c->events = (struct cellctl_events){ .context = c->events.context, .log = c->events.log, .console = c->events.console, .stream = c->events.stream };
	if (c->fd >= 0 && c->state == SESSION_UP && !c->options.no_bye)
		say_bye(c);
	memory_save(c);
	if (c->fd >= 0)
		close(c->fd);
	request_free(c);
	for (unsigned i = 0; i < CHANNELS; i++)
		free(c->channels[i]);
	names_forget(c);
	free(c->sequences);
	free(c->port);
	free(c->memory);
	free(c);
}

/* ---- what is known ---- */

const char *cellctl_message(const struct cellctl *c)
{
	return c ? c->message : _("out of memory");
}

bool cellctl_caught_up(const struct cellctl *c, unsigned channel)
{
	const struct channel *ch = channel < CHANNELS ? c->channels[channel] : NULL;

	return ch && ch->known && session_takes(c, channel) && (int32_t)(ch->in.position - ch->had) >= 0;
}

bool cellctl_position(const struct cellctl *c, unsigned channel, uint32_t *position)
{
	const struct channel *ch = channel < CHANNELS ? c->channels[channel] : NULL;

	if (!ch || !ch->known)
		return false;
	*position = ch->in.position;
	return true;
}

const struct cellctl_counts *cellctl_counts(const struct cellctl *c)
{
	return &c->counts;
}

uint32_t cellctl_boot(const struct cellctl *c)
{
	return c->boot;
}

unsigned cellctl_cells(const struct cellctl *c)
{
	return c->cells;
}

uint32_t cellctl_dropped(const struct cellctl *c, unsigned channel)
{
	return channel < CHANNELS && c->channels[channel] ? c->channels[channel]->dropped : 0;
}

const char *cellctl_error_text(int error)
{
	static const char *const texts[CELLCTL_ERROR_COUNT] = {
		[CELLCTL_OK] = N_("done"),
		[CELLCTL_NO] = N_("the core says no"),
		[CELLCTL_USAGE] = N_("arguments that mean nothing"),
		[CELLCTL_PORT] = N_("the port cannot be opened"),
		[CELLCTL_TIMEOUT] = N_("no answer in time"),
		[CELLCTL_CLOSED] = N_("the other end of the port has gone"),
		[CELLCTL_PROTOCOL] = N_("the other end speaks something else"),
		[CELLCTL_DENIED] = N_("not allowed"),
		[CELLCTL_UNKNOWN] = N_("there is no such thing"),
		[CELLCTL_FAILED] = N_("it did not work"),
		[CELLCTL_LOST] = N_("the answer was lost; whether it has been carried out is not known: look at the audit"),
		[CELLCTL_CHANGED] = N_("it was written while it was read"),
		[CELLCTL_STOPPED] = N_("interrupted"),
	};

	return error >= 0 && error < CELLCTL_ERROR_COUNT ? _(texts[error]) : "?";
}
