/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Which node of /domains is what. The System Device Tree nests domains: a subsystem holds a hypervisor, which holds cells;
 * domains that only hold others may stand in between, and there may be domains that are none of our business.
 *
 *     /domains
 *     +- subsystem            holds others
 *     |  +- hypervisor        the hypervisor's node: the first one
 *     |     +- linux          a cell
 *     |     +- group          holds others
 *     |        +- control     a cell
 *     +- r5                   foreign: another processor's
 */
#include <string.h>

#include "parts.h"

static bool is_domain(const struct node *node)
{
	return node_compatible(node, "openamp,domain-v1");
}

/* Between top and node there are only domains, so that somebody who looks for one comes past. */
static bool reached(const struct node *node, const struct node *top)
{
	for (node = node->parent; node && node != top; node = node->parent) {
		if (!is_domain(node) || node_compatible(node, "cloison,cell-v1")) {
			return false;
		}
	}
	return node == top;
}

const struct node *domain_hypervisor(const struct decision *d)
{
	for (u32 i = 0; d->domains && i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];

		if (node_compatible(node, "openamp,hypervisor-v1") && reached(node, d->domains)) {
			return node;
		}
	}
	return NULL;
}

bool domain_is_cell(const struct decision *d, const struct node *node)
{
	return d->hyp.node && node_compatible(node, "cloison,cell-v1") && reached(node, d->hyp.node);
}

/* It is, or holds, what Cloison obeys. */
static bool holds_ours(const struct decision *d, const struct node *top)
{
	if (node_below(d->hyp.node, top)) {
		return true;
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		if (node_below(d->cells[i].node, top)) {
			return true;
		}
	}
	return false;
}

static bool in_cell(const struct decision *d, const struct node *node)
{
	for (u32 i = 0; i < d->cell_count; i++) {
		if (node_below(node, d->cells[i].node)) {
			return true;
		}
	}
	return false;
}

enum domain_kind domain_kind(const struct decision *d, const struct node *node)
{
	if (!d->domains || !d->hyp.node || node == d->domains || !node_below(node, d->domains)) {
		return DOMAIN_NONE;
	}
	if (node == d->hyp.node || in_cell(d, node)) {
		return DOMAIN_OURS;
	}
	if (is_domain(node) && holds_ours(d, node)) {
		return DOMAIN_HOLDS;
	}
	return node->parent == d->domains || node->parent == d->hyp.node || domain_kind(d, node->parent) == DOMAIN_HOLDS ?
	       DOMAIN_FOREIGN : DOMAIN_INSIDE;
}

bool vdev_foreign(const struct node *node)
{
	return node_prop(node, "compatible") && !node_prop(node, "reg") && !node_prop(node, "interrupts") && !vdev_type_of(node);
}
