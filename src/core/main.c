/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The order in which a machine becomes a set of cells. Read hyp_main as a
 * table of contents; each line says why it stands where it stands.
 */
#include "core/audit.h"
#include "core/boot.h"
#include "core/bound.h"
#include "core/cell.h"
#include "core/console.h"
#include "core/control.h"
#include "core/crash.h"
#include "core/debug.h"
#include "core/health.h"
#include "core/iommu.h"
#include "core/keys.h"
#include "core/life.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/panic.h"
#include "core/pci.h"
#include "core/watch.h"

/* Ticks between two looks at the UART and the rings: 1 ms, a 16-byte FIFO at 115200 baud. */
#define SERVICE_HZ 1000u
/* How long the boot CPU waits for the others: they only have to reach C, but an emulator may be on a busy machine. */
#define ARRIVAL_SECONDS 10u

struct boot_times boot_times;
static u32 cpus_arrived; /* [A] secondary CPUs that are through their set-up */
static u32 cells_may_run; /* [A] set by the boot CPU when every declared part was found */

static void banner(void)
{
	char found[128];

	arch_describe(found, sizeof found);
	log_put(MESSAGE_BOOT, LOG_NO_CELL, machine_name, machine_board_name, machine_hash);
	log_put(MESSAGE_FOUND, LOG_NO_CELL, found);
}

static void start_others(const struct cpu *self)
{
	for (u16 i = 0; i < CPU_COUNT; i++) {
		LOOP_BOUND(CPU_COUNT);
		s64 error;

		if (i == self->index || machine_cpus[i].role == CPU_UNUSED)
			continue;
		if (!arch_cpu_start(i, &error)) {
			log_put(MESSAGE_CPU_REFUSED, LOG_NO_CELL, machine_cpus[i].name, (int)error);
			panic("declared CPU is not there: hardware id", machine_cpus[i].hw_id, 0);
		}
	}
}

static u32 others_expected(const struct cpu *self)
{
	u32 n = 0;

	for (u16 i = 0; i < CPU_COUNT; i++) {
		LOOP_BOUND(CPU_COUNT);
		n += i != self->index && machine_cpus[i].role != CPU_UNUSED;
	}
	return n;
}

static void await_others(const struct cpu *self)
{
	u32 expected = others_expected(self);
	u64 limit = arch_time_now() + ARRIVAL_SECONDS * arch_time_hz();

	while (__atomic_load_n(&cpus_arrived, __ATOMIC_ACQUIRE) != expected) {
		LOOP_TIME(1000 * ARRIVAL_SECONDS);
		if (arch_time_now() > limit)
			panic("CPUs that did not arrive: expected and arrived", expected,
			      __atomic_load_n(&cpus_arrived, __ATOMIC_ACQUIRE));
		if (panic_is_left())
			console_flush();
		arch_cpu_relax();
	}
}

void hyp_main(struct cpu *cpu, u16 index, u64 entry_ticks)
{
	boot_times.entry = entry_ticks;
	cpu_init(cpu, index);
	console_init();          /* first: everything below may have to say why it stops */
	arch_verify(cpu);        /* before any register is relied on */
	u64 before = arch_time_now();
	banner();
	console_flush();
	boot_times.banner = arch_time_now() - before;
	iommu_init();            /* no device writes any memory, before anything depends on memory staying what it is */
	pci_init();              /* behind that: what firmware left running is aborted, then silenced */
	arch_irq_init();         /* shared part, all lines masked: before any CPU's own part */
	arch_cpu_init(cpu);
	start_others(cpu);       /* they verify and set up themselves, then wait */
	await_others(cpu);       /* no cell runs before every declared part was found */
	atomic_store32(&cells_may_run, 1);
	arch_cpu_wake_all();
	cpu_main(cpu);
}

void hyp_secondary(struct cpu *cpu, u16 index)
{
	cpu_init(cpu, index);
	arch_cpu_init(cpu);
	__atomic_fetch_add(&cpus_arrived, 1, __ATOMIC_RELEASE);
	arch_cpu_wake_all();
	while (!atomic_load32(&cells_may_run)) {
		LOOP_RESIDENCE();
		arch_cpu_relax();
	}
	cpu_main(cpu);
}

u32 core_service_word;

void core_call_service(void)
{
	atomic_store32(&core_service_word, 1);
	arch_cpu_kick(machine_service_cpu);
}

bool core_service_wanted(void)
{
	return arch_cas32(&core_service_word, 1, 0);
}

void core_serve(void)
{
	panic_relay();   /* first: a CPU's last words, whatever the rest finds */
	iommu_serve();   /* what ends the DMA of a cell that stops: others wait for it */
	console_pump(); /* the operator's wishes come in, records go out */
	crash_serve();   /* what life_serve lets go on is kept before */
	watch_serve();   /* what has happened or run out, before what is wished: it is older */
	control_serve();
	debug_serve();   /* what a guest has hit becomes a suspension, before others look for one */
	life_serve();    /* behind all that ends cells, so that it costs them no round */
	audit_serve();   /* what came of it is told */
	health_serve();  /* last: who gets here has done a whole round */
	arch_time_wake_at(arch_time_now() + arch_time_hz() / SERVICE_HZ);
}

/* Before the first round. The boot CPU may be another, which does not map what this is about. */
static void service_init(void)
{
	keys_init();
	crash_init(); /* what an earlier boot has left is read before anything is written */
	health_init();
}

/* A service CPU of its own sleeps until a kick or the tick. */
static _Noreturn void serve(struct cpu *cpu)
{
	service_init();
	for (;;) {
		LOOP_RESIDENCE();
		metrics_begin(cpu);
		core_serve();
		metrics_end(cpu);
		arch_cpu_wait();
		arch_cpu_kicked(cpu);
	}
}

void cpu_main(struct cpu *cpu)
{
	switch (cpu->config->role) {
	case CPU_SERVICE:
		serve(cpu);
	case CPU_VCPU:
		if (cpu->index == machine_service_cpu) {
			service_init();
			core_serve(); /* from here on the tick comes by itself */
		}
		life_boot(cpu);
		cell_park(cpu); /* the first vCPU starts the cell from there */
		arch_vcpu_enter(cpu);
	default:
		arch_halt(); /* a boot CPU that nobody asked for */
	}
}
