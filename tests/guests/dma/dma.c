/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * A guest that has a device which writes and reads memory by itself (QEMU's edu), and aims it at whatever it is told.
 * Most of its RAM holds a pattern of its own; each answer says how many words of that are wrong.
 *
 *     w ADDRESS LENGTH    the device writes there: "landed" if that is in the pattern and arrived, else "gone"
 *     r ADDRESS LENGTH    the device reads there: "unchanged" or "zeros" if it got nothing, "own" if it is
 *                         what the pattern has there, else "data" and the first of it
 *     m EVENT             the device writes EVENT to the doorbell of the ITS: "interrupt" if the one that event 0 is mapped
 *                         to comes, and once, else "gone" (QEMU 10: always gone, as such a write has no DeviceID there)
 *     i                   it raises that by its own message signalled interrupt
 *     c                   only look at the pattern
 *     d                   a DMA to its own RAM is begun, and at once the cell resets itself
 *
 * Addresses are the device's. A cell begins with its RAM clear, so before the pattern is written each life says whether
 * something of the last one's has landed there: so far, before it allows the device to be a bus master, and after.
 * bootargs: tag=N (which pattern), messages=1 (has an ITS)
 */
#include "edu.h"

#define FROM 0x40800000UL
#define TO 0x40f00000UL
#define LANDING (FROM + 0x100000)  /* what is begun by 'd' goes there */
#define AFTER 300000               /* us: a DMA takes 100000 */

static u64 tag;
static u8 page[EDU_BUFFER] __attribute__((aligned(4096))); /* from here to the device, and back */

/* ---- the pattern ---- */

static u64 word(u64 address) { return (address * 0x9e3779b97f4a7c15UL) ^ tag << 56; }

static void mark(u64 from, u64 to)
{
	for (u64 a = from & ~7UL; a < to; a += 8)
		mmio_write64(a, word(a));
	dsb();
}

static u64 wrong(u64 from, u64 to)
{
	u64 n = 0;

	for (u64 a = from & ~7UL; a < to; a += 8)
		n += mmio_read64(a) != word(a);
	return n;
}

static bool in_pattern(u64 address, u64 length) { return address >= FROM && address < TO && length <= TO - address; }

/* ---- what the device carries ---- */

static u8 cargo(u32 i) { return (u8)(0xa5 ^ i * 7 ^ i >> 8); }

static void fill_device(void)
{
	for (u32 i = 0; i < sizeof page; i++)
		page[i] = cargo(i);
	if (!edu_dma(false, (u64)page, sizeof page))
		print("dma: FAIL the device does not end\n");
}

static bool arrived(const u8 *at, u32 length)
{
	for (u32 i = 0; i < length; i++)
		if (((volatile const u8 *)at)[i] != cargo(i))
			return false;
	return true;
}

static bool all(u8 value, u32 length)
{
	for (u32 i = 0; i < length; i++)
		if (((volatile u8 *)page)[i] != value)
			return false;
	return true;
}

static bool own(u64 address, u32 length)
{
	for (u32 i = 0; i < length; i++) {
		u64 a = address + i;
		if (page[i] != (u8)(word(a & ~7UL) >> (a & 7) * 8))
			return false;
	}
	return true;
}

/* ---- deeds ---- */

static const char *write_to(u64 address, u32 length)
{
	if (!edu_dma(true, address, length))
		return "stuck";
	if (!in_pattern(address, length) || !arrived((const u8 *)address, length))
		return "gone";
	mark(address, address + length);
	return "landed";
}

static const char *read_from(u64 address, u32 length)
{
	const char *got;

	if (!edu_dma(false, address, length) || !edu_dma(true, (u64)page, sizeof page))
		return "stuck";
	got = arrived(page, length) ? "unchanged" : all(0, length) ? "zeros" : in_pattern(address, length) && own(address, length) ? "own" : "data";
	if (strcmp(got, "data") == 0)
		print("dma: r 0x%lx: 0x%02x%02x%02x%02x...\n", address, page[3], page[2], page[1], page[0]);
	fill_device();
	return got;
}

/* What comes of it: event 0 of this device is LPI 0, and there is no other. */
static const char *interrupts(const u32 before[LPI_MAX])
{
	bool strange = false;

	irq_unmask();
	delay_us(20000);
	irq_mask();
	for (u32 i = 1; i < LPI_MAX; i++)
		strange = strange || lpi_count[i] != before[i];
	return strange ? "strange" : lpi_count[0] == before[0] ? "gone" : lpi_count[0] == before[0] + 1 ? "interrupt" : "many";
}

static const char *message(u64 event, bool by_itself)
{
	u32 before[LPI_MAX];

	for (u32 i = 0; i < LPI_MAX; i++)
		before[i] = lpi_count[i];
	if (by_itself) {
		edu_interrupt();
		return interrupts(before);
	}
	for (u32 i = 0; i < 4; i++)
		page[i] = (u8)(event >> 8 * i);
	if (!edu_dma(false, (u64)page, 4) || !edu_dma(true, ITS_DOORBELL, 4))
		return "stuck";
	fill_device();
	return interrupts(before);
}

static void set_up_messages(void)
{
	gic_init();
	if (!its_init() || !its_device(edu_device << 3, 1, 0) || !its_map(edu_device << 3, 0, 0))
		print("dma: FAIL the ITS does not answer\n");
	if (!edu_message(ITS_DOORBELL, 0))
		print("dma: FAIL no message signalled interrupts\n");
}

static void die(void)
{
	print("dma: begun\n");
	uart_drain();
	edu_start(true, LANDING, EDU_BUFFER);
	psci(PSCI_SYSTEM_RESET, 0, 0, 0);
	print("dma: FAIL still here\n");
}

/* ---- the console ---- */

static u64 hex(const char **p)
{
	u64 value = 0;

	while (**p == ' ')
		(*p)++;
	if ((*p)[0] == '0' && (*p)[1] == 'x')
		*p += 2;
	for (;; (*p)++) {
		u32 c = (u8)**p;
		u32 digit = c - '0' < 10 ? c - '0' : (c | 32) - 'a' < 6 ? (c | 32) - 'a' + 10 : 16;
		if (digit == 16)
			return value;
		value = value << 4 | digit;
	}
}

/* Numbers are hexadecimal. */
static void obey(const char *line)
{
	const char *p = line + 1, *how;
	u64 address = hex(&p), length = hex(&p);

	if (line[0] == 'd')
		die();
	if (line[0] == 'c')
		print("dma: c wrong=%lu\n", wrong(FROM, TO));
	if (line[0] == 'm' || line[0] == 'i')
		print("dma: %c 0x%lx 0x%lx: %s wrong=%lu\n", line[0], address, length, message(address, line[0] == 'i'), wrong(FROM, TO));
	if (line[0] != 'w' && line[0] != 'r')
		return;
	if (length == 0 || length > EDU_BUFFER)
		length = 4;
	how = line[0] == 'w' ? write_to(address, (u32)length) : read_from(address, (u32)length);
	print("dma: %c 0x%lx 0x%lx: %s wrong=%lu\n", line[0], address, length, how, wrong(FROM, TO));
}

static void listen(void)
{
	char line[64];
	u32 n = 0;

	for (;;) {
		int c = uart_getc();
		if (c < 0) {
			yield();
		} else if (c == '\r' || c == '\n') {
			line[n] = 0;
			if (n)
				obey(line);
			n = 0;
		} else if (n + 1 < sizeof line) {
			line[n++] = (char)c;
		}
	}
}

/* ---- lives ---- */

static u64 landed(void)
{
	u64 count = 0;

	dsb();
	for (u64 a = FROM; a < TO; a += 8)
		count += mmio_read64(a) != 0;
	return count;
}

static void look_for_the_last_life(void)
{
	bool master = edu_is_master();

	print("dma: since the last life: wrong=%lu\n", landed());
	delay_us(AFTER);
	print("dma: before it is a bus master: wrong=%lu%s\n", landed(), master ? " FAIL it is one already" : "");
	edu_master(true);
	delay_us(AFTER);
	print("dma: since it is a bus master: wrong=%lu\n", landed());
}

void guest_main(struct boot_state *boot)
{
	args_init(boot->dtb);
	tag = args_u64("tag", 1);
	uart_init();
	if (!edu_find()) {
		print("dma: FAIL no device\n");
		idle_forever();
	}
	look_for_the_last_life();
	mark(FROM, TO);
	fill_device();
	if (args_u64("messages", 0))
		set_up_messages();
	print("dma: born device=%u write %s read %s wrong=%lu\n", edu_device, write_to(FROM + 0x1008, 0x40),
	      read_from(FROM + 0x2010, 0x80), wrong(FROM, TO));
	listen();
}
