"""protocol.py holds|returns|broken MODEL CC - searches all states of the registry's model (src/control/registry.pml) with
spin, within small bounds.

holds    no assertion fails and no process waits for ever
returns  under a fair scheduler, every call returns
broken   with a step left out, spin finds the error: the checks above can fail
"""
import os
import re
import subprocess
import sys
import tempfile

SAFETY = ["-DSAFETY", "-DNOCLAIM"], []
LIVENESS = ["-DNFAIR=3"], ["-a", "-f"]

SMALLEST = {"MONITORS": 1, "CPUS": 1, "RING": 1, "QUEUE": 1}
ONE_MONITOR = {"MONITORS": 1, "CPUS": 2, "RING": 2, "QUEUE": 2}
TWO_MONITORS = {"MONITORS": 2, "CPUS": 1, "RING": 1, "QUEUE": 2}
LITTLE = {"MONITORS": 1, "CPUS": 2, "RING": 1, "QUEUE": 1}

# What is left out, and how spin says that it found out.
BROKEN = [
    ("WAIT", SAFETY, "assertion violated"),
    ("DRAIN", SAFETY, "assertion violated"),
    ("SETTLE", SAFETY, "assertion violated"),
    ("CANCEL", SAFETY, "assertion violated"),
    ("RESET", SAFETY, "assertion violated"),
    ("PATIENCE", LIVENESS, "acceptance cycle"),
]

NOT_ALL = ("max search depth too small", "Search not completed", "out of memory", "hashtable", "aborting")


def search(model, compiler, bounds, kind, *broken):
    """What the search said."""
    defines = [f"-D{name}={value}" for name, value in bounds.items()] + [f"-DBROKEN_{name}" for name in broken]
    flags, options = kind
    with tempfile.TemporaryDirectory() as folder:
        for command in (["spin", "-a", *defines, os.path.abspath(model)],
                        [compiler, "-O1" if broken else "-O2", "-w", "-DCOLLAPSE", *flags, "-o", "pan", "pan.c"],
                        ["./pan", "-m1000000", *options]):
            ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            if ran.returncode != 0:
                sys.exit(f"{' '.join(command)}: exit status {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout + ran.stderr


def check_holds(model, compiler, bounds, kind):
    said = search(model, compiler, bounds, kind)
    states = re.search(r"(\d+) states, stored", said)
    complete = "Full statespace search" in said and not any(sign in said for sign in NOT_ALL)
    if "errors: 0" not in said or states is None or not complete:
        sys.exit(f"with {bounds}:\n{said}")
    print(f"{', '.join(f'{name} {value}' for name, value in bounds.items())}: {states.group(1)} states, all of them right")


def check_broken(model, compiler, name, kind, sign):
    said = search(model, compiler, SMALLEST, kind, name)
    if "errors: 1" not in said or sign not in said:
        sys.exit(f"without {name} nothing is found wrong:\n{said}")
    print(f"without {name}: {sign}, as it must be")


def main():
    what, model, compiler = sys.argv[1:]
    if what == "holds":
        for bounds in (ONE_MONITOR, TWO_MONITORS):
            check_holds(model, compiler, bounds, SAFETY)
    elif what == "returns":
        check_holds(model, compiler, LITTLE, LIVENESS)
    elif what == "broken":
        for name, kind, sign in BROKEN:
            check_broken(model, compiler, name, kind, sign)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
