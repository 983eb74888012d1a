/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Arm PrimeCell GPIO PL061 (TRM DDI 0190B), as far as software can see: eight
 * pins of which one is connected, an input, to the cell's power key.
 *
 * Whoever asks a cell to shut down presses it. Outputs lead nowhere; the other
 * inputs are low. Edges are seen when the key moves, levels when somebody
 * looks. Mode control (GPIOAFSEL) and the integration test registers do nothing.
 */
#include "vdev/vdev.h"

enum { /* (offset - 0x400) / 4 */
	DIR = 0, IS = 1, IBE = 2, IEV = 3, IE = 4, RIS = 5, MIS = 6, IC = 7, AFSEL = 8, PERIPH_ID0 = 0xbe0 / 4,
};

#define DATA_END 0x400u /* below: GPIODATA, and bits 9:2 of the address say which pins */
#define KEY_PIN (1u << PL061_POWER_KEY)
#define PINS 0xffu

static const u8 identification[8] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static u32 get(const u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void set(u32 *p, u32 value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static struct vdev_pl061 *state(const struct vdev_config *dev)
{
	return dev->state;
}

/* An output reads as it was written. */
static u32 pins(const struct vdev_pl061 *p)
{
	u32 direction = get(&p->regs[DIR]);

	return (get(&p->output) & direction) | ((get(&p->pressed) ? KEY_PIN : 0) & ~direction);
}

/* Interrupts are of inputs. */
static u32 raw_status(const struct vdev_pl061 *p)
{
	u32 levels = get(&p->regs[IS]) & ~get(&p->regs[DIR]) & ~(pins(p) ^ get(&p->regs[IEV]));

	return ((get(&p->edges) & ~get(&p->regs[IS])) | levels) & PINS;
}

static u32 masked_status(const struct vdev_pl061 *p)
{
	return raw_status(p) & get(&p->regs[IE]);
}

static u32 read_register(const struct vdev_pl061 *p, u64 offset)
{
	u64 reg = (offset - DATA_END) / 4;

	if (offset < DATA_END)
		return pins(p) & (u32)(offset / 4);
	switch (reg) {
	case RIS:
		return raw_status(p);
	case MIS:
		return masked_status(p);
	default:
		if (reg - PERIPH_ID0 < ARRAY_COUNT(identification))
			return identification[reg - PERIPH_ID0];
		return reg < PL061_REG_COUNT ? get(&p->regs[reg]) : 0;
	}
}

/* As every device on an APB here: a narrow read sees part of a register, a wide one nothing above it. */
static u64 pl061_read(const struct vdev_config *dev, u64 offset, u32 size)
{
	u64 value = (u64)read_register(state(dev), offset & ~3ULL) >> offset % 4 * 8;

	return size < 4 ? value & (BIT(size * 8) - 1) : value;
}

/* A narrow write replaces the register; one beside its first byte is ignored. */
static void pl061_write(const struct vdev_config *dev, u64 offset, u32 size, u64 value)
{
	struct vdev_pl061 *p = state(dev);
	u64 reg = (offset - DATA_END) / 4;
	u32 bits = (u32)value & PINS, mask = (u32)(offset / 4);

	(void)size; /* registers have eight bits */
	if (offset % 4)
		return;
	if (offset < DATA_END)
		set(&p->output, (get(&p->output) & ~mask) | (bits & mask));
	else if (reg == IC)
		__atomic_fetch_and(&p->edges, ~bits, __ATOMIC_SEQ_CST);
	else if (reg < PL061_REG_COUNT && reg != RIS && reg != MIS)
		set(&p->regs[reg], bits);
}

static void pl061_reset(const struct vdev_config *dev)
{
	struct vdev_pl061 *p = state(dev);

	for (u32 i = 0; i < PL061_REG_COUNT; i++)
		set(&p->regs[i], 0);
	set(&p->output, 0);
	set(&p->pressed, 0);
	set(&p->edges, 0);
}

static bool pl061_level(const struct vdev_config *dev)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* vdev/pl011.c says why */
	return masked_status(state(dev)) != 0;
}

/* An edge is what the guest has asked for at this moment. */
static void pl061_key(const struct vdev_config *dev, bool pressed)
{
	struct vdev_pl061 *p = state(dev);
	bool rising = get(&p->regs[IEV]) & KEY_PIN, both = get(&p->regs[IBE]) & KEY_PIN;

	if (get(&p->pressed) == pressed)
		return;
	set(&p->pressed, pressed);
	if (!(get(&p->regs[DIR]) & KEY_PIN) && !(get(&p->regs[IS]) & KEY_PIN) && (both || rising == pressed))
		__atomic_fetch_or(&p->edges, KEY_PIN, __ATOMIC_SEQ_CST);
}

const struct vdev vdev_pl061 = {
	.read = pl061_read,
	.write = pl061_write,
	.reset = pl061_reset,
	.level = pl061_level,
	.key = pl061_key,
};
