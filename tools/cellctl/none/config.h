/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* In place of Kconfig's: as counts.h beside it. */
#define CONFIG_CONSOLE_ESCAPE 0x14
#define CONFIG_SCRUB_AT_BOOT 0
#define CONFIG_TRACE 0
#define CONFIG_EXIT_COUNTERS 1
#define CONFIG_METRICS 0
#define CONFIG_GDB 0
#define CONFIG_LINE 0
#define CONFIG_LOG 1
#define CONFIG_LOG_LEVEL 4
