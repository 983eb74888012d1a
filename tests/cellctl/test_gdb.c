/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * tools/cellctl/gdb*.c on a cell that is not there: packet by packet, damaged ones too, and then with a gdb-multiarch, if there
 * is one: it starts this program again with --serve and talks to its standard input.
 */
#include "test.h"

#include <unistd.h>

#include "fake_cell.h"

static struct fake_cell cell;
static struct gdb g;

/* x0 counts, x1 points to where it is written; then four instructions that end. */
static const u32 counting[] = {
	0xd2800000, /* 00 mov x0, #0 */
	0x91000400, /* 04 add x0, x0, #1 */
	0xf9000020, /* 08 str x0, [x1] */
	0x17fffffe, /* 0c b 04 */
	0xd2800540, /* 10 mov x0, #42 */
	0xd4200000, /* 14 brk #0 */
};

static int setup(void **state)
{
	(void)state;
	fake_reset(&cell, counting, ARRAY_COUNT(counting));
	gdb_open(&g, &fake_deeds, &cell, FAKE_VCPUS);
	return 0;
}

static void put(const char *bytes)
{
	gdb_input(&g, (const u8 *)bytes, (u32)strlen(bytes));
}

static void packet(char *to, const char *body, u32 size)
{
	u8 sum = 0;

	for (u32 i = 0; i < size; i++)
		sum = (u8)(sum + (u8)body[i]);
	*to++ = '$';
	memcpy(to, body, size);
	sprintf(to + size, "#%02x", sum);
}

/* What is answered, without + $ # and sum; the sum is right. */
static const char *take(void)
{
	static char body[8192];
	char again[8192], *begin = memchr(g.out, '$', g.out_size), *end;

	if (!begin) {
		g.out_size = 0;
		return "(nothing)";
	}
	end = memchr(begin, '#', g.out_size - (u32)(begin - g.out));
	assert_non_null(end);
	memcpy(body, begin + 1, (size_t)(end - begin) - 1);
	body[end - begin - 1] = 0;
	packet(again, body, (u32)strlen(body));
	assert_memory_equal(again, begin, strlen(again));
	assert_int_equal(g.out + g.out_size - end, 3); /* one packet */
	g.out_size = 0;
	return body;
}

static const char *ask(const char *body)
{
	char text[8192];

	packet(text, body, (u32)strlen(body));
	put(text);
	return take();
}

#define ASK(body, answer) assert_string_equal(ask(body), answer)

static const char *run(void)
{
	for (u32 i = 0; i < 100 && g.running; i++)
		gdb_poll(&g);
	assert_false(g.running);
	return take();
}

static void greets(void **state)
{
	const char *answer = ask("qSupported:multiprocess+;swbreak+");

	(void)state;
	assert_non_null(strstr(answer, "PacketSize=1000"));
	assert_non_null(strstr(answer, "swbreak+"));
	ASK("?", "T02thread:1;");
	ASK("qAttached", "1");
	ASK("qC", "QC1");
	ASK("qCRC:40000000,4", "");
	ASK("qfThreadInfo", "m1,2");
	ASK("qsThreadInfo", "l");
	cell.on[1] = false;
	ASK("qfThreadInfo", "m1");
	ASK("T2", "E03");
	ASK("T1", "OK");
	ASK("T0", "E03");
	ASK("qThreadExtraInfo,2", "764350552031");
	ASK("vMustReplyEmpty", "");
	ASK("bc", "");
}

static void packets(void **state)
{
	static const u8 zero[] = "+++junk$qC";

	(void)state;
	gdb_input(&g, zero, sizeof(zero)); /* with its 0 in the packet: a sum of that, too */
	put("#b4");
	assert_string_equal(take(), "QC1"); /* "qC\0" ends at the 0 */
	put("$qC#00");
	assert_memory_equal(g.out, "-", 1);
	g.out_size = 0;
	put("$qC#zz$qC#b4");
	assert_memory_equal(g.out, "-+$QC1", 6);
	g.out_size = 0;
	put("-");
	assert_memory_equal(g.out, "$QC1#", 5);
	g.out_size = 0;
	ASK("QStartNoAckMode", "OK");
	put("$qC#b4");
	assert_memory_equal(g.out, "$", 1);
	g.out_size = 0;
	/* Too long a packet is wrong, whatever its sum; the next one counts. */
	put("$");
	for (u32 i = 0; i < 2 * GDB_PACKET; i++)
		put("q");
	put("#00");
	ASK("qC", "QC1");
}

static void registers(void **state)
{
	char all[GDB_REGISTERS * 16 + 1];

	(void)state;
	ASK("p20", "0000004000000000");
	ASK("p1", "0010004000000000");
	ASK("p21", "c5030000");
	ASK("p22", "E01");
	ASK("P3=8877665544332211", "OK");
	assert_int_equal(cell.registers[0][3], 0x1122334455667788);
	ASK("P21=c4030000", "OK");
	assert_int_equal(cell.registers[0][33], 0x3c4);
	ASK("P3=88776655443322", "E01");
	ASK("P22=8877665544332211", "E01");
	ASK("Hg2", "OK");
	ASK("p1", "1010004000000000");
	strcpy(all, ask("g"));
	assert_int_equal(strlen(all), 33 * 16 + 8);
	ASK("Hg0", "OK"); /* any: stays */
	ASK("p1", "1010004000000000");
	cell.on[1] = false;
	ASK("Hg2", "OK");
	memset(g.known, 0, sizeof(g.known)); /* as after a stop */
	ASK("g", "E01");
}

static void all_registers(void **state)
{
	char text[GDB_REGISTERS * 16 + 2] = "G";

	(void)state;
	strcpy(text + 1, ask("g"));
	memcpy(text + 1 + 5 * 16, "0102030405060708", 16);
	ASK(text, "OK");
	assert_int_equal(cell.registers[0][5], 0x0807060504030201);
	assert_int_equal(cell.registers[0][1], FAKE_DATA);
	text[20] = 0;
	ASK(text, "E01");
}

static void memory(void **state)
{
	char text[64];

	(void)state;
	ASK("m40000000,8", "000080d200040091");
	ASK("m40001ffc,10", "00000000"); /* as far as it goes */
	assert_int_equal(strlen(ask("m40000000,ffffffffffffffff")), GDB_PACKET - 2);
	ASK("m3fffffff,1", "E0e");
	ASK("mzz,1", "E16");
	ASK("M40001000,4:deadbeef", "OK");
	assert_int_equal(fake_word(&cell, FAKE_DATA), 0xefbeadde);
	ASK("M40001000,4:dead", "E16");
	ASK("M40001000,4:deadbexx", "E16");
	ASK("M50001000,1:00", "E0e");
	/* Binary: escaped characters, and a 0. */
	memcpy(text, "X40001000,5:\0}\x03}\x5d" "12", 19);
	{
		char whole[128];
		u8 sum = 0;

		for (u32 i = 0; i < 19; i++)
			sum = (u8)(sum + (u8)text[i]);
		whole[0] = '$';
		memcpy(whole + 1, text, 19);
		sprintf(whole + 20, "#%02x", sum);
		gdb_input(&g, (const u8 *)whole, 23);
	}
	assert_string_equal(take(), "OK");
	ASK("m40001000,5", "00237d3132");
	ASK("X40001000,9:12", "E16");
}

static void soft(void **state)
{
	(void)state;
	ASK("Z0,40000008,4", "OK");
	ASK("Z0,40000008,4", "OK"); /* as often as gdb likes */
	assert_int_equal(fake_word(&cell, FAKE_BASE + 8), 0xd4200000);
	assert_int_equal(cell.kept, 1);
	ASK("m40000004,c", "00040091200000f9feffff17"); /* not to be seen */
	ASK("M40000006,4:11223344", "OK");               /* and not to be overwritten */
	assert_int_equal(fake_word(&cell, FAKE_BASE + 8), 0xd4200000);
	ASK("M40000006,4:0091200000", "OK");
	ASK("M40000006,4:00912000", "OK");
	assert_string_equal(ask("vCont;c"), "(nothing)");
	assert_true(g.running);
	assert_string_equal(run(), "T05thread:1;swbreak:;");
	assert_int_equal(cell.registers[0][32], FAKE_BASE + 8);
	ASK("z0,40000008,4", "OK");
	assert_int_equal(fake_word(&cell, FAKE_BASE + 8), counting[2]);
	assert_int_equal(cell.kept, 0);
	ASK("z0,40000008,4", "OK");
	ASK("Z0,50000008,4", "E0e");
	ASK("Z0,40000009,4", "E0e");
	ASK("Z9,40000008,4", "");
}

static void hard(void **state)
{
	(void)state;
	ASK("Z1,4000000c,4", "OK");
	ask("c");
	assert_string_equal(run(), "T05thread:1;hwbreak:;");
	ASK("p20", "0c00004000000000");
	assert_int_equal(fake_word(&cell, FAKE_BASE + 12), counting[3]);
	ASK("z1,4000000c,4", "OK");
	ASK("Z2,40001000,8", "OK");
	ask("vCont;c:2;c");
	assert_string_equal(run(), "T05thread:1;watch:40001000;");
	ASK("z2,40001000,8", "OK");
	ASK("Z4,40001014,4", "OK"); /* the second half of what the other vCPU writes */
	ask("c");
	assert_string_equal(run(), "T05thread:2;awatch:40001014;");
	ASK("z4,40001014,4", "OK");
	ASK("Z3,40001000,3", "E16");
	ASK("Z3,40001001,8", "E16");
	for (u32 i = 0; i < 4; i++) {
		char text[32];

		snprintf(text, sizeof(text), "Z3,%x,8", 0x40001000 + 8 * i);
		ASK(text, "OK");
	}
	ASK("Z3,40001040,8", "E1c"); /* no more of them */
}

static void steps(void **state)
{
	(void)state;
	ask("vCont;s:2;c");
	assert_string_equal(run(), "T05thread:2;");
	assert_int_equal(cell.registers[1][32], FAKE_BASE + 4);
	assert_int_equal(cell.registers[0][32], FAKE_BASE);
	ASK("Hc1", "OK");
	ask("s");
	assert_string_equal(run(), "T05thread:1;");
	assert_int_equal(cell.registers[0][32], FAKE_BASE + 4);
	ask("vCont;S05:1");
	assert_string_equal(run(), "T05thread:1;");
	assert_int_equal(cell.steps, 3);
	ASK("vCont?", "vCont;c;C;s;S");
}

/* The handler is at 40000080 + 0x280 there. */
static void steps_past_interrupts(void **state)
{
	static const u32 handler[] = { 0x91000442 /* add x2, x2, #1 */, 0xd69f03e0 /* eret */ };

	(void)state;
	cell.on[1] = false;
	cell.vbar = FAKE_BASE + 0x800;
	memcpy(cell.memory + 0x800 + 0x280, handler, sizeof(handler));
	cell.interrupts = 3;
	ask("vCont;s:1");
	assert_string_equal(run(), "T05thread:1;");
	assert_int_equal(cell.registers[0][32], FAKE_BASE + 4);
	assert_int_equal(cell.registers[0][2], 3);
	assert_int_equal(cell.steps, 4);
	assert_int_equal(cell.points[3].kind, POINT_OFF);
	/* No breakpoint is free: it says where it is. */
	cell.interrupts = 1;
	for (u32 i = 0; i < 4; i++) {
		char text[32];

		snprintf(text, sizeof(text), "Z1,%x,4", 0x40000900 + 8 * i);
		ASK(text, "OK");
	}
	ask("vCont;s:1");
	assert_string_equal(run(), "T05thread:1;");
	assert_int_equal(cell.registers[0][32], FAKE_BASE + 0x800 + 0x280);
}

static void is_lost_in_the_handler(void **state)
{
	static const u32 handler[] = { 0x14000000 /* b . */ };

	(void)state;
	cell.vbar = FAKE_BASE + 0x800;
	memcpy(cell.memory + 0x800 + 0x280, handler, sizeof(handler));
	cell.interrupts = 1;
	ask("vCont;s:1");
	gdb_poll(&g);
	assert_true(g.returning);
	assert_int_equal(cell.points[3].kind, POINT_EXECUTE);
	gdb_close(&g);
	assert_int_equal(cell.points[3].kind, POINT_OFF);
}

/* Interrupts without end are not waited for. */
static void no_end_of_interrupts(void **state)
{
	static const u32 handler[] = { 0xd69f03e0 };

	(void)state;
	cell.vbar = FAKE_BASE + 0x800;
	memcpy(cell.memory + 0x800 + 0x280, handler, sizeof(handler));
	cell.interrupts = 1000;
	ask("vCont;s:1");
	assert_string_equal(run(), "T05thread:1;");
	assert_int_equal(cell.steps, GDB_TRIES + 1);
}

static void guests_own_brk(void **state)
{
	const u32 code[] = { 0xd4210000 /* brk #0x800 */, 0xd4200000 /* brk #0 */, 0xd503201f, 0xd4200000 };

	(void)state;
	memcpy(cell.memory, code, sizeof(code));
	cell.on[1] = false;
	ask("c");
	assert_string_equal(run(), "T05thread:1;");
	assert_int_equal(cell.registers[0][32], FAKE_BASE + 4);
	assert_int_equal(cell.given, 1);
	ask("c"); /* it is still there */
	assert_string_equal(run(), "T05thread:1;");
	assert_int_equal(cell.registers[0][32], FAKE_BASE + 4);
	ask("C05"); /* signal SIGTRAP */
	assert_string_equal(run(), "T05thread:1;");
	assert_int_equal(cell.registers[0][32], FAKE_BASE + 12);
	assert_int_equal(cell.given, 2);
}

static void interrupts(void **state)
{
	(void)state;
	put("\3"); /* stopped already: nothing */
	assert_int_equal(g.out_size, 0);
	ask("vCont;C05");
	gdb_poll(&g);
	gdb_poll(&g);
	assert_true(g.running);
	put("\3");
	assert_string_equal(take(), "T02thread:1;");
	assert_true(cell.registers[0][0] > 10);
}

static void leaves(void **state)
{
	(void)state;
	ask("Z0,40000008,4");
	ask("Z1,4000000c,4");
	ASK("D", "OK");
	assert_true(g.ended);
	assert_int_equal(fake_word(&cell, FAKE_BASE + 8), counting[2]);
	assert_int_equal(cell.points[0].kind, POINT_OFF);
	assert_int_equal(cell.goes, 1);
	assert_int_equal(cell.left, 1);
	assert_int_equal(cell.state.halted, 0);
	gdb_close(&g); /* the connection ends, too */
	assert_int_equal(cell.goes, 1);
}

static void is_lost(void **state)
{
	(void)state;
	ask("Z0,40000008,4");
	ask("Z2,40001000,8");
	ask("c");
	gdb_close(&g); /* while it runs */
	assert_int_equal(fake_word(&cell, FAKE_BASE + 8), counting[2]);
	assert_int_equal(cell.points[GDB_HARD].kind, POINT_OFF);
	assert_int_equal(cell.state.halted, 0);
}

static void cell_ends(void **state)
{
	(void)state;
	ask("c");
	cell.state.halted = 0;
	cell.state.why = DEBUG_ENDED;
	memset(cell.on, 0, sizeof(cell.on));
	assert_string_equal(run(), "W00");
	assert_true(g.ended);
}

static void line_ends(void **state)
{
	(void)state;
	cell.refuse = LINE_FAILED;
	ASK("m40000000,4", "E0e");
	ASK("P3=8877665544332211", "E01");
	ASK("c", "E01");
	cell.refuse = LINE_OK;
	ask("c");
	cell.refuse = LINE_FAILED;
	assert_string_equal(run(), "W00");
	assert_true(g.ended && g.broken);
	gdb_open(&g, &fake_deeds, &cell, FAKE_VCPUS);
	assert_true(g.ended);
}

/* Nothing it can hear makes it misbehave: sanitizers look on. */
static void noise(void **state)
{
	static const char letters[] = "$#}+-?gGpPmMXZzHTcsCSDvqQ0123456789abcdef,:;.";
	u64 seed = 7;

	(void)state;
	for (u32 n = 0; n < 200000; n++) {
		u8 byte = next_random(&seed) % 8 ? (u8)letters[next_random(&seed) % (sizeof(letters) - 1)] : (u8)next_random(&seed);

		gdb_input(&g, &byte, 1);
		if (g.ended)
			setup(NULL);
		if (!(n % 16))
			gdb_poll(&g);
		if (g.out_size > GDB_PACKET)
			g.out_size = 0;
	}
}

/* As before, with whole packets of random contents. */
static void nonsense(void **state)
{
	static const char *const begins[] = { "m", "M", "X", "Z0,", "z0,", "Z2,", "P", "p", "H", "T", "vCont", "qXfer:features:read:target.xml:", "G", "g" };
	u64 seed = 9;

	(void)state;
	for (u32 n = 0; n < 20000; n++) {
		char body[64], text[80];
		u32 length = (u32)sprintf(body, "%s", begins[next_random(&seed) % ARRAY_COUNT(begins)]);

		while (length < next_random(&seed) % 60)
			body[length++] = ",:;=0123456789abcdefsc-"[next_random(&seed) % 23];
		packet(text, body, length);
		gdb_input(&g, (const u8 *)text, length + 4);
		gdb_poll(&g);
		g.out_size = 0;
		if (g.ended)
			setup(NULL);
	}
}

/* ---- with the real one ---- */

static int serve(void)
{
	setup(NULL);
	for (;;) {
		u8 bytes[256];
		ssize_t got;

		if (g.running) {
			gdb_poll(&g);
		} else {
			got = read(0, bytes, sizeof(bytes));
			if (got <= 0)
				return 0;
			gdb_input(&g, bytes, (u32)got);
		}
		if (write(1, g.out, g.out_size) != (ssize_t)g.out_size)
			return 1;
		g.out_size = 0;
		if (g.ended)
			return 0;
	}
}

static char session[65536];

static void gdb_session(const char *commands)
{
	char line[4096], self[1024];
	size_t length = 0, got;
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *pipe;

	assert_true(size > 0);
	self[size] = 0;
	snprintf(line, sizeof(line), "gdb-multiarch -nx -batch -ex 'set architecture aarch64' -ex 'set remotetimeout 60' -ex 'target remote | %s --serve' %s 2>&1", self, commands);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	while ((got = fread(session + length, 1, sizeof(session) - 1 - length, pipe)) > 0)
		length += got;
	session[length] = 0;
	pclose(pipe);
}

static void said(const char *text)
{
	if (!strstr(session, text))
		fail_msg("not said: %s\n%s", text, session);
}

static void real_gdb(void **state)
{
	(void)state;
	if (system("command -v gdb-multiarch > /dev/null 2>&1") != 0)
		skip();
	gdb_session("-ex 'info threads' -ex 'break *0x40000008' -ex 'continue' -ex 'info registers x0 pc' -ex 'stepi' -ex 'info registers pc' "
		    "-ex 'x/2i 0x40000008' -ex 'delete' -ex 'hbreak *0x4000000c' -ex 'continue' -ex 'delete' "
		    "-ex 'watch *(long *)0x40001000' -ex 'continue' -ex 'delete' -ex 'set var $pc = 0x40000010' -ex 'set var *(int *)0x40001100 = 77' "
		    "-ex 'x/dw 0x40001100' -ex 'stepi' -ex 'print $x0' -ex 'thread 2' -ex 'print/x $x1' -ex 'print $cpsr' -ex 'detach'");
	said("Thread 2 (vCPU 1)");
	said("Breakpoint 1, 0x0000000040000008");
	said("pc             0x4000000c");
	said("str\tx0, [x1]");
	said("Breakpoint 2, 0x000000004000000c");
	said("Hardware watchpoint 3");
	said("77");
	said("$1 = 42");
	said("= 0x40001010");
	said("EL=1");
	said("detached");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(greets, setup), cmocka_unit_test_setup(packets, setup), cmocka_unit_test_setup(registers, setup),
		cmocka_unit_test_setup(all_registers, setup), cmocka_unit_test_setup(memory, setup), cmocka_unit_test_setup(soft, setup),
		cmocka_unit_test_setup(hard, setup), cmocka_unit_test_setup(steps, setup), cmocka_unit_test_setup(interrupts, setup),
		cmocka_unit_test_setup(steps_past_interrupts, setup), cmocka_unit_test_setup(no_end_of_interrupts, setup),
		cmocka_unit_test_setup(guests_own_brk, setup), cmocka_unit_test_setup(is_lost_in_the_handler, setup),
		cmocka_unit_test_setup(leaves, setup), cmocka_unit_test_setup(is_lost, setup), cmocka_unit_test_setup(cell_ends, setup),
		cmocka_unit_test_setup(line_ends, setup), cmocka_unit_test_setup(noise, setup), cmocka_unit_test_setup(nonsense, setup),
		cmocka_unit_test(real_gdb),
	};

	if (argc > 1 && !strcmp(argv[1], "--serve"))
		return serve();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
