/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * src/arch/aarch64/fast_irq.c, fast_sgi.c, fast_vgic.c on simulated hardware:
 * they are included, with the system registers and the memory they use played
 * here. Built with -Isrc/arch/aarch64 (Makefile).
 */
#include <string.h>

#include "vgic_world.h"

/* Theirs are aarch64 instructions. */
#define mmio_read32 gic_h_read32
#define mmio_write32 gic_h_write32
#define dsb_sy sysreg_h_dsb_sy
#include "core/cell.h"
#include "gic.h"
#include "sysreg.h"
#undef mmio_read32
#undef mmio_write32
#undef dsb_sy
#undef READ_SYSREG
#undef WRITE_SYSREG

#define GICD 0x08000000ULL /* physical */
#define GICR 0x080a0000ULL
#define GICD_GUEST 0x10000000ULL
#define GICR_GUEST 0x20000000ULL
#define KICK_LINE 512u /* and one more for each CPU */

const struct arch_board_config machine_board = { .gicd = GICD };
const u16 machine_service_cpu = CPU_NONE;

static struct cpu cpus[WORLD_CPUS];
static struct cpu_config configs[WORLD_CPUS];
static u32 budget[VGIC_LINES];
static u32 acknowledged;

static struct sim_cpu *here(void) { return &world.sim.cpus[world.here]; }

/* ---- system registers ---- */

static u64 read_register(const char *name)
{
	u64 value = 0;

	world_between();
	if (!strcmp(name, SYSREG_STRING(ICC_IAR1_EL1)))
		return acknowledged;
	if (strcmp(name, SYSREG_STRING(ICH_ELRSR_EL2)))
		world_fail("reads %s", name);
	for (u32 i = 0; i < here()->ich.lr_count; i++)
		value |= (u64)sim_lr_empty(&here()->ich, i) << i;
	return value;
}

static void write_register(const char *name, u64 value)
{
	if (!strcmp(name, SYSREG_STRING(ICH_LR0_EL2))) {
		if (!sim_lr_empty(&here()->ich, 0))
			world_fail("cpu%u: list register 0 is in use", world.here);
		here()->ich.lr[0] = value;
	} else if ((strcmp(name, SYSREG_STRING(ICC_EOIR1_EL1)) && strcmp(name, SYSREG_STRING(ICC_DIR_EL1))) || value != acknowledged) {
		world_fail("writes %s: %#llx", name, (unsigned long long)value);
	}
	world_between();
}

#define READ_SYSREG(reg) read_register(SYSREG_STRING(reg))
#define WRITE_SYSREG(reg, value) write_register(SYSREG_STRING(reg), value)
#define dsb_sy() world_between()

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
	u32 reg, w = word_at(a, &reg);

	if (reg != GICD_ISACTIVER)
		world_fail("reads register %#x", reg);
	return vgic_hw_active(w);
}

static void mmio_write32(u64 a, u32 value)
{
	u32 reg, w = word_at(a, &reg);

	if (reg == GICD_ISENABLER || reg == GICD_ICENABLER)
		vgic_hw_enable(w, value, reg == GICD_ISENABLER);
	else if (reg == GICD_ISPENDR && w * 32 >= KICK_LINE && value && !(value & (value - 1)))
		vgic_hw_kick(&world.vgic, w * 32 + (u32)__builtin_ctz(value) - KICK_LINE);
	else
		world_fail("writes register %#x, word %u: %#x", reg, w, value);
}

/* ---- the code ---- */

#define __asm__
#define volatile(...) (void)0
#include "fast_irq.c"
#include "fast_sgi.c"
#include "fast_vgic.c"
#undef __asm__
#undef volatile

static struct cpu *enter(u32 n)
{
	struct cpu *cpu = &cpus[n];

	configs[n].arch.kick_line = KICK_LINE + n;
	*cpu = (struct cpu){ .config = &configs[n], .index = (u16)n, .vcpu_index = (u16)n };
	cpu->arch.irq = world.cpus[n];
	cpu->arch.vgic = &world.vgic;
	cpu->arch.vcpu = &world.vcpus[n];
	cpu->arch.budget = budget;
	cpu->arch.gicr = GICR + GICR_SIZE * n;
	cpu->arch.frame_gicd = GICD_GUEST + GICD_ISENABLER;
	cpu->arch.frame_sgi = GICR_GUEST + GICR_SIZE * n + GICR_SGI_FRAME + GICD_ISENABLER;
	cpu->arch.sgi_rare = ~SGI1R_INTID;
	for (u32 i = 0; i < world.cpu_count; i++) {
		cpu->arch.sgi_route[i] = KICK_LINE + i;
		cpu->arch.sgi_targets |= 1u << i;
	}
	memset(budget, 0xff, sizeof budget);
	world.here = n;
	world.depth++;
	world.inside[n] = true;
	return cpu;
}

static bool leave(u32 n, bool done)
{
	world.here = n;
	world.depth--;
	world.inside[n] = false;
	if (done)
		world_check_lrs(n);
	return done;
}

bool fast_take(u32 cpu, u32 intid)
{
	struct cpu *c = enter(cpu);

	acknowledged = intid == FAST_KICK ? KICK_LINE + cpu : intid;
	return leave(cpu, !fast_irq(c));
}

bool fast_send(u32 cpu, u32 targets, u32 intid)
{
	return leave(cpu, !fast_sgi((u64)intid << 24 | targets, enter(cpu)));
}

static u64 ipa(u32 frame, u32 offset)
{
	return frame == SPEC_DIST ? GICD_GUEST + offset : GICR_GUEST + GICR_SIZE * frame + offset;
}

bool fast_write(u32 cpu, u32 frame, u32 offset, u32 value)
{
	return leave(cpu, !fast_vgic_write(value, ipa(frame, offset), enter(cpu)));
}

bool fast_read(u32 cpu, u32 frame, u32 offset, u64 *value)
{
	s64 result = fast_vgic_read(ipa(frame, offset), enter(cpu));

	*value = (u64)result;
	return leave(cpu, result >= 0);
}
