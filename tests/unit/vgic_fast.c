/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * src/arch/aarch64/fast_irq.c, fast_sgi_mediated.c, fast_vgic.c on simulated hardware:
 * they are included, with the system registers and the memory they use played
 * here. Built with -Isrc/arch/aarch64 (Makefile).
 */
#include <string.h>

/* Theirs are aarch64 instructions. */
#define mmio_read32 gic_h_read32
#define mmio_write32 gic_h_write32
#define dsb_sy sysreg_h_dsb_sy
#include "core/boot.h"
#include "core/cell.h"
#include "gic.h"
#include "irq.h"
#include "sysreg.h"
#include "vgic_bits.h"
#undef mmio_read32
#undef mmio_write32
#undef dsb_sy
#undef READ_SYSREG
#undef WRITE_SYSREG

#include "vgic_hooks.h"
#include "vgic_world.h"

#define GICD 0x08000000ULL /* physical */
#define GICR 0x080a0000ULL
#define GICD_GUEST 0x10000000ULL
#define GICR_GUEST 0x20000000ULL
#define ROUTES 0x100u /* and one more for each CPU */

const struct arch_board_config machine_board = { .gicd = GICD };
const u16 machine_service_cpu = 0;
u32 core_service_word;
struct irq_budget irq_budgets[OWNER_COUNT];

static struct cpu cpus[WORLD_CPUS];
static u32 acknowledged[WORLD_CPUS];
static bool tick; /* of the service CPU */

static struct sim_cpu *here(void) { return &world.sim.cpus[world.here]; }

/* ---- system registers ---- */

static u64 read_register(const char *name)
{
	u64 value = 0;

	world_hook();
	if (!strcmp(name, SYSREG_STRING(ICC_IAR1_EL1)))
		return acknowledged[world.here];
	if (!strcmp(name, SYSREG_STRING(cnthp_ctl_el2)) && world.here == machine_service_cpu)
		return tick ? CNT_ISTATUS : 0;
	if (strcmp(name, SYSREG_STRING(ICH_ELRSR_EL2)))
		world_fail("reads %s", name);
	for (u32 i = 0; i < here()->ich.lr_count; i++)
		value |= (u64)sim_lr_empty(&here()->ich, i) << i;
	return value;
}

static void write_register(const char *name, u64 value)
{
	world_hook();
	if (!strcmp(name, SYSREG_STRING(ICH_LR0_EL2))) {
		if (!sim_lr_empty(&here()->ich, 0))
			world_fail("cpu%u: list register 0 is in use", world.here);
		here()->ich.lr[0] = value;
	} else if (!strcmp(name, SYSREG_STRING(ICC_SGI1R_EL1)) && value - ROUTES < world.cpu_count) {
		vgic_hw_kick(&world.vgic, (u32)value - ROUTES);
	} else if ((strcmp(name, SYSREG_STRING(ICC_EOIR1_EL1)) && strcmp(name, SYSREG_STRING(ICC_DIR_EL1))) ||
		   value != acknowledged[world.here]) {
		world_fail("writes %s: %#llx", name, (unsigned long long)value);
	}
}

#define READ_SYSREG(reg) read_register(SYSREG_STRING(reg))
#define WRITE_SYSREG(reg, value) write_register(SYSREG_STRING(reg), value)
#define dsb_sy() world_hook()

/* ---- memory ---- */

/* A word of set or clear registers of the physical distributor or of this CPU's redistributor. */
static u32 word_at(u64 a, u32 *reg)
{
	u64 offset = a - GICD;

	if (offset >= GIC_FRAME_SIZE) {
		offset = a - GICR - GICR_SIZE * world.here - GICR_SGI_FRAME;
		if (offset >= GIC_FRAME_SIZE || offset & 0x7c)
			world_fail("touches %#llx", (unsigned long long)a);
	} else if (!(offset & 0x7c)) {
		world_fail("touches word 0 of the distributor");
	}
	*reg = (u32)offset & ~0x7fu;
	return (u32)offset / 4 & 31;
}

static u32 mmio_read32(u64 a)
{
	u32 reg, w, bits = 0;

	if (a == GICD + GICD_CTLR) /* a disabled line may still come: then it is not short */
		return chance(8) ? 0 : (u32)GICD_CTLR_RWP;
	w = word_at(a, &reg);
	if (reg != GICD_ISACTIVER || w >= SIM_LINES / 32)
		world_fail("reads register %#x", reg);
	world_hook();
	for (u32 i = 0; i < 32; i++)
		bits |= (u32)sim_line(&world.sim, world.here, w * 32 + i)->active << i;
	return bits;
}

static void mmio_write32(u64 a, u32 value)
{
	u32 reg, w = word_at(a, &reg);

	if (reg != GICD_ISENABLER && reg != GICD_ICENABLER)
		world_fail("writes register %#x, word %u: %#x", reg, w, value);
	for (u32 i = 0; i < 32; i++)
		if (value >> i & 1)
			vgic_hw_enable(&world.vgic, world_line_of(w * 32 + i), reg == GICD_ISENABLER);
}

/* ---- the code ---- */

#define __asm__
#define volatile(...) (void)0
#include "fast_irq.c"
#include "fast_sgi_mediated.c"
#include "fast_vgic.c"
#undef __asm__
#undef volatile

void fast_begin(void)
{
	for (u32 n = 0; n < world.cpu_count; n++) {
		struct cpu *cpu = &cpus[n];

		*cpu = (struct cpu){ .index = (u16)n, .vcpu_index = (u16)n, .cell_index = WORLD_CELL };
		cpu->arch.vgic = &world.vgic;
		cpu->arch.vcpu = &world.vcpus[n];
		cpu->arch.serves = n == machine_service_cpu;
		cpu->arch.lr_mask = (1u << world.sim.cpus[n].ich.lr_count) - 1;
		cpu->arch.gicr = GICR + GICR_SIZE * n;
		cpu->arch.frame_gicd = GICD_GUEST + GICD_ISENABLER;
		cpu->arch.frame_sgi = GICR_GUEST + GICR_SIZE * n + GICR_SGI_FRAME + GICD_ISENABLER;
		for (u32 i = 0; i < world.cpu_count; i++) {
			cpu->arch.sgi_routes[SGI_ROUTE(i)] = ROUTES + i;
			cpu->arch.sgi_targets |= 1u << i;
		}
	}
}

static struct cpu *enter(u32 n)
{
	cpus[n].arch.hand.busy = world.cpus[n].busy;
	world_begin(n);
	return &cpus[n];
}

static bool leave(u32 n, bool done)
{
	world_end(n);
	if (done)
		world_check_lrs(n);
	return done;
}

/* What only irq.c may do is left to it: the core's own work, and filling a budget again. */
bool fast_take(u32 cpu, u32 intid)
{
	u32 *left = &irq_budgets[intid < OWNER_COUNT ? intid : 0].left, budget = chance(3);
	bool limited = intid < OWNER_COUNT && machine_owners[intid].limit, done;
	bool service = intid == FAST_KICK && cpu == machine_service_cpu && !chance(4);

	*left = budget;
	if (cpu == machine_service_cpu) {
		core_service_word = service && chance(2);
		tick = service && !core_service_word;
	}
	acknowledged[cpu] = intid;
	done = !fast_irq(enter(cpu));
	leave(cpu, done);
	if (done && (service || (limited && !budget)))
		world_fail("cpu%u: short path takes %u, which is not its own", cpu, intid);
	if (limited && *left != budget - done)
		world_fail("cpu%u: line %u, budget %u becomes %u", cpu, intid, budget, *left);
	if (!done && cpus[cpu].arch.irq_taken != intid)
		world_fail("cpu%u: line %u is forgotten", cpu, intid);
	return done;
}

bool fast_send(u32 cpu, u32 targets, u32 intid)
{
	struct cpu *c = enter(cpu);

	return leave(cpu, !targets || !fast_sgi_mediated((u64)intid << 24 | targets, c)); /* entry.S keeps those without a target */
}

static u64 ipa(u32 frame, u32 offset)
{
	return frame == SPEC_DIST ? GICD_GUEST + offset : GICR_GUEST + GICR_SIZE * frame + offset;
}

bool fast_write(u32 cpu, u32 frame, u32 offset, u32 value)
{
	struct cpu *c = enter(cpu);

	return leave(cpu, !fast_vgic_write(value, ipa(frame, offset), c));
}

bool fast_read(u32 cpu, u32 frame, u32 offset, u64 *value)
{
	struct cpu *c = enter(cpu);
	s64 result = fast_vgic_read(ipa(frame, offset), c);

	*value = (u64)result;
	return leave(cpu, result >= 0);
}
