"""compile_cases.py INCLUDE CASE COMPILER... - the case of bad_models.cc is refused by each compiler, for its reason.

compile_cases.py INCLUDE --all COMPILER... runs all of them."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PLACE = re.compile(r"(\w+) (\d+):(\d+)")


def cases():
    """{name: (problem, code)}"""
    with open(os.path.join(HERE, "bad_models.cc"), encoding="utf-8") as file:
        blocks = re.split(r"^// case: (.*)\n// (.*)\n", file.read(), flags=re.MULTILINE)[1:]
    found = {}
    for name, problem, code in zip(blocks[::3], blocks[1::3], blocks[2::3]):
        if name in found:
            sys.exit(f"bad_models.cc has two cases '{name}'")
        found[name] = (problem, code)
    return found


def patterns(problem):
    """What must stand in the compiler's messages, one of them: g++'s and clang's ways to show the problem."""
    place = PLACE.fullmatch(problem)
    if not place:
        return [f"error: .*({problem})", f"note: non-constexpr function '{problem}'"]
    name, line, column = place.groups()
    code = int(line) * 1000 + int(column)
    return [f"error: array subscript value .{code}. is outside the bounds of array .swerve::bad_model::{name}. of type "
            ".const swerve::bad_model::LineTimes1000PlusColumn",
            rf"note: non-constexpr function '{name}' cannot be used(?s:.*)note: in call to 'refuse\(\d+, {line}, {column}\)'"]


def compile_text(compiler, include, code):
    return subprocess.run([compiler, "-std=c++20", "-fsyntax-only", "-x", "c++", f"-I{include}", "-"], text=True,
                          input='#include "swerve/model/dot.h"\n' + code, capture_output=True,
                          env={**os.environ, "LC_ALL": "C"})


def check(compiler, include, problem, code):
    """What is wrong, or None."""
    ran = compile_text(compiler, include, code)
    if ran.returncode == 0:
        return f"{compiler} accepts it"
    if not any(re.search(pattern, ran.stderr) for pattern in patterns(problem)):
        return f"{compiler} does not say '{problem}':\n{ran.stderr}"
    return None


def main(include, wanted, *compilers):
    known = cases()
    failed = False
    for name in known if wanted == "--all" else [wanted]:
        for compiler in compilers:
            wrong = check(compiler, include, *known[name])
            if wrong:
                print(f"{name}: {wrong}")
                failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
