/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The nodes of the partition: which ones may stand where, what they are
 * called, and that none is opened twice by accident.
 */
#define _POSIX_C_SOURCE 200809L
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

static const char *const our_kinds[] = { "cloison,cell-v1", "openamp,hypervisor-v1" };

/* One of its words is almost one of ours: nobody else's is. */
static const char *misspelt(const struct node *node)
{
	const struct prop *prop = node_prop(node, "compatible");

	for (u32 at = 0; prop && at < prop->size; at += (u32)strnlen((const char *)prop->data + at, prop->size - at) + 1) {
		struct nearest nearest = { .word = (const char *)prop->data + at };

		for (u32 i = 0; i < ARRAY_COUNT(our_kinds); i++) {
			nearest_offer(&nearest, our_kinds[i]);
		}
		if (nearest.best && prop->data[prop->size - 1] == 0) {
			return nearest_hint(&nearest);
		}
	}
	return NULL;
}

static bool has_our_words(const struct node *node)
{
	for (u32 i = 0; i < node->prop_count; i++) {
		if (strncmp(node->props[i].name, "cloison,", 8) == 0) {
			return true;
		}
	}
	return false;
}

/* Nothing but "a domain": in the hypervisor's node that is a cell that forgot to say so. */
static bool only_domain(const struct decision *d, const struct node *node)
{
	const char *compatible = node_string(node, "compatible");

	return node_below(node, d->hyp.node) && node_prop(node, "compatible") && compatible &&
	       node_prop(node, "compatible")->size == strlen(compatible) + 1 && strcmp(compatible, "openamp,domain-v1") == 0;
}

/* Per-domain nodes of the System Device Tree that mean something in a cell only. */
static bool plain_child(const struct node *node)
{
	return strcmp(node->name, "chosen") == 0 || strcmp(node->name, "reserved-memory") == 0;
}

/* Stands where a hypervisor or a cell could: it is one, or somebody else's, or a mistake. */
static void check_foreign(const struct decision *d, const struct node *node, struct diag *diag)
{
	const char *hint = misspelt(node);
	bool inside = node_below(node, d->hyp.node);

	if (node_compatible(node, "openamp,hypervisor-v1")) {
		diag_error(diag, "hypervisor-twice", node->at, "'%s' is a second hypervisor beside '%s' at %s; a partition "
			   "has one", node->name, d->hyp.node->name, diag_at(d->hyp.node->at));
	} else if (node_compatible(node, "cloison,cell-v1")) {
		diag_error(diag, "unknown-node", node->at, "'%s' is a cell in '%s', where nobody looks for one; move it into '%s' (%s)", node->name,
			   node->parent->name, d->hyp.node->name, diag_at(d->hyp.node->at));
	} else if (hint || has_our_words(node) || only_domain(d, node) || (!node_prop(node, "compatible") && !plain_child(node))) {
		diag_error(diag, "unknown-node", node->at, "'%s' is not a %s, so nobody would %s it; a cell has compatible = "
			   "\"openamp,domain-v1\", \"cloison,cell-v1\"%s", node->name, inside ? "cell" : "hypervisor, and no domain of "
			   "others", inside ? "run" : "read", hint ? hint : inside ? "" : ", and is in the hypervisor's node");
	}
}

/* Deep in something that is not read. */
static void check_stray(const struct decision *d, const struct node *node, struct diag *diag)
{
	bool hypervisor = node_compatible(node, "openamp,hypervisor-v1");

	if (node_compatible(node->parent, "openamp,hypervisor-v1") && domain_kind(d, node->parent) == DOMAIN_FOREIGN) {
		return; /* the second hypervisor is the mistake */
	}
	if (hypervisor || node_compatible(node, "cloison,cell-v1")) {
		diag_error(diag, "unknown-node", node->at, "'%s' is a %s in '%s', where nobody looks for one; move it into '%s' (%s)",
			   node->name, hypervisor ? "hypervisor" : "cell", node->parent->name,
			   hypervisor ? d->domains->name : d->hyp.node->name,
			   diag_at(hypervisor ? d->domains->at : d->hyp.node->at));
	}
}

static bool is_cell(const struct decision *d, const struct node *node)
{
	u32 i = 0;

	while (i < d->cell_count && d->cells[i].node != node) {
		i++;
	}
	return i < d->cell_count;
}

static void check_kinds(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];
		enum domain_kind kind = domain_kind(d, node);

		if (kind == DOMAIN_FOREIGN) {
			check_foreign(d, node, diag);
		} else if (node->parent && node != d->hyp.node && !is_cell(d, node)) {
			check_stray(d, node, diag);
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
	for (u32 i = 0; i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];

		if (node != d->domains && node_below(node, d->domains)) {
			check_openings(node, diag);
		}
	}
	check_kinds(d, diag);
	check_names(d, diag);
}
