# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Rows of figures: printed, written as JSON, held against the stored ones.

A row is a thing that costs something; it has a figure for each column: bare metal,
a direct cell, a mediated one, ... What a row has to keep (budget) fails the run. A
goal that is missed is said, with the reason, and fails nothing.
"""

import json
from dataclasses import dataclass, field

TOLERANCE = 0.02  # either way; docs/bench.md


@dataclass
class Row:
    group: str
    name: str                                   # for scripts, unique in its group
    what: str                                   # for people
    figures: dict                               # column: number, None where it could not be measured
    budget: dict = field(default_factory=dict)  # column: at most
    goal: dict = field(default_factory=dict)    # the same, but only told
    note: str = ""                              # what it consists of
    others: str = ""                            # the same of another hypervisor
    path: str = ""                              # the way into the core that it takes, for readers; the group bound holds them all
    unit: str = "instructions"
    held: bool = True                           # against the stored figures

    def over(self, limits):
        """[(column, figure, limit)] of what is above its limit, or is not there at all."""
        found = []
        for column, limit in limits.items():
            value = self.figures.get(column)
            if value is None or value > limit:
                found.append((column, value, limit))
        return found


def number(value):
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.2f}"
    return f"{value / 1e6:.2f}M" if value >= 10_000_000 else str(value)


def cell(row, column):
    text = number(row.figures.get(column)) if column in row.figures else ""
    limit = row.budget.get(column, row.goal.get(column))
    if limit is None or column not in row.figures:
        return text
    bad = row.figures[column] is None or row.figures[column] > limit
    return f"{text}{'>' if bad else '<='}{number(limit)}"


def show(title, columns, rows):
    """One group. 30<=40: within its budget; 50>40: not."""
    width = max([len(title)] + [len(r.what) for r in rows]) + 1
    widths = [max([len(c)] + [len(cell(r, c)) for r in rows]) + 2 for c in columns]
    print(f"\n{title:{width}}" + "".join(f"{c:>{w}}" for c, w in zip(columns, widths)))
    for row in rows:
        figures = "".join(f"{cell(row, c):>{w}}" for c, w in zip(columns, widths))
        tail = "; ".join(t for t in (row.note, row.others) if t)
        print(f"{row.what:{width}}{figures}{'  ' + tail if tail else ''}".rstrip())


def missed(rows):
    """What is over its budget, in words; the same for goals."""
    def over(limits):
        return [f"{r.what}, {c}: {number(v)}{' ' + r.unit if r.unit else ''} (at most {number(m)})" for r in rows for c, v, m in r.over(getattr(r, limits))]
    return over("budget"), over("goal")


# ---- JSON

def as_json(rows, made):
    return {"made": made, "rows": [
        {"group": r.group, "name": r.name, "what": r.what, "unit": r.unit, "figures": r.figures, "budget": r.budget, "goal": r.goal,
         "note": r.note, "others": r.others, "path": r.path} for r in rows]}


def stored(path):
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {"made": {}, "figures": {}, "why": {}}


def store(path, rows, made, groups, why):
    """
    The groups that were measured; the others stay, and so do figures that are not different enough to need a reason: else they would
    move by up to that much each time others are stored. A line for each row, so that a difference reads well.
    """
    base = stored(path)
    whys = {key: text for key, text in base["why"].items() if key.split()[0] not in groups or key in {f"{r.group} {r.name}" for r in rows}}
    whys |= {key: why for key in {d[0] for d in differing(rows, base, groups)} if base["figures"].get(key.split()[0])}
    figures = {g: names for g, names in base["figures"].items() if g not in groups}
    for row in rows:
        if row.held:
            old = base["figures"].get(row.group, {}).get(row.name, {})
            figures.setdefault(row.group, {})[row.name] = {c: v if c not in old or changed(old[c], v) else old[c] for c, v in row.figures.items()}
    if "linux" not in groups and "guests" in base["made"]:
        made = made | {"guests": base["made"]["guests"]}  # of the figures that stay
    text = f'{{\n "made": {json.dumps(made, sort_keys=True)},\n "figures": {{\n' + ",\n".join(
        f"  {json.dumps(group)}: {{\n{lines_of(figures[group])}\n  }}" for group in sorted(figures))
    text += f'\n }},\n "why": {{\n{lines_of(whys)}\n }}\n}}\n'
    path.with_suffix(".tmp").write_text(text)
    path.with_suffix(".tmp").replace(path)


def comparable(group, before, now):
    """Were a group's stored figures made with the same tools? Nothing but the group linux has a guest's kernel in it."""
    return all(before.get(tool) == now.get(tool) for tool in before.keys() | now.keys() if tool != "guests" or group == "linux")


def lines_of(values):
    return ",\n".join(f"   {json.dumps(n)}: {json.dumps(values[n])}" for n in sorted(values))


def changed(old, new):
    """Enough to be said? A figure of 0 is that and nothing else; what could not be measured is none."""
    return old is None or new is None or abs(new - old) > TOLERANCE * abs(old)


def differing(rows, base, groups):
    """[(group and name, column, old, new)] of the groups that were measured; old or new is "" where it is not there."""
    found = []
    measured = {f"{r.group} {r.name}": r.figures for r in rows if r.held and r.group in groups}
    before = {f"{g} {n}": f for g, names in base["figures"].items() if g in groups for n, f in names.items()}
    for key in sorted(measured.keys() | before.keys()):
        new, old = measured.get(key, {}), before.get(key, {})
        for column in sorted(new.keys() | old.keys()):
            if column not in old or column not in new or changed(old[column], new[column]):
                found.append((key, column, old.get(column, ""), new.get(column, "")))
    return found


def words(key, column, old, new):
    if old == "":
        return f"{key}, {column}: {number(new)}, and nothing is stored"
    if new == "":
        return f"{key}, {column}: is not measured any more"
    share = f", {100 * (new - old) / old:+.1f} %" if old and new is not None else ""
    return f"{key}, {column}: {number(old)} -> {number(new)}{share}"


def differences(rows, base, groups):
    return [words(*d) for d in differing(rows, base, groups)]
