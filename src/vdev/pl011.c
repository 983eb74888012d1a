/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Arm PrimeCell UART PL011 r1p5 (TRM DDI 0183G), as far as software can see.
 *
 *   guest --DR--> [FIFO 32] --> [ring] --> console pump --> board UART
 *   guest <--DR-- [FIFO 32] <-- [ring] <-- console input
 *
 * The transmitter is infinitely fast until the ring is full: only then do
 * bytes stay in the FIFO and TXFF, BUSY, UARTTXINTR mean anything. FIFO and
 * ring are one array: of PL011_TX_SIZE bytes, the last FIFO_DEPTH are "in the
 * FIFO". A cell with policy drop never sees a full FIFO; what does not fit is
 * counted and gone.
 *
 * Interrupt status is not stored but computed from positions and from the
 * positions at which the guest cleared it: it needs no read-modify-write
 * between the guest's CPUs and the pump's, so no lock and no lost event.
 *
 * Where this differs from the TRM, on purpose:
 * - UARTEN, TXE, RXE are stored but not enforced: software written on
 *   emulators often never sets them, and none relies on a deaf UART.
 * - The receive timeout (32 bit periods) is zero: RTRIS is set while data waits.
 *   Hence UARTICR.RTIC shows no effect until the data is read.
 * - Turning FEN off does not flush bytes the guest has written.
 * - No DMA, break, parity, framing; test registers (0x80..) read as zero.
 */
#include "core/bound.h"
#include "vdev/pl011_bits.h"
#include "vdev/vdev.h"

/* Registers that only store: implemented bits. */
static const u16 stored[PL011_REG_COUNT] = {
	[ILPR] = 0xff, [IBRD] = 0xffff, [FBRD] = 0x3f, [LCR_H] = 0xff,
	[CR] = 0xff87, [IFLS] = 0x3f, [IMSC] = 0x7ff, [DMACR] = 0x7,
};

static const u8 identification[8] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

/* UARTIFLS selections in entries of the FIFO: 1/8, 1/4, 1/2, 3/4, 7/8; the rest is reserved. */
static const u8 trigger_levels[8] = { 4, 8, 16, 24, 28, 28, 28, 28 };

/*
 * Order matters in two places only: between the bytes of a ring and its
 * positions (acquire, publish), and before the interrupt output is computed
 * (the fence in pl011_level).
 */
INLINE void set(u32 *p, u32 value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

INLINE u32 acquire(const u32 *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

INLINE void publish(u32 *p, u32 value)
{
	__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static struct vdev_pl011 *state(const struct vdev_config *dev)
{
	return dev->state;
}

static bool fifo_enabled(const struct vdev_pl011 *p)
{
	return get(&p->regs[LCR_H]) & LCR_H_FEN;
}

static u32 fifo_depth(const struct vdev_pl011 *p)
{
	return fifo_enabled(p) ? FIFO_DEPTH : 1;
}

/* UARTTXINTR at or below this level; without FIFO, when the holding register is empty. */
static u32 tx_trigger(const struct vdev_pl011 *p)
{
	return fifo_enabled(p) ? trigger_levels[get(&p->regs[IFLS]) & 7] : 0;
}

/* UARTRXINTR at or above this level. */
static u32 rx_trigger(const struct vdev_pl011 *p)
{
	return fifo_enabled(p) ? trigger_levels[get(&p->regs[IFLS]) >> 3 & 7] : 1;
}

static u32 rx_waiting(const struct vdev_pl011 *p)
{
	return get(&p->rx_head) - get(&p->rx_tail);
}

/* Bytes that did not fit into the ring and stay in the FIFO. More than a FIFO after a race: then full too. */
static u32 tx_level(const struct vdev_config *dev)
{
	const struct vdev_pl011 *p = state(dev);
	u32 waiting = get(&p->tx_head) - get(&p->tx_tail);

	return dev->policy == CONSOLE_DROP || waiting <= RING_SIZE ? 0 : waiting - RING_SIZE;
}

/* Make UARTTXINTR see a byte leave the FIFO (or, with a level above the trigger, wait for one to leave). */
static void tx_arm(struct vdev_pl011 *p)
{
	set(&p->tx_mark, get(&p->tx_head) - 1);
}

/* Of the pump, or of the guest in loopback. */
static bool rx_push(struct vdev_pl011 *p, u8 byte)
{
	u32 head = get(&p->rx_head);

	if (head - acquire(&p->rx_tail) >= PL011_RX_SIZE) {
		set(&p->rx_overruns, get(&p->rx_overruns) + 1);
		return false;
	}
	__atomic_store_n(&p->rx[head % PL011_RX_SIZE], byte, __ATOMIC_RELAXED);
	publish(&p->rx_head, head + 1);
	return true;
}

static void write_data(const struct vdev_config *dev, u8 byte)
{
	struct vdev_pl011 *p = state(dev);
	bool drop = dev->policy == CONSOLE_DROP;
	u32 head = get(&p->tx_head);

	if (get(&p->regs[CR]) & CR_LBE) {
		rx_push(p, byte);
		tx_arm(p);
	} else if (head - acquire(&p->tx_tail) < (drop ? PL011_TX_SIZE : RING_SIZE + fifo_depth(p))) {
		__atomic_store_n(&p->tx[head % PL011_TX_SIZE], byte, __ATOMIC_RELAXED);
		publish(&p->tx_head, head + 1);
	} else {
		set(&p->tx_lost, get(&p->tx_lost) + 1);
		if (drop) /* it left the FIFO all the same, so a driver that waits for that goes on */
			tx_arm(p);
	}
}

static u32 read_data(struct vdev_pl011 *p)
{
	u32 tail = get(&p->rx_tail), waiting = acquire(&p->rx_head) - tail;
	u32 overruns = get(&p->rx_overruns), data = 0;

	if (waiting > PL011_RX_SIZE) { /* vCPUs raced each other: start afresh */
		set(&p->rx_tail, get(&p->rx_head));
		return 0;
	}
	if (waiting) {
		data = __atomic_load_n(&p->rx[tail % PL011_RX_SIZE], __ATOMIC_RELAXED);
		publish(&p->rx_tail, tail + 1);
	}
	if (overruns != get(&p->dr_mark)) {
		set(&p->dr_mark, overruns);
		data |= DR_OE;
	}
	return data;
}

/* Modem inputs in the layout of UARTRIS: a willing peer, or in loopback our own outputs. */
static u32 modem_inputs(u32 cr)
{
	if (!(cr & CR_LBE))
		return INT_CTS | INT_DSR | INT_DCD;
	return (cr & CR_OUT2 ? INT_RI : 0) | (cr & CR_RTS ? INT_CTS : 0) |
	       (cr & CR_OUT1 ? INT_DCD : 0) | (cr & CR_DTR ? INT_DSR : 0);
}

static u32 read_flags(const struct vdev_config *dev)
{
	const struct vdev_pl011 *p = state(dev);
	u32 inputs = modem_inputs(get(&p->regs[CR])), depth = fifo_depth(p);
	u32 rx = rx_waiting(p), tx = tx_level(dev);

	return (inputs & INT_RI ? FR_RI : 0) | (inputs & INT_CTS ? FR_CTS : 0) |
	       (inputs & INT_DCD ? FR_DCD : 0) | (inputs & INT_DSR ? FR_DSR : 0) |
	       (tx ? FR_BUSY : FR_TXFE) | (tx >= depth ? FR_TXFF : 0) |
	       (rx ? 0 : FR_RXFE) | (rx >= depth ? FR_RXFF : 0);
}

static u32 raw_status(const struct vdev_config *dev)
{
	const struct vdev_pl011 *p = state(dev);
	u32 rx = rx_waiting(p);

	return get(&p->modem) |
	       (rx >= rx_trigger(p) && get(&p->rx_head) != get(&p->rx_mark) ? INT_RX : 0) |
	       (rx ? INT_RT : 0) |
	       (tx_level(dev) <= tx_trigger(p) && get(&p->tx_head) != get(&p->tx_mark) ? INT_TX : 0) |
	       (get(&p->rx_overruns) != get(&p->oeris_mark) ? INT_OE : 0);
}

static u32 masked_status(const struct vdev_config *dev)
{
	return raw_status(dev) & get(&state(dev)->regs[IMSC]);
}

/* UARTTXINTR follows transitions: cleared above the trigger level, it comes when the level is reached. */
static __attribute__((noinline)) void clear_interrupts(const struct vdev_config *dev, u32 bits)
{
	struct vdev_pl011 *p = state(dev);

	set(&p->modem, get(&p->modem) & ~bits);
	if (bits & INT_RX)
		set(&p->rx_mark, get(&p->rx_head));
	if (bits & INT_OE)
		set(&p->oeris_mark, get(&p->rx_overruns));
	if (bits & INT_TX)
		set(&p->tx_mark, get(&p->tx_head) - (tx_level(dev) > tx_trigger(p)));
}

/* What storing a new value brings about besides. */
static void before_store(struct vdev_pl011 *p, u64 reg, u32 value)
{
	if (reg == LCR_H && (get(&p->regs[LCR_H]) ^ value) & LCR_H_FEN)
		set(&p->rx_tail, get(&p->rx_head)); /* the receive FIFO is flushed */
	if (reg == CR)
		set(&p->modem, get(&p->modem) | (modem_inputs(get(&p->regs[CR])) ^ modem_inputs(value)));
}

static __attribute__((noinline)) u32 read_register(const struct vdev_config *dev, u64 reg)
{
	struct vdev_pl011 *p = state(dev);

	switch (reg) {
	case DR:
		return read_data(p);
	case RSR:
		return get(&p->rx_overruns) != get(&p->rsr_mark) ? RSR_OE : 0;
	case FR:
		return read_flags(dev);
	case RIS:
		return raw_status(dev);
	case MIS:
		return masked_status(dev);
	default:
		if (reg - PERIPH_ID0 < ARRAY_COUNT(identification))
			return identification[reg - PERIPH_ID0];
		return reg < PL011_REG_COUNT ? get(&p->regs[reg]) : 0;
	}
}

/* The APB has 32-bit registers: a narrow read sees part of one, a wide one nothing above it. */
static u64 pl011_read(const struct vdev_config *dev, u64 offset, u32 size)
{
	u64 value = read_register(dev, offset / 4) >> offset % 4 * 8;

	return size < 4 ? value & (BIT(size * 8) - 1) : value;
}

/* The APB has no byte strobes: a narrow write replaces the register; one beside its first byte is ignored. */
static void pl011_write(const struct vdev_config *dev, u64 offset, u32 size, u64 value)
{
	struct vdev_pl011 *p = state(dev);
	u64 reg = offset / 4;
	u32 bits = (u32)(size < 4 ? value & (BIT(size * 8) - 1) : value);

	if (offset % 4)
		return;
	if (reg == DR) {
		write_data(dev, (u8)bits);
	} else if (reg == RSR) {
		set(&p->rsr_mark, get(&p->rx_overruns));
	} else if (reg == ICR) {
		clear_interrupts(dev, bits);
	} else if (reg < PL011_REG_COUNT && stored[reg]) {
		before_store(p, reg, bits & stored[reg]);
		set(&p->regs[reg], bits & stored[reg]);
	}
}

/* The transmit ring stays: what was written has left the UART, as far as the guest could tell. */
static void pl011_reset(const struct vdev_config *dev)
{
	struct vdev_pl011 *p = state(dev);

	for (u32 i = 0; i < PL011_REG_COUNT; i++)
		set(&p->regs[i], 0);
	set(&p->regs[CR], 0x300);
	set(&p->regs[IFLS], 0x12);
	set(&p->rx_tail, get(&p->rx_head));
	clear_interrupts(dev, ~0u);
	set(&p->tx_mark, get(&p->tx_head));
	set(&p->rsr_mark, get(&p->rx_overruns));
	set(&p->dr_mark, get(&p->rx_overruns));
}

/*
 * Called after each change, on the CPU that made it. Guest: "unmask, then is
 * there room?"; pump: "make room, then is it unmasked?". With the fence at
 * least one of the two sees the other's change and raises the line.
 */
static bool pl011_level(const struct vdev_config *dev)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return masked_status(dev) != 0;
}

static u32 pl011_pending(const struct vdev_config *dev)
{
	const struct vdev_pl011 *p = state(dev);
	u32 waiting = get(&p->tx_head) - get(&p->tx_tail);

	return waiting < PL011_TX_SIZE ? waiting : PL011_TX_SIZE;
}

static u32 pl011_take(const struct vdev_config *dev, u8 *buffer, u32 size)
{
	struct vdev_pl011 *p = state(dev);
	u32 tail = get(&p->tx_tail), waiting = acquire(&p->tx_head) - tail, n = 0;

	if (waiting > PL011_TX_SIZE) { /* vCPUs raced and moved head backwards: drop the mess, go on */
		set(&p->tx_tail, tail + waiting);
		return 0;
	}
	for (; n < size && n < waiting; n++) {
		LOOP_BOUND(PL011_TX_SIZE);
		buffer[n] = __atomic_load_n(&p->tx[(tail + n) % PL011_TX_SIZE], __ATOMIC_RELAXED);
	}
	publish(&p->tx_tail, tail + n);
	return n;
}

static u32 pl011_peek(const struct vdev_config *dev, u8 *buffer, u32 size)
{
	const struct vdev_pl011 *p = state(dev);
	u32 head = acquire(&p->tx_head), waiting = head - get(&p->tx_tail);

	if (waiting > PL011_TX_SIZE) /* as in pl011_take, which will drop it */
		return 0;
	if (size > waiting)
		size = waiting;
	for (u32 n = 0; n < size; n++) {
		LOOP_BOUND(PL011_TX_SIZE);
		buffer[n] = __atomic_load_n(&p->tx[(head - size + n) % PL011_TX_SIZE], __ATOMIC_RELAXED);
	}
	return size;
}

/* In loopback the wire is cut off inside. */
static bool pl011_put(const struct vdev_config *dev, u8 byte)
{
	struct vdev_pl011 *p = state(dev);

	return get(&p->regs[CR]) & CR_LBE ? true : rx_push(p, byte);
}

static u32 pl011_room(const struct vdev_config *dev)
{
	u32 waiting = rx_waiting(state(dev));

	return waiting < PL011_RX_SIZE ? PL011_RX_SIZE - waiting : 0;
}

static u64 pl011_dropped(const struct vdev_config *dev)
{
	return get(&state(dev)->tx_lost);
}

const struct vdev vdev_pl011 = {
	.read = pl011_read,
	.write = pl011_write,
	.reset = pl011_reset,
	.level = pl011_level,
	.take = pl011_take,
	.pending = pl011_pending,
	.peek = pl011_peek,
	.put = pl011_put,
	.room = pl011_room,
	.dropped = pl011_dropped,
	.glance_offset = FR * 4,
	.glance = pl011_glance,
};
