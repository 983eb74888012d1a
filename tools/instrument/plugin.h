/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * QEMU's interface for TCG plugins, as far as we use it: version 4, which QEMU
 * 10.0 has. Debian ships no header for it; the names, the order of arguments and
 * the numbers are QEMU's, declared here by ourselves.
 */
#ifndef INSTRUMENT_PLUGIN_H
#define INSTRUMENT_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORTED __attribute__((visibility("default")))

#define PLUGIN_VERSION 4

/* ---- what a plugin has to have ---- */

struct plugin_info {
	const char *target;             /* "aarch64" */
	struct { int min, cur; } version;
	bool system;                    /* a machine, not a program */
	struct { int smp_vcpus, max_vcpus; } cpus;
};

EXPORTED extern int qemu_plugin_version;
EXPORTED int qemu_plugin_install(uint64_t id, const struct plugin_info *info, int argc, char **argv);

/* ---- when it is called ---- */

struct qemu_plugin_tb;                  /* a block being translated, one of its instructions: valid in the callback only */
struct qemu_plugin_insn;

typedef void (*plugin_vcpu)(uint64_t id, unsigned int vcpu);
typedef void (*plugin_translate)(uint64_t id, struct qemu_plugin_tb *block);
typedef void (*plugin_exit)(uint64_t id, void *data);
typedef void (*plugin_execute)(unsigned int vcpu, void *data);
typedef void (*plugin_access)(unsigned int vcpu, uint32_t info, uint64_t vaddr, void *data);

void qemu_plugin_register_vcpu_init_cb(uint64_t id, plugin_vcpu callback); /* in the vCPU's own thread */
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, plugin_translate callback);
void qemu_plugin_register_atexit_cb(uint64_t id, plugin_exit callback, void *data);

/* Before a block or an instruction is executed; after an access. What is registered first is done first. */
enum plugin_registers { NO_REGISTERS, READ_REGISTERS };
enum plugin_direction { READS = 1, WRITES, READS_AND_WRITES };

void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, plugin_execute callback, enum plugin_registers registers, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, plugin_execute callback, enum plugin_registers registers, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, plugin_access callback, enum plugin_registers registers,
				      enum plugin_direction direction, void *data);

/* ---- a structure for each vCPU; code that adds to it without a call ---- */

struct qemu_plugin_scoreboard;
struct plugin_u64 {
	struct qemu_plugin_scoreboard *board;
	size_t offset;
};
enum plugin_op { ADD_U64, STORE_U64 };

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *board, unsigned int vcpu);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn, enum plugin_op op, struct plugin_u64 entry, uint64_t value);

/* ---- what an instruction is, where an access went ---- */

struct qemu_plugin_hwaddr;

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t size);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn); /* of QEMU's process; NULL: it is not in RAM */

unsigned int qemu_plugin_mem_size_shift(uint32_t info);
bool qemu_plugin_mem_is_store(uint32_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *where);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *where);

#endif
