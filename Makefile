# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The recipe. Linux habits: make NAME_defconfig, make, O=, V=1, CROSS_COMPILE=,
# LLVM=1; `make help` lists everything. What decides something is in tools/.
#
#   partition.dts --cellgen--> $(O)/gen --cc, ld, scatter--> $(O)/cloison.elf, cloison.bin --cellcheck--> certificate
#
# $(S) is this tree, $(O) the folder for everything that is made.

SILENT := $(findstring s,$(firstword -$(MAKEFLAGS)))
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

# Bytes, order and messages are the same for everybody.
export LC_ALL := C

S := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
O ?= build
override O := $(patsubst %/,%,$(O))
IN_TREE := $(patsubst ./%,%,$(S)/)
IN_TREE := $(filter-out ./,$(IN_TREE))

# Debian's, with Debian's modules.
PYTHON := /usr/bin/python3
export PYTHONDONTWRITEBYTECODE := 1

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(Q),@$(if $(SILENT),:,printf) '  %-8s%s\n' '$(1)' '$(patsubst $(O)/%,%,$(or $(2),$@))';)

# Targets that work without a configuration (or make one, or start another make).
NO_CONFIG := help clean mrproper lint unit setup cellctl instrument demo demo-io test test-all soak bench bench-check bench-accept rig interference menuconfig olddefconfig savedefconfig %_defconfig
GOALS := $(or $(MAKECMDGOALS),all)
.DEFAULT_GOAL := all

# `make a_defconfig all`: one after the other, even with -j.
ifneq ($(filter menuconfig olddefconfig savedefconfig %_defconfig clean mrproper,$(GOALS)),)
ifneq ($(word 2,$(GOALS)),)
ONE_BY_ONE := 1
endif
endif

ifdef ONE_BY_ONE

.PHONY: $(GOALS) one-by-one
$(GOALS): one-by-one
	@:
one-by-one:
	$(Q)set -e; for goal in $(GOALS); do $(MAKE) -f $(S)/Makefile O=$(O) $$goal; done

else

# ---------------------------------------------------------------- configuration

# Command line wins over $(O)/.config and is kept there.
GIVEN := $(strip $(foreach v,BOARD PARTITION OVERLAYS MEDIATED LIFECYCLE SCRUB_AT_BOOT IOMMU PCI ITS LINE EXIT_COUNTERS METRICS TRACE TRACE_AT_BOOT GDB LOG LOG_LEVEL CONSOLE_PAUSE_MS,$(if $(filter command,$(firstword $(origin $(v)))),'$(v)=$($(v))')))

menuconfig savedefconfig:
	$(Q)$(S)/tools/kconfig $(O) $@
olddefconfig:
	$(Q)$(S)/tools/kconfig $(O) sync $(GIVEN)
%_defconfig:
	$(Q)$(S)/tools/kconfig $(O) defconfig $(S)/configs/$@

.PHONY: FORCE
FORCE: ;

ifneq ($(filter-out $(NO_CONFIG),$(GOALS)),)

$(O)/.config: $(S)/Kconfig $(if $(GIVEN),FORCE)
	$(Q)$(S)/tools/kconfig $(O) sync $(GIVEN)
include $(O)/.config

text = $(patsubst "%",%,$(1))
ISA       := $(call text,$(CONFIG_ISA))
BOARD_NAME := $(call text,$(CONFIG_BOARD))
UART      := $(call text,$(CONFIG_PLATFORM_UART))
WATCHDOG  := $(call text,$(CONFIG_PLATFORM_WATCHDOG))
PARTITION_FILE := $(call text,$(CONFIG_PARTITION))
here = $(foreach f,$(1),$(if $(filter /%,$(f)),,$(IN_TREE))$(f))
PARTITION_FILE := $(if $(filter /%,$(PARTITION_FILE)),,$(IN_TREE))$(PARTITION_FILE)
OVERLAY_FILES := $(call here,$(subst ",,$(CONFIG_OVERLAYS)))

# ---------------------------------------------------------------- tools and flags

ISA_MK := $(S)/src/arch/$(or $(ISA),aarch64)/isa.mk
include $(ISA_MK)

CROSS_COMPILE ?= $(CROSS_DEFAULT)
ifeq ($(LLVM),1)
CC      := clang --target=$(CLANG_TARGET)
LD      := ld.lld
OBJCOPY := llvm-objcopy
HOSTCC  ?= clang
else
CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
OBJCOPY := $(CROSS_COMPILE)objcopy
HOSTCC  ?= gcc
endif

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wno-type-limits
# Nothing of where we are gets into an object: two folders, the same bytes.
HERE := $(realpath $(CURDIR))
PREFIX_MAP := -ffile-prefix-map=$(HERE)=. -ffile-prefix-map=$(O)/= $(if $(IN_TREE),-ffile-prefix-map=$(IN_TREE)=,)
# clang's -Oz is what gcc's -Os is. Outlining would put code of short exits out of their registers' sight.
SIZE := $(if $(filter 1,$(LLVM)),-Oz -mno-outline,-Os)
OPTIMIZE := $(if $(CONFIG_CC_OPTIMIZE_FOR_SIZE),$(SIZE),-O2)

TARGET_CFLAGS := -std=c11 -ffreestanding -nostdlib -fno-pic -fno-common -fno-stack-protector \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections $(OPTIMIZE) -g \
	$(ISA_CFLAGS) $(WARNINGS) $(PREFIX_MAP)
CPPFLAGS := -I$(S)/src -I$(S)/src/arch/$(ISA) -I$(O)/obj/include -I$(O)/gen
CFLAGS   := $(TARGET_CFLAGS) $(CPPFLAGS) $(KCFLAGS)
AFLAGS   := -D__ASSEMBLY__ $(CFLAGS)
LDFLAGS  := -m $(LD_EMULATION) $(ISA_LDFLAGS) -nostdlib -static -n --no-dynamic-linker --gc-sections --build-id=none \
	-z noexecstack --fatal-warnings

HOST_WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wvla
HOSTCFLAGS ?= -std=gnu11 -O2 -g

DEPFLAGS = -MMD -MP -MF $@.d -MT $@

# Rebuilt when a command changes, not only when a file does. Who remembers what a compiler made is no other compiler.
FLAGS := $(O)/.flags
define FLAGS_TEXT
$(filter-out ccache,$(CC)) $(AFLAGS) $(LD) $(LDFLAGS) $(OBJCOPY) $(HOSTCC) $(HOSTCFLAGS) $(CFLAGS_fast_call.o)
endef
$(FLAGS): FORCE
	@mkdir -p $(@D); echo '$(strip $(FLAGS_TEXT))' | cmp -s - $@ || echo '$(strip $(FLAGS_TEXT))' > $@

# ---------------------------------------------------------------- the image

SOURCES := $(sort $(wildcard $(addprefix $(S)/src/,core/*.c vdev/*.c platform/$(UART).c platform/$(WATCHDOG).c arch/$(ISA)/*.c arch/$(ISA)/*.S)))
LIFE := life life_cpu control command record_life audit watch crash crash_region crash_text health
FRAMED := line line_channel line_request manage manage_life
SOURCES := $(filter-out %/asm-offsets.c $(addprefix %/core/,$(if $(CONFIG_LINE),line_none.c,$(FRAMED:=.c)) $(if $(CONFIG_METRICS),metrics_none.c,metrics.c) $(if $(CONFIG_LOG),log_none.c,log.c)) \
	$(addprefix %/core/,$(if $(CONFIG_LIFECYCLE),life_none.c,$(LIFE:=.c))) \
	$(addprefix %/core/,$(if $(CONFIG_TRACE),trace_none.c,trace.c trace_read.c) $(if $(CONFIG_IOMMU),iommu_none.c,iommu.c iommu_events.c)) $(addprefix %/core/,$(if $(CONFIG_PCI),pci_none.c,pci.c pci_config.c pci_verify.c)) \
	$(addprefix %/core/,$(if $(CONFIG_GDB),debug_none.c,debug.c debug_answer.c)) $(ISA_WITHOUT),$(SOURCES))
object = $(patsubst %.c,%.o,$(patsubst %.S,%.S.o,$(patsubst $(S)/%,$(O)/obj/%,$(1))))
GEN := $(addprefix $(O)/gen/,machine.c counts.h tables.S images.S layout.ld images.ld frames.txt)
OBJECTS := $(call object,$(SOURCES)) $(addprefix $(O)/obj/gen/,machine.o tables.S.o images.S.o)

.PHONY: all guests
all: $(O)/cloison.elf $(O)/cloison.bin $(O)/.checked

# Everything includes what cellgen and Kconfig made; the .d files know precisely what.
$(OBJECTS): $(FLAGS) $(O)/.model $(ISA_MK) | $(GEN) $(O)/obj/include/config.h
$(filter %.S.o,$(OBJECTS)): $(O)/obj/include/asm-offsets.h
# .incbin is not in a .d file; images.S lists images that cellgen has seen already.
$(O)/obj/gen/tables.S.o $(O)/obj/gen/images.S.o: $(GEN)

define compile
$(call say,$(1))mkdir -p $(@D) && $(CC) $(2) $(CFLAGS_$(@F)) $(DEPFLAGS) -c -o $@ $<
endef
MODEL = $(shell cat $(O)/.model)
$(O)/obj/%.o: $(S)/%.c
	$(call compile,CC,$(CFLAGS) $(MODEL))
$(O)/obj/%.S.o: $(S)/%.S
	$(call compile,AS,$(AFLAGS))
$(O)/obj/gen/%.o: $(O)/gen/%.c
	$(call compile,CC,$(CFLAGS) $(MODEL))
# How far code is from its data, by where cellgen has put them. Changed only when that has: then all is compiled again.
$(O)/.model: $(GEN) $(ISA_MK)
	@set -- $$(sed -n 's/^hyp_base = \(0x[0-9a-f]*\);.*/\1/p; s/^\tpercpu : ORIGIN = \(0x[0-9a-f]*\),.*/\1/p' $(O)/gen/layout.ld); \
	model='$(ISA_FAR)'; [ $$(($$1 - $$2)) -gt 1048576 ] || model='$(ISA_NEAR)'; \
	echo "$$model" | cmp -s - $@ || echo "$$model" > $@
# Data: nothing to debug, and clang would write down where it is.
$(O)/obj/gen/%.S.o: $(O)/gen/%.S
	$(call compile,AS,$(AFLAGS) -g0)

$(O)/obj/include/config.h: $(O)/.config
	$(call say,CONF)mkdir -p $(@D) && $(S)/tools/kconfig $(O) header $@

# Structure offsets for assembly: "->NAME value" lines in compiled C.
$(O)/obj/include/asm-offsets.s: $(S)/src/arch/$(ISA)/asm-offsets.c $(FLAGS) | $(GEN) $(O)/obj/include/config.h
	@mkdir -p $(@D) && $(CC) $(CFLAGS) $(DEPFLAGS) -S -o $@ $<
$(O)/obj/include/asm-offsets.h: $(O)/obj/include/asm-offsets.s
	$(call say,GEN)sed -n 's|^[[:space:]]*\.ascii[[:space:]]*"->\([A-Za-z0-9_]*\) [#$$]*\([-0-9]*\).*|#define \1 \2|p' $< > $@

LDS := $(S)/src/arch/$(ISA)/cloison.lds
$(O)/obj/linked.elf: $(OBJECTS) $(LDS) $(GEN) $(FLAGS)
	$(call say,LD)$(LD) $(LDFLAGS) -L $(O)/gen -T $(LDS) -Map $(O)/cloison.map -o $@ $(OBJECTS)
# Every page to its physical address.
$(O)/cloison.elf $(O)/cloison.bin &: $(O)/obj/linked.elf $(S)/tools/scatter
	$(call say,SCATTER,$(O)/cloison.elf)$(PYTHON) $(S)/tools/scatter $< $(O)/gen/frames.txt $(O)/cloison.elf $(O)/cloison.bin

# ---------------------------------------------------------------- guests of our own

GUEST_DIR  := $(S)/tests/guests
GUEST_LIB  := $(sort $(wildcard $(GUEST_DIR)/lib/*.c $(GUEST_DIR)/lib/*.S))
GUESTS     := $(filter-out lib,$(sort $(notdir $(patsubst %/,%,$(dir $(wildcard $(GUEST_DIR)/*/*.c))))))
GUEST_BINS := $(GUESTS:%=$(O)/guests/%.bin)
guests: $(GUEST_BINS)

# One flat segment, as an Image is.
GUEST_LDFLAGS := $(if $(filter 1,$(LLVM)),,--no-warn-rwx-segments)
GUEST_CFLAGS = $(subst $(ISA_CFLAGS),$(GUEST_ISA_CFLAGS),$(TARGET_CFLAGS)) -I$(GUEST_DIR)/lib $(KCFLAGS)
$(O)/obj/tests/guests/%.o: $(S)/tests/guests/%.c $(FLAGS)
	$(call compile,CC,$(GUEST_CFLAGS))
$(O)/obj/tests/guests/%.S.o: $(S)/tests/guests/%.S $(FLAGS)
	$(call compile,AS,-D__ASSEMBLY__ $(GUEST_CFLAGS))

# guest NAME: its own files, the common ones, guest.lds
define guest
OBJECTS_$(1) := $$(call object,$$(sort $$(wildcard $(GUEST_DIR)/$(1)/*.c $(GUEST_DIR)/$(1)/*.S)) $(GUEST_LIB))
GUEST_OBJECTS += $$(OBJECTS_$(1))
$(O)/guests/$(1).elf: $$(OBJECTS_$(1)) $(GUEST_DIR)/lib/guest.lds $(FLAGS)
	$$(call say,LD)mkdir -p $$(@D) && $(LD) $(LDFLAGS) $(GUEST_LDFLAGS) -T $(GUEST_DIR)/lib/guest.lds -o $$@ $$(OBJECTS_$(1))
endef
$(foreach g,$(GUESTS),$(eval $(call guest,$(g))))
$(O)/guests/%.bin: $(O)/guests/%.elf
	$(call say,OBJCOPY)$(OBJCOPY) -O binary $< $@

# ---------------------------------------------------------------- the partition

CELLGEN := $(O)/tools/cellgen
CELLGEN_OBJECTS := $(patsubst $(S)/%.c,$(O)/obj/host/%.o,$(sort $(wildcard $(S)/tools/cellgen/*.c)))
$(O)/obj/host/%.o: $(S)/%.c $(FLAGS)
	$(call say,HOSTCC)mkdir -p $(@D) && $(HOSTCC) $(HOSTCFLAGS) $(HOST_WARNINGS) -I$(S)/src -I$(S)/tools/cellgen \
		-I$(S)/src/arch/$(ISA) $(DEPFLAGS) -c -o $@ $<
$(CELLGEN): $(CELLGEN_OBJECTS)
	$(call say,HOSTLD)mkdir -p $(@D) && $(HOSTCC) $(HOSTCFLAGS) -o $@ $^ -lfdt -lnettle -lz

# FORMAT=json, FORMAT=sarif: findings as $(O)/findings.FORMAT besides. Asking is a reason to look again.
ASKED_FORMAT := $(if $(filter command,$(firstword $(origin FORMAT))),$(FORMAT))
ifneq ($(filter-out human json sarif,$(ASKED_FORMAT)),)
$(error there is no FORMAT=$(ASKED_FORMAT); it can be human, json or sarif)
endif
# A file of gen that has gone is one, too.
ifneq ($(ASKED_FORMAT)$(filter-out $(wildcard $(GEN)),$(GEN)),)
$(O)/.generated: FORCE
endif

# The first time all our guests are made before, because the partition may name
# any; later partition.d says which files it really came from.
PARTITION_DEPS :=
-include $(O)/partition.d
#
# A stamp as old as what it stands for, not the files themselves: of those make would delete some when cellgen refuses.
$(GEN): $(O)/.generated ;
$(O)/.generated: $(PARTITION_FILE) $(OVERLAY_FILES) $(PARTITION_DEPS) $(CELLGEN) $(S)/tools/partition $(S)/tools/cellgen/cellgen-dts \
		$(O)/.config | $(GUEST_BINS)
	$(call say,CELLGEN,$(PARTITION_FILE) $(OVERLAY_FILES))FORMAT=$(ASKED_FORMAT) WITHOUT='$(if $(CONFIG_MEDIATED),,mediated) $(if $(CONFIG_LIFECYCLE),,lifecycle) $(if $(CONFIG_IOMMU),,iommu) $(if $(CONFIG_PCI),,pci) $(if $(CONFIG_ITS),,its) $(if $(CONFIG_GDB),,gdb)' \
		$(S)/tools/partition $(O) $(PARTITION_FILE) $(BOARD_NAME) $(OVERLAY_FILES) && touch -r $(O)/gen/machine.c $@
# A file that has gone is for cellgen to report.
$(filter-out $(GUEST_BINS) $(GUEST_BINS:.bin=.elf) $(PARTITION_FILE) $(OVERLAY_FILES),$(PARTITION_DEPS)): ;

# ---------------------------------------------------------------- the certificate

# The finished image, by a program that shares nothing with cellgen and src/. What it refuses is no image: `all` fails.
# Its own rule has no -I: there is nothing it may include.
CELLCHECK := $(O)/tools/cellcheck
CELLCHECK_OBJECTS := $(patsubst $(S)/%.c,$(O)/obj/host/%.o,$(sort $(wildcard $(S)/tools/cellcheck/*.c)))
$(O)/obj/host/tools/cellcheck/%.o: $(S)/tools/cellcheck/%.c $(FLAGS)
	$(call say,HOSTCC)mkdir -p $(@D) && $(HOSTCC) $(HOSTCFLAGS) $(HOST_WARNINGS) $(DEPFLAGS) -c -o $@ $<
$(CELLCHECK): $(CELLCHECK_OBJECTS)
	$(call say,HOSTLD)mkdir -p $(@D) && $(HOSTCC) $(HOSTCFLAGS) -o $@ $^ -lfdt -lelf -lnettle

$(O)/board.dtb: $(S)/src/platform/$(BOARD_NAME).dts
	$(call say,DTC)mkdir -p $(@D) && cpp -undef -nostdinc -x assembler-with-cpp $(DEPFLAGS) $< | dtc -q -@ -I dts -O dtb -o $@ -

# A stamp, so that a refused image leaves both files to be read. What is in it tells tools/run-qemu what the image is of, and that it is one: the last of the build.
$(O)/.checked: $(O)/cloison.elf $(O)/board.dtb $(CELLCHECK) $(GEN) $(O)/$(if $(filter n,$(BOUND)),.limited,.bounded)
	$(call say,CELLCHECK ,$(O)/certificate.txt)rm -f $@ && $(CELLCHECK) --board $(O)/board.dtb --partition $(O)/partition.dtb \
		--text $(O)/certificate.txt --json $(O)/certificate.json $< && cat $(O)/.config $< | sha256sum > $@

# ---------------------------------------------------------------- the longest ways

# From the finished code (docs/bound.md). Where the partition has a limit, an image that exceeds it is none, too. BOUND=n: only there.
BOUND_DEPS := $(O)/cloison.elf $(O)/gen/counts.h $(wildcard $(S)/tools/bound/*)
bounds = { CROSS_COMPILE='$(CROSS_COMPILE)' PYTHONPYCACHEPREFIX=$(O)/obj/python PYTHONDONTWRITEBYTECODE= $(S)/tools/bound/bound --line --text $(O)/bound.txt --json $(O)/bound.json --limit $(O)/gen/counts.h $(O)/cloison.elf || { rm -f $(O)/.checked; false; }; }
$(O)/.bounded: $(BOUND_DEPS)
	$(call say,BOUND,$(O)/bound.txt)rm -f $@ && $(bounds) && touch $@
$(O)/.limited: $(BOUND_DEPS)
	$(Q)rm -f $@ && if grep -q MAX_TRAP_INSTRUCTIONS $(O)/gen/counts.h; then $(bounds); fi && touch $@

.PHONY: bound
bound: $(O)/.bounded
	$(Q)cat $(O)/bound.txt

# ---------------------------------------------------------------- run, look

.PHONY: run debug check-image reproduce diff-partition compile_commands.json
run debug: all
	$(Q)$(S)/tools/run-qemu $(if $(filter debug,$@),--debug) $(if $(filter 1,$(SOCKET)),--socket) $(O)

check-image: all
	$(Q)$(S)/tools/lint/image $(O)/cloison.elf

# What decides how it is compiled has to be the same in the second build.
reproduce: all
	$(Q)$(S)/tools/reproduce $(O) $(foreach v,LLVM CROSS_COMPILE KCFLAGS HOSTCC,$(if $($(v)),'$(v)=$($(v))'))

# make diff-partition A=one.dts B=another.dts (or report.json of two builds; or B="one.dts overlay.dts")
ifneq ($(filter diff-partition,$(GOALS)),)
ifeq ($(and $(A),$(B)),)
$(error which two? make diff-partition A=one.dts B=another.dts)
endif
endif
diff-partition: $(CELLGEN) | $(GUEST_BINS)
	$(Q)$(S)/tools/diff-partition --out $(O)/diff --cellgen $(CELLGEN) -I $(O)/guests -I $(IN_TREE)guests $(if $(A),'$(A)') $(if $(B),'$(B)')

# One record per source, as clangd wants them; it finds build/compile_commands.json by itself.
quote = "$(1)"
comma := ,
record = {"directory": $(call quote,$(HERE))$(comma) "file": $(call quote,$(1))$(comma) "command": $(call quote,$(2) -c $(1))}
define newline


endef
RECORDS = $(foreach s,$(SOURCES),$(call record,$(s),$(CC) $(CFLAGS) $(CFLAGS_$(notdir $(call object,$(s)))))) \
	$(foreach s,$(wildcard $(GUEST_DIR)/*/*.c),$(call record,$(s),$(CC) $(GUEST_CFLAGS))) \
	$(foreach s,$(wildcard $(S)/tools/cellgen/*.c),$(call record,$(s),$(HOSTCC) $(HOSTCFLAGS) -I$(S)/src -I$(S)/tools/cellgen -I$(S)/src/arch/$(ISA))) \
	$(foreach s,$(wildcard $(S)/tools/cellcheck/*.c),$(call record,$(s),$(HOSTCC) $(HOSTCFLAGS)))
compile_commands.json: $(O)/obj/include/config.h
	$(call say,GEN,$(O)/$@)echo '[$(subst } {,}$(comma) {,$(strip $(RECORDS)))]' > $(O)/$@

# A partition for another board is refused before tools and guests are compiled for nothing.
ifneq ($(filter all run debug check-image reproduce,$(GOALS)),)
$(CELLGEN_OBJECTS) $(CELLCHECK_OBJECTS) $(GUEST_OBJECTS): | $(O)/.board
$(O)/.board: $(PARTITION_FILE) $(O)/.config
	$(Q)$(S)/tools/partition --board $(O) $(PARTITION_FILE) $(BOARD_NAME) && touch $@
endif

-include $(addsuffix .d,$(OBJECTS) $(sort $(GUEST_OBJECTS)) $(CELLGEN_OBJECTS) $(CELLCHECK_OBJECTS) $(O)/obj/include/asm-offsets.s $(O)/board.dtb)

endif

# ---------------------------------------------------------------- whole procedures

SUB := $(MAKE) -f $(S)/Makefile
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: setup cellctl instrument demo demo-io test test-all soak bench bench-check bench-accept rig interference lint unit
setup:
	$(Q)$(S)/tools/setup

# The host's hand on a running board: O/tools/cellctl. Of no configuration.
cellctl:
	$(Q)$(S)/tools/setup build
	$(Q)$(MAKE) -f $(S)/tools/cellctl/Makefile O=$(O)

# Plugins for QEMU that count: O/instrument/*.so (docs/instrument.md). Of no configuration, too.
instrument:
	$(Q)$(S)/tools/setup build
	$(Q)$(MAKE) -f $(S)/tools/instrument/Makefile O=$(O)

# In a folder of its own: whatever is configured in $(O) stays.
demo:
	$(Q)$(S)/tools/setup build demo
	$(Q)$(S)/tools/fetch-guests
	$(Q)$(SUB) O=$(O)/demo qemu-virt-aarch64-demo_defconfig
	$(Q)$(SUB) $(PARALLEL) O=$(O)/demo all
	$(Q)$(S)/tools/demo $(O)/demo

demo-io:
	$(Q)$(S)/tools/setup build demo
	$(Q)$(S)/tools/fetch-guests io
	$(Q)$(SUB) O=$(O)/demo-io qemu-virt-aarch64-io_defconfig
	$(Q)$(SUB) $(PARALLEL) O=$(O)/demo-io all
	$(Q)$(S)/tools/demo-io $(O)/demo-io

test test-all:
	$(Q)$(S)/tools/setup
	$(Q)$(S)/tools/fetch-guests io cyclictest
	$(Q)$(S)/tools/test $(O) $(if $(filter test-all,$@),--all)

# Cells started, stopped and ended at random: SEED=number to do the same again, N=steps.
soak:
	$(Q)$(S)/tools/setup
	$(Q)$(S)/tools/fetch-guests
	$(Q)$(S)/tools/soak $(O)/soak --seed '$(SEED)' --count '$(N)'

# ROWS="exits boot": only some groups. WHY: what a commit says that changes figures.
bench bench-check bench-accept:
	$(Q)$(S)/tools/setup
	$(Q)$(S)/tools/fetch-guests
	$(Q)$(PYTHON) $(S)/tests/bench/bench.py --out $(O)/bench $(if $(filter bench-check,$@),--check) $(if $(filter bench-accept,$@),--accept '$(subst ','\'',$(WHY))') $(ROWS)

# Whose lines of the shared cache are evicted by whom, with colours and without (docs/instrument.md).
interference:
	$(Q)$(S)/tools/setup
	$(Q)$(if $(filter 1,$(LINUX)),$(S)/tools/fetch-guests)
	$(Q)$(S)/tools/rig/interference --out $(O)/rig $(if $(filter 1,$(LINUX)),--linux)

# How late interrupts are (docs/rig.md): on QEMU, in every scenario, or on the board at the other end of PORT. It fetches the Linux of those that have one.
rig:
	$(Q)$(if $(filter list,$(SCENARIO)),:,$(S)/tools/setup)
	$(Q)$(if $(PORT),$(S)/tools/rig/board $(O) --port '$(PORT)' $(if $(BEGIN),--begin '$(BEGIN)'),$(S)/tools/rig/rig $(O)/rig --scenario '$(SCENARIO)' \
		$(if $(COUNT),--count='$(COUNT)') $(if $(PERIOD),--period='$(PERIOD)') $(if $(WAIT),--wait '$(WAIT)')) $(if $(LIMITS),--limits '$(LIMITS)')

unit:
	$(Q)$(S)/tests/unit/run $(O)/unit

lint:
	$(Q)$(S)/tools/lint/includes

# ---------------------------------------------------------------- help, clean

help:
	$(Q)$(S)/tools/help

# clean keeps the configuration, mrproper keeps nothing that is made (guests/ is fetched, not made).
clean:
	$(Q)rm -rf $(addprefix $(O)/,obj gen gen.tmp guests tools instrument demo demo-io test soak unit bench rig diff reproduce) $(O)/partition.* $(O)/.flags $(O)/.model $(O)/.generated $(O)/.board $(O)/.checked $(O)/.bounded $(O)/.limited $(O)/bound.* $(O)/board.dtb* $(O)/certificate.* \
		$(O)/cloison.elf $(O)/cloison.bin $(O)/cloison.map $(O)/compile_commands.json $(O)/findings.*
mrproper: clean
	$(Q)rm -rf $(O)/.config $(O)/defconfig
	$(Q)rmdir $(O) 2>/dev/null || true
.PHONY: help clean mrproper menuconfig olddefconfig savedefconfig

endif
