/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * vdev/pl011.c against a second model, written as a sequential machine with
 * stored flags, by random sequences of accesses; and at the ends of its range.
 */
#include "test.h"

#include "pl011_regs.h"

struct model {
	u32 lcr_h, ifls, imsc;
	u32 tx;            /* bytes in ring and FIFO */
	u32 rx;
	bool tx_event, rx_event, oe;
	u32 lost;
	bool drop;
};

static u32 trigger(const struct model *m, u32 shift, u32 otherwise)
{
	static const u8 eighths[] = { 1, 2, 4, 6, 7, 7, 7, 7 };

	return m->lcr_h & FEN ? eighths[m->ifls >> shift & 7] * 4u : otherwise;
}

static u32 model_level(const struct model *m)
{
	return m->drop || m->tx < RING ? 0 : m->tx - RING;
}

static u32 model_ris(const struct model *m)
{
	return (m->rx_event && m->rx >= trigger(m, 3, 1) ? INT_RX : 0u) | (m->rx ? INT_RT : 0u) |
	       (m->tx_event && model_level(m) <= trigger(m, 0, 0) ? INT_TX : 0u) | (m->oe ? INT_OE : 0u);
}

static u32 model_fr(const struct model *m)
{
	u32 depth = m->lcr_h & FEN ? 32 : 1, level = model_level(m);

	return (level ? FR_BUSY : FR_TXFE) | (level >= depth ? FR_TXFF : 0u) | (m->rx ? 0u : FR_RXFE) |
	       (m->rx >= depth ? FR_RXFF : 0u) | FR_CTS | FR_DSR | FR_DCD;
}

static void model_send(struct model *m)
{
	bool fits = m->tx < (m->drop ? PL011_TX_SIZE : RING + (m->lcr_h & FEN ? 32 : 1));

	m->tx += fits;
	m->lost += !fits;
	m->tx_event |= fits || m->drop;
}

static void random_step(const struct vdev_config *dev, struct model *m, u64 *seed)
{
	u32 n = next_random(seed), amount = n >> 8 & 0x3f, before = m->tx;

	switch (n % 12) {
	case 0: case 1: case 2:
		while (amount--) {
			wr(dev, DR, amount);
			model_send(m);
		}
		break;
	case 3:
		n = take(dev, amount * 4);
		assert_int_equal(n, before < amount * 4 ? before : amount * 4);
		m->tx -= n;
		break;
	case 4: case 5:
		for (; amount; amount--) {
			bool fits = m->rx < PL011_RX_SIZE;

			assert_int_equal(dev->ops->put(dev, (u8)amount), fits);
			m->rx += fits;
			m->rx_event |= fits;
			m->oe |= !fits;
		}
		break;
	case 6: case 7:
		for (; amount; amount--) {
			rd(dev, DR);
			m->rx -= m->rx != 0;
		}
		break;
	case 8:
		wr(dev, ICR, amount << 4 | (n >> 16 & INT_OE));
		m->oe &= !(n >> 16 & INT_OE);
		m->rx_event &= !(amount << 4 & INT_RX);
		if (amount << 4 & INT_TX)
			m->tx_event = model_level(m) > trigger(m, 0, 0);
		break;
	case 9:
		wr(dev, IFLS, m->ifls = amount);
		break;
	case 10:
		wr(dev, IMSC, m->imsc = n >> 8 & 0x7f0);
		break;
	default:
		if ((m->lcr_h ^ amount) & FEN)
			m->rx = 0;
		wr(dev, LCR_H, m->lcr_h = amount);
		break;
	}
}

/* The short way says what the long one does, or nothing; and while an interrupt is asserted, nothing. */
static u32 glances[2];

static void glance(const struct vdev_config *dev, const struct model *m)
{
	s64 value = dev->ops->glance(dev);

	glances[value >= 0]++;
	if (value < 0)
		return;
	assert_int_equal(value, model_fr(m));
	assert_int_equal(model_ris(m) & m->imsc, 0);
}

static void random_sequences(void **state)
{
	(void)state;
	assert_int_equal(block->ops->glance_offset, FR);
	for (u64 round = 1; round <= 400; round++) {
		const struct vdev_config *dev = round & 1 ? block : drop;
		struct model m = { .ifls = 0x12, .drop = dev == drop };
		u64 seed = round * 0x9e3779b97f4a7c15ULL;

		take(dev, PL011_TX_SIZE);
		dev->ops->reset(dev);
		u64 lost = dev->ops->dropped(dev);

		for (u32 step = 0; step < 300; step++) {
			random_step(dev, &m, &seed);
			assert_int_equal(rd(dev, FR), model_fr(&m));
			assert_int_equal(rd(dev, RIS), model_ris(&m));
			assert_int_equal(rd(dev, MIS), model_ris(&m) & m.imsc);
			assert_int_equal(dev->ops->level(dev), (model_ris(&m) & m.imsc) != 0);
			assert_int_equal(dev->ops->pending(dev), m.tx);
			assert_int_equal(dev->ops->dropped(dev) - lost, m.lost);
			glance(dev, &m);
		}
	}
	assert_true(glances[0] > 1000 && glances[1] > 1000);
	/* The modem's flags are others in loopback. */
	block->ops->reset(block);
	assert_true(block->ops->glance(block) >= 0);
	wr(block, CR, LBE);
	assert_true(block->ops->glance(block) < 0);
}

/* Positions run through 2^32. */
static void wrap_around(void **state)
{
	(void)state;
	uart_linux.tx_head = uart_linux.tx_tail = uart_linux.tx_mark = 0xfffffff0u;
	uart_linux.rx_head = uart_linux.rx_tail = uart_linux.rx_mark = 0xfffffff0u;
	wr(block, LCR_H, FEN);
	for (u32 i = 0; i < 64; i++) {
		wr(block, DR, i);
		block->ops->put(block, (u8)i);
	}
	assert_int_equal(block->ops->pending(block), 64);
	assert_int_equal(rd(block, RIS) & (INT_TX | INT_RX | INT_RT), INT_TX | INT_RX | INT_RT);
	for (u32 i = 0; i < 64; i++)
		assert_int_equal(rd(block, DR), i);
	assert_int_equal(take(block, 64), 64);
	assert_int_equal(block->ops->pending(block), 0);
}

/* Any positions at all (vCPUs that raced): it comes back to work by itself. */
static void recovers_from_any_positions(void **state)
{
	u64 seed = 7;

	(void)state;
	for (u32 i = 0; i < 2000; i++) {
		u8 byte = 0;

		uart_linux.tx_head = next_random(&seed);
		uart_linux.rx_tail = next_random(&seed);
		rd(block, FR);
		rd(block, RIS);
		wr(block, DR, 'x');
		for (u32 n = 0; n < PL011_RX_SIZE + 1; n++)
			rd(block, DR);
		assert_int_equal(rd(block, FR) & FR_RXFE, FR_RXFE);
		take(block, PL011_TX_SIZE);
		take(block, PL011_TX_SIZE);
		assert_int_equal(rd(block, FR) & (FR_TXFE | FR_TXFF), FR_TXFE);
		wr(block, DR, 'y');
		assert_int_equal(block->ops->take(block, &byte, 1), 1);
		assert_int_equal(byte, 'y');
		assert_true(block->ops->put(block, 'z'));
		assert_int_equal(rd(block, DR) & 0xff, 'z');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(random_sequences, machine_reset),
		cmocka_unit_test_setup(wrap_around, machine_reset),
		cmocka_unit_test_setup(recovers_from_any_positions, machine_reset),
	};
	return cmocka_run_group_tests_name("pl011_random", tests, NULL, NULL);
}
