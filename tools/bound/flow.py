# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Functions, their blocks and their loops; what calls what. Nothing is believed that the instructions do not say."""
import re

import flags
from image import CPUS, RESIDENCE, STACK, TABLE
from values import CALLED, STORES, State, entered, joined, register, named, step, written

CONDITIONAL = {"cbz", "cbnz", "tbz", "tbnz"}
ENDS = {"brk", "hlt"}
COMPARES = re.compile(r"(subs|ccm[pn]|cbn?z)$")
WAYS = "let calls go one way only: nobody can say how deep the stack gets"


class Block:
    __slots__ = ("start", "code", "next", "calls", "end", "tail")

    def __init__(self, start):
        self.start, self.code, self.next = start, [], []
        self.calls, self.tail = None, False  # calls: entries of what its last instruction may call; tail: and does not come back to here
        self.end = None                      # "return", "eret", "stop"

    @property
    def last(self):
        return self.code[-1]


class Function:
    def __init__(self, entry, name):
        self.entry, self.name = entry, name
        self.blocks, self.returns = {}, False
        self.loads = {}    # of values.step
        self.states = {}   # block -> State at its beginning


class Program:
    """All functions that are reached from the entries."""

    def __init__(self, image):
        self.image = image
        self.functions, self.problems = {}, []
        self.order = []   # callees first
        self.building = []
        self.callers = {}  # entry -> [(function, block)]
        self.marks = {}    # address -> [(count, kind, line of the source or 0)]
        self.tables = {}
        self.given = []    # (function, block, register): a call of what the caller passes
        self.takes = set() # (entry, register) of those
        self.cpus, self.stack = 8, None
        self.refused = set()
        self.places = image.sources([at for at, _, kind in image.bounds if kind >> 8])
        for at, count, kind in image.bounds:
            kind, line = kind & 0xff, kind >> 8
            if kind == TABLE:
                self.tables[at] = count
            elif kind == CPUS:
                self.cpus = count
            elif kind == STACK:
                self.stack = count
            else:
                self.marks.setdefault(at, []).append((count, kind, line))

    def problem(self, at, what, todo):
        entry = {"at": at, "what": what, "todo": todo}
        if entry not in self.problems:
            self.problems.append(entry)

    # ---- blocks ----

    def build(self, entry):
        if entry in self.functions:
            return self.functions[entry]
        if entry in self.building:
            names = [self.image.name(e) for e in self.building[self.building.index(entry):] + [entry]]
            self.problem(entry, "recursion: " + " -> ".join(names), WAYS)
            return None
        self.building.append(entry)
        function = Function(entry, self.image.name(entry))
        self._walk(function)
        values(self, function)
        self._indirect(function)
        self.building.pop()
        function.returns = any(b.end == "return" or b.tail and self._may_return(b) for b in function.blocks.values())
        function.changes = self._changes(function)
        self.functions[entry] = function
        self.order.append(function)
        for block in function.blocks.values():
            for callee in block.calls or ():
                self.callers.setdefault(callee, []).append((function, block))
        return function

    def _may_return(self, block):
        return any(self.functions[c].returns for c in block.calls if c in self.functions) or not block.calls

    def _is_other(self, target, function):
        """A branch to the beginning of a C function is a call that returns to our caller."""
        return target in self.image.functions and target != function.entry

    def _walk(self, function):
        code, leaders, todo, seen = self.image.code, {function.entry}, [function.entry], {}
        while todo:
            at = todo.pop()
            while at not in seen:
                ins = code.get(at)
                if ins is None:
                    self.problem(at, f"{function.name} runs into what is no instruction", "end the code before with a branch, or what it calls never comes back")
                    break
                seen[at] = follow = self._next(function, ins)
                leaders.update(f for f in follow if f != at + 4)
                if len(follow) != 1 or follow[0] != at + 4 or ins.op in ("bl", "blr"):
                    leaders.update(follow)
                    todo += follow
                    break
                at += 4
                if at in self.marks:
                    leaders.add(at)
        for start in sorted(leaders & set(seen)):
            block = function.blocks[start] = Block(start)
            at = start
            while True:
                ins = code[at]
                block.code.append(ins)
                follow = seen[at]
                if follow != [at + 4] or at + 4 in leaders or at + 4 not in seen:
                    break
                at += 4
            block.next = [f for f in follow if f in seen]
            self._finish(function, block)

    def _finish(self, function, block):
        ins = block.last
        if ins.op == "bl":
            block.calls = [ins.target]
        elif ins.op == "blr":
            block.calls = []
        elif ins.op == "b" and self._is_other(ins.target, function):
            block.calls, block.tail = [ins.target], True
        elif ins.op == "br" and not block.next:
            block.calls, block.tail = [], True
        elif ins.op == "ret":
            block.end = "return"
        elif ins.op == "eret":
            block.end = "eret"
        elif ins.op in ENDS:
            block.end = "stop"
        if block.calls and not block.tail and not block.next:
            block.end = "stop"

    def _next(self, function, ins):
        op, at = ins.op, ins.at
        if op == "b":
            if self._is_other(ins.target, function):
                self.build(ins.target)
                return []
            return [ins.target]
        if op.startswith("b.") or op in CONDITIONAL:
            return [at + 4, ins.target]  # also into another function: then it is part of this one, too
        if op == "bl":
            callee = self.build(ins.target)
            return [at + 4] if callee is None or callee.returns else []
        if op in ("ret", "eret") or op in ENDS:
            return []
        if op == "br":
            return self._computed(function, ins)
        return [at + 4]

    def _computed(self, function, ins):
        """Where a branch to a register goes: a table of code that .bounds names, or a constant. Else it may be a call that does not come back."""
        target, lines = ins.args.strip(), []
        at = ins.at
        while at not in self.image.targets and at - 4 in self.image.code and len(lines) < 8:  # who comes from elsewhere may bring another value
            at -= 4
            before = self.image.code[at]
            if before.op in ("b", "ret", "br", "eret"):
                break
            lines.append(before)
        state = State([None] * 32)
        for before in reversed(lines):
            step(state, before, {}, self)
        value = state.get(target)
        if isinstance(value, int):
            return [value]
        define = next((b for b in lines if b.args.split(",")[0] == target), None)
        if define is None or define.op not in ("add", "sub"):
            return []  # a call that does not come back to here: _callees finds whom
        if ins.at in self.tables and define.op in ("add", "sub"):
            base = state_before(lines, define, define.operands()[1], self)
            shift = define.operands()[-1]
            if isinstance(base, int) and shift == "lsl #3":
                sign = 8 if define.op == "add" else -8
                return [base + sign * i for i in range(self.tables[ins.at])]
        self.problem(ins.at, f"{function.name}: a computed branch whose targets nobody names",
                     "compile without jump tables (-fno-jump-tables); in assembly say how many entries there are (branch_table)")
        self.refused.add(ins.at)
        return []

    def changed(self, ins):
        """Registers that a call may change: compilers look into what they call (gcc: -fipa-ra), so do we."""
        function = self.functions.get(ins.target)
        return function.changes if function else CALLED

    def _changes(self, function):
        found = set()
        for block in function.blocks.values():
            for ins in block.code:
                found.update(written(ins))
            if block.calls is not None:
                found.update(*(self.functions[c].changes for c in block.calls if c in self.functions))
                if not block.calls or any(c not in self.functions for c in block.calls):
                    found.update(CALLED)
        return sorted(found & set(CALLED))

    # ---- what is called by address ----

    def _indirect(self, function):
        pending = [b for b in function.blocks.values() if b.calls == []]
        for block in pending:
            if block.last.at in self.refused:
                continue
            block.calls = self._callees(function, block)
            for callee in block.calls:
                self.build(callee)

    def _callees(self, function, block):
        state = State(list(function.states[block.start].regs))
        for ins in block.code[:-1]:
            step(state, ins, function.loads, self)
        value = state.get(block.last.args.strip())
        if isinstance(value, int) and value in self.image.code:
            return [value]
        if isinstance(value, tuple) and value[0] == 64 and value[2] == 0 and value[1][0] == "in" and value[1][1] < 8:
            self.given.append((function, block, value[1][1]))
            self.takes.add((function.entry, value[1][1]))
            return []
        found = self._table(function, value)
        if found is None:
            self._unresolved(function, block)
        return found or []

    def _unresolved(self, function, block):
        self.problem(block.last.at, f"{function.name}: an indirect call that is not of a virtual device's table",
                     "only struct vdev may hold pointers to functions; call it by name")

    def _passed(self, function, r, asked=()):
        """What all callers pass in a register: functions by name, or what they were passed themselves. None: something else."""
        found = set()
        for caller, at in self.callers.get(function.entry, ()):
            values(self, caller)
            state = State(list(caller.states[at.start].regs)) if at.start in caller.states else State([None] * 32)
            for ins in at.code[:-1]:
                step(state, ins, caller.loads, self)
            value = state.regs[r]
            if isinstance(value, tuple) and value[0] == 64 and value[2] == 0 and value[1][0] == "in" and (caller, value[1][1]) not in asked:
                self.takes.add((caller.entry, value[1][1]))
                value = self._passed(caller, value[1][1], (*asked, (caller, value[1][1])))
            else:
                value = {value} if isinstance(value, int) and value in self.image.functions else None
            if value is None:
                return None
            found |= value
        return found or None

    def finish(self, entries):
        """Behind the last build(): what is only known when all callers are. Keeps what is reached from the entries."""
        while self.given:
            function, block, r = self.given.pop()
            found = self._passed(function, r)
            if found is None:
                self._unresolved(function, block)
            block.calls = sorted(found or ())
            for callee in block.calls:
                self.build(callee)
                self.callers.setdefault(callee, []).append((function, block))
        for at, name in self.image.pointers():
            self.problem(at, f"a pointer to {name} in data that is no table of a virtual device", "only struct vdev may hold pointers to functions")
        by_entry = self._reached(entries)
        graph = {e: {c for b in f.blocks.values() for c in b.calls or () if c in by_entry} for e, f in by_entry.items()}
        for part in components(set(graph), lambda e: graph[e]):
            if not any("recursion" in p["what"] for p in self.problems):
                self.problem(min(part), "recursion: " + ", ".join(sorted(by_entry[e].name for e in part)) + " call each other", WAYS)
        self.order, done = [], set()
        for entry in by_entry:
            self._visit(entry, graph, done)
        for function in self.order:
            self._made(function)

    def _made(self, function):
        """
        Pointers to functions that code makes are for calls of here and now: what is called, or passed to who calls it. So none gets into memory, and
        what is loaded from there and called is of a virtual device's table (pointers() of image.py: no other data has any).
        """
        values(self, function)
        made, used = {}, set()  # address of the instruction -> function; functions that are passed or called
        for block in function.blocks.values():
            state = State(list(function.states[block.start].regs))
            for ins in block.code:
                step(state, ins, function.loads, self)
                if ins.op in ("adr", "add"):
                    made.update({ins.at: state.regs[r] for r in written(ins) if state.regs[r].__class__ is int and state.regs[r] in self.image.functions})
        for block, ins, state in self._steps(function) if made else ():
            over = set() if STORES.match(ins.op) else set(written(ins))
            read = {register(t)[0] for t in re.findall(r"\bx\d+\b", ins.args)} - over
            known = {state.regs[r] for r in read if isinstance(state.regs[r], int)} & set(made.values())
            if known and ins.op not in ("bl", "blr", "br", "orr") and not COMPARES.match(ins.op):
                self._kept(function, ins, min(known))
            if ins is block.last and block.calls:
                used.update(block.calls, (state.regs[r] for r in range(8) if any((c, r) in self.takes for c in block.calls)))
        for at, what in made.items():
            if what not in used:
                self._kept(function, self.image.code[at], what)

    def _steps(self, function):
        """(block, instruction, state before it)"""
        for block in function.blocks.values():
            state = State(list(function.states[block.start].regs))
            for ins in block.code:
                yield block, ins, State(list(state.regs))
                step(state, ins, function.loads, self)

    def _kept(self, function, ins, what):
        self.problem(ins.at, f"{function.name}: a pointer to {self.image.name(what)} that is not called here, nor passed to who calls it",
                     "only struct vdev may hold pointers to functions; call it by name")

    def _reached(self, entries):
        found, todo = {}, list(entries)
        while todo:
            entry = todo.pop()
            if entry not in found and entry in self.functions:
                found[entry] = self.functions[entry]
                todo += [c for b in found[entry].blocks.values() for c in b.calls or ()]
        for caller in self.callers:
            self.callers[caller] = [(f, b) for f, b in self.callers[caller] if f.entry in found]
        self.functions = found
        return found

    def _visit(self, entry, graph, done):
        if entry in done:
            return
        done.add(entry)
        for callee in sorted(graph[entry]):
            self._visit(callee, graph, done)
        self.order.append(self.functions[entry])

    def _table(self, function, value):
        """A pointer loaded from a table whose address was loaded itself: vdev_config.ops. None: it was not."""
        if not isinstance(value, tuple) or value[0] != 64 or value[2] or value[1] not in function.loads:
            return None
        base, offset = function.loads[value[1]]
        if offset is None:
            return None
        if isinstance(base, int):
            found = self.image.constant(base + offset)
            return [found] if found in self.image.functions else None
        if not isinstance(base, tuple) or base[0] != 64 or base[2] or base[1] not in function.loads:
            return None
        return self.image.vdev_functions(offset)


def state_before(lines, define, text, program):
    state = State([None] * 32)
    for ins in reversed(lines[lines.index(define) + 1:]):
        step(state, ins, {}, program)
    return state.get(text)


def predecessors(blocks):
    result = {start: [] for start in blocks}
    for start, block in blocks.items():
        for n in block.next:
            result[n].append(start)
    return result


def run(program, function, blocks, start, state, outs=None, leads=None):
    """States at the beginning of blocks, from `start` on; outs: at the end. Edges back to `start` are not followed."""
    before = predecessors(blocks)
    states, ends, todo, merged, ways = {start: state}, {}, [start], {}, {}
    while todo:
        at = todo.pop()
        now = State(list(states[at].regs))
        lead = set(flags.leads_to(program, function, blocks[at], now)) | ways.get(at, set())
        if at in ends and ends[at].regs == now.regs and ways[at] == lead:
            continue
        ends[at], ways[at] = now, lead
        for n in blocks[at].next:
            if n == start or n not in blocks or n not in lead:
                continue
            come = [ends[p] for p in before[n] if p in ends and n in ways[p]]
            state_n, own = joined(come, n)
            for r in merged.get(n, ()):  # what was of this place once stays so: it ends
                state_n.regs[r] = named(("phi", n, r))
            merged[n] = own | merged.get(n, own)
            if n not in states or states[n].regs != state_n.regs:
                states[n] = state_n
                todo.append(n)
    if outs is not None:
        outs.update(ends)
    if leads is not None:
        leads.update(ways)
    return states


def values(program, function):
    """States of all blocks; what constants exclude (of the configuration, in .rodata) is taken out."""
    if not function.states:
        ways = {}
        function.states = run(program, function, function.blocks, function.entry, entered("in"), leads=ways)
        function.blocks = {n: b for n, b in function.blocks.items() if n in function.states}
        for n, block in function.blocks.items():
            block.next = [x for x in block.next if x in ways[n]]
    return function.states


# ---- loops ----


class Loop:
    def __init__(self, header, body, parent):
        self.header, self.body, self.parent = header, body, parent
        self.inner = []
        self.cut, self.count, self.kind, self.why = None, None, None, ""


def components(nodes, edges):
    """Strongly connected components, those with a cycle, callees (later ones) first. Tarjan's, without recursion."""
    index, low, on, stack, result, counter = {}, {}, set(), [], [], 0
    for root in nodes:
        if root in index:
            continue
        work = [(root, iter(edges(root)))]
        index[root] = low[root] = counter
        counter += 1
        stack.append(root)
        on.add(root)
        while work:
            node, it = work[-1]
            for n in it:
                if n not in nodes:
                    continue
                if n not in index:
                    index[n] = low[n] = counter
                    counter += 1
                    stack.append(n)
                    on.add(n)
                    work.append((n, iter(edges(n))))
                    break
                if n in on:
                    low[node] = min(low[node], index[n])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = set()
                    while True:
                        n = stack.pop()
                        on.discard(n)
                        part.add(n)
                        if n == node:
                            break
                    if len(part) > 1 or node in edges(node):
                        result.append(part)
    return result


def loops(program, function, nodes=None, cut=frozenset(), parent=None, found=None):
    """
    All loops, outer before inner. Entered at more than one place: refused, but where a CPU stays: what is behind such a place is another
    path, wherever the loop was entered, so only what goes round without passing one is a loop.
    """
    blocks = function.blocks
    resident = {at for at, entries in program.marks.items() if any(kind == RESIDENCE for _, kind, _ in entries)}
    found = [] if found is None else found
    nodes = set(blocks) if nodes is None else nodes
    before = program_before(function)
    for part in sorted(components(nodes, lambda n: [x for x in blocks[n].next if x not in cut]), key=min):
        entries = {n for n in part if any(p not in part for p in before[n]) or n == function.entry}
        if len(entries) != 1 and part & resident:
            loops(program, function, part, cut | part & resident, parent, found)
            continue
        if len(entries) != 1:
            where = ", ".join(f"{e:#x}" for e in sorted(entries))
            program.problem(min(entries or part), f"{function.name}: a loop that is entered at several places ({where})",
                            "write it as one loop with one beginning (no goto into it)")
            header = min(entries or part)
        else:
            header = entries.pop()
        loop = Loop(header, part, parent)
        found.append(loop)
        if parent:
            parent.inner.append(loop)
        loops(program, function, part, cut | {header}, loop, found)
    return found


def program_before(function):
    if not hasattr(function, "before"):
        function.before = predecessors(function.blocks)
    return function.before
