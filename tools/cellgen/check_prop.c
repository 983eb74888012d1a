/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * The vocabulary: which properties a node of the partition may have, and what
 * the ones with a fixed set of values may say. A property nobody reads is a wish
 * nobody fulfils, so it is refused.
 */
#include <string.h>

#include "check.h"

enum shape {
	SHAPE_ANY,    /* judged by whoever reads it */
	SHAPE_FLAG,   /* no value */
	SHAPE_TEXT,   /* one string */
	SHAPE_LATER,  /* understood, but not implemented */
	SHAPE_ZERO,   /* one number, of which only 0 is implemented */
};

struct rule {
	const char *name;
	enum shape shape;
	const char *choices[6]; /* SHAPE_TEXT: the only values, if any are listed */
	u32 unfit;              /* a bit for each choice that check_policy.c refuses, with a reason: not to be offered */
	const char *why;        /* it is accepted, and has no effect; NULL: it has */
};

/* Of every node in the System Device Tree's sense; those without an effect on who owns what. */
#define COMMON_RULES \
	{ .name = "compatible" }, { .name = "#address-cells" }, { .name = "#size-cells" }, { .name = "phandle" }, \
	{ .name = "linux,phandle" }, { .name = "id", .why = "cells are numbered in their order" }, \
	{ .name = "os,type", .why = "it describes, and decides nothing" }, { .name = "cpus" }, { .name = "memory" }

static const struct rule domains_rules[] = {
	{ .name = "compatible" }, { .name = "#address-cells" }, { .name = "#size-cells" },
	{ .name = "#access-flags-cells", .why = "each cell says its own" },
	{ .name = "phandle" }, { .name = "linux,phandle" }, { .name = "ranges" },
};

static const struct rule hypervisor_rules[] = {
	COMMON_RULES,
	{ .name = "#access-flags-cells", .why = "each cell says its own" },
	{ .name = "cloison,board-rights", .shape = SHAPE_TEXT, .choices = { "none", "reset", "off", "reset off" } },
	{ .name = "cloison,console" },
	{ .name = "cloison,controls" },
	{ .name = "cloison,controls-rights" },
	{ .name = "cloison,crash-region" },
	{ .name = "cloison,max-trap-instructions" },
	{ .name = "cloison,panic", .shape = SHAPE_TEXT, .choices = { "halt", "reset" } },
	{ .name = "cloison,watchdog" },
	{ .name = "cloison,watchdog-seconds" },
	{ .name = "llc-colors", .shape = SHAPE_TEXT },
	{ .name = "cloison,llc-colors-shared-with" },
	{ .name = "reserved-memory", .shape = SHAPE_LATER },
};

/* Which of them means something for which event is check_policy.c's. */
#define ACTIONS { "ignore", "record", "stop", "restart", "stop-others", "reset-board" }

static const struct rule cell_rules[] = {
	COMMON_RULES,
	{ .name = "access" },
	{ .name = "cloison,access-bus" },
	{ .name = "cloison,access-except" },
	{ .name = "cloison,no-dma" },
	{ .name = "#access-flags-cells" },
	{ .name = "access-flags-names", .why = "flags of access have no effect" },
	{ .name = "memory-region" },
	{ .name = "cloison,memory-region-rights" },
	{ .name = "cloison,memory-region-base" },
	{ .name = "cloison,kernel", .shape = SHAPE_TEXT },
	{ .name = "cloison,kernel-kind", .shape = SHAPE_TEXT, .choices = { "image", "elf", "raw" } },
	{ .name = "cloison,load-address" },
	{ .name = "cloison,entry" },
	{ .name = "cloison,initrd", .shape = SHAPE_TEXT },
	{ .name = "cloison,physical-base" },
	{ .name = "cloison,interrupts", .shape = SHAPE_TEXT, .choices = { "direct", "mediated" } },
	{ .name = "cloison,virtual-interrupts" },
	{ .name = "cloison,interrupt-limit" },
	{ .name = "cloison,interrupt-limits" },
	{ .name = "cloison,wfi", .shape = SHAPE_TEXT, .choices = { "native" } },
	{ .name = "cloison,debug", .shape = SHAPE_TEXT, .choices = { "stop", "gdb" } },
	{ .name = "cloison,strict", .shape = SHAPE_FLAG },
	{ .name = "cloison,restart", .shape = SHAPE_TEXT, .choices = { "never", "on-reset", "on-failure", "always" } },
	{ .name = "cloison,restart-limit" },
	{ .name = "cloison,start", .shape = SHAPE_TEXT, .choices = { "boot", "manual" } },
	{ .name = "cloison,controls" },
	{ .name = "cloison,controls-rights" },
	{ .name = "cloison,heartbeat" },
	{ .name = "cloison,shutdown-time" },
	{ .name = "cloison,on-fault", .shape = SHAPE_TEXT, .choices = ACTIONS, .unfit = 1u << ACTION_IGNORE | 1u << ACTION_RECORD },
	{ .name = "cloison,on-watchdog", .shape = SHAPE_TEXT, .choices = ACTIONS },
	{ .name = "cloison,on-dma-fault", .shape = SHAPE_TEXT, .choices = ACTIONS },
	{ .name = "cloison,on-interrupt-storm", .shape = SHAPE_TEXT, .choices = ACTIONS },
	{ .name = "cloison,on-restart-limit", .shape = SHAPE_TEXT, .choices = ACTIONS,
	  .unfit = 1u << ACTION_IGNORE | 1u << ACTION_RECORD | 1u << ACTION_RESTART },
	{ .name = "cloison,trusted-dma", .shape = SHAPE_TEXT },
	{ .name = "llc-colors", .shape = SHAPE_TEXT },
	{ .name = "cloison,llc-colors-shared-with" },
	{ .name = "reserved-memory", .shape = SHAPE_LATER },
	{ .name = "sram", .shape = SHAPE_LATER },
	{ .name = "#memory-flags-cells", .shape = SHAPE_ZERO },
	{ .name = "#sram-flags-cells", .shape = SHAPE_ZERO },
};

static const struct rule vdev_rules[] = {
	{ .name = "cloison,console", .shape = SHAPE_TEXT, .choices = { "block", "drop" } },
	{ .name = "cloison,console-input", .shape = SHAPE_FLAG },
};

static const struct rule function_rules[] = {
	{ .name = "compatible" }, { .name = "reg" }, { .name = "interrupts" },
	{ .name = "cloison,msi-vectors" },
	{ .name = "cloison,no-reset", .shape = SHAPE_TEXT },
	{ .name = "cloison,reset-write" },
};

/* Of a device of the board, in its own tree or by reference in the partition's */
static const struct rule device_rules[] = {
	{ .name = "cloison,dma", .shape = SHAPE_TEXT, .choices = { "master", "none" } },
};

/* Words of the System Device Tree that say how others are kept out of what a domain has: here translation tables do. */
static const char *const standard_words[] = {
	"firewallconfig", "firewallconfig-default", "access-implicit-default", "#access-implicit-default-cells",
	"memory-implicit-default", "#memory-implicit-default-cells", "sram-implicit-default", "#sram-implicit-default-cells",
};

/*
 * Words of the bus binding and of DTS that may stand on a function. Its node goes into no tree: what is neither here nor in a
 * rule nobody reads.
 */
static const char *const function_words[] = {
	"#address-cells", "#size-cells", "phandle", "linux,phandle", "interrupt-parent", "status", "device_type", "label", "vendor-id",
	"device-id", "subsystem-vendor-id", "subsystem-id", "class-code", "revision-id",
};

/* Which words that no rule has are refused. */
enum strictness {
	STRICT_OURS,    /* cloison,*: the node has its own binding, and the rest is not ours to judge */
	STRICT_FOREIGN, /* all but what is somebody else's by its prefix */
	STRICT_ALL,     /* all but function_words */
};

/* What may stand on one kind of node */
struct vocabulary {
	const char *where;
	const struct rule *rules;
	u32 count;
	enum strictness strictness;
};

/* KIND_SPARE: a function that no cell has, such as a bridge of the board's tree */
enum kind { KIND_HYPERVISOR, KIND_CELL, KIND_VDEV, KIND_FUNCTION, KIND_DEVICE, KIND_DOMAINS, KIND_SPARE, KIND_OTHER, KIND_COUNT };

static const struct vocabulary vocabularies[KIND_COUNT] = {
	[KIND_HYPERVISOR] = { "the hypervisor's node", hypervisor_rules, ARRAY_COUNT(hypervisor_rules), STRICT_FOREIGN },
	[KIND_CELL] = { "a cell", cell_rules, ARRAY_COUNT(cell_rules), STRICT_FOREIGN },
	[KIND_VDEV] = { "a virtual device", vdev_rules, ARRAY_COUNT(vdev_rules), STRICT_OURS },
	[KIND_FUNCTION] = { "a PCI function", function_rules, ARRAY_COUNT(function_rules), STRICT_ALL },
	[KIND_DEVICE] = { "a device of the board", device_rules, ARRAY_COUNT(device_rules), STRICT_OURS },
	[KIND_DOMAINS] = { "/domains", domains_rules, ARRAY_COUNT(domains_rules), STRICT_FOREIGN },
	[KIND_SPARE] = { "a PCI function", function_rules, ARRAY_COUNT(function_rules), STRICT_OURS },
	[KIND_OTHER] = { "this node", NULL, 0, STRICT_OURS },
};

static enum kind kind_of(const struct decision *d, const struct node *node)
{
	if (node == d->hyp.node) {
		return KIND_HYPERVISOR;
	}
	if (node == d->domains) {
		return KIND_DOMAINS;
	}
	for (u32 i = 0; i < d->cell_count; i++) {
		if (node == d->cells[i].node) {
			return KIND_CELL;
		}
	}
	for (u32 i = 0; i < d->vdev_count; i++) {
		if (node == d->vdevs[i].node) {
			return KIND_VDEV;
		}
	}
	for (u32 i = 0; i < d->function_count; i++) {
		if (node == d->functions[i].node) {
			return d->functions[i].cell == CELL_NONE ? KIND_SPARE : KIND_FUNCTION;
		}
	}
	return device_of(d, node) == DEVICE_NONE ? KIND_OTHER : KIND_DEVICE;
}

static const struct rule *find_rule(const struct vocabulary *v, const char *name)
{
	for (u32 i = 0; i < v->count; i++) {
		if (strcmp(v->rules[i].name, name) == 0) {
			return &v->rules[i];
		}
	}
	return NULL;
}

/* Where else a word of ours is right: "a cell", "the hypervisor's node or a virtual device"; NULL: nowhere. */
static const char *elsewhere(const char *name)
{
	struct out out = {0};

	for (u32 i = 0; i < KIND_DOMAINS && strncmp(name, "cloison,", 8) == 0; i++) {
		if (find_rule(&vocabularies[i], name)) {
			out_printf(&out, "%s%s", out.size ? " or " : "", vocabularies[i].where);
		}
	}
	return out.data;
}

static void report_unknown(const struct node *node, const struct prop *prop, const struct vocabulary *here, struct diag *diag)
{
	struct nearest nearest = { .word = prop->name };
	const char *right = elsewhere(prop->name);

	if (right) {
		diag_error(diag, "unknown-property", prop->at, "%s means nothing on '%s'; it belongs on %s", prop->name, node->name,
			   right);
		return;
	}
	if (here->strictness == STRICT_ALL && strcmp(prop->name, "iommus") == 0) {
		diag_error(diag, "unknown-property", prop->at, "iommus means nothing on '%s': the StreamID of a function comes from iommu-map of its "
			   "host; take it out", node->name);
		return;
	}
	for (u32 i = 0; i < here->count; i++) {
		nearest_offer(&nearest, here->rules[i].name);
	}
	for (u32 i = 0; i < ARRAY_COUNT(function_words) && here->strictness == STRICT_ALL; i++) {
		nearest_offer(&nearest, function_words[i]);
	}
	diag_error(diag, "unknown-property", prop->at, "%s is no property of %s ('%s')%s", prop->name, here->where, node->name,
		   nearest.best ? nearest_hint(&nearest) : "; take it out, as nobody would act on it");
}

/* One string, ended by its only NUL. */
static const char *whole_string(const struct prop *prop)
{
	const char *text = (const char *)prop->data;

	return prop->size > 1 && memchr(text, 0, prop->size) == text + prop->size - 1 ? text : NULL;
}

static void check_choice(const struct node *node, const struct prop *prop, const struct rule *rule, struct diag *diag)
{
	const char *value = whole_string(prop);
	struct out choices = {0};

	if (!value) {
		diag_error(diag, "bad-property", prop->at, "%s of '%s' must be one string that is not empty", prop->name,
			   node->name);
		return;
	}
	for (u32 i = 0; i < ARRAY_COUNT(rule->choices) && rule->choices[i]; i++) {
		if (strcmp(value, rule->choices[i]) == 0) {
			return;
		}
		if (!(rule->unfit >> i & 1)) {
			out_printf(&choices, "%s\"%s\"", choices.size ? " or " : "", rule->choices[i]);
		}
	}
	if (choices.size) {
		diag_error(diag, "bad-value", prop->at, "%s of '%s' is \"%s\"; it can be %s", prop->name, node->name, value,
			   choices.data);
	}
}

/* Why a word that no rule has is somebody else's; NULL: it is nobody's, or almost one of ours. */
static const char *why_foreign(const char *name, const struct vocabulary *here)
{
	const char *comma = strchr(name, ',');
	struct nearest word = { .word = name }, prefix = { .word = comma ? mem_text(name, (u64)(comma - name)) : "" };

	for (u32 i = 0; i < ARRAY_COUNT(standard_words); i++) {
		if (strcmp(standard_words[i], name) == 0) {
			return "translation tables keep others out, not flags of a firewall";
		}
	}
	for (u32 i = 0; i < here->count; i++) {
		nearest_offer(&word, here->rules[i].name);
	}
	nearest_offer(&prefix, "cloison");
	return comma && !word.best && !prefix.best ? mem_format("a word of \"%s\", not of Cloison", prefix.word) : NULL;
}

bool prop_is_known(const struct decision *d, const struct node *node, const struct prop *prop)
{
	return find_rule(&vocabularies[kind_of(d, node)], prop->name) != NULL;
}

const char *prop_ignored(const struct decision *d, const struct node *node, const struct prop *prop)
{
	const struct vocabulary *v = &vocabularies[kind_of(d, node)];
	const struct rule *rule = find_rule(v, prop->name);

	return rule ? rule->why : v->strictness == STRICT_FOREIGN ? why_foreign(prop->name, v) : NULL;
}

static bool is_function_word(const char *name)
{
	u32 i = 0;

	while (i < ARRAY_COUNT(function_words) && strcmp(function_words[i], name) != 0) {
		i++;
	}
	return i < ARRAY_COUNT(function_words);
}

/* A word that no rule has */
static bool is_refused(const char *name, const struct vocabulary *v)
{
	switch (v->strictness) {
	case STRICT_ALL:
		return !is_function_word(name);
	case STRICT_FOREIGN:
		return !why_foreign(name, v);
	default:
		return strncmp(name, "cloison,", 8) == 0;
	}
}

static void check_prop(const struct node *node, const struct prop *prop, const struct vocabulary *v, struct diag *diag)
{
	const struct rule *rule = find_rule(v, prop->name);

	if (!rule) {
		if (is_refused(prop->name, v)) {
			report_unknown(node, prop, v, diag);
		}
	} else if (rule->shape == SHAPE_LATER) {
		diag_error(diag, "not-supported", prop->at, "%s of '%s' is not supported yet; take it out", prop->name,
			   node->name);
	} else if (rule->shape == SHAPE_ZERO && (prop->size != 4 || prop_cell(prop, 0) != 0)) {
		diag_error(diag, "not-supported", prop->at, "%s of '%s' is %u; only 0 is supported: take the flags out", prop->name,
			   node->name, prop_cell(prop, 0));
	} else if (rule->shape == SHAPE_TEXT) {
		check_choice(node, prop, rule, diag);
	} else if (rule->shape == SHAPE_FLAG && prop->size != 0) {
		diag_error(diag, "bad-property", prop->at, "%s of '%s' has no value: it is there or not; write \"%s;\"",
			   prop->name, node->name, prop->name);
	}
}

/* A node of the partition that is not obeyed: check_node.c has said so if it is a mistake. */
static bool unread(const struct decision *d, const struct node *node)
{
	enum domain_kind kind = domain_kind(d, node);

	return kind == DOMAIN_FOREIGN || kind == DOMAIN_INSIDE;
}

void check_properties(const struct decision *d, struct diag *diag)
{
	for (u32 i = 0; i < d->tree->node_count; i++) {
		const struct node *node = d->tree->nodes[i];
		const struct vocabulary *v = &vocabularies[kind_of(d, node)];

		bool skipped = strncmp(node->path, "/__", 3) == 0 || unread(d, node); /* dtc -@ adds labels as properties */

		for (u32 p = 0; p < node->prop_count && !skipped; p++) {
			check_prop(node, &node->props[p], v, diag);
		}
	}
}
