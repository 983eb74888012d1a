#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR MIT
"""
Is a file what "Trace Event Format" (Chrome's, of which Perfetto's importer of JSON reads this part) asks for?

    trace_schema.py FILE [--slices N] [--marks N] [--tracks N]     exit 0: it is, and there is as much of it as was said
"""
import argparse
import json
import sys

ALLOWED = {
    "X": {"ph", "pid", "tid", "name", "cat", "ts", "dur", "args"},
    "i": {"ph", "pid", "tid", "name", "cat", "ts", "s", "args"},
    "M": {"ph", "pid", "tid", "name", "args"},
}


def once(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a member twice: {names}"
    return dict(pairs)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def check_event(event):
    kind = event.get("ph")
    assert kind in ALLOWED, f"phase {kind}"
    assert set(event) <= ALLOWED[kind], f"members {sorted(event)}"
    for name in ("pid", "tid"):
        assert isinstance(event[name], int) and 0 < event[name] < 2 ** 31, f"{name} {event[name]}"
    assert isinstance(event["name"], str) and event["name"], "name"
    assert isinstance(event.get("args", {}), dict), "args"
    if kind == "M":
        assert event["name"] in ("process_name", "thread_name"), event["name"]
        assert isinstance(event["args"]["name"], str), "its name"
        return
    assert is_number(event["ts"]), "ts"
    assert isinstance(event["cat"], str), "cat"
    if kind == "X":
        assert is_number(event["dur"]), "dur"
    else:
        assert event["s"] in ("g", "p", "t"), "s"


def check_order(events):
    """Slices of a thread lie inside of one another or side by side: Perfetto drops others."""
    tracks = {}
    for event in events:
        if event["ph"] == "X":
            tracks.setdefault((event["pid"], event["tid"]), []).append(event)
    for slices in tracks.values():
        end = 0
        for event in sorted(slices, key=lambda e: e["ts"]):
            assert event["ts"] >= end - 0.0015, f"slices overlap at {event['ts']}"
            end = event["ts"] + event["dur"]


def check(path):
    with open(path, encoding="utf-8") as file:
        trace = json.load(file, object_pairs_hook=once)
    assert isinstance(trace, dict) and isinstance(trace["traceEvents"], list), "no traceEvents"
    assert trace.get("displayTimeUnit") in (None, "ms", "ns"), "displayTimeUnit"
    for number, event in enumerate(trace["traceEvents"]):
        try:
            check_event(event)
        except (AssertionError, KeyError) as error:
            raise AssertionError(f"event {number}: {error}: {event}") from None
    check_order(trace["traceEvents"])
    return trace


def main():
    options = argparse.ArgumentParser()
    options.add_argument("file")
    for name in ("--slices", "--marks", "--tracks"):
        options.add_argument(name, type=int)
    asked = options.parse_args()
    try:
        events = check(asked.file)["traceEvents"]
        found = {"slices": sum(e["ph"] == "X" for e in events), "marks": sum(e["ph"] == "i" for e in events),
                 "tracks": len({(e["pid"], e["tid"]) for e in events})}
        for name, count in found.items():
            wanted = getattr(asked, name)
            assert wanted is None or wanted == count, f"{count} {name}, not {wanted}"
    except (AssertionError, ValueError, KeyError) as error:
        print(f"{asked.file}: {error}", file=sys.stderr)
        return 1
    print(f"{asked.file}: {found['slices']} slices, {found['marks']} marks on {found['tracks']} tracks")
    return 0


if __name__ == "__main__":
    sys.exit(main())
