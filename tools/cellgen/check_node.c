/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The nodes of the partition: which ones may stand where, what they are
 * called, and that none is opened twice by accident.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "check.h"

#define NAME_MAX_LENGTH 31

/*
 * dtc merges two blocks of one name without a word, and the last value of a property wins: somebody who copies a
 * cell and forgets to rename it would lose the first one. Extending a node by &label { } is meant.
 */
static void check_openings(const struct node *node, struct diag *diag)
{
	const struct opening *first = NULL;

	for (u32 i = 0; i < node->opening_count; i++) {
		const struct opening *opening = &node->openings[i];

		if (opening->by_reference) {
			continue;
		}
		if (first) {
			diag_error(diag, "node-opened-twice", opening->at, "'%s' is opened here and at %s; rename one of them, or "
				   "extend it on purpose by reference: &%s { ... }", node->name, diag_at(first->at),
				   node->label ? node->label : mem_format("{%s}", node->path));
		} else {
			first = opening;
		}
	}
}

static void check_domains(const struct decision *d, struct diag *diag)
{
	for (const struct node *node = d->domains ? d->domains->child : NULL; node; node = node->next) {
		if (node == d->hyp.node) {
			continue;
		}
		if (node_compatible(node, "openamp,hypervisor-v1")) {
			diag_error(diag, "hypervisor-twice", node->at, "'%s' is a second hypervisor beside '%s' at %s; a partition "
				   "has one", node->name, d->hyp.node->name, diag_at(d->hyp.node->at));
		} else {
			diag_error(diag, "unknown-node", node->at, "'%s' is not a hypervisor, and nothing else is understood "
				   "directly below /domains; move a cell into the hypervisor's node", node->name);
		}
	}
}

static void check_children(const struct decision *d, struct diag *diag)
{
	for (const struct node *node = d->hyp.node->child; node; node = node->next) {
		if (!node_compatible(node, "cloison,cell-v1")) {
			diag_error(diag, "unknown-node", node->at, "'%s' is not a cell, so nobody would run it; a cell has "
				   "compatible = \"openamp,domain-v1\", \"cloison,cell-v1\"", node->name);
		}
	}
}

/* In a node of /domains that check_domains has refused. */
static bool refused(const struct decision *d, const struct node *node)
{
	while (node->parent && node->parent != d->domains) {
		node = node->parent;
	}
	return node->parent && node != d->hyp.node;
}

/* Outside the hypervisor's node nobody looks for cells, and only directly below /domains for a hypervisor. */
static void check_strays(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];
		bool hypervisor = node_compatible(node, "openamp,hypervisor-v1");

		if (!node->parent || node->parent == d->hyp.node || node == d->hyp.node || refused(d, node)) {
			continue;
		}
		if (hypervisor || node_compatible(node, "cloison,cell-v1")) {
			diag_error(diag, "unknown-node", node->at, "'%s' is a %s in '%s', where nobody looks for one; move it into '%s' (%s)",
				   node->name, hypervisor ? "hypervisor" : "cell", node->parent->name,
				   hypervisor ? d->domains->name : d->hyp.node->name,
				   diag_at(hypervisor ? d->domains->at : d->hyp.node->at));
		}
	}
}

static bool name_valid(const char *name)
{
	const char *c = name;

	while (isalnum((unsigned char)*c) || *c == '-' || *c == '_') {
		c++;
	}
	return *c == 0 && isalpha((unsigned char)name[0]) && strlen(name) <= NAME_MAX_LENGTH;
}

/* A cell's name becomes a file name, a prefix on the console and an argument of tools. */
static void check_name(const struct cell *cell, struct diag *diag)
{
	if (!name_valid(cell->name)) {
		diag_error(diag, "cell-name", cell->at, "'%s' cannot be a cell's name; use a letter first, then letters, digits, "
			   "'-' and '_', %d characters at most", cell->name, NAME_MAX_LENGTH);
	}
	if (strcasecmp(cell->name, "core") == 0 || strcasecmp(cell->name, "hypervisor") == 0) {
		diag_error(diag, "cell-name", cell->at, "'%s' is what the hypervisor calls itself in messages; give the cell "
			   "another name", cell->name);
	}
}

/* Some file systems and most readers do not tell "Linux" from "linux". */
static void check_names(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		check_name(&d->cells[i], diag);
		for (u32 j = 0; j < i; j++) {
			if (strcasecmp(d->cells[i].name, d->cells[j].name) == 0) {
				diag_error(diag, "cell-name-twice", d->cells[i].at, "'%s' is also the name of the cell at %s, upper "
					   "and lower case aside; rename one", d->cells[i].name, diag_at(d->cells[j].at));
			}
		}
	}
}

void check_nodes(const struct decision *d, struct diag *diag)
{
	if (!d->hyp.node) {
		return;
	}
	for (u32 i = 0; i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];

		if (node != d->domains && node_below(node, d->domains)) {
			check_openings(node, diag);
		}
	}
	check_domains(d, diag);
	check_children(d, diag);
	check_strays(d, diag);
	check_names(d, diag);
}
