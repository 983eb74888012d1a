# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Measurements of latency: what the rig cell prints, and the formats people use, read and written.

    formats.parse_rig(text, scenario="alone", mode="direct")    [measurement] of the rig cell's lines, plain or with its console's prefix
    formats.read(path)                                          [measurement] of a file in any format here
    formats.write("cyclictest", measurements, unit="us")        text

A measurement is a dictionary: scenario, mode, source, cpu, period_ns, hz (how many ticks are a second), bins {ticks: samples},
overflow (samples beyond the bins), exact (from so many ticks on a bin is a 32nd of an octave wide; None: all are of one tick), missed (periods nobody came for), bare_max (ticks, the same on the bare machine), samples, min, max, sum (ticks, of all samples, those beyond
the bins included; a tool's mean is cut off, so the sum with it; None: not known), and, of the rig, instructions, core_instructions, exits, bare_instructions.

What was read is checked: it adds up, or it is refused (Bad) with the place. What a tool's format cannot say is left out by the
writer, never made up.
"""

import datetime
import json
import re

NS = 1_000_000_000
UNITS = {"us": 1_000_000, "ns": NS}
CLASSES = 10_000        # so many lines at most where a format has one for each class; what is later is its overflow
LARGEST = 1 << 64       # no counter of a guest says more
EXACT, STEPS = 1024, 32  # of the rig cell: from here on so many bins an octave; each is called by its least
WIDEST = 1 + 1 / STEPS
JUDGED = ("instructions", "core_instructions", "bare_instructions")  # histograms beside the ticks


class Bad(Exception):
    """Input that cannot be used; says where and why."""


# ---- what all formats have in common

def measurement(source, hz, bins, **more):
    """A measurement with all its fields."""
    m = {"scenario": "", "mode": "", "source": source, "cpu": None, "period_ns": None, "hz": hz,
         "bins": {int(k): int(v) for k, v in sorted(bins.items(), key=lambda kv: int(kv[0])) if int(v)},
         "overflow": 0, "exact": None, "missed": 0, "min": None, "max": None, "sum": None}
    m.update({k: v for k, v in more.items() if v is not None})
    inside = sum(m["bins"].values())
    m.setdefault("samples", inside + m["overflow"])
    if m["bins"] and m["min"] is None:
        m["min"] = min(m["bins"])
    if m["max"] is None and m["bins"] and not m["overflow"]:
        m["max"] = max(m["bins"])
    if m["sum"] is None and not m["overflow"]:
        m["sum"] = sum(k * v for k, v in m["bins"].items())
    return m


def check(m, where):
    """It adds up, as far as it says so."""
    inside = sum(m["bins"].values())
    if inside + m["overflow"] != m["samples"]:
        raise Bad(f"{where}: the bins hold {inside} samples and {m['overflow']} are beyond them, but there were {m['samples']}: lines are missing")
    if m["bins"] and m["min"] is not None and not min(m["bins"]) <= m["min"] <= min(m["bins"]) * WIDEST:
        raise Bad(f"{where}: the smallest is said to be {m['min']}, but the first bin is {min(m['bins'])}")
    if m["bins"] and m["max"] is not None and (m["max"] < max(m["bins"]) or (not m["overflow"] and m["max"] > max(m["bins"]) * WIDEST)):
        raise Bad(f"{where}: the largest is said to be {m['max']}, but the last bin is {max(m['bins'])}")
    least = sum(k * v for k, v in m["bins"].items())
    if m["sum"] is not None and (m["sum"] < least or (not m["overflow"] and m["sum"] > least * WIDEST)):
        raise Bad(f"{where}: the sum is said to be {m['sum']}, but the bins make {least}")
    return m


def width(m, ticks):
    """Of the bin that begins there."""
    return (1 << ticks.bit_length() - 1) // STEPS if m["exact"] and ticks >= m["exact"] else 1


def mean(m):
    """In ticks; None if it is not known."""
    return m["sum"] / m["samples"] if m["samples"] and m["sum"] is not None else None


def exits(m):
    """How many, by who counted the most: all of the guest's own count, or the sum of the core's by kinds; None: nobody counted."""
    counted = m.get("exits")
    return max(counted.get("total", 0), sum(v for k, v in counted.items() if k != "total")) if counted else None


def nanoseconds(m, ticks):
    return None if ticks is None else ticks * NS / m["hz"]


def percentile(bins, share, overflow=0):
    """The smallest class so that this share of the samples is there or before; None: it is beyond the bins."""
    wanted, seen = share * (sum(bins.values()) + overflow), 0
    for k in sorted(bins):
        seen += bins[k]
        if seen >= wanted:
            return k
    return None


def scaled(m, unit):
    """{class: samples} in whole microseconds or nanoseconds, cut off as the tools do; least, largest and mean of that."""
    per = UNITS[unit]
    bins = {}
    for ticks, count in m["bins"].items():
        k = ticks * per // m["hz"]
        bins[k] = bins.get(k, 0) + count
    whole = [None if m[k] is None else m[k] * per // m["hz"] for k in ("min", "max")]
    average = mean(m)
    return bins, whole[0] or 0, whole[1] if whole[1] is not None else max(bins, default=0), average * per / m["hz"] if average is not None else 0.0


def name_of(m):
    return " ".join(str(w) for w in (m["scenario"], m["mode"], m["source"]) if w) or "?"


def as_count(text, where):
    value = int(text)
    if value >= LARGEST:
        raise Bad(f"{where}: {text} is more than any counter counts")
    return value


# ---- the rig cell's own lines

LINE = re.compile(r"^(?:\[(?P<cell>[^\]\s]+)\] )?rig: (?P<kind>begin|bin|end|exits|FAIL|done)\b(?P<rest>.*)$")
FIELDS = {"begin": ("source", "period", "count", "hz", "cpu"), "bin": ("source", "ticks", "count"),
          "end": ("source", "samples", "min", "max", "sum", "overflow", "missed"), "exits": ("source", "total")}
CLOCKS = range(1000, 100 * NS)  # of a counter; what is no such number is no CNTFRQ


def fields(kind, rest, where):
    """What a line says, as numbers; all of it has to be there."""
    found = dict(re.findall(r"(?:^|\s)(\w+)=(\S+)", rest))
    missing = [f for f in FIELDS[kind] if f not in found]
    if missing:
        raise Bad(f"{where}: 'rig: {kind}' without {', '.join(missing)}")
    for name in FIELDS[kind][1:]:
        if not found[name].isascii() or not found[name].isdigit():
            raise Bad(f"{where}: {name}={found[name]} is no number")
        found[name] = as_count(found[name], where)
    return found


def rig_done(text):
    """Has it said that it is through with all?"""
    return any(m and m["kind"] == "done" for m in map(LINE.match, lines(text)))


def lines(text):
    """Without what a terminal makes of lines."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\0]", "", text).split("\n")


def parse_rig(text, scenario="", mode="", where="rig"):
    """The measurements of what the cell printed; lines of others between are nobody's concern here."""
    found, open_ones, latest, under_way = [], {}, {}, set()
    for number, line in enumerate(lines(text), 1):
        m = LINE.match(line)
        if not m:
            continue
        if m["kind"] == "done":
            under_way.discard(m["cell"])
            continue
        at = f"{where}, line {number}"
        if m["kind"] == "FAIL":
            raise Bad(f"{at}: the cell says: FAIL{m['rest']}")
        said = fields(m["kind"], m["rest"], at)
        key = (m["cell"], said["source"])
        if m["kind"] == "begin":
            if said["hz"] not in CLOCKS:
                raise Bad(f"{at}: hz={said['hz']} is no frequency of a counter")
            open_ones[key] = (said, {})   # the cell may have begun again
            under_way.add(m["cell"])
        elif m["kind"] == "exits":
            if latest.get(m["cell"], {}).get("source") != said["source"]:
                raise Bad(f"{at}: exits of {said['source']}, of which there is no measurement: lines are missing")
            latest[m["cell"]]["exits"] = {"total": said["total"]}
        elif key not in open_ones:
            raise Bad(f"{at}: '{m['kind']}' of {said['source']}, which has not begun: the beginning of the output is missing")
        elif m["kind"] == "bin":
            bins = open_ones[key][1]
            if said["ticks"] in bins:
                raise Bad(f"{at}: a second bin of {said['ticks']} ticks")
            bins[said["ticks"]] = said["count"]
        else:
            latest[m["cell"]] = ended(said, *open_ones.pop(key), scenario, mode, at)
            found.append(latest[m["cell"]])
    if open_ones:
        raise Bad(f"{where}: no end of {', '.join(k[1] for k in open_ones)}: the cell was stopped, or its output was cut off")
    if under_way:   # more sources may have been to come
        raise Bad(f"{where}: no 'rig: done' after the last measurement: the cell was stopped, or its output was cut off")
    return found


def ended(said, begin, bins, scenario, mode, at):
    """A measurement of its first line, its bins and its last."""
    if said["samples"] != begin["count"]:
        raise Bad(f"{at}: {begin['count']} samples of {said['source']} were asked for, {said['samples']} were taken")
    return check(measurement(said["source"], begin["hz"], bins, scenario=scenario, mode=mode, cpu=begin["cpu"], period_ns=begin["period"], exact=EXACT,
                             **{k: said[k] for k in FIELDS["end"][1:]}), f"{at} ({said['source']})")


# ---- cyclictest: text of -h, -H

def read_cyclictest(text, unit="us", where="cyclictest"):
    """What cyclictest -q -h prints. The text does not say whether -N was given: that is `unit`."""
    rows, said = [], {}
    for number, line in enumerate(lines(text), 1):
        line = re.sub(r"^\[[^\]\s]+\] ?", "", line).rstrip()
        row = re.fullmatch(r"(\d{6,}) (\d+(?:\t\d+)*)", line)
        if row:
            rows.append((int(row[1]), [as_count(c, f"{where}, line {number}") for c in row[2].split("\t")]))
        head = re.fullmatch(r"# (Total|Min Latencies|Avg Latencies|Max Latencies|Histogram Overflows):((?: \d+)+)", line)
        if head:
            said[head[1]] = [as_count(c, f"{where}, line {number}") for c in head[2].split()]
    if "Min Latencies" not in said:
        raise Bad(f"{where}: no histogram of cyclictest in it (was it called with -q and -h?)")
    missing = [k for k in ("Total", "Avg Latencies", "Max Latencies", "Histogram Overflows") if k not in said]
    threads = len(said["Min Latencies"])
    if missing or any(len(v) < threads for v in said.values()) or any(len(r) < threads for _, r in rows):
        raise Bad(f"{where}: {'no line of ' + missing[0] if missing else 'lines of different length'}: the output was cut off")
    result = []
    for t in range(threads):  # -H has the sum as one more column
        bins = {k: row[t] for k, row in rows}
        overflow = said["Histogram Overflows"][t]
        samples = said["Total"][t] + overflow
        result.append(check(measurement(f"thread {t}", UNITS[unit], bins, overflow=overflow, samples=samples, max=said["Max Latencies"][t],
                                        min=said["Min Latencies"][t], sum=said["Avg Latencies"][t] * samples if overflow else None),
                            f"{where}, thread {t}"))
    return result


def write_cyclictest(measurements, unit="us", **_):
    """As cyclictest -q -h N prints it. In which period a late one came is not kept: they are its "others"."""
    columns = [scaled(m, unit) for m in measurements]
    classes = min(CLASSES, max((max(bins, default=0) for bins, *_ in columns), default=0) + 2)
    inside = [{k: v for k, v in bins.items() if k < classes} for bins, *_ in columns]
    late = [m["samples"] - sum(bins.values()) for m, bins in zip(measurements, inside)]
    out = ["# Histogram"]
    out += [f"{k:06d} " + "\t".join(f"{bins.get(k, 0):06d}" for bins in inside) for k in range(classes)]
    out.append("# Total: " + " ".join(f"{sum(bins.values()):09d}" for bins in inside))
    for what, values in (("Min", [c[1] for c in columns]), ("Avg", [int(c[3]) for c in columns]), ("Max", [c[2] for c in columns])):
        out.append(f"# {what} Latencies: " + " ".join(f"{v:05d}" for v in values))
    out.append("# Histogram Overflows: " + " ".join(f"{v:05d}" for v in late))
    out.append("# Histogram Overflow at cycle number:")
    out += [f"# Thread {t}:" + (f" # {v:05d} others" if v else "") for t, v in enumerate(late)]
    return "\n".join(out) + "\n\n"


# ---- cyclictest --json, jitterdebugger: nearly the same

def sparse(m, unit, count):
    bins, least, largest, average = scaled(m, unit)
    return {"histogram": {str(k): bins[k] for k in sorted(bins)}, count: m["samples"], "min": least, "max": largest, "avg": round(average, 2)}


def read_sparse(threads, count, hz, where):
    result = []
    for t, said in threads.items():
        at = f"{where}, thread {t}"
        try:
            bins = {int(k): int(v) for k, v in said["histogram"].items()}
            samples = int(said[count])
            overflow = samples - sum(bins.values())
            if overflow < 0:
                raise Bad(f"{at}: {samples} samples, but more in the histogram")
            result.append(check(measurement(said.get("name", f"thread {t}"), hz, bins, overflow=overflow, samples=samples, min=int(said["min"]),
                                            max=int(said["max"]), cpu=said.get("cpu"),
                                            sum=round(float(said["avg"]) * samples) if overflow else None), at))
        except (KeyError, TypeError, ValueError, AttributeError) as e:
            raise Bad(f"{at}: {type(e).__name__} {e}") from None
    return result


def read_cyclictest_json(data, where="cyclictest"):
    return read_sparse(data["thread"], "cycles", NS if data.get("resolution_in_ns") else UNITS["us"], where)


def write_cyclictest_json(measurements, unit="us", about=None, **_):
    about = about_of(about)
    threads = {}
    for t, m in enumerate(measurements):
        threads[str(t)] = {**sparse(m, unit, "cycles"), "cpu": m["cpu"] if m["cpu"] is not None else t, "node": 0, "name": name_of(m)}
    return text_of({
        "file_version": 1, "cmdline:": about["command"], "rt_test_version:": about["program"],
        "start_time": date(about["start"]), "end_time": date(about["end"]), "return_code": 0, "sysinfo": sysinfo(about),
        "num_threads": len(threads), "resolution_in_ns": int(unit == "ns"), "thread": threads})


def read_jitterdebugger(data, where="jitterdebugger"):
    resolution = data.get("sysinfo", {}).get("resolution_in_ns", 1000)
    if resolution not in (1, 1000):
        raise Bad(f"{where}: a resolution of {resolution} ns")
    return read_sparse(data["cpu"], "count", NS // resolution, where)


def write_jitterdebugger(measurements, unit="us", about=None, **_):
    """A CPU for each measurement: its reader knows no other names."""
    about = about_of(about)
    system = {k: v for k, v in sysinfo(about).items() if k != "realtime"}
    return text_of({
        "version": 3, "sysinfo": {**system, "cpus_online": len(measurements), "resolution_in_ns": NS // UNITS[unit]},
        "cpu": {str(t): {**sparse(m, unit, "count"), "name": name_of(m)} for t, m in enumerate(measurements)}})


# ---- OSADL: the data of a latency plot

def write_osadl(measurements, unit="us", about=None, **_):
    """An "RT Dataset": a first row with the classes, then one for each measurement. OSADL's plots take microseconds to be meant."""
    about = about_of(about)
    columns = [scaled(m, unit) for m in measurements]
    classes = min(CLASSES, max((max(bins, default=0) for bins, *_ in columns), default=0) + 2)
    rows = [list(range(classes))] + [[bins.get(k, 0) for k in range(classes)] for bins, *_ in columns]
    periods = {m["period_ns"] for m in measurements} - {None}
    return text_of({
        "format": {"name": "RT Dataset", "version": "1.0"},
        "timestamps": {"origin": about["start"].isoformat(timespec="seconds"), "dataset": now().isoformat(timespec="seconds")},
        "system": {"hostname": about["board"]},
        "processor": {"family": about["machine"], "vendor": about["vendor"], "type": about["cpu"]},
        "kernel": {"version": about["release"], "config": [], "cmdline": ""},
        "condition": {"load": about["load"], "cycles": max((m["samples"] for m in measurements), default=0),
                      "interval": min(periods) / 1000 if periods else 0, "cyclictest": about["command"]},
        "latency": {"granularity": {"us": "microseconds", "ns": "nanoseconds"}[unit], "maxima": [c[2] for c in columns], "cores": rows,
                    "names": [name_of(m) for m in measurements]}})


def read_osadl(data, where="OSADL"):
    try:
        latency = data["latency"]
        hz = {"microseconds": UNITS["us"], "nanoseconds": NS}[latency["granularity"]]
        classes, *rows = latency["cores"]
        maxima, names = latency.get("maxima") or [None] * len(rows), latency.get("names") or [f"core {t}" for t in range(len(rows))]
        result = []
        for row, largest, name in zip(rows, maxima, names):
            # how many came later than the last class it does not say: one at least, if the maximum is there
            bins = {int(k): int(v) for k, v in zip(classes, row) if v}
            overflow = int(largest is not None and largest > max(bins, default=-1))
            result.append(check(measurement(name, hz, bins, overflow=overflow, max=largest), f"{where}, {name}"))
        return result
    except (KeyError, TypeError, ValueError) as e:
        raise Bad(f"{where}: {type(e).__name__} {e}: no RT Dataset of version 1.0") from None


# ---- the rig's own

def read_json(data, where="measurements"):
    result = []
    for number, said in enumerate(data):
        at = f"{where}, measurement {number}"
        try:
            more = {k: v for k, v in said.items() if k not in ("source", "hz", "bins")}
            for key in JUDGED:
                if more.get(key) is not None:
                    more[key] = {int(k): int(v) for k, v in more[key].items()}
            if more.get("bare_max") is not None:
                more["bare_max"] = int(more["bare_max"])
            result.append(check(measurement(said["source"], int(said["hz"]), said["bins"], **more), at))
            if result[-1]["hz"] <= 0:
                raise Bad(f"{at}: hz is {said['hz']}")
        except (KeyError, TypeError, ValueError, AttributeError) as e:
            raise Bad(f"{at}: {type(e).__name__} {e}") from None
    return result


def write_json(measurements, **_):
    return text_of(measurements)


# ---- any of them

READERS = {"cyclictest": read_cyclictest, "cyclictest-json": read_cyclictest_json, "jitterdebugger": read_jitterdebugger, "osadl": read_osadl,
           "json": read_json, "rig": parse_rig}
WRITERS = {"cyclictest": write_cyclictest, "cyclictest-json": write_cyclictest_json, "jitterdebugger": write_jitterdebugger, "osadl": write_osadl,
           "json": write_json}
SUFFIXES = {"cyclictest": ".cyclictest.txt", "cyclictest-json": ".cyclictest.json", "jitterdebugger": ".jitterdebugger.json", "osadl": ".osadl.json",
            "json": ".json"}


def kind_of(text, where):
    """Which format it is, and what was parsed of it already."""
    if re.match(r"\s*(?:\{|\[(?![^]\s\"{}]+\] ))", text):  # and not the prefix of a console
        try:
            data = json.loads(text)
        except ValueError as e:
            raise Bad(f"{where}: not JSON: {e}") from None
        if isinstance(data, list):
            return "json", data
        for kind, key in (("osadl", "latency"), ("jitterdebugger", "cpu"), ("cyclictest-json", "thread")):
            if isinstance(data.get(key), dict):
                return kind, data
    elif any(map(LINE.match, lines(text))):
        return "rig", text
    elif re.search(r"(?m)^(?:\[\S+\] ?)?# Histogram\s*$", text):
        return "cyclictest", text
    raise Bad(f"{where}: none of the formats {', '.join(READERS)}")


def parse(text, where="input", unit="us", scenario="", mode=""):
    """The measurements of a text in any of the formats."""
    kind, data = kind_of(text, where)
    if kind == "cyclictest":
        found = read_cyclictest(data, unit, where)
    elif kind == "rig":
        found = parse_rig(data, scenario, mode, where)
    else:
        found = READERS[kind](data, where)
    if not found:
        raise Bad(f"{where}: there is no measurement in it")
    for m in found:
        m["scenario"], m["mode"] = m["scenario"] or scenario, m["mode"] or mode
    return found


def read(path, unit="us", scenario="", mode=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return parse(f.read(), str(path), unit, scenario, mode)
    except OSError as e:
        raise Bad(f"{path}: {e.strerror}") from None


def write(kind, measurements, unit="us", about=None):
    return WRITERS[kind](measurements, unit=unit, about=about)


def now():
    return datetime.datetime.now().astimezone()


def about_of(about):
    """What the formats say besides of where and how it was measured."""
    start = (about or {}).get("start") or now()
    return {"command": "make rig", "program": "cloison", "start": start, "end": start, "board": "unknown", "machine": "aarch64", "vendor": "Arm",
            "cpu": "", "release": "Cloison", "version": "", "load": "", **(about or {})}


def date(when):
    return when.strftime("%a, %d %b %Y %H:%M:%S %z")


def sysinfo(about):
    return {"sysname": "Cloison", "nodename": about["board"], "release": about["release"], "version": about["version"], "machine": about["machine"],
            "realtime": 1}


def text_of(data):
    return json.dumps(data, indent=1) + "\n"
