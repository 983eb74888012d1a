/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What is counted, for who asks over the line (LINE_METRICS): names and values, so that a host needs no list of its own.
 * Each value is of the moment it was read at. Service CPU: it alone may look into another CPU's struct cpu.
 */
#include "core/metrics.h"
#include "core/audit.h"
#include "core/boot.h"
#include "core/bound.h"
#include "core/iommu.h"
#include "core/life_steps.h"
#include "core/log.h"
#include "core/manage.h"
#include "core/record.h"
#include "vdev/vdev.h"

/* By leading zeros, which is one instruction. No path takes 2^32 ticks. */
void metrics_path(struct cpu *cpu)
{
	u32 ticks = (u32)(arch_time_glance() - cpu->path_since);

	if (cpu->path_since)
		cpu->paths[ticks ? __builtin_clz(ticks) : 32]++;
}

/* ---- the nth value of each, NULL: there are no more ---- */

struct value {
	const char *group; /* its name is both, one behind the other */
	const char *name;
	u64 value;
};

static bool one_of(struct value *to, const void *names, u32 width, const u64 *values, u32 n, u32 count)
{
	if (n >= count)
		return false;
	to->group = "";
	to->name = (const char *)names + n * width;
	to->value = values[n];
	return true;
}

static bool of_core(u32 n, struct value *to)
{
	const struct line_counters *line = line_counters();
	static const char names[][14] = {
		"ticks", "hz", "boot_entry", "boot_banner", "log_lost", "audits",
		"line_sessions", "line_frames", "line_damaged", "line_ignored", "line_sent", "line_resent",
	};
	const u64 values[] = {
		arch_time_now(), arch_time_hz(), boot_times.entry, boot_times.banner, log_lost(), audit_place()->sequence,
		line->sessions, line->frames, line->damaged, line->ignored, line->sent, line->resent,
	};

	_Static_assert(ARRAY_COUNT(names) == ARRAY_COUNT(values), "a name for each");
	return one_of(to, names, sizeof names[0], values, n, ARRAY_COUNT(values));
}

static bool of_cell(u16 index, u32 n, struct value *to)
{
	const struct cell *cell = &cells[index];
	const struct vdev_config *dev = cell_console(index);
	u32 lives = atomic_load32(&cell->incarnation);
	static const char names[][16] = {
		"state", "lives", "restarts", "suspends", "missing", "regain", "stop", "clear", "start", "resume",
		"vdev_raised", "dma_refused", "console_waiting", "console_dropped",
	};
	const u64 values[] = {
		life_shown(atomic_load32(&cell->state)), lives, lives ? lives - 1 : 0, atomic_load32(&cell->suspends),
		cell_is_ending(index) ? life_missing(index) : 0, life_get(&cell->times.regain), life_get(&cell->times.stop),
		life_get(&cell->times.clear), life_get(&cell->times.start), life_get(&cell->times.resume), life_get(&cell->raised),
		iommu_refused(index), dev ? dev->ops->pending(dev) : 0, dev ? dev->ops->dropped(dev) : 0,
	};

	_Static_assert(ARRAY_COUNT(names) == ARRAY_COUNT(values), "a name for each");
	return one_of(to, names, sizeof names[0], values, n, ARRAY_COUNT(values));
}

static bool of_vcpu(const struct cpu *cpu, u32 n, struct value *to)
{
	to->group = "exits_";
	if (n < EXITS_COUNTED) {
		to->name = record_exit_names[n];
		to->value = life_get(&cpu->exits[n]);
		return true;
	}
	to->group = "irq_";
	to->name = arch_cpu_count(cpu, n - EXITS_COUNTED, &to->value);
	return to->name;
}

/* ---- answers ---- */

static const struct cpu *cpu_of(const struct line_job *job)
{
	return cpu_at(cell_cpu(manage_argument(job, 0), manage_argument(job, 1)));
}

static bool value_of(const struct line_job *job, u32 n, struct value *to)
{
	switch (job->op) {
	case METRICS_CORE: return of_core(n, to);
	case METRICS_CELL: return of_cell((u16)manage_argument(job, 0), n, to);
	default: return of_vcpu(cpu_of(job), n, to);
	}
}

static enum line_status values(struct line_job *job)
{
	u32 n = (u32)job->state[0];
	struct value value;
	bool any;

	while ((any = value_of(job, n, &value)) && manage_put_name(job, value.group, value.name, sizeof value.value)) {
		LOOP_BOUND(LINE_PART / sizeof(u64));
		manage_put(job, &value.value, sizeof value.value);
		n++;
	}
	job->state[0] = n;
	job->more = any;
	return LINE_OK;
}

static enum line_status paths(struct line_job *job)
{
	bool service = machine_service_cpu != CPU_NONE && machine_cpus[machine_service_cpu].role == CPU_SERVICE;
	const struct cpu *cpu;

	if (manage_is_vcpu(job, 2))
		cpu = cpu_of(job);
	else if (job->size == 4 && manage_argument(job, 0) == CELL_NONE && service)
		cpu = cpu_at(machine_service_cpu);
	else
		return LINE_INVALID;
	for (u32 i = 0; i < METRICS_BUCKETS; i++)
		manage_put(job, &(const u32){ __atomic_load_n(&cpu->paths[METRICS_BUCKETS - 1 - i], __ATOMIC_RELAXED) }, sizeof(u32));
	return LINE_OK;
}

enum line_status metrics_answer(struct line_job *job)
{
	job->length = 0;
	job->more = job->later = false;
	switch (job->op) {
	case METRICS_CORE: return job->size ? LINE_INVALID : values(job);
	case METRICS_CELL: return manage_is_cell(job, 1) ? values(job) : LINE_INVALID;
	case METRICS_VCPU: return manage_is_vcpu(job, 2) ? values(job) : LINE_INVALID;
	case METRICS_PATHS: return paths(job);
	default: return LINE_UNKNOWN;
	}
}
