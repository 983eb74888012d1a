# SPDX-License-Identifier: Apache-2.0 OR MIT
"""A picture of measurements (formats.py), as SVG: a strip for each, one below the other on one axis.

    plot.svg(measurements, what="latency", title="...")      latency: ticks as time; instructions: what the CPU itself executed
    plot.svg(..., notes=("beside whom, how often", "whose time it is"))

In each strip, over a linear axis and with logarithmic counts: how many samples each class has (filled), how many were there or
later (the line: its end is the maximum), and the maximum, marked. One after the other they can be told apart when they are equal,
which is what one hopes for.
"""

import math
from html import escape

import formats

WIDTH, LEFT, STATS, TOP, BOTTOM = 1000, 64, 216, 64, 46
LETTER, BOLD = 6.3, 7.3    # a wide guess at the width of a letter of 12 px
THIN = 2.0      # no class is drawn narrower
STYLE = """
:root { --ink: #1b1f24; --paper: #ffffff; --grid: #e4e8ec; --edge: #9aa4af; --quiet: #57606a; --samples: #8fbce8; --rim: #3f7fbf; --worst: #b42318; --bare: #8a5a00; }
@media (prefers-color-scheme: dark) {
 :root { --ink: #e6e9ed; --paper: #14171b; --grid: #272d34; --edge: #59636e; --quiet: #9aa4af; --samples: #2f6ca8; --rim: #7fb3e6; --worst: #ff8577; --bare: #e0b050; } }
text { font: 12px system-ui, sans-serif; fill: var(--ink); } .title { font-size: 16px; font-weight: 600; } .name { font-weight: 600; }
.quiet { fill: var(--quiet); } .tick { fill: var(--quiet); font-size: 11px; } .number { font-variant-numeric: tabular-nums; }
.paper { fill: var(--paper); } .grid { stroke: var(--grid); fill: none; } .edge { stroke: var(--edge); fill: none; }
.samples { fill: var(--samples); stroke: var(--rim); stroke-width: .8; } .later { stroke: var(--ink); stroke-width: 1.4; fill: none; stroke-linejoin: round; }
.worst { stroke: var(--worst); stroke-width: 1.4; stroke-dasharray: 5 3; } .worst-text { fill: var(--worst); font-weight: 600; }
.bare { stroke: var(--bare); stroke-width: 1.4; stroke-dasharray: 2 2; fill: none; }
"""


def step(span, parts):
    """1, 2 or 5 times a power of ten, so that a span has about so many of it."""
    least = span / parts
    power = 10 ** math.floor(math.log10(least))
    return next(f * power for f in (1, 2, 5, 10) if f * power >= least * 0.999)


def grouped(n):
    """A number for people: digits in threes, three that count behind the point if it is small, two if it is very small."""
    if n is None:
        return "?"
    if float(n).is_integer():
        return f"{int(n):,}".replace(",", "\u2009")
    if 0 < n < 0.1:
        return f"{n:.{1 - math.floor(math.log10(n))}f}"
    return f"{n:,.{0 if n >= 1000 else 1 if n >= 100 else 2}f}".replace(",", "\u2009")


def decade(power):
    return ("1", "10")[power] if power < 2 else "10" + "".join("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[int(d)] for d in str(power))


# ---- what is drawn: the same for time and instructions

class Strip:
    """Classes with their counts, in units of the axis."""

    def __init__(self, m, what, common):
        """common: all are of one scenario, which is said once."""
        self.missed = m["missed"]
        self.name, *rest = [w for w in ("" if common else m["scenario"], m["source"], m["mode"]) if w]
        self.what = ", ".join(rest)
        self.bare, self.shift, self.by = None, 0.0, None
        if what == "instructions":
            self.bins = {float(k): v for k, v in m["instructions"].items() if v}
            self.widths = dict.fromkeys(self.bins, 1.0)
            self.width, self.beyond, self.shift = 1.0, 0, -0.5  # whole numbers: above their place on the axis
            self.least, self.largest = min(self.bins, default=None), max(self.bins, default=None)
            total = sum(self.bins.values())
            self.mean = sum(k * v for k, v in self.bins.items()) / total if total else None
            if m.get("bare_instructions"):
                self.bare = max(int(k) for k in m["bare_instructions"])
        else:
            ns = formats.NS / m["hz"]
            self.bins = {k * ns: v for k, v in m["bins"].items()}
            self.widths = {k * ns: formats.width(m, k) * ns for k in m["bins"]}
            self.width, self.beyond = ns, m["overflow"]
            self.least, self.largest, self.mean, self.bare = (formats.nanoseconds(m, v) for v in (m["min"], m["max"], formats.mean(m), m.get("bare_max")))
        self.samples = sum(self.bins.values()) + self.beyond
        self.end = max([0.0, *(k + w for k, w in self.widths.items()), (self.largest or 0.0) + self.width, self.bare or 0.0])

    def middle(self, k):
        return k + self.shift + self.width / 2

    def scale(self, by):
        self.by = by
        for key in ("width", "least", "largest", "mean", "end", "bare"):
            if getattr(self, key) is not None:
                setattr(self, key, getattr(self, key) / by)
        self.bins = {k / by: v for k, v in self.bins.items()}
        self.widths = {k / by: w / by for k, w in self.widths.items()}

    def said(self, value):
        """For people; a time in the unit that suits it, which the axis' need not be."""
        if value is None or self.by is None:
            return grouped(value)
        ns = round(value * self.by, 3)
        by, unit = unit_of(ns)
        return f"{grouped(ns / by)} {unit}"


def unit_of(ns):
    """So that ten of it are not more than that."""
    return next((b, u) for b, u in ((1e9, "s"), (1e6, "ms"), (1e3, "\u00b5s"), (1, "ns")) if ns >= 10 * b or b == 1)


def strips(measurements, what):
    """All of them, and what the axis is called."""
    common = len({m["scenario"] for m in measurements}) == 1
    found = [Strip(m, what, common) for m in measurements if what == "latency" or m.get("instructions")]
    if not found:
        raise formats.Bad(f"nothing to draw: no measurement has {what}")
    if what == "instructions":
        return found, "instructions of this CPU from the event to the handler"
    by, unit = unit_of(max(s.end for s in found))
    for s in found:
        s.scale(by)
    return found, f"latency in {unit}"


# ---- drawing

def text(x, y, words, klass="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{klass}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1, y1, x2, y2, klass):
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" class="{klass}"/>'


class Axes:
    """From units of the axis and counts to places in the picture."""

    def __init__(self, found, height, gap):
        self.right = WIDTH - STATS
        largest = max(max(s.end for s in found), 16 * max(s.width for s in found))  # not so few classes that they are all one sees
        self.major = step(largest, 8)
        self.end = max(math.ceil(largest * 1.02 / self.major), 1) * self.major
        self.decades = max(1, math.ceil(math.log10(max(max(s.samples for s in found), 2))))
        self.height, self.gap, self.floor = height, gap, 0.7

    def x(self, value):
        return LEFT + (self.right - LEFT) * min(value / self.end, 1.0)

    def y(self, base, count):
        low, high = math.log10(self.floor), self.decades + 0.08
        return base - self.height * (math.log10(max(count, self.floor)) - low) / (high - low)


def classes(strip, axes, base):
    """The filled steps. What touches is one area; what is thinner than a line is as wide as one."""
    out, pieces = [], []
    for k in sorted(strip.bins):
        x1, x2 = axes.x(k + strip.shift), axes.x(k + strip.shift + strip.widths[k])
        if x2 - x1 < THIN:
            x1, x2 = (x1 + x2 - THIN) / 2, (x1 + x2 + THIN) / 2
        y = axes.y(base, strip.bins[k])
        if pieces and x1 <= pieces[-1][1] + 0.05:
            pieces[-1] = (pieces[-1][0], x2, pieces[-1][2] + f"V{y:.1f}H{x2:.1f}")
        else:
            pieces.append((x1, x2, f"M{x1:.1f} {base:.1f}V{y:.1f}H{x2:.1f}"))
    for _, _, path in pieces:
        out.append(f'<path d="{path}V{base:.1f}Z" class="samples"/>')
    return out


def later(strip, axes, base):
    """How many were this late or later."""
    left, path = strip.samples, f"M{axes.x(0):.1f} {axes.y(base, strip.samples):.1f}"
    for k in sorted(strip.bins):
        path += f"H{axes.x(k + strip.shift + strip.widths[k]):.1f}"
        left -= strip.bins[k]
        path += f"V{axes.y(base, left):.1f}"
    if left and strip.largest is not None:  # beyond the classes; the last of them is known
        path += f"H{axes.x(strip.largest + strip.shift + strip.width):.1f}V{base:.1f}"
    return f'<path d="{path}" class="later"/>'


def frame(axes, base, labels):
    out, top = [], base - axes.height
    for power in range(axes.decades + 1):
        y = axes.y(base, 10 ** power)
        out.append(line(LEFT, y, axes.right, y, "grid"))
        if axes.height / axes.decades > 22 or power % 2 == axes.decades % 2:
            out.append(text(LEFT - 8, y + 4, decade(power), "tick", "end"))
    for i in range(round(axes.end / axes.major) + 1):
        x = axes.x(i * axes.major)
        out.append(line(x, top, x, base, "grid"))
        if labels:
            out.append(line(x, base, x, base + 5, "edge"))
            out.append(text(x, base + 18, grouped(round(i * axes.major, 6)), "tick number", "middle"))
    out.append(f'<rect x="{LEFT}" y="{top:.1f}" width="{axes.right - LEFT}" height="{axes.height:.1f}" class="edge"/>')
    return out


def worst(strip, axes, base):
    if strip.largest is None:
        return []
    x, words = axes.x(strip.middle(strip.largest)), f"max {strip.said(strip.largest)}"
    half = axes.x(strip.width / 2) - axes.x(0) + 6
    side = "end" if x + half + BOLD * len(words) > axes.right else "start"
    return [line(x, base - axes.height, x, base, "worst"),
            text(x + (half if side == "start" else -half), base - axes.height + 15, words, "worst-text number", side)]


def facts(strip, axes, base, tall):
    """The numbers beside a strip."""
    x, y = axes.right + 14, base - axes.height + 11
    half, p = (formats.percentile(strip.bins, share, strip.beyond) for share in (0.5, 0.9999))
    rows = [(strip.name, "name")] + ([(strip.what, "quiet")] if strip.what else []) + [
            (f"{grouped(strip.samples)} samples", "quiet number"), (f"min {strip.said(strip.least)}, mean {strip.said(strip.mean)}", "quiet number"),
            ("the median is beyond the histogram" if half is None else f"median {strip.said(half)}", "quiet number"),
            (f"max {strip.said(strip.largest)}{'' if strip.by else ' instructions'}", "worst-text number")]
    if tall:
        rows.insert(-1, ("99.99 % beyond the histogram" if p is None else f"99.99 % within {strip.said(p)}", "quiet number"))
        rows += [(f"{grouped(n)} {what}", "quiet number") for n, what in ((strip.beyond, "beyond the histogram"), (strip.missed, "missed")) if n]
        rows += [(f"max on bare metal {strip.said(strip.bare)}", "quiet number")] if strip.bare is not None else []
    out = []
    for i, (words, klass) in enumerate(rows):
        room = int((STATS - 20) / (BOLD if klass == "name" else LETTER))
        out.append(text(x, y + 16 * i, words if len(words) <= room else words[:room - 1] + "\u2026", klass))
    return out


def legend(x, y, bare):
    out = [f'<rect x="{x}" y="{y - 9}" width="14" height="10" class="samples"/>', text(x + 20, y, "samples in each class", "quiet"),
           line(x + 168, y - 4, x + 186, y - 4, "later"), text(x + 192, y, "there or later", "quiet"),
           line(x + 290, y - 4, x + 308, y - 4, "worst"), text(x + 314, y, "maximum", "quiet")]
    return out + ([line(x + 390, y - 4, x + 408, y - 4, "bare"), text(x + 414, y, "maximum on bare metal", "quiet")] if bare else [])


def notes_at(notes):
    """In the corner that the title and the legend leave free: what was measured, and how it is to be read."""
    return [text(WIDTH - 24, y, words if len(words) <= room else words[:room - 1] + "\u2026", "quiet", "end")
            for y, words, room in zip((26, 50), notes, (int(0.7 * WIDTH / LETTER), int((WIDTH - 650) / LETTER))) if words]


def svg(measurements, what="latency", title="", notes=()):
    found, label = strips(measurements, what)
    height, gap = {1: (300, 0), 2: (180, 22), 3: (140, 20)}.get(len(found), (92, 18))
    axes = Axes(found, height, gap)
    total = TOP + len(found) * (height + gap) - gap + BOTTOM
    words = title or (measurements[0]["scenario"] if len({m["scenario"] for m in measurements}) == 1 else "")
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total}" width="{WIDTH}" height="{total}" role="img" '
           f'aria-label="{escape(words or label)}">', f"<style>{STYLE}</style>", f'<rect width="{WIDTH}" height="{total}" class="paper"/>',
           text(LEFT, 26, words, "title"), *legend(LEFT, 50, any(s.bare is not None for s in found)), *notes_at(notes),
           f'<text transform="translate(16 {(TOP + total - BOTTOM) / 2:.1f}) rotate(-90)" text-anchor="middle">samples</text>']
    for i, strip in enumerate(found):
        base = TOP + height + i * (height + gap)
        out += [f"<g><title>{escape(strip.name)} {escape(strip.what)}: {strip.samples} samples, maximum {escape(strip.said(strip.largest))}</title>",
                *frame(axes, base, i == len(found) - 1), *classes(strip, axes, base), later(strip, axes, base)]
        if strip.bare is not None:
            x = axes.x(strip.middle(strip.bare))
            out.append(line(x, base - height, x, base, "bare"))
        out += [*worst(strip, axes, base), *facts(strip, axes, base, height >= 140), "</g>"]
    out.append(text((LEFT + axes.right) / 2, total - 8, label, "", "middle"))
    return "\n".join(out) + "\n</svg>\n"
