/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A board that is a process: the core as it is, on src/arch/host and the machine of the unit tests (linux, control, hello), its UART
 * a descriptor. Time is this machine's. CPUs are played in turn by one thread, a look each; so are the guests:
 *
 *     linux    echoes what is typed; "flood N" and return: N numbered lines; "fault": it faults; "deaf": reads nothing any more;
 *              "brittle": it faults when it goes on after its next suspension
 *     control  prints "tick N" ten times a second, with --ticks
 *     hello    nothing
 *
 *     core_sim [--ticks] [--no-rights] [--region FILE] (--fd N | --socket PATH)
 *
 * --no-rights: the operator may not reset the board nor switch it off. FILE is what outlives a reset: the crash region. A reset of the board begins again, a power off ends. SIGTERM is a power failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"
#include "core/audit.h"
#include "core/boot.h"
#include "core/console.h"
#include "core/crash.h"
#include "core/debug.h"
#include "core/life.h"
#include "core/line_format.h"
#include "core/health.h"
#include "host.h"

#define UART_DR 0x0
#define UART_FR 0x18
#define FR_RXFE 0x10u
#define FR_TXFF 0x20u

static volatile sig_atomic_t ended;
static const char *region;
static int listener = -1, line = -1;
static bool ticks;
static u8 board_rights = BIT(BOARD_RESET) | BIT(BOARD_OFF);

static struct guest {
	char typed[64];
	unsigned typed_count;
	unsigned flood, flooded; /* lines */
	char text[8192];         /* to be printed */
	unsigned count, at;
	bool deaf;
} guest;

static enum { SOUND, BRITTLE, BREAKS } linux_is;

static struct cpu *become(u16 who)
{
	host_this = &host_cpus[who];
	return host_this;
}

static void on_signal(int number)
{
	ended = number;
}

static u64 microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
}

/* ---- what outlives the board ---- */

static void load_region(void)
{
	FILE *file = region ? fopen(region, "rb") : NULL;

	if (!file)
		return;
	if (fread(crash_region, 1, unit_core.crash_size, file) != unit_core.crash_size)
		memset(crash_region, 0, unit_core.crash_size);
	fclose(file);
}

static void save_region(void)
{
	FILE *file = region ? fopen(region, "wb") : NULL;

	if (file) {
		fwrite(crash_region, 1, unit_core.crash_size, file);
		fclose(file);
	}
}

/* ---- CPUs ---- */

static void leave(struct cpu *cpu)
{
	(void)cpu;
	host_leave(HOST_ESCAPE);
}

/* A CPU whose guest does not run has a look at what it is to do; one that has left the core into the copier calls at once. */
static void play_cpu(u16 who)
{
	struct cpu *cpu = become(who);
	u32 state = cells[cpu->cell_index].state;
	bool copier = cpu->copier != COPIER_NONE, off = cpu->vcpu->state != VCPU_ON;
	enum host_end end;
	static u32 accesses; /* survives a long jump */

	if (state == CELL_RUNNING && !off)
		return;
	host.on_wait = leave;
	accesses = cpu->arch.debug.accesses;
	if (copier)
		HOST_CATCH(end, cell_loaded(cpu));
	else if ((state == CELL_SUSPENDED || state == CELL_RESUMING) && !off)
		HOST_CATCH(end, life_was_suspended(cpu));
	else
		HOST_CATCH(end, cell_park(cpu));
	while (end == HOST_ENTER && cpu->arch.debug.accesses != accesses) { /* a debugger's: memory is nothing but zeros here */
		accesses = cpu->arch.debug.accesses;
		HOST_CATCH(end, debug_accessed(cpu, true, 0));
	}
	host.on_wait = NULL;
}

/* A debugger sets sp and pstate, too, which no guest here has. */
bool __real_arch_debug_set(struct cpu *cpu, u32 number, u64 value);
bool __wrap_arch_debug_set(struct cpu *cpu, u32 number, u64 value);

bool __wrap_arch_debug_set(struct cpu *cpu, u32 number, u64 value)
{
	return number == 31 || number == 33 || __real_arch_debug_set(cpu, number, value);
}

static enum host_end serve_once(void)
{
	enum host_end end;

	become(SERVICE);
	host.now = microseconds();
	HOST_CATCH(end, core_serve());
	return end;
}

/* ---- linux ---- */

static void say(const char *text)
{
	for (; *text && guest.count < sizeof guest.text; text++)
		guest.text[guest.count++] = *text;
}

static void command(void)
{
	unsigned number;

	guest.typed[guest.typed_count] = 0;
	guest.typed_count = 0;
	if (sscanf(guest.typed, "flood %u", &number) == 1) {
		guest.flood = number;
		guest.flooded = 0;
	} else if (!strcmp(guest.typed, "fault")) {
		become(0);
		cell_stop(host_this, STOP_FAULT, "write outside the cell's map");
	} else if (!strcmp(guest.typed, "brittle")) {
		linux_is = BRITTLE;
	} else if (!strcmp(guest.typed, "deaf")) {
		guest.deaf = true;
	}
}

static void key(u8 byte)
{
	char echo[2] = { (char)byte, 0 };

	say(byte == '\r' ? "\r\n" : echo);
	if (byte == '\r' || byte == '\n')
		command();
	else if (guest.typed_count < sizeof guest.typed - 1)
		guest.typed[guest.typed_count++] = (char)byte;
}

static void play_linux(void)
{
	const struct vdev_config *uart = &machine_vdevs[VDEV_LINUX];
	char text[64];

	if (cells[CELL_LINUX].state == CELL_SUSPENDED && linux_is == BRITTLE)
		linux_is = BREAKS;
	if (cells[CELL_LINUX].state != CELL_RUNNING) {
		guest = (struct guest){ 0 };
		return;
	}
	become(0);
	if (linux_is == BREAKS) {
		linux_is = SOUND;
		cell_stop(host_this, STOP_FAULT, "read outside the cell's map");
		return;
	}
	while (!guest.deaf && guest.count + 8 < sizeof guest.text && !(uart->ops->read(uart, UART_FR, 4) & FR_RXFE))
		key((u8)uart->ops->read(uart, UART_DR, 4));
	while (guest.flooded < guest.flood && guest.count + sizeof text < sizeof guest.text) {
		snprintf(text, sizeof text, "line %u of the flood\r\n", guest.flooded++);
		say(text);
	}
	while (guest.at < guest.count && !(uart->ops->read(uart, UART_FR, 4) & FR_TXFF))
		uart->ops->write(uart, UART_DR, 4, (u8)guest.text[guest.at++]);
	if (guest.at == guest.count)
		guest.at = guest.count = 0;
}

static void play_control(u64 now)
{
	static u64 next;
	static u32 number;
	char text[32];

	if (!ticks || now < next || cells[CELL_CONTROL].state != CELL_RUNNING)
		return;
	next = now + 100000;
	become(2);
	snprintf(text, sizeof text, "tick %u\n", number++);
	guest_print(VDEV_CONTROL, text);
}

/* ---- the UART ---- */

static void line_in(void)
{
	char bytes[512];
	ssize_t count = read(line, bytes, sizeof bytes);

	if (count > 0) {
		wire_type(bytes, (u32)count);
	} else if (!count || (errno != EAGAIN && errno != EINTR)) {
		close(line);
		line = -1;
		ended |= listener < 0;
	}
}

static void line_out(void)
{
	u32 sent = 0;

	while (line >= 0 && sent < wire_length) {
		ssize_t count = write(line, wire_text + sent, wire_length - sent);

		if (count <= 0)
			break;
		sent += (u32)count;
	}
	if (line < 0)
		sent = wire_length; /* nobody is plugged in */
	memmove(wire_text, wire_text + sent, wire_length - sent);
	wire_length -= sent;
	wire_room = 2048 - (wire_length < 2048 ? wire_length : 2048); /* as much as is ahead of the line */
}

static void plug(void)
{
	int fd = accept(listener, NULL, NULL);

	if (fd >= 0)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	line = fd;
}

static void line_serve(void)
{
	struct pollfd fd = { .fd = line >= 0 ? line : listener, .events = POLLIN };

	if (poll(&fd, 1, guest.flooded < guest.flood || wire_length ? 0 : 1) > 0) {
		if (line >= 0)
			line_in();
		else
			plug();
	}
	line_out();
}

/* ---- */

static void start(void)
{
	machine_reset(NULL);
	unit_core.board_rights = board_rights;
	load_region();
	for (u32 i = 0; i < CELL_COUNT; i++) {
		cells[i].incarnation = 1;
		unit_lives[i].heartbeat_period = 0; /* nobody beats here */
	}
	become(SERVICE);
	host.now = microseconds();
	crash_init();
	audit_init(); /* that of before the region was there is none */
	health_init();
}

static enum host_end run(void)
{
	for (;;) {
		enum host_end end = serve_once();

		if (end == HOST_BOARD_OFF || end == HOST_BOARD_RESET || ended)
			return end;
		for (u16 who = 0; who < VCPU_COUNT; who++)
			play_cpu(who);
		play_linux();
		play_control(host.now);
		line_serve();
	}
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof address.sun_path)
		return -1;
	strcpy(address.sun_path, path);
	unlink(path);
	return bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1) ? -1 : fd;
}

static int options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--ticks"))
			ticks = true;
		else if (!strcmp(argv[i], "--no-rights"))
			board_rights = 0;
		else if (!strcmp(argv[i], "--region") && i + 1 < argc)
			region = argv[++i];
		else if (!strcmp(argv[i], "--fd") && i + 1 < argc)
			line = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--listener") && i + 1 < argc)
			listener = atoi(argv[++i]); /* begin_again */
		else if (!strcmp(argv[i], "--socket") && i + 1 < argc)
			listener = open_socket(argv[++i]);
		else
			return -1;
	}
	return line < 0 && listener < 0 ? -1 : 0;
}

/* Nothing of the core's memory outlives it but the region, as on a board; the cable stays plugged in. */
static void begin_again(char **argv)
{
	char line_number[16], listener_number[16], *again[12];
	int count = 0;

	again[count++] = argv[0];
	for (int i = 1; argv[i] && count < 6; i++) {
		if (!strcmp(argv[i], "--socket") || !strcmp(argv[i], "--fd") || !strcmp(argv[i], "--listener"))
			i++;
		else
			again[count++] = argv[i];
	}
	snprintf(line_number, sizeof line_number, "%d", line);
	snprintf(listener_number, sizeof listener_number, "%d", listener);
	again[count++] = "--fd";
	again[count++] = line_number;
	again[count++] = "--listener";
	again[count++] = listener_number;
	again[count] = NULL;
	execv("/proc/self/exe", again);
	perror("core_sim");
}

int main(int argc, char **argv)
{
	enum host_end end;

	if (options(argc, argv)) {
		fprintf(stderr, "core_sim [--ticks] [--no-rights] [--region FILE] (--fd N | --socket PATH)\n");
		return 2;
	}
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	if (line >= 0)
		fcntl(line, F_SETFL, fcntl(line, F_GETFL) | O_NONBLOCK);
	start();
	end = run();
	save_region();
	if (end == HOST_BOARD_RESET && !ended)
		begin_again(argv);
	return 0;
}
