# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What other kinds of cells pay: guarded WFI, a console that a service CPU looks after, a PCI function."""

from pathlib import Path

from runs import HERE, built, qemu, run, runs
from table import Row

GROUP = "variants"
COLUMNS = ("bare", "direct", "mediated")
PARTITIONS = {"guarded": 2, "service": 3, "service-mediated": 3}
PCI = {"direct": "pci", "mediated": "pci-mediated"}


def guarded(figures, bare):
    """What a direct cell's WFI costs where the core sleeps for it."""
    return [Row(GROUP, f"{timer}_guarded", f"{what} timer, guarded WFI", {"bare": bare.get(f"{timer}_wfi"), "direct": figures.get(f"guarded_{timer}_wfi")},
                {"direct": 6}, path="wfi", note="WFI done at EL2, then ERET")
            for timer, what in (("vtimer", "virtual"), ("ptimer", "physical"))]


def console(figures, bare):
    """
    Another CPU serves the console. Its round may come between two readings of the counter, which is one for all CPUs: of
    several times it is the least here, not the worst.
    """
    found = []
    for name, what, budget, path in (("uart_fr_read", "PL011 flags read", {"direct": 95, "mediated": 95}, "vdev-short"),
                                     ("uart_dr_write", "console character", {}, "sync-long"),
                                     ("uart_line", "console's line, to its handler", {}, "sync-long")):
        served = {c: figures.get(f"{p}_{name}_least", figures.get(f"{p}_{name}")) for c, p in (("direct", "service"), ("mediated", "service_mediated"))}
        found.append(Row(GROUP, f"{name}_served", f"{what}, service CPU", {"bare": bare.get(name)} | served, budget, path=path))
    return found


def configuration(builder):
    """A configuration space, behind the board's IOMMU."""
    figures = {}
    for column, partition in PCI.items():
        found = run(built(builder, f"{partition}.dts"), 1, options=qemu.devices(f"{HERE}/{partition}.dts", Path(builder.folder)))
        figures[column] = {name.removeprefix(partition.replace("-", "_") + "_"): value for name, value in found.items()}
    return [Row(GROUP, f"pci_{name}", f"configuration space, {what}", {c: f.get(f"config_{name}") for c, f in figures.items()}, path="sync-long")
            for name, what in (("read", "word read"), ("write", "word written"))]


def measure(builder):
    for partition in PCI.values():
        builder.start(f"{HERE}/{partition}.dts")
    figures = runs(builder, PARTITIONS)
    bare = run(None, 2, bare=builder.guest("bench"))
    return guarded(figures, bare) + console(figures, bare) + configuration(builder)
