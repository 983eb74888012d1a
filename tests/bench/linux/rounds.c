/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The only process of a Linux (its init): what things cost there, in counter
 * ticks, which are instructions of all CPUs under -icount. No library; ends
 * with the machine's power-off.
 *
 *     rounds: boot TICKS             the counter when this begins
 *     rounds: other-cpu 1            switched off, and on again; 0: it could not be
 *     rounds: sleep TICKS            a millisecond asleep, so many times
 *     rounds: wake-min, wake-median, wake-max TICKS       from the moment that was asked for to the program
 *     rounds: fork-exec TICKS        fork, exec of a program that ends at once, wait
 *     rounds: touch TICKS            a byte in each page of memory that is new
 *     rounds: pipe-other TICKS       a byte to a process on the other CPU and back, so many times
 *     rounds: pipe-same TICKS        the same on one CPU
 *     rounds: fork TICKS             fork, exit, wait
 *
 * For who counts outside (docs/bench.md): each CPU says once that it is here (hint 96 + 11), and each of these is a
 * window (14, 15), in this order.
 */
typedef unsigned long u64;

enum { WARM_UP = 300, ROUNDS = 3000, FORKS = 300, EXECS = 200, SLEEPS = 2000, REPEATS = 3 };
enum { PAGE = 4096, TOUCH_BYTES = 64 << 20, SLEEP_NS = 1000000, SPREAD_NS = 1024000, SPREAD_STEP = 632867 /* of the golden section, prime to it */ };
enum { SYS_mkdirat = 34, SYS_mount = 40, SYS_openat = 56, SYS_close = 57, SYS_pipe2 = 59, SYS_read = 63, SYS_write = 64, SYS_sync = 81, SYS_exit = 93,
       SYS_clock_gettime = 113, SYS_clock_nanosleep = 115, SYS_sched_setaffinity = 122, SYS_reboot = 142, SYS_prctl = 167, SYS_munmap = 215,
       SYS_clone = 220, SYS_execve = 221, SYS_mmap = 222, SYS_wait4 = 260 };

#define mark(n) __asm__ volatile("hint #(96 + " #n ")" : : : "memory")

static u64 call6(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	register u64 x8 __asm__("x8") = number;
	register u64 x0 __asm__("x0") = a;
	register u64 x1 __asm__("x1") = b;
	register u64 x2 __asm__("x2") = c;
	register u64 x3 __asm__("x3") = d;
	register u64 x4 __asm__("x4") = e;
	register u64 x5 __asm__("x5") = f;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

static u64 call(u64 number, u64 a, u64 b, u64 c, u64 d) { return call6(number, a, b, c, d, 0, 0); }

static u64 now(void)
{
	u64 ticks;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
	return ticks;
}

static void say(const char *name, u64 value)
{
	char line[80], digits[24];
	u64 n = 0, d = 0;

	for (const char *p = "rounds: "; *p; p++)
		line[n++] = *p;
	while (*name)
		line[n++] = *name++;
	line[n++] = ' ';
	do {
		digits[d++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (d)
		line[n++] = digits[--d];
	line[n++] = '\n';
	call(SYS_write, 1, (u64)line, n, 0);
}

/* Said when all is done: the console would be in the figures. */
static struct { const char *name; u64 value; } noted[3 * REPEATS + 8];
static int notes;

static void note(const char *name, u64 value)
{
	noted[notes].name = name;
	noted[notes++].value = value;
}

static void run_on(u64 cpu)
{
	u64 mask = 1UL << cpu;

	call(SYS_sched_setaffinity, 0, sizeof mask, (u64)&mask, 0);
}

static u64 fork(void) { return call(SYS_clone, 17 /* SIGCHLD */, 0, 0, 0); }
static void wait_child(void) { call(SYS_wait4, ~0UL, 0, 0, 0); }

static u64 ping_pong(u64 other)
{
	int there[2], back[2];
	char byte = 'x';
	u64 start = 0;

	call(SYS_pipe2, (u64)there, 0, 0, 0);
	call(SYS_pipe2, (u64)back, 0, 0, 0);
	if (fork() == 0) {
		run_on(other);
		for (int i = 0; i < WARM_UP + ROUNDS; i++) {
			call(SYS_read, (u64)there[0], (u64)&byte, 1, 0);
			call(SYS_write, (u64)back[1], (u64)&byte, 1, 0);
		}
		call(SYS_exit, 0, 0, 0, 0);
	}
	run_on(0);
	mark(14);
	for (int i = 0; i < WARM_UP + ROUNDS; i++) {
		if (i == WARM_UP)
			start = now();
		call(SYS_write, (u64)there[1], (u64)&byte, 1, 0);
		call(SYS_read, (u64)back[0], (u64)&byte, 1, 0);
	}
	u64 ticks = now() - start;

	mark(15);
	wait_child();
	return ticks;
}

static u64 forks(int times, const char *program)
{
	const char *arguments[] = { program, "end", 0 };

	mark(14);
	u64 start = now();

	for (int i = 0; i < times; i++) {
		if (fork() == 0) {
			if (program)
				call(SYS_execve, (u64)program, (u64)arguments, 0, 0);
			call(SYS_exit, 0, 0, 0, 0);
		}
		wait_child();
	}
	u64 ticks = now() - start;

	mark(15);
	return ticks;
}

static u64 touch(void)
{
	mark(14);
	u64 start = now();
	char *memory = (char *)call6(SYS_mmap, 0, TOUCH_BYTES, 3 /* read, write */, 0x22 /* private, anonymous */, ~0UL, 0);

	for (u64 i = 0; i < TOUCH_BYTES; i += PAGE)
		((volatile char *)memory)[i] = 1;
	call(SYS_munmap, (u64)memory, TOUCH_BYTES, 0, 0);
	u64 ticks = now() - start;

	mark(15);
	return ticks;
}

static u64 late[SLEEPS];

static void sort(u64 *values, int count)
{
	for (int gap = count / 2; gap > 0; gap /= 2)
		for (int i = gap; i < count; i++)
			for (int j = i; j >= gap && values[j - gap] > values[j]; j -= gap) {
				u64 value = values[j];

				values[j] = values[j - gap];
				values[j - gap] = value;
			}
}

/*
 * The counter is of 1 GHz, so that a tick is a nanosecond. What Linux does on the way from a timer to a program depends on where it
 * is between two ticks of its own (4 ms) and between two steps of its load average (1,024 us). So each sleep is longer
 * than a millisecond by something else, and all of them together are everywhere alike: whenever the first was.
 */
static u64 sleeps(void)
{
	struct { u64 seconds, ns; } due;

	call(SYS_prctl, 29 /* PR_SET_TIMERSLACK */, 1, 0, 0);
	mark(14);
	u64 start = now();

	for (int i = 0; i < SLEEPS; i++) {
		u64 asked = now(), length = SLEEP_NS + (u64)i * SPREAD_STEP % SPREAD_NS;

		call(SYS_clock_gettime, 1 /* MONOTONIC */, (u64)&due, 0, 0);
		due.ns += length;
		if (due.ns >= 1000000000) {
			due.ns -= 1000000000;
			due.seconds++;
		}
		call(SYS_clock_nanosleep, 1, 1 /* ABSTIME */, (u64)&due, 0);
		late[i] = now() - asked - length;
	}
	u64 ticks = now() - start;

	mark(15);
	sort(late, SLEEPS);
	return ticks;
}

/* What is of one CPU alone is done with the other switched off: no interrupt goes between them. */
static void other_cpu(const char *on)
{
	u64 fd = call(SYS_openat, ~0UL, (u64)"/sys/devices/system/cpu/cpu1/online", 1 /* write only */, 0);

	note("other-cpu", call(SYS_write, fd, (u64)on, 1, 0) == 1);
	call(SYS_close, fd, 0, 0, 0);
}

/* x0 the stack as it was given: how many arguments, then they. With one it is what is started by fork-exec, and ends. */
__attribute__((noreturn, used)) static void begin(const u64 *stack)
{
	u64 boot = now();

	if (stack[0] > 1)
		call(SYS_exit, 0, 0, 0, 0);
	run_on(0);
	mark(11);
	run_on(1);
	mark(11);
	run_on(0);
	call(SYS_mkdirat, ~0UL, (u64)"/sys", 0755, 0);
	call6(SYS_mount, (u64)"sysfs", (u64)"/sys", (u64)"sysfs", 0, 0, 0);
	other_cpu("0");
	note("sleep", sleeps()); /* first of all: how long the way is depends on what timers there have been */
	note("wake-min", late[0]);
	note("wake-median", late[SLEEPS / 2]);
	note("wake-max", late[SLEEPS - 1]);
	note("fork-exec", forks(EXECS, "/rounds"));
	note("touch", touch());
	other_cpu("1");
	for (int i = 0; i < REPEATS; i++) {
		note("pipe-other", ping_pong(1));
		note("pipe-same", ping_pong(0));
		note("fork", forks(FORKS, 0));
	}
	say("boot", boot);
	for (int i = 0; i < notes; i++)
		say(noted[i].name, noted[i].value);
	call(SYS_sync, 0, 0, 0, 0);
	call(SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0);
	for (;;)
		;
}

void _start(void);
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tb begin");
