/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The attacker: picks what bootargs name, does it, says that it is still there. */
#include "attack.h"

static u64 window(u64 a, u64 attributes)
{
	u64 slot = 500 + (attributes & 1);

	guest_tables[slot] = (a & ~0x3fffffffUL) | attributes;
	mmu_sync();
	return slot << 30 | (a & 0x3fffffff);
}

u64 window_normal(u64 a)
{
	return window(a, 0x705);
}

u64 window_device(u64 a)
{
	return window(a, 0x0060000000000401);
}

u64 argument_address(u64 otherwise)
{
	return args_u64("addr", otherwise);
}

u64 random_next(u64 *state) /* xorshift64* */
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dUL;
}

static bool run_from(const struct attack *list, const char *name)
{
	for (; list->name; list++) {
		if (strcmp(list->name, name))
			continue;
		print("attack: %s begin\n", name);
		uart_drain();
		list->run();
		return true;
	}
	return false;
}

static void run(const char *name)
{
	if (!run_from(outside_attacks, name) && !run_from(register_attacks, name) && !run_from(call_attacks, name) &&
	    !run_from(gic_attacks, name) && !run_from(irq_attacks, name) && !run_from(user_attacks, name) &&
	    !run_from(pci_attacks, name) && !run_from(its_attacks, name))
		print("attack: FAIL no such case '%s'\n", name);
}

void guest_main(struct boot_state *boot)
{
	char names[256];
	char *name = names;

	args_init(boot->dtb);
	uart_init();
	gic_init();
	if (!args_get("case", names, sizeof names)) {
		print("attack: FAIL no case= in bootargs\n");
		idle_forever();
	}
	sleep_us(args_u64("after_ms", 400) * 1000); /* until the neighbours have something to lose */
	for (char *p = names;; p++) {
		if (*p && *p != ',')
			continue;
		bool end = !*p;
		*p = 0;
		run(name);
		name = p + 1;
		if (end)
			break;
	}
	print("attack: done\n");
	idle_forever();
}
