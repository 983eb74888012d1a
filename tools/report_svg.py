# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The pictures of report.html, as inline SVG. Colours are classes of report.css, so that light, dark and print work."""

WIDTH = 1160
LETTER = 6.6   # a wide guess at the width of a letter of 12 px


def fit(text, width, esc):
    """As much of it as there is room for; the whole of it is in the title."""
    room = max(1, int(width / LETTER))
    return esc(text if len(text) <= room else text[:room - 1] + "\u2026")


def picture(width, height, label, parts):
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" ' \
        f'aria-label="{label}">\n' + "\n".join(parts) + "\n</svg>"


def box(x, y, width, height, klass, title=""):
    inside = f"<title>{title}</title>" if title else ""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" class="{klass}">{inside}</rect>'


def text(x, y, klass, words):
    return f'<text x="{x:g}" y="{y:g}" class="{klass}">{words}</text>'


def legend():
    words = [("hypervisor", "the hypervisor"), ("c0", "memory of a cell, in its colour"), ("c0 image", "pristine image of a cell"),
             ("reserved", "reserved: nobody's"), ("shared", "shared by cells"), ("free", "free")]
    return '<div class="legend">' + "".join(
        f'<span><svg width="14" height="14" class="mark">{box(0.5, 0.5, 13, 13, k)}</svg> {w}</span>' for k, w in words) + "</div>"


BAR = 40


def bar(base, length, pieces, esc, colors=0):
    """
    A bank to scale. pieces: (base, size, class, what, bands). What would be thinner than a line is one. Bands are ranges of
    the cache's colours, from top to bottom; None: all of them.
    """
    out = []
    for start, size, klass, what, bands in pieces:
        x, width = (start - base) * WIDTH / length, max(size * WIDTH / length, 1.5)
        for first, last in bands or [(0, max(colors, 1) - 1)]:
            y, height = BAR * first / max(colors, 1), BAR * (last - first + 1) / max(colors, 1)
            title = f"{what}: 0x{start:x}, 0x{size:x} bytes" + (f", of it colours {first} to {last}" if bands else "")
            out.append(box(round(x, 2), round(0.5 + y, 2), round(width, 2), round(height, 2), klass, esc(title)))
            if width > 46 and height > 12:
                out.append(text(round(x + 5, 2), round(y + height / 2 + 5, 2), "on", fit(what, width - 8, esc)))
    out.append(box(0.5, 0.5, WIDTH - 1, 40, "frame"))
    for part in range(5):
        x = part * WIDTH / 4
        anchor = "start" if part == 0 else "end" if part == 4 else "middle"
        out.append(f'<text x="{x:g}" y="56" class="small" text-anchor="{anchor}">0x{base + part * length // 4:x}</text>')
    return picture(WIDTH, 62, "memory, to scale", out)


def color_map(parties, count, esc):
    """Which colours of the cache each has. parties: (name, class, colours or None for all)"""
    wide, high, left = (WIDTH - 180) / count, 24, 180
    out = []
    for row, (name, klass, mine) in enumerate(parties):
        y = row * (high + 4)
        out.append(text(0.5, y + 16, "on", fit(name, left - 10, esc)))
        for color in range(count):
            owned = mine is None or color in mine
            title = esc(f"{name}: {'has' if owned else 'has not'} colour {color}")
            out.append(box(round(left + color * wide, 2), y + 0.5, round(wide - (1 if wide > 4 else 0), 2), high, klass if owned else "free", title))
    y = len(parties) * (high + 4)
    for color in (0, count // 4, count // 2, 3 * count // 4, count - 1):
        out.append(text(round(left + color * wide, 2), y + 12, "small", str(color)))
    return picture(WIDTH, y + 18, "colours and who has them", out)


def tiles(pieces, esc):
    """The same in order, each of one size. pieces: (class, what, size, address)."""
    across, wide, high = 8, WIDTH / 8, 58
    out = []
    for i, (klass, what, size, address) in enumerate(pieces):
        x, y = i % across * wide, i // across * (high + 6)
        out.append(box(x + 0.5, y + 0.5, wide - 4, high - 2, klass, esc(f"{what}: {size} at {address}")))
        out.append(text(x + 7, y + 18, "on", fit(what, wide - 18, esc)))
        out.append(text(x + 7, y + 34, "on", esc(size)))
        out.append(text(x + 7, y + 49, "on", esc(address)))
    rows = (len(pieces) + across - 1) // across
    return picture(WIDTH, rows * (high + 6), "memory, in order", out)


def cpus(list_of, esc):
    """(name, owner, role, kick, class); the role may have several parts with commas between"""
    across, wide, high = 8, WIDTH / 8, 92
    out = []
    for i, (name, owner, role, kick, klass) in enumerate(list_of):
        x, y = i % across * wide, i // across * (high + 6)
        out.append(box(x + 0.5, y + 0.5, wide - 6, high - 2, klass, esc(f"{name}: {owner}, {role}")))
        first, _, more = role.partition(", ")
        for row, (words, style) in enumerate(((name, "head"), (owner, "on"), (first, "on"), (more, "on"), (kick, "on"))):
            out.append(text(x + 8, y + 18 + 16 * row, style, fit(words, wide - 20, esc)))
    rows = (len(list_of) + across - 1) // across
    return picture(WIDTH, rows * (high + 6), "CPUs and their owners", out)


# ---- a guest's addresses

VIEW = 270


def entry(e, y, x, klass, height, second, esc, num):
    """One box of a guest's map, with its first and last address."""
    base, length = num(e["base"]), num(e["size"])
    return [box(x + 0.5, y + 0.5, VIEW - 1 - x - 4, height - 2, klass, esc(f"{e['what']}: 0x{base:x}, 0x{length:x} bytes")),
            text(x + 8, y + 17, "on", fit(e["what"], VIEW - x - 20, esc)), text(x + 8, y + 32, "on", fit(second, VIEW - x - 20, esc))]


def guest(cell, klass, esc, num, size):
    """Side by side with the others: RAM with the images in it, devices, windows, GIC."""
    physical = {m["guest"]: m["physical"] for m in cell["memory"]}
    out, y, at = [text(0.5, 14, "head", fit(cell["name"], VIEW, esc))], 24, 0
    images = [e for e in cell["map"] if e["kind"] == "image"]
    for e in cell["map"]:
        base, length = num(e["base"]), num(e["size"])
        if e["kind"] == "image":
            continue
        if base > at:
            out.append(text(8, y + 9, "small", f"\u22ee 0x{base - at:x} bytes of nothing"))
            y += 15
        inside = [i for i in images if e["kind"] == "ram" and base <= num(i["base"]) < base + length]
        height = 40 + 40 * len(inside)
        second = f"0x{base:x}, {size(length)}" + (f" \u2192 {physical[e['base']]}" if e["kind"] == "ram" and e["base"] in physical else "")
        out += entry(e, y, 0, klass if e["kind"] in ("ram", "device") else "shared" if e["kind"] == "shared" else "plain", height, second, esc, num)
        for k, i in enumerate(inside):
            out += entry(i, y + 38 + 40 * k, 14, "plain", 38, f"0x{num(i['base']):x}, {size(num(i['size']))}", esc, num)
        y, at = y + height + 2, max(at, base + length)
    return picture(VIEW, y + 2, esc(f"what {cell['name']} sees"), out)
