/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The only process of a Linux (its init): what things cost there, in counter
 * ticks, which are instructions of all CPUs under -icount. No library; ends
 * with the machine's power-off.
 *
 *     rounds: pipe-other TICKS       a byte to a process on the other CPU and back, so many times
 *     rounds: pipe-same TICKS        the same on one CPU
 *     rounds: fork TICKS             fork, exit, wait
 */
typedef unsigned long u64;

enum { WARM_UP = 300, ROUNDS = 12000, FORKS = 300 };
enum { SYS_read = 63, SYS_write = 64, SYS_pipe2 = 59, SYS_exit = 93, SYS_sched_setaffinity = 122, SYS_reboot = 142,
       SYS_clone = 220, SYS_wait4 = 260, SYS_sync = 81 };

static u64 call(u64 number, u64 a, u64 b, u64 c, u64 d)
{
	register u64 x8 __asm__("x8") = number;
	register u64 x0 __asm__("x0") = a;
	register u64 x1 __asm__("x1") = b;
	register u64 x2 __asm__("x2") = c;
	register u64 x3 __asm__("x3") = d;
	register u64 x4 __asm__("x4") = 0;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}

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
	for (int i = 0; i < WARM_UP + ROUNDS; i++) {
		if (i == WARM_UP)
			start = now();
		call(SYS_write, (u64)there[1], (u64)&byte, 1, 0);
		call(SYS_read, (u64)back[0], (u64)&byte, 1, 0);
	}
	u64 ticks = now() - start;

	wait_child();
	return ticks;
}

static u64 forks(void)
{
	u64 start = now();

	for (int i = 0; i < FORKS; i++) {
		if (fork() == 0)
			call(SYS_exit, 0, 0, 0, 0);
		wait_child();
	}
	return now() - start;
}

__attribute__((noreturn)) void _start(void);
void _start(void)
{
	run_on(0);
	for (int i = 0; i < 3; i++) {
		say("pipe-other", ping_pong(1));
		say("pipe-same", ping_pong(0));
		say("fork", forks());
	}
	call(SYS_sync, 0, 0, 0, 0);
	call(SYS_reboot, 0xfee1dead, 672274793, 0x4321fedc, 0);
	for (;;)
		;
}
