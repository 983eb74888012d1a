/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* vdev/pl011.c against the TRM (DDI 0183G; section numbers below). */
#include "test.h"

#include "pl011_regs.h"

static void fill(const struct vdev_config *dev, u32 count)
{
	while (count--)
		wr(dev, DR, 'x');
}

/* 3.2, table 3-1: reset values. */
static void reset_values(void **state)
{
	static const u32 ids[] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)state;
	assert_int_equal(rd(block, RSR), 0);
	assert_int_equal(rd(block, FR) & ~7u, FR_TXFE | FR_RXFE);
	assert_int_equal(rd(block, ILPR), 0);
	assert_int_equal(rd(block, IBRD), 0);
	assert_int_equal(rd(block, FBRD), 0);
	assert_int_equal(rd(block, LCR_H), 0);
	assert_int_equal(rd(block, CR), 0x300);
	assert_int_equal(rd(block, IFLS), 0x12);
	assert_int_equal(rd(block, IMSC), 0);
	assert_int_equal(rd(block, RIS) & ~0xfu, 0);
	assert_int_equal(rd(block, MIS), 0);
	assert_int_equal(rd(block, DMACR), 0);
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(rd(block, 0xfe0 + 4 * i), ids[i]);
	assert_false(block->ops->level(block));
}

/* Each register keeps the bits it has; read-only and reserved ones keep none. */
static void stored_bits(void **state)
{
	static const struct { u32 offset, mask; } regs[] = {
		{ ILPR, 0xff }, { IBRD, 0xffff }, { FBRD, 0x3f }, { LCR_H, 0xff }, { CR, 0xff87 }, { IFLS, 0x3f },
		{ IMSC, 0x7ff }, { DMACR, 7 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(regs); i++) {
		wr(block, regs[i].offset, ~0u);
		assert_int_equal(rd(block, regs[i].offset), regs[i].mask);
		wr(block, regs[i].offset, 0);
		assert_int_equal(rd(block, regs[i].offset), 0);
	}
	for (u32 offset = 0; offset < 0x1000; offset += 4) {
		u32 before = rd(block, offset);
		bool known = offset <= DMACR && offset != 0x8 && offset != 0xc && offset != 0x10 && offset != 0x14 &&
			     offset != 0x1c;

		if (known && offset != FR && offset != RIS && offset != MIS)
			continue;
		wr(block, offset, ~before);
		assert_int_equal(rd(block, offset), before);
		if (!known && offset < 0xfe0)
			assert_int_equal(before, 0);
	}
}

static void reset_restores(void **state)
{
	(void)state;
	for (u32 offset = 0; offset < 0x100; offset += 4)
		if (offset != CR)
			wr(block, offset, ~0u);
	assert_int_equal(rd(block, IFLS), 0x3f);
	for (u32 i = 0; i < 300; i++)
		block->ops->put(block, 'x'); /* data, and an overrun */
	assert_true(block->ops->level(block));
	block->ops->reset(block);
	reset_values(state);
	assert_int_equal(rd(block, DR), 0);
	assert_int_equal(take(block, 10), 1); /* what was written before goes out still, */
	fill(block, RING + 1);
	block->ops->reset(block);
	take(block, PL011_TX_SIZE);
	assert_int_equal(rd(block, RIS), 0); /* and nobody hears of it */
}

static void narrow_and_wide(void **state)
{
	(void)state;
	wr(block, IBRD, 0x1234);
	assert_int_equal(block->ops->read(block, IBRD, 1), 0x34);
	assert_int_equal(block->ops->read(block, IBRD + 1, 1), 0x12);
	assert_int_equal(block->ops->read(block, IBRD + 2, 2), 0);
	assert_int_equal(block->ops->read(block, IBRD, 2), 0x1234);
	wr(block, FBRD, 0x3f);
	assert_int_equal(block->ops->read(block, ILPR, 8), 0); /* no IBRD above it */
	block->ops->write(block, IBRD, 1, 0xff56);
	assert_int_equal(rd(block, IBRD), 0x56);
	block->ops->write(block, IBRD + 1, 1, 0x77);
	assert_int_equal(rd(block, IBRD), 0x56);
	block->ops->write(block, IBRD, 8, 0x1234567800000042);
	assert_int_equal(rd(block, IBRD), 0x42);
	block->ops->write(block, DR, 1, 'a');
	block->ops->write(block, DR, 2, 'b');
	block->ops->put(block, 0xe9);
	assert_int_equal(block->ops->read(block, DR, 1), 0xe9);
	assert_int_equal(block->ops->pending(block), 2);
}

/* A polling driver: nothing is enabled, it looks at TXFF and writes. */
static void polled_output(void **state)
{
	u8 got[PL011_TX_SIZE];
	u32 sent = 0;

	(void)state;
	while (!(rd(block, FR) & FR_TXFF))
		wr(block, DR, sent++ & 0xff);
	assert_int_equal(sent, RING + 1); /* without FIFO: one holding register behind the ring */
	assert_int_equal(rd(block, FR) & (FR_TXFE | FR_BUSY), FR_BUSY);
	assert_int_equal(block->ops->dropped(block), 0);
	wr(block, DR, 'y');
	assert_int_equal(block->ops->dropped(block), 1); /* as on hardware: lost */
	assert_int_equal(block->ops->take(block, got, sizeof got), sent);
	for (u32 i = 0; i < sent; i++)
		assert_int_equal(got[i], i & 0xff);
	assert_int_equal(rd(block, FR) & (FR_TXFE | FR_BUSY | FR_TXFF), FR_TXFE);
	assert_int_equal(block->ops->pending(block), 0);
	assert_int_equal(take(block, 10), 0);
}

static void fifo_depth_is_32(void **state)
{
	(void)state;
	wr(block, LCR_H, FEN);
	fill(block, RING);
	assert_int_equal(rd(block, FR) & (FR_TXFE | FR_BUSY | FR_TXFF), FR_TXFE);
	fill(block, 31);
	assert_int_equal(rd(block, FR) & (FR_TXFE | FR_BUSY | FR_TXFF), FR_BUSY);
	fill(block, 1);
	assert_int_equal(rd(block, FR) & (FR_TXFE | FR_BUSY | FR_TXFF), FR_BUSY | FR_TXFF);
	assert_int_equal(take(block, 1), 1);
	assert_int_equal(rd(block, FR) & (FR_TXFE | FR_BUSY | FR_TXFF), FR_BUSY);
	assert_int_equal(take(block, 31), 31);
	assert_int_equal(rd(block, FR) & (FR_TXFE | FR_BUSY | FR_TXFF), FR_TXFE);
	assert_int_equal(block->ops->dropped(block), 1); /* of the test before */
}

static void drop_never_blocks(void **state)
{
	u64 before = drop->ops->dropped(drop);

	(void)state;
	for (u32 i = 0; i < PL011_TX_SIZE + 100; i++) {
		assert_int_equal(rd(drop, FR) & (FR_TXFE | FR_TXFF | FR_BUSY), FR_TXFE);
		wr(drop, DR, i & 0xff);
	}
	assert_int_equal(drop->ops->dropped(drop) - before, 100);
	assert_int_equal(drop->ops->pending(drop), PL011_TX_SIZE);
	/* Full, cleared, written again: the driver must still hear that it may go on. */
	wr(drop, IMSC, INT_TX);
	wr(drop, ICR, INT_TX);
	assert_false(drop->ops->level(drop));
	wr(drop, DR, 'x');
	assert_true(drop->ops->level(drop));
}

/* 3.4.3 UARTTXINTR: by transition through the level, not by the level. */
static void tx_interrupt(void **state)
{
	(void)state;
	wr(block, IMSC, INT_TX);
	assert_int_equal(rd(block, RIS) & INT_TX, 0); /* nothing was ever written */
	wr(block, DR, 'a');
	assert_int_equal(rd(block, RIS) & INT_TX, INT_TX); /* it left at once */
	assert_int_equal(rd(block, MIS), INT_TX);
	assert_true(block->ops->level(block));
	wr(block, ICR, INT_TX);
	assert_int_equal(rd(block, RIS) & INT_TX, 0);
	assert_false(block->ops->level(block));
	wr(block, DR, 'b');
	assert_true(block->ops->level(block));
	wr(block, IMSC, 0);
	assert_false(block->ops->level(block));
	assert_int_equal(rd(block, RIS) & INT_TX, INT_TX); /* raw stays */
	wr(block, ICR, ~(u32)INT_TX);
	assert_int_equal(rd(block, RIS) & INT_TX, INT_TX); /* another one's clear bit */
}

static void tx_interrupt_levels(void **state)
{
	static const u8 levels[] = { 4, 8, 16, 24, 28 };

	(void)state;
	wr(block, LCR_H, FEN);
	wr(block, IMSC, INT_TX);
	fill(block, RING);
	for (u32 select = 0; select < ARRAY_COUNT(levels); select++) {
		wr(block, IFLS, select);
		fill(block, levels[select]);
		assert_true(block->ops->level(block));
		fill(block, 1); /* above the trigger: cleared */
		assert_false(block->ops->level(block));
		assert_int_equal(take(block, 1), 1); /* reaches it */
		assert_true(block->ops->level(block));
		wr(block, ICR, INT_TX); /* at the trigger: cleared, and no transition comes from draining further */
		assert_int_equal(take(block, 1), 1);
		assert_false(block->ops->level(block));
		fill(block, 3); /* above again, cleared there: comes when the level is reached */
		wr(block, ICR, INT_TX);
		assert_int_equal(take(block, 1), 1);
		assert_false(block->ops->level(block));
		assert_int_equal(take(block, 1), 1);
		assert_true(block->ops->level(block));
		assert_int_equal(take(block, levels[select]), levels[select]);
		assert_int_equal(rd(block, FR) & FR_TXFE, FR_TXFE);
	}
}

/* Without FIFO: when the holding register becomes empty. */
static void tx_interrupt_character_mode(void **state)
{
	(void)state;
	wr(block, IMSC, INT_TX);
	fill(block, RING);
	assert_true(block->ops->level(block));
	fill(block, 1);
	assert_false(block->ops->level(block));
	take(block, 1);
	assert_true(block->ops->level(block));
}

static void receive(void **state)
{
	static const u8 levels[] = { 4, 8, 16, 24, 28 };

	(void)state;
	wr(block, LCR_H, FEN);
	for (u32 select = 0; select < ARRAY_COUNT(levels); select++) {
		wr(block, IFLS, select << 3);
		for (u32 n = 1; n <= 32; n++) {
			assert_true(block->ops->put(block, (u8)n));
			assert_int_equal(rd(block, FR) & FR_RXFE, 0);
			assert_int_equal(!!(rd(block, FR) & FR_RXFF), n == 32);
			assert_int_equal(!!(rd(block, RIS) & INT_RX), n >= levels[select]);
			assert_int_equal(rd(block, RIS) & INT_RT, INT_RT);
		}
		wr(block, ICR, INT_RX | INT_RT);
		assert_int_equal(rd(block, RIS) & INT_RX, 0);
		assert_int_equal(rd(block, RIS) & INT_RT, INT_RT); /* data still waits: the timeout is zero */
		block->ops->put(block, 33);
		assert_int_equal(rd(block, RIS) & INT_RX, INT_RX);
		for (u32 n = 1; n <= 33; n++) {
			assert_int_equal(!!(rd(block, RIS) & INT_RX), 33 - n + 1 >= levels[select]);
			assert_int_equal(rd(block, DR), n);
		}
		assert_int_equal(rd(block, FR) & (FR_RXFE | FR_RXFF), FR_RXFE);
		assert_int_equal(rd(block, RIS) & (INT_RX | INT_RT), 0);
	}
	assert_int_equal(rd(block, DR), 0); /* empty */
}

static void receive_character_mode(void **state)
{
	(void)state;
	block->ops->put(block, 'a');
	assert_int_equal(rd(block, FR) & (FR_RXFE | FR_RXFF), FR_RXFF);
	assert_int_equal(rd(block, RIS) & INT_RX, INT_RX);
	assert_int_equal(rd(block, DR), 'a');
	assert_int_equal(rd(block, RIS) & INT_RX, 0);
	assert_int_equal(rd(block, FR) & (FR_RXFE | FR_RXFF), FR_RXFE);
}

/* 3.3.2, 3.3.1, 3.3.11: three places tell of an overrun, each cleared in its own way. */
static void overrun(void **state)
{
	(void)state;
	wr(block, IMSC, INT_OE);
	for (u32 i = 0; i < PL011_RX_SIZE; i++)
		assert_true(block->ops->put(block, (u8)i));
	assert_false(block->ops->level(block));
	assert_false(block->ops->put(block, 0xff));
	assert_true(block->ops->level(block));
	assert_int_equal(rd(block, MIS), INT_OE);
	assert_int_equal(rd(block, RSR), 8);
	assert_int_equal(rd(block, DR), 0x800 | 0);
	assert_int_equal(rd(block, DR), 1);
	wr(block, ICR, INT_OE);
	assert_false(block->ops->level(block));
	assert_int_equal(rd(block, RSR), 8);
	wr(block, RSR, 0);
	assert_int_equal(rd(block, RSR), 0);
	for (u32 i = 2; i < PL011_RX_SIZE; i++)
		assert_int_equal(rd(block, DR), i);
	assert_int_equal(rd(block, FR) & FR_RXFE, FR_RXFE);
	assert_true(block->ops->put(block, 'x'));
}

static void fifo_toggle_flushes_input(void **state)
{
	(void)state;
	block->ops->put(block, 'a');
	wr(block, LCR_H, 0x60);
	assert_int_equal(rd(block, FR) & FR_RXFE, 0);
	wr(block, LCR_H, 0x60 | FEN);
	assert_int_equal(rd(block, FR) & FR_RXFE, FR_RXFE);
	block->ops->put(block, 'b');
	wr(block, LCR_H, 0x70);
	assert_int_equal(rd(block, FR) & FR_RXFE, 0);
	wr(block, LCR_H, 0);
	assert_int_equal(rd(block, FR) & FR_RXFE, FR_RXFE);
}

/* 2.4.4, 3.3.8 LBE: what is sent is received, the wire is cut, modem outputs are the inputs. */
static void loopback(void **state)
{
	(void)state;
	assert_int_equal(rd(block, FR) & 0x107, FR_CTS | FR_DSR | FR_DCD);
	wr(block, ICR, 0xf);
	wr(block, LCR_H, FEN);
	wr(block, CR, 0x301 | LBE);
	assert_int_equal(rd(block, FR) & 0x107, 0);
	assert_int_equal(rd(block, RIS) & 0xf, INT_CTS | INT_DSR | INT_DCD); /* all three fell */
	wr(block, ICR, 0xf);
	wr(block, CR, 0x301 | LBE | 1 << 11);
	assert_int_equal(rd(block, FR) & 0x107, FR_CTS);
	assert_int_equal(rd(block, RIS) & 0xf, INT_CTS);
	wr(block, CR, 0x301 | LBE | 1 << 10);
	assert_int_equal(rd(block, FR) & 0x107, FR_DSR);
	assert_int_equal(rd(block, RIS) & 0xf, INT_CTS | INT_DSR);
	wr(block, CR, 0x301 | LBE | 1 << 12);
	assert_int_equal(rd(block, FR) & 0x107, FR_DCD);
	wr(block, CR, 0x301 | LBE | 1 << 13);
	assert_int_equal(rd(block, FR) & 0x107, FR_RI);
	wr(block, DR, 'a');
	assert_true(block->ops->put(block, 'z')); /* from outside: not heard */
	assert_int_equal(block->ops->pending(block), 0);
	assert_int_equal(rd(block, RIS) & INT_TX, INT_TX);
	assert_int_equal(rd(block, DR), 'a');
	assert_int_equal(rd(block, FR) & FR_RXFE, FR_RXFE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reset_values, machine_reset),
		cmocka_unit_test_setup(stored_bits, machine_reset),
		cmocka_unit_test_setup(reset_restores, machine_reset),
		cmocka_unit_test_setup(narrow_and_wide, machine_reset),
		cmocka_unit_test_setup(polled_output, machine_reset),
		cmocka_unit_test_setup(fifo_depth_is_32, machine_reset),
		cmocka_unit_test_setup(drop_never_blocks, machine_reset),
		cmocka_unit_test_setup(tx_interrupt, machine_reset),
		cmocka_unit_test_setup(tx_interrupt_levels, machine_reset),
		cmocka_unit_test_setup(tx_interrupt_character_mode, machine_reset),
		cmocka_unit_test_setup(receive, machine_reset),
		cmocka_unit_test_setup(receive_character_mode, machine_reset),
		cmocka_unit_test_setup(overrun, machine_reset),
		cmocka_unit_test_setup(fifo_toggle_flushes_input, machine_reset),
		cmocka_unit_test_setup(loopback, machine_reset),
	};
	return cmocka_run_group_tests_name("pl011", tests, NULL, NULL);
}
