/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/* Driver of QEMU's edu device, on bus 0 of a machine whose configuration space is where QEMU virt has it. */
#include "edu.h"

#define ECAM 0x4010000000UL
#define WINDOW 0x10000000UL /* of BARs, for bare QEMU, where nobody has placed them */
#define EDU_ID 0x11e81234u
#define COMMAND 0x04
#define COMMAND_MEMORY 2u
#define COMMAND_MASTER 4u
#define BAR0 0x10
#define CAPABILITIES 0x34
#define CAPABILITY_MSI 0x05
#define MSI_CONTROL 0x2
#define MSI_ADDRESS 0x4
#define MSI_DATA 0xc /* behind 64 bits of address */

#define RAISE 0x60
#define ACKNOWLEDGE 0x64
#define DMA_SOURCE 0x80
#define DMA_DESTINATION 0x88
#define DMA_COUNT 0x90
#define DMA_COMMAND 0x98
#define DMA_RUN 1u
#define DMA_TO_MEMORY 2u
#define BUFFER 0x40000u

u32 edu_device;
static u64 config, registers;

static void command(u16 set, u16 clear)
{
	mmio_write16(config + COMMAND, (u16)((mmio_read16(config + COMMAND) | set) & ~clear));
}

bool edu_find(void)
{
	guest_tables[ECAM >> 30] = (ECAM & ~0x3fffffffUL) | guest_tables[0];
	mmu_sync();
	for (edu_device = 0; edu_device < 32; edu_device++) {
		config = ECAM + edu_device * 0x8000;
		if (mmio_read32(config) == EDU_ID)
			break;
	}
	if (edu_device == 32)
		return false;
	if (!(mmio_read32(config + BAR0) & ~0xfu))
		mmio_write32(config + BAR0, (u32)(WINDOW + edu_device * 0x100000));
	registers = mmio_read32(config + BAR0) & ~0xfu;
	command(COMMAND_MEMORY, 0);
	return mmio_read32(registers) == 0x010000ed;
}

bool edu_is_master(void)
{
	return mmio_read16(config + COMMAND) & COMMAND_MASTER;
}

void edu_master(bool on)
{
	command(on ? COMMAND_MASTER : 0, on ? 0 : COMMAND_MASTER);
}

void edu_start(bool to_memory, u64 address, u32 length)
{
	dsb();
	mmio_write64(registers + DMA_SOURCE, to_memory ? BUFFER : address);
	mmio_write64(registers + DMA_DESTINATION, to_memory ? address : BUFFER);
	mmio_write64(registers + DMA_COUNT, length);
	mmio_write32(registers + DMA_COMMAND, DMA_RUN | (to_memory ? DMA_TO_MEMORY : 0));
}

bool edu_wait(void)
{
	bool done = wait_until(!(mmio_read32(registers + DMA_COMMAND) & DMA_RUN), 3000000);

	dsb();
	return done;
}

bool edu_dma(bool to_memory, u64 address, u32 length)
{
	edu_start(to_memory, address, length);
	return edu_wait();
}

bool edu_message(u64 address, u32 data)
{
	u64 at = mmio_read8(config + CAPABILITIES);

	while (at && mmio_read8(config + at) != CAPABILITY_MSI)
		at = mmio_read8(config + at + 1);
	if (!at)
		return false;
	mmio_write32(config + at + MSI_ADDRESS, (u32)address);
	mmio_write32(config + at + MSI_ADDRESS + 4, (u32)(address >> 32));
	mmio_write16(config + at + MSI_DATA, (u16)data);
	mmio_write16(config + at + MSI_CONTROL, 1);
	return true;
}

void edu_interrupt(void)
{
	mmio_write32(registers + ACKNOWLEDGE, ~0u);
	mmio_write32(registers + RAISE, 1);
	mmio_write32(registers + ACKNOWLEDGE, ~0u);
}
