/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/cell.c, core/power.c, core/main.c, core/panic.c on one thread; races are in test_race_cell.c. */
#include "test.h"

#include "machine.h"
#include "core/boot.h"
#include "core/panic.h"
#include "host.h"

#define UART_IMSC 0x38

static const struct vdev_config *linux_uart = &machine_vdevs[VDEV_LINUX];
static u32 turns;
static void (*meanwhile)(u32 turn);

/* While a CPU waits, the test does one thing after the other; at last it breaks out. */
static void on_wait(struct cpu *cpu)
{
	struct cpu *before = host_this;

	(void)cpu;
	if (++turns > 20)
		host_leave(HOST_ESCAPE);
	meanwhile(turns);
	host_this = before;
}

static int setup(void **state)
{
	machine_reset(state);
	host.on_wait = on_wait;
	turns = 0;
	meanwhile = NULL;
	return 0;
}

static void nothing(u32 turn)
{
	(void)turn;
}

/* ---- cells ---- */

static void tables_become_state(void **state)
{
	(void)state;
	for (u16 i = 0; i < CPU_COUNT; i++) {
		struct cpu *cpu = &host_cpus[i];

		memset(cpu, 0x5a, sizeof *cpu);
		cpu_init(cpu, i);
		assert_ptr_equal(cpu->config, &machine_cpus[i]);
		assert_int_equal(cpu->index, i);
		for (u32 n = 0; n < EXIT_REASON_COUNT; n++)
			assert_int_equal(cpu->exits[n], 0);
	}
	assert_ptr_equal(host_cpus[1].cell, &machine_cells[CELL_LINUX]);
	assert_ptr_equal(host_cpus[1].vcpu, cell_vcpu(CELL_LINUX, 1));
	assert_ptr_equal(host_cpus[2].vdevs, &machine_vdevs[VDEV_CONTROL]);
	assert_null(host_cpus[SERVICE].cell);
	assert_null(host_cpus[SERVICE].vcpu);
}

static void load_then_run(void **state)
{
	struct cpu *cpu = &host_cpus[0];

	(void)state;
	vcpus[0].state = VCPU_OFF;
	begin_life(cpu);
	assert_int_equal(cells[CELL_LINUX].state, CELL_LOADING);
	assert_int_equal(vcpus[0].state, VCPU_ON);
	assert_true(cpu->arch.loading);
	assert_int_equal(cpu->frame.pc, machine_cells[CELL_LINUX].arch.load_entry);
	assert_int_equal(cpu->frame.x[0], machine_cells[CELL_LINUX].arch.load_list);
	assert_true(cell_may_run(CELL_LINUX) && !cell_is_ending(CELL_LINUX));
	cell_loaded(cpu);
	assert_int_equal(cells[CELL_LINUX].state, CELL_RUNNING);
	assert_false(cpu->arch.loading);
	assert_int_equal(cpu->frame.pc, machine_cells[CELL_LINUX].entry);
	assert_int_equal(cpu->frame.x[0], machine_cells[CELL_LINUX].dtb);
	assert_true(cell_may_run(CELL_LINUX) && !cell_is_ending(CELL_LINUX));
	assert_int_equal(cpu->arch.resets, 2);
}

static void stop(void **state)
{
	struct cpu *cpu = &host_cpus[1];

	(void)state;
	cpu->frame.pc = 0x1234;
	for (u32 i = 0; i < 31; i++)
		cpu->frame.x[i] = i;
	host_this = cpu;
	cell_stop(cpu, STOP_FAULT, "why");
	assert_int_equal(cells[CELL_LINUX].state, CELL_FAILING);
	assert_true(cell_is_ending(CELL_LINUX) && !cell_may_run(CELL_LINUX));
	assert_int_equal(cells[CELL_LINUX].record_state, RECORD_READY);
	struct record *record = &cells[CELL_LINUX].record;

	assert_int_equal(record->cpu, 1);
	assert_int_equal(record->vcpu, 1);
	assert_int_equal(record->reason, STOP_FAULT);
	assert_string_equal(record->what, "why");
	assert_int_equal(record->pc, 0x1234);
	assert_int_equal(record->regs[30], 30);
	assert_int_equal(host.revoked[CELL_LINUX], 1);
	assert_int_equal(host.silenced[CELL_LINUX], 1);
	assert_int_equal(host.kicks[0], 1); /* its other CPU */
	assert_int_equal(host.kicks[1], 0);
	assert_int_equal(host.kicks[2] + host.kicks[3], 0);
	assert_int_equal(host.kicks[SERVICE], 1);
	/* Others notice nothing. */
	for (u32 i = CELL_CONTROL; i <= CELL_HELLO; i++) {
		assert_int_equal(cells[i].state, CELL_RUNNING);
		assert_int_equal(host.revoked[i] + host.silenced[i], 0);
	}
	/* The first record stands. */
	host_this = &host_cpus[0];
	cell_stop(&host_cpus[0], STOP_DEBUG, "other");
	assert_int_equal(record->cpu, 1);
	assert_int_equal(host.revoked[CELL_LINUX], 1);
	assert_int_equal(cells[CELL_LINUX].state, CELL_FAILING);
}

static void own_wish_is_no_failure(void **state)
{
	(void)state;
	cell_stop(&host_cpus[2], STOP_SYSTEM_OFF, NULL);
	cell_stop(&host_cpus[3], STOP_SYSTEM_RESET, NULL);
	assert_int_equal(cells[CELL_CONTROL].state, CELL_STOPPING);
	assert_int_equal(cells[CELL_HELLO].state, CELL_STOPPING);
	cells[CELL_LINUX].state = CELL_LOADING; /* the copier may fault too */
	cell_stop(&host_cpus[0], STOP_FAULT, NULL);
	assert_int_equal(cells[CELL_LINUX].state, CELL_FAILING);
}

/* Stopped while its images are copied: does not come to life by having finished. */
static void stopped_while_loading(void **state)
{
	enum host_end end;

	(void)state;
	cells[CELL_LINUX].state = CELL_FAILED;
	meanwhile = nothing;
	HOST_CATCH(end, cell_loaded(&host_cpus[0]));
	assert_int_equal(end, HOST_ESCAPE);
	assert_int_equal(host_cpus[0].arch.resets, 0);
	assert_int_equal(cells[CELL_LINUX].state, CELL_FAILED);
}

/* ---- power ---- */

static void calls_check_their_target(void **state)
{
	enum vcpu_state vcpu = VCPU_OFF;

	(void)state;
	assert_int_equal(power_vcpu_on(&host_cpus[0], 1, (1ull << 39) - 4096, 0), POWER_INVALID_ADDRESS);
	assert_int_equal(power_vcpu_on(&host_cpus[0], 1, ~0ull, 0), POWER_INVALID_ADDRESS);
	assert_int_equal(power_vcpu_on(&host_cpus[0], 2, 0, 0), POWER_INVALID);
	assert_int_equal(power_vcpu_on(&host_cpus[0], 0x100000001, 0, 0), POWER_INVALID);
	assert_int_equal(power_vcpu_on(&host_cpus[0], ~0ull, 0, 0), POWER_INVALID);
	assert_int_equal(power_vcpu_state(&host_cpus[0], 2, &vcpu), POWER_INVALID);
	assert_int_equal(power_vcpu_state(&host_cpus[0], 0x100000000, &vcpu), POWER_INVALID);
	assert_int_equal(power_vcpu_on(&host_cpus[2], 1, 0, 0), POWER_INVALID); /* control has one */
	assert_int_equal(power_vcpu_state(&host_cpus[0], 1, &vcpu), POWER_OK);
	assert_int_equal(vcpu, VCPU_ON);
	for (u32 i = 0; i < CPU_COUNT; i++)
		assert_int_equal(host.kicks[i], 0);
}

static void switch_on(void **state)
{
	(void)state;
	assert_int_equal(power_vcpu_on(&host_cpus[0], 1, 1, 2), POWER_ALREADY_ON);
	vcpus[1].state = VCPU_OFF;
	assert_int_equal(power_vcpu_on(&host_cpus[0], 1, 0x80000, 0x77), POWER_OK);
	assert_int_equal(vcpus[1].state, VCPU_ON_PENDING);
	assert_int_equal(vcpus[1].entry, 0x80000);
	assert_int_equal(vcpus[1].argument, 0x77);
	assert_int_equal(host.kicks[1], 1);
	assert_int_equal(power_vcpu_on(&host_cpus[0], 1, 5, 6), POWER_ON_PENDING);
	assert_int_equal(vcpus[1].entry, 0x80000);
	assert_int_equal(host.kicks[1], 1);
	vcpus[1].state = VCPU_CLAIMED;
	assert_int_equal(power_vcpu_on(&host_cpus[0], 1, 5, 6), POWER_ON_PENDING);
	assert_int_equal(vcpus[0].state, VCPU_ON);
	assert_int_equal(vcpus[2].state, VCPU_ON);
}

static void switch_on_at_turn_5(u32 turn)
{
	if (turn == 3)
		arch_cpu_kick(1); /* somebody else's reason: not a switch-on */
	if (turn == 5)
		assert_int_equal(power_vcpu_on(&host_cpus[0], 1, 0xabc, 0xdef), POWER_OK);
}

static void off_and_on_again(void **state)
{
	enum host_end end;

	(void)state;
	meanwhile = switch_on_at_turn_5;
	HOST_CATCH(end, power_vcpu_off(&host_cpus[1]));
	assert_int_equal(end, HOST_RETURNED);
	assert_int_equal(turns, 5);
	assert_int_equal(vcpus[1].state, VCPU_ON);
	assert_int_equal(host_cpus[1].frame.pc, 0xabc);
	assert_int_equal(host_cpus[1].frame.x[0], 0xdef);
	assert_false(host_cpus[1].arch.loading);
	assert_true(host_cpus[1].arch.quiesces >= 1);
	assert_int_equal(host.kick_pending[1], 0);
}

static void stop_then_switch_on(u32 turn)
{
	if (turn == 1)
		cell_stop(&host_cpus[0], STOP_FAULT, "x");
	if (turn == 2)
		power_vcpu_on(&host_cpus[0], 1, 0xabc, 0xdef);
}

static void no_vcpu_of_a_stopped_cell_comes_back(void **state)
{
	enum host_end end;

	(void)state;
	meanwhile = stop_then_switch_on;
	HOST_CATCH(end, power_vcpu_off(&host_cpus[1]));
	assert_int_equal(end, HOST_ESCAPE);
	assert_int_equal(host_cpus[1].arch.resets, 0);
}

/* ---- boot ---- */

static void arrive(u32 turn)
{
	enum host_end end;

	/* CPUs 1 to 4 reach C, one each turn; each then waits for the boot CPU, which is this very thread. */
	if (turn < CPU_COUNT) {
		jmp_buf outer;

		memcpy(&outer, &host_exit, sizeof outer);
		turns = 20;
		host_this = &host_cpus[turn];
		HOST_CATCH(end, hyp_secondary(&host_cpus[turn], (u16)turn));
		assert_int_equal(end, HOST_ESCAPE);
		turns = turn;
		memcpy(&host_exit, &outer, sizeof outer);
		host_exit_set = true;
	}
}

static void boot(void **state)
{
	enum host_end end;

	(void)state;
	for (u32 i = 0; i < CELL_COUNT; i++)
		cells[i].state = CELL_OFF;
	for (u32 i = 0; i < VCPU_COUNT; i++)
		vcpus[i].state = VCPU_OFF;
	probe.writes = 7;
	linux_uart->ops->write(linux_uart, UART_IMSC, 4, 0x10);
	meanwhile = arrive;
	HOST_CATCH(end, hyp_main(&host_cpus[0], 0, 5));
	assert_int_equal(end, HOST_ENTER);
	assert_int_equal(boot_times.entry, 5);
	assert_int_equal(host.verifies, 1);
	assert_int_equal(host.irq_inits, 1);
	assert_int_equal(host.cpu_inits, CPU_COUNT);
	for (u32 i = 0; i < CPU_COUNT; i++)
		assert_int_equal(host.started[i], i != 0);
	assert_int_equal(linux_uart->ops->read(linux_uart, UART_IMSC, 4), 0); /* its own devices are reset */
	assert_int_equal(probe.writes, 7);
	assert_int_equal(cells[CELL_LINUX].state, CELL_LOADING);
	assert_memory_equal(wire_text, "[core] Cloison unit on host process, configuration 0123456789abcdef", 60);
	assert_non_null(strstr(wire_text, "[core] host process, 5 CPUs\r\n"));
	host_this = &host_cpus[2]; /* the other cells' are by theirs */
	HOST_CATCH(end, hyp_secondary(&host_cpus[2], 2));
	assert_int_equal(end, HOST_ENTER);
	assert_int_equal(probe.writes, 0);
	assert_int_equal(cells[CELL_CONTROL].state, CELL_LOADING);
}

static void firmware_refuses(void **state)
{
	enum host_end end;

	(void)state;
	host.start_fails = true;
	HOST_CATCH(end, hyp_main(&host_cpus[0], 0, 0));
	assert_int_equal(end, HOST_HALT);
	assert_non_null(strstr(wire_text, "[core] firmware refuses to start cpu1 (error -2)\r\n"));
	assert_non_null(strstr(wire_text, "[core] panic: declared CPU is not there: hardware id: declared 0x1, found 0x0\r\n"));
}

/* ---- the end ---- */

static void panic_on_a_cpu_with_the_uart(void **state)
{
	enum host_end end;

	(void)state;
	guest_print(VDEV_LINUX, "partial");
	serve(1010);
	host_this = &host_cpus[SERVICE];
	HOST_CATCH(end, panic("lines", 288, 96));
	assert_int_equal(end, HOST_HALT);
	assert_ptr_equal(strstr(wire_text, "[linux] partial\r\n[core] panic: lines: declared 0x120, found 0x60\r\n"), wire_text);
}

/* A CPU that does not map the UART leaves its words to the service CPU. */
static void panic_elsewhere(void **state)
{
	enum host_end end;

	(void)state;
	host_this = &host_cpus[2];
	HOST_CATCH(end, panic_exception(0x96000045, 0x1000, 0xdead));
	assert_int_equal(end, HOST_HALT);
	assert_string_equal(wire_text, "");
	assert_int_equal(host.kicks[SERVICE], 1);
	host_this = &host_cpus[SERVICE];
	panic_relay();
	serve(5);
	panic_relay();
	assert_ptr_equal(strstr(wire_text, "[core] panic: exception in the core: syndrome 0x96000045, address 0xdead\r\n"), wire_text);
	assert_non_null(strstr(wire_text, "; this CPU halts; those that can go on do\r\n"));
}

static void nobody_arrives(u32 turn)
{
	host.now += HOST_HZ;
	assert_true(turn < 20);
}

/* In a fresh process it would be the first test: counts arrivals since the program started. */
static void cpus_that_do_not_arrive(void **state)
{
	enum host_end end;

	(void)state;
	meanwhile = nobody_arrives;
	HOST_CATCH(end, hyp_main(&host_cpus[0], 0, 0));
	assert_int_equal(end, HOST_HALT);
	assert_non_null(strstr(wire_text, "panic: CPUs that did not arrive: expected and arrived: declared 0x4, found 0x0\r\n"));
	assert_int_equal(cells[CELL_CONTROL].state, CELL_RUNNING); /* as the fixture left it: not started */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(cpus_that_do_not_arrive, setup), /* first: see there */
		cmocka_unit_test_setup(tables_become_state, setup),
		cmocka_unit_test_setup(load_then_run, setup),
		cmocka_unit_test_setup(stop, setup),
		cmocka_unit_test_setup(own_wish_is_no_failure, setup),
		cmocka_unit_test_setup(stopped_while_loading, setup),
		cmocka_unit_test_setup(calls_check_their_target, setup),
		cmocka_unit_test_setup(switch_on, setup),
		cmocka_unit_test_setup(off_and_on_again, setup),
		cmocka_unit_test_setup(no_vcpu_of_a_stopped_cell_comes_back, setup),
		cmocka_unit_test_setup(firmware_refuses, setup),
		cmocka_unit_test_setup(boot, setup),
		cmocka_unit_test_setup(panic_on_a_cpu_with_the_uart, setup),
		cmocka_unit_test_setup(panic_elsewhere, setup),
	};
	return cmocka_run_group_tests_name("cell", tests, NULL, NULL);
}
