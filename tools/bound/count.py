# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How often a loop goes round, where its own instructions say it."""
from flags import INVERSE, compared, holds, operands
from flow import program_before, run, values
from values import M64, State, entered, narrowed, number, register, step

LIMIT = 70000  # rounds that are tried out; who goes round more often says so (bound.h)

def cuts(function, loop, places):
    """Does every way round, from the loop's header to it again, go through one of these blocks?"""
    if loop.header in places:
        return True
    blocks, seen, todo = function.blocks, set(), [loop.header]
    while todo:
        for n in blocks[todo.pop()].next:
            if n == loop.header:
                return False
            if n in loop.body and n not in places and n not in seen:
                seen.add(n)
                todo.append(n)
    return True


def around(program, function, loop):
    """State at each block's beginning and end in one round, from registers named after themselves."""
    blocks = {n: function.blocks[n] for n in loop.body}
    sub = {n: _Inside(b, loop.body) for n, b in blocks.items()}
    ends = {}
    states = run(program, function, sub, loop.header, entered("it"), ends)
    return states, ends


class _Inside:
    __slots__ = ("code", "next")

    def __init__(self, block, body):
        self.code, self.next = block.code, [n for n in block.next if n in body]


def tests(function, loop, heads=frozenset()):
    """(block, condition to stay, index of the branch) of blocks that every way round passes and that may leave."""
    inner = set().union(*(i.body for i in loop.inner)) if loop.inner else set()
    for start in sorted(loop.body):
        if (start in inner) != (start in heads):
            continue  # it is passed more often than once a round
        block = function.blocks[start]
        inside = [n for n in block.next if n in loop.body]
        if len(block.next) == 2 and len(inside) == 1 and cuts(function, loop, {start}):
            yield block, inside[0] == block.last.target


class Count:
    def __init__(self, program, function, loop):
        self.program, self.function, self.loop = program, function, loop

    def find(self):
        """(block, how often it is passed at most) or None."""
        if len([n for n in self.loop.body]) > 400:
            return None
        heads = {inner.header: inner for inner in self.loop.inner}
        candidates, first = list(tests(self.function, self.loop)), list(tests(self.function, self.loop, heads)) if heads else []
        if not candidates and not first:
            return None
        values(self.program, self.function)
        self.states, self.ends = around(self.program, self.function, self.loop)
        self.start = self._entry_state()
        best = None
        for block, taken in candidates:
            passes = self._passes(block, taken)
            if passes is not None and (best is None or passes < best[1]):
                best = block.start, passes
        return best or next((found for block, taken in first if block.start in heads for found in self._over(heads[block.start], block, taken)), None)

    def _over(self, inner, block, taken):
        """A loop inside begins with a test that ends this one, too: each time it is entered, by what the last round has set."""
        come = [self.ends[p].regs for p in program_before(self.function)[block.start] if p in self.loop.body and p not in inner.body and p in self.ends]
        if not come:
            return
        if any(regs != come[0] for regs in come):
            return
        passes = self._passes(block, taken, come[0], ("set",))
        if passes is not None:
            yield self.loop.header, passes

    def _entry_state(self):
        """What registers hold when the loop is entered, where all ways in agree."""
        before = program_before(self.function)[self.loop.header]
        states = []
        for p in before:
            if p in self.loop.body or p not in self.function.states:
                continue
            state = State(list(self.function.states[p].regs))
            for ins in self.function.blocks[p].code:
                step(state, ins, self.function.loads, self.program)
            states.append(state.regs)
        if not states:
            return [None] * 32
        return [v if all(s[r] == v for s in states) else None for r, v in enumerate(states[0])]

    def _latch(self, r):
        """How the register changes in one round: ("add", bits, step), ("low"|"less", bits of it), ("set", values) or None."""
        found = set()
        for p in program_before(self.function)[self.loop.header]:
            if p in self.loop.body:
                if p not in self.ends:
                    return None
                found.add(self.ends[p].regs[r])
        if found and all(isinstance(v, int) for v in found):
            return "set", found, 0
        if len(found) != 1:
            return None
        value = found.pop()
        name = ("it", r)
        if not isinstance(value, tuple) or value[1] != name:
            return None
        if value[0] in ("low", "less"):
            return value[0], value[2] if value[0] == "less" else 0, 0
        return "add", value[0], value[2]

    def _passes(self, block, taken, regs=None, only=None):
        if block.start not in self.states:
            return None
        self.only = only
        state = State(list(regs or self.states[block.start].regs))
        compare = chained = None
        for ins in block.code[:-1]:
            if ins.op in ("subs", "adds"):
                compare, chained = operands(state, ins), None
            elif ins.op in ("ccmp", "ccmn"):
                chained = (compare, ins) if chained is None else None
                compare = operands(state, ins)
            elif ins.op in ("ands", "bics", "bl", "blr", "msr", "adcs", "sbcs"):
                compare = chained = None
            step(state, ins, self.function.loads, self.program)
        last = block.last
        if last.op in ("cbz", "cbnz"):
            text = last.operands()[0]
            stay = "ne" if (last.op == "cbnz") == taken else "eq"
            return self._count((state.get(text), 0, register(text)[1], text), stay)
        if not last.op.startswith("b.") or compare is None:
            return None
        condition = last.op[2:]
        stay = condition if taken else INVERSE[condition]
        results = [self._count(compare, stay)]
        if chained:
            first, ins = chained
            results = [] if ins.op == "ccmn" else results[:0]
            texts = ins.operands()
            nzcv = number(texts[2])
            flags = [bool(nzcv >> i & 1) for i in (3, 2, 1, 0)]
            if not holds(stay, flags):  # it goes on only if both hold
                results.append(self._count(first, texts[3]))
                results.append(self._count(compare, stay) if ins.op == "ccmp" else None)
        results = [r for r in results if r is not None]
        return min(results) if results else None

    def _fixed(self, value):
        """A value that is the same in each round: as it was when the loop was entered."""
        if isinstance(value, int):
            return value
        if isinstance(value, tuple) and isinstance(value[0], int) and isinstance(value[1], tuple) and value[1][0] == "it":
            r = value[1][1]
            if self._latch(r) == ("add", 64, 0):
                begin = self.start[r]
                if isinstance(begin, int):
                    return narrowed((begin + value[2]) & M64, value[0])
                if begin and begin[0] == 64 and value[0] == 64:
                    return 64, begin[1], (begin[2] + value[2]) & M64
        return None

    def _count(self, compare, stay):
        if compare is None:
            return None
        left, right, bits, _ = compare
        left_fixed = self._fixed(left)
        if left_fixed is not None and self._fixed(right) is None:
            flipped = {"eq": "eq", "ne": "ne", "hi": "cc", "ls": "cs", "cc": "hi", "cs": "ls", "hs": "ls", "lo": "hi",
                       "gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}
            if stay not in flipped:
                return None
            left, right, stay = right, left, flipped[stay]
        limit = self._fixed(right)
        if limit is None or not isinstance(left, tuple) or not isinstance(left[1], tuple):
            return None
        if left[0] in ("low", "less"):
            if self.only:
                return None
            return self._shrinking(left[1], limit, stay, bits, bits, 0)
        if left[1][0] != "it":
            return None
        r = left[1][1]
        latch = self._latch(r)
        if latch is None:
            return None
        if self.only and latch[0] not in self.only:
            return None
        if latch[0] == "set":  # one round, and what it sets ends the loop
            kept = [holds(stay, compared((v + left[2]) & ((1 << min(left[0], bits)) - 1), limit, bits)) for v in latch[1]] if isinstance(limit, int) else [True]
            return 2 if not any(kept) else None
        if latch[0] in ("low", "less"):
            return self._shrinking(left[1], limit, stay, bits, min(left[0], bits), 1) if left[2] == 0 else None
        return self._stepping(self.start[r], left, latch, limit, stay, bits)

    def _shrinking(self, name, limit, stay, bits, seen, more):
        latch = self._latch(name[1]) if name[0] == "it" else None
        if latch is None or latch[0] not in ("low", "less") or latch[1] > seen:
            return None
        if limit == 0 and stay in ("ne", "hi") or isinstance(limit, int) and stay == "hi":
            return bits + more
        return None

    def _stepping(self, begin, left, latch, limit, stay, bits):
        _, kept, add = latch
        if add == 0:
            return None
        offset, seen = left[2], min(left[0], bits)
        if isinstance(limit, tuple):
            if not isinstance(begin, tuple) or begin[0] != 64 or begin[1] != limit[1] or kept != 64 or seen != 64 or stay not in ("ne", "cc", "lo", "ls", "hi"):
                return None
            # one object: addresses in it do not wrap; half of all is as good as any place
            begin, limit = (begin[2] + (1 << 62)) & M64, (limit[2] + (1 << 62)) & M64
        if not isinstance(begin, int):
            if stay in ("cc", "lo", "ls") and add < 1 << 31 and kept >= seen and limit + add < 1 << seen:
                begin, offset = 0, 0  # from wherever it begins it is not longer than from 0
            else:
                return None
        return tried(begin, offset, seen, add, kept, limit, stay, bits)


def reckoned(value, add, limit, mask, stay):
    """The same without trying, for what steps towards its limit and does not wrap before; None: try."""
    if not 0 <= limit <= mask:
        return None
    if stay in ("cc", "lo") and add and limit + add <= mask:
        return (limit - value + add - 1) // add + 1 if value < limit else 1
    if stay == "ne" and add:
        away, by = ((limit - value) & mask, add) if add <= mask // 2 else ((value - limit) & mask, mask + 1 - add)
        return away // by + 1 if away % by == 0 else None
    return None


def tried(begin, offset, seen, add, kept, limit, stay, bits):
    mask, keep = (1 << seen) - 1, (1 << kept) - 1
    quick = reckoned((begin + offset) & mask, add & mask, limit, mask, stay) if isinstance(limit, int) and kept >= seen and seen <= bits else None
    if quick:
        return quick if quick <= LIMIT else None
    value, passes = begin, 0
    while passes < LIMIT:
        passes += 1
        if not holds(stay, compared((value + offset) & mask, limit, bits)):
            return passes
        value = (value + add) & keep
    return None
