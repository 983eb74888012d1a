/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What things cost, in instructions: for
 *
 *     -icount shift=0,sleep=off -cpu cortex-a57,cntfrq=1000000000
 *
 * Each is done a few times after one for the way; "bench: NAME VALUE" is the
 * worst, and "bench-note: NAME spread MIN..MAX" follows where they differ.
 * Run on bare QEMU it gives the floor. With a second vCPU it also measures
 * SGIs to it; that one waits with yield, so that QEMU goes round.
 *
 * bootargs: prefix=TEXT put before each name ("guarded_"), line=INTID of a line
 * of the cell's (33), uart=INTID of the console's (the same), rtc=1 the cell has
 * the board's clock; only=boot for what the boot has cost and no more, only=pci
 * for that and a configuration space, only=mark for nothing at all
 *
 * The first thing each CPU does is to say to who counts outside that it is there.
 */
#include "guest.h"

#define ROUNDS 8

#define RTC 0x09010000UL /* PL031: its line rises when the match register is given the time it is */
#define RTC_LINE 34
#define RTC_DR (RTC + 0x0)
#define RTC_MR (RTC + 0x4)
#define RTC_IMSC (RTC + 0x10)
#define RTC_ICR (RTC + 0x1c)
#define UART_DR (UART_BASE + 0x0)
#define UART_FR (UART_BASE + 0x18)
#define UART_IMSC (UART_BASE + 0x38)
#define UART_TXIM (1u << 5)

#define ECAM 0x4010000000UL
#define PCI_FUNCTION (ECAM + 0x8000) /* 00:01.0 */
#define BLOCK_DEVICE 0x0060000000000401UL /* of 1 GiB */

#define reached() __asm__ volatile("hint #(96 + 11)" : : : "memory")

u64 measure_raw(u64 a, u64 b), measure_hvc(u64 a, u64 b), measure_smc(u64 a, u64 b), measure_read32(u64 a, u64 b), measure_read64(u64 a, u64 b);
u64 measure_write8(u64 a, u64 b), measure_write32(u64 a, u64 b), measure_write64(u64 a, u64 b), measure_sgi1r(u64 a, u64 b);
u64 measure_id_read(u64 a, u64 b), measure_actlr_read(u64 a, u64 b), measure_pmr_read(u64 a, u64 b), measure_pmr_write(u64 a, u64 b);
u64 measure_ctlr_read(u64 a, u64 b), measure_rpr_read(u64 a, u64 b), measure_dir_write(u64 a, u64 b), measure_igrpen0_read(u64 a, u64 b);
u64 measure_undefined(u64 a, u64 b);
u64 line_raised(u64 address, u64 value, u64 quiet_address, u64 quiet_value);
u64 wait_spin(void), wait_yield(void), wait_wfi(void);
u64 sgi_self(u64 sgi1r), sgi_other(u64 sgi1r, volatile u64 *stamp, volatile u64 *taken);
void receive(volatile u64 *stamp, volatile u64 *taken, volatile u64 *last);
extern u8 bench_vectors[];

static char prefix[24];
static u64 least, most;

static void result(const char *name)
{
	print("bench: %s%s %lu\n", prefix, name, most);
	if (least != most)
		print("bench-note: %s%s spread %lu..%lu\n", prefix, name, least, most);
}

static void sample(u32 round, u64 value)
{
	if (round == 0)
		return; /* for the way */
	if (round == 1)
		least = most = value;
	least = value < least ? value : least;
	most = value > most ? value : most;
}

static void cost(const char *name, u64 (*thing)(u64, u64), u64 a, u64 b)
{
	for (u32 i = 0; i <= ROUNDS; i++)
		sample(i, thing(a, b));
	result(name);
}

static void timer_latency(const char *name, bool virtual, u64 (*wait)(void))
{
	for (u32 i = 0; i <= ROUNDS; i++) {
		u64 due = now() + 5000 + 37 * i;
		if (virtual) {
			write_sysreg(cntv_cval_el0, due);
			write_sysreg(cntv_ctl_el0, 1);
		} else {
			write_sysreg(cntp_cval_el0, due);
			write_sysreg(cntp_ctl_el0, 1);
		}
		isb();
		sample(i, wait() - due);
	}
	result(name);
}

static volatile u64 stamp, taken, last, ready;

static void receiver(u64 argument)
{
	(void)argument;
	reached();
	gic_cpu_init();
	gic_enable(1, 0x80);
	write_sysreg(vbar_el1, bench_vectors);
	isb();
	for (u32 i = 0; i <= ROUNDS; i++) {
		ready = i + 1;
		receive(&stamp, &taken, &last);
	}
	write_sysreg(vbar_el1, guest_vectors);
	isb();
}

static void sgi_to_other(void)
{
	u64 sender[ROUNDS + 1], receiver_part[ROUNDS + 1];

	if (cpu_count() < 2)
		return;
	u64 before = now();
	if (cpu_run(1, receiver, 0) != PSCI_SUCCESS)
		return;
	least = most = now() - before;
	result("cpu_on");
	for (u32 i = 0; i <= ROUNDS; i++) {
		while (ready != i + 1)
			yield();
		for (u32 j = 0; j < 100; j++)
			yield(); /* it is in its loop now */
		taken = 0;
		sender[i] = sgi_other(1 << 24 | 2, &stamp, &taken);
		receiver_part[i] = taken - last;
	}
	for (u32 i = 0; i <= ROUNDS; i++)
		sample(i, sender[i]);
	result("sgi_other_sender");
	for (u32 i = 0; i <= ROUNDS; i++)
		sample(i, receiver_part[i]);
	result("sgi_other_receiver");
	for (u32 i = 0; i <= ROUNDS; i++)
		sample(i, sender[i] + receiver_part[i]);
	result("sgi_other");
	cpu_wait_off(1, 100000000);
	cost("sgi_all", measure_sgi1r, 1UL << 40 | 3 << 24, 0);
}

/* The device's line is the board's, or one of the core's making. */
static void line_latency(const char *name, u32 intid, u64 address, u32 value, u64 quiet_address, u32 quiet_value)
{
	gic_enable(intid, 0x80);
	gic_route(intid, 0);
	for (u32 i = 0; i <= ROUNDS; i++)
		sample(i, line_raised(address, address == RTC_MR ? mmio_read32(RTC_DR) : value, quiet_address, quiet_value));
	gic_disable(intid);
	result(name);
}

static void device_lines(void)
{
	if (args_u64("rtc", !cloison_present())) {
		mmio_write32(RTC_IMSC, 1);
		mmio_write32(RTC_ICR, 1);
		line_latency("device_line", RTC_LINE, RTC_MR, 0, RTC_ICR, 1);
		mmio_write32(RTC_IMSC, 0);
	}
	line_latency("uart_line", (u32)args_u64("uart", args_u64("line", UART_LINE)), UART_IMSC, UART_TXIM, UART_IMSC, 0);
}

static void boot_costs(const struct boot_state *boot)
{
	struct smccc call = { { CLOISON_BOOT_STAMPS } };

	if (!cloison_present())
		return;
	smccc_hvc(&call);
	if ((s32)call.x[0] == PSCI_NOT_SUPPORTED)
		return;
	print("bench: %sboot_total %lu\n", prefix, boot->first_tick - call.x[0]);
	print("bench: %sboot_banner %lu\n", prefix, call.x[1]);
	print("bench: %sboot_copy %lu\n", prefix, call.x[2]);
	print("bench: %sboot_net %lu\n", prefix, boot->first_tick - call.x[0] - call.x[1] - call.x[2]);
}

static void call_costs(void)
{
	cost("raw", measure_raw, 0, 0);
	cost("psci_version", measure_hvc, PSCI_VERSION, 0);
	cost("unknown_hypercall", measure_hvc, 0x8600ff7f, 0);
	cost("unknown_psci", measure_hvc, 0x8400001f, 0);
	cost("psci_features", measure_hvc, PSCI_FEATURES, PSCI_VERSION);
	if (cloison_present()) { /* no SMC on bare QEMU */
		cost("psci_version_smc", measure_smc, PSCI_VERSION, 0);
		cost("unknown_smc", measure_smc, 0xc2001234, 0);
	}
}

static void register_costs(void)
{
	cost("id_read", measure_id_read, 0, 0);
	cost("actlr_read", measure_actlr_read, 0, 0);
	cost("icc_pmr_read", measure_pmr_read, 0, 0);
	cost("icc_pmr_write", measure_pmr_write, 0xff, 0);
	cost("icc_ctlr_read", measure_ctlr_read, 0, 0);
	cost("icc_rpr_read", measure_rpr_read, 0, 0);
	cost("icc_dir_write", measure_dir_write, PPI_VTIMER, 0);
	cost("icc_igrpen0_read", measure_igrpen0_read, 0, 0);
	if (cloison_present()) /* bare, the counters are there */
		cost("denied_read", measure_undefined, 0, 0);
}

static void distributor_costs(void)
{
	u64 line = args_u64("line", UART_LINE), word = 4 * (line / 32), bit = 1u << (line % 32);

	cost("gicd_typer_read", measure_read32, GICD_TYPER, 0);
	cost("gicd_ctlr_read", measure_read32, GICD_CTLR, 0);
	cost("gicd_igroupr_read", measure_read32, GICD_IGROUPR + word, 0);
	cost("gicd_ispendr_read", measure_read32, GICD_ISPENDR + word, 0);
	cost("gicd_ipriorityr_read", measure_read32, GICD_IPRIORITYR + (line & ~3UL), 0);
	cost("gicd_icfgr_read", measure_read32, GICD_ICFGR + line / 16 * 4, 0);
	cost("gicd_irouter_read", measure_read64, GICD_IROUTER + 8 * line, 0);
	cost("gicd_pidr2_read", measure_read32, GICD_PIDR2, 0);
	cost("gicr_ctlr_read", measure_read32, GICR_RD(0), 0);
	cost("gicr_ispendr0_read", measure_read32, GICR_SGI(0) + 0x200, 0);
	cost("gicr_ipriorityr0_read", measure_read32, GICR_SGI(0) + 0x400, 0);
	cost("gicd_isenabler_read", measure_read32, GICD_ISENABLER + word, 0);
	cost("gicd_isenabler_write", measure_write32, GICD_ISENABLER + word, bit);
	cost("gicd_ipriorityr_write", measure_write32, GICD_IPRIORITYR + (line & ~3UL), 0xa0a0a0a0);
	cost("gicd_ipriorityr_byte_write", measure_write8, GICD_IPRIORITYR + line, 0xa0);
	cost("gicd_irouter_write", measure_write64, GICD_IROUTER + 8 * line, 0);
	cost("gicd_icenabler_write", measure_write32, GICD_ICENABLER + word, bit);
	cost("gicr_typer_read", measure_read32, GICR_RD(0) + 8, 0);
	cost("gicr_sgi_frame_read", measure_read32, GICR_SGI(0) + 0x100, 0);
	cost("gicr_sgi_frame_write", measure_write32, GICR_SGI(0) + 0x100, 0);
}

static void console_costs(void)
{
	cost("uart_fr_read", measure_read32, UART_FR, 0);
	cost("uart_ris_read", measure_read32, UART_BASE + 0x3c, 0);
	cost("uart_imsc_read", measure_read32, UART_IMSC, 0);
	mmio_write32(UART_IMSC, UART_TXIM); /* its output is high, and the line disabled */
	cost("uart_fr_read_high", measure_read32, UART_FR, 0);
	mmio_write32(UART_IMSC, 0);
	cost("uart_dr_write", measure_write32, UART_DR, '.');
	print("\n");
}

static void interrupt_costs(void)
{
	gic_enable(PPI_VTIMER, 0x80);
	gic_enable(PPI_PTIMER, 0x80);
	gic_enable(1, 0x80);
	write_sysreg(vbar_el1, bench_vectors);
	isb();
	register_costs();
	timer_latency("vtimer_spin", true, wait_spin);
	timer_latency("vtimer_wfi", true, wait_wfi);
	timer_latency("ptimer_spin", false, wait_spin);
	timer_latency("ptimer_wfi", false, wait_wfi);
	for (u32 i = 0; i <= ROUNDS; i++)
		sample(i, sgi_self(1 << 24 | 1));
	result("sgi_self");
	sgi_to_other();
	device_lines();
	write_sysreg(vbar_el1, guest_vectors);
	isb();
}

static void pci_costs(void)
{
	guest_tables[ECAM >> 30] = (ECAM & ~0x3fffffffUL) | BLOCK_DEVICE;
	mmu_sync();
	cost("config_read", measure_read32, PCI_FUNCTION, 0);
	cost("config_write", measure_write32, PCI_FUNCTION + 0x3c, 0); /* interrupt line: a word for software */
}

void guest_main(struct boot_state *boot)
{
	char only[8] = "";

	reached();
	args_init(boot->dtb);
	args_get("only", only, sizeof only);
	if (strcmp(only, "mark") == 0)
		idle_forever();
	args_get("prefix", prefix, sizeof prefix);
	uart_init();
	gic_init();
	boot_costs(boot);
	if (strcmp(only, "pci") == 0)
		pci_costs();
	if (!*only) {
		call_costs();
		distributor_costs();
		console_costs();
		interrupt_costs();
	} else if (strcmp(only, "boot") == 0) {
		sleep_us(50000); /* others get as far, too */
	}
	print("bench: end\n");
	uart_drain();
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	idle_forever();
}
