# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
What registers hold, as far as it follows from the instructions of one function.

    an int               a constant
    (bits, name, off)    (what `name` stands for + off) modulo 2^bits; all registers with one name at one point mean one value
    ("low", name)        smaller than what `name` stands for: its lowest bit cleared
    ("less", name, bits) the same: that many bits of it, shifted right or divided
    None                 nothing is known
"""
import functools
import re

SP, ZERO = 31, 32
STORES = re.compile(r"(str|stp|stlr|stur|sttr|stnp)")
EXCLUSIVE = re.compile(r"st(l?)x[rp]")
LOADS = re.compile(r"(ldr|ldp|ldar|ldxr|ldaxr|ldxp|ldaxp|ldur|ldtr|ldnp|ldpsw)")
NOTHING = re.compile(r"(b|b\..*|bl|blr|br|ret|eret|cbn?z|tbn?z|msr|dsb|isb|dmb|hint|sys|ccm[pn]|fccmp.*|prfu?m|clrex|brk|hlt|hvc|smc|movi|sb|csdb)$")
CALLED = [*range(0, 19), 30]  # a call may change these, and no other (the procedure call standard)
M64 = (1 << 64) - 1


@functools.lru_cache(None)
def register(text):
    """(number, bits) or None"""
    if text in ("sp", "wsp"):
        return SP, 64 if text == "sp" else 32
    if text in ("xzr", "wzr"):
        return ZERO, 64 if text == "xzr" else 32
    if text[0] in "xw" and text[1:].isdigit():
        return int(text[1:]), 64 if text[0] == "x" else 32
    return None


@functools.lru_cache(None)
def number(text):
    return int(text[1:], 0) if text.startswith("#") else None


def narrowed(value, bits):
    if isinstance(value, int):
        return value & ((1 << bits) - 1)
    if value and isinstance(value[0], int):
        return (min(bits, value[0]), *value[1:])
    # The lower half of what is shifted right does not get smaller: bits come from above. A lowest bit that is cleared is the half's own, if that has one.
    return value if value and (value[0] == "low" or value[0] == "less" and value[2] <= bits) else None


def plus(value, add, bits):
    if isinstance(value, int):
        return (value + add) & ((1 << bits) - 1)
    if value and isinstance(value[0], int) and value[0] >= bits:
        return bits, value[1], (value[2] + add) & M64
    return None


class State:
    __slots__ = ("regs",)

    def __init__(self, regs):
        self.regs = regs

    def get(self, text):
        number_bits = register(text)
        if not number_bits:
            return None
        index, bits = number_bits
        value = 0 if index == ZERO else self.regs[index]
        return narrowed(value, 32) if bits == 32 else value

    def set(self, text, value, at):
        found = register(text)
        if not found or found[0] == ZERO:
            return
        index, bits = found
        if value is None:
            self.fresh(index, at)
        else:
            self.regs[index] = value

    def fresh(self, index, at):
        """A value of its own; who still has the one of the last time round has an old one."""
        value = named((at, index))
        name, regs = value[1], self.regs
        for i, old in enumerate(regs):
            if old.__class__ is tuple and old[1] is name:
                regs[i] = None
        regs[index] = value

    def fresh_all(self, indices, at):
        """The same for what a call may change."""
        values, regs = [named((at, index)) for index in indices], self.regs
        names = {id(value[1]) for value in values}
        for i, old in enumerate(regs):
            if old.__class__ is tuple and id(old[1]) in names:
                regs[i] = None
        for index, value in zip(indices, values):
            regs[index] = value


def written(ins):
    """Registers that an instruction writes."""
    if NOTHING.match(ins.op) or not ins.args:
        return []
    operands = ins.operands()
    memory = MEMORY.search(ins.args)
    names = [] if STORES.match(ins.op) and not EXCLUSIVE.match(ins.op) else operands[:2] if re.match(r"ld\w*p", ins.op) else operands[:1]
    if memory and (memory[3] or memory[4]):
        names = [*names, memory[1]]
    return [found[0] for found in map(register, names) if found]


@functools.lru_cache(None)
def named(name):
    """What a name stands for. One object for each name, so that most comparisons are of objects."""
    return 64, name, 0


def entered(kind):
    return State([named((kind, r)) for r in range(32)])


def joined(states, block):
    """At the beginning of a block: what all who come agree on, else a value of that place. And which registers have such a one."""
    regs, rest, own = list(states[0].regs), [s.regs for s in states[1:]], set()
    for r, value in enumerate(regs):
        for other in rest:
            if other[r] is not value and other[r] != value:
                own.add(r)
                break
        else:
            if value.__class__ is tuple and value[1][0] == "phi" and value[1][1] == block:
                own.add(r)
    for r in own:
        regs[r] = named(("phi", block, r))
    return State(regs), own


MEMORY = re.compile(r"\[(\w+)(?:,\s*([^\]]*))?\](!?)(?:,\s*#(-?\w+))?")


@functools.lru_cache(None)
def sort_of(op):
    """Does it change no register, reach memory, load?"""
    loads = bool(LOADS.match(op))
    return bool(NOTHING.match(op)), loads or bool(STORES.match(op) or EXCLUSIVE.match(op)), loads


def step(state, ins, loads, program):
    """One instruction. loads: name -> (value of the base, offset) of what was loaded."""
    op = ins.op
    if op in ("bl", "blr"):
        state.fresh_all(program.changed(ins), ins.at)
        return
    nothing, access_, loads_ = sort_of(op)
    if nothing:
        return
    operands = ins.operands()
    if not operands:
        return
    memory = MEMORY.search(ins.args) if access_ else None
    if memory:
        access(state, ins, op, operands, memory, loads, program)
        return
    if loads_:  # at a place that is in the instruction
        place, found = int(operands[1].split()[0], 16), register(operands[0])
        value = extended(program.image.constant(place, SIZES.get(op, found[1] // 8)), op, found[1]) if found else None
        state.set(operands[0], value, ins.at)
        if op == "ldr" and found and found[1] == 64:
            loads[ins.at, found[0]] = (place, 0)
        return
    state.set(operands[0], computed(state, op, operands), ins.at)


SIZES = {"ldrb": 1, "ldurb": 1, "ldrh": 2, "ldurh": 2, "ldrsb": 1, "ldrsh": 2, "ldrsw": 4}


def extended(value, op, bits):
    """ldrs.: with the sign of what was loaded."""
    if value is None or not op.startswith("ldrs"):
        return value
    sign = 1 << (8 * SIZES[op] - 1)
    return ((value ^ sign) - sign) & ((1 << bits) - 1)


def access(state, ins, op, operands, memory, loads, program):
    base, inside, before, after = memory.groups()
    exclusive = EXCLUSIVE.match(op)
    address = state.get(base)
    targets = [] if STORES.match(op) and not exclusive else operands[:1] if exclusive or not re.match(r"ld\w*p", op) else operands[:2]
    move = after if after is not None else inside[1:] if before else None
    if move is not None:
        move = int(move, 0)
        moved = plus(address, move, 64)
        state.set(base, moved, ins.at)
    offset = number(inside) if inside and after is None else 0  # None: by a register
    for i, text in enumerate(targets):
        found = register(text)
        value = None
        if isinstance(address, int) and offset is not None and (op in ("ldr", "ldur") or op in SIZES) and found:
            value = extended(program.image.constant(address + offset, SIZES.get(op, found[1] // 8)), op, found[1])
        state.set(text, value, ins.at)
        if op in ("ldr", "ldp", "ldur") and found and found[0] < SP and found[1] == 64:
            loads[ins.at, found[0]] = (address, offset + 8 * i if offset is not None else None)


def computed(state, op, operands):
    found = register(operands[0])
    if not found:
        return None
    bits = found[1]
    rest = operands[1:]
    immediate = [number(o) if o.startswith("#") else None for o in rest]
    if op in ("movz", "movn") and immediate[0] is not None:
        shift = int(rest[1].split("#")[1], 0) if len(rest) > 1 else 0
        value = immediate[0] << shift
        return (~value if op == "movn" else value) & ((1 << bits) - 1)
    if op == "movk":
        old, shift = state.get(operands[0]), int(rest[1].split("#")[1], 0) if len(rest) > 1 else 0
        return old & ~(0xffff << shift) | immediate[0] << shift if isinstance(old, int) else None
    if op in ("adr", "adrp"):
        return int(rest[0].split()[0], 16)
    first = state.get(rest[0]) if rest and register(rest[0]) else None
    if op in ("add", "sub", "adds", "subs"):
        return added(state, op[:3], rest, immediate, first, bits)
    if op in ("orr", "and", "ands") and len(rest) >= 2:
        second = immediate[1] if immediate[1] is not None else state.get(rest[1]) if len(rest) == 2 else None
        return combined(op, first, second, bits)
    if op == "ubfm":
        return shifted(first, immediate[1], immediate[2], bits)
    if op == "udiv":
        by = state.get(rest[1])
        if isinstance(by, int) and by >= 2 and first and not isinstance(first, int) and first[0] == bits and first[2] == 0:
            return "less", first[1], bits
    if op == "madd" and len(rest) == 3:
        a, b, c = (state.get(r) for r in rest)
        if all(isinstance(v, int) for v in (a, b, c)):
            return (a * b + c) & ((1 << bits) - 1)
    return None


def added(state, op, rest, immediate, first, bits):
    if immediate[1] is not None:
        amount = immediate[1] << (12 if len(rest) > 2 else 0)
    else:
        second = state.get(rest[1])
        if len(rest) > 2:
            shift = re.fullmatch(r"lsl #(\d+)", rest[2])
            if not shift or not isinstance(second, int):
                return None
            second <<= int(shift[1])
        if isinstance(second, int):
            amount = second
        elif isinstance(first, int) and op == "add":
            return plus(second, first, bits)
        else:
            return None
    return plus(first, amount if op == "add" else -amount, bits)


def combined(op, first, second, bits):
    if isinstance(first, int) and isinstance(second, int):
        return (first | second if op == "orr" else first & second) & ((1 << bits) - 1)
    if op == "orr":
        return narrowed(second, bits) if first == 0 else narrowed(first, bits) if second == 0 else None
    if isinstance(second, int) and second and second & (second + 1) == 0:
        return narrowed(first, second.bit_length())
    if first and second and not isinstance(first, int) and not isinstance(second, int) and first[0] == second[0] == bits and first[1] == second[1]:
        if {first[2], second[2]} == {0, M64}:
            return "low", first[1]
    return None


def shifted(first, low, high, bits):
    if isinstance(first, int) and high >= low:
        return first >> low & ((1 << (high - low + 1)) - 1)
    if low == 0:
        return narrowed(first, high + 1)
    if high == bits - 1 and first and not isinstance(first, int) and first[0] == bits and first[2] == 0:
        return "less", first[1], bits
    return None
