/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Keys after the escape key (CONFIG_CONSOLE_ESCAPE, Ctrl-T unless configured):
 *
 *   1..9  that cell gets the input      s  status of all cells
 *   n     the next cell                 x  power off the board
 *   h ?   help                          :  a command line (command.c)
 *   the escape key again: sends it
 *
 * A cell that does not read loses input (overrun, as on any UART); it cannot
 * keep these keys from working.
 */
#include "core/keys.h"
#include "core/bound.h"
#include "config.h"
#include "core/command.h"
#include "core/control.h"
#include "core/line.h"
#include "core/log.h"
#include "core/mmio.h"
#include "core/record.h"
#include "platform/platform.h"
#include "vdev/vdev.h"

/* Somebody who has just typed looks at what comes back. */
#define TYPING_TIME(hz) (10 * (hz))
#define POLL_BYTES 64u /* taken from the UART in one round of the pump */

static struct {
	u16 focus;    /* cell */
	bool escaped; /* the next byte is for us */
	bool typed;   /* ever, for any cell */
	u64 last;     /* ticks, when a byte was sent to the cell in focus */
} keys = { .focus = CELL_NONE };

static bool has_console(u32 cell)
{
	return cell < CELL_COUNT && cell_console(cell);
}

static u16 next_cell(u32 after)
{
	for (u32 i = 1; i <= CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (has_console((after + i) % CELL_COUNT))
			return (u16)((after + i) % CELL_COUNT);
	}
	return CELL_NONE;
}

void keys_forget(void)
{
	keys.escaped = false;
	command_init();
}

void keys_init(void)
{
	keys.focus = next_cell(CELL_COUNT - 1);
	keys.typed = false;
	keys_forget();
}

u16 keys_focus(void)
{
	return keys.focus;
}

bool keys_typing(u32 cell, u64 now)
{
	return cell == keys.focus && keys.typed && now - keys.last < TYPING_TIME(arch_time_hz());
}

static void set_focus(u32 cell)
{
	if (!has_console(cell)) {
		log_put(MESSAGE_NO_CONSOLE, LOG_NO_CELL);
		return;
	}
	keys.focus = (u16)cell;
	log_put(MESSAGE_INPUT_GOES_TO, cell);
}

static void help(void)
{
	log_put(MESSAGE_KEYS, LOG_NO_CELL, CONFIG_CONSOLE_ESCAPE + '@', CONFIG_CONSOLE_ESCAPE + '@');
	for (u32 cell = 0; cell < 9; cell++) {
		LOOP_BOUND(9);
		if (has_console(cell))
			log_put(MESSAGE_KEYS_CELL, cell, cell == keys.focus ? '>' : ' ', cell + 1);
	}
}

static void unknown(void)
{
	log_put(MESSAGE_UNKNOWN_KEY, LOG_NO_CELL);
}

static void send(u8 byte)
{
	if (keys.focus == CELL_NONE)
		return;
	const struct vdev_config *dev = cell_console(keys.focus);

	dev->ops->put(dev, byte);
	mmio_settle(dev);
}

static void command(u8 byte)
{
	switch (byte) {
	case CONFIG_CONSOLE_ESCAPE:
		send(byte);
		break;
	case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
		set_focus(byte - '1');
		break;
	case 'n':
		set_focus(next_cell(keys.focus));
		break;
	case 's':
		record_status();
		break;
	case 'x':
		if (control_board(BOARD_OFF) == LIFE_OK)
			log_put(MESSAGE_POWER_OFF, LOG_NO_CELL);
		else
			log_put(MESSAGE_BOARD_DENIED, LOG_NO_CELL, "power off");
		break;
	case 'h':
	case '?':
		help();
		break;
	case ':':
		if (!command_open())
			unknown();
		break;
	default:
		unknown();
		break;
	}
}

/* True: it was an order, and one is enough for a round. */
static bool take(u8 byte)
{
	if (keys.escaped) {
		keys.escaped = false;
		command(byte);
		return true;
	}
	if (byte == CONFIG_CONSOLE_ESCAPE) {
		keys.escaped = true;
		if (command_is_open())
			command_close();
	} else if (command_is_open()) {
		command_key(byte);
	} else {
		send(byte);
		keys.typed = true;
		keys.last = arch_time_now();
	}
	return false;
}

/* The next byte, and whether it is a key; -1: there is none. */
static int next(u64 now, bool *key)
{
	int byte = line_key();

	*key = byte >= 0;
	if (*key)
		return byte;
	byte = plat_console_get(machine_console_base);
	*key = byte >= 0 && !line_input((u8)byte, now);
	return byte;
}

void keys_poll(u64 now)
{
	bool key;

	for (u32 n = 0; n < POLL_BYTES && !command_is_busy(); n++) {
		LOOP_BOUND(POLL_BYTES);
		int byte = next(now, &key);

		if (byte < 0 || (key && take((u8)byte)))
			break;
	}
	command_obey();
	line_clock(now);
}
