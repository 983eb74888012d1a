# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Conditions: which of them hold after which comparison, and which branches constants decide."""
from values import number, register, step

INVERSE = {"eq": "ne", "cs": "cc", "mi": "pl", "vs": "vc", "hi": "ls", "ge": "lt", "gt": "le"}
INVERSE.update({v: k for k, v in INVERSE.items()})
INVERSE.update({"hs": "cc", "lo": "cs"})


def holds(condition, flags):
    n, z, c, v = flags
    base = {"eq": z, "ne": not z, "cs": c, "hs": c, "cc": not c, "lo": not c, "mi": n, "pl": not n, "vs": v, "vc": not v,
            "hi": c and not z, "ls": not c or z, "ge": n == v, "lt": n != v, "gt": not z and n == v, "le": z or n != v}
    return bool(base[condition])


def compared(a, b, bits):
    """Flags of a - b."""
    mask, sign = (1 << bits) - 1, 1 << (bits - 1)
    a, b = a & mask, b & mask
    r = (a - b) & mask
    return bool(r & sign), r == 0, a >= b, bool((a ^ b) & (a ^ r) & sign)


def summed(a, b, bits):
    """Flags of a + b."""
    mask, sign = (1 << bits) - 1, 1 << (bits - 1)
    a, b = a & mask, b & mask
    r = (a + b) & mask
    return bool(r & sign), r == 0, a + b > mask, bool(~(a ^ b) & (a ^ r) & sign)


def operands(state, ins):
    """(left, right, bits, name of left) of a comparison as it is about to be made, values of values.py; None: not understood."""
    texts = ins.operands()
    if ins.op in ("subs", "adds"):
        bits = 64 if texts[1][0] in "xs" else 32
        left, right = texts[1], texts[2:]
    else:
        bits = 64 if texts[0][0] in "xs" else 32
        left, right = texts[0], texts[1:2]
    if len(right) > 1:
        amount = number(right[0])
        if amount is None or right[1] != "lsl #12":
            return None
        value = amount << 12
    else:
        value = number(right[0])
        if value is None:
            value = state.get(right[0]) if register(right[0]) else None
    if ins.op in ("adds", "ccmn"):
        if not isinstance(value, int):
            return None
        value = -value & ((1 << bits) - 1)
    return state.get(left), value, bits, left


def after(state, ins, known):
    """The flags behind an instruction, if constants decide them; `known`: those before."""
    op = ins.op
    if op in ("subs", "ccmp"):
        found = operands(state, ins)
        flags = compared(found[0], found[1], found[2]) if found and isinstance(found[0], int) and isinstance(found[1], int) else None
        if op == "subs":
            return flags
        if known is None:
            return None
        texts = ins.operands()
        nzcv = number(texts[2])
        return flags if holds(texts[3], known) else tuple(bool(nzcv >> i & 1) for i in (3, 2, 1, 0))
    if op == "adds":
        texts = ins.operands()
        left, right = state.get(texts[1]), number(texts[2]) if texts[2].startswith("#") else state.get(texts[2])
        return summed(left, right, 64 if texts[1][0] in "xs" else 32) if isinstance(left, int) and isinstance(right, int) and len(texts) == 3 else None
    if op == "ands":
        texts = ins.operands()
        left, right = state.get(texts[1]), number(texts[2]) if texts[2].startswith("#") else state.get(texts[2])
        if isinstance(left, int) and isinstance(right, int) and len(texts) == 3:
            bits = 64 if texts[1][0] == "x" else 32
            value = left & right & ((1 << bits) - 1)
            return bool(value >> (bits - 1)), value == 0, False, False
        return None
    return None if op in ("ccmn", "bics", "bl", "blr", "msr", "adcs", "sbcs") else known


def leads_to(program, function, block, state):
    """(where the block may lead, state behind it); state: at its beginning, changed."""
    known = None
    for ins in block.code:
        if ins is not block.code[-1]:
            known = after(state, ins, known)
            step(state, ins, function.loads, program)
    last = block.code[-1]
    taken = decided(state, last, known) if len(block.next) == 2 else None
    step(state, last, function.loads, program)
    if taken is None or last.target not in block.next:
        return block.next
    return [n for n in block.next if (n == last.target) == taken]


def decided(state, last, known):
    """Is a conditional branch taken? None: nobody knows."""
    if last.op in ("cbz", "cbnz"):
        value = state.get(last.operands()[0])
        return (value == 0) == (last.op == "cbz") if isinstance(value, int) else None
    if last.op in ("tbz", "tbnz"):
        texts = last.operands()
        value = state.get(texts[0])
        return (value >> number(texts[1]) & 1 == 0) == (last.op == "tbz") if isinstance(value, int) else None
    if last.op.startswith("b.") and known is not None and last.op[2:] in INVERSE:
        return holds(last.op[2:], known)
    return None
