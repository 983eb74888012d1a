# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What attacks on images with devices that write memory are made with: where their objects are."""
from cellcheck_bench import Image

TABLE, POINTER, RAM, DEVICE = 3, 0xFFFFFFFFF000, 0x400000000007FC, 0x400000000004C4
RA = 1 << 62
UART, SMMU = 0x09000000, 0x09050000


class Io(Image):
    """Streams of good/iommus.dts: dma0, dma1, dma2 of linux, dma3 and dma3 again of control, in smmu0, smmu0, smmu1, smmu0, smmu1."""

    def iommu(self, index, offset):
        return self.object("machine_iommus", index, 72, offset)

    def stream(self, index, offset):
        return self.object("machine_streams", index, 32, offset)

    def ste(self, stream, word=0):
        return self.get(self.stream(stream, 16)) + 8 * word

    def tree(self, stream):
        return self.get(self.ste(stream, 3))

    def level1(self, iommu, stream_id):
        return self.link(self.get(self.iommu(iommu, 16)) & POINTER) + stream_id // 64 * 8

    def ram(self, cell, address=0x40000000):
        return self.get(self.entry(self.run_root(cell), address)) & POINTER

    def dma(self, stream, address):
        return self.entry(self.tree(stream), address)


class Pci(Io):
    def function(self, index, offset):
        return self.object("machine_functions", index, 48, offset)

    def bar(self, index, offset):
        return self.object("machine_bars", index, 24, offset)


class Messages(Pci):
    def its(self, offset):
        return self.object("machine_its") + offset

    def memory(self):
        return self.get(self.its(24))

    def command(self, index, word):
        return self.object("machine_its_commands", index, 32, 8 * word)


def el2(image, cpu, address):
    return image.entry(image.get(image.regs(cpu, 40)), address)
