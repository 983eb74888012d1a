# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Findings as documents (--format), and the catalogue that docs/findings.md is made of."""
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from cellgen_desk import BAD, HERE, ROOT, SOURCES

LINE = re.compile(r"(\S+?):(\d+):(\d+): error\[([a-z-]+)\]: (.*)")
NEEDED = re.compile(r"needs 0x[0-9a-f]+ bytes for this partition")  # grows with the core


def lines_of(text):
    """(file, line, column, id, message) of each human line"""
    found = [LINE.fullmatch(line) for line in text.splitlines()]
    return [(m[1], int(m[2]), int(m[3]), m[4], m[5]) for m in found]


def document(desk, name, form, kind="bad"):
    """What cellgen-dts writes to standard output."""
    result = desk.run(f"{kind}/{name}.dts", f"out/{name}-{form}", more=[f"--format={form}"])
    assert "error[" not in result.stderr and result.returncode == (1 if kind == "bad" else 0)
    return json.loads(result.stdout)


def without_numbers(message):
    return NEEDED.sub("needs N bytes for this partition", message)


def from_json(report):
    assert report["tool"] == "cellgen" and report["count"] == len(report["findings"])
    for f in report["findings"]:
        assert f["level"] == "error" and list(f) == ["id", "level", "file", "line", "column", "message", "related"]
    return [(f["file"], f["line"], f["column"], f["id"], without_numbers(f["message"])) for f in report["findings"]]


def place(location):
    """The required fields of a physicalLocation, checked on the way."""
    physical = location["physicalLocation"]
    uri, region = physical["artifactLocation"]["uri"], physical["region"]
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri) and region["startLine"] >= 1 and region["startColumn"] >= 1
    return uri, region["startLine"], region["startColumn"]


def from_sarif(log):
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json") and len(log["runs"]) == 1
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    assert driver["name"] == "cellgen"
    for rule in driver["rules"]:
        assert rule["id"] and rule["shortDescription"]["text"] and rule["help"]["text"]
    found = []
    for result in run["results"]:
        assert result["level"] == "error" and driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert len(result["locations"]) == 1
        related = result.get("relatedLocations", [])
        assert [r["id"] for r in related] == list(range(1, len(related) + 1))
        for r in related:
            file, line, _ = place(r)
            assert r["message"]["text"] == f"{file}:{line}" and f"{file}:{line}" in result["message"]["text"]
        found.append((*place(result["locations"][0]), result["ruleId"], without_numbers(result["message"]["text"])))
    return found


def check_document(result, form, human):
    """It says what the lines for people say."""
    assert human == sorted(human, key=lambda f: (f[0].encode(), *f[1:4]))
    report = json.loads(result.stdout)
    assert (from_json if form == "json" else from_sarif)(report) == human
    if form == "json":
        for f in report["findings"]: # diag_at marks every place that a message names
            said = set(re.findall(r"((?:bad|src/platform)/[\w-]+\.dtso?:\d+)", f["message"]))
            assert said == {f"{r['file']}:{r['line']}" for r in f["related"]}


@pytest.mark.parametrize("name", ["single-cpu", "mediated-devices"])
def test_nothing_to_say_is_a_document_too(desk, name):
    assert from_json(document(desk, name, "json", "good")) == []
    assert from_sarif(document(desk, name, "sarif", "good")) == []


def test_other_places_are_named(desk):
    text = "cpu2 is given to 'control' here and to 'linux' at bad/cpu-owned-twice.dts:17; take it from one of them"
    assert document(desk, "cpu-owned-twice", "json")["findings"] == [{
        "id": "cpu-owned-twice", "level": "error", "file": "bad/cpu-owned-twice.dts", "line": 24, "column": 5, "message": text,
        "related": [{"file": "bad/cpu-owned-twice.dts", "line": 17, "column": 5}]}]
    result, = document(desk, "cpu-owned-twice", "sarif")["runs"][0]["results"]
    del result["ruleIndex"]

    def at(line, column):
        return {"artifactLocation": {"uri": "bad/cpu-owned-twice.dts"}, "region": {"startLine": line, "startColumn": column}}
    assert result == {"ruleId": "cpu-owned-twice", "level": "error", "message": {"text": text},
                      "locations": [{"physicalLocation": at(24, 5)}],
                      "relatedLocations": [{"id": 1, "message": {"text": "bad/cpu-owned-twice.dts:17"}, "physicalLocation": at(17, 5)}]}


def test_file_names_become_uris(desk):
    folder = desk.folder / "a blank, and ü"
    folder.mkdir(exist_ok=True)
    (folder / "x#y.dts").write_text((HERE / "bad" / "no-cells.dts").read_text())
    result = desk.run("a blank, and ü/x#y.dts", "out/uri", more=["--format", "sarif"])
    assert result.returncode == 1 and "error[" not in result.stderr
    found, = from_sarif(json.loads(result.stdout))
    assert found[0] == "a%20blank%2C%20and%20%C3%BC/x%23y.dts" and found[3] == "no-cells"
    result = desk.run(str(folder / "x#y.dts"), "out/uri", more=["--format=sarif"])
    assert re.search(r'"uri": "file:///[^"]*/a%20blank%2C%20and%20%C3%BC/x%23y\.dts"', result.stdout)


def test_text_that_is_no_utf8_is_a_document(desk):
    (desk.folder / "latin1.dts").write_bytes((HERE / "bad" / "bad-value-wfi.dts").read_bytes().replace(b"guarded", rb"gu\xe4rded"))
    result = desk.run("latin1.dts", "out/latin1", more=["--format=json"])
    assert "is \"gu\ufffdrded\"" in json.loads(result.stdout)["findings"][0]["message"]


def test_no_such_format(desk):
    result = desk.run("bad/no-cells.dts", "out/format", more=["--format=xml"])
    assert (result.returncode, result.stderr) == (1, "cellgen: there is no format xml; it can be human, json or sarif\n")


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_make_leaves_a_document(desk, tmp_path, form):
    """tools/partition is what make calls: lines for people, and a file."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "cellgen").symlink_to(desk.cellgen)
    result = subprocess.run(["tools/partition", str(tmp_path), "tests/cellgen/bad/no-cells.dts", "qemu-virt-aarch64"], cwd=ROOT,
                            env={**os.environ, "FORMAT": form}, capture_output=True, text=True, check=False)
    assert result.returncode == 1 and result.stdout == "" and "error[no-cells]" in result.stderr
    read = json.loads((tmp_path / f"findings.{form}").read_text())
    assert [f[3] for f in (from_json if form == "json" else from_sarif)(read)] == ["no-cells"]


SOURCE = {  # what dtc or cpp refuses: (text, place, a part of its words)
    "syntax": ("/dts-v1/;\n/ { domains { = };\n", (2, 15), "syntax error"),
    "reference": ("/dts-v1/;\n/ { domains { cpus = <&nobody>; }; };\n", (2, 13), 'label "nobody"'),
    "include": ("/dts-v1/;\n#include <board/no-such-board.dts>\n/ { };\n", (2, 10), "No such file or directory"),
    "label": ("/dts-v1/;\n/ { };\n&nobody { };\n", (3, 1), "Label or path nobody not found"),
}


@pytest.mark.parametrize("form", ["json", "sarif"])
@pytest.mark.parametrize("what", SOURCE)
def test_words_of_dtc_and_cpp_are_a_document(desk, what, form):
    text, at, words = SOURCE[what]
    (desk.folder / "source.dts").write_text(text)
    result = desk.run("source.dts", "out/source", more=[f"--format={form}"])
    assert result.returncode == 1 and words in result.stderr
    found, = (from_json if form == "json" else from_sarif)(json.loads(result.stdout))
    assert found[:4] == ("source.dts", *at, "source") and words in found[4]


# ---- the catalogue

def catalogue(cellgen):
    text = subprocess.run([cellgen, "--list-findings"], capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in text.splitlines()]


def test_catalogue_has_what_the_sources_have(cellgen):
    pattern = r'diag_error\(\s*[\w>-]+,\s*(?:[^,"]*\?\s*"([a-z-]+)"\s*:\s*)?"([a-z-]+)"'
    known = {i for p in SOURCES.glob("*.c") for m in re.finditer(pattern, p.read_text()) for i in m.groups() if i}
    listed = [entry[0] for entry in catalogue(cellgen)]
    assert len(listed) == len(set(listed)) and set(listed) == known
    for entry in catalogue(cellgen):
        assert len(entry) == 4 and all(re.fullmatch(r"[A-Za-z0-9].*[^ ]", text) for text in entry)
        assert entry[2][-1] == "." and entry[3][-1] in ".;"


def test_page_is_up_to_date(cellgen, capsys):
    result = subprocess.run([sys.executable, str(ROOT / "tools" / "findings"), "--cellgen", str(cellgen), "--check"],
                            capture_output=True, text=True, check=False)
    with capsys.disabled():
        print("\n" + result.stdout.strip())
    assert (result.returncode, result.stderr) == (0, "")
    identifiers, _, files = (int(n) for n in re.match(r"findings: (\d+) identifiers, (\d+) with a file, (\d+) bad", result.stdout).groups())
    assert files == len(BAD) >= 80 and identifiers == len(catalogue(cellgen))


def test_every_page_links_to_the_catalogue():
    for name in ("partition.md", "README.md"):
        assert "(findings.md" in (ROOT / "docs" / name).read_text()
    assert pathlib.Path(ROOT / "docs" / "findings.md").exists()
