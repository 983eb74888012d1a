# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How many loops of the source are around a place. Only what a loop looks like is known of C here."""
import bisect
import functools
import pathlib
import re

TREE = pathlib.Path(__file__).resolve().parents[2]
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
TOKEN = re.compile(r"\bdo\b|\bwhile\b|\bfor\b|\bFOR_EACH\w*|\bLOOP_[A-Z]+\b|[{}();]")


def clean(text):
    """Without comments, strings and the preprocessor's lines, in as many lines."""
    text = NOISE.sub(lambda m: "\n" * m[0].count("\n"), text)
    lines, macro = [], False
    for line in text.split("\n"):
        macro = macro or line.lstrip().startswith("#")
        lines.append("" if macro else line)
        macro = macro and line.endswith("\\")
    return lines


@functools.lru_cache(None)
def lines_of(file):
    path = pathlib.Path(file)
    path = path if path.is_absolute() else TREE / path
    return clean(path.read_text(encoding="utf-8")) if path.suffix in (".c", ".h") and path.is_file() else []


@functools.lru_cache(None)
def marks(file):
    """line -> (loops around the LOOP_... that stands there, first and last line of its function, and of the innermost of these loops)."""
    return _Reader("\n".join(lines_of(file))).read()


class _Reader:
    """A statement is a block, or what ends with ;"""

    def __init__(self, text):
        self.text = text
        lines = [m.start() for m in re.finditer("\n", text)]
        self.tokens = [(m[0], bisect.bisect_left(lines, m.start()) + 1) for m in TOKEN.finditer(text)]
        self.at, self.found, self.extents = 0, {}, {}

    def read(self):
        result = {}
        while self.at < len(self.tokens):
            first, self.found = self.tokens[self.at][1], {}
            self._statement(0)
            last = self.tokens[min(self.at, len(self.tokens)) - 1][1]
            result.update({line: (depth, first, last, *self.extents.get(line, (1, 0))) for line, depth in self.found.items()})
        return result

    def _next(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def _peek(self):
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def _statement(self, depth):
        while self.at < len(self.tokens):
            token, line = self._next()
            if token == "{":
                while self.at < len(self.tokens) and self._peek() != "}":
                    self._statement(depth)
                self.at += 1
                return
            if token in (";", "}"):
                return
            if token == "(":
                self._parentheses(depth)
            elif token == "do":
                self._statement(depth + 1)
                self._extent(line)
                if self._peek() == "while":
                    self._next()
                    self._brackets(depth + 1)
            elif token in ("while", "for") or token.startswith("FOR_EACH"):
                if token.startswith("FOR_EACH"):
                    self.found[line] = depth + 1  # it has a mark in itself
                self._brackets(depth + 1)
                self._statement(depth + 1)
                self._extent(line)
                return
            elif token.startswith("LOOP_"):
                self.found[line] = depth

    def _extent(self, first):
        last = self.tokens[min(self.at, len(self.tokens)) - 1][1]
        for line in self.found:
            if first <= line <= last:
                self.extents.setdefault(line, (first, last))

    def _brackets(self, depth):
        if self._peek() == "(":
            self._next()
            self._parentheses(depth)

    def _parentheses(self, depth):
        """Behind an opening one, to its end."""
        while self.at < len(self.tokens):
            token, _ = self._next()
            if token == ")":
                return
            if token == "(":
                self._parentheses(depth)
            elif token == "{":
                self.at -= 1
                self._statement(depth)


def around(where, line):
    """
    Loops of the source around a mark of that line, in all the functions that were inlined into each other. where: [(function, file, line)],
    innermost first, of the instruction behind the mark, which may be of something that was inlined there. None: it is in none of them.
    """
    for i, (_, file, at) in enumerate(where):
        depth, first, last, _, _ = marks(file).get(line, (0, 1, 0, 1, 0))
        if first <= at <= last:
            return depth + sum(loops_at(f, n) for _, f, n in where[i + 1:])
    return None


def is_inside(where, line, other):
    """Is another instruction, too, of the loop of a mark of that line? where, other: as above."""
    for _, file, at in where:
        _, first, last, begin, end = marks(file).get(line, (0, 1, 0, 1, 0))
        if first <= at <= last:
            return any(f == file and (begin <= n <= end or n == 0) for _, f, n in other)  # 0: made by the compiler, of no line
    return False


@functools.lru_cache(None)
def loops_at(file, line):
    """Loops around a line of a file: where something was inlined."""
    lines = [re.sub(r"\bLOOP_", "loop_", text) for text in lines_of(file)]
    if not 0 < line <= len(lines):
        return 0
    text = lines[line - 1]
    loop = re.match(r"\s*(?:\}\s*)?(?:for|while|FOR_EACH\w*)\s*\(", text)
    put = loop.end() if loop else len(text) - len(text.lstrip())
    lines[line - 1] = text[:put] + " LOOP_HERE " + text[put:]
    return _Reader("\n".join(lines)).read().get(line, (0,))[0]
