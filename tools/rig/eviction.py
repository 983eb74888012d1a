# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the model of a cache counted (tools/instrument/cache.c), and its picture.

    counts = eviction.Counts(instrument.read("cache.json"))
    counts.between()                                    # {("control", "linux"): 1200}: lines of one that another evicted
    eviction.svg([("Without colours", counts), ...])    # one above the other

For each: a table of whose lines were evicted by whom, and over the colours of the cache whose lines are in it at the end (areas) and
how many were evicted by another in these colours (the line, logarithmic).
"""

import json
import math
from html import escape
from pathlib import Path

from plot import WIDTH, decade, grouped, line, text

STYLE = """
:root { --ink: #1b1f24; --paper: #ffffff; --grid: #e4e8ec; --edge: #9aa4af; --quiet: #57606a; --worst: #b42318; --worst-soft: #fbe3e0; --fine: #116329; --empty: #f3f5f7;
 --p0: #6e7781; --p1: #2f6ca8; --p2: #2c8a7d; --p3: #b7791f; --p4: #7a4fa3; --p5: #a8456b; }
@media (prefers-color-scheme: dark) {
 :root { --ink: #e6e9ed; --paper: #14171b; --grid: #272d34; --edge: #59636e; --quiet: #9aa4af; --worst: #ff8577; --worst-soft: #4a2320; --fine: #6fd08c; --empty: #1d2126;
 --p0: #8b949e; --p1: #5a9bdc; --p2: #45b5a5; --p3: #dba445; --p4: #a884d0; --p5: #d6789c; } }
text { font: 12px system-ui, sans-serif; fill: var(--ink); } .title { font-size: 16px; font-weight: 600; } .name { font-weight: 600; }
.quiet { fill: var(--quiet); } .tick { fill: var(--quiet); font-size: 11px; } .number { font-variant-numeric: tabular-nums; }
.paper { fill: var(--paper); } .grid { stroke: var(--grid); fill: none; } .edge { stroke: var(--edge); fill: none; } .empty { fill: var(--empty); }
.bad { fill: var(--worst-soft); } .bad-text { fill: var(--worst); font-weight: 600; } .fine { fill: var(--fine); font-weight: 600; } .worst { stroke: var(--worst); stroke-width: 1.8; fill: none; }
""" + "".join(f".p{i} {{ fill: var(--p{i}); }} " for i in range(6)) + "\n"

TOP, PANEL, HEIGHT = 64, 250, 150           # a panel, the graph in it
CELL, ROW, NAME = 76, 26, 74                # the table
GRAPH, RIGHT = 508, 44                      # where the graph begins; room for its axis


class Counts:
    """Parties that had accesses, in the plugin's order: the core, then cells; and what has a name of its own."""

    def __init__(self, raw):
        self.raw = raw
        keep = [i for i, p in enumerate(raw["parties"]) if p["accesses"] or p["fetches"] or any(c["fills"][i] for c in raw["colors"])]
        self.parties = [raw["parties"][i] for i in keep]
        self.names = [p["name"] for p in self.parties]
        self.evicted = [[raw["evicted"][i][j] for j in keep] for i in keep]
        self.colors = [{"held": [c["held"][i] for i in keep], "fills": [c["fills"][i] for i in keep],
                        "crossed": sum(c["evicted"][i][j] for i in keep for j in keep if i != j)} for c in raw["colors"]]
        self.sets = [sum(c["sets"][i] for c in raw["colors"]) for i in keep]
        self.shared_sets = sum(c["shared_sets"] for c in raw["colors"])
        self.lines_of_color = raw["sets"] * raw["ways"] // len(raw["colors"])

    def between(self):
        """{(whose line, by whom): how many}: what is not zero, and not of and by the same."""
        return {(a, b): self.evicted[i][j] for i, a in enumerate(self.names) for j, b in enumerate(self.names) if i != j and self.evicted[i][j]}


# ---- a run

DONE = {"control": r"control: round=1 .* OK", "sweep": r"sweep: end lines=\d+ sum=\w+ beyond=(?P<beyond>\w+)", "linux": "cloison-linux: ready"}


def run(builder, partition, plugin, folder, limit):
    """What the model counted from power-on until each cell had done its work."""
    import instrument
    import qemu
    out = builder.build(partition)
    result = folder / "cache.json"
    cells = [c["name"] for c in json.loads((out / "gen" / "report.json").read_text())["cells"]]
    with qemu.Machine(out, limit=limit, log=folder / f"{Path(partition).stem}.log",
                      options=[*qemu.devices(partition, out), *instrument.cache_options(out, result, plugin=plugin)]) as m:
        for cell in cells:
            if cell in DONE:
                done = m.line(cell, DONE[cell], limit)
                if "beyond" in done.groupdict() and int(done["beyond"], 16):
                    m.line("core", f"cell {cell}: stopped by fault", limit)
        m.never("panic|FAIL")
    return Counts(instrument.read(result))


def table(counts):
    rows = [["lines of", "fetches", "accesses", "misses", "sets"] + [f"by {n}" for n in counts.names]]
    for i, p in enumerate(counts.parties):
        rows.append([p["name"], *(str(p[k]) for k in ("fetches", "accesses", "misses")), str(counts.sets[i]), *(str(n) for n in counts.evicted[i])])
    wide = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return f"  of {counts.raw['sets']} sets, {counts.shared_sets} have several users\n" + "\n".join("  " + "  ".join(w.ljust(n) if i == 0 else w.rjust(n) for i, (w, n) in enumerate(zip(r, wide))) for r in rows)


def judge(plain, colored):
    """What is not as it has to be. That no set has two users is stronger than that nobody evicts: it holds for any replacement, and any prefetch in a page."""
    said = [f"with colours, {n} lines of {whose} were evicted by {who}" for (whose, who), n in colored.between().items()]
    if colored.shared_sets:
        said.append(f"with colours, {colored.shared_sets} sets have several users")
    for words, counts in (("without", plain), ("with", colored)):
        if not any(counts.evicted[i][i] for i in range(len(counts.names))):
            said.append(f"{words} colours nobody evicted a line, not even its own: the cache was never full, nothing was shown")
    return said if plain.between() else said + ["without colours nobody evicted another's line: nothing was shown"]


# ---- the picture

def box(x, y, width, height, klass, title=""):
    inside = f"<title>{escape(title)}</title>" if title else ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" class="{klass}">{inside}</rect>'


def short(n):
    """At most five letters and a unit."""
    return grouped(n) if n < 100000 else f"{n / 1e6:.1f} M"


def matrix(counts, x, y):
    out = [text(x, y - 24, "lines of", "quiet"), text(x + NAME, y - 24, "evicted by", "quiet")]
    for j, name in enumerate(counts.names):
        out.append(text(x + NAME + CELL * j + CELL - 8, y - 6, name, "name", "end"))
    for i, name in enumerate(counts.names):
        top = y + ROW * i
        out += [box(x, top + 7, 10, 10, f"p{i % 6}"), text(x + 15, top + 17, name, "name")]
        for j, n in enumerate(counts.evicted[i]):
            same, left = i == j, x + NAME + CELL * j
            out.append(box(left + 1, top + 1, CELL - 2, ROW - 2, "bad" if n and not same else "empty", f"{n} lines of {name}, by {counts.names[j]}"))
            out.append(text(left + CELL - 8, top + 17, short(n), "quiet number" if same else "bad-text number" if n else "fine number", "end"))
    return out


def held(counts, x, base, wide):
    """Whose lines are in each colour, from below."""
    out = []
    for c, color in enumerate(counts.colors):
        y = base
        for i, n in enumerate(color["held"]):
            high = HEIGHT * n / counts.lines_of_color
            if n:
                y -= high
                out.append(box(x + wide * c + 0.5, y, wide - 1, high, f"p{i % 6}", f"colour {c}: {n} lines of {counts.names[i]}"))
    return out


def crossed(counts, x, base, wide, decades):
    """How many lines were evicted by another: 0 is the floor."""
    def y(n):
        return base - HEIGHT * (math.log10(n) + 1) / (decades + 1) if n else base
    path, out = "", []
    for c, color in enumerate(counts.colors):
        path += f"{'M' if c == 0 else 'L'}{x + wide * c:.1f} {y(color['crossed']):.1f}H{x + wide * (c + 1):.1f}"
    for power in range(decades + 1):
        out.append(text(x + wide * len(counts.colors) + 8, y(10 ** power) + 4, decade(power), "tick"))
    out += [text(x + wide * len(counts.colors) + 8, base + 4, "0", "tick"), f'<path d="{path}" class="worst"/>']
    return out


def panel(words, counts, top, decades):
    wide = (WIDTH - GRAPH - RIGHT) / len(counts.colors)
    base = top + 44 + HEIGHT
    total = sum(counts.between().values())
    verdict = f"{grouped(total)} lines evicted by another; {grouped(counts.shared_sets)} sets have several users" if total or counts.shared_sets else \
        "no line evicted by another; no set has two users"
    out = [text(24, top + 8, words, "name"), text(WIDTH - RIGHT, top + 8, verdict, "bad-text number" if total or counts.shared_sets else "fine", "end"), *matrix(counts, 24, top + 68)]
    out.append(box(GRAPH, base - HEIGHT, wide * len(counts.colors), HEIGHT, "empty"))
    out += [*held(counts, GRAPH, base, wide), *crossed(counts, GRAPH, base, wide, decades), box(GRAPH, base - HEIGHT, wide * len(counts.colors), HEIGHT, "edge")]
    out += [text(GRAPH - 8, base - HEIGHT + 4, "full", "tick", "end"), text(GRAPH - 8, base + 4, "empty", "tick", "end")]
    every = max(1, 2 ** math.ceil(math.log2(max(1, len(counts.colors) / 16))))
    out += [text(GRAPH + wide * (c + 0.5), base + 16, str(c), "tick number", "middle") for c in range(0, len(counts.colors), every)]
    return out


def svg(panels):
    """[(words, Counts)]"""
    raw = panels[0][1].raw
    decades = max(1, math.ceil(math.log10(max(2, *(c["crossed"] for _, counts in panels for c in counts.colors)))))
    total = TOP + PANEL * len(panels) + 18
    size = raw["sets"] * raw["ways"] * raw["line"]
    about = f"{size >> 10} KiB, {raw['ways']} ways, lines of {raw['line']} bytes, {len(raw['colors'])} colours"
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" width="{WIDTH}" height="{total}" role="img" aria-label="Whose lines of the shared cache are evicted by whom">',
           f"<style>{STYLE}</style>", f'<rect width="{WIDTH}" height="{total}" class="paper"/>',
           text(24, 26, "Whose lines of the shared cache are evicted by whom", "title"), text(24, 46, f"modelled: {about}", "quiet"),
           text(GRAPH, 46, "whose lines are in it at the end", "quiet"), line(GRAPH + 212, 42, GRAPH + 230, 42, "worst"),
           text(GRAPH + 236, 46, "evicted by another, in that colour", "quiet")]
    for i, (words, counts) in enumerate(panels):
        out += panel(words, counts, TOP + 16 + PANEL * i, decades)
    out.append(text(GRAPH + (WIDTH - GRAPH - RIGHT) / 2, total - 8, "colour", "", "middle"))
    return "\n".join(out) + "\n</svg>\n"
