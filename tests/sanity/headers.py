"""headers.py ROOT COMPILER ROOM... - every header of the rooms has `#pragma once`, says at its top what it is, and
compiles alone. One that its own source includes before all else has been compiled alone already."""
import concurrent.futures
import os
import subprocess
import sys

import includes
import tree

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++", "-"]


def check_text(path, text):
    problems = []
    if "\n#pragma once\n" not in "\n" + text:
        problems.append(f"{tree.where(path)} has no #pragma once")
    if not text.startswith(f"// {path} - "):
        problems.append(f'{tree.where(path)} does not begin with "// {path} - " and what it is')
    return problems


def compile_alone(root, compiler, path):
    folders = ("include",) if path.startswith("swerve/") else tree.TOPS  # a public one needs public ones alone
    ran = subprocess.run([compiler, *[f"-I{os.path.join(root, top)}" for top in folders], *FLAGS], input=f'#include "{path}"\n',
                         capture_output=True, text=True)
    return [] if ran.returncode == 0 else [f"{tree.where(path)} does not compile alone:\n{ran.stderr.strip()}"]


def first_in_its_source(root, path):
    source = os.path.join(root, "src", path.removeprefix("swerve/")[: -len(".h")] + ".cc")
    if not os.path.exists(source):
        return False
    first = next(filter(None, map(includes.INCLUDE.match, tree.read(source).splitlines())), None)
    return first is not None and first.group(2) == path


def check(root, compiler, rooms):
    headers = [path for path in tree.sources(root, (".h",)) if tree.room_of(path, tree.rooms(root)) in rooms]
    alone = [path for path in headers if not first_in_its_source(root, path)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        compiled = list(pool.map(lambda path: compile_alone(root, compiler, path), alone))
    texts = [check_text(path, tree.read(os.path.join(root, tree.where(path)))) for path in headers]
    return [problem for problems in texts + compiled for problem in problems]


if __name__ == "__main__":
    found = check(sys.argv[1], sys.argv[2], sys.argv[3:])
    print("\n".join(found))
    sys.exit(bool(found))
