/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* CONFIG_LOG_LEVEL: what is less severe is not said, and costs nothing: its arguments are not even evaluated. */
#include "test.h"

#include "config.h"
#undef CONFIG_LOG_LEVEL
#define CONFIG_LOG_LEVEL 1
#include "machine.h"
#include "core/log.h"
#include "core/log_read.h"

static u32 evaluated;

static u32 argument(void)
{
	return ++evaluated;
}

static void only_what_is_severe(void **state)
{
	struct log_record record;

	(void)state;
	log_put(MESSAGE_RESTARTED, CELL_LINUX, argument());               /* a notice */
	log_put(MESSAGE_BOARD_WATCHDOG, LOG_NO_CELL, (u64)argument());    /* info */
	assert_int_equal(evaluated, 0);
	assert_int_equal(log_take(&record), 0);
	log_put(MESSAGE_OTHERS_STOPPED, CELL_LINUX, "fault");             /* a warning */
	assert_true(log_take(&record) > 0);
	assert_int_equal(record.head.message, MESSAGE_OTHERS_STOPPED);
	log_put(MESSAGE_UNCLEAN, CELL_LINUX);                             /* an error */
	assert_true(log_take(&record) > 0);
	assert_int_equal(record.head.severity, LOG_ERROR);
	log_put(MESSAGE_VCPUS_MISSING, CELL_LINUX, argument());
	assert_int_equal(evaluated, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup(only_what_is_severe, machine_reset) };

	return cmocka_run_group_tests_name("log_level", tests, NULL, NULL);
}
