# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The far end of the line, in plain Python: docs/line.md as a client, independent of tools/cellctl.

    with Line(machine) as line:                   # a qemu.Machine; HELLO is answered, all states are there
        line.want(LOG, line.console(0))           # streams that are to be sent
        status, parts = line.request(MANAGE, op, arguments)
        line.type(0, b"ls\\n")
        line.wait(lambda: b"README" in line.bytes[line.console(0)], "ls")
    # BYE: plain text again

One thread: frames are looked at, and acknowledged, while something is waited for.
"""

import struct
import time
import zlib

VERSION, MAGIC, PAYLOAD, MESSAGE = 1, 0x4e534c43, 228, 224
HELLO, WELCOME, DATA, ACK, STATE, ALIVE, BYE = range(1, 8)
MANAGE, LOG, METRICS, TRACE, DEBUG = range(5)
CONSOLE = 16
OK, UNKNOWN, INVALID, DENIED, REFUSED, FAILED = range(6)
WRAP = 1 << 32


def stuff(raw):
    out = bytearray()
    for block in raw.split(b"\0"):  # raw frames are shorter than 254 bytes
        out += bytes([len(block) + 1]) + block
    return bytes(out)


def unstuff(coded):
    out, at = bytearray(), 0
    while at < len(coded):
        code = coded[at]
        block = coded[at + 1:at + code]
        if len(block) != code - 1:
            return None
        out += block + (b"" if code == 255 else b"\0")
        at += code
    return bytes(out[:-1])


def frame(kind, channel=0, position=0, payload=b"", version=VERSION):
    raw = struct.pack("<BBBBI", kind, 0, version, channel, position % WRAP) + payload
    return b"\0" + stuff(raw + struct.pack("<I", zlib.crc32(raw))) + b"\0"


def parse(coded):
    """(kind, version, channel, position, payload) of what was between two delimiters; None: it is no frame."""
    raw = unstuff(coded)
    if raw is None or len(raw) < 12 or struct.unpack("<I", raw[-4:])[0] != zlib.crc32(raw[:-4]):
        return None
    kind, zero, version, channel, position = struct.unpack("<BBBBI", raw[:8])
    return (kind, version, channel, position, raw[8:-4]) if kind and not zero else None


class Line:
    def __init__(self, machine, session=1, timeout=20):
        self.machine = machine
        self.session = session
        self.at = len(machine.text)
        self.partial = b""
        self.welcome = None   # (boot, cells, channels)
        self.state = {}       # channel: (start, end, lost, taken, room)
        self.expected = {}    # channel: position of the next byte
        self.bytes = {}       # channel: what has come
        self.missed = {}      # channel: bytes that were gone
        self.sent = {}        # channel: position of our next byte
        self.taken = {}       # channel: (position, room), as the core has said
        self.wanted = set()
        self.acknowledges = True
        self.bad = 0          # of what came: no frame
        self.byes = 0
        self.tag = 0
        self.spoken = 0.0
        self.say_hello(timeout)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.bye()

    # ---- frames ----

    def raw(self, data):
        self.machine.process.stdin.write(data)
        self.machine.process.stdin.flush()
        self.spoken = time.monotonic()

    def send(self, *args):
        self.raw(frame(*args))

    def say_hello(self, timeout=20):
        end = time.monotonic() + timeout
        self.welcome = None
        self.state = {}
        while self.welcome is None or len(self.state) < self.welcome[2]:
            if time.monotonic() > end:
                self.machine.fail(f"no answer to HELLO: welcome {self.welcome}, states of {sorted(self.state)}")
            self.send(HELLO, 0, 0, struct.pack("<II", MAGIC, self.session))
            self._until(lambda: self.welcome and len(self.state) >= self.welcome[2], 0.3)

    def bye(self, timeout=10):
        self.send(BYE)
        self.wait(lambda: self.byes, "BYE", timeout)

    def step(self):
        """Take what has come; say that we are here."""
        text = self.machine.text
        data, self.at = self.partial + text[self.at:].encode("latin-1"), len(text)
        *whole, self.partial = data.split(b"\0")
        for coded in whole:
            found = parse(coded)
            if found:
                self._frame(*found)
            else:
                self.bad += bool(coded) and self.welcome is not None
        if time.monotonic() - self.spoken > 0.9:
            self.send(ALIVE)

    def _until(self, probe, seconds):
        end = time.monotonic() + seconds
        while True:
            self.step()
            found = probe()
            if found or time.monotonic() > end:
                return found
            if self.machine.done:
                self.machine.fail("QEMU ended")
            time.sleep(0.002)

    def wait(self, probe, what, timeout=20):
        found = self._until(probe, timeout)
        if not found:
            self.machine.fail(f"time is over: waited for {what} on the line")
        return found

    def idle(self, seconds):
        self._until(lambda: False, seconds)

    def _frame(self, kind, version, channel, position, payload):
        if kind == WELCOME:
            magic, session, boot, cells, channels = struct.unpack("<IIIHH", payload)
            if magic == MAGIC and session == self.session:
                self.welcome = boot, cells, channels
        elif kind == BYE:
            self.byes += 1
        elif self.welcome is None or version != VERSION:
            return
        elif kind == STATE:
            self._state(channel, struct.unpack("<IIIII", payload))
        elif kind == ACK:
            self.taken[channel] = position, struct.unpack("<I", payload)[0]
        elif kind == DATA:
            if position == self.expected.get(channel):
                self.bytes[channel] += payload
                self.expected[channel] = (position + len(payload)) % WRAP
            self._ack(channel)

    def _state(self, channel, state):
        self.state[channel] = state
        start, _, _, taken, room = state
        self.taken[channel] = taken, room
        self.sent.setdefault(channel, taken)
        self.bytes.setdefault(channel, bytearray())
        self.missed.setdefault(channel, 0)
        ahead = (start - self.expected.setdefault(channel, start)) % WRAP
        if 0 < ahead < WRAP // 2:
            self.missed[channel] += ahead
            self.expected[channel] = start
            self._ack(channel)

    def _ack(self, channel):
        if self.acknowledges and (channel in self.wanted or channel in (MANAGE, METRICS, TRACE, DEBUG)):
            self.send(ACK, channel, self.expected[channel], struct.pack("<I", 1))

    # ---- channels ----

    @staticmethod
    def console(cell):
        return CONSOLE + cell

    def want(self, *channels):
        self.wanted.update(channels)
        for channel in channels:
            self._ack(channel)

    def write(self, channel, data, timeout=20):
        """All of it, as far as there is room, again what got lost."""
        first = self.taken[channel][0]
        done = 0
        end = time.monotonic() + timeout
        while done < len(data):
            if time.monotonic() > end:
                self.machine.fail(f"{len(data) - done} of {len(data)} bytes to channel {channel} are not taken")
            room = self.taken[channel][1]
            self.send(DATA, channel, first + done, data[done:done + min(room, PAYLOAD)])
            before = done
            self._until(lambda: (self.taken[channel][0] - first) % WRAP > before, 0.2)
            done = (self.taken[channel][0] - first) % WRAP

    def type(self, cell, data, timeout=20):
        self.write(self.console(cell), data, timeout)

    def request(self, channel, op, arguments=b"", timeout=20):
        """(status, [payload of each message of the answer])"""
        self.tag = self.tag % 255 + 1
        at = len(self.bytes[channel])
        self.write(channel, struct.pack("<HBB", 4 + len(arguments), op, self.tag) + arguments, timeout)
        parts = []
        while True:
            self.wait(lambda: len(self.bytes[channel]) >= at + 2, f"an answer to request {op} of channel {channel}", timeout)
            size = struct.unpack_from("<H", self.bytes[channel], at)[0]
            self.wait(lambda: len(self.bytes[channel]) >= at + size, "the rest of an answer", timeout)
            _, of, tag, status, more, part = struct.unpack_from("<HBBBBH", self.bytes[channel], at)
            assert (of, tag, part) == (op, self.tag, len(parts))
            parts.append(bytes(self.bytes[channel][at + 8:at + size]))
            at += size
            if not more:
                return status, parts

    def records(self):
        """Of the log, as far as they have come: (message, severity, category, cell, cpu, sequence, ticks, [arguments])"""
        data, at, found = self.bytes[LOG], 0, []
        while at < len(data):
            size, message, severity, category, cell, cpu, count, strings, sequence, when = struct.unpack_from("<HHBBHHBBIQ", data, at)
            values, p = [], at + 24
            for n in range(count):
                if strings >> n & 1:
                    end = data.index(b"\0", p)
                    values.append(data[p:end].decode("latin-1"))
                    p = end + 1
                else:
                    values.append(struct.unpack_from("<Q", data, p)[0])
                    p += 8
            found.append((message, severity, category, cell, cpu, sequence, when, values))
            at += size
        return found
