"""leftovers.py ROOT - no file of the project holds a stub's mark or a path of one person's machine."""
import os
import re
import sys

import tree

MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
PATHS = re.compile(r"(?<![\w.~*])/(home|work|root|Users)/\w[\w./-]*")


def check(root):
    problems = []
    for name in tree.files(root):
        try:
            text = tree.read(os.path.join(root, name))
        except UnicodeDecodeError:
            continue  # pictures and fuzzers' inputs
        for number, line in enumerate(text.splitlines(), 1):
            mark, path = MARKS.search(line), PATHS.search(line)
            if mark:
                problems.append(f"{name}:{number} says {mark.group(0)}: finish it, or file an issue and name it")
            if path:
                problems.append(f"{name}:{number} has the path {path.group(0)}, which is of one machine alone")
    return problems


if __name__ == "__main__":
    found = check(sys.argv[1])
    print("\n".join(found))
    sys.exit(bool(found))
