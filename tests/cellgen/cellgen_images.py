# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The files that the partitions under good/ and bad/ name: tiny, made anew for each run, never committed."""
import gzip
import struct


def kernel(text_offset=0, image_size=0x8000, magic=b"ARM\x64", size=0x1000, fill=0x11, flags=0xA):
    """An arm64 Image header (Linux, Documentation/arch/arm64/booting.rst) and some bytes behind it."""
    header = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, text_offset, image_size, flags, 0, 0, 0, magic, 0)
    return header + bytes([fill]) * (size - len(header))


def segment(guest, data, size=None, virtual=None, kind=1, file_size=None, offset=None):
    """One program header: (type, offset or None, vaddr, paddr, filesz, memsz), and its bytes."""
    size = len(data) if size is None else size
    file_size = len(data) if file_size is None else file_size
    return (kind, offset, guest if virtual is None else virtual, guest, file_size, size), data


def elf(segments, entry, clazz=2, order=1, kind=2, machine=183, header_size=56, count=None):
    """An ELF64 executable for AArch64, unless told otherwise."""
    count = len(segments) if count is None else count
    head = struct.pack("<4sBBBB8xHHIQQQIHHHHHH", b"\x7fELF", clazz, order, 1, 0, kind, machine, 1, entry, 64, 0, 0, 64,
                       header_size, count, 0, 0, 0)
    table, body = b"", b""
    start = len(head) + 56 * len(segments)
    for (type_, offset, virtual, guest, file_size, size), data in segments:
        at = start + len(body) if offset is None else offset
        table += struct.pack("<IIQQQQQQ", type_, 7, at, virtual, guest, file_size, size, 8)
        body += data
    return head + table + body


def packed(data):
    return gzip.compress(data, mtime=0)


def code(size, fill):
    return bytes([fill]) * size


BASE = 0x40000000
ONE = segment(BASE + 0x80000, code(0x1000, 0x31))
# Two segments: the first starts at no multiple of 16 and has zeroed data behind it; virtual addresses are others.
TWO = [segment(BASE + 0x100008, code(0x1238, 0x32), 0x2000, virtual=0xFFFF000000000008),
       segment(BASE + 0x104000, code(0x100, 0x33), virtual=0xFFFF000000004000)]
TWO_FLAT = bytes(8) + code(0x1238, 0x32) + bytes(0x104000 - 0x100008 - 0x1238) + code(0x100, 0x33)
ELF = elf([ONE], BASE + 0x80000)
MEMBER = packed(bytes(16 << 20))

FILES = {
    "Image": kernel(),
    "Image-offset": kernel(text_offset=0x80000, size=0x1234, fill=0x22),
    "hello.bin": kernel(text_offset=0x200000, fill=0x33), # our guests, so that make can build these too
    "initrd.cpio.gz": b"not an archive either" * 99,
    "linux/Image": kernel(image_size=0x200000, fill=0x33), # under the names that runnable examples use
    "initrd": b"070701 not really an archive, of an odd length" * 31,
    "Image-no-magic": kernel(magic=b"MZ\0\0"),
    "Image-no-size": kernel(image_size=0),
    "Image-odd-offset": kernel(text_offset=0x80123),
    "Image-short": kernel()[:60],
    "Image-big-endian": kernel(flags=0xB),
    "Image-large": kernel(image_size=0x1000000),
    "empty": b"",
    # Guests of this tree, by name: what examples run, for cellgen alone.
    "hello.bin": kernel(text_offset=0x200000),
    "hello.elf": elf([segment(BASE + 0x200000, kernel(text_offset=0x200000), 0x8000)], BASE + 0x200000),
    # Other kinds of kernels.
    "kernel.elf": ELF,
    "two.elf": elf([segment(0, b"note", kind=4), *TWO, segment(BASE, b"", kind=1)], 0xFFFF000000004004),
    "physical-entry.elf": elf(TWO, BASE + 0x104004),
    "raw": code(0x1003, 0x44),
    "Image.gz": packed(kernel()),
    "kernel.elf.gz": packed(ELF),
    "members.gz": packed(kernel()[:0x400]) + packed(kernel()[0x400:]),
    # Broken or foreign ones.
    "elf-32bit": elf([ONE], BASE + 0x80000, clazz=1),
    "elf-big-endian": elf([ONE], BASE + 0x80000, order=2),
    "elf-x86": elf([ONE], BASE + 0x80000, machine=62),
    "elf-object": elf([ONE], BASE + 0x80000, kind=1),
    "elf-short": ELF[:60],
    "elf-header-size": elf([ONE], BASE + 0x80000, header_size=32),
    "elf-headers-beyond": elf([ONE], BASE + 0x80000, count=2000),
    "elf-dynamic": elf([ONE, segment(BASE + 0x80000, b"", 16, kind=2)], BASE + 0x80000, kind=3),
    "elf-nothing": elf([segment(0, b"note", kind=4)], BASE + 0x80000),
    "elf-many": elf([segment(BASE + 0x1000 * i, b"1234") for i in range(65)], BASE),
    "elf-truncated": ELF[:-1],
    "elf-sizes": elf([segment(BASE, code(0x1000, 1), 0x800)], BASE),
    "elf-overlap": elf([segment(BASE, code(0x1000, 1)), segment(BASE + 0x800, code(0x100, 2))], BASE),
    "elf-entry": elf([segment(BASE, code(0x1000, 1), 0x2000)], BASE + 0x1000),
    "elf-odd-entry": elf([segment(BASE, code(0x1000, 1))], BASE + 2),
    "elf-below": elf([segment(BASE - 0x1000, code(0x1000, 1))], BASE - 0x1000),
    "elf-behind": elf([segment(BASE, code(0x1000, 1), 0x1000001)], BASE),
    "vmlinux": elf([segment(0xFFFF800008000000, code(0x1000, 1))], 0xFFFF800008000000),
    "elf-sparse": elf([segment(BASE, code(0x100, 1)), segment(BASE + 0x8000000, code(0x100, 2))], BASE),
    "elf-huge": elf([segment(BASE, code(0x100, 1), 0x40000010)], BASE),
    "gz-truncated": packed(kernel(fill=0x55, size=0x3000))[:-9],
    "gz-damaged": packed(kernel())[:30] + b"\xff\xff\xff" + packed(kernel())[33:],
    "gz-trailing": packed(kernel()) + b"tail",
    "gz-bomb": MEMBER * 65,
    "gz-twice": packed(packed(kernel())),
    "gz-text": packed(b"no kernel at all, but a text that is long enough to have a byte 56 in it"),
    "kernel.xz": b"\xfd7zXZ\0" + bytes(100),
    "kernel.zst": b"\x28\xb5\x2f\xfd" + bytes(100),
    "kernel.bz2": b"BZh9" + bytes(100),
    "kernel.lz4": b"\x02\x21\x4c\x18" + bytes(100),
    "kernel.itb": b"\xd0\x0d\xfe\xed" + bytes(100),
    "uImage": b"\x27\x05\x19\x56" + bytes(100),
    "vmlinuz.efi": b"MZ\0\0zimg" + bytes(100),
}

# What is in the image of a kernel whose bytes are not the file's.
FLAT = {
    "hello.elf": kernel(text_offset=0x200000) + bytes(0x7000),
    "kernel.elf": ONE[1],
    "two.elf": TWO_FLAT,
    "physical-entry.elf": TWO_FLAT,
    "Image.gz": kernel(),
    "kernel.elf.gz": ONE[1],
    "members.gz": kernel(),
}


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
