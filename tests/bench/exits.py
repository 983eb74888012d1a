# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a cell's own doing costs it: calls, registers, emulated registers, interrupts.

Figures are raw: the difference of two counter readings around the thing, which is 2
for one instruction. Columns: bare metal (the same guest on bare QEMU, at EL1); a direct
cell with native WFI; a mediated one. Neither has a service CPU.
"""

from runs import run, runs
from table import Row

GROUP = "exits"
COLUMNS = ("bare", "direct", "mediated")
PREFIX = {"direct": "native_", "mediated": "mediated_"}
PARTITIONS = {"native": 2, "mediated": 2}

# name, what, budget direct, budget mediated, Bao 738e3dc, entry path, note
CALLS = [
    ("raw", "back-to-back counter reads", 2, 2, None, "", "the yardstick: mrs, isb, mrs"),
    ("psci_version", "PSCI_VERSION", 30, 30, 190, "hvc-short", ""),
    ("unknown_hypercall", "unknown hypercall", 40, 40, 190, "hvc-short", "known by one look at a hashed table"),
    ("unknown_psci", "unknown PSCI function", 40, 40, None, "hvc-short", "the same"),
    ("psci_features", "PSCI_FEATURES", None, None, None, "sync-long", "the long way: all registers saved"),
    ("psci_version_smc", "PSCI_VERSION by SMC", None, None, None, "sync-long", "a guest is told to use HVC"),
    ("unknown_smc", "unknown SMC", None, None, None, "sync-long", ""),
    ("cpu_on", "CPU_ON of another vCPU, with the library", None, None, None, "sync-long", ""),
]
REGISTERS = [
    ("id_read", "ID register read", 70, 70, None, "register-short", "the CPU's, without what cells may not use"),
    ("actlr_read", "ACTLR_EL1 read", 95, 95, None, "register-short", "reads as zero"),
    ("icc_pmr_read", "ICC_PMR_EL1 read", 95, 2, None, "register-short", "direct: the hardware traps it along with SGIs"),
    ("icc_pmr_write", "ICC_PMR_EL1 write", 95, 2, None, "register-short", ""),
    ("icc_ctlr_read", "ICC_CTLR_EL1 read", 95, 2, None, "register-short", ""),
    ("icc_rpr_read", "ICC_RPR_EL1 read", 95, 2, None, "register-short", ""),
    ("icc_dir_write", "ICC_DIR_EL1 write", 95, 2, None, "register-short", ""),
    ("icc_igrpen0_read", "ICC_IGRPEN0_EL1 read", 95, 95, None, "register-short", "group 0: reads as zero"),
    ("denied_read", "register that is not for cells", None, None, None, "sync-long", "to the guest's own handler"),
]
DISTRIBUTOR = [
    ("gicd_typer_read", "GICD_TYPER read", 95, 95, 226, "distributor-short", ""),
    ("gicd_ctlr_read", "GICD_CTLR read", 95, 95, None, "distributor-short", "polled after each change; mediated: has each other vCPU looked?"),
    ("gicd_igroupr_read", "GICD_IGROUPR read", 95, None, None, "distributor-short", ""),
    ("gicd_isenabler_read", "GICD_ISENABLER read", 95, 95, 1291, "distributor-short", "a mask of the cell's lines; mediated: its own word"),
    ("gicd_ispendr_read", "GICD_ISPENDR read", 95, None, None, "distributor-short", "ISACTIVER is the same; mediated: list registers, other CPUs"),
    ("gicd_ipriorityr_read", "GICD_IPRIORITYR read", 95, None, None, "distributor-short", ""),
    ("gicd_icfgr_read", "GICD_ICFGR read", None, None, None, "distributor-short", "two bits a line, and which lines are virtual devices'"),
    ("gicd_irouter_read", "GICD_IROUTER read", None, None, None, "sync-long", ""),
    ("gicd_pidr2_read", "GICD_PIDR2 read", 95, None, None, "distributor-short", ""),
    ("gicd_isenabler_write", "GICD_ISENABLER write", 95, 140, 3559, "distributor-short", "through; mediated: own word, line, has another CPU changed it?"),
    ("gicd_icenabler_write", "GICD_ICENABLER write", 95, 140, 3559, "distributor-short", "the same; mediated: is it in somebody's hand?"),
    ("gicd_ipriorityr_write", "GICD_IPRIORITYR write", 95, None, None, "distributor-short", "byte by byte; mediated: sync-long"),
    ("gicd_ipriorityr_byte_write", "GICD_IPRIORITYR byte write", None, None, None, "sync-long", ""),
    ("gicd_irouter_write", "GICD_IROUTER write", None, None, None, "sync-long", ""),
    ("gicr_typer_read", "GICR_TYPER read", 95, 95, None, "distributor-short", "a vCPU reads that of each until it finds its own"),
    ("gicr_ctlr_read", "GICR_CTLR read", 95, None, None, "distributor-short", ""),
    ("gicr_sgi_frame_read", "GICR_ISENABLER0 read", 2, 95, 1315, "distributor-short", "direct: mapped, no exit"),
    ("gicr_ispendr0_read", "GICR_ISPENDR0 read", 2, None, None, "sync-long", ""),
    ("gicr_ipriorityr0_read", "GICR_IPRIORITYR0 read", 2, None, None, "sync-long", ""),
    ("gicr_sgi_frame_write", "GICR_ISENABLER0 write", 2, 140, 3590, "distributor-short", ""),
]
CONSOLE = [
    ("uart_fr_read", "PL011 flags read", 95, 95, None, "vdev-short", ""),
    ("uart_imsc_read", "PL011 IMSC read", None, None, None, "sync-long", "as any other of its registers: what the device then asks for is looked at"),
    ("uart_ris_read", "PL011 RIS read", None, None, None, "sync-long", ""),
    ("uart_dr_write", "console character", None, None, None, "sync-long", "the cell's own CPU drives the board's UART"),
    ("uart_line", "console's line, to its handler", None, None, None, "sync-long", "from the store that raises it: direct, a spare line made pending"),
]
INTERRUPTS = [
    ("vtimer_spin", "virtual timer, spinning", 2, 110, 201, "irq-short", "direct: the hardware's own; mediated: acknowledge, list register, ERET"),
    ("vtimer_wfi", "virtual timer, WFI", 2, 110, 201, "irq-short", "direct: native WFI"),
    ("ptimer_spin", "physical timer, spinning", 2, 110, 201, "irq-short", ""),
    ("ptimer_wfi", "physical timer, WFI", 2, 110, 201, "irq-short", ""),
    ("sgi_self", "SGI to self", 65, 110, 777, "sgi", "trap, check against the cell's CPUs, re-issue"),
    ("sgi_other_sender", "SGI to another vCPU, sender", None, None, None, "sgi", "MSR to its next instruction"),
    ("sgi_other_receiver", "SGI to another vCPU, receiver", None, None, None, "irq-short", "direct: no exit"),
    ("sgi_other", "SGI to another vCPU, sum", 65, 190, 779, "", "worst of the sums"),
    ("sgi_all", "SGI to all others, sender", None, None, None, "sync-long", ""),
    ("device_line", "device's line, to its handler", 3, 110, None, "irq-short", "the board's clock: from the store that raises it"),
]


def columns_of(name, figures, bare):
    found = {"bare": bare[name]} if name in bare else {}
    return found | {c: figures.get(p + name) for c, p in PREFIX.items()}


def rows_of(table, figures, bare):
    found = []
    for name, what, direct, mediated, bao, path, note in table:
        budget = {c: b for c, b in (("direct", direct), ("mediated", mediated)) if b}
        found.append(Row(GROUP, name, what, columns_of(name, figures, bare), budget, note=note, others=f"Bao {bao}" if bao else "", path=path))
    return found


def measure(builder):
    figures = runs(builder, PARTITIONS)
    bare = run(None, 2, bare=builder.guest("bench"))
    return [row for table in (CALLS, REGISTERS, DISTRIBUTOR, CONSOLE, INTERRUPTS) for row in rows_of(table, figures, bare)]
