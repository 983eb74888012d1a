/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * libFuzzer target: two cells do to their PL011s whatever the input says (any
 * offset, size, value; any bytes printed), keys are typed, time passes, the
 * board's UART is fast or slow. Looked for, besides what sanitizers find: a
 * device that contradicts itself, and bytes on the wire that leave the line or
 * reach the prefix of the cell that printed them.
 *
 *   tests/fuzz/run [seconds [output folder]]
 */
#include "core/console.h"
#include "core/mmio.h"
#include "host.h"
#include "input.h"
#include "terminal.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* ---- the cells ---- */

static void check_device(u32 vdev)
{
	const struct vdev_config *dev = &machine_vdevs[vdev];
	u64 mis = dev->ops->read(dev, 0x40, 4), ris = dev->ops->read(dev, 0x3c, 4), fr = dev->ops->read(dev, 0x18, 4);

	check(mis == (ris & dev->ops->read(dev, 0x38, 4)), "MIS is not RIS & IMSC");
	check(dev->ops->level(dev) == (mis != 0), "the line is not MIS");
	check(dev->ops->pending(dev) <= PL011_TX_SIZE, "more pending than there is room");
	check((fr & 0x80) == 0 || (fr & 0x28) == 0, "transmitter empty and full or busy");
	check((fr & 0x50) != 0x50, "receiver empty and full");
	check(dev->policy == CONSOLE_BLOCK || !(fr & 0x28), "policy drop shows a full FIFO");
}

static void access(struct input *input, u16 cpu)
{
	u32 what = next(input, 1), offset = next(input, 1);
	u64 value = next(input, what & 4 ? 1 : 4);

	/* Registers mostly, identification and reserved ones sometimes. */
	offset = what & 8 ? UART_BASE + offset * 16 + (what >> 4) : UART_BASE + (offset & 0x4f);
	host_this = &host_cpus[cpu];
	mmio_access(host_this, offset, what & 4, 1u << (what & 3), &value);
}

static void print(struct input *input, u32 vdev)
{
	u32 count = next(input, 1) & 63;
	char bytes[64] = { 0 };

	for (u32 i = 0; i < count; i++) {
		bytes[i] = (char)next(input, 1);
		if (!bytes[i])
			break;
	}
	guest_print(vdev, bytes);
}

static void type(struct input *input)
{
	char key = (char)next(input, 1);

	if (key != 'x') /* power off ends the world */
		wire_type(&key, 1);
}

static void step(struct input *input)
{
	u32 what = next(input, 1);

	switch (what & 7) {
	case 0: case 1:
		access(input, what >> 3 & 1 ? 2 : 0);
		break;
	case 2: case 3:
		print(input, what >> 3 & 1 ? VDEV_CONTROL : VDEV_LINUX);
		break;
	case 4:
		type(input);
		break;
	case 5:
		host_this = &host_cpus[what >> 3 & 3];
		console_printf("says %u", what);
		break;
	case 6:
		wire_room = what & 0x80 ? ~0u : what >> 3 & 15;
		break;
	default:
		serve(1 + (what >> 3));
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input input = { data, size };

	machine_reset(NULL);
	while (input.left && wire_length < sizeof wire_text / 2) {
		step(&input);
		check_device(VDEV_LINUX);
		check_device(VDEV_CONTROL);
	}
	wire_room = ~0u;
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].state = CELL_STOPPED; /* what has no end goes out too */
	serve(60);
	check_wire();
	return 0;
}
