/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * What a bare-metal guest may use. It knows QEMU virt's addresses and nothing
 * else, so the same binary runs on bare QEMU and as a cell with the default
 * guest map. Cloison's own calls (the last section) answer NOT_SUPPORTED on
 * bare QEMU; a guest that uses them asks cloison_present() first.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define CPU_MAX 16

/* ---- the machine ---- */

#define RAM_BASE 0x40000000UL
#define GICD_BASE 0x08000000UL
#define GICR_BASE 0x080a0000UL /* 128 KiB per CPU: RD frame, SGI frame */
#define UART_BASE 0x09000000UL
#define UART_LINE 33           /* SPI 1 */
#define PPI_VTIMER 27
#define PPI_PTIMER 30

#define read_sysreg(name) ({ u64 v_; __asm__ volatile("mrs %0, " #name : "=r"(v_) : : "memory"); v_; })
#define write_sysreg(name, value) __asm__ volatile("msr " #name ", %0" : : "r"((u64)(value)) : "memory")
#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb() __asm__ volatile("dsb sy" : : : "memory")
#define wfi() __asm__ volatile("dsb sy\n\twfi" : : : "memory")
#define wfe() __asm__ volatile("wfe" : : : "memory")
#define sev() __asm__ volatile("dsb sy\n\tsev" : : : "memory")
#define yield() __asm__ volatile("yield" : : : "memory")
#define irq_unmask() __asm__ volatile("msr daifclr, #2" : : : "memory")
#define irq_mask() __asm__ volatile("msr daifset, #2" : : : "memory")

/* Explicit instructions, so that a trapped access can always be decoded (ISV = 1). */
static inline u32 mmio_read32(u64 a) { u32 v; __asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(a) : "memory"); return v; }
static inline void mmio_write32(u64 a, u32 v) { __asm__ volatile("str %w0, [%1]" : : "r"(v), "r"(a) : "memory"); }
static inline u64 mmio_read64(u64 a) { u64 v; __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory"); return v; }
static inline void mmio_write64(u64 a, u64 v) { __asm__ volatile("str %0, [%1]" : : "r"(v), "r"(a) : "memory"); }
static inline u8 mmio_read8(u64 a) { u32 v; __asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(a) : "memory"); return (u8)v; }
static inline void mmio_write8(u64 a, u8 v) { __asm__ volatile("strb %w0, [%1]" : : "r"((u32)v), "r"(a) : "memory"); }
static inline u16 mmio_read16(u64 a) { u32 v; __asm__ volatile("ldrh %w0, [%1]" : "=r"(v) : "r"(a) : "memory"); return (u16)v; }
static inline void mmio_write16(u64 a, u16 v) { __asm__ volatile("strh %w0, [%1]" : : "r"((u32)v), "r"(a) : "memory"); }

/* Load and store exclusive, so that no helper library is asked for. */
static inline u32 atomic_swap(volatile u32 *p, u32 value)
{
	u32 old, fail;

	__asm__ volatile("1: ldaxr %w0, [%2]\n\tstlxr %w1, %w3, [%2]\n\tcbnz %w1, 1b"
			 : "=&r"(old), "=&r"(fail) : "r"(p), "r"(value) : "memory");
	return old;
}

static inline u32 atomic_add(volatile u32 *p, u32 value) /* what it was before */
{
	u32 old, sum, fail;

	__asm__ volatile("1: ldaxr %w0, [%3]\n\tadd %w1, %w0, %w4\n\tstlxr %w2, %w1, [%3]\n\tcbnz %w2, 1b"
			 : "=&r"(old), "=&r"(sum), "=&r"(fail) : "r"(p), "r"(value) : "memory");
	return old;
}

/* ---- start.S ---- */

/* What the first CPU found at its first instruction. */
struct boot_state {
	u64 first_tick; /* counter, read by the very first instruction */
	u64 sctlr;
	u64 daif;
	u64 current_el;
	u64 dtb;
	u64 x1_x3;      /* x1 | x2 | x3 */
	u64 bss;        /* all words of .bss and stacks, by OR, before they were cleared */
};
extern struct boot_state boot_state;
extern u64 guest_tables[512]; /* level 1, identity; rewrite and mmu_sync() */
extern u8 guest_vectors[], guest_begin[], guest_end[];

void guest_main(struct boot_state *boot);                     /* the guest's own */
void guest_secondary(void);                                   /* entry address for CPU_ON */
void secondary_main(u64 context, u64 sctlr, u64 daif);        /* lib: runs cpu_run()'s function */
static inline u32 cpu_number(void) { return (u32)read_sysreg(tpidr_el1); }
void mmu_sync(void);

/* ---- trap.c ---- */

struct trap_frame { u64 x[31]; u64 pc; u64 spsr; u64 pad; };

/* A synchronous exception the guest provoked on purpose: recorded, instruction skipped. */
struct trap_seen { u64 count, esr, far, pc, vector; };
void trap_expect(bool on);                /* calling CPU; also clears what was seen */
const struct trap_seen *trap_result(void); /* calling CPU */
/* EL0 until its first exception, which is then in trap_result(); returns x0. spsr: 0 for A64, 0x10 A32, 0x30 T32. */
u64 user_run(u64 pc, u64 spsr, u64 x0, u64 x1);
extern u8 user_back[];
#define ESR_EC(esr) ((u32)((esr) >> 26) & 0x3f)
#define EC_UNKNOWN 0x00
#define EC_SVC 0x15
#define EC_IABT 0x21
#define EC_PC_ALIGN 0x22
#define EC_DABT 0x25
#define EC_BRK 0x3c

void irq_handler(u32 intid); /* the guest's own (weak default: counts); EOI is done after it */
extern volatile u32 irq_count[CPU_MAX][1024];
extern volatile u32 irq_spurious[CPU_MAX]; /* taken, and nothing to acknowledge */

/* ---- print.c, uart.c ---- */

void uart_init(void);
void uart_putc(char c);     /* polled: waits for room */
void uart_puts(const char *s);
int uart_getc(void);        /* -1: nothing there */
void uart_drain(void);      /* until the last character has left */
void print(const char *format, ...) __attribute__((format(printf, 1, 2))); /* %s %c %d %u %x %lx %lu %%, width and 0 */
extern u64 uart_base;       /* 0: no console; print is silent */
extern u64 uart_accesses;   /* of its registers, by these functions */

/* ---- args.c: the tree's /chosen/bootargs, e.g. "case=read-hyp rounds=10" ---- */

void args_init(u64 dtb);
bool args_get(const char *name, char *value, u32 size);
u64 args_u64(const char *name, u64 otherwise);
u64 tree_end(u64 dtb);      /* first address behind the tree */

/* ---- gic.c ---- */

#define GICD_CTLR (GICD_BASE + 0x0)
#define GICD_TYPER (GICD_BASE + 0x4)
#define GICD_IGROUPR (GICD_BASE + 0x80)
#define GICD_ISENABLER (GICD_BASE + 0x100)
#define GICD_ICENABLER (GICD_BASE + 0x180)
#define GICD_ISPENDR (GICD_BASE + 0x200)
#define GICD_ICPENDR (GICD_BASE + 0x280)
#define GICD_ISACTIVER (GICD_BASE + 0x300)
#define GICD_ICACTIVER (GICD_BASE + 0x380)
#define GICD_IPRIORITYR (GICD_BASE + 0x400)
#define GICD_ITARGETSR (GICD_BASE + 0x800)
#define GICD_ICFGR (GICD_BASE + 0xc00)
#define GICD_IGRPMODR (GICD_BASE + 0xd00)
#define GICD_IROUTER (GICD_BASE + 0x6000)
#define GICD_PIDR2 (GICD_BASE + 0xffe8)
#define GICR_RD(cpu) (GICR_BASE + 0x20000UL * (cpu))
#define GICR_SGI(cpu) (GICR_RD(cpu) + 0x10000)

#define read_icc(name) ({ u64 v_; __asm__ volatile("mrs %0, " name : "=r"(v_) : : "memory"); v_; })
#define write_icc(name, value) __asm__ volatile("msr " name ", %0\n\tisb" : : "r"((u64)(value)) : "memory")
#define ICC_PMR "s3_0_c4_c6_0"
#define ICC_IAR1 "s3_0_c12_c12_0"
#define ICC_EOIR1 "s3_0_c12_c12_1"
#define ICC_HPPIR1 "s3_0_c12_c12_2"
#define ICC_BPR1 "s3_0_c12_c12_3"
#define ICC_CTLR "s3_0_c12_c12_4"
#define ICC_SRE "s3_0_c12_c12_5"
#define ICC_IGRPEN0 "s3_0_c12_c12_6"
#define ICC_IGRPEN1 "s3_0_c12_c12_7"
#define ICC_DIR "s3_0_c12_c11_1"
#define ICC_RPR "s3_0_c12_c11_3"
#define ICC_SGI1R "s3_0_c12_c11_5"
#define ICC_ASGI1R "s3_0_c12_c11_6"
#define ICC_SGI0R "s3_0_c12_c11_7"

void gic_init(void);      /* distributor (first caller) and this CPU's part; nothing enabled yet */
void gic_cpu_init(void);
void gic_enable(u32 intid, u8 priority);
void gic_disable(u32 intid);
void gic_set_pending(u32 intid);
void gic_clear_pending(u32 intid);
bool gic_is_pending(u32 intid);
void gic_route(u32 intid, u32 cpu);
void gic_sgi(u32 cpu, u32 intid);
void gic_sgi_others(u32 intid); /* IRM = 1 */
static inline u64 cpu_affinity(u32 cpu) { return (cpu & 15) | (u64)(cpu >> 4) << 8; }

/* ---- its.c ---- */

#define ITS_BASE 0x08080000UL
#define ITS_DOORBELL (ITS_BASE + 0x10040)
#define LPI_BASE 8192u
#define LPI_MAX 64u

extern volatile u32 lpi_count[LPI_MAX];
bool its_init(void);  /* and this CPU's LPIs */
bool its_device(u32 device, u32 events_log2, u32 which); /* which: 0 to 3, for whose events there is room */
bool its_map(u32 device, u32 event, u32 lpi);            /* to LPI_BASE + lpi, enabled */
bool its_unmap(u32 device, u32 event);
bool its_command(u64 c0, u64 c1, u64 c2);                /* false: it is not read */

/* ---- timer ---- */

static inline u64 now(void) { isb(); return read_sysreg(cntvct_el0); }
static inline u64 now_physical(void) { isb(); return read_sysreg(cntpct_el0); }
static inline u64 ticks_hz(void) { return read_sysreg(cntfrq_el0); }
static inline u64 ticks_us(u64 us) { return ticks_hz() * us / 1000000; }
void delay_us(u64 us);  /* busy */
void sleep_us(u64 us);  /* asleep, on the virtual timer; interrupts masked, the timer is off after it */
/* True as soon as the condition is; false after that time, and so many looks: a busy host stops the CPU, not its clock. */
#define wait_until(condition, us)                                  \
	({                                                         \
		u64 end_ = now() + ticks_us(us);                   \
		u32 looks_ = 0;                                    \
		bool ok_;                                          \
		while (!(ok_ = (condition)) && (looks_++ < 5000 || now() < end_)) \
			yield();                                   \
		ok_;                                               \
	})

/* ---- psci.c: SMCCC, PSCI ---- */

struct smccc { u64 x[18]; };
void smccc_hvc(struct smccc *call); /* x0..x17 in, x0..x17 out */
void smccc_smc(struct smccc *call);
u64 hvc(u64 function, u64 a1, u64 a2, u64 a3);
u64 smc(u64 function, u64 a1, u64 a2, u64 a3);

#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0xc4000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_AFFINITY_INFO 0xc4000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_SYSTEM_RESET2 0xc4000012u
#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED (-3)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)
#define PSCI_INVALID_ADDRESS (-9)
#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_ARCH_WORKAROUND_1 0x80008000u
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffu
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffu

static inline s32 psci(u32 function, u64 a1, u64 a2, u64 a3) { return (s32)hvc(function, a1, a2, a3); }
/* Run function(argument) on another CPU: CPU_ON; returns PSCI's result. A CPU that returns from it is switched off. */
s32 cpu_run(u32 cpu, void (*function)(u64), u64 argument);
bool cpu_wait_off(u32 cpu, u64 us);
u32 cpu_count(void); /* by AFFINITY_INFO */
__attribute__((noreturn)) void idle_forever(void);

/* ---- Cloison's own calls ---- */

#define CLOISON_UID 0x8600ff01u
#define CLOISON_REVISION 0x8600ff03u
#define CLOISON_EXITS_TOTAL 0xc6000001u  /* x0 = exits of the calling vCPU before this call */
#define CLOISON_EXITS_REASON 0xc6000002u /* x1 = enum exit_reason */
#define CLOISON_BOOT_STAMPS 0xc6000003u  /* x0 entry tick, x1 ticks of the banner, x2 ticks of the image copy */

#define CLOISON_CONTROL 0xc6000010u      /* x1 number of a cell, x2 operation */
#define CLOISON_CELL_STATUS 0xc6000011u  /* x1 number -> x0 state, x1 lives, x2 reason of the last stop, x3 result of the last request */
#define CLOISON_CELL_TIMES 0xc6000012u   /* x1 number -> x0 0, x1 regain, x2 stop, x3 clear, x4 start; ticks */
#define CLOISON_HEARTBEAT 0xc6000013u    /* -> as SHUTDOWN_ASKED */
#define CLOISON_SHUTDOWN_ASKED 0xc6000014u /* -> x0 0, or the operation it is asked for; x1 ms that are left */
#define CLOISON_INVALID (-3)
#define CLOISON_DENIED (-16)
#define CLOISON_BUSY (-17)
/* Operations, as cloison,controls-rights has them, too. */
enum { OP_STATUS, OP_START, OP_STOP, OP_RESTART, OP_SUSPEND, OP_RESUME, OP_KILL, OP_COUNT };
/* States of another cell. */
enum { CELL_OFF, CELL_LOADING, CELL_RUNNING, CELL_SUSPENDED, CELL_STOPPING, CELL_STOPPED, CELL_FAILED };

bool cloison_present(void);
static inline u64 exits_total(void) { return hvc(CLOISON_EXITS_TOTAL, 0, 0, 0); }
static inline u64 exits_reason(u64 reason) { return hvc(CLOISON_EXITS_REASON, reason, 0, 0); }
/* Exits between two readings of exits_total(), the first of which is one itself. */
static inline u64 exits_between(u64 before, u64 after) { return after - before - 1; }

/* ---- string.c ---- */

void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int strcmp(const char *a, const char *b);
size_t strlen(const char *s);

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
