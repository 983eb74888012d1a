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
	/* ends of cells */ \
	M(STOPPED, NOTICE, LIFE, "cell @: %s, vCPU %u on %s, pc 0x%lx") \
	M(FAULT, ERROR, FAULT, "cell @: %s: %s, vCPU %u on %s, pc 0x%lx") \
	M(TOLD, NOTICE, LIFE, "cell @: %s%s") \
	M(FAILED, ERROR, FAULT, "cell @: %s%s") \
	M(REGISTERS, INFO, FAULT, "@:%s") \
	/* what devices were refused */ \
	M(DMA_REFUSED_AT, ERROR, DMA, "dma: cell @, %s (stream 0x%x): %s 0x%lx refused: %s (event 0x%x)%s") \
	M(DMA_REFUSED, ERROR, DMA, "dma: cell @, %s (stream 0x%x): refused: %s (event 0x%x)%s") \
	M(DMA_NOBODY_AT, WARNING, DMA, "dma: stream 0x%x of %s, nobody's: %s 0x%lx refused: %s (event 0x%x)%s") \
	M(DMA_NOBODY, WARNING, DMA, "dma: stream 0x%x of %s, nobody's: refused: %s (event 0x%x)%s") \
	M(DMA_LOST, WARNING, DMA, "dma: %s: more events than it can keep, some are lost%s") \
	/* what earlier boots have left */ \
	M(CRASH_REGION, INFO, CORE, "crash region at 0x%lx: boot %u, %u records of earlier ones; the last boot's audit has %u entries, %u of them refusals") \
	M(CRASH_CELL, NOTICE, FAULT, "crash record %u of %s: cell %s, life %u, %s%s%s, vCPU %u on %s, pc 0x%lx; %u bytes of console; `crash %s` shows it") \
	M(CRASH_PANIC, ERROR, CORE, "crash record %u of %s: panic on %s: %s: %s 0x%lx, %s 0x%lx, pc 0x%lx; `crash` shows it") \
	M(CRASH_DAMAGED, WARNING, CORE, "crash region: %u of its parts are damaged (a reset while they were written, or memory that was not kept): they are empty now") \
	M(CRASH_FOREIGN, WARNING, CORE, "crash region: %u of its parts are of another version of the format: they stay until they are overwritten") \
	/* answers to the operator */ \
	M(CRASH_NO_REGION, INFO, TEXT, "crash: there is no crash region (cloison,crash-region)") \
	M(CRASH_NO_RECORD, INFO, TEXT, "crash: there is no record of cell @") \
	M(CRASH_ORIGIN, INFO, TEXT, "crash %u: boot %u, counter at %lu.%06lu s; by %s; then %s; partition %s, configuration %s...") \
	M(CRASH_WORDS, INFO, TEXT, "crash %u:%s") \
	M(CRASH_VCPU, INFO, TEXT, "crash %u: vCPU %u: %s") \
	M(CRASH_CONSOLE, INFO, TEXT, "crash %u: | %s") \
	M(CRASH_LINE, INFO, TEXT, "crash %u: %s") \
	M(STATUS_LIFE, INFO, TEXT, "life cell=@ state=%s lives=%u reason=%s asked=%s regain=%lu stop=%lu clear=%lu start=%lu resume=%lu missing=%u") \
	M(STATUS_CONSOLE, INFO, TEXT, "console cell=@ waiting=%u dropped=%lu") \
	M(STATUS_STREAM, INFO, TEXT, "dma cell=@ device=%s stream=0x%x state=%s refused=%lu last=0x%lx") \
	M(STATUS_IOMMU, INFO, TEXT, "dma iommu=%s nobody=%lu lost=%lu") \
	M(STATUS_CORE, INFO, TEXT, "console core lost=%u") \
	/* debuggers */ \
	M(DEBUGGER_GONE, NOTICE, LIFE, "cell @: suspended by a debugger that has gone; resume lets it go on") \
	M(WHICH_CELL, INFO, TEXT, "%s which cell? Names, or all") \
	M(NO_NAME, INFO, TEXT, "%s is about all of the board, and takes no name") \
	M(NOTHING, INFO, TEXT, "%s: nothing") \
	M(AUDIT_SHOWN, INFO, TEXT, "audit %u: %s%s %s%s%s: %s%s") \
	M(NO_CONSOLE, INFO, TEXT, "no such console") \
	M(INPUT_GOES_TO, INFO, TEXT, "input goes to @") \
	M(KEYS, INFO, TEXT, "Ctrl-%c, then: 1-9 cell, n next cell, s status, : commands, x power off, Ctrl-%c send it") \
	M(KEYS_CELL, INFO, TEXT, "%c%u @") \
	M(UNKNOWN_KEY, INFO, TEXT, "unknown key; h shows help") \
	/* what the operator does */ \
	M(OPERATION, NOTICE, LIFE, "%s @: %s") \
	M(OPERATION_DENIED, WARNING, LIFE, "%s @: %s; cloison,controls and cloison,controls-rights of the hypervisor node say what you may do") \
	M(RESET_BY_OPERATOR, NOTICE, CORE, "the board is reset") \
	M(POWER_OFF, NOTICE, CORE, "power off") \
	M(BOARD_DENIED, WARNING, CORE, "%s: denied; cloison,board-rights of the hypervisor node says what you may do") \
	M(LINE_ESCAPED, INFO, CORE, "line: plain text, and keys") \
	M(LINE_SILENT, NOTICE, CORE, "line: silent, plain text again; keys when Ctrl-%c has come alone") \
	/* who has asked what of whom: sequence, "cell " or nothing, who, operation, a blank or nothing, of which cell, result, how often */ \
	M(AUDIT_DONE, NOTICE, AUDIT, "audit %u: %s%s %s%s%s: %s%s") \
	M(AUDIT_REFUSED, WARNING, AUDIT, "audit %u: %s%s %s%s%s: %s%s") \
	/* the head of a record that is shown */ \
	M(CRASH_SHOWN, NOTICE, TEXT, "crash record %u of %s: cell %s, life %u, %s%s%s, vCPU %u on %s, pc 0x%lx; %u bytes of console") \
	M(CRASH_PANIC_SHOWN, ERROR, TEXT, "crash record %u of %s: panic on %s: %s: %s 0x%lx, %s 0x%lx, pc 0x%lx") \
	/* the next one */

#define LOG_NAME(name, severity, category, format) MESSAGE_##name,
enum log_message { LOG_MESSAGES(LOG_NAME) MESSAGE_COUNT };
#undef LOG_NAME

#endif
