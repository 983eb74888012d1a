/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * arch.h as a process. What hardware would do is recorded in struct host; what
 * would not return goes back to the test by longjmp (HOST_CATCH).
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "core/cell.h"
#include "core/fmt.h"
#include "core/panic.h"
#include "host.h"

struct host host;
struct cpu host_cpus[CPU_COUNT];
_Thread_local struct cpu *host_this;
_Thread_local jmp_buf host_exit;
_Thread_local bool host_exit_set;

const char arch_record_detail_names[4][REGISTER_NAME] = { "cause", "address", "page", "mode" };
const char arch_register_names[VCPU_MORE_REGISTERS][REGISTER_NAME] = { "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11" };

static void count(u32 *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* ---- for tests ---- */

struct cpu *host_become(u16 index)
{
	host_this = &host_cpus[index];
	cpu_init(host_this, index);
	return host_this;
}

void host_reset(void)
{
	memset(&host, 0, sizeof host);
	memset(host_cpus, 0, sizeof host_cpus);
	for (u32 i = 0; i < CELL_COUNT; i++) {
		memset(&cells[i], 0, sizeof cells[i]);
		*machine_cells[i].arch.root = machine_cells[i].arch.root_value;
	}
	memset(vcpus, 0, sizeof vcpus[0] * VCPU_COUNT);
	for (u16 i = CPU_COUNT; i-- > 0;)
		host_become(i);
}

void host_leave(enum host_end end)
{
	if (!host_exit_set)
		abort(); /* a test did not expect this */
	longjmp(host_exit, (int)end);
}

/* ---- the contract ---- */

struct cpu *cpu_at(u16 index)
{
	return &host_cpus[index];
}

void arch_verify(struct cpu *cpu)
{
	(void)cpu;
	count(&host.verifies);
}

void arch_describe(char *buffer, u32 size)
{
	fmt_print(buffer, size, "host process, %u CPUs", CPU_COUNT);
}

void arch_irq_init(void)
{
	count(&host.irq_inits);
}

void arch_cpu_init(struct cpu *cpu)
{
	(void)cpu;
	count(&host.cpu_inits);
}

bool arch_cpu_start(u16 index, s64 *firmware_error)
{
	count(&host.started[index]);
	*firmware_error = host.start_fails ? -2 : 0;
	return !host.start_fails;
}

void arch_vcpu_reset(struct cpu *cpu, u64 entry, u64 argument, bool loading)
{
	memset(&cpu->frame, 0, sizeof cpu->frame);
	cpu->frame.x[0] = argument;
	cpu->frame.pc = entry;
	cpu->arch.loading = loading;
	cpu->arch.resets++;
	__atomic_store_n(&host.kick_pending[cpu->index], 0, __ATOMIC_RELEASE);
}

void arch_vcpu_enter(struct cpu *cpu)
{
	(void)cpu;
	host_leave(HOST_ENTER);
}

void arch_vcpu_quiesce(struct cpu *cpu)
{
	cpu->arch.quiesces++;
}

void arch_vcpu_record(const struct cpu *cpu, struct record *record)
{
	record->pc = cpu->frame.pc;
	for (u32 i = 0; i < ARRAY_COUNT(record->regs); i++)
		record->regs[i] = cpu->frame.x[i];
	for (u32 i = 0; i < ARRAY_COUNT(record->detail); i++)
		record->detail[i] = 0x1000 + i;
}

const char *arch_cpu_count(const struct cpu *cpu, u32 n, u64 *value)
{
	*value = cpu->index;
	return n ? NULL : "host";
}

bool arch_cell_is_direct(u16 cell)
{
	return cell & 1;
}

void arch_cell_revoke(u16 cell)
{
	count(&host.revoked[cell]);
	__atomic_store_n(machine_cells[cell].arch.root, 0, __ATOMIC_RELEASE);
	cell_kick(cell);
}

void arch_cell_unrevoke(u16 cell)
{
	count(&host.unrevoked[cell]);
	__atomic_store_n(machine_cells[cell].arch.root, machine_cells[cell].arch.root_value, __ATOMIC_RELEASE);
}

void arch_cell_silence(u16 cell)
{
	count(&host.silenced[cell]);
}

void arch_cell_restore(struct cpu *cpu)
{
	count(&host.restored[cpu->cell_index]);
	__atomic_store_n(cpu->cell->arch.root, cpu->cell->arch.root_value, __ATOMIC_RELEASE);
}

void arch_vcpu_clean(struct cpu *cpu, u64 base, u64 size)
{
	cpu->arch.cleaned_base = base;
	cpu->arch.cleaned_size = size;
	cpu->arch.cleans++;
}

void arch_vcpu_clear(struct cpu *cpu, u64 base, u64 size)
{
	cpu->arch.cleared_base = base;
	cpu->arch.cleared_size = size;
	cpu->arch.clears++;
	cpu->arch.loading = true;
	__atomic_store_n(&host.kick_pending[cpu->index], 0, __ATOMIC_RELEASE);
}

void arch_vcpu_capture(const struct cpu *cpu, struct vcpu_registers *to)
{
	for (u32 i = 0; i < ARRAY_COUNT(to->regs); i++)
		to->regs[i] = cpu->frame.x[i];
	to->sp = cpu->frame.x[29];
	to->pc = cpu->frame.pc;
	to->pstate = 0x3c5;
	for (u32 i = 0; i < VCPU_MORE_REGISTERS; i++)
		to->more[i] = 0x2000 + i;
}

void arch_vcpu_pause(struct cpu *cpu)
{
	cpu->arch.pauses++;
	cpu->arch.paused = true;
}

void arch_vcpu_paused(struct cpu *cpu)
{
	__atomic_store_n(&host.kick_pending[cpu->index], 0, __ATOMIC_RELEASE);
}

void arch_vcpu_resume(struct cpu *cpu)
{
	cpu->arch.paused = false;
	__atomic_store_n(&host.kick_pending[cpu->index], 0, __ATOMIC_RELEASE);
}

u32 arch_debug_limit(bool watches)
{
	return watches ? 2 : DEBUG_POINTS;
}

/* pc: even only */
bool arch_debug_set(struct cpu *cpu, u32 number, u64 value)
{
	if (number == 32 && !(value & 1))
		cpu->frame.pc = value;
	else if (number < ARRAY_COUNT(cpu->frame.x))
		cpu->frame.x[number] = value;
	else
		return false;
	return true;
}

void arch_debug_arm(struct cpu *cpu, const struct debug_points *points, bool step)
{
	cpu->arch.debug.arms++;
	cpu->arch.debug.step = step;
	cpu->arch.debug.breaks = cpu->arch.debug.watches = 0;
	for (u32 i = 0; points && i < DEBUG_POINTS; i++) {
		cpu->arch.debug.breaks += points->breaks[i].kind != 0;
		cpu->arch.debug.watches += points->watches[i].kind != 0;
	}
}

void arch_vcpu_step(struct cpu *cpu)
{
	cpu->arch.steps++;
	cpu->arch.paused = false;
	__atomic_store_n(&host.kick_pending[cpu->index], 0, __ATOMIC_RELEASE);
}

void arch_debug_brk(struct cpu *cpu, u32 immediate)
{
	cpu->arch.debug.brks++;
	cpu->arch.debug.brk = immediate;
}

/* The test plays the copier's page: debug_accessed is its to call. */
void arch_debug_access(struct cpu *cpu, u64 address, u32 bytes, bool write, u64 value)
{
	cpu->arch.debug.accesses++;
	cpu->arch.debug.address = address;
	cpu->arch.debug.bytes = bytes;
	cpu->arch.debug.write = write;
	cpu->arch.debug.value = value;
	host_leave(HOST_ENTER);
}

u32 arch_device_read(u64 address, u32 size)
{
	return host.device_read ? host.device_read(address, size) : ~0u >> (32 - 8 * size);
}

void arch_device_write(u64 address, u32 size, u32 value)
{
	if (host.device_write)
		host.device_write(address, size, value);
}

static void let_others_run(void)
{
	if (host.on_wait)
		host.on_wait(host_this);
	else
		sched_yield();
}

void arch_cpu_wait(void)
{
	count(&host.waits);
	let_others_run();
}

void arch_cpu_relax(void)
{
	let_others_run();
}

void arch_cpu_wake_all(void)
{
}

void arch_cpu_kick(u16 index)
{
	count(&host.kicks[index]);
	__atomic_store_n(&host.kick_pending[index], 1, __ATOMIC_RELEASE);
}

void arch_cpu_kicked(struct cpu *cpu)
{
	__atomic_store_n(&host.kick_pending[cpu->index], 0, __ATOMIC_RELEASE);
}

bool arch_irq_level(u16 cell, u32 line, bool high)
{
	(void)cell;
	if (high)
		count(&host.raised[line % HOST_LINES]);
	return false;
}

u64 arch_time_now(void)
{
	return __atomic_add_fetch(&host.now, host.step, __ATOMIC_RELAXED);
}

u64 arch_time_hz(void)
{
	return HOST_HZ;
}

void arch_time_wake_at(u64 ticks)
{
	host.wake_at = ticks;
}

void arch_halt(void)
{
	host_leave(HOST_HALT);
}

void arch_board_off(void)
{
	host_leave(HOST_BOARD_OFF);
}

void arch_board_reset(void)
{
	host_leave(HOST_BOARD_RESET);
}

void arch_memory_take(const void *address, u32 size)
{
	if (host.on_take)
		host.on_take(address, size);
}

void arch_memory_clean(const void *address, u32 size)
{
	count(&host.memory_cleans);
	if (host.on_clean)
		host.on_clean(address, size);
}

void arch_panic_state(struct panic_state *state)
{
	static const u64 stack[] = { 0x5000, 0x5001, 0x5002, 0x5003 };

	state->sp = 0x4000;
	state->pstate = 0x3c9;
	for (u32 i = 0; i < ARRAY_COUNT(state->regs); i++)
		state->regs[i] = 0x1000 + i;
	for (u32 i = 0; i < ARRAY_COUNT(stack); i++)
		state->stack[i] = stack[i];
	state->stack_count = ARRAY_COUNT(stack);
}

void arch_trace_switch(bool on)
{
	host.traced[host_this->index] = on;
}

void arch_trace_call(u16 cell)
{
	count(&host.trace_calls[cell]);
}

bool arch_cas32(u32 *p, u32 expected, u32 value)
{
	return __atomic_compare_exchange_n(p, &expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
