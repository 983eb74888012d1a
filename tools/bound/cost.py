# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
The longest way through each function, callees first.

Ways begin at the beginning of a function ("from here") or where a CPU was resident in it or below ("from a wait"), and end at
its return, at an ERET, or where a CPU stays: a residence, a halt. A loop with a place that is passed n times at most:

    in -> place      once
    place -> place   n - 1 times, the longest round
    place -> out     once
    in -> out        or not passing it at all

A cost is (instructions, how it came about): a chain that profile() reads.
"""
from collections import Counter

from image import PATIENCE, RESIDENCE

SERVICE = "core_serve"  # one round of the service CPU
LOADED = "cell_loaded"  # what the copier has done with a cell's memory is at its end: the cell's guest has not begun
MILLISECOND = 10 ** 15  # of a wait by the clock, in the sum of a way; instructions are fewer
WAIT_MOST = 256         # instructions of a round that only waits
HERE, WAIT = "here", "wait"
RETURN, ERET, END = "return", "eret", "end"


class Summary:
    """of a function: from (HERE, WAIT) -> to (RETURN, ERET, END) -> cost"""

    def __init__(self):
        self.ways = {HERE: {}, WAIT: {}}
        self.rounds = {}  # residence -> {to: cost}, of this function alone


def better(ways, to, cost):
    old = ways.get(to)
    if old is None or cost[0] > old[0]:
        ways[to] = cost


class Costs:
    def __init__(self, program, patient):
        self.program, self.patient = program, patient
        self.second = MILLISECOND if patient else 0
        self.of, self.service, self.loaded = {}, None, None
        self.waits = {}  # place -> instructions of a round of waiting
        self.extra = 0  # of exceptions that a load or store of device_read may take
        self.residences = {at for at, entries in program.marks.items() if any(kind == RESIDENCE for _, kind, _ in entries)}

    def run(self):
        for function in self.program.order:
            summary = self.of[function.entry] = Solver(self, function).summary()
            if function.name == SERVICE:
                self.service = summary  # reported apart: on which CPUs it is, is for the partition to say
                summary = self.of[function.entry] = Summary()
                summary.ways[HERE][RETURN] = (0, None)
            elif function.name == LOADED:
                self.loaded = summary.ways[HERE].get(RETURN)  # a way of its own, as no guest comes by it
                if self.loaded:
                    summary.ways[HERE][RETURN] = (0, None)
        return self


def count_of(costs, loop):
    b = loop.bound
    if b is None or b.count is None:
        return 1
    return 1 if b.kind == PATIENCE and not costs.patient else b.count


class Solver:
    def __init__(self, costs, function):
        self.costs, self.function = costs, function
        self.blocks = function.blocks
        self.in_loop = {}  # block -> outermost loop
        self.flows = {}

    def summary(self):
        result = Summary()
        top = [loop for loop in self.function.loops if loop.parent is None]
        region = Region(self, set(self.blocks), top, self.costs.residences & set(self.blocks))
        region.solve({self.function.entry: (0, None)}, HERE, result.ways[HERE])
        region.solve({}, WAIT, result.ways[WAIT])
        return result

    def own(self, block):
        n = len(block.code)
        if any(i.op == "msr" and i.args.lower().startswith("spsel, #0x0") for i in block.code):
            n += self.costs.extra
        return n

    def flow(self, block, source):
        """[(to, cost)] of a block: to is a block's start or one of the ends."""
        key = block.start, source
        if key not in self.flows:
            self.flows[key] = list(self._flow(block, source))
        return self.flows[key]

    def _flow(self, block, source):
        n = self.own(block) if source == HERE else 0
        after = [RETURN] if block.tail else block.next
        step = (self.function.name, n)
        if block.calls:
            for to, cost, callee in self._called(block.calls, source):
                for t in after if to == RETURN else [to]:
                    yield t, n + cost, (step, callee, source, to)
            if source == WAIT or any(c in self.costs.of for c in block.calls):
                return
        if source == WAIT:
            return
        if block.end == "return" or block.tail:
            yield RETURN, n, (step, None, None, None)
        elif block.end == "eret":
            yield ERET, n, (step, None, None, None)
        elif block.end == "stop" or not block.next:
            yield END, n, (step, None, None, None)
        else:
            for t in block.next:
                yield t, n, (step, None, None, None)

    def _called(self, calls, source):
        best = {}
        for callee in calls:
            summary = self.costs.of.get(callee)
            for to, cost in (summary.ways[source] if summary else {}).items():
                if to not in best or cost[0] > best[to][0]:
                    best[to] = cost[0], callee
        return [(to, cost, callee) for to, (cost, callee) in best.items()]


class Region:
    """Blocks without a way round, but by places that are cut: the body of a loop, or a function."""

    def __init__(self, solver, nodes, inner, cut):
        self.solver, self.nodes, self.cut = solver, nodes, cut
        self.item = {}  # block -> the loop in here that it is in
        for loop in inner:
            for n in loop.body:
                self.item[n] = loop
        self.inner = {loop.header: Around(solver, loop) for loop in inner}
        self._order()

    def _targets(self, head):
        if head in self.inner:
            return self.inner[head].targets()
        return self.solver.blocks[head].next

    def _order(self):
        """Heads (blocks, headers of loops), each before those it leads to."""
        self.order, seen = [], set()
        for root in sorted(self.nodes):
            if root in seen or root in self.item and self.item[root].header != root:
                continue
            work = [(root, iter(self._targets(root)))]
            seen.add(root)
            while work:
                head, it = work[-1]
                for t in it:
                    if t in self.nodes and t not in self.cut and t not in seen:
                        seen.add(t)
                        work.append((t, iter(self._targets(t))))
                        break
                else:
                    work.pop()
                    self.order.append(head)
        self.order.reverse()

    def solve(self, starts, source, ways, arrive=None, without=frozenset()):
        """
        The longest ways from starts (block -> cost so far), or from waits inside. Into `ways`: ends, and blocks outside.
        arrive: at which place of the cut one arrives, to {place: cost}; None: that is an end.
        """
        at = dict(starts)
        for head in self.order:
            if head in without:
                continue
            sources = []
            if head in at:
                sources.append((at[head], HERE))
            if source == WAIT:
                sources.append(((0, None), WAIT))
                if head in self.cut and arrive is None:
                    sources.append(((0, None), HERE))  # it was resident here
            for begin, kind in sources:
                for to, cost, how in self.flows(head, kind):
                    self._to(at, ways, arrive, to, (begin[0] + cost, (begin[1], how)))

    def flows(self, head, kind):
        """[(to, cost, how it came about)]"""
        if head in self.inner:
            return self.inner[head].flows(kind)
        return self.solver.flow(self.solver.blocks[head], kind)

    def _to(self, at, ways, arrive, to, cost):
        if to in self.cut:
            if arrive is None:
                better(ways, END, cost)
            else:
                better(arrive, to, cost)
        elif to in self.nodes:
            better(at, to, cost)
        else:
            better(ways, to, cost)


class Around:
    """A loop: what it costs from its header to where it leads."""

    def __init__(self, solver, loop):
        self.solver, self.loop = solver, loop
        bound = loop.bound
        self.residence = bound is not None and bound.count is None
        places = set(bound.places) if bound else {loop.header}
        resident = solver.costs.residences & loop.body
        self.region = Region(solver, loop.body, loop.inner, places | resident)
        self.places, self.resident = places, resident
        self.ways = {}

    def targets(self):
        if not hasattr(self, "out"):
            self.out = sorted({t for n in self.loop.body for t in self.solver.blocks[n].next if t not in self.loop.body})
        return self.out

    def flows(self, kind):
        if kind not in self.ways:
            self.ways[kind] = self._flows(kind)
        return self.ways[kind]

    def shared(self):
        """Rounds of loops inside that are so many at most in all rounds of this one: [(rounds, cost of one)]."""
        return [s for s in (inner.share(self.count()) for inner in self.region.inner.values()) if s]

    def share(self, rounds):
        if not self.counts_in_all():
            return None
        self.flows(HERE)
        return (min(self.loop.bound.total, rounds * self.count()), self.round) if self.round else None

    def counts_in_all(self):
        """Its rounds are counted by the loop around it."""
        bound = self.loop.bound
        return bound is not None and bound.total is not None and self.loop.parent is not None

    def count(self):
        return count_of(self.solver.costs, self.loop)

    def _flows(self, kind):
        ways, arrive = {}, {}
        header = self.loop.header
        starts = {header: (0, None)} if kind == HERE else {}
        if kind == HERE and header in self.region.cut:
            starts, arrive[header] = {}, (0, None)
        if kind == WAIT:
            starts.update({r: (0, None) for r in self.resident})
        self.round = None
        self.region.solve(starts, kind, ways, arrive)
        self._settle(arrive, ways)
        counted = max((c for p, c in arrive.items() if p in self.places and p not in self.resident), key=lambda c: c[0], default=None)
        if counted is not None:
            self._rounds(counted, ways)
        base = (self.solver.costs.second * self.loop.bound.time if self.loop.bound else 0), None
        for rounds, (cost, chain) in self.shared():
            base = base[0] + rounds * cost, (base[1], ("times", rounds, chain))
        return [(to, cost[0] + base[0], (base[1], ("then", cost[1]))) for to, cost in ways.items()]

    def _settle(self, arrive, ways):
        for place, cost in arrive.items():
            if place in self.resident:
                better(ways, END, cost)

    def _rounds(self, first, ways):
        out, again = {}, {}
        self.region.solve({p: (0, None) for p in self.places - self.resident}, HERE, out, again)
        self._settle(again, out)
        rounds = self._round(again)
        self.round = rounds
        self._note(rounds)
        total, chain = first
        if rounds and self.counts_in_all():  # the loop around it adds its rounds
            total, chain = total - rounds[0], (chain, ("times", -1, rounds[1]))
        elif rounds:
            for times, (cost, how) in self._mixed(rounds):
                total, chain = total + times * cost, (chain, ("times", times, how))
        for to, cost in out.items():
            better(ways, to, (total + cost[0], (chain, ("then", cost[1]))))

    def _note(self, rounds):
        """What does more than wait in a round (a boot CPU that prints what others leave) is not taken out of a measurement."""
        bound, known = self.loop.bound, self.solver.costs.waits
        if rounds and bound and (bound.kind == PATIENCE or bound.time) and rounds[0] <= WAIT_MOST:
            for place in bound.places:
                known[place] = max(known.get(place, 0), rounds[0])

    def _round(self, again):
        return max((c for p, c in again.items() if p not in self.resident), key=lambda c: c[0], default=None)

    def _mixed(self, rounds):
        """[(how often, longest round)]: those that pass a place which is rare, and the rest."""
        more = self.count() - 1
        rare = self.loop.bound.rare if self.loop.bound else []
        often = min(more, sum(n for _, n in rare))
        if not rare or often == more:
            return [(more, rounds)] if more > 0 else []
        again = {}
        self.region.solve({p: (0, None) for p in self.places - self.resident}, HERE, {}, again, {at for places, _ in rare for at in places})
        plain = self._round(again)
        return [(often, rounds)] + ([(more - often, plain)] if plain else [(more - often, rounds)])


def profile(costs, cost, memo):
    """[(function, instructions of it)] of a way, most first."""
    total = Counter()
    _read(costs, cost[1], 1, total, memo)
    return [(name, count) for name, count in total.most_common() if count > 0]


def explained(costs, cost, depth, least, indent=1):
    """Lines: what the way calls, how often and with how many instructions each, what has most first."""
    total = Counter()
    _calls(cost[1], 1, total)
    lines = []
    for (callee, source, to), times in sorted(total.items(), key=lambda x: -x[1] * costs.of[x[0][0]].ways[x[0][1]][x[0][2]][0]):
        below = costs.of[callee].ways[source][to]
        if times * below[0] < least:
            break
        lines.append(f"{'    ' * indent}{times:,} x {costs.program.image.name(callee)}: {below[0]:,} each")
        if depth > 1:
            lines += explained(costs, below, depth - 1, least / times, indent + 1)
    return lines


def _calls(chain, times, total):
    while chain is not None:
        chain, how = chain
        if how is None:
            continue
        if how[0] == "times":
            _calls(how[2], times * how[1], total)
        elif how[0] == "then":
            _calls(how[1], times, total)
        elif len(how) == 4:
            if how[1] is not None:
                total[how[1:]] += times
        else:
            _calls(how, times, total)


def _of_function(costs, function, source, to, memo):
    key = function, source, to
    if key not in memo:
        memo[key] = total = Counter()
        cost = costs.of[function].ways[source].get(to)
        if cost:
            _read(costs, cost[1], 1, total, memo)
    return memo[key]


def _read(costs, chain, times, total, memo):
    while chain is not None:
        chain, how = chain
        _part(costs, how, times, total, memo)


def _part(costs, how, times, total, memo):
    if how is None:
        return
    if how[0] == "times":
        _read(costs, how[2], times * how[1], total, memo)
    elif how[0] == "then":
        _read(costs, how[1], times, total, memo)
    elif len(how) == 4:
        (name, n), callee, source, to = how
        total[name] += n * times
        if callee is not None:
            for what, count in _of_function(costs, callee, source, to, memo).items():
                total[what] += count * times
    else:
        _read(costs, how, times, total, memo)
