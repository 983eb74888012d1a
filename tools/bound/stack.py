# SPDX-License-Identifier: Apache-2.0 OR MIT
"""How deep the stack gets: bytes below where a function finds it."""
import re

from values import SP, State, step

TOUCHES = re.compile(r"\[sp(?:\]|, #-?\w+\]!)")


def moves(ins):
    return ins.args.startswith("sp,") and ins.op in ("add", "sub", "and", "orr") or bool(TOUCHES.search(ins.args)) and (ins.args.endswith("!") or "]," in ins.args)


def depths(program):
    """entry -> (bytes, [functions of the deepest way])"""
    result = {}
    for function in program.order:
        result[function.entry] = depth(program, function, result)
    return result


def depth(program, function, known):
    best, way = 0, [function.name]
    places = {function.entry: 0}
    todo = [function.entry]
    while todo:
        start = todo.pop()
        at, block = places[start], function.blocks[start]
        for ins in block.code:
            if moves(ins):
                at = moved(program, function, block, ins, at)
            if -at > best:
                best, way = -at, [function.name]
        for callee in block.calls or ():
            if callee in known and known[callee][0] - at > best:
                best, way = known[callee][0] - at, [function.name, *known[callee][1]]
        for n in block.next:
            if n not in places:
                places[n] = at
                todo.append(n)
            elif places[n] != at:
                program.problem(n, f"{function.name}: the stack pointer is not the same whichever way one comes", "no alloca, no array of variable length")
    return best, way


def moved(program, function, block, ins, at):
    state = State([(64, ("in", r), 0) for r in range(32)])
    step(state, ins, {}, program)
    value = state.regs[SP]
    if isinstance(value, tuple) and value[1] == ("in", SP):
        off = value[2]
        return at + (off - (1 << 64) if off >> 63 else off)
    if isinstance(value, tuple) and value[1][0] == "in" and value[2] == 0 and function.entry not in program.image.functions:
        return 0  # assembly begins a stack anew
    program.problem(ins.at, f"{function.name}: nobody knows how far the stack pointer moves", "no alloca, no array of variable length")
    return at
