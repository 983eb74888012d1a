# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The files that the partitions under good/ and bad/ name: tiny, made anew for each run, never committed."""
import struct


def kernel(text_offset=0, image_size=0x8000, magic=b"ARM\x64", size=0x1000, fill=0x11, flags=0xA):
    """An arm64 Image header (Linux, Documentation/arch/arm64/booting.rst) and some bytes behind it."""
    header = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, text_offset, image_size, flags, 0, 0, 0, magic, 0)
    return header + bytes([fill]) * (size - len(header))


FILES = {
    "Image": kernel(),
    "Image-offset": kernel(text_offset=0x80000, size=0x1234, fill=0x22),
    "linux/Image": kernel(image_size=0x200000, fill=0x33), # under the names that runnable examples use
    "initrd.cpio.gz": b"070701 not compressed either",
    "hello.bin": kernel(fill=0x44),
    "initrd": b"070701 not really an archive, of an odd length" * 31,
    "Image-no-magic": kernel(magic=b"MZ\0\0"),
    "Image-no-size": kernel(image_size=0),
    "Image-odd-offset": kernel(text_offset=0x80123),
    "Image-short": kernel()[:60],
    "Image-big-endian": kernel(flags=0xB),
    "Image-large": kernel(image_size=0x1000000),
    "empty": b"",
}


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
