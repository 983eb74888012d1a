# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The life of a cell: a CPU regained, stop, start, restart, suspend, resume.

Instructions of all CPUs together from the decision to the end of the deed, as the core
measures them itself (hypercall CELL_TIMES); nobody else runs meanwhile.
"""

from runs import runs
from table import Row

GROUP = "life"
COLUMNS = ("direct", "mediated")
MIB = 16  # of each cell of life.dts

# name, what, name and budget direct, name and budget mediated, note
TABLE = [
    ("regain_suspend", "CPU regained, masked loop, suspend", ("spin_suspend", 120), ("mediated_spin_suspend", 120), "memory taken away, fault, in the core"),
    ("regain_stop", "CPU regained, masked loop, stop", ("spin_regain", 120), ("mediated_spin_regain", 120), ""),
    ("regain_wfi_suspend", "CPU regained, WFI, suspend", ("guarded_suspend", 150), ("mediated_wfi_suspend", None),
     "and the kick; direct: guarded; mediated: an interrupt of the core's, taken first"),
    ("regain_wfi_stop", "CPU regained, WFI, stop", ("guarded_regain", 150), ("mediated_wfi_regain", None), ""),
    ("resume", "resume", ("spin_resume", None), ("mediated_spin_resume", None), "with the rest of the service CPU's round; mediated: and what came meanwhile"),
    ("stop", "stop", ("spin_stop", None), ("mediated_spin_stop", None), "without clearing memory and what is waited for"),
    ("start", "start", ("spin_start", None), ("mediated_spin_start", None), "without the copy; with the rest of the service CPU's round"),
    ("restart", "restart", ("spin_restart", None), ("mediated_spin_restart", None), "devices and lines as at boot"),
]


def measure(builder):
    figures = runs(builder, {"life": 6})
    rows = []
    for name, what, direct, mediated, note in TABLE:
        columns = {"direct": direct, "mediated": mediated}
        rows.append(Row(GROUP, name, what, {c: figures.get(f"life_{n}") for c, (n, _) in columns.items()},
                        {c: budget for c, (_, budget) in columns.items() if budget}, note=note))
    clear = figures.get("life_spin_clear")
    rows.append(Row(GROUP, "clear_mib", "memory cleared, each MiB", {"direct": clear and clear // MIB}, {"direct": 135000},
                    note="DC ZVA, DC CIVAC: 8 for a line of 64 bytes"))
    return rows
