/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* In place of Kconfig's: nothing but what decides. */
#define CONFIG_SCRUB_AT_BOOT 0
#define CONFIG_EXIT_COUNTERS 1
#define CONFIG_METRICS 0
#define CONFIG_TRACE 0
#define CONFIG_TRACE_AT_BOOT 0
#define CONFIG_LOG 1
#define CONFIG_LOG_LEVEL 4
