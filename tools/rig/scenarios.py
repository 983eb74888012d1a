# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Who is beside the rig cell: the table of `make rig`.

A partition is configs/rig/NAME.dts; what is measured and which colours whom, an overlay made here adds.
"""

from dataclasses import dataclass, replace

FOLDER = "configs/rig"
SOURCES = "timer,device,sgi"
MILLION = 1_000_000
COUNT = 10_000
FLOOR = 10_000  # instructions of others in the time of so many samples; they have 300,000 at least


@dataclass(frozen=True)
class Scenario:
    name: str
    what: str                   # for people
    partition: str
    beside: tuple = ()          # cells
    sources: str = SOURCES
    icount: bool = False        # one CPU, a clock of instructions
    wait: str = "spin"
    runs: int = 1               # that have to be the same to the byte
    busy: str = ""              # each cell beside it says this again and again
    floor: int = 0              # so many instructions of the core others have cost meanwhile, at least
    linux: bool = False         # one of them is Linux, under load
    coloured: bool = False      # disjoint parts of the last-level cache
    count: int = COUNT
    mediated: bool = False


def storms():
    names = {"console": "prints without end", "calls": "hypercalls", "restart": "resets itself again and again", "ipi": "SGIs",
             "distributor": "the distributor's registers", "tlb": "TLB and cache maintenance, broadcast", "all": "all of these in turn"}
    for name, what in names.items():
        yield Scenario(name, f"beside a direct and a mediated cell: {what}", f"{FOLDER}/{name}.dts", ("direct", "mediated"), busy=r"nuisance: rounds=(\d+)",
                       floor=0 if name == "tlb" else FLOOR)


def coloured(scenario):
    return replace(scenario, name=f"{scenario.name}-coloured", what=f"{scenario.what}, coloured", coloured=True)


def mediated(scenario):
    """To see that this is seen: interrupts of the rig's cell go through the core."""
    return replace(scenario, name=f"{scenario.name}-mediated", mediated=True)


def table():
    alone = {"partition": f"{FOLDER}/alone.dts", "sources": "timer,device", "icount": True}
    million = Scenario("million", "alone, asleep between the events, a million", **alone, wait="wfi", count=MILLION)
    plain = [Scenario("alone", "nobody else, not even a service CPU; three runs the same to the byte", **alone, runs=3),
             Scenario("quiet", "nobody but the core", f"{FOLDER}/quiet.dts"),
             Scenario("linux", "beside a loaded Linux on two CPUs", f"{FOLDER}/linux.dts", ("linux",), linux=True, floor=FLOOR), *storms()]
    return {s.name: s for s in [million, *plain, *map(coloured, plain)]}


SCENARIOS = table()


def overlay(scenario, arguments):
    """The text of an overlay: bootargs of the rig cell, colours."""
    colours = {"rig": "0-7", **dict(zip(scenario.beside, ("8-17", "18-27") if len(scenario.beside) > 1 else ("8-27",)))}
    lines = ["/dts-v1/;", "/plugin/;", "", f'&{{/domains/hypervisor/rig/chosen}} {{ bootargs = "{arguments}"; }};']
    if scenario.mediated:
        lines.append('&{/domains/hypervisor/rig} { cloison,interrupts = "mediated"; };')
    if scenario.coloured:
        lines.append('&{/domains/hypervisor} { llc-colors = "28-31"; };')
        lines += [f'&{{/domains/hypervisor/{cell}}} {{ llc-colors = "{colour}"; }};' for cell, colour in colours.items()]
    return "\n".join(lines) + "\n"
