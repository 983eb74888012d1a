/* SPDX-License-Identifier: Apache-2.0 OR MIT */
/*
 * Translation table descriptors and isolation register values: the arithmetic
 * that cellgen (which writes the tables) and the port (which loads them) share.
 * No code of the image computes a descriptor; this header is constants.
 *
 * Arm ARM (DDI 0487) D8: VMSAv8-64, 4 KiB granule, both stages start at level 1
 * with one root page of 512 entries, so 39-bit input addresses:
 *
 *     38      30 29      21 20      12 11         0
 *    +----------+----------+----------+------------+
 *    | level 1  | level 2  | level 3  |   offset   |
 *    +----------+----------+----------+------------+
 *      1 GiB      2 MiB      4 KiB
 */
#ifndef CLOISON_ARCH_AARCH64_PTE_H
#define CLOISON_ARCH_AARCH64_PTE_H

#include "core/types.h"

#define PTE_PAGE_SIZE 4096ULL
#define PTE_ENTRIES 512
#define PTE_INPUT_BITS 39
#define PTE_SHIFT(level) (39 - 9 * (level)) /* level 1..3 -> 30, 21, 12 */
#define PTE_INDEX(address, level) (((address) >> PTE_SHIFT(level)) & (PTE_ENTRIES - 1))

/* D8.3: descriptor types */
#define PTE_TABLE 0x3ULL /* levels 1, 2: next table */
#define PTE_BLOCK 0x1ULL /* levels 1, 2 */
#define PTE_PAGE 0x3ULL  /* level 3 */

#define PTE_AF BIT(10)        /* preset: hardware never writes a table */
#define PTE_SH_INNER (3ULL << 8)
#define PTE_SH_OUTER (2ULL << 8) /* what memory past the caches is, whatever is said (D8.6) */
#define PTE_XN BIT(54)

/* EL2 stage 1 (one VA range, E2H = 0): AttrIndx[4:2] of MAIR_EL2_VALUE; AP[1] is RES1 */
#define EL2_AP_RES1 BIT(6)
#define EL2_READ_ONLY BIT(7)
#define EL2_DEVICE (0ULL << 2)
#define EL2_NORMAL (1ULL << 2)
#define EL2_NO_CACHE (2ULL << 2)
#define EL2_TEXT (PTE_AF | PTE_SH_INNER | EL2_AP_RES1 | EL2_NORMAL | EL2_READ_ONLY)
#define EL2_RODATA (EL2_TEXT | PTE_XN)
#define EL2_DATA (PTE_AF | PTE_SH_INNER | EL2_AP_RES1 | EL2_NORMAL | PTE_XN)
#define EL2_UNCACHED (PTE_AF | PTE_SH_OUTER | EL2_AP_RES1 | EL2_NO_CACHE | PTE_XN)
#define EL2_MMIO (PTE_AF | EL2_AP_RES1 | EL2_DEVICE | PTE_XN)

/* Stage 2: MemAttr[5:2], S2AP[7:6] (HCR_EL2.FWB = 0) */
#define S2_NORMAL_WB (0xfULL << 2)
#define S2_DEVICE_NGNRE (0x1ULL << 2)
#define S2_READ (1ULL << 6)
#define S2_WRITE (2ULL << 6)
#define S2_RAM (PTE_AF | PTE_SH_INNER | S2_NORMAL_WB | S2_READ | S2_WRITE)            /* RWX */
#define S2_COPIER (PTE_AF | PTE_SH_INNER | S2_NORMAL_WB | S2_READ)                    /* R-X */
#define S2_IMAGE (S2_COPIER | PTE_XN)                                                 /* R-- */
#define S2_SHARED (S2_RAM | PTE_XN)                                                   /* RW, named by memory-region */
#define S2_SHARED_READ (S2_COPIER | PTE_XN)                                           /* R-- */
#define S2_DEVICE (PTE_AF | S2_DEVICE_NGNRE | S2_READ | S2_WRITE | PTE_XN)

/* Where the load root shows what the copier needs: unused by any guest map (checked). */
#define LOAD_WINDOW 0x7fc0000000ULL       /* copier page, then the load list page */
#define LOAD_LIST_OFFSET 0x1000ULL
#define LOAD_IMAGES_OFFSET 0x200000ULL    /* images, each congruent to its physical address modulo 2 MiB */

/* Load roots have a VMID of their own, so that no entry of one outlives it under the cell's. */
#define LOAD_VMID 255
#define CELL_VMID(cell) ((cell) + 1u)
#define VTTBR(root, vmid) ((u64)(vmid) << 48 | (root))
#define VTTBR_ROOT 0xffffffffffffULL

/* D23.2 system registers. PS encodings: 32 36 40 42 44 48 bits -> 0..5 */
#define SCTLR_EL2_RES1 0x30c50830ULL
#define SCTLR_EL2_VALUE (SCTLR_EL2_RES1 | BIT(0) /* M */ | BIT(1) /* A */ | BIT(2) /* C */ | BIT(3) /* SA */ | BIT(12) /* I */ | BIT(19) /* WXN */)
#define TCR_EL2_VALUE(ps) (BIT(31) | BIT(23) | (u64)(ps) << 16 | 3ULL << 12 /* SH0 */ | 1ULL << 10 | 1ULL << 8 /* WB */ | 25 /* T0SZ */)
#define MAIR_EL2_VALUE 0x44ff00ULL /* 0: Device-nGnRnE, 1: Normal WB RW-allocate, 2: Normal non-cacheable */
#define VTCR_EL2_VALUE(ps) (BIT(31) | (u64)(ps) << 16 | 3ULL << 12 /* SH0 */ | 1ULL << 10 | 1ULL << 8 /* WB */ | 1ULL << 6 /* SL0: level 1 */ | 25 /* T0SZ */)

#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_PTW BIT(2)   /* a walk through device memory faults */
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)   /* SError to EL2; IMO = FMO = 0: interrupts are the guest's (direct mode) */
#define HCR_DC BIT(12)
#define HCR_TWI BIT(13)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)  /* cache maintenance by set and way, which knows no colours */
#define HCR_RW BIT(31)
#define HCR_TLOR BIT(35)
#define HCR_TERR BIT(36)
#define HCR_APK BIT(40)
#define HCR_API BIT(41)
#define HCR_DIRECT (HCR_VM | HCR_SWIO | HCR_PTW | HCR_AMO | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_RW | HCR_TLOR | HCR_TERR | HCR_APK | HCR_API)
#define HCR_MEDIATED (HCR_DIRECT | HCR_FMO | HCR_IMO)
/* hcr_run  = HCR_DIRECT, | HCR_TWI unless cloison,wfi = "native"
 *            or HCR_MEDIATED: WFI is the guest's, as a physical interrupt ends it whatever the guest masks
 * both     | HCR_TSW in a partition with cache colours
 * hcr_load = the same without HCR_TWI | HCR_DC: the copier runs with its MMU off but cacheable
 * a CPU without a vCPU: HCR_CORE */
#define HCR_CORE (HCR_RW | HCR_AMO | HCR_IMO | HCR_FMO)

#define MDCR_TDE BIT(8)
#define MDCR_EL2_VALUE (BIT(5) /* TPMCR */ | BIT(6) /* TPM */ | BIT(14) /* TPMS */ | BIT(19) /* TTRF */)
/* mdcr_el2 = MDCR_EL2_VALUE, | MDCR_TDE where cloison,debug = "stop" */

#define CPTR_EL2_VALUE (0x32ffULL /* RES1 */ | BIT(8) /* TZ */ | BIT(12) /* TSM */ | BIT(20) /* TTA */ | BIT(30) /* TAM */)
#define CNTHCTL_EL2_VALUE 3ULL /* EL1PCTEN, EL1PCEN: physical counter and timer are the guest's */
#define ICH_HCR_DIRECT (BIT(10) /* TC */ | BIT(11) /* TALL0 */)
#define ICH_HCR_MEDIATED (BIT(0) /* En */ | BIT(11) /* TALL0 */)

/* Virtual affinity of vCPU n: 16 to a cluster, as SGI target lists have 16 bits */
#define VCPU_AFFINITY(n) (((u64)(n) & 15) | ((u64)(n) >> 4) << 8)
#define VMPIDR_VALUE(n) (BIT(31) | VCPU_AFFINITY(n))

/*
 * SMMUv3 (IHI 0070). A stream table of two levels, each table one page: level 1 has 512 descriptors of 8 bytes, a leaf 64
 * entries (STE) of 64 bytes. Register values as the core writes them; words of an STE as the SMMU reads them.
 */
#define SMMU_SPLIT 6
#define SMMU_SID_BITS 15         /* StreamIDs that one page of level 1 reaches */
#define SMMU_LEAF_STREAMS (1u << SMMU_SPLIT)
#define SMMU_STE_SIZE 64u
#define SMMU_L1_DESCRIPTOR(leaf) ((leaf) | (SMMU_SPLIT + 1)) /* L2Ptr, Span: 2^(Span - 1) entries */
#define SMMU_RA BIT(62)          /* read allocate, write allocate: hints of SMMU_*_BASE */
#define SMMU_STRTAB_BASE_VALUE(level1) ((level1) | SMMU_RA)
#define SMMU_STRTAB_CFG_VALUE(sid_bits) (1ULL << 16 /* two levels */ | SMMU_SPLIT << 6 | (sid_bits))
#define SMMU_COMMANDS_LOG2 8
#define SMMU_EVENTS_LOG2 7
#define SMMU_CMDQ_BASE_VALUE(page) ((page) | SMMU_RA | SMMU_COMMANDS_LOG2)
#define SMMU_EVENTQ_BASE_VALUE(page) ((page) | SMMU_RA | SMMU_EVENTS_LOG2)

/* STE (5.2). Word 0 has two values: STE_REVOKED, STE_IN_FORCE (arch_machine.h). Words 4 to 7 are zero. */
#define STE_WORD1 (1ULL << 44 | BIT(19)) /* SHCFG: use what comes in; MEV: like events may be one; EATS = 0: no ATS */
#define STE_WORD2(vmid, ps) ((u64)(vmid) | 25ULL << 32 /* S2T0SZ */ | 1ULL << 38 /* S2SL0: level 1 */ | 1ULL << 40 | 1ULL << 42 /* WB */ | \
	3ULL << 44 /* S2SH0 */ | (u64)(ps) << 48 | BIT(51) /* S2AA64 */ | BIT(53) /* S2AFFD */ | BIT(54) /* S2PTW */ | BIT(58) /* S2R: record */)
#define STE_WORD3(root) (root)

/* Stage 2 of devices */
#define S2_DMA (PTE_AF | PTE_SH_INNER | S2_NORMAL_WB | S2_READ | S2_WRITE | PTE_XN)
#define S2_DOORBELL (PTE_AF | S2_DEVICE_NGNRE | S2_WRITE | PTE_XN)

#endif
