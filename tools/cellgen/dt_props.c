/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Which properties of a device mean the same in a guest's tree as in the board's. */
#include <string.h>

#include "parts.h"

/* Properties that hold references to other nodes, which the guest's tree does not have. */
static const char *const references[] = {
	"assigned-clock-parents", "assigned-clocks", "cpu-idle-states", "dmas", "gpio", "gpios", "hwlocks",
	"interconnects", "interrupt-affinity", "interrupt-map", "iommu-map", "iommus", "mboxes", "memory-region",
	"msi-map", "msi-parent", "next-level-cache", "nvmem", "nvmem-cells", "operating-points-v2", "phy-handle", "phys",
	"power-domains", "pwms", "remote-endpoint", "resets", "sound-dai", "syscon", "thermal-sensors",
};

static const char *const reference_ends[] = { "-gpio", "-gpios", "-supply", "-syscon" };

/* Written anew by cellgen, in the guest's terms, or of no meaning there. */
static const char *const rewritten[] = {
	"clocks", "interrupt-parent", "interrupts", "interrupts-extended", "linux,phandle", "phandle", "ranges", "reg", "status",
};

static bool listed(const char *const *list, u32 count, const char *name)
{
	for (u32 i = 0; i < count; i++) {
		if (strcmp(list[i], name) == 0) {
			return true;
		}
	}
	return false;
}

bool prop_is_reference(const char *name)
{
	for (u32 i = 0; i < ARRAY_COUNT(reference_ends); i++) {
		u64 length = strlen(name), tail = strlen(reference_ends[i]);

		if (length > tail && strcmp(name + length - tail, reference_ends[i]) == 0) {
			return true;
		}
	}
	return strncmp(name, "pinctrl-", 8) == 0 ? strcmp(name, "pinctrl-names") != 0 :
	       listed(references, ARRAY_COUNT(references), name);
}

bool device_prop_copied(const char *name)
{
	return strncmp(name, "cloison,", 8) != 0 && !prop_is_reference(name) &&
	       !listed(rewritten, ARRAY_COUNT(rewritten), name);
}

bool clock_fixed(const struct node *clock)
{
	return node_compatible(clock, "fixed-clock");
}

bool clock_factor(const struct node *clock)
{
	return node_compatible(clock, "fixed-factor-clock");
}
