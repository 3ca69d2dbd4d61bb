# SPDX-License-Identifier: Apache-2.0
"""What callgrind has counted in one run."""

import re
from dataclasses import dataclass

ALLOCATORS = {"malloc", "calloc", "realloc", "reallocarray", "posix_memalign", "aligned_alloc", "memalign"}
# Valgrind has no vDSO: what is no system call elsewhere is one there.
CLOCKS = re.compile(r"(__)?(clock_gettime|gettimeofday|time)(@.*)?$")


@dataclass(frozen=True)
class Counts:
    """Of a whole process, from its start to its end."""

    instructions: int
    # Calls of malloc and its like, from whatever library.
    allocations: int
    system_calls: int

    def per(self, fewer, times):
        """The figures of one of `times` more things done than in `fewer`; instructions whole, the others to a tenth."""
        return Counts(
            round((self.instructions - fewer.instructions) / times),
            round((self.allocations - fewer.allocations) / times, 1),
            round((self.system_calls - fewer.system_calls) / times, 1))


def read(path):
    """Reads callgrind's file (its manual: "Callgrind Format Specification"), written with --collect-systime."""
    names, events = {}, []
    instructions = allocations = system_calls = None
    function = callee = None
    after_call = False
    for line in path.read_text().splitlines():
        if match := re.match(r"(c?fn)=\((\d+)\)(?: (.*))?", line):
            kind, number, name = match.groups()
            if name:
                names[number] = re.sub(r"'\d+$", "", name)
            if kind == "fn":
                function = names[number]
            else:
                callee = names[number]
        elif line.startswith("events: "):
            events = line.split()[1:]
            allocations = system_calls = 0
        elif line.startswith("totals: "):
            instructions = int(line.split()[1])
        elif line.startswith("calls="):
            # The line behind it is what the calls cost, which is told of the callee as well.
            after_call = True
            if callee in ALLOCATORS and function not in ALLOCATORS:
                allocations += int(line[6:].split()[0])
        elif re.match(r"[-+*\d]", line):
            costs = line.split()[1:]
            place = events.index("sysCount")
            if not after_call and len(costs) > place and not CLOCKS.match(function):
                system_calls += int(costs[place])
            after_call = False
    if instructions is None or "sysCount" not in events:
        raise SystemExit(f"budget: callgrind left no totals in {path}")
    return Counts(instructions, allocations, system_calls)
