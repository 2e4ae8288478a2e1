"""documents.py ROOT - README.md and ARCHITECTURE.md name the folders that there are, and no others."""
import os
import re
import sys

import tree


def check(root):
    known = tree.rooms(root)
    files = tree.files(root)
    folders = {name[:slash.end()] for name in files for slash in re.finditer("/", name)}
    problems = []
    for document in ("README.md", "ARCHITECTURE.md"):
        for number, line in enumerate(tree.read(os.path.join(root, document)).splitlines(), 1):
            for named in re.findall(r"`([\w.-][\w./-]*/)`", line):
                if named not in folders and named != "build/":
                    problems.append(f"{document}:{number} names the folder {named}, which is not in the tree")
    architecture = tree.read(os.path.join(root, "ARCHITECTURE.md"))
    wanted = {f"src/{room}/" for room in known if f"src/{room}/" in folders}
    wanted |= {f for f in folders if f.count("/") == 1 and not f.startswith(".")}
    problems += [f"ARCHITECTURE.md does not say what the folder {folder} is" for folder in sorted(wanted)
                 if f"`{folder}`" not in architecture]
    return problems


if __name__ == "__main__":
    found = check(sys.argv[1])
    print("\n".join(found))
    sys.exit(bool(found))
