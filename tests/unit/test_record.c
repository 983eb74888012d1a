/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* core/record.c, core/record_life.c: the text of records and of the status. */
#include "test.h"

#include "machine.h"
#include "core/console.h"
#include "core/life.h"
#include "core/log.h"
#include "core/record.h"
#include "host.h"

static void expect_wire(const char *text)
{
	assert_string_equal(wire_text, text);
	memset(wire_text, 0, wire_length);
	wire_length = 0;
}

/* The demo's hello: F(10) in x1, 42 in x0, BRK. */
static void debug_stop(void **state)
{
	struct cpu *cpu = &host_cpus[3];

	(void)state;
	for (u32 i = 0; i < 31; i++)
		cpu->frame.x[i] = i << 16;
	cpu->frame.x[0] = 42;
	cpu->frame.x[1] = 55;
	cpu->frame.pc = 0x40000028;
	guest_print(VDEV_HELLO, "F(10) is");
	cell_stop(cpu, STOP_DEBUG, "breakpoint");
	assert_true(record_is_due());
	assert_int_equal(host.kicks[SERVICE], 1);
	serve(10);
	expect_wire("[hello] F(10) is\r\n"
		    "[core] cell hello: stopped by breakpoint (debug), vCPU 0 on cpu3, pc 0x40000028\r\n"
		    "[core] hello: cause=0x0000000000001000 address=0x0000000000001001 page=0x0000000000001002 mode=0x0000000000001003\r\n"
		    "[core] hello: x0=0x000000000000002a x1=0x0000000000000037 x2=0x0000000000020000 x3=0x0000000000030000\r\n"
		    "[core] hello: x4=0x0000000000040000 x5=0x0000000000050000 x6=0x0000000000060000 x7=0x0000000000070000\r\n"
		    "[core] hello: x8=0x0000000000080000 x9=0x0000000000090000 x10=0x00000000000a0000 x11=0x00000000000b0000\r\n"
		    "[core] hello: x12=0x00000000000c0000 x13=0x00000000000d0000 x14=0x00000000000e0000 x15=0x00000000000f0000\r\n"
		    "[core] hello: x16=0x0000000000100000 x17=0x0000000000110000 x18=0x0000000000120000 x19=0x0000000000130000\r\n"
		    "[core] hello: x20=0x0000000000140000 x21=0x0000000000150000 x22=0x0000000000160000 x23=0x0000000000170000\r\n"
		    "[core] hello: x24=0x0000000000180000 x25=0x0000000000190000 x26=0x00000000001a0000 x27=0x00000000001b0000\r\n"
		    "[core] hello: x28=0x00000000001c0000 x29=0x00000000001d0000 x30=0x00000000001e0000\r\n");
	assert_int_equal(cells[CELL_HELLO].record_state, RECORD_PRINTED);
	assert_false(record_is_due());
	serve(100);
	expect_wire("");
}

static void reasons(void **state)
{
	static const struct { enum stop_reason reason; const char *what, *text; u32 lines; } cases[] = {
		{ STOP_SYSTEM_OFF, "x", "[core] cell linux: switched itself off, vCPU 1 on cpu1, pc 0x80\r\n", 1 },
		{ STOP_SYSTEM_RESET, "x", "[core] cell linux: asked for a reset, vCPU 1 on cpu1, pc 0x80\r\n", 10 },
		{ STOP_FAULT, "write outside the map",
		  "[core] cell linux: stopped by fault: write outside the map, vCPU 1 on cpu1, pc 0x80\r\n", 10 },
		{ STOP_DENIED, "PMCR_EL0",
		  "[core] cell linux: stopped by denied register: PMCR_EL0, vCPU 1 on cpu1, pc 0x80\r\n", 10 },
		{ STOP_FAULT, NULL, "[core] cell linux: stopped by fault: ?, vCPU 1 on cpu1, pc 0x80\r\n", 10 },
		{ (enum stop_reason)99, "x", "[core] cell linux: ?, vCPU 1 on cpu1, pc 0x80\r\n", 10 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		u32 lines = 0;

		machine_reset(state);
		host_cpus[1].frame.pc = 0x80;
		cell_stop(&host_cpus[1], cases[i].reason, cases[i].what);
		serve(10);
		assert_memory_equal(wire_text, cases[i].text, strlen(cases[i].text));
		for (const char *p = wire_text; (p = strchr(p, '\n')); p++)
			lines++;
		assert_int_equal(lines, cases[i].lines);
	}
}

/* ---- stopped by somebody else ---- */

static void tell_stop(enum stop_reason reason, u16 by, u32 life)
{
	struct record *record = &cells[CELL_LINUX].record;

	cells[CELL_LINUX].state = CELL_STOPPING;
	cells[CELL_LINUX].incarnation = life;
	*record = (struct record){ .cpu = SERVICE, .vcpu = 0, .reason = (u16)reason, .by = by, .incarnation = life, .what = "fault", .when = host.now };
	cells[CELL_LINUX].record_state = RECORD_READY;
}

/* What vCPU 0 leaves when it comes in. */
static void come_in(u32 life)
{
	struct vcpu_registers *r = &vcpus[0].registers;

	r->pc = 0x4000 + life;
	r->sp = 0x5000;
	r->pstate = 0x3c5;
	for (u32 i = 0; i < ARRAY_COUNT(r->regs); i++)
		r->regs[i] = life << 16 | i;
	for (u32 i = 0; i < VCPU_MORE_REGISTERS; i++)
		r->more[i] = 0x2000 + i;
	vcpus[0].captured = life + 1;
}

/* Who, and where its first vCPU was; registers only where there is something to explain. */
static void stopped_by_others(void **state)
{
	static const struct { enum stop_reason reason; u16 by; const char *text; bool registers; } cases[] = {
		{ STOP_TOLD, CELL_CONTROL, "stopped by cell control", false },
		{ STOP_TOLD, CONTROLLER_OPERATOR, "stopped by the operator", false },
		{ STOP_TOLD, BY_POLICY, "stopped by its policy", false },
		{ STOP_TIMEOUT, CELL_HELLO, "stopped, as it did not shut down when asked by cell hello", true },
		{ STOP_WATCHDOG, BY_POLICY, "stopped by its watchdog", true },
		{ STOP_HEARTBEAT, BY_POLICY, "stopped, as its heartbeat was missing", true },
		{ STOP_DMA, BY_POLICY, "stopped, as a device of it was refused access", true },
		{ STOP_STORM, BY_POLICY, "stopped by an interrupt storm", true },
		{ STOP_OTHER, CELL_HELLO, "stopped because of cell hello: fault", false },
	};

	for (u32 i = 0; i < ARRAY_COUNT(cases); i++) {
		char head[400];
		u32 lines = 0;

		machine_reset(state);
		tell_stop(cases[i].reason, cases[i].by, 3);
		come_in(3);
		serve(20);
		snprintf(head, sizeof head, "[core] cell linux: %s, vCPU 0 on cpu0, pc 0x4003\r\n%s", cases[i].text,
			 cases[i].registers ? "[core] linux: sp=0x0000000000005000 pstate=0x00000000000003c5\r\n"
					      "[core] linux: m0=0x0000000000002000 m1=0x0000000000002001 m2=0x0000000000002002 m3=0x0000000000002003\r\n" : "");
		assert_memory_equal(wire_text, head, strlen(head));
		for (const char *p = wire_text; (p = strchr(p, '\n')); p++)
			lines++;
		assert_int_equal(lines, cases[i].registers ? 1 + 1 + VCPU_MORE_REGISTERS / 4 + 8 : 1);
		assert_true(!cases[i].registers || strstr(wire_text, "x28=0x000000000003001c x29=0x000000000003001d x30=0x000000000003001e\r\n"));
		assert_int_equal(cells[CELL_LINUX].record_state, RECORD_PRINTED);
	}
}

/* It is on its way: a moment's patience. Registers of another end are none of this one's. */
static void a_vcpu_that_is_late(void **state)
{
	(void)state;
	come_in(2);
	tell_stop(STOP_WATCHDOG, BY_POLICY, 3);
	serve(90);
	expect_wire("");
	come_in(3);
	serve(20);
	assert_non_null(strstr(wire_text, "stopped by its watchdog, vCPU 0 on cpu0, pc 0x4003\r\n"));
	machine_reset(state);
	tell_stop(STOP_WATCHDOG, BY_POLICY, 4);
	serve(95);
	expect_wire("");
	serve(20);
	expect_wire("[core] cell linux: stopped by its watchdog\r\n");
}

/* The next end takes the registers, or the record, while it is being printed: it is told again, as it is now. */
static void overwritten(void **state)
{
	(void)state;
	tell_stop(STOP_WATCHDOG, BY_POLICY, 3);
	come_in(3);
	wire_room = 0;
	host_this = &host_cpus[SERVICE];
	for (u32 i = 0; i < 17; i++)
		console_printf("................................................."); /* there is room for a few lines more */
	serve(1);
	assert_int_equal(cells[CELL_LINUX].record_state, RECORD_READY);
	come_in(4);
	wire_room = ~0u;
	serve(20);
	const char *first = strstr(wire_text, "cell linux: stopped by its watchdog, vCPU 0 on cpu0, pc 0x4003\r\n");

	assert_non_null(first);
	assert_non_null(strstr(first, "m0="));
	assert_null(strstr(first, "x28="));
	assert_non_null(strstr(first, "cell linux: stopped by its watchdog\r\n"));
	assert_int_equal(cells[CELL_LINUX].record_state, RECORD_PRINTED);
}

/* Several at once: each whole, one after the other; not before the cell's own last words. */
static void one_after_the_other(void **state)
{
	(void)state;
	wire_room = 0;
	for (u32 i = 0; i < 100; i++)
		guest_print(VDEV_LINUX, "last words\n");
	cell_stop(&host_cpus[0], STOP_FAULT, "first");
	cell_stop(&host_cpus[2], STOP_FAULT, "second");
	cell_stop(&host_cpus[3], STOP_FAULT, "third");
	for (u32 ms = 0; ms < 4000; ms++) {
		wire_room = 3;
		serve(1);
	}
	const char *control = strstr(wire_text, "[core] cell control:"), *hello = strstr(wire_text, "[core] cell hello:");
	const char *linux_record = strstr(wire_text, "[core] cell linux:");
	const char *each[] = { control, hello, linux_record }, *const names[] = { "control", "hello", "linux" };

	for (u32 i = 0; i < 3; i++) {
		char head[32], tail[32];

		snprintf(head, sizeof head, "[core] %s: x0=", names[i]);
		snprintf(tail, sizeof tail, "[core] %s: x28=", names[i]);
		const char *first = strstr(each[i], head), *last = strstr(each[i], tail);

		assert_true(each[i] < first && first < last);
		for (u32 other = 0; other < 3; other++)
			assert_true(other == i || each[other] < each[i] || each[other] > last);
	}
	assert_null(strstr(linux_record, "last words"));
}

/* Another vCPU of the cell may still be on its way out, printing: the record goes on where it was. */
static void printing_does_not_restart_a_record(void **state)
{
	(void)state;
	cell_stop(&host_cpus[0], STOP_FAULT, "x");
	cell_stop(&host_cpus[2], STOP_FAULT, "x"); /* two fill the log */
	for (u32 ms = 0; ms < 1000; ms++) {
		wire_room = 5;
		serve(1);
		guest_print(ms & 1 ? VDEV_CONTROL : VDEV_LINUX, ms < 400 ? "~" : "");
	}
	for (u32 i = 0; i < 2; i++) {
		const char *head = i ? "[core] cell linux:" : "[core] cell control:", *p = strstr(wire_text, head);

		assert_non_null(p);
		assert_null(strstr(p + 1, head));
	}
}

static void status(void **state)
{
	(void)state;
	for (u32 cpu = 0; cpu < 4; cpu++)
		for (u32 i = 0; i < EXIT_REASON_COUNT; i++)
			host_cpus[cpu].exits[i] = 100 * cpu + i;
	host_cpus[2].exits[EXIT_FAULT] = ~0ul - 2500;
	vcpus[1].state = VCPU_OFF;
	cells[CELL_HELLO].state = CELL_FAILED;
	cells[CELL_LINUX].streams_wanted = cells[CELL_LINUX].streams_done = 7;
	cells[CELL_LINUX].times = (struct life_times){ .regain = 1, .stop = 2, .clear = 3, .start = 1ull << 52 };
	cells[CELL_CONTROL].incarnation = 7;
	cells[CELL_CONTROL].asked = LIFE_RESTART;
	u32 lost = log_lost();
	const struct vdev_config *control = &machine_vdevs[VDEV_CONTROL];
	u64 before = control->ops->dropped(control);

	for (u32 i = 0; i < 2050; i++)
		control->ops->write(control, 0, 4, 'x');
	wire_type("\x14s", 2);
	serve(1);
	char expected[4096];

	serve(20);
	const char *p = strstr(wire_text, "[core] counters");

	snprintf(expected, sizeof expected,
		 "[core] counters cell=linux vcpu=0 cpu=cpu0 state=running power=on hvc=0 smc=1 sgi=2 wfi=3 irqchip=4 vdev=5 id=6 sysreg=7 denied=8 revoked=9 fault=10 irq=11 pci=12 total=78 host=0\r\n"
		 "[core] counters cell=linux vcpu=1 cpu=cpu1 state=running power=off hvc=100 smc=101 sgi=102 wfi=103 irqchip=104 vdev=105 id=106 sysreg=107 denied=108 revoked=109 fault=110 irq=111 pci=112 total=1378 host=1\r\n"
		 "[core] counters cell=control vcpu=0 cpu=cpu2 state=running power=on hvc=200 smc=201 sgi=202 wfi=203 irqchip=204 vdev=205 id=206 sysreg=207 denied=208 revoked=209 fault=18446744073709549115 irq=211 pci=212 total=18446744073709551583 host=2\r\n"
		 "[core] counters cell=hello vcpu=0 cpu=cpu3 state=failed power=on hvc=300 smc=301 sgi=302 wfi=303 irqchip=304 vdev=305 id=306 sysreg=307 denied=308 revoked=309 fault=310 irq=311 pci=312 total=3978 host=3\r\n"
		 "[core] life cell=linux state=running lives=0 reason=none asked=no regain=1000 stop=2000 clear=3000 start=4503599627370496000 resume=0 missing=0\r\n"
		 "[core] life cell=control state=running lives=7 reason=none asked=restart regain=0 stop=0 clear=0 start=0 resume=0 missing=0\r\n"
		 "[core] life cell=hello state=failed lives=0 reason=none asked=no regain=0 stop=0 clear=0 start=0 resume=0 missing=0\r\n"
		 "[core] console cell=linux waiting=0 dropped=%u\r\n"
		 "[core] console cell=control waiting=2048 dropped=%u\r\n"
		 "[core] console cell=hello waiting=0 dropped=%u\r\n"
		 "[core] dma cell=linux device=nic0 stream=0x8 state=on refused=0 last=0x0\r\n"
		 "[core] dma cell=linux device=disk0 stream=0x10 state=on refused=0 last=0x0\r\n"
		 "[core] dma cell=linux device=other0 stream=0x8 state=on refused=0 last=0x0\r\n"
		 "[core] dma cell=hello device=edu0 stream=0x18 state=off refused=0 last=0x0\r\n"
		 "[core] dma iommu=smmu0 nobody=0 lost=0\r\n"
		 "[core] dma iommu=smmu1 nobody=0 lost=0\r\n"
		 "[core] console core lost=%u\r\n",
		 (u32)machine_vdevs[VDEV_LINUX].ops->dropped(&machine_vdevs[VDEV_LINUX]), (u32)before + 2,
		 (u32)machine_vdevs[VDEV_HELLO].ops->dropped(&machine_vdevs[VDEV_HELLO]), lost);
	assert_non_null(p);
	assert_memory_equal(p, expected, strlen(expected));
}

/* The longest line of all fits. */
static void worst_counters(void **state)
{
	(void)state;
	for (u32 i = 0; i < EXIT_REASON_COUNT; i++)
		host_cpus[0].exits[i] = ~0ul;
	wire_type("\x14s", 2);
	serve(20);
	assert_non_null(strstr(wire_text, " fault=18446744073709551615 irq=18446744073709551615 pci=18446744073709551615 total=18446744073709551603 host=0\r\n"));
}

/* A status asked for again and again costs bounded lines, and no record is lost by it. */
static void status_cannot_displace_a_record(void **state)
{
	u32 lost = log_lost();

	(void)state;
	cell_stop(&host_cpus[3], STOP_DEBUG, NULL);
	for (u32 ms = 0; ms < 300; ms++) {
		wire_type("\x14s", 2);
		wire_room = 40;
		serve(1);
	}
	wire_room = ~0u;
	serve(20);
	assert_non_null(strstr(wire_text, "[core] hello: x28="));
	assert_int_equal(log_lost(), lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(debug_stop, machine_reset),
		cmocka_unit_test_setup(reasons, machine_reset),
		cmocka_unit_test_setup(stopped_by_others, machine_reset),
		cmocka_unit_test_setup(a_vcpu_that_is_late, machine_reset),
		cmocka_unit_test_setup(overwritten, machine_reset),
		cmocka_unit_test_setup(one_after_the_other, machine_reset),
		cmocka_unit_test_setup(printing_does_not_restart_a_record, machine_reset),
		cmocka_unit_test_setup(status, machine_reset),
		cmocka_unit_test_setup(worst_counters, machine_reset),
		cmocka_unit_test_setup(status_cannot_displace_a_record, machine_reset),
	};
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
