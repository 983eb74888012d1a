/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Clocks that a guest can be shown: those that tick as they are and take no argument, fixed-clock and fixed-factor-clock.
 * Anything else is a controller's output, and the controller is not the guest's.
 */
#include "check.h"

#define DEPTH_MAX 8 /* factors of factors; more of them is a loop */

/* A driver takes its clocks by name: one name too many is a clock that is not there. */
static void check_names(const struct node *node, const char *whose, u32 clocks, struct diag *diag)
{
	const struct prop *names = node_prop(node, "clock-names");
	u32 count = 0;

	for (u32 i = 0; names && i < names->size; i++) {
		count += names->data[i] == 0;
	}
	if (names && count != clocks) {
		diag_error(diag, "bad-property", names->at, "clock-names of %s has %u name(s), but its clocks are %u; name each clock "
			   "once", whose, count, clocks);
	}
}

static u32 number_of(const struct node *node, const char *name)
{
	const struct prop *prop = node_prop(node, name);

	return prop && prop->size == 4 ? prop_cell(prop, 0) : 0;
}

/* What is wrong with a clock by itself; NULL: nothing. */
static const char *problem(const struct node *clock)
{
	const char *status = node_string(clock, "status");

	if ((!clock_fixed(clock) && !clock_factor(clock)) || node_own_cells(clock, "#clock-cells", 0) != 0) {
		return "which is no fixed-clock or fixed-factor-clock without arguments: a guest cannot be shown it";
	}
	if (clock_fixed(clock) && !number_of(clock, "clock-frequency")) {
		return "a fixed-clock without clock-frequency: a guest could not use it; correct the board tree";
	}
	if (clock_factor(clock) && (!number_of(clock, "clock-mult") || !number_of(clock, "clock-div"))) {
		return "a fixed-factor-clock without clock-mult or clock-div: a guest could not use it; correct the board tree";
	}
	if (status && status[0] != 'o') {
		return mem_format("whose status is \"%s\": it does not tick", status);
	}
	return NULL;
}

/* A clock may have properties that lead elsewhere, such as a supply. */
static const char *leads_away(const struct node *clock)
{
	for (u32 i = 0; i < clock->prop_count; i++) {
		if (prop_is_reference(clock->props[i].name)) {
			return clock->props[i].name;
		}
	}
	return NULL;
}

/* Where a clock is named, for whom, and how many factors away. */
struct use {
	const char *whose; /* "dev0", "the clock clk_half of dev0" */
	const char *user;  /* "dev0" */
	struct pos at;
	u32 depth;
};

static bool check_clock(const struct decision *d, const struct node *clock, const struct use *use, struct diag *diag);

/* The clocks of a node that has some; it may be a clock itself. */
static void check_list(const struct decision *d, const struct node *node, struct use use, struct diag *diag)
{
	const struct prop *prop = node_prop(node, "clocks");

	for (u32 i = 0; i < prop->size / 4; i++) {
		const struct node *clock = tree_phandle(d->tree, prop_cell(prop, i));

		use.at = prop->at;
		if (!clock) {
			check_reference(prop_cell(prop, i), mem_format("clocks of %s", use.whose), prop->at, diag);
			return; /* the rest may be arguments of this one */
		}
		if (!check_clock(d, clock, &use, diag)) {
			return;
		}
	}
}

static bool check_clock(const struct decision *d, const struct node *clock, const struct use *use, struct diag *diag)
{
	const char *wrong = problem(clock), *away = leads_away(clock);
	const struct prop *of = node_prop(clock, "clocks");

	if (!wrong && clock_factor(clock) && (!of || of->size != 4)) {
		wrong = "a fixed-factor-clock that is not the factor of one clock: a guest could not use it; correct the board tree";
	}
	if (!wrong && use->depth == DEPTH_MAX) {
		wrong = mem_format("a factor of a factor of ..., more than %u deep: is it a loop? Correct the board tree", DEPTH_MAX);
	}
	if (wrong) {
		diag_error(diag, "device-reference", use->at, "clocks of %s names %s (%s), %s", use->whose, node_nick(clock),
			   diag_at(clock->at), wrong);
		return false;
	}
	if (away) {
		diag_error(diag, "device-reference", prop_at(clock, away), "%s of the clock %s, which %s uses, refers to another node, which the "
			   "guest's tree does not have; take the property or the device out", away, node_nick(clock), use->user);
	}
	if (clock_factor(clock)) {
		check_list(d, clock, (struct use){ .whose = mem_format("the clock %s of %s", node_nick(clock), use->user), .user = use->user,
			.depth = use->depth + 1 }, diag);
	}
	return true;
}

void check_clocks(const struct decision *d, const struct node *node, const char *whose, struct diag *diag)
{
	const struct prop *prop = node_prop(node, "clocks");

	if (prop->size == 0 || prop->size % 4 != 0) {
		diag_error(diag, "bad-property", prop->at, "clocks of %s is not a list of references such as <&clk24mhz>", whose);
		return;
	}
	check_list(d, node, (struct use){ .whose = whose, .user = whose }, diag);
	check_names(node, whose, prop->size / 4, diag);
}
