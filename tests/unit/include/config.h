/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* In place of Kconfig's. */
#ifndef TESTS_UNIT_CONFIG_H
#define TESTS_UNIT_CONFIG_H
#define CONFIG_CONSOLE_ESCAPE 0x14
#define CONFIG_CONSOLE_PAUSE_MS 10
#define CONFIG_SCRUB_AT_BOOT 0
#define CONFIG_LIFECYCLE 1
#define CONFIG_EXIT_COUNTERS 1
#define CONFIG_METRICS 1
#define CONFIG_TRACE 1
#define CONFIG_GDB 1
#define CONFIG_TRACE_AT_BOOT 0
#define CONFIG_LOG 1
#define CONFIG_LOG_LEVEL 4
#endif
