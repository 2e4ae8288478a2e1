"""tree.py - what the checks know about the tree: its rooms, as CMakeLists.txt has them, and its files."""
import os
import re
import subprocess


TOPS = ("src", "include")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def rooms(root):
    """{room: what it may include}, from the swerve_room() lines of CMakeLists.txt."""
    text = re.sub(r"#.*", "", read(os.path.join(root, "CMakeLists.txt")))
    found = {}
    for words in re.findall(r"\bswerve_room\(([^)]*)\)", text):
        room, *rest = words.split()
        depends = rest[rest.index("DEPENDS") + 1:] if "DEPENDS" in rest else []
        if "LIBRARIES" in depends:
            depends = depends[:depends.index("LIBRARIES")]
        found[room] = depends
    return found


def room_of(path, known):
    """The room that holds `path` (below src/, or a public header as "swerve/ROOM/FILE.h"): the longest one that fits, or
    None."""
    if path == "swerve/swerve.h":  # all that a program needs: of the room that has it all
        return "control/inproc"
    path = path.removeprefix("swerve/")
    fits = [room for room in known if os.path.dirname(path) == room or path.startswith(room + "/")]
    return max(fits, key=len, default=None)


def files(root):
    """The files that belong to the project, below `root`: git's, or all where there is no git."""
    listed = subprocess.run(["git", "-C", root, "-c", "safe.directory=*", "ls-files", "-z"], capture_output=True, text=True)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
    else:
        names = []
        for folder, folders, here in os.walk(root):
            folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, name), root) for name in here]
    return sorted(name for name in names if os.path.isfile(os.path.join(root, name)))


def sources(root, endings=(".cc", ".h")):
    """Every source below src/ and include/, committed or not, as its path below that: as it is included."""
    return sorted(os.path.relpath(os.path.join(folder, name), os.path.join(root, top)) for top in TOPS
                  for folder, _, here in os.walk(os.path.join(root, top)) for name in here if name.endswith(endings))


def where(path):
    """Where the source is that is included as `path`."""
    return os.path.join("include" if path.startswith("swerve/") else "src", path)
