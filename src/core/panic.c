/* SPDX-License-Identifier: Apache-2.0 OR MIT */
#include "core/panic.h"
#include "arch/arch.h"
#include "core/boot.h"
#include "core/cell.h"
#include "core/console.h"
#include "core/fmt.h"

#define PANIC_TEXT 160u

/* The last words of a CPU that does not map the UART; the first one wins. */
static u32 left_state; /* [A] enum record_state */
static char left_text[PANIC_TEXT];

/* The boot CPU and the service CPU map the UART; without a service CPU every CPU does. */
static bool maps_console(const struct cpu *cpu)
{
	return cpu->index == 0 || cpu->index == machine_service_cpu || machine_service_cpu == CPU_NONE;
}

static _Noreturn void end(const char *text)
{
	if (maps_console(arch_cpu_this())) {
		console_printf("%s", text);
		console_flush();
	} else if (arch_cas32(&left_state, RECORD_NONE, RECORD_WRITING)) {
		for (u32 i = 0; i < PANIC_TEXT; i++)
			left_text[i] = text[i];
		atomic_store32(&left_state, RECORD_READY);
		core_call_service();
	}
	arch_halt();
}

void panic(const char *what, u64 declared, u64 found)
{
	char text[PANIC_TEXT];

	fmt_print(text, sizeof text, "panic: %s: declared 0x%lx, found 0x%lx", what, declared, found);
	end(text);
}

void panic_exception(u64 syndrome, u64 pc, u64 address)
{
	char text[PANIC_TEXT];

	fmt_print(text, sizeof text, "panic: exception in the core on %s: syndrome 0x%lx, pc 0x%lx, address 0x%lx",
		  arch_cpu_this()->config->name, syndrome, pc, address);
	end(text);
}

void panic_relay(void)
{
	if (arch_cas32(&left_state, RECORD_READY, RECORD_PRINTED))
		console_printf("%s", left_text);
}
