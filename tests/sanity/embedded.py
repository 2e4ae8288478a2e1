"""embedded.py LIBRARY - libswerve.so needs the C and C++ run-time libraries alone."""
import re
import subprocess
import sys

ALLOWED = re.compile(r"(libc|libm|libstdc\+\+|libgcc_s|ld-linux[\w-]*)\.so\.\d+$")


def check(readelf_output):
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", readelf_output)
    if not needed:
        return ["the library names no shared library at all; readelf's output was not understood"]
    return [f"the embedded library needs {name}; only libc, libm, libstdc++ and libgcc_s are allowed"
            for name in needed if not ALLOWED.match(name)]


if __name__ == "__main__":
    problems = check(subprocess.run(["readelf", "-d", sys.argv[1]], check=True, capture_output=True,
                                    text=True).stdout)
    print("\n".join(problems))
    sys.exit(bool(problems))
