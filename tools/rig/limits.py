# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What a measurement has to keep to, as one writes it on a command line.

    max-ns=2000   timer:max-instructions=5   p99.99-ns=800   missed=0   overflow=0   samples=1000000   exits=0

`samples` is the least there have to be, all else is the most there may be. Before a colon: the source (timer, device, ...) it is
about; else it is about all. What a measurement does not say is not kept: a limit of instructions fails where none were counted.
"""

import re
from pathlib import Path

import formats

WORD = re.compile(r"(?:(?P<source>[^:=]+):)?(?P<what>max-ns|mean-ns|p(?P<share>\d+(?:\.\d+)?)-ns|missed|overflow|samples|exits|"
                  r"max-instructions|max-core-instructions)=(?P<value>\d+(?:\.\d+)?)")


def parse(word):
    """(source or None, what, share or None, value)"""
    m = WORD.fullmatch(word)
    if not m or (m["share"] and not 0 < float(m["share"]) <= 100):
        raise formats.Bad(f"no limit: '{word}'; one is [SOURCE:]WHAT=NUMBER, WHAT of max-ns mean-ns p99.99-ns missed overflow samples exits "
                          "max-instructions max-core-instructions")
    return m["source"], m["what"], float(m["share"]) / 100 if m["share"] else None, float(m["value"])


def all_of(words, files=()):
    """Those of a command line and those of files (blanks or line ends between, comments begin with #); Bad: one is none."""
    words = list(words)
    try:
        for file in files:
            words += re.sub(r"#.*", "", Path(file).read_text(encoding="utf-8")).split()
    except (OSError, UnicodeDecodeError) as e:
        raise formats.Bad(f"{file}: {getattr(e, 'strerror', None) or e}") from None
    for word in words:
        parse(word)
    return words


def found(m, what, share):
    """What the measurement has to say; None: nothing."""
    if what in ("missed", "overflow", "samples"):
        return m[what]
    if what == "max-ns":
        return formats.nanoseconds(m, m["max"])
    if what == "mean-ns":
        return formats.nanoseconds(m, formats.mean(m))
    if share is not None:
        inside = formats.percentile(m["bins"], share, m["overflow"])
        return formats.nanoseconds(m, m["max"] if inside is None else inside)
    if what == "exits":
        return formats.exits(m)
    counted = m.get(what.removeprefix("max-").replace("-", "_"))
    return max(counted, default=None) if counted else None


def plain(number):
    return f"{number:.0f}" if number >= 1000 or float(number).is_integer() else f"{number:.2f}"


def broken(measurements, words):
    """A sentence for each that is not kept."""
    said = []
    for word in words:
        source, what, share, value = parse(word)
        about = [m for m in measurements if source in (None, m["source"])]
        if not about:
            said.append(f"{word}: there is no measurement of {source}" if source else f"{word}: there is no measurement")
        for m in about:
            have = found(m, what, share)
            if have is None:
                said.append(f"{formats.name_of(m)}: {what} is not known, the limit is {plain(value)}")
            elif (have < value) if what == "samples" else (have > value):
                said.append(f"{formats.name_of(m)}: {what} is {plain(have)}, the limit is {plain(value)}")
    return said
