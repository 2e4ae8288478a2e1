"""includes.py ROOT - each room includes only what CMakeLists.txt says it may."""
import os
import re
import sys

import tree

# Outside libraries: which rooms may include them. What has no line here belongs to no room yet.
LIBRARIES = {
    "bpf/": ["kernel"],
    "libelf.h": ["kernel"],
    "gelf.h": ["kernel"],
    "fuse3/": ["control/fuse"],
    "toml++/": ["bind/toml"],
    "toml.hpp": ["bind/toml"],
    "CLI/": ["app"],
    "fmt/": ["app"],
    "nlohmann/": ["app", "source/json"],
    "zlib.h": ["source/packed", "source/tracedat"],
    "zstd.h": ["source/packed", "source/tracedat"],
    "event-parse.h": ["source/tracedat"],
    "traceevent/": ["source/tracedat"],
    "babeltrace2/": ["source/ctf"],
}
TEST_LIBRARIES = ("gtest/", "gmock/", "rapidcheck/", "rapidcheck.h")

# Folders below /usr/include that belong to C, POSIX and Linux.
SYSTEM_FOLDERS = ("sys/", "linux/", "asm/", "arpa/", "net/", "netinet/")

# What a room must not know, although it is in the standard library (the table in ARCHITECTURE.md).
MUST_NOT_KNOW = {
    "model": ("clocks, files, threads or Linux", {
        "chrono", "ctime", "time.h", "thread", "mutex", "shared_mutex", "condition_variable", "future", "semaphore",
        "stop_token", "latch", "barrier", "pthread.h", "threads.h", "sched.h", "fstream", "filesystem", "cstdio",
        "stdio.h", "fcntl.h", "unistd.h", "dirent.h", "poll.h", "signal.h", "csignal", "sys/", "linux/", "asm/",
        "base/unique_fd.h", "base/loop.h"}),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def matches(name, pattern):
    return name.startswith(pattern) if pattern.endswith("/") else name == pattern


def words(names):
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names) or "nothing of ours"


def check_include(room, path, bracket, name, known):
    """What is wrong with one include of the source `path`, or None."""
    depends = known[room]
    is_test = path.endswith(("_test.cc", "_test.h"))
    for pattern, owners in LIBRARIES.items():
        if matches(name, pattern) and room not in owners:
            return f"includes <{name}>, which only {words(owners)} may use"
    about, forbidden = MUST_NOT_KNOW.get(room, ("", ()))
    if not is_test and any(matches(name, pattern) for pattern in forbidden):
        return f"includes {'<' if bracket == '<' else chr(34)}{name}{'>' if bracket == '<' else chr(34)}, " \
               f"but {room} must not know {about}"
    if bracket == '"':
        target = tree.room_of(name, known)
        if any(matches(name, pattern) for pattern in (*LIBRARIES, *TEST_LIBRARIES)):
            return f'includes "{name}"; write an outside library as <{name}>'
        if target is None:
            return f'includes "{name}", which is in no room; write it as "ROOM/FILE.h"'
        if path.startswith("swerve/") and not name.startswith("swerve/"):
            return f'includes "{name}", but a public header may use public ones alone'
        if target != room and target not in depends:
            return f'includes "{name}", but {room} may use only {words(depends)}'
        return None
    if any(matches(name, pattern) for pattern in LIBRARIES):
        return None
    if any(matches(name, pattern) for pattern in TEST_LIBRARIES):
        return None if is_test else f"includes <{name}>, which is for tests alone"
    if "/" in name and not name.startswith(SYSTEM_FOLDERS):
        return f"includes <{name}>, a library that tests/sanity/includes.py does not list for any room"
    return None


def check(root):
    known = tree.rooms(root)
    problems = []
    for room, depends in known.items():
        for other in depends:
            if other not in known or list(known).index(other) > list(known).index(room):
                problems.append(f"CMakeLists.txt: {room} depends on {other}, which is not a room above it in the file")
    for path in tree.sources(root):
        room = tree.room_of(path, known)
        if room is None:
            problems.append(f"{tree.where(path)} is in no room; CMakeLists.txt knows {words(list(known))}")
            continue
        for number, line in enumerate(tree.read(os.path.join(root, tree.where(path))).splitlines(), 1):
            include = INCLUDE.match(line)
            if include:
                problem = check_include(room, path, *include.groups(), known)
                if problem:
                    problems.append(f"{tree.where(path)}:{number} {problem}")
    return problems


if __name__ == "__main__":
    found = check(sys.argv[1])
    print("\n".join(found))
    sys.exit(bool(found))
