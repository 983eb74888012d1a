# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How often each loop goes round: what .bounds says of it, else what its instructions say."""
import re

import source
from count import Count, cuts
from flow import loops, program_before
from image import COUNTED, PATIENCE, RARE, RESIDENCE, TIME, TOTAL
from values import register, written

OF_LOOPS = {COUNTED, PATIENCE, TOTAL, TIME}  # kinds that bound a loop
READ, WRITE = re.compile(r"lda?x[rp]"), re.compile(r"stl?x[rp]")


class Bounded:
    """Places that every way round passes one of, and how often at most."""

    def __init__(self, places, count, kind, why):
        self.places, self.count, self.kind, self.why = places, count, kind, why
        self.total = None  # in all rounds of the loop around it together
        self.rare = []     # (places, count): passed that often at most, in all rounds
        self.time = 0      # milliseconds that it may go on, however many rounds that is
        self.proved = None # how often its instructions alone would let it go round, where the source says fewer


def is_its_own(program, function, loop, depth, at, line):
    """
    Is this the loop that a mark is of? A compiler may have unrolled that, and what is left is the loop around it. So either there are no more loops
    around the mark in the source than there are here (one that is left for good from inside does not count here), or all that is here is of its loop.
    """
    where = program.places.get(at, [])
    if not line or (source.around(where, line) or 0) <= depth:
        return True
    others = program.image.sources([i.at for n in loop.body for i in function.blocks[n].code])
    return all(source.is_inside(where, line, other) for other in others.values())


def said(program, function, loop, inner):
    """What .bounds says of places in this loop and in none inside it: address -> [(count, kind, line)]."""
    depth, parent = 1, loop.parent
    while parent:
        depth, parent = depth + 1, parent.parent
    result = {}
    for at, entries in program.marks.items():
        if at in loop.body and at not in inner:
            kept = [e for e in entries if e[1] not in OF_LOOPS or is_its_own(program, function, loop, depth, at, e[2])]
            if kept:
                result[at] = kept
    return result


def exclusive(function, loop):
    """
    A read and a store of a word that go round until nobody else has stored between: the block of the store. Only what the store says of itself
    may lead round. What goes round for the word's value (a lock) waits for others, however long they like.
    """
    back = [n for n in program_before(function)[loop.header] if n in loop.body]
    if len(back) != 1 or not any(READ.match(i.op) for n in loop.body for i in function.blocks[n].code):
        return None
    *code, last = function.blocks[back[0]].code
    if last.op not in ("cbz", "cbnz") or (last.op == "cbnz") != (last.target == loop.header):
        return None
    status = register(last.operands()[0])[0]
    told = next((i for i in reversed(code) if status in written(i)), None)
    return back[0] if told and WRITE.match(told.op) and register(told.operands()[0])[0] == status else None


def of_kind(marks, *kinds):
    """address -> count"""
    return {at: max(c for c, k, _ in entries if k in kinds) for at, entries in marks.items() if any(k in kinds for _, k, _ in entries)}


def bound(program, function, loop):
    """Bounded or None."""
    inner = set().union(*(i.body for i in loop.inner)) if loop.inner else set()
    marks = said(program, function, loop, inner)
    residences = of_kind(marks, RESIDENCE)
    if residences and cuts(function, loop, set(residences)):
        return Bounded(sorted(residences), None, RESIDENCE, "residence")
    found = counted(program, function, loop, marks)
    if found:
        found.rare = [([at], count) for at, count in of_kind(marks, RARE).items()]
    return found


def counted(program, function, loop, marks):
    best = None
    proved = Count(program, function, loop).find()
    if proved:
        best = Bounded([proved[0]], proved[1], COUNTED, "counted")
    store = exclusive(function, loop)
    if best is None and store is not None:
        best = Bounded([store], program.cpus, COUNTED, "exclusive")
    for kinds in (COUNTED, TOTAL), (PATIENCE,), (TIME,):
        places = of_kind(marks, *kinds)
        if not places or not cuts(function, loop, set(places)):
            continue
        count = sum(places.values()) if kinds != (TIME,) else 1
        if best is None or kinds == (PATIENCE,) or kinds == (COUNTED, TOTAL) and count < best.count:
            best = Bounded(sorted(places), count, kinds[0], "said")
            best.proved = proved[1] if proved and kinds == (COUNTED, TOTAL) else None
            if kinds == (TIME,):
                best.time = max(places.values())
    totals = of_kind(marks, TOTAL)
    if best and totals:
        best.total = sum(totals.values())
    return best


def all_loops(program):
    """[(function, loop)] with loop.bound set; what has none is a problem."""
    found, missing = [], []
    for function in program.order:
        function.loops = loops(program, function)
        for loop in function.loops:
            loop.bound = bound(program, function, loop)
            found.append((function, loop))
            if loop.bound is None:
                missing.append((function, loop))
    sources = program.image.sources([loop.header for _, loop in missing])
    seen = set()
    for function, loop in missing:
        if loop.header in seen:
            continue
        seen.add(loop.header)
        program.problem(loop.header, f"{function.name}: a loop without a bound", "say how often it goes round at most: LOOP_BOUND (src/core/bound.h)")
        program.problems[-1]["source"] = sources.get(loop.header, [])
    return found
