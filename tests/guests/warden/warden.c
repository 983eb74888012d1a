/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell that controls others (cloison,controls). Lines on its console:
 *
 *     OP N [M...]      OP one of status start stop restart suspend resume kill, N the number of a cell, several: one after the
 *                      other without a pause
 *                      -> "warden: stop 1 -> ok", or denied, busy, invalid, and a status line for status
 *     times N          -> "warden: times 1 regain=.. stop=.. clear=.. start=.." in ticks
 *     harass MS        from all its CPUs at once: numbers and operations that are right, wrong, and absurd
 *                      -> "warden: harassed calls=.. ok=.. denied=.. busy=.. invalid=.. odd=0"
 *     well             -> "warden: well"
 *     pulse N ROUNDS RUN PAUSE   suspended and resumed, so often, for so many microseconds
 *                      -> "warden: pulsed 0 rounds=.. late=0": how often it was not so within a second
 *
 *     warden: status 1 state=running lives=3 reason=6 result=0
 *
 * bootargs: spare=N  harass leaves the cells from this number on alone (0: all), harass=MS at once
 */
#include "guest.h"

#define LINE_MAX 64
#define WORDS_MAX 8

static const char *const operations[OP_COUNT] = { "status", "start", "stop", "restart", "suspend", "resume", "kill" };
static const char *const states[] = { "off", "loading", "running", "suspended", "stopping", "stopped", "failed" };

static const char *result_name(s64 r)
{
	switch (r) {
	case 0: return "ok";
	case CLOISON_INVALID: return "invalid";
	case CLOISON_DENIED: return "denied";
	case CLOISON_BUSY: return "busy";
	default: return "odd";
	}
}

static u64 number(const char *s)
{
	u64 n = 0;

	while (*s >= '0' && *s <= '9')
		n = n * 10 + (u64)(*s++ - '0');
	return n;
}

static void status(u64 cell)
{
	struct smccc call = { { CLOISON_CELL_STATUS, cell } };

	smccc_hvc(&call);
	if ((s64)call.x[0] < 0)
		print("warden: status %lu -> %s\n", cell, result_name((s64)call.x[0]));
	else
		print("warden: status %lu state=%s lives=%lu reason=%lu result=%lu\n", cell,
		      call.x[0] < ARRAY_COUNT(states) ? states[call.x[0]] : "odd", call.x[1], call.x[2], call.x[3]);
}

static void times(u64 cell)
{
	struct smccc call = { { CLOISON_CELL_TIMES, cell } };

	smccc_hvc(&call);
	if ((s64)call.x[0] < 0)
		print("warden: times %lu -> %s\n", cell, result_name((s64)call.x[0]));
	else
		print("warden: times %lu regain=%lu stop=%lu clear=%lu start=%lu\n", cell, call.x[1], call.x[2], call.x[3], call.x[4]);
}

/* ---- harassment ---- */

#define RESULTS 5 /* ok, invalid, denied, busy, odd */
static volatile u64 counts[CPU_MAX][RESULTS];
static u64 until, spare;
static volatile u32 finished;

static u32 kind(s64 r)
{
	return r == 0 ? 0 : r == CLOISON_INVALID ? 1 : r == CLOISON_DENIED ? 2 : r == CLOISON_BUSY ? 3 : 4;
}

static u64 any_number(u64 r)
{
	static const u64 absurd[] = { 0xff, 0xffff, 0xfffe, 0xfffd, 0x10000, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, ~0UL };

	return r & 3 ? r >> 8 & 15 : absurd[(r >> 8) % ARRAY_COUNT(absurd)];
}

static void harass(u64 cpu)
{
	u64 r = (now() + cpu) * 0x9e3779b97f4a7c15UL | 1;

	while (now() < until) {
		struct smccc call;
		u64 cell, op;

		r ^= r << 13, r ^= r >> 7, r ^= r << 17;
		cell = any_number(r);
		op = r >> 20 & 3 ? (r >> 24) % OP_COUNT : any_number(r >> 24);
		if (cell < 16 && spare && cell >= spare)
			continue;
		call = (struct smccc){ { r >> 40 & 7 ? CLOISON_CONTROL : CLOISON_CELL_STATUS + (r >> 44 & 1), cell, op, r } };
		smccc_hvc(&call);
		if (call.x[0] < ARRAY_COUNT(states))
			call.x[0] = 0;
		counts[cpu][kind((s64)call.x[0])]++;
	}
	atomic_add(&finished, 1);
}

static void harass_from_all(u64 ms)
{
	u64 sum[RESULTS] = { 0 }, calls = 0;
	u32 cpus = cpu_count();

	memset((void *)counts, 0, sizeof counts);
	finished = 0;
	until = now() + ticks_us(ms * 1000);
	for (u32 cpu = 1; cpu < cpus; cpu++)
		cpu_run(cpu, harass, cpu);
	harass(0);
	while (finished < cpus)
		yield();
	for (u32 cpu = 0; cpu < cpus; cpu++)
		for (u32 i = 0; i < RESULTS; i++)
			calls += counts[cpu][i], sum[i] += counts[cpu][i];
	print("warden: harassed calls=%lu ok=%lu denied=%lu busy=%lu invalid=%lu odd=%lu\n", calls, sum[0], sum[2], sum[3], sum[1], sum[4]);
}

/* ---- orders ---- */

static u32 split(char *line, char *words[WORDS_MAX])
{
	u32 n = 0;

	while (n < WORDS_MAX) {
		while (*line == ' ')
			*line++ = 0;
		if (!*line)
			break;
		words[n++] = line;
		while (*line && *line != ' ')
			line++;
	}
	return n;
}

/* All calls first, then what came of them: printing takes its time. */
static void operate(u64 op, char *words[], u32 count)
{
	s64 results[WORDS_MAX];

	for (u32 i = 0; i < count; i++)
		results[i] = (s64)hvc(CLOISON_CONTROL, number(words[i]), op, 0);
	for (u32 i = 0; i < count; i++)
		print("warden: %s %lu -> %s\n", operations[op], number(words[i]), result_name(results[i]));
}

static u64 state_of(u64 cell)
{
	return hvc(CLOISON_CELL_STATUS, cell, 0, 0);
}

/* True: it is in that state. */
static bool bring(u64 cell, u64 op, u64 state)
{
	u64 end = now() + ticks_us(1000000);

	while ((s64)hvc(CLOISON_CONTROL, cell, op, 0) == CLOISON_BUSY && now() < end)
		sleep_us(200);
	while (state_of(cell) != state && now() < end)
		sleep_us(200);
	return state_of(cell) == state;
}

static void pulse(u64 cell, u64 rounds, u64 run, u64 pause)
{
	u64 late = 0, done;

	for (done = 0; done < rounds && state_of(cell) == CELL_RUNNING; done++) {
		sleep_us(run + done % 7 * 100);
		late += !bring(cell, OP_SUSPEND, CELL_SUSPENDED);
		sleep_us(pause);
		late += !bring(cell, OP_RESUME, CELL_RUNNING);
	}
	print("warden: pulsed %lu rounds=%lu late=%lu\n", cell, done, late);
}

static void go(char *line)
{
	char *words[WORDS_MAX];
	u32 count = split(line, words);

	if (!count)
		return;
	if (strcmp(words[0], "well") == 0)
		print("warden: well\n");
	else if (strcmp(words[0], "times") == 0 && count > 1)
		times(number(words[1]));
	else if (strcmp(words[0], "harass") == 0 && count > 1)
		harass_from_all(number(words[1]));
	else if (strcmp(words[0], "pulse") == 0 && count > 4)
		pulse(number(words[1]), number(words[2]), number(words[3]), number(words[4]));
	else if (strcmp(words[0], "status") == 0 && count > 1)
		status(number(words[1]));
	else {
		for (u32 op = OP_START; op < OP_COUNT; op++)
			if (strcmp(words[0], operations[op]) == 0) {
				operate(op, words + 1, count - 1);
				return;
			}
		print("warden: what is %s?\n", words[0]);
	}
}

static void listen(void)
{
	static char line[LINE_MAX];
	static u32 length;
	int c;

	while ((c = uart_getc()) >= 0) {
		if (c == '\r' || c == '\n') {
			line[length] = 0;
			length = 0;
			go(line);
		} else if (length + 1 < LINE_MAX) {
			line[length++] = (char)c;
		}
	}
}

void guest_main(struct boot_state *boot)
{
	u64 at_once;

	args_init(boot->dtb);
	spare = args_u64("spare", 0);
	at_once = args_u64("harass", 0);
	uart_init();
	gic_init();
	print("warden: born=%lu cpus=%u\n", boot->first_tick, cpu_count());
	if (at_once)
		harass_from_all(at_once);
	for (;;) {
		listen();
		sleep_us(5000);
	}
}
