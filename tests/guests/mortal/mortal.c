/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A cell to end, in any way and as often as one likes. At its start it looks for
 * what an earlier life has left, then it leaves as much as it can:
 *
 *     memory     every byte outside its image and its tree is zero; then all of it says whose it is
 *     registers  as after a reset, and so are its own lines and its console
 *
 *     mortal: born=TICKS cpus=N           all is as it should be
 *     mortal: FAIL what ...               it is not
 *
 * Then it waits for lines on its console:
 *
 *     well                                -> "mortal: well born=TICKS" if its memory is as it left it
 *     WAY, WAY@CPU, WAY@all               -> "mortal: WAY", and that is how it ends (ways.c)
 *
 * bootargs: mib=N (8) its memory, heartbeat=MS it says so often that it is well, asked=ignore it does not go when it is asked to,
 * way=NAME it dies so at once, after_ms=N later, first=1 before it has looked at anything
 */
#include "mortal.h"

#define LINE_MAX 32
#define NO_WAY (~0u)
#define ALL_CPUS (~0u)
#define MORTAL 0x6d6f7274UL /* "mort" */

static u64 born, failed;
static u64 heartbeat, next_beat;
static bool stubborn;
static volatile u32 order[CPU_MAX]; /* 1 + the way a CPU has to go */
volatile bool others_leave;

/* ---- memory ---- */

struct range {
	u64 from, to;
};

/* Outside its image and its tree; whole words. */
static void ranges(struct range out[3])
{
	u64 tree = boot_state.dtb;

	out[0] = (struct range){ RAM_BASE, (u64)guest_begin };
	out[1] = (struct range){ (u64)guest_end, tree & ~15UL };
	out[2] = (struct range){ (tree_end(tree) + 15) & ~15UL, RAM_BASE + args_u64("mib", 8) * 0x100000 };
}

/* What an old life has left shows that it is one, and which word of it. */
static u64 word(u64 a)
{
	return MORTAL << 32 | ((born ^ a >> 3) & 0xffffffff);
}

static void wrong(const char *what, u64 where, u64 found)
{
	if (failed++ < 8)
		print("mortal: FAIL %s at=%lx found=%lx\n", what, where, found);
}

static void look_for_zero(struct range r)
{
	for (u64 a = r.from; a < r.to; a += 16) {
		u64 x, y;

		__asm__ volatile("ldp %0, %1, [%2]" : "=r"(x), "=r"(y) : "r"(a) : "memory");
		if (x | y)
			wrong("memory of another life", a, x ? x : y);
	}
}

static void fill(struct range r)
{
	for (u64 a = r.from; a < r.to; a += 8)
		*(volatile u64 *)a = word(a);
}

static void look_for_own(struct range r)
{
	for (u64 a = r.from; a < r.to; a += 8)
		if (*(volatile u64 *)a != word(a))
			wrong("own memory", a, *(volatile u64 *)a);
}

static void each_range(void (*what)(struct range))
{
	struct range r[3];

	ranges(r);
	for (u32 i = 0; i < ARRAY_COUNT(r); i++)
		what(r[i]);
}

/* ---- registers ---- */

static void expect(const char *what, u64 expected, u64 found)
{
	if (expected != found)
		wrong(what, expected, found);
}

static void look_at_reset_state(const struct boot_state *boot)
{
	expect("words of .bss", 0, boot->bss);
	expect("x1, x2, x3", 0, boot->x1_x3);
	expect("SCTLR_EL1.M, C, I", 0, boot->sctlr & 0x1005);
	expect("DAIF", 0x3c0, boot->daif);
	expect("TPIDR_EL0", 0, read_sysreg(tpidr_el0));
	expect("TPIDRRO_EL0", 0, read_sysreg(tpidrro_el0));
	expect("CONTEXTIDR_EL1", 0, read_sysreg(contextidr_el1));
	expect("ELR_EL1", 0, read_sysreg(elr_el1));
	expect("FAR_EL1", 0, read_sysreg(far_el1));
	expect("CNTV_CTL_EL0.ENABLE", 0, read_sysreg(cntv_ctl_el0) & 1);
	expect("CNTP_CTL_EL0.ENABLE", 0, read_sysreg(cntp_ctl_el0) & 1);
	expect("ICC_PMR", 0, read_icc(ICC_PMR));
	expect("ICC_IGRPEN1", 0, read_icc(ICC_IGRPEN1));
	expect("ICC_RPR", 0xff, read_icc(ICC_RPR));
	expect("GICR_ISPENDR0", 0, mmio_read32(GICR_SGI(0) + 0x200));
	expect("GICR_ISACTIVER0", 0, mmio_read32(GICR_SGI(0) + 0x300));
	expect("GICD_ISENABLER1", 0, mmio_read32(GICD_ISENABLER + 4));
	expect("GICD_ISACTIVER1", 0, mmio_read32(GICD_ISACTIVER + 4));
	expect("UARTIMSC", 0, mmio_read32(UART_BASE + 0x38));
}

/* What the next life must not find. */
static void soil(void)
{
	write_sysreg(tpidr_el0, born);
	write_sysreg(tpidrro_el0, born);
	write_sysreg(contextidr_el1, born);
	mmio_write32(GICR_SGI(cpu_number()) + 0x200, 1u << 5);
	mmio_write32(GICR_SGI(cpu_number()) + 0x300, 1u << 3);
}

/* ---- orders ---- */

static u32 way_number(const char *name)
{
	for (u32 i = 0; ways[i].name; i++)
		if (strcmp(ways[i].name, name) == 0)
			return i;
	return NO_WAY;
}

static void obey(u32 cpu)
{
	u32 n = order[cpu];

	if (!n)
		return;
	order[cpu] = 0;
	ways[n - 1].go();
	print("mortal: not this way: %s\n", ways[n - 1].name);
}

static void other(u64 cpu)
{
	gic_cpu_init();
	soil();
	while (!others_leave) {
		sleep_us(5000);
		obey((u32)cpu);
	}
}

/* "write@2": the part behind @ is cut off. */
static u32 where(char *line)
{
	while (*line && *line != '@')
		line++;
	if (!*line)
		return 0;
	*line++ = 0;
	return strcmp(line, "all") == 0 ? ALL_CPUS : (u32)(*line - '0') % CPU_MAX;
}

static void go(char *line)
{
	u32 cpu = where(line), n = way_number(line);

	if (strcmp(line, "well") == 0) {
		each_range(look_for_own);
		print("mortal: %s born=%lu\n", failed ? "FAIL" : "well", born);
	} else if (n == NO_WAY) {
		print("mortal: no such way: %s\n", line);
	} else {
		print("mortal: %s\n", ways[n].name);
		for (u32 i = CPU_MAX; i-- > 0;)
			if (cpu == ALL_CPUS || cpu == i)
				order[i] = n + 1;
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
			if (length)
				go(line);
			length = 0;
		} else if (length + 1 < LINE_MAX) {
			line[length++] = (char)c;
		}
	}
}

static void beat(void)
{
	u64 asked;

	if (now() < next_beat)
		return;
	next_beat = now() + ticks_us(heartbeat * 1000);
	asked = hvc(CLOISON_HEARTBEAT, 0, 0, 0);
	if ((s64)asked <= 0 || stubborn)
		return;
	print("mortal: asked to go\n");
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
}

static void begin(struct boot_state *boot)
{
	born = boot->first_tick;
	uart_init();
	look_at_reset_state(boot);
	each_range(look_for_zero);
	each_range(fill);
	gic_init();
	soil();
	for (u32 cpu = 1; cpu < cpu_count(); cpu++)
		if (cpu_run(cpu, other, cpu) != PSCI_SUCCESS)
			wrong("CPU_ON", cpu, 0);
	if (failed)
		print("mortal: FAIL %lu\n", failed);
	print("mortal: born=%lu cpus=%u\n", born, cpu_count());
}

void guest_main(struct boot_state *boot)
{
	char name[16];
	u32 way;
	u64 at;

	args_init(boot->dtb);
	way = args_get("way", name, sizeof name) ? way_number(name) : NO_WAY;
	if (way != NO_WAY && args_u64("first", 0))
		ways[way].go();
	begin(boot);
	at = now() + ticks_us(args_u64("after_ms", 0) * 1000);
	heartbeat = args_u64("heartbeat", 0);
	stubborn = args_get("asked", name, sizeof name);
	for (;;) {
		if (way != NO_WAY && now() >= at)
			order[0] = way + 1;
		obey(0);
		if (heartbeat)
			beat();
		listen();
		sleep_us(10000);
	}
}
