/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Everything the core says, in one table: M(name, severity, category, format). The formats are those of core/fmt.h; an '@' stands
 * for the name of the record's cell. The order is part of the line's format (a host knows a message by its number): new
 * ones go to the end. tools/cellctl is built from the same table, and translates it.
 */
#ifndef CLOISON_CORE_MESSAGES_H
#define CLOISON_CORE_MESSAGES_H

#define LOG_MESSAGES(M) \
	M(PLAIN, INFO, TEXT, "%s") /* a line that is no record of its own */ \
	/* boot */ \
	M(BOOT, NOTICE, CORE, "Cloison %s on %s, configuration %s") \
	M(FOUND, INFO, CORE, "%s") \
	M(CPU_REFUSED, ERROR, CORE, "firmware refuses to start %s (error %d)") \
	M(FUNCTION_DIFFERS, ERROR, DEVICE, "%s: %s") \
	M(SMMU_DECLARED, ERROR, DMA, "%s: declared SMMUv3 at 0x%lx, StreamIDs of %u bits, PA %u bits, coherent") \
	M(SMMU_FOUND, ERROR, DMA, "%s: found SMMUv3.%u, StreamIDs of %u bits, PA %u bits, %scoherent; IDR0 %08x IDR1 %08x IDR5 %08x AIDR %08x") \
	M(SMMU_SILENT, ERROR, DMA, "%s: declared SMMUv3 at 0x%lx, found nothing: reading it aborts") \
	/* the core */ \
	M(PANIC, ERROR, CORE, "%s") \
	M(PANIC_ENDS, ERROR, CORE, "panic: configuration %s; %s") \
	M(BOARD_WATCHDOG, INFO, CORE, "board watchdog: resets the board %lu ms after it was fed last") \
	M(BOARD_WATCHDOG_ENDS, ERROR, CORE, "board watchdog: fed no more: %s") \
	M(RESET_BY_CELL, WARNING, CORE, "cell @: %s: the board is reset") \
	/* lives */ \
	M(RESTARTED, NOTICE, LIFE, "cell @: restarted, number %u") \
	M(TOO_MANY_RESTARTS, ERROR, LIFE, "cell @: more than %u restarts within %u seconds: it stays failed") \
	M(UNCLEAN, ERROR, LIFE, "cell @: its memory cannot be cleared: it is never started again") \
	M(VCPUS_MISSING, ERROR, LIFE, "cell @: %u of its vCPUs did not come in: it is not started before they have") \
	M(OTHERS_STOPPED, WARNING, LIFE, "cell @: %s: all other cells are stopped") \
	M(OVERDUE, WARNING, LIFE, "cell @: its %s") \
	/* interrupts, devices */ \
	M(STORM, WARNING, IRQ, "cell @: interrupt %u (the cell's %u) came more than %u times in a second: masked") \
	M(ITS_STOPPED, ERROR, IRQ, "cell @: the ITS has stopped at command 0x%x (CREADR 0x%lx): no more changes of its interrupts") \
	M(SMMU_OFF, ERROR, DMA, "%s: %s (0x%x): it is switched off, devices behind it reach nothing any more%s") \
	M(IOMMU_SILENT, ERROR, DMA, "cell @: its IOMMU does not answer, so it is not loaded again") \
	M(FUNCTION_SILENT, WARNING, DEVICE, "cell @: %s does not answer after its reset: the cell waits for it") \
	/* the next one */

#define LOG_NAME(name, severity, category, format) MESSAGE_##name,
enum log_message { LOG_MESSAGES(LOG_NAME) MESSAGE_COUNT };
#undef LOG_NAME

#endif
