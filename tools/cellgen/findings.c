/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Every kind of finding there is: what it means, and what to do. docs/findings.md and the rules of a SARIF document are
 * made of this list; tests/cellgen/run.py sees to it that each identifier in the sources is here, and provoked.
 */
#include <string.h>

#include "diag.h"

static const struct finding_kind kinds[] = {
	/* ---- the text ---- */
	{ "source", "Form", "The preprocessor or the device-tree compiler cannot read the source. Lines have their own words; a "
	  "document has them under this identifier.", "See the message." },
	{ "overlay-header", "Form", "A file given as an overlay is none, or the partition is one.",
	  "An overlay starts with /dts-v1/; /plugin/; and a partition does not. PARTITION= names one, OVERLAYS= the others." },
	{ "overlay-root", "Form", "An overlay opens the root of the tree as a partition does.",
	  "Refer to the node to be changed: &label { ... }; or &{/path} { ... };" },
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
	{ "mediated-not-built", "Form", "A cell has mediated interrupts, but the core is built without (MEDIATED=n).",
	  "Write cloison,interrupts = \"direct\", or build with MEDIATED=y." },
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
	{ "stack-overlap", "Hypervisor", "A CPU's stack, or the unmapped page below it, is not its own.",
	  "A bug of cellgen; report it with the partition." },
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
	{ "access-flags", "Devices", "Where access has a flag it should have a reference, or the other way round.",
	  "Make #access-flags-cells of the cell and its access agree." },
	{ "not-a-bus", "Devices", "cloison,access-bus names a node below which there is no device.", "Name a bus, or a device by access." },
	{ "not-on-bus", "Devices", "cloison,access-except names something that cloison,access-bus does not bring.", "Take it out." },
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
	{ "dma-unknown", "DMA", "Nobody knows whether a device can write memory by itself.",
	  "Look it up in its manual; if it cannot, name it in cloison,no-dma, which the reports repeat." },
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
	{ "not-a-region", "Memory", "memory-region names something that is no child of /reserved-memory.",
	  "Describe the region there, with reg, or with size alone to have it placed." },
	{ "region-place", "Memory", "A region that cells name has no place and no size, or several places.",
	  "Write one address and size in reg, or size alone." },
	{ "region-disabled", "Memory", "A region that a cell names has a status other than okay.", "Enable it, or take it out." },
	{ "region-twice", "Memory", "A cell names one region twice.", "Name it once, with the rights it needs." },
	{ "region-reusable", "Memory", "A region that cells name is marked reusable, as if it were a guest's ordinary memory.",
	  "Take reusable out." },
	{ "region-unwritten", "Memory", "Nobody can fill a region: cellgen places it, and no cell may write it.",
	  "Give one cell \"rw\", or the region a place by reg, where firmware or another processor fills it." },
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
	{ "image-format", "Images", "A file is not what it is used for: a kernel that is no arm64 Image, ELF or gzip of one, a broken "
	  "or foreign ELF, an empty initrd.",
	  "Name a little-endian AArch64 kernel, or say that it is raw by cloison,kernel-kind; an archive for the initrd." },
	{ "image-kind", "Images", "A kernel is something else than cloison,kernel-kind insists on.",
	  "Name another file, or take cloison,kernel-kind out to have it recognised." },
	{ "image-address", "Images", "cloison,load-address or cloison,entry is no address at which a kernel can be or start.",
	  "Write an address inside the first range of the cell's memory, aligned as the message says." },
	{ "image-sparse", "Images", "The segments of an ELF are so far apart that its image would be mostly zeros.",
	  "Link it for addresses that are closer together." },
	{ "raw-only", "Images", "An address for a kernel that says itself where it goes.",
	  "Take it out, or write cloison,kernel-kind = \"raw\"." },
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
