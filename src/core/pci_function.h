/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Between pci.c (life), pci_verify.c (declared against found) and pci_config.c
 * (what the guest sees): the registers of a function, and what the core
 * remembers of it. Sections are those of the PCI Express Base Specification 5.0.
 *
 *   0x000  header: identity, Command, BARs            7.5.1
 *   0x040  capabilities, a list by 8-bit pointers      7.5.3, 7.7, 7.9
 *   0x100  extended capabilities: never seen by a guest
 *   0x1000 end
 */
#ifndef CLOISON_CORE_PCI_FUNCTION_H
#define CLOISON_CORE_PCI_FUNCTION_H

#include "core/cell.h"

#define PCI_VENDOR 0x00
#define PCI_COMMAND 0x04
#define PCI_STATUS 0x06
#define PCI_REVISION 0x08
#define PCI_CLASS 0x0a
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR(n) (0x10u + 4 * (n))
#define PCI_BAR_COUNT 6u
#define PCI_ROM 0x30
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d
#define PCI_HEADER_SIZE 0x40u
#define PCI_CONVENTIONAL_SIZE 0x100u
#define PCI_CONFIG_SIZE 0x1000u
#define PCI_CLASS_HOST_BRIDGE 0x0600

/* 7.5.1.1.3 */
#define COMMAND_MEMORY 0x0002u
#define COMMAND_MASTER 0x0004u
#define COMMAND_INTX_OFF 0x0400u
#define COMMAND_GUEST (COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX_OFF) /* what a guest may write */
/* 7.5.1.1.4 */
#define STATUS_LIST 0x0010u
/* 7.5.1.1.9 */
#define HEADER_LAYOUT 0x7fu
#define HEADER_MULTI 0x80u
/* 7.5.1.2.1 */
#define BAR_IO 0x1u
#define BAR_WIDE 0x4u
#define BAR_PREFETCHABLE 0x8u
#define BAR_FLAGS 0xfu

#define CAPABILITY_PM 0x01u
#define CAPABILITY_MSI 0x05u
#define CAPABILITY_VENDOR 0x09u
#define CAPABILITY_PCIE 0x10u
#define CAPABILITY_MSIX 0x11u
#define CAPABILITY_AF 0x13u
/* Each takes 4 bytes at least: a list that is longer has no end. */
#define CAPABILITY_COUNT ((PCI_CONVENTIONAL_SIZE - PCI_HEADER_SIZE) / 4)

/* From the start of the capability. 7.5.2 (PM), 7.7.1 (MSI), 7.7.2 (MSI-X), 7.5.3 (PCI Express); AF: ECN of 2006 */
#define PM_CONTROL 0x04u
#define MSI_CONTROL 0x02u
#define MSI_ENABLE 0x0001u
#define MSI_CAPABLE(control) ((control) >> 1 & 7) /* log2 of vectors */
#define MSI_WIDE 0x0080u
#define MSI_MASKS 0x0100u
#define MSIX_CONTROL 0x02u
#define MSIX_SIZE 0x07ffu
#define MSIX_ENABLE 0x8000u
#define PCIE_TYPE 0x02u
#define PCIE_VERSION 0x000fu
#define PCIE_DEVICE 0x04u /* Device Capabilities */
#define DEVICE_PHANTOM 0x00000018u
#define DEVICE_EXTENDED_TAG 0x00000020u
#define DEVICE_FLR 0x10000000u
#define DEVICE_HIDDEN (DEVICE_PHANTOM | DEVICE_EXTENDED_TAG | DEVICE_FLR) /* what a guest cannot switch on it is not offered */
#define PCIE_CONTROL 0x08u /* Device Control */
#define CONTROL_RELAXED 0x0010u
#define CONTROL_MAX_PAYLOAD 0x00e0u
#define CONTROL_EXTENDED_TAG 0x0100u
#define CONTROL_NO_SNOOP 0x0800u
#define CONTROL_MAX_REQUEST 0x7000u
#define CONTROL_FLR 0x8000u
#define CONTROL_GUEST (CONTROL_RELAXED | CONTROL_NO_SNOOP | CONTROL_MAX_REQUEST)
#define PCIE_STATUS 0x0au /* Device Status */
#define STATUS_ERRORS 0x000fu
#define STATUS_PENDING 0x0020u
#define AF_CAPABILITIES 0x03u
#define AF_CAN_RESET 0x03u /* FLR, and Transactions Pending to know when */
#define AF_CONTROL 0x04u
#define AF_STATUS 0x05u

/* A capability that the guest may see some of. */
struct pci_capability {
	u8 id;
	u8 offset;
	u8 size; /* bytes, a multiple of 4 */
};

struct pci_state {
	struct pci_capability list[CAPABILITY_COUNT]; /* [C] in the order of the function's own list */
	u8 count;        /* [C] of list */
	u8 pcie, msi, msix, af, pm; /* [C] their offsets, 0: there is none */
	u16 max_payload; /* [C] Device Control, as firmware has set it for this bus */
	u32 command;     /* [A] Command, as the guest has written it */
	u32 sizing;      /* [A] bit n: the guest reads BAR n for its size */
};

extern struct pci_state pci_states[];

/* Registers of a function; size 1, 2 or 4. */
u32 pci_read(u16 function, u32 reg, u32 size);
void pci_write(u16 function, u32 reg, u32 size, u32 value);

/* Everything of this function is as declared, and its pci_state is filled, else panic. Its Command is 0 but for INTx. Boot CPU. */
void pci_verify(u16 function);
/* It is no longer what was declared. */
_Noreturn void pci_panic(u16 function, const char *what, u64 declared, u64 found);
/* It does not answer as the function that was declared. */
_Noreturn void pci_panic_identity(u16 function, const char *what);
bool pci_answers(u16 function);
/* Its pci_state as for a guest that has touched nothing; pci_config.c. */
void pci_forget(u16 function);
/* Command as the guest's wish and the core's rules have it, into the function. */
void pci_apply_command(u16 function);
/* No bus mastering, no decoding, no INTx; over when it returns. */
void pci_quiet(u16 function);

#endif
