# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How often each loop goes round: what .bounds says of it, else what its instructions say."""
import re

from count import Count, cuts
from flow import loops
from image import COUNTED, PATIENCE, RESIDENCE

READ, WRITE = re.compile(r"lda?x[rp]"), re.compile(r"stl?x[rp]")


class Bounded:
    """A place that every way round passes, and how often at most."""

    def __init__(self, places, count, kind, why):
        self.places, self.count, self.kind, self.why = places, count, kind, why


def said(program, loop, inner):
    """What .bounds says of places in this loop and in none inside it: address -> (count, kind)."""
    return {at: entries for at, entries in program.marks.items() if at in loop.body and at not in inner}


def exclusive(function, loop):
    """A read and a store of a word that go round until nobody else has stored between: the block of the store."""
    if len(loop.body) > 4:
        return None
    read = any(READ.match(i.op) for n in loop.body for i in function.blocks[n].code)
    for n in loop.body:
        if read and any(WRITE.match(i.op) for i in function.blocks[n].code) and cuts(function, loop, {n}):
            return n
    return None


def bound(program, function, loop):
    """Bounded or None."""
    inner = set().union(*(i.body for i in loop.inner)) if loop.inner else set()
    marks = said(program, loop, inner)
    residences = [at for at, entries in marks.items() if any(kind == RESIDENCE for _, kind in entries)]
    if residences:
        return Bounded(residences, None, RESIDENCE, "residence")
    best = None
    proved = Count(program, function, loop).find()
    if proved:
        best = Bounded([proved[0]], proved[1], COUNTED, "counted")
    store = exclusive(function, loop)
    if best is None and store is not None:
        best = Bounded([store], program.cpus, COUNTED, "exclusive")
    if marks:
        count = max(c for entries in marks.values() for c, _ in entries)
        kind = PATIENCE if any(k == PATIENCE for entries in marks.values() for _, k in entries) else COUNTED
        if cuts(function, loop, set(marks)) and (best is None or kind == PATIENCE or count < best.count):
            best = Bounded(sorted(marks), count * len(marks), kind, "said")
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
