/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * core/pci*.c on simulated functions (pci_sim.c): boot and what stops it, stop
 * and restart, and what a guest can read and write.
 */
#include "test.h"

#include "core/boot.h"
#include "core/pci.h"
#include "core/pci_function.h"
#include "core/life.h"
#include "host.h"
#include "pci_sim.h"

#define ON (COMMAND_INTX_OFF | COMMAND_MEMORY)
#define EDU 8u
#define NIC 16u
#define MULTI 24u
#define SECOND 25u
#define NVME 32u

static int bare(void **state)
{
	(void)state;
	pci_sim_init();
	return 0;
}

static int booted(void **state)
{
	bare(state);
	pci_init();
	return 0;
}

static u32 get(u32 which, u32 reg, u32 size)
{
	return pci_sim_get(&pci_sims[which], reg, size);
}

/* ---- boot ---- */

static void boot(void **state)
{
	static const u32 resets[SIM_COUNT] = { [SIM_NIC] = 1, [SIM_MULTI] = 1, [SIM_SECOND] = 1, [SIM_NVME] = 1 };
	u64 before = host.now;

	(void)state;
	pci_init();
	assert_in_range(host.now - before, HOST_HZ / 10, HOST_HZ / 5);
	for (u32 i = 0; i < SIM_COUNT; i++) {
		u32 command = i == SIM_HOST ? 0x147 : i < FUNCTION_COUNT ? ON : COMMAND_INTX_OFF;

		assert_int_equal(get(i, PCI_COMMAND, 2), command);
		assert_int_equal(pci_sims[i].resets, resets[i]);
	}
	for (u32 i = 0; i < BAR_COUNT; i++) {
		const struct pci_bar *bar = &machine_bars[i];

		assert_int_equal(get(bar->function, PCI_BAR(bar->index), 4) & ~BAR_FLAGS, bar->base);
		if (bar->wide)
			assert_int_equal(get(bar->function, PCI_BAR(bar->index + 1u), 4), 0);
	}
	assert_int_equal(get(SIM_NIC, PCI_BAR(2), 4), BAR_IO); /* ports are nowhere */
	assert_int_equal(get(SIM_MULTI, 0x106, 2), 0x001f);    /* ATS, PASID, page requests */
	assert_int_equal(get(SIM_MULTI, 0x126, 2), 0);
	assert_int_equal(get(SIM_MULTI, 0x134, 2), 0);
	assert_int_equal(get(SIM_STRANGER, 0x148, 2), 0x10);   /* virtual functions */
	assert_int_equal(get(SIM_NIC, 0xe8, 2), 0x2830);       /* no messages about errors; payload as it was */
	assert_int_equal(wire_length, 0);
}

/* What there is not to be told: a firmware that has switched on message interrupts, a ROM, a low power state. */
static void boot_after_firmware(void **state)
{
	u64 before = host.now;

	(void)state;
	pci_sim_set(&pci_sims[SIM_EDU], 0x42, 2, 0x81);
	pci_sim_set(&pci_sims[SIM_NVME], 0x42, 2, 0xc000 | 64);
	pci_sim_set(&pci_sims[SIM_EDU], PCI_ROM, 4, 0xfffe0001);
	pci_sim_set(&pci_sims[SIM_NIC], 0xcc, 2, 0x0103);
	pci_init();
	assert_int_equal(get(SIM_EDU, 0x42, 2), 0x80);
	assert_int_equal(get(SIM_NVME, 0x42, 2), 64);
	assert_int_equal(get(SIM_EDU, PCI_ROM, 4), 0);
	assert_int_equal(get(SIM_NIC, 0xcc, 2), 0);
	assert_true(host.now - before >= HOST_HZ / 10 + HOST_HZ / 100);
}

/* It is not reset while what it asked for is under way, but not for ever. */
static void pending_first(void **state)
{
	u64 before = host.now;

	(void)state;
	pci_sims[SIM_NVME].pending = 20;
	pci_init();
	assert_int_equal(pci_sims[SIM_NVME].pending, 0);
	assert_int_equal(pci_sims[SIM_NVME].resets, 1);
	pci_sim_init();
	before = host.now;
	pci_sims[SIM_NVME].pending = ~0u;
	pci_init();
	assert_int_equal(pci_sims[SIM_NVME].resets, 1);
	assert_true(host.now - before >= HOST_HZ);
}

static void retries(void **state)
{
	(void)state;
	pci_sims[SIM_NVME].deaf = 5;
	pci_sims[SIM_NVME].retries = true;
	pci_sims[SIM_MULTI].deaf = 9;
	pci_init();
	assert_int_equal(get(SIM_NVME, PCI_COMMAND, 2), ON);
	assert_int_equal(get(SIM_MULTI, PCI_COMMAND, 2), ON);
}

/* One wrong bit each, and what it is called; some are said in words in the line before. */
#define PANIC "\r\n[core] panic: PCI function "
static const struct wrong {
	u32 which, reg, size, value, writable; /* writable: ~0 - as it was */
	const char *text;
} wrongs[] = {
	{ SIM_NIC, PCI_VENDOR, 4, 0x10d38087, ~0u, "nic: declared pci8086,10d3, found pci8087,10d3" PANIC
	  "nic at 00:02.0: device and vendor: declared 0x10d38086, found 0x10d38087" },
	{ SIM_NIC, PCI_VENDOR, 4, ~0u, ~0u, "nic: nothing is there; declared pci8086,10d3" PANIC
	  "nic at 00:02.0: device and vendor: declared 0x10d38086, found 0xffffffff" },
	{ SIM_NIC, PCI_HEADER_TYPE, 1, 0x81, ~0u, "nic at 00:02.0: header type: declared 0x0, found 0x1" },
	{ SIM_NIC, PCI_INTERRUPT_PIN, 1, 2, ~0u, "nic at 00:02.0: interrupt pin: declared 0x1, found 0x2" },
	{ SIM_EDU, PCI_INTERRUPT_PIN, 1, 0, ~0u, "edu at 00:01.0: interrupt pin: declared 0x1, found 0x0" },
	{ SIM_EDU, PCI_BAR(0), 4, 0, 0xffe00000, "edu at 00:01.0: size of BAR 0: declared 0x100000, found 0x200000" },
	{ SIM_EDU, PCI_BAR(0), 4, 0, 0, "edu at 00:01.0: there is no BAR 0: its size: declared 0x100000, found 0x0" },
	{ SIM_EDU, PCI_BAR(0), 4, 1, 0xfff00000, "edu: BAR 0: declared 32-bit memory, found I/O ports" PANIC
	  "edu at 00:01.0: flags of BAR 0: declared 0x0, found 0x1" },
	{ SIM_EDU, PCI_BAR(0), 4, 8, 0xfff00000, "edu: BAR 0: declared 32-bit memory, found 32-bit memory, prefetchable" PANIC
	  "edu at 00:01.0: flags of BAR 0: declared 0x0, found 0x8" },
	{ SIM_NVME, PCI_BAR(0), 4, 0, 0xffffc000, "nvme: BAR 0: declared 64-bit memory, found 32-bit memory" PANIC
	  "nvme at 00:04.0: flags of BAR 0: declared 0x4, found 0x0" },
	{ SIM_EDU, PCI_BAR(0), 4, 4, 0xfff00000, "edu: BAR 0: declared 32-bit memory, found 64-bit memory" PANIC
	  "edu at 00:01.0: flags of BAR 0: declared 0x0, found 0x4" },
	{ SIM_EDU, PCI_BAR(1), 4, 0, 0xfffff000, "edu at 00:01.0: BAR 1 is memory, and not in reg: its size: declared 0x0, found 0x1000" },
	{ SIM_EDU, PCI_BAR(5), 4, 8, 0xffffff00, "edu at 00:01.0: BAR 5 is memory, and not in reg: its size: declared 0x0, found 0x100" },
	{ SIM_NVME, 0x84, 4, 0, ~0u, "nvme: it has no function level reset, and neither cloison,reset-write nor cloison,no-reset is written" PANIC
	  "nvme at 00:04.0: ways to reset it: declared 0x1, found 0x0" },
	{ SIM_SECOND, 0x43, 1, 0x01, ~0u, "second: it has no function level reset, and neither cloison,reset-write nor cloison,no-reset is written" PANIC
	  "second at 00:03.1: ways to reset it: declared 0x1" },
	{ SIM_MULTI, 0x9a, 2, 0, ~0u, "multi at 00:03.0: message signalled interrupts: declared 0x2, found 0x1" },
	{ SIM_EDU, PCI_STATUS, 2, 0, ~0u, "edu at 00:01.0: message signalled interrupts: declared 0x1, found 0x0" },
	{ SIM_EDU, PCI_CAPABILITIES, 1, 0x3f, ~0u, "edu at 00:01.0: capability within the header: declared 0x40, found 0x3c" },
	{ SIM_NIC, 0xd1, 1, 0xd0, ~0u, "nic at 00:02.0: list of capabilities without end: declared 0x30, found 0x31" },
	{ SIM_NIC, 0xa1, 1, 0xc8, ~0u, "nic at 00:02.0: list of capabilities without end" },
	{ SIM_EDU, 0x42, 2, 0x180, ~0u, NULL }, /* masks: 24 bytes, there is room */
	{ SIM_NIC, 0xd2, 2, 0x180, ~0u, "nic at 00:02.0: capabilities that overlap: end of one, start of the next: declared 0xe8, found 0xe0" },
	{ SIM_NIC, 0xd1, 1, 0xd4, ~0u, "nic at 00:02.0: capabilities that overlap" },
	{ SIM_NIC, 0xe1, 1, 0xf8, ~0u, "nic at 00:02.0: message signalled interrupts: declared 0x3, found 0x1" }, /* without MSI-X */
	{ SIM_NIC, 0xe1, 1, 0xe4, ~0u, "nic at 00:02.0: capabilities that overlap: end of one, start of the next: declared 0xec, found 0xe4" },
};

static void boot_compares(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(wrongs); i++) {
		const struct wrong *w = &wrongs[i];
		enum host_end end;

		pci_sim_init();
		pci_sim_set(&pci_sims[w->which], w->reg, w->size, w->value);
		memcpy(pci_sims[w->which].initial, pci_sims[w->which].regs, 4096);
		if (w->writable != ~0u)
			memcpy(pci_sims[w->which].writable + w->reg, &w->writable, 4);
		HOST_CATCH(end, pci_init());
		assert_int_equal(end, w->text ? HOST_HALT : HOST_RETURNED);
		if (w->text && !strstr(wire_text, w->text))
			fail_msg("expected %s\ngot %s", w->text, wire_text);
	}
}

/* Nothing is handed over that does not come back, nor at an address it does not keep. */
static void boot_after_reset(void **state)
{
	enum host_end end;

	(void)state;
	pci_sims[SIM_NVME].deaf = ~0u;
	u64 before = host.now;

	HOST_CATCH(end, pci_init());
	assert_int_equal(end, HOST_HALT);
	assert_non_null(strstr(wire_text, "nvme: nothing is there; declared pci1b36,0010"));
	assert_non_null(strstr(wire_text, "nvme at 00:04.0: device and vendor after its reset: declared 0x101b36, found 0xffffffff"));
	assert_in_range(host.now - before, HOST_HZ + HOST_HZ / 10, 2 * HOST_HZ);
}

static struct pci_sim *broken;

static void loses_its_bar(struct pci_sim *sim, u32 reg, u32 size, bool write, u32 value)
{
	(void)size;
	if (sim == broken && write && reg == PCI_BAR(0) && value == 0x10000000)
		sim->writable[0x13] = 0;
}

static void boot_loses_a_bar(void **state)
{
	enum host_end end;

	(void)state;
	broken = &pci_sims[SIM_EDU];
	pci_sim_watch = loses_its_bar;
	HOST_CATCH(end, pci_init());
	assert_int_equal(end, HOST_HALT);
	assert_non_null(strstr(wire_text, "edu at 00:01.0: BAR does not keep its address: declared 0x10000000, found 0x0"));
}

/* ---- stop and restart ---- */

static void use_everything(u16 cpu, u32 address)
{
	pci_guest_write(cpu, address, PCI_COMMAND, 2, 0xffff);
	pci_guest_write(cpu, address, PCI_COMMAND, 2, 0xfbff);
}

static void stop(void **state)
{
	(void)state;
	for (u32 i = 0; i < 4; i++)
		use_everything(0, machine_functions[i].address);
	use_everything(2, NVME);
	assert_int_equal(get(SIM_EDU, PCI_COMMAND, 2), COMMAND_MEMORY | COMMAND_MASTER);
	assert_int_equal(get(SIM_NIC, PCI_COMMAND, 2), ON | COMMAND_MASTER);
	cell_stop(&host_cpus[1], STOP_FAULT, "x");
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(get(i, PCI_COMMAND, 2), COMMAND_INTX_OFF);
	assert_int_equal(get(SIM_NVME, PCI_COMMAND, 2), COMMAND_MEMORY | COMMAND_MASTER);
}

/* A vCPU that has passed every check when another stops the cell. */
static u32 stop_at;

static void stops_meanwhile(struct pci_sim *sim, u32 reg, u32 size, bool write, u32 value)
{
	(void)sim; (void)reg; (void)size; (void)write; (void)value;
	if (stop_at && !--stop_at) {
		pci_sim_watch = NULL; /* the stop's own accesses */
		cell_stop(&host_cpus[1], STOP_FAULT, "x");
	}
}

static void stop_during_an_access(void **state)
{
	(void)state;
	for (u32 at = 1; at < 8; at++) {
		for (u32 reg = 4; reg < 8; reg += 2) {
			booted(NULL);
			stop_at = at;
			pci_sim_watch = stops_meanwhile;
			pci_guest_write(0, EDU, reg, reg == 4 ? 2 : 1, 0xffff);
			pci_guest_write(0, EDU, 0x04, 4, 0xffffffff);
			if (stop_at)
				cell_stop(&host_cpus[1], STOP_FAULT, "x");
			pci_guest_write(0, EDU, 0x04, 2, 0xffff);
			assert_int_equal(get(SIM_EDU, PCI_COMMAND, 2), COMMAND_INTX_OFF);
		}
	}
}

static bool restored(u32 tries)
{
	for (u32 i = 0; i < tries; i++) {
		if (pci_restored(&host_cpus[0]))
			return true;
		host.now += HOST_HZ / 1000;
	}
	return false;
}

static void restart(void **state)
{
	(void)state;
	for (u32 life = 2; life < 5; life++) {
		for (u32 i = 0; i < 4; i++)
			use_everything(0, machine_functions[i].address);
		pci_guest_write(0, EDU, 0x42, 2, 0xffff);
		pci_guest_write(0, EDU, PCI_BAR(0), 4, ~0u);
		pci_guest_write(0, MULTI, 0x48, 2, 0xffff);
		pci_guest_write(0, NIC, PCI_INTERRUPT_LINE, 1, 77);
		cell_stop(&host_cpus[1], STOP_FAULT, "x");
		pci_sims[SIM_MULTI].deaf = 3;
		assert_false(restored(100)); /* one wait for all, not shorter */
		assert_true(restored(20));
		cells[CELL_LINUX].state = CELL_RUNNING;
		for (u32 i = 1; i < 4; i++)
			assert_int_equal(pci_sims[i].resets, life);
		assert_int_equal(pci_sims[SIM_EDU].resets, 0);
		assert_int_equal(pci_sims[SIM_NVME].resets, 1);
		for (u32 i = 0; i < 4; i++) {
			assert_int_equal(get(i, PCI_COMMAND, 2), ON);
			assert_int_equal(pci_guest_read(0, machine_functions[i].address, PCI_COMMAND, 2), COMMAND_INTX_OFF);
		}
		assert_int_equal(get(SIM_EDU, 0x42, 2), MSI_WIDE);
		assert_int_equal(pci_guest_read(0, EDU, PCI_BAR(0), 4), 0x10000000);
		assert_int_equal(get(SIM_MULTI, PCI_BAR(4), 4), 0x1014400c);
		assert_int_equal(pci_guest_read(0, NIC, PCI_INTERRUPT_LINE, 1), 0);
	}
}

/* A cell without functions waits for nothing; one whose function is dead for ever, and says so once. */
static void restart_never(void **state)
{
	(void)state;
	assert_true(pci_restored(&host_cpus[3]));
	cell_stop(&host_cpus[0], STOP_FAULT, "x");
	wire_length = 0;
	pci_sims[SIM_MULTI].deaf = ~0u;
	assert_false(restored(5000));
	serve(20);
	const char *text = strstr(wire_text, "[core] cell linux: multi does not answer after its reset: the cell waits for it\r\n");

	assert_non_null(text);
	assert_null(strstr(strstr(text, "does not") + 1, "does not"));
	pci_sims[SIM_MULTI].deaf = 0;
	assert_true(restored(2));
}

/* ---- what a guest sees ---- */

static u32 scan(u16 cpu, u32 found[256])
{
	u32 count = 0;

	for (u32 address = 0; address < 256; address++) {
		u32 id = pci_guest_read(cpu, address, 0, 4);

		if (id != ~0u)
			found[count++] = address;
		else
			for (u32 reg = 0; reg < 4096; reg += 4)
				assert_int_equal(pci_guest_read(cpu, address, reg, 4), ~0u);
	}
	return count;
}

static void owned_only(struct pci_sim *sim, u32 reg, u32 size, bool write, u32 value)
{
	(void)reg; (void)size; (void)write; (void)value;
	assert_true(sim < &pci_sims[SIM_NVME]);
}

static void only_ones_own(void **state)
{
	static const u32 own[] = { 0, EDU, NIC, MULTI, SECOND };
	u32 found[256];
	u64 value = 0;

	(void)state;
	pci_sim_watch = owned_only;
	assert_int_equal(scan(0, found), ARRAY_COUNT(own));
	assert_memory_equal(found, own, sizeof own);
	for (u32 address = 0; address < 256; address++)
		for (u32 reg = 0; reg < 4096; reg += 4)
			pci_guest_write(0, address, reg, 4, 0xffffffff);
	pci_sim_watch = NULL;
	assert_int_equal(scan(2, found), 2);
	assert_int_equal(found[1], NVME);
	assert_false(pci_access(&host_cpus[3], PCI_SIM_ECAM, false, 4, &value)); /* hello has none */
	assert_false(pci_covers(&host_cpus[3], PCI_SIM_ECAM));
	assert_true(pci_covers(&host_cpus[0], PCI_SIM_ECAM + MIB(1) - 1));
	assert_false(pci_covers(&host_cpus[0], PCI_SIM_ECAM + MIB(1)));
	assert_false(pci_covers(&host_cpus[0], PCI_SIM_ECAM - 1));
	assert_false(pci_access(&host_cpus[0], PCI_SIM_ECAM + 2, false, 4, &value)); /* misaligned */
	assert_true(pci_access(&host_cpus[0], PCI_SIM_ECAM + (EDU << 12), false, 8, &value));
	assert_true(value == ~0ULL);
	assert_true(pci_access(&host_cpus[0], PCI_SIM_ECAM + (EDU << 12), true, 8, &value));
}

static void host_bridge(void **state)
{
	(void)state;
	pci_guest_write(0, 0, 0x04, 4, ~0u);
	assert_int_equal(pci_guest_read(0, 0, 0x00, 4), 0x00081b36);
	assert_int_equal(pci_guest_read(0, 0, 0x02, 2), 0x0008);
	assert_int_equal(pci_guest_read(0, 0, 0x0b, 1), 0x06);
	for (u32 reg = 4; reg < 4096; reg += 4)
		assert_int_equal(pci_guest_read(0, 0, reg, 4), reg == 8 ? 0x06000000 : 0);
	assert_int_equal(get(SIM_HOST, PCI_COMMAND, 2), 0x147);
}

static void header(void **state)
{
	(void)state;
	assert_int_equal(pci_guest_read(0, NIC, 0x08, 4), 0x02000002);
	assert_int_equal(pci_guest_read(0, NIC, 0x0e, 1), 0);
	assert_int_equal(pci_guest_read(0, MULTI, 0x0e, 1), 0x80);
	assert_int_equal(pci_guest_read(0, SECOND, 0x0c, 4), 0x00800000);
	assert_int_equal(pci_guest_read(0, NIC, 0x2c, 4), 0x11001af4);
	assert_int_equal(pci_guest_read(0, NIC, PCI_ROM, 4), 0);
	pci_guest_write(0, NIC, PCI_ROM, 4, ~0u);
	assert_int_equal(pci_guest_read(0, NIC, PCI_ROM, 4), 0);
	assert_int_equal(get(SIM_NIC, PCI_ROM, 4), 0);
	assert_int_equal(pci_guest_read(0, NIC, PCI_INTERRUPT_PIN, 1), 0);
	assert_int_equal(pci_guest_read(0, EDU, PCI_INTERRUPT_LINE, 4), 0x00000100);
	pci_guest_write(0, EDU, PCI_INTERRUPT_LINE, 4, ~0u);
	assert_int_equal(pci_guest_read(0, EDU, PCI_INTERRUPT_LINE, 4), 0x000001ff);
	pci_guest_write(0, EDU, 0x0c, 4, ~0u);
	assert_int_equal(get(SIM_EDU, 0x0c, 4), 0x000000ff);
	/* all of extended space */
	for (u32 reg = 0x100; reg < 0x1000; reg += 4) {
		pci_guest_write(0, MULTI, reg, 4, ~0u);
		assert_int_equal(pci_guest_read(0, MULTI, reg, 4), 0);
	}
	assert_int_equal(get(SIM_MULTI, 0x106, 2), 0x001f);
}

static void command(void **state)
{
	(void)state;
	assert_int_equal(pci_guest_read(0, EDU, PCI_COMMAND, 4), 0x00100400);
	pci_guest_write(0, EDU, PCI_COMMAND, 2, 0xffff);
	assert_int_equal(pci_guest_read(0, EDU, PCI_COMMAND, 2), 0x0406);
	assert_int_equal(get(SIM_EDU, PCI_COMMAND, 2), 0x0406);
	pci_guest_write(0, EDU, PCI_COMMAND + 1, 1, 0);
	assert_int_equal(get(SIM_EDU, PCI_COMMAND, 2), 0x0006);
	pci_guest_write(0, EDU, PCI_COMMAND, 1, 0x04); /* not decoding is the guest's idea only */
	assert_int_equal(pci_guest_read(0, EDU, PCI_COMMAND, 2), 0x0004);
	assert_int_equal(get(SIM_EDU, PCI_COMMAND, 2), 0x0006);
	pci_guest_write(0, NIC, PCI_COMMAND, 2, 0x0006); /* whose line nobody has */
	assert_int_equal(pci_guest_read(0, NIC, PCI_COMMAND, 2), 0x0406);
	assert_int_equal(get(SIM_NIC, PCI_COMMAND, 2), 0x0406);
	/* Status: what is written as one and only that */
	pci_sim_set(&pci_sims[SIM_EDU], PCI_STATUS, 2, 0xf918);
	pci_guest_write(0, EDU, PCI_COMMAND, 2, 0x0004);
	assert_int_equal(get(SIM_EDU, PCI_STATUS, 2), 0xf918);
	pci_guest_write(0, EDU, PCI_COMMAND, 4, 0x08000002);
	assert_int_equal(get(SIM_EDU, PCI_STATUS, 2), 0xf118);
	assert_int_equal(pci_guest_read(0, EDU, PCI_COMMAND, 4), 0xf1180002);
	pci_guest_write(0, EDU, PCI_STATUS + 1, 1, 0xff);
	assert_int_equal(get(SIM_EDU, PCI_COMMAND, 4), 0x00180002);
	assert_int_equal(pci_guest_read(0, SECOND, PCI_STATUS, 2), 0x0010);
}

static void bars(void **state)
{
	(void)state;
	for (u32 i = 0; i < BAR_COUNT; i++) {
		const struct pci_bar *bar = &machine_bars[i];
		u16 cpu = machine_functions[bar->function].cell == CELL_LINUX ? 0 : 2;
		u32 address = machine_functions[bar->function].address, reg = PCI_BAR(bar->index);
		u32 flags = (bar->wide ? 4 : 0) | (bar->prefetchable ? 8 : 0), base = (u32)bar->base | flags;

		assert_int_equal(pci_guest_read(cpu, address, reg, 4), base);
		pci_guest_write(cpu, address, reg, 4, ~0u);
		assert_int_equal(pci_guest_read(cpu, address, reg, 4), (u32)-bar->size | flags);
		assert_int_equal(pci_guest_read(cpu, address, reg + 2, 1), (u32)-bar->size >> 16 & 0xff);
		if (bar->wide) {
			assert_int_equal(pci_guest_read(cpu, address, reg + 4, 4), 0);
			pci_guest_write(cpu, address, reg + 4, 4, ~0u);
			assert_int_equal(pci_guest_read(cpu, address, reg + 4, 4), ~0u);
			pci_guest_write(cpu, address, reg + 4, 4, 0);
			assert_int_equal(pci_guest_read(cpu, address, reg + 4, 4), 0);
		}
		pci_guest_write(cpu, address, reg, 4, base);
		assert_int_equal(pci_guest_read(cpu, address, reg, 4), base);
		pci_guest_write(cpu, address, reg, 4, 0x40000000); /* it stays where it is */
		assert_int_equal(pci_guest_read(cpu, address, reg, 4), base);
		pci_guest_write(cpu, address, reg, 4, ~0u);
		pci_guest_write(cpu, address, reg, 1, 0xff); /* no question, no answer lost */
		assert_int_equal(pci_guest_read(cpu, address, reg, 4), (u32)-bar->size | flags);
		assert_int_equal(get(bar->function, reg, 4) & ~BAR_FLAGS, bar->base);
	}
	pci_guest_write(0, NIC, PCI_BAR(2), 4, ~0u); /* ports are not there */
	assert_int_equal(pci_guest_read(0, NIC, PCI_BAR(2), 4), 0);
}

/* The list as a guest walks it. */
static void expect_list(u16 cpu, u32 address, const u32 *expected, u32 count)
{
	u32 at = pci_guest_read(cpu, address, PCI_CAPABILITIES, 1), n = 0;

	for (; at; n++) {
		assert_true(n < count);
		assert_int_equal(pci_guest_read(cpu, address, at, 1) << 8 | at, expected[n]);
		at = pci_guest_read(cpu, address, at + 1, 1);
	}
	assert_int_equal(n, count);
}

static void list(void **state)
{
	static const u32 edu[] = { 0x0540 }, nic[] = { 0x05d0, 0x10e0, 0x11a0 }, multi[] = { 0x0984, 0x0970, 0x1040, 0x1198 },
			 second[] = { 0x0984, 0x0970 }, nvme[] = { 0x1080 };

	(void)state;
	expect_list(0, EDU, edu, 1);
	expect_list(0, NIC, nic, 3);
	expect_list(0, MULTI, multi, 4);
	expect_list(0, SECOND, second, 2);
	expect_list(2, NVME, nvme, 1);
	assert_int_equal(pci_guest_read(0, NIC, 0xc8, 4), 0); /* power management */
	assert_int_equal(pci_guest_read(0, NIC, 0xcc, 4), 0);
	assert_int_equal(pci_guest_read(0, SECOND, 0x40, 4), 0); /* its reset */
	pci_guest_write(0, SECOND, 0x44, 1, 1);
	assert_int_equal(pci_sims[SIM_SECOND].resets, 1);
	assert_int_equal(pci_guest_read(2, NVME, 0x40, 4), 0); /* interrupts nobody declared */
	pci_guest_write(2, NVME, 0x40, 4, ~0u);
	assert_int_equal(get(SIM_NVME, 0x42, 2), 64);
	for (u32 reg = 0x44; reg < 0x60; reg += 4) /* between two of them */
		assert_int_equal(pci_guest_read(2, NVME, reg, 4), 0);
}

static void interrupts(void **state)
{
	(void)state;
	assert_int_equal(pci_guest_read(0, NIC, 0xa2, 2), 2);  /* three of five */
	assert_int_equal(pci_guest_read(0, NIC, 0xa4, 4), 3);
	assert_int_equal(pci_guest_read(0, MULTI, 0x9a, 2), 1);
	pci_guest_write(0, NIC, 0xa0, 4, ~0u);
	assert_int_equal(get(SIM_NIC, 0xa0, 4), 0xc0040011);
	assert_int_equal(pci_guest_read(0, NIC, 0xa2, 2), 0xc002);
	pci_guest_write(0, EDU, 0x44, 4, 0x08090043);
	pci_guest_write(0, EDU, 0x4c, 2, 0x1234);
	pci_guest_write(0, EDU, 0x42, 2, 0xffff);
	assert_int_equal(get(SIM_EDU, 0x44, 4), 0x08090040);
	assert_int_equal(pci_guest_read(0, EDU, 0x4c, 2), 0x1234);
	assert_int_equal(pci_guest_read(0, EDU, 0x40, 4), 0x00f10005);
	pci_guest_write(0, EDU, 0x50, 4, ~0u); /* behind it */
	assert_int_equal(pci_guest_read(0, EDU, 0x50, 4), 0);
	/* eight messages, of which three are declared: two can be had */
	pci_sim_set(&pci_sims[SIM_NIC], 0xd2, 2, MSI_WIDE | 3 << 1);
	assert_int_equal(pci_guest_read(0, NIC, 0xd2, 2), MSI_WIDE | 1 << 1);
}

static void express(void **state)
{
	(void)state;
	assert_int_equal(pci_guest_read(0, MULTI, 0x44, 4), 0x00008fc0);
	assert_int_equal(pci_guest_read(0, MULTI, 0x48, 4), 0x000f2830);
	pci_guest_write(0, MULTI, 0x48, 2, 0xffff);
	assert_int_equal(get(SIM_MULTI, 0x48, 4), 0x000f7830);
	pci_guest_write(0, MULTI, 0x48, 4, 0x00050000);
	assert_int_equal(get(SIM_MULTI, 0x48, 4), 0x000a0020);
	pci_guest_write(0, MULTI, 0x49, 1, 0x80);
	pci_guest_write(0, MULTI, 0x4a, 1, 0x02);
	assert_int_equal(get(SIM_MULTI, 0x48, 4), 0x00080020);
	assert_int_equal(pci_sims[SIM_MULTI].resets, 1);
	assert_int_equal(pci_guest_read(0, MULTI, 0x64, 4), 0x1f);
	pci_guest_write(0, MULTI, 0x68, 4, ~0u);
	assert_int_equal(get(SIM_MULTI, 0x68, 4), 0);
	/* version 1 ends earlier */
	pci_sim_set(&pci_sims[SIM_NIC], 0xf4, 4, 0x12345678);
	assert_int_equal(pci_guest_read(0, NIC, 0xf4, 4), 0);
}

static void vendors_own(void **state)
{
	(void)state;
	assert_int_equal(pci_guest_read(0, MULTI, 0x88, 4), 0xaabbccdd);
	assert_int_equal(pci_guest_read(0, MULTI, 0x84, 4), 0x00147009);
	pci_guest_write(0, MULTI, 0x88, 4, 0);
	assert_int_equal(get(SIM_MULTI, 0x88, 4), 0xaabbccdd);
}

/* A length of its own that reaches into the next, or past the end, or is nothing. */
static void vendors_own_length(void **state)
{
	static const u32 lengths[] = { 0, 1, 0x20, 0xff };

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(lengths); i++) {
		pci_sim_init();
		pci_sim_set(&pci_sims[SIM_MULTI], 0x86, 1, lengths[i]);
		pci_sims[SIM_MULTI].initial[0x86] = (u8)lengths[i];
		pci_init();
		assert_int_equal(pci_guest_read(0, MULTI, 0x84, 1), lengths[i] ? 9 : 0);
		assert_int_equal(pci_guest_read(0, MULTI, 0x88, 4), lengths[i] > 4 ? 0xaabbccdd : 0);
		assert_int_equal(pci_guest_read(0, MULTI, 0x9a, 2), 1);
		pci_guest_write(0, MULTI, 0x9a, 2, 0xffff);
		assert_int_equal(get(SIM_MULTI, 0x9a, 2), 0xc003);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(boot, bare),
		cmocka_unit_test_setup(boot_after_firmware, bare),
		cmocka_unit_test_setup(pending_first, bare),
		cmocka_unit_test_setup(retries, bare),
		cmocka_unit_test_setup(boot_compares, bare),
		cmocka_unit_test_setup(boot_after_reset, bare),
		cmocka_unit_test_setup(boot_loses_a_bar, bare),
		cmocka_unit_test_setup(stop, booted),
		cmocka_unit_test_setup(stop_during_an_access, bare),
		cmocka_unit_test_setup(restart, booted),
		cmocka_unit_test_setup(restart_never, booted),
		cmocka_unit_test_setup(only_ones_own, booted),
		cmocka_unit_test_setup(host_bridge, booted),
		cmocka_unit_test_setup(header, booted),
		cmocka_unit_test_setup(command, booted),
		cmocka_unit_test_setup(bars, booted),
		cmocka_unit_test_setup(list, booted),
		cmocka_unit_test_setup(interrupts, booted),
		cmocka_unit_test_setup(express, booted),
		cmocka_unit_test_setup(vendors_own, booted),
		cmocka_unit_test_setup(vendors_own_length, bare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
