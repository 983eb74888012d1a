/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Which devices write memory by themselves, by their bindings. This is the one place where that is known; a partition or a
 * board tree may say otherwise by cloison,dma in a device's node, and the reports say then who says what.
 *
 * A binding does not say whether its device is a bus master, so each line here is somebody's knowledge of the device. One
 * that is in no line is unknown, and given to a cell only on somebody's word (cloison,no-dma, cloison,dma). Masters come first:
 * of a device with compatibles of both kinds, the dangerous one counts.
 */
#include <string.h>

#include "parts.h"

static const struct binding bindings[] = {
	{ "virtio,mmio", DMA_MASTER },          /* QEMU and others: rings anywhere in memory */
	{ "qemu,fw-cfg-mmio", DMA_MASTER },     /* its DMA register */
	{ "pci-host-cam-generic", DMA_MASTER }, /* whatever sits on the bus */
	{ "arm,pl330", DMA_MASTER },            /* DMA controllers */
	{ "arm,pl080", DMA_MASTER },
	{ "arm,pl081", DMA_MASTER },
	{ "arm,dma-350", DMA_MASTER },
	{ "xlnx,zynqmp-dma-1.0", DMA_MASTER },
	{ "arm,pl110", DMA_MASTER },            /* frame buffers */
	{ "arm,pl111", DMA_MASTER },
	{ "arm,hdlcd", DMA_MASTER },
	{ "arm,mali-midgard", DMA_MASTER },
	{ "snps,dwmac", DMA_MASTER },           /* network */
	{ "cdns,gem", DMA_MASTER },
	{ "xlnx,zynqmp-gem", DMA_MASTER },
	{ "fsl,imx8mq-fec", DMA_MASTER },
	{ "fsl,imx6sx-fec", DMA_MASTER },
	{ "snps,dwc3", DMA_MASTER },            /* USB */
	{ "generic-xhci", DMA_MASTER },
	{ "generic-ehci", DMA_MASTER },
	{ "generic-ohci", DMA_MASTER },
	{ "generic-ahci", DMA_MASTER },         /* storage */
	{ "arasan,sdhci-8.9a", DMA_MASTER },
	{ "fsl,imx7d-usdhc", DMA_MASTER },

	{ "arm,pl011", DMA_NONE },              /* UARTs */
	{ "arm,sbsa-uart", DMA_NONE },
	{ "arm,cmsdk-uart", DMA_NONE },
	{ "ns16550a", DMA_NONE },
	{ "snps,dw-apb-uart", DMA_NONE },
	{ "cdns,uart-r1p8", DMA_NONE },
	{ "cdns,uart-r1p12", DMA_NONE },
	{ "xlnx,xuartps", DMA_NONE },
	{ "arm,pl061", DMA_NONE },              /* GPIO */
	{ "arm,cmsdk-gpio", DMA_NONE },
	{ "snps,dw-apb-gpio", DMA_NONE },
	{ "xlnx,zynqmp-gpio-1.0", DMA_NONE },
	{ "arm,pl031", DMA_NONE },              /* clocks, timers, watchdogs */
	{ "google,goldfish-rtc", DMA_NONE },
	{ "arm,sp804", DMA_NONE },
	{ "arm,sp805", DMA_NONE },
	{ "arm,sbsa-gwdt", DMA_NONE },
	{ "snps,dw-apb-timer", DMA_NONE },
	{ "snps,dw-wdt", DMA_NONE },
	{ "cdns,wdt-r1p2", DMA_NONE },
	{ "cdns,ttc", DMA_NONE },
	{ "snps,designware-i2c", DMA_NONE },    /* I2C, SPI, PS/2 */
	{ "cdns,i2c-r1p10", DMA_NONE },
	{ "cdns,i2c-r1p14", DMA_NONE },
	{ "arm,pl022", DMA_NONE },
	{ "cdns,spi-r1p6", DMA_NONE },
	{ "arm,pl050", DMA_NONE },
	{ "cfi-flash", DMA_NONE },
};

/* Beginnings of properties that only a bus master has. */
static const char *const words[] = {
	"iommus", "iommu-map", "dma-", "#dma-cells", "msi-map", "bus-range", "phy-mode", "phy-connection-type", "local-mac-address",
	"mac-address", "dr_mode", "snps,axi-config",
};

/* Generic names (Devicetree Specification, 2.2.2) of devices that move data by themselves. */
static const char *const names[] = {
	"dma", "dma-controller", "ethernet", "usb", "mmc", "sdhci", "sata", "ahci", "ufs", "pci", "pcie", "nvme", "gpu", "video-codec",
	"crypto", "hdmi", "display", "isp", "camera", "scsi",
};

const struct binding *binding_of(const struct node *node)
{
	for (u32 i = 0; i < ARRAY_COUNT(bindings); i++) {
		if (node_compatible(node, bindings[i].compatible)) {
			return &bindings[i];
		}
	}
	return NULL;
}

const char *binding_guess(const struct node *node)
{
	for (u32 i = 0; i < node->prop_count; i++) {
		for (u32 k = 0; k < ARRAY_COUNT(words); k++) {
			if (strncmp(node->props[i].name, words[k], strlen(words[k])) == 0) {
				return mem_format("property %s", node->props[i].name);
			}
		}
	}
	for (u32 i = 0; i < ARRAY_COUNT(names); i++) {
		u64 length = strcspn(node->name, "@");

		if (strlen(names[i]) == length && memcmp(names[i], node->name, length) == 0) {
			return mem_format("its name, %s", node->name);
		}
	}
	return NULL;
}
