"""table_lookup.py INCLUDE COMPILER... - a Stepper is compiled to a look-up in a table of states by events: its machine code
calls nothing and does not loop, the table has two bytes a cell, and nothing else of the model is in the program."""
import os
import re
import subprocess
import sys

CELL_BYTES, STATES, EVENTS = 2, 3, 5
CALL = re.compile(r"^\s+(call\w*|blr?|jalr?)\s.*", re.MULTILINE)  # x86, ARM, RISC-V
LABEL = re.compile(r"^(\.L\w+):")
JUMP = re.compile(r"^\s+(?:j|b|cb|tb)\w*[\s.].*?(\.L\w+)")


def jumps_back(code):
    passed = set()
    for line in code.splitlines():
        label, jump = LABEL.match(line), JUMP.match(line)
        if label:
            passed.add(label.group(1))
        if jump and jump.group(1) in passed:
            return True
    return False


def problems_of(assembly):
    step = re.search(r"^_Z4step\S*:.*?\n(.*?)^\s*\.size\s+_Z4step", assembly, re.MULTILINE | re.DOTALL)
    if step is None:
        return ["there is no function step"]
    problems = [f"step calls something: {call.group(0).strip()}" for call in CALL.finditer(step.group(1))]
    if jumps_back(step.group(1)):
        problems.append("step has a loop")
    sizes = [int(size) for size in re.findall(r"^\s*\.size\s+_ZN6swerve\S*kCells\S*,\s*(\d+)", assembly, re.MULTILINE)]
    if sizes != [CELL_BYTES * STATES * EVENTS]:
        problems.append(f"tables of {sizes} bytes, where one of {CELL_BYTES * STATES * EVENTS} was expected")
    if re.search(r"^\w*door:", assembly, re.MULTILINE):
        problems.append("the model with its names and its text is in the program")
    return problems


def main(include, *compilers):
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stepper.cc")
    failed = False
    for compiler in compilers:
        ran = subprocess.run([compiler, "-std=c++20", "-O2", "-S", "-g0", f"-I{include}", source, "-o", "-"],
                             capture_output=True, text=True)
        for problem in problems_of(ran.stdout) if ran.returncode == 0 else [ran.stderr]:
            print(f"{compiler}: {problem}")
            failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
