/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Records and counters as text (record.h). One line for each vCPU and console,
 * name=value throughout, for people and for scripts:
 *
 *   [core] cell hello: stopped by breakpoint (debug), vCPU 0 on cpu3, pc 0x...
 *   [core] hello: esr=0x... far=0x... hpfar=0x... spsr=0x...
 *   [core] hello: x0=0x... x1=0x... x2=0x... x3=0x...
 *   [core] counters cell=control vcpu=0 cpu=cpu2 state=running power=on hvc=3 smc=0 ... total=12, and what the ISA counts besides
 *   [core] console cell=control waiting=0 dropped=0
 *   [core] life cell=... (record_life.c), dma cell=..., dma iommu=... (iommu_events.c)
 *   [core] console core lost=0
 */
#include "core/record.h"
#include "core/bound.h"
#include "core/command.h"
#include "core/console.h"
#include "core/fmt.h"
#include "core/iommu.h"
#include "core/life.h"
#include "core/log.h"
#include "vdev/vdev.h"

#define POLL_LINES (SERVICE_SHARED ? 1u : 16u) /* few, where the CPU is a cell's too */
#define LINE_HEAD 0u   /* lines of a record: what, where */
#define LINE_DETAIL 1u /* ISA-specific syndrome */
#define LINE_REGS 2u   /* the registers, from here on */

const char record_exit_names[EXIT_REASON_COUNT][8] = {
	[EXIT_HVC] = "hvc", [EXIT_SMC] = "smc", [EXIT_SGI] = "sgi", [EXIT_WFI] = "wfi",
	[EXIT_IRQCHIP] = "irqchip", [EXIT_VDEV] = "vdev", [EXIT_ID] = "id", [EXIT_SYSREG] = "sysreg",
	[EXIT_DENIED] = "denied", [EXIT_REVOKED] = "revoked", [EXIT_FAULT] = "fault", [EXIT_IRQ] = "irq", [EXIT_PCI] = "pci",
};

const char record_power_names[RECORD_POWERS][8] = {
	[VCPU_OFF] = "off", [VCPU_CLAIMED] = "pending", [VCPU_ON_PENDING] = "pending", [VCPU_ON] = "on",
};

static const char *const stop_names[] = {
	[STOP_NONE] = "stopped", [STOP_SYSTEM_OFF] = "switched itself off", [STOP_SYSTEM_RESET] = "asked for a reset",
	[STOP_DEBUG] = "stopped by breakpoint (debug)", [STOP_FAULT] = "stopped by fault",
	[STOP_DENIED] = "stopped by denied register",
};

/* All of the pump. */
static struct {
	u16 cell;   /* whose record is being printed, or the next to look at */
	u16 line;   /* its next line */
	u32 status; /* next line of the status, */
	bool asked; /* if one is due */
} report;

/* ---- records ---- */

static void print_head(u32 cell, const struct record *record)
{
	const char *stopped = record->reason < ARRAY_COUNT(stop_names) ? stop_names[record->reason] : NULL, *cpu = machine_cpus[record->cpu].name;

	if (record->reason == STOP_FAULT || record->reason == STOP_DENIED)
		log_put(MESSAGE_FAULT, cell, stopped, record->what, record->vcpu, cpu, record->pc);
	else
		log_put(MESSAGE_STOPPED, cell, stopped, record->vcpu, cpu, record->pc);
}

void record_words(u32 cell, const char (*names)[REGISTER_NAME], u32 first, const u64 *words, u32 count)
{
	char line[256];
	u32 at = 0;

	for (u32 i = 0; i < count; i++) {
		LOOP_BOUND(RECORD_REGS_PER_LINE);
		at += names ? fmt_print(line + at, (u32)sizeof line - at, " %s", names[i]) :
			      fmt_print(line + at, (u32)sizeof line - at, " x%u", first + i);
		at += fmt_print(line + at, (u32)sizeof line - at, "=0x%016lx", words[i]);
	}
	log_put(MESSAGE_REGISTERS, cell, line);
}

void record_regs(u32 cell, const u64 *regs, u32 line)
{
	u32 first = line * RECORD_REGS_PER_LINE, left = RECORD_REG_COUNT - first;

	record_words(cell, NULL, first, &regs[first], left < RECORD_REGS_PER_LINE ? left : RECORD_REGS_PER_LINE);
}

static void print_record_line(u32 cell, u32 line)
{
	const struct record *record = &cells[cell].record;

	if (record_is_told(record))
		record_told_line(cell, line);
	else if (line == LINE_HEAD)
		print_head(cell, record);
	else if (line == LINE_DETAIL)
		record_words(cell, arch_record_detail_names, 0, record->detail, ARRAY_COUNT(record->detail));
	else
		record_regs(cell, record->regs, line - LINE_REGS);
}

/* Who switched itself off has nothing to explain. */
static u32 record_lines(u32 cell)
{
	const struct record *record = &cells[cell].record;

	if (record_is_told(record))
		return record_told_lines(cell);
	return record->reason == STOP_SYSTEM_OFF ? LINE_HEAD + 1 : LINE_REGS + RECORD_REG_LINES;
}

bool record_is_due(void)
{
	for (u32 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (atomic_load32(&cells[i].record_state) == RECORD_READY)
			return true;
	}
	return false;
}

/* After the cell's own last words: it prints no more, so this comes to an end. If it runs again, without delay. */
static bool is_ready(u32 cell)
{
	if (atomic_load32(&cells[cell].record_state) != RECORD_READY)
		return false;
	return report.line || (record_is_complete(cell) && (!cell_is_ending((u16)cell) || console_is_drained(cell)));
}

static bool find_record(void)
{
	for (u32 i = 0; i < CELL_COUNT; i++) {
		LOOP_BOUND(CELL_COUNT);
		if (is_ready(report.cell))
			return true;
		report.line = 0;
		report.cell = report.cell + 1 < CELL_COUNT ? report.cell + 1 : 0;
	}
	return false;
}

static bool record_line(void)
{
	if (!find_record())
		return false;
	if (!record_goes_on(report.cell, report.line))
		report.line = 0;
	print_record_line(report.cell, report.line++);
	if (report.line == record_lines(report.cell)) {
		life_reported(report.cell); /* there is room: the line before was not that long */
		atomic_store32(&cells[report.cell].record_state, RECORD_PRINTED);
		report.line = 0;
	}
	return true;
}

/* ---- status ---- */

static void print_counters(u16 index)
{
	const struct cpu *cpu = cpu_at(index);
	char line[LOG_LINE];
	const char *name;
	u64 count;
	u32 state = atomic_load32(&cells[cpu->cell_index].state), power = atomic_load32(&cpu->vcpu->state);
	u32 at = fmt_print(line, sizeof line, "counters cell=%s vcpu=%u cpu=%s state=%s power=%s", cpu->cell->name,
			   cpu->vcpu_index, cpu->config->name, life_shown_names[life_shown(state)],
			   power < RECORD_POWERS ? record_power_names[power] : NULL);

	for (u32 i = 0; i < EXITS_COUNTED; i++) {
		count = __atomic_load_n(&cpu->exits[i], __ATOMIC_RELAXED);
		at += fmt_print(line + at, (u32)sizeof line - at, " %s=%lu", record_exit_names[i], count);
	}
	if (EXITS_COUNTED)
		at += fmt_print(line + at, (u32)sizeof line - at, " total=%lu", cell_exits(cpu));
	for (u32 i = 0; (name = arch_cpu_count(cpu, i, &count)); i++) {
		LOOP_BOUND(ARCH_COUNTS);
		at += fmt_print(line + at, (u32)sizeof line - at, " %s=%lu", name, count);
	}
	log_put(MESSAGE_PLAIN, LOG_NO_CELL, line);
}

static void print_console(u32 cell)
{
	const struct vdev_config *dev = cell_console(cell);

	if (dev)
		log_put(MESSAGE_STATUS_CONSOLE, cell, dev->ops->pending(dev), dev->ops->dropped(dev));
}

void record_status(void)
{
	report.asked = true;
	report.status = 0;
}

/* First the vCPUs, then the cells' lives, their consoles, the streams of devices, then the core. */
static bool status_line(void)
{
	u32 item = report.status++;

	if (!report.asked)
		return false;
	if (item < CPU_COUNT) {
		if (machine_cpus[item].role == CPU_VCPU)
			print_counters((u16)item);
	} else if (item < CPU_COUNT + CELL_COUNT) {
		record_life(item - CPU_COUNT);
	} else if (item < CPU_COUNT + 2 * CELL_COUNT) {
		print_console(item - CPU_COUNT - CELL_COUNT);
	} else if (!iommu_status(item - CPU_COUNT - 2 * CELL_COUNT)) {
		log_put(MESSAGE_STATUS_CORE, LOG_NO_CELL, log_lost());
		report.asked = false;
	}
	return true;
}

void record_poll(void)
{
	for (u32 n = 0; n < POLL_LINES && log_has_room(); n++) {
		LOOP_BOUND(POLL_LINES);
		if (!record_line() && (machine_service_cpu == CPU_NONE || (!status_line() && !command_line()))) /* who asks is served */
			return;
	}
}
