/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * How late an interrupt is, event by event: what cyclictest is for Linux. The same binary on bare QEMU, in a cell, on a board.
 *
 *     |<-- period -->|
 *     meant          meant            deadlines are absolute: one that is late delays nobody behind it;
 *      ^taken         ^taken          one that has passed before its turn is missed, and counted
 *
 * A source is measured on this CPU, without a hypercall or a trapped access in between; the exits in between, of which
 * there must be none, are read before and after. What is then printed:
 *
 *     rig: begin source=timer period=10000 count=1000000 hz=62500000 cpu=0
 *     rig: bin source=timer ticks=3 count=999990              from 1024 ticks on a bin is a 32nd of an octave: its least
 *     rig: end source=timer samples=1000000 min=3 max=9 sum=3000012 overflow=0 missed=0
 *     rig: exits source=timer total=0 standing=812            not on bare metal; what the core's counter stood at meanwhile
 *
 * and "rig: done" after all. ticks: the counter's, from the moment that was meant (a timer's deadline, the store that raises
 * the device's line or sends the SGI) to the first instruction of the handler. Before each measurement: "rig: measuring source=...".
 *
 * bootargs: rig=timer,device,sgi,ptimer (timer), period=NANOSECONDS (10000), count=N (1000), wait=spin|wfi (spin);
 * leak=N (0): so many hypercalls while it measures, which everybody who looks has to see;
 * settle_ms=N (0): quiet before and behind each measurement, for who reads counters from outside; end=off: switched off behind it;
 * line=INTID (34), raise=ADDRESS (0x09010010): the device's, a register that lets its interrupt through (PL031: RTCIMSC)
 */
#include "rig.h"

#define EXACT 1024u       /* ticks with a bin each */
#define STEPS 32u         /* bins of an octave above */
#define OCTAVES 22u
#define BINS (EXACT + OCTAVES * STEPS)
#define SGI 1u
#define RTC_DR (-0x10)    /* from RTCIMSC */
#define RTC_MR (-0xc)

struct series {
	u64 samples, least, most, sum, overflow, missed, strange;
	u32 bin[BINS];
};

static struct series series;
static u64 period, count, period_ns, raise, line;
static void (*wait)(struct event *event);

/* ---- a series of samples ---- */

static u32 bin_of(u64 ticks)
{
	u32 octave;

	if (ticks < EXACT)
		return (u32)ticks;
	octave = 63 - (u32)__builtin_clzll(ticks); /* 10: 1024 to 2047 */
	return EXACT + (octave - 10) * STEPS + (u32)(ticks >> (octave - 5)) % STEPS;
}

static u64 least_of(u32 bin)
{
	u32 octave = 10 + (bin - EXACT) / STEPS;

	return bin < EXACT ? bin : (u64)(STEPS + (bin - EXACT) % STEPS) << (octave - 5);
}

static void sample(const struct event *event, u64 meant, u64 intid)
{
	u64 ticks = event->taken - meant;

	if (event->intid != intid || event->taken < meant) {
		series.strange++;
		return;
	}
	series.samples++;
	series.sum += ticks;
	series.least = ticks < series.least ? ticks : series.least;
	series.most = ticks > series.most ? ticks : series.most;
	if (bin_of(ticks) < BINS)
		series.bin[bin_of(ticks)]++;
	else
		series.overflow++;
}

/* The deadline after this one that is still to come. */
static u64 next_deadline(u64 meant, u64 at)
{
	u64 passed = at < meant + period ? 0 : (at - meant) / period;

	series.missed += passed;
	return meant + (passed + 1) * period;
}

/* ---- sources ---- */

/* The virtual and the physical timer differ in the names of their registers. */
#define MEASURE_TIMER(name_, now_, cval_, ctl_, line_)                                                                                       \
	static void name_(void)                                                                                                              \
	{                                                                                                                                    \
		struct event event;                                                                                                          \
                                                                                                                                             \
		for (u64 meant = now_() + 10 * period; series.samples + series.strange < count; meant = next_deadline(meant, now_())) {      \
			write_sysreg(cval_, meant);                                                                                          \
			write_sysreg(ctl_, 1);                                                                                               \
			isb();                                                                                                               \
			wait(&event);                                                                                                        \
			sample(&event, meant, line_);                                                                                        \
		}                                                                                                                            \
	}

MEASURE_TIMER(measure_timer, now, cntv_cval_el0, cntv_ctl_el0, PPI_VTIMER)
MEASURE_TIMER(measure_ptimer, now_physical, cntp_cval_el0, cntp_ctl_el0, PPI_PTIMER)

/* Its alarm is due from the beginning and stays so: what raises its line is that it may. */
static bool device_init(void)
{
	mmio_write32(raise, 0);
	for (u32 i = 0; i < 10; i++) {
		mmio_write32(raise + (u64)RTC_MR, mmio_read32(raise + (u64)RTC_DR));
		if (mmio_read32(raise + 4) & 1) /* RTCRIS */
			return true;
	}
	return false;
}

/* Until its turn: asleep, if that is how it waits; masked, so that the timer wakes and is not taken. */
static void wait_for_turn(u64 turn)
{
	if (wait == wait_wfi) {
		write_sysreg(cntv_cval_el0, turn);
		write_sysreg(cntv_ctl_el0, 1);
	}
	while (now() < turn)
		if (wait == wait_wfi)
			wfi();
	write_sysreg(cntv_ctl_el0, 0);
	isb();
}

static void measure_device(void)
{
	struct event event;

	for (u64 turn = now() + period; series.samples + series.strange < count; turn = next_deadline(turn, now())) {
		wait_for_turn(turn);
		raise_device(&event, raise);
		sample(&event, event.meant, line);
	}
}

/* ---- SGIs, from another vCPU: it sends one for each that is waited for ---- */

static volatile u64 wanted, sent, turn_of;

static void sender(u64 argument)
{
	(void)argument;
	for (u64 n = 1; n <= count; n++) {
		while (wanted != n || now() < turn_of)
			yield();
		sent = now();
		gic_sgi(0, SGI);
	}
}

static void measure_sgi(void)
{
	struct event event;

	turn_of = now() + 10 * period;
	for (u64 n = 1; n <= count; n++) {
		dsb();
		wanted = n;
		wait_yield(&event);
		sample(&event, sent, SGI);
		turn_of = next_deadline(turn_of, now());
	}
}

struct source {
	const char *name;
	void (*measure)(void);
	u8 *vectors;
	u32 intid;
};

static struct source sources[] = {
	{ "timer", measure_timer, vectors_vtimer, PPI_VTIMER },
	{ "device", measure_device, vectors_device, 0 },
	{ "sgi", measure_sgi, vectors_sgi, SGI },
	{ "ptimer", measure_ptimer, vectors_ptimer, PPI_PTIMER },
};

/* ---- a measurement, and its report ---- */

/* Asleep without an exit; the sleep's own timer is off after it, so that of the source is enabled behind it. */
static void settle(void)
{
	u64 ms = args_u64("settle_ms", 0);

	if (ms)
		sleep_us(ms * 1000);
}

static void report(const char *name)
{
	print("rig: begin source=%s period=%lu count=%lu hz=%lu cpu=%u\n", name, period_ns, count, ticks_hz(), cpu_number());
	for (u32 i = 0; i < BINS; i++)
		if (series.bin[i])
			print("rig: bin source=%s ticks=%lu count=%u\n", name, least_of(i), series.bin[i]);
	print("rig: end source=%s samples=%lu min=%lu max=%lu sum=%lu overflow=%lu missed=%lu\n", name, series.samples,
	      series.samples ? series.least : 0, series.most, series.sum, series.overflow, series.missed);
}

static bool ready(const struct source *source)
{
	if (source->measure == measure_device && !device_init()) {
		print("rig: FAIL source=device: no alarm at %lx\n", raise);
		return false;
	}
	if (source->intid >= 32)
		gic_enable(source->intid, 0x80);
	if (source->measure == measure_sgi) {
		wanted = 0;
		if (cpu_run(1, sender, 0) != PSCI_SUCCESS) {
			print("rig: FAIL source=sgi: there is no second CPU\n");
			return false;
		}
	}
	return true;
}

static void measure(const struct source *source, bool counted)
{
	u64 before = 0, after = 0;

	memset(&series, 0, sizeof series);
	series.least = ~0UL;
	if (!ready(source))
		return;
	print("rig: measuring source=%s\n", source->name);
	uart_drain();
	if (counted)
		before = exits_total();
	settle();
	gic_enable(source->intid < 32 ? source->intid : PPI_VTIMER, 0x80); /* in its own frame: no exit */
	write_sysreg(vbar_el1, source->vectors);
	isb();
	mark(14);
	for (u64 i = args_u64("leak", 0); i; i--)
		psci(PSCI_VERSION, 0, 0, 0);
	source->measure();
	mark(15);
	write_sysreg(vbar_el1, guest_vectors);
	isb();
	settle();
	if (counted)
		after = exits_total();
	gic_disable(source->intid);
	gic_disable(PPI_VTIMER);
	if (source->measure == measure_sgi)
		cpu_wait_off(1, 100000000);
	report(source->name);
	if (counted)
		print("rig: exits source=%s total=%lu standing=%lu\n", source->name, exits_between(before, after), before + 1);
	if (series.strange)
		print("rig: FAIL source=%s: %lu interrupts that were not its own\n", source->name, series.strange);
}

static void measure_all(char *names)
{
	bool counted = cloison_present(), known, end;
	char *name = names;

	for (char *p = names;; p++) {
		if (*p && *p != ',')
			continue;
		end = !*p;
		*p = 0;
		known = false;
		for (u32 i = 0; i < ARRAY_COUNT(sources); i++) {
			if (strcmp(sources[i].name, name))
				continue;
			known = true;
			measure(&sources[i], counted);
		}
		if (!known)
			print("rig: FAIL there is no source '%s'\n", name);
		if (end)
			return;
		name = p + 1;
	}
}

void guest_main(struct boot_state *boot)
{
	char names[64] = "timer", word[8] = "spin";

	args_init(boot->dtb);
	uart_init();
	gic_init();
	args_get("rig", names, sizeof names);
	args_get("wait", word, sizeof word);
	period_ns = args_u64("period", 10000);
	period = ticks_hz() * period_ns / 1000000000;
	period += !period;
	count = args_u64("count", 1000);
	wait = strcmp(word, "wfi") ? wait_spin : wait_wfi;
	line = args_u64("line", 34);
	raise = args_u64("raise", 0x09010010);
	sources[1].intid = (u32)line;
	irq_mask();
	measure_all(names);
	print("rig: done\n");
	uart_drain();
	if (args_get("end", word, sizeof word))
		psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	idle_forever();
}
