# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The ways into the core, by name, and the longest way of each."""
from cost import END, ERET, HERE, LOADED, MILLISECOND, RETURN, SERVICE, WAIT, Costs, Region, Solver, better, profile
from image import Refused
from stack import depths

# What a guest can bring about, by slot of the vectors (D1.3.1), and what stays short by the function that does it.
SLOTS = {0x400: "sync-long", 0x480: "irq-mediated", 0x500: "irq-to-core", 0x580: "serror",
         0x600: "sync-aarch32", 0x680: "irq-aarch32", 0x700: "fiq-aarch32", 0x780: "serror-aarch32"}
OWN = {0x000: "core-abort", 0x180: "core-serror", 0x200: "core-sync"}  # the core's own exceptions
SHORT = {"fast_hypercall": "hvc-short", "fast_sgi": "sgi", "fast_sgi_mediated": "sgi", "fast_gicd_read": "distributor-short",
         "fast_gicd_write": "distributor-short", "fast_gicr_read": "distributor-short", "fast_vgic_read": "distributor-short", "fast_vgic_write": "distributor-short",
         "fast_register": "register-short", "glance_read": "vdev-short", "fast_irq": "irq-short"}
# Where no C function is called: by the label that the way leads through.
LABELS = {"wfx": "wfi", "register": "register-short", "sgi": "sgi", "sysreg": "sgi", "hypercall": "hvc-short", "abort": "distributor-short", "data_abort": "distributor-short"}
LONG = {"trap_slow", "trap_irq", "trap_unusual"}
APART = {LOADED: "loaded"}  # what makes another way of a long one


def entries(img):
    """[(name, address)]: the slots of the vectors and the two ways into boot."""
    found = []
    for table, before in (("vectors", ""), ("vectors_traced", "traced-")):
        if table in img.by_name:
            base = img.by_name[table][0]
            found += [(before + name, base + at) for at, name in {**({} if before else OWN), **SLOTS}.items()]
            if not before:
                found += [(f"core-{at:#05x}", base + at) for at in range(0, 0x400, 0x80) if at not in OWN]
    found += [(name, img.by_name[symbol][0]) for name, symbol in (("boot", "_start"), ("boot-secondary", "boot_secondary")) if symbol in img.by_name]
    if not found:
        raise Refused(f"{img.path}: no vectors and no _start; is it the cloison.elf of a build?")
    return found


def by_label(costs, function):
    """The longest ways of an entry, by the C function that is the last it calls: label -> {to: cost}."""
    solver = Solver(costs, function)
    functions = costs.program.image.functions
    region = Region(solver, set(function.blocks), [x for x in function.loops if x.parent is None], costs.residences & set(function.blocks))
    at, ways = {function.entry: {None: (0, None)}}, {}
    for head in region.order:
        calls = [c for c in solver.blocks[head].calls or () if c in functions]
        place = LABELS.get(costs.program.image.labels.get(head))
        for label, begin in at.get(head, {}).items():
            after = functions[calls[0]][0] if calls else label or place
            for to, cost, how in region.flows(head, HERE):
                total = begin[0] + cost, (begin[1], how)
                if to in region.nodes and to not in region.cut:
                    better(at.setdefault(to, {}), after, total)
                else:
                    better(ways.setdefault(after, {}), END if to in region.cut else to, total)
    return ways


class Report:
    """Everything that there is to say of an image."""

    def __init__(self, program, named, loop_count):
        self.program, self.named, self.loop_count = program, named, loop_count
        self.plain, self.patient = Costs(program, False), Costs(program, True)
        self._own_exceptions()
        self.plain.run(), self.patient.run()
        self.depths = depths(program)
        self.memo = {}
        self.paths = {}
        for name, at in named:
            self._entry(name, program.functions[at])
        self._loaded()
        self._rounds()
        self.stack = self._stack()

    def _own_exceptions(self):
        """What a load or store of device_read may take: an abort and an SError, each once."""
        own = [self.program.functions[at] for name, at in self.named if name in ("core-abort", "core-serror")]
        for costs in (self.plain, self.patient):
            for function in own:
                summary = Solver(costs, function).summary()
                costs.extra += summary.ways[HERE].get(ERET, (0, None))[0]

    def _entry(self, name, function):
        if name.split("-")[-1] in ("long", "mediated") and ("sync" in name or "irq" in name):
            plain, patient = by_label(self.plain, function), by_label(self.patient, function)
            before = "traced-" if name.startswith("traced-") else ""
            for label in plain:
                short = name if label in LONG else before + (SHORT.get(label) or (label if label in LABELS.values() else f"short-{label or name}"))
                self._add(short, function, plain[label], patient[label], label)
        else:
            self._add(name, function, self.plain.of[function.entry].ways[HERE], self.patient.of[function.entry].ways[HERE], None)
        self._resume(name, function)

    def _resume(self, name, function):
        plain, patient = (c.of[function.entry].ways[WAIT] for c in (self.plain, self.patient))
        if ERET in plain or RETURN in plain:
            self._add("boot-resume" if "boot" in name else "resume", function, plain, patient, None)

    def _add(self, name, function, plain, patient, label):
        path = {"name": name, "entry": self.program.image.name(function.entry), "instructions": None, "patience": 0, "ends": None, "milliseconds": 0}
        back = plain.get(ERET) or plain.get(RETURN)
        if back:
            path["instructions"] = back[0]
            path["patience"], path["milliseconds"] = waited(patient.get(ERET) or patient.get(RETURN), back)
        if END in plain:
            path["ends"] = plain[END][0]
            path["ends_patience"], path["ends_milliseconds"] = waited(patient[END], plain[END])
        deepest = self._depth(function, label)
        path["stack_bytes"], path["deepest"] = deepest
        path["serves"] = name != "service-round" and label not in SHORT and label not in LABELS.values() and self.serves(function)
        path["cost"], path["cost_end"] = back, plain.get(END)
        old = self.paths.get(name)
        if old is None or (path["instructions"] or 0, path["ends"] or 0) > (old["instructions"] or 0, old["ends"] or 0):
            self.paths[name] = path
        if old:
            self.paths[name]["stack_bytes"] = max(old["stack_bytes"], path["stack_bytes"])

    def _depth(self, function, label):
        if not label or label in LONG:
            return self.depths[function.entry]
        at = next((e for e in self.program.functions if self.program.image.functions.get(e, [None])[0] == label), None)
        if at is None:
            return 0, [function.name]  # a short one, of assembly alone
        return self.depths[at][0], [function.name, *self.depths[at][1]]

    def _loaded(self):
        """A long exit that the copier makes at its end, and what then is done before the guest's first instruction."""
        ways = [self.paths[name] for name in ("sync-long", "traced-sync-long") if name in self.paths]
        if self.plain.loaded and ways:
            path = max(ways, key=lambda p: p["instructions"] or 0)
            more, milliseconds = waited(self.patient.loaded, self.plain.loaded)
            total = path["instructions"] + self.plain.loaded[0]
            self.paths["loaded"] = {**path, "name": "loaded", "instructions": total, "patience": path["patience"] + more,
                                    "milliseconds": path["milliseconds"] + milliseconds, "cost": (total, (path["cost"][1], self.plain.loaded[1]))}

    def _rounds(self):
        """A round of service, and from each place where a CPU stays to where it stays next, in the function that it is in."""
        program = self.program
        if self.plain.service:
            service = next(f for f in program.order if f.name == SERVICE)
            self._add("service-round", service, self.plain.service.ways[HERE], self.patient.service.ways[HERE], "")
        for function in program.order:
            for place in sorted(set(function.blocks) & self.plain.residences):
                found = [self._round(costs, function, place) for costs in (self.plain, self.patient)]
                if found[0]:
                    self._add(f"round-{function.name}", function, found[0], found[1], "")

    def _round(self, costs, function, place):
        solver = Solver(costs, function)
        loop = next((x for x in function.loops if place in x.body and x.bound and x.bound.count is None and place in x.bound.places), None)
        if loop:
            region = Region(solver, loop.body, loop.inner, set(loop.bound.places))
        else:  # a way round that is entered at several places
            region = Region(solver, set(function.blocks), [x for x in function.loops if x.parent is None], costs.residences & set(function.blocks))
        ways, arrive = {}, {}
        region.solve({place: (0, None)}, HERE, ways, arrive)
        if not loop:
            ways = {}
        for cost in arrive.values():
            better(ways, END, cost)
        return {END: ways[END]} if END in ways else {}

    def serves(self, function):
        """May a round of service be in it?"""
        todo, seen = [function.entry], set()
        while todo:
            entry = todo.pop()
            if entry in seen or entry not in self.program.functions:
                continue
            seen.add(entry)
            if self.program.functions[entry].name == SERVICE:
                return True
            todo += [c for b in self.program.functions[entry].blocks.values() for c in b.calls or ()]
        return False

    def worst(self, path):
        """[(function, instructions)] of the longest way."""
        cost = path["cost"] or path["cost_end"]
        return profile(self.plain, cost, self.memo) if cost else []

    def _stack(self):
        """The deepest of all ways, and what an exception of the core itself takes behind it; too deep is a problem."""
        name, (deepest, way) = max(((n, self.depths[at]) for n, at in self.named if not n.startswith("core-")), key=lambda x: x[1][0])
        dump = max((self.depths[at][0] for n, at in self.named if n.startswith("core-")), default=0)
        size = self.program.stack
        if size is not None and (deepest > size or dump > size // 2):
            self.program.problem(self.named[0][1], f"the stack has {size} bytes, {deepest} are needed ({' > '.join(way)}), and {dump} of half of it for the core's last words",
                                 "make it larger (CPU_STACK_SIZE), or what is deep flatter")
        return {"deepest": deepest, "entry": name, "way": way, "dump": dump}


def served(path, ways):
    """The same on the CPU that serves: with a round of service in it."""
    round_ = ways.get("service-round")
    if not round_ or round_["instructions"] is None:
        return path
    return {**path, "name": f"{path['name']} + service-round", "instructions": path["instructions"] + round_["instructions"],
            "milliseconds": path["milliseconds"] + round_["milliseconds"]}


def of_guest(name):
    """Is it a way that a guest takes in and comes back by, each time anew?"""
    name = name.removeprefix("traced-")
    return name in SLOTS.values() or name in SHORT.values() or name in LABELS.values() or name.startswith("short-")


def waited(patient, plain):
    """(instructions more, milliseconds) if all waits are as long as they may be."""
    return max(0, patient[0] % MILLISECOND - plain[0]), patient[0] // MILLISECOND
