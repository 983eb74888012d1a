/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* The PCI part of machine.c: nothing, unless built with -DFUNCTION_COUNT=5 and its fellows (Makefile). */
#include "machine.h"

#if FUNCTION_COUNT
#include "pci_sim.h"

#define CONFIG(device, function) (PCI_SIM_ECAM + ((device) << 15 | (function) << 12)), .address = (device) << 3 | (function)

const struct pci_function machine_functions[FUNCTION_COUNT] = {
	{ .name = "edu", .config = CONFIG(1, 0), .cell = CELL_LINUX, .vendor = 0x1234, .device = 0x11e8, .first_bar = 0, .bar_count = 1,
	  .vectors = 1, .intx = true, .pin = 1, .no_reset = true, .reset_bar = PCI_NO_BAR },
	{ .name = "nic", .config = CONFIG(2, 0), .cell = CELL_LINUX, .vendor = 0x8086, .device = 0x10d3, .first_bar = 1, .bar_count = 3,
	  .vectors = 3, .pin = 1, .reset_bar = 0, .reset_offset = 0x10, .reset_value = 0x04000000 },
	{ .name = "multi", .config = CONFIG(3, 0), .cell = CELL_LINUX, .vendor = 0x1af4, .device = 0x1041, .first_bar = 4, .bar_count = 2,
	  .vectors = 2, .reset_bar = PCI_NO_BAR },
	{ .name = "second", .config = CONFIG(3, 1), .cell = CELL_LINUX, .vendor = 0x1af4, .device = 0x1042, .first_bar = 6, .bar_count = 1,
	  .reset_bar = PCI_NO_BAR },
	{ .name = "nvme", .config = CONFIG(4, 0), .cell = CELL_CONTROL, .vendor = 0x1b36, .device = 0x0010, .first_bar = 7, .bar_count = 1,
	  .intx = true, .pin = 1, .reset_bar = PCI_NO_BAR },
};

const struct pci_bar machine_bars[BAR_COUNT] = {
	{ .base = 0x10000000, .size = MIB(1), .function = 0, .index = 0 },
	{ .base = 0x10100000, .size = KIB(128), .function = 1, .index = 0 },
	{ .base = 0x10120000, .size = KIB(128), .function = 1, .index = 1 },
	{ .base = 0x10140000, .size = KIB(16), .function = 1, .index = 3 },
	{ .base = 0x10148000, .size = KIB(4), .function = 2, .index = 1 },
	{ .base = 0x10144000, .size = KIB(16), .function = 2, .index = 4, .wide = true, .prefetchable = true },
	{ .base = 0x10149000, .size = 256, .function = 3, .index = 5 },
	{ .base = 0x10200000, .size = KIB(16), .function = 4, .index = 0, .wide = true },
};

const struct pci_space machine_spaces[SPACE_COUNT] = {
	{ .base = PCI_SIM_ECAM, .cell = CELL_LINUX, .bus = 0, .first_function = 0, .function_count = 4 },
	{ .base = PCI_SIM_ECAM, .cell = CELL_CONTROL, .bus = 0, .first_function = 4, .function_count = 1 },
};

const struct pci_bus machine_buses[BUS_COUNT] = { { .config = PCI_SIM_ECAM, .bus = 0 } };
#else
const struct pci_function machine_functions[1];
const struct pci_bar machine_bars[1];
const struct pci_space machine_spaces[1];
const struct pci_bus machine_buses[1];
#endif
