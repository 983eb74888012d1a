# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Devices that write memory, if the image is right and the partition asks for something else; and what the certificate says of them."""
import json
import subprocess


# ---- another partition: what would hold if the image were right about it

def phandle(partition, node):
    return subprocess.run(["fdtget", "-tx", str(partition), node, "phandle"], capture_output=True, text=True, check=True).stdout.strip()


def test_other_streams(bench, cellcheck, change):
    partition, _ = bench.image("iommus")
    smmu0, smmu1 = phandle(partition, "/smmuv3@9050000"), phandle(partition, "/iommu@c0000000")
    said = change(cellcheck, ("-tx", "/dma@b000000", "iommus", smmu0, "41")).stderr
    assert "dma3 (stream 0x41 of smmu0) of cell 'control' is dma0 (stream 0x41 of smmu0) of cell 'linux' too" in said
    said = change(cellcheck, ("-tx", "/dma@b000000", "iommus", smmu0, "8000")).stderr
    assert "dma0 (stream 0x8000 of smmu0) of cell 'linux': the tables have StreamIDs of 15 bits only" in said
    said = change(cellcheck, ("-tx", "/dma@b000000", "iommus", smmu0, "40", smmu1, "9")).stderr
    assert "machine_streams has 160 bytes, not 192 as the partition needs" in said
    said = change(cellcheck, ("-d", "/smmuv3@9050000", "dma-coherent")).stderr
    assert "(smmu0): it is not dma-coherent, so the core cannot switch its streams" in said


def test_masters_without_iommu(cellcheck, change):
    said = change(cellcheck, ("-d", "/dma@b000000", "iommus")).stderr # still dma-coherent
    assert "cell 'linux' has /dma@b000000, which can master the bus, without an IOMMU" in said
    said = change(cellcheck, ("-ts", "/smmuv3@9050000", "compatible", "acme,iommu")).stderr
    assert "cell 'linux' has /dma@b001000, which can master the bus, without an IOMMU" in said
    said = change(cellcheck, ("-ts", "/domains/hypervisor/linux", "cloison,restart", "always")).stderr
    assert "cell 'linux' is loaded again, but nobody resets /dma@b000000, which can master the bus" in said


def test_other_functions(bench, cellcheck, change):
    partition, _ = bench.image("pci")
    nic, multi0, multi1, mute, edu, bare = (phandle(partition, f"/pcie@10000000/{node}") for node in (
        "ethernet@1,0", "multi@2,0", "multi@2,1", "mute@6,0", "edu@3,0", "bare@4,0"))

    def access(cell, *functions):
        return "-tx", f"/domains/hypervisor/{cell}", "access", *functions
    said = change(cellcheck, access("control", edu, nic), name="pci").stderr
    assert "function nic0 of cell 'control' is given to cell 'linux' too" in said
    said = change(cellcheck, access("linux", nic, multi0, mute), access("serves", bare, multi1), name="pci").stderr
    assert "function multi1 of cell 'serves' is of the same device as multi0 of cell 'linux': they can reach each other" in said
    assert "cell 'serves' has function multi1, but not function 0 of that device" in said
    said = change(cellcheck, access("linux", nic, multi1, mute), name="pci").stderr
    assert "cell 'linux' has function multi1, but not function 0 of that device" in said
    nic0 = "/pcie@10000000/ethernet@1,0"
    said = change(cellcheck, ("-d", nic0, "cloison,reset-write"), ("-ts", nic0, "cloison,no-reset", "broken"), name="pci").stderr
    assert "cell 'linux' is loaded again, but its function nic0 cannot be reset" in said
    said = change(cellcheck, ("-ts", nic0, "cloison,no-reset", "broken"), name="pci").stderr
    assert "function nic0 of cell 'linux' has no reset (cloison,no-reset), and one by a register (cloison,reset-write)" in said
    said = change(cellcheck, ("-tx", nic0, "cloison,reset-write", "2", "0", "1"), name="pci").stderr
    assert "the register that resets it is in none of its BARs" in said
    said = change(cellcheck, ("-d", "/pcie@10000000", "iommu-map"), name="pci").stderr
    assert f"cell 'linux' has {nic0}, which can master the bus, without an IOMMU" in said
    said = change(cellcheck, ("-tx", "/pcie@10000000", "iommu-map-mask", "f8"), name="pci").stderr
    assert "machine_streams has 192 bytes, not 160 as the partition needs" in said # multi1 has multi0's
    said = change(cellcheck, ("-tx", "/pcie@10000000", "iommu-map", "0", phandle(partition, "/smmuv3@9050000"), "100", "ffff"), name="pci").stderr
    assert "(nic0 (stream 0x108 of smmu0) of 'linux'): id is 0x8, not 0x108" in said


def test_trusted_dma(cellcheck, change, tmp_path):
    """The only way around an IOMMU: said with its reason, and for memory that devices find where the guest does."""
    result = change(cellcheck, ("-d", "/dma@b000000", "iommus"), ("-ts", "/domains/hypervisor/linux", "cloison,trusted-dma", "no SMMU here"))
    assert "without an IOMMU" not in result.stderr
    assert "cell 'linux' is trusted with DMA past an IOMMU, but its memory at guest address 0x40000000 is elsewhere" in result.stderr
    assert "DMA of dma0 past an IOMMU, so to all memory; the partition's word for cell 'linux': no SMMU here" in result.stdout
    assert "1 devices past them" in result.stdout


def test_words_about_dma(bench, cellcheck, tmp_path):
    """cloison,dma is above what a node looks like, and the certificate says when it contradicts."""
    partition, path = bench.image("dma-words")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    word = "  the word of its node (cloison,dma): {} of cell 'hello' cannot write memory by itself{}\n"
    assert word.format("/ring@b000000", ", against what the rest of its node says") in text and word.format("/spi@b002000", "") in text
    assert "  DMA of dma3 past an IOMMU, so to all memory; the partition's word for cell 'hello': its driver is <proved>" in text
    assert "  DMA of clock1 and thing4 and dma6 (stream 0x9 of smmu0), VMID 1: "\
           "memory of hello (0x50000000-0x507fffff, 0x60000000-0x60000fff, 8196 KiB), nothing else\n" in text
    assert json.loads((tmp_path / "c.json").read_text())["passive"] == [
        {"device": "/ring@b000000", "cell": "hello", "contradicted": True}, {"device": "/spi@b002000", "cell": "hello", "contradicted": False}]


def test_certificate(bench, cellcheck, tmp_path):
    partition, path = bench.image("iommus")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    assert "  DMA of dma0 (stream 0x40 of smmu0), VMID 1: "\
           "memory of linux (0x40000000-0x4fffffff, 0x100000000-0x100002fff, 262156 KiB), nothing else\n" in text
    assert "  DMA of dma3 and dma4 (stream 0x0 of smmu1), VMID 2: memory of control (0x40000000-0x40ffffff, 16384 KiB), nothing else\n" in text
    assert "  5 streams of cells behind 2 IOMMUs, aborting until the core switches them on; 0 devices past them\n" in text
    found = json.loads((tmp_path / "c.json").read_text())
    assert [(s["device"], s["others"], s["cell"], s["iommu"], s["id"], s["vmid"]) for s in found["streams"]] == [
        ("dma0", [], "linux", "smmu0", 0x40, 1), ("dma1", [], "linux", "smmu0", 0x7F, 1), ("dma2", [], "linux", "smmu1", 0x7FFF, 1),
        ("dma3", [], "control", "smmu0", 0x41, 2), ("dma3", ["dma4"], "control", "smmu1", 0, 2)]
    ram = {c["name"]: [(r["address"], r["physical"], r["size"]) for r in c["reaches"] if r["rights"] == "rwx"] for c in found["cells"]}
    for tree in found["dma"]:
        assert [(r["address"], r["physical"], r["size"]) for r in tree["reaches"]] == ram[tree["cell"]]
        assert {r["rights"] for r in tree["reaches"]} == {"rw-"}
    assert found["trusted_dma"] == []


def test_functions_are_certified(bench, cellcheck, tmp_path):
    partition, path = bench.image("pci")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    assert "  multi1: function 00:02.1 of /pcie@10000000, 1af4:1042, of cell 'linux'\n    reset: function level reset, without which boot ends\n"\
           "    BAR 0  0x0010000000       1024 KiB\n" in text
    assert "of cell 'control'\n    reset: not at all; the partition's word: QEMU's edu has no reset\n" in text
    assert "    reset: by its register at 0x0 of BAR 0 (0x0010100000), where 0x4000000 is written\n" in text
    assert "  0x0010100000          4 KiB  rw- device  BAR 0 of nic0 of cell 'linux': the register that resets nic0\n" in text
    assert "  DMA of nic0 (stream 0x8 of smmu0), VMID 1: memory of linux (0x40000000-0x4fffffff, 262144 KiB), nothing else\n" in text
    assert "       1300 KiB  rw- device  BARs 0, 1 and 3 of nic0, BAR 0 of multi0, BAR 0 of multi1\n" in text
    assert "          8 KiB  rw- device  the configuration space of multi0, the configuration space of multi1\n" in text
    rests = text.split("\nRESTS ON\n")[1]
    assert "\n  PCI peers: functions on one bus do not reach each other without passing the IOMMU" in rests
    assert "\n  PCI resets: a function" in rests
    found = {f["name"]: f for f in json.loads((tmp_path / "c.json").read_text())["functions"]}
    assert found["edu0"] == {"name": "edu0", "cell": "control", "address": "00:03.0", "vendor": 0x1234, "device": 0x11E8,
                             "configuration": "0x4010018000", "vectors": 0, "no_reset": "QEMU's edu has no reset",
                             "reset": "none", "reset_register": None,
                             "bars": [{"index": 0, "base": "0x10200000", "size": "0x100000"}]}
    assert found["nic0"]["reset_register"] == {"bar": 0, "offset": "0x0", "value": "0x4000000"} and found["nic0"]["reset"] == "register"
    assert found["multi1"]["reset"] == "function level" and found["multi1"]["reset_register"] is found["multi1"]["no_reset"] is None
    assert set(found) == {"nic0", "multi0", "multi1", "mute0", "edu0", "bare0"}


def test_messages_are_certified(bench, cellcheck, change, tmp_path):
    partition, path = bench.image("messages")
    text = cellcheck(partition, "--json", tmp_path / "c.json", path).stdout
    assert "  DMA of nic0 (stream 0x8 of smmu0), VMID 3: memory of control (0x40000000-0x407fffff, 8192 KiB), "\
           "the ITS's doorbell (-w-), nothing else\n" in text
    assert "  DMA of edu0 (stream 0x10 of smmu0), VMID 2: memory of control (0x40000000-0x407fffff, 8192 KiB), nothing else\n" in text
    assert "  MSIs of disk0, DeviceID 0x18: 1 events of cell 'control'\n" in text
    found = json.loads((tmp_path / "c.json").read_text())
    assert [(d["name"], d["id"], d["events"]) for d in found["its"]["devices"]] == [("nic0", 8, 5), ("disk0", 24, 1)]
    assert [(t["cell"], t["doorbell"]) for t in found["dma"]] == [("linux", False), ("control", False), ("control", True)]
    other = "/pcie@10000000/ethernet@4,0"
    said = change(cellcheck, ("-tx", other, "cloison,msi-vectors", "1"), name="messages").stderr
    assert "cell 'linux' has messages of other0, but is mediated" in said or "cell 'control' has messages of nic0, but is mediated" in said
    said = change(cellcheck, ("-d", "/pcie@10000000", "msi-map"), name="messages").stderr
    assert "messages of nic0 of cell 'control' lead to no ITS" in said and "there is no ITS whose doorbell it could reach" in said
    said = change(cellcheck, ("-tx", "/pcie@10000000", "msi-map-mask", "e7"), name="messages").stderr
    assert "nic0 and disk0 have one DeviceID" in said or "id is 0x18, not 0x0" in said
    said = change(cellcheck, ("-tx", "/pcie@10000000/disk@3,0", "cloison,msi-vectors", "201"), name="messages").stderr
    assert "a page has no room for 513 events" in said


def test_none(bench, cellcheck):
    """A partition without such devices says so."""
    assert "DEVICES THAT WRITE MEMORY\n\n  none is with a cell\n" in cellcheck(*bench.image("two-cells")).stdout
