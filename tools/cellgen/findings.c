/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every kind of finding there is: what it means, and what to do. docs/findings.md and the rules of a SARIF document are
 * made of this list; tests/cellgen/run.py sees to it that each identifier in the sources is here, and provoked.
 */
#include <string.h>

#include "diag.h"

static const struct finding_kind kinds[] = {
	/* ---- the text ---- */
	{ "bad-property", "Form", "The value of a property has the wrong shape: length, type, number of entries.",
	  "Write it as the message shows; docs/partition.md has an example of each property." },
	{ "bad-value", "Form", "The value has the right shape, but is none of those that mean something.",
	  "Take one of the values that the message lists." },
	{ "unknown-property", "Form", "Nobody would act on this property here.",
	  "Correct its spelling, move it to the node it belongs on, or take it out." },
	{ "unknown-node", "Form", "Nobody would read this node here.",
	  "Give it the compatible it needs, move it to where it belongs, or take it out." },
	{ "unknown-phandle", "Form", "A reference leads to no node.", "Refer by label: <&label>, not by number." },
	{ "node-opened-twice", "Form", "Two blocks of one name: dtc would merge them, and the last value of a property would win.",
	  "Rename one of them, or extend the first by reference: &label { ... };" },
	{ "not-supported", "Form", "A word of the language that this version does not implement.", "Take it out." },
	{ "mediated-only", "Form", "A property for mediated interrupts in a cell whose interrupts are direct.",
	  "Take it out, or write cloison,interrupts = \"mediated\"." },
	/* ---- the hypervisor's node ---- */
	{ "no-hypervisor", "Hypervisor", "The partition has no hypervisor node.",
	  "Add a child of /domains with compatible = \"openamp,domain-v1\", \"openamp,hypervisor-v1\"." },
	{ "hypervisor-twice", "Hypervisor", "There are two hypervisor nodes.", "Keep one." },
	{ "hypervisor-no-memory", "Hypervisor", "The core has no memory.", "Give it one physical range by memory." },
	{ "hypervisor-memory", "Hypervisor", "The core's memory is not one range.", "Write one address and one size." },
	{ "hypervisor-too-small", "Hypervisor", "Code, tables and state do not fit into the core's memory.",
	  "Give it as much as the message says. Reported when there is no other finding." },
	{ "no-console", "Hypervisor", "Nothing says which UART is the core's console.", "Add cloison,console = <&...>." },
	{ "console-unsupported", "Hypervisor", "The core cannot drive the UART that is to be its console.",
	  "Name an enabled, memory-mapped arm,pl011." },
	{ "core-address-limit", "Hypervisor", "Something the core uses is beyond the reach of its own tables (2^39).",
	  "Use a lower address." },
	{ "no-cells", "Hypervisor", "There is no cell, so nothing would run.",
	  "Add a node with compatible = \"openamp,domain-v1\", \"cloison,cell-v1\"." },
	/* ---- cells ---- */
	{ "cell-name", "Cells", "A name that cannot be a cell's.",
	  "A letter first, then letters, digits, - and _, at most 31; not core, not hypervisor." },
	{ "cell-name-twice", "Cells", "Two cells have one name, upper and lower case aside.", "Rename one." },
	{ "cell-limit", "Cells", "There are more cells than VMIDs.", "Take cells out." },
	{ "cell-without-cpus", "Cells", "A cell has no CPU.", "Add cpus = <&...>." },
	{ "cell-without-memory", "Cells", "A cell has no memory.", "Add memory = <address size>, guest-physical." },
	{ "cell-without-kernel", "Cells", "A cell has nothing to run.", "Add cloison,kernel = \"Image\"." },
	{ "vcpu-limit", "Cells", "A cell has more CPUs than its guest map or its interrupts allow.", "Give it fewer CPUs." },
	{ "chosen-reserved", "Cells", "A property of chosen that cellgen decides.",
	  "Take it out; an initrd is named by cloison,initrd." },
	{ "chosen-stdout", "Cells", "stdout-path names no node of the guest's tree, so its console would be nowhere.",
	  "Name a device of the cell, such as \"/serial@9000000\", or write none." },
	{ "policy-limit-unused", "Cells", "A limit of restarts for a cell that is never restarted.",
	  "Take it out, or write cloison,restart." },
	{ "policy-limit-range", "Cells", "A limit of restarts that is none, or more than the core keeps count of.",
	  "Write two numbers as the message says." },
	{ "policy-not-built", "Cells", "A cell is to be restarted by a core that is built without CONFIG_RESTART.",
	  "Build with RESTART=y, or take cloison,restart out." },
	{ "bootargs-too-long", "Cells", "Linux would drop the end of the command line.", "Shorten bootargs to 2047 characters." },
	{ "bootargs-console", "Cells", "The command line names a kind of UART that the cell does not have.",
	  "Write console=ttyAMA0, or no console: chosen names the virtual UART." },
	/* ---- CPUs ---- */
	{ "not-a-cpu", "CPUs", "cpus names something that is no CPU of the board.", "Name CPUs, such as <&cpu0>." },
	{ "cpu-owned-twice", "CPUs", "One CPU is given away twice.", "Take it from one of the two." },
	{ "service-cpu-owned", "CPUs", "The service CPU belongs to a cell with direct interrupts, where nothing would call the core.",
	  "Name another CPU, or make that cell mediated." },
	{ "service-cpu-twice", "CPUs", "The hypervisor node names several CPUs.", "Name one, or none." },
	{ "cpu-not-startable", "CPUs", "A CPU is used that the core cannot switch on.", "Give another CPU." },
	/* ---- devices ---- */
	{ "not-a-device", "Devices", "access names something that is no device.", "Name a device of the board." },
	{ "device-owned-twice", "Devices", "One device is given away twice.", "Take it from one of the two." },
	{ "device-not-assignable", "Devices", "A device that every cell depends on, or that is the core's.", "Take it out of access." },
	{ "device-untranslated", "Devices", "The registers of a device are at no address of the CPU (a chip on I2C, a PCI function).",
	  "Name the controller of its bus instead." },
	{ "device-disabled", "Devices", "A device, or a virtual one, has a status other than okay.", "Enable it, or take it out." },
	{ "device-interrupt", "Devices", "An interrupt of a device cannot be given to a cell: no shared line of the GIC, or none at all.",
	  "Take the device, or the pair that names it, out." },
	{ "device-reference", "Devices", "A property refers to a node that the guest's tree does not have.",
	  "Take the property or the device out; only fixed clocks go along." },
	{ "device-page-shared", "Devices", "Two devices have registers in one page, which has one owner.", "Take the device out." },
	{ "device-in-ram", "Devices", "Registers of a device lie in RAM.", "Correct the board tree." },
	{ "console-claimed", "Devices", "A cell asks for the core's console.", "Give the cell a virtual UART." },
	{ "not-in-access", "Devices", "A pair names a device that the cell does not have.", "Add it to access, or take the pair out." },
	{ "bus-master", "DMA", "A device can write any memory by itself, and no IOMMU that is known is in front of it.",
	  "Take it out of access." },
	/* ---- virtual devices ---- */
	{ "unknown-virtual-device", "Virtual devices", "There is no such virtual device.",
	  "Take the node out, or name a device of the board in access." },
	{ "vdev-window", "Virtual devices", "A virtual device has no window, or several.", "Give it one entry in reg." },
	{ "unit-address", "Virtual devices", "A node is called after another address than its reg says.",
	  "Correct the name or the reg, whichever was forgotten." },
	{ "console-twice", "Virtual devices", "A cell has two virtual UARTs.", "Take one out." },
	/* ---- lines ---- */
	{ "line-owned-twice", "Interrupts", "Two claims on one line, or in one cell on one number.",
	  "Choose another number, or write none to have one chosen." },
	{ "line-driven", "Interrupts", "A virtual device asks for a line that a device of the board drives.",
	  "Choose a line that nothing drives, or write no interrupts." },
	{ "line-shared", "Interrupts", "Devices on one line are in different hands, or are given different numbers or limits.",
	  "Give all of them to one cell; write one number and one limit." },
	{ "line-limit", "Interrupts", "A line or number beyond what there is.", "Choose a lower one." },
	{ "no-spare-line", "Interrupts", "No line or number is left for this.", "Take a device out." },
	{ "needs-service-cpu", "Interrupts", "Something needs a service CPU, and there is none.",
	  "Add cpus = <&...> to the hypervisor node." },
	/* ---- memory ---- */
	{ "region-empty", "Memory", "A range of size 0.", "Give it at least one page (0x1000)." },
	{ "region-wraps", "Memory", "A range goes beyond 2^64.", "Correct the address or the size." },
	{ "region-misaligned", "Memory", "A range does not start, or end, where it must.",
	  "Round it as the message says." },
	{ "memory-overlap", "Memory", "Two claims on one piece of physical memory.", "Move one of them." },
	{ "memory-outside-ram", "Memory", "Something is placed where the board has no RAM.",
	  "Move it; a memory node of the board counts if its status is okay." },
	{ "physical-address-limit", "Memory", "Something is placed beyond the tables' reach (2^48).", "Use lower RAM." },
	{ "no-room", "Memory", "No piece of RAM of this size is left.",
	  "Give the cells less memory, or this one several smaller ranges." },
	/* ---- cache colours ---- */
	{ "colors-no-cache", "Colours", "Colours are asked for, but the board tree has no cache that gives any.",
	  "Add next-level-cache to the CPUs and a cache node with cache-size, cache-sets, cache-line-size." },
	{ "cache-geometry", "Colours", "A cache node does not say, or not consistently, which frames meet in the cache.",
	  "Correct its cache-size, cache-sets and cache-line-size." },
	{ "color-unknown", "Colours", "A colour that the caches do not have.", "Name colours below the number in the message." },
	{ "color-twice", "Colours", "llc-colors names a colour twice.", "Name it once." },
	{ "colors-overlap", "Colours", "Two parties have colours that meet in a cache.",
	  "Give them different ones, or say on both that it is meant: cloison,llc-colors-shared-with." },
	{ "colors-shared-with", "Colours", "cloison,llc-colors-shared-with does not name another party with colours.",
	  "Name a cell that has llc-colors, or \"hypervisor\"." },
	{ "colors-physical-base", "Colours", "A cell with colours says where its memory lies; its frames are scattered.",
	  "Take out llc-colors or cloison,physical-base." },
	/* ---- guest maps ---- */
	{ "guest-overlap", "Guest maps", "Two things at one guest address.", "Move one of them." },
	{ "guest-address-limit", "Guest maps", "A guest address beyond 0x7fc0000000, where the loader's window begins.",
	  "Move it down, or take it out." },
	{ "guest-node-twice", "Guest maps", "The guest's tree would have two nodes of one name.", "Rename one." },
	{ "guest-dtb", "Guest maps", "The guest's tree cannot be made.", "Make it smaller: fewer or shorter properties." },
	/* ---- images ---- */
	{ "image-missing", "Images", "A file is not found.", "Name an existing file, or put it beside the DTS." },
	{ "image-format", "Images", "A file is not what it is used for: a kernel without an arm64 Image header, an empty initrd.",
	  "Name the plain Image, little-endian; an archive for the initrd." },
	{ "image-does-not-fit", "Images", "The memory of a cell is too small for what it starts with.", "Give it more memory." },
	{ "image-overlap", "Images", "Two images of a cell overlap.", "A bug of cellgen; report it with the partition." },
	{ "image-outside-memory", "Images", "An image is not inside one range of the cell's memory.",
	  "A bug of cellgen; report it with the partition." },
	{ "image-behind-reserved", "Images", "cloison.bin, which is one piece, would overwrite reserved memory.",
	  "Put the hypervisor's memory where more room follows." },
	{ "images-too-big", "Images", "The images of a cell take more than the loader sees (1022 MiB).", "Use smaller ones." },
	/* ---- the board ---- */
	{ "board-no-cpus", "Board", "The board tree has no CPU.", "Correct the board tree." },
	{ "board-cpu-id", "Board", "The reg of a CPU is no affinity value, or is another's too.", "Correct the board tree." },
	{ "board-no-ram", "Board", "The board tree has no RAM.", "Correct the board tree." },
	{ "board-ram-overlap", "Board", "Two pieces of RAM overlap.", "Correct the board tree." },
	{ "board-no-gic", "Board", "The board has no GICv3.", "This board is not supported." },
	{ "board-gic", "Board", "The board tree describes a GIC that cannot be.", "Correct the board tree." },
	{ "board-no-redistributor", "Board", "A CPU has no redistributor.", "Correct the board tree." },
	{ "board-interrupts", "Board", "An interrupt of the board leads nowhere, so nobody knows which lines are spare.",
	  "Correct the board tree." },
	{ "board-timer", "Board", "The timers' private interrupts are others than the core and its guests expect.",
	  "This board is not supported." },
	{ "board-psci", "Board", "The firmware cannot be called as the core calls it.", "Correct the board tree." },
	/* ---- cellgen ---- */
	{ "claim-not-listed", "cellgen itself", "cellgen decided something that its own list of claims does not have.",
	  "A bug of cellgen; report it with the partition." },
};

const struct finding_kind *finding_kind_at(u32 index)
{
	return index < ARRAY_COUNT(kinds) ? &kinds[index] : NULL;
}

u32 finding_kind_of(const char *id)
{
	u32 i = 0;

	while (i < ARRAY_COUNT(kinds) && strcmp(kinds[i].id, id) != 0) {
		i++;
	}
	return i;
}
