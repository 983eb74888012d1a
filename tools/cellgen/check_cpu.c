/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* CPUs: every reference leads to one, and each has one owner. */
#include <string.h>

#include "check.h"

#define MPIDR_AFFINITY 0xff00ffffffULL

/* One claim with its claimant. */
struct owner {
	const struct cpu_claim *claim;
	u16 cell;         /* CELL_NONE: the service CPU */
	const char *name;
};

struct owners {
	struct owner *list;
	u32 count;
};

static void add_owners(struct owners *owners, const struct cpu_claim *claims, u32 count, u16 cell, const char *name)
{
	for (u32 i = 0; i < count; i++) {
		struct owner *owner = mem_push(&owners->list, &owners->count, sizeof(*owner));

		*owner = (struct owner){ .claim = &claims[i], .cell = cell, .name = name };
	}
}

static void check_target(const struct owner *owner, struct diag *diag)
{
	const struct cpu_claim *claim = owner->claim;

	if (claim->cpu != CPU_NONE) {
		return;
	}
	if (claim->node) {
		diag_error(diag, "not-a-cpu", claim->at, "cpus of '%s' names %s (%s), which is not a CPU of the board; name CPUs only, "
			   "such as <&cpu0>", owner->name, node_nick(claim->node), diag_at(claim->node->at));
	} else if (claim->phandle) {
		check_reference(claim->phandle, mem_format("cpus of '%s'", owner->name), claim->at, diag);
	} else {
		diag_error(diag, "unknown-phandle", claim->at, "cpus of '%s' names phandle 0, or a CPU that its cluster does not "
			   "have; refer by label: <&label>", owner->name);
	}
}

/* The interrupts of a mediated cell pass the core anyway, so its CPU can serve besides. */
static bool may_share(const struct decision *d, const struct owner *first, const struct owner *second)
{
	return first->cell == CELL_NONE && second->cell != CELL_NONE && d->cells[second->cell].mediated;
}

static void report_twice(const struct decision *d, const struct owner *first, const struct owner *second, struct diag *diag)
{
	const char *cpu = d->cpus[second->claim->cpu].name;
	struct pos at = second->claim->at;

	if (first->cell == CELL_NONE && second->cell != CELL_NONE) {
		diag_error(diag, "service-cpu-owned", at, "%s is given to '%s' here, but is the service CPU by %s, and a CPU of a cell "
			   "with direct interrupts cannot serve; name another CPU, or write cloison,interrupts = \"mediated\" in "
			   "'%s'", cpu, second->name, diag_at(first->claim->at), second->name);
	} else if (first->cell == second->cell) {
		diag_error(diag, "cpu-owned-twice", at, "%s is given to '%s' twice; list it once", cpu, second->name);
	} else {
		diag_error(diag, "cpu-owned-twice", at, "%s is given to '%s' here and to '%s' at %s; take it from one of them", cpu,
			   second->name, first->name, diag_at(first->claim->at));
	}
}

static void check_owners(const struct decision *d, const struct owners *owners, struct diag *diag)
{
	for (u32 i = 0; i < owners->count; i++) {
		const struct owner *second = &owners->list[i];
		u32 j = 0;

		check_target(second, diag);
		while (j < i && (second->claim->cpu == CPU_NONE || owners->list[j].claim->cpu != second->claim->cpu ||
				 may_share(d, &owners->list[j], second))) {
			j++;
		}
		if (j < i) {
			report_twice(d, &owners->list[j], second, diag);
		}
	}
}

/* What the board tree says of a CPU that somebody uses. */
static void check_board_cpu(const struct decision *d, u32 number, struct diag *diag)
{
	const struct cpu *cpu = &d->cpus[number];
	const char *method = node_string(cpu->node, "enable-method");
	const char *status = node_string(cpu->node, "status");

	if (cpu->hw_id & ~MPIDR_AFFINITY) {
		diag_error(diag, "board-cpu-id", prop_at(cpu->node, "reg"), "%s: 0x%llx is no affinity value of an MPIDR", cpu->name,
			   TEXT_NUMBER(cpu->hw_id));
	}
	for (u32 i = 0; i < number; i++) {
		if (d->cpus[i].hw_id == cpu->hw_id) {
			diag_error(diag, "board-cpu-id", prop_at(cpu->node, "reg"), "%s and %s (%s) have the same reg 0x%llx; correct "
				   "the board tree", cpu->name, d->cpus[i].name, diag_at(d->cpus[i].node->at),
				   TEXT_NUMBER(cpu->hw_id));
		}
	}
	if (cpu->role != ROLE_UNUSED && number != 0 && (!method || strcmp(method, "psci") != 0)) {
		diag_error(diag, "cpu-not-startable", prop_at(cpu->node, "enable-method"), "%s is used, but the core can switch on "
			   "only CPUs with enable-method = \"psci\"", cpu->name);
	}
	/* "disabled" is how a CPU waits for its enable-method */
	if (cpu->role != ROLE_UNUSED && status && (strncmp(status, "fail", 4) == 0 || strcmp(status, "reserved") == 0)) {
		diag_error(diag, "cpu-not-startable", prop_at(cpu->node, "status"), "%s is used, but its status is \"%s\"; give "
			   "another CPU", cpu->name, status);
	}
}

void check_cpus(const struct decision *d, struct diag *diag)
{
	struct owners owners = {0};

	add_owners(&owners, d->hyp.cpus, d->hyp.cpu_count, CELL_NONE, d->hyp.node->name);
	for (u32 i = 0; i < d->cell_count; i++) {
		add_owners(&owners, d->cells[i].cpus, d->cells[i].cpu_count, (u16)i, d->cells[i].name);
	}
	check_owners(d, &owners, diag);
	if (d->hyp.cpu_count > 1) {
		diag_error(diag, "service-cpu-twice", d->hyp.cpus[0].at, "cpus of '%s' names %u CPUs, but one is the service CPU; name "
			   "one, or none", d->hyp.node->name, d->hyp.cpu_count);
	}
	for (u32 i = 0; i < d->cpu_count; i++) {
		check_board_cpu(d, i, diag);
	}
}
