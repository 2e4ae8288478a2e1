"""measure.py BUILD SWERVE SCRATCH - measures swerve on this machine, beside what else could do the same; one table.

Everything that is compared is measured in turns in one run (A B C A B C ...), and the middle one of the rounds counts, so
that a machine that is busier for a while is so for all. The limits stand in the table; the status is 1 when one is
exceeded. Needs root.
"""
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time

import program
import recordings
import tree

HERE = os.path.dirname(os.path.abspath(__file__))
TRACING = "/sys/kernel/tracing"
ROUNDS = int(os.environ.get("ROUNDS", "7"))
PATIENCE_S = 30  # for a watcher to say that it is attached


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


@contextlib.contextmanager
def setting(path, value):
    """A kernel setting for a while; it is put back whatever happens."""
    before = read(path).strip()
    write(path, value)
    try:
        yield before
    finally:
        write(path, before)


@contextlib.contextmanager
def watcher(command, said, stream):
    """`command` running, from when it has printed `said` on its `stream` until it has ended by SIGINT."""
    with open(os.path.join(SCRATCH, "watcher.out"), "w+", encoding="utf-8") as out:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | {stream: out}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **quiet)
        try:
            until = time.monotonic() + PATIENCE_S
            while said not in read(out.name):
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"{' '.join(command)} did not say '{said}' but: {read(out.name)}")
                time.sleep(0.05)
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


# ---- the added cost of a system call ----


def swerve_mon(definition):
    return watcher([SWERVE, "mon", os.path.join(HERE, "turns", definition), "-v"], "everything is attached", "stderr")


def bpftrace(script):
    return watcher(["bpftrace", os.path.join(HERE, "turns", script)], "attached", "stdout")


def empty(*tracepoints):
    return watcher([os.path.join(SCRATCH, "empty_programs"), *tracepoints], "attached", "stdout")


@contextlib.contextmanager
def ftrace(*events):
    """A trace instance of its own that records `events`: (name, filter)."""
    instance = os.path.join(TRACING, "instances", "swerve_bench")
    os.mkdir(instance)
    try:
        for name, condition in events:
            if condition:
                write(f"{instance}/events/{name}/filter", condition)
            write(f"{instance}/events/{name}/enable", "1")
        yield
    finally:
        write(f"{instance}/events/enable", "0")
        os.rmdir(instance)


CALLS = ("getppid", "getuid")
ONLY_THEM = "id == 110 || id == 102"

# name: how it is attached; what it does stands in docs/performance.md.
ENTRY = {
    "nothing attached": contextlib.nullcontext,
    "an empty BPF program": lambda: empty("sys_enter"),
    "swerve": lambda: swerve_mon("turns.toml"),
    "ftrace, the calls' own events": lambda: ftrace(*[(f"syscalls/sys_enter_{call}", "") for call in CALLS]),
    "ftrace, raw_syscalls filtered": lambda: ftrace(("raw_syscalls/sys_enter", ONLY_THEM)),
    "bpftrace, the calls' own events": lambda: bpftrace("turns.bt"),
    "bpftrace, raw_syscalls": lambda: bpftrace("turns_raw.bt"),
}
BOTH = {
    "nothing attached": contextlib.nullcontext,
    "empty BPF programs": lambda: empty("sys_enter", "sys_exit"),
    "swerve": lambda: swerve_mon("inside.toml"),
    "ftrace, the calls' own events": lambda: ftrace(
        *[(f"syscalls/sys_{side}_{call}", "") for call in CALLS for side in ("enter", "exit")]),
    "ftrace, raw_syscalls filtered": lambda: ftrace(("raw_syscalls/sys_enter", ONLY_THEM),
                                                    ("raw_syscalls/sys_exit", ONLY_THEM)),
    "bpftrace, the calls' own events": lambda: bpftrace("inside.bt"),
    "bpftrace, raw_syscalls": lambda: bpftrace("inside_raw.bt"),
}


def one_call_ns():
    cpu = str(max(os.sched_getaffinity(0)))
    return float(subprocess.run([os.path.join(SCRATCH, "calls"), cpu], check=True, capture_output=True, text=True).stdout)


def added_costs(ways):
    """{name: ns that it adds to a call}, and of "nothing attached" what the call takes. The middle of the rounds."""
    took = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, attach in ways.items():
            with attach():
                took[name].append(one_call_ns())
    base = took["nothing attached"]
    added = {name: statistics.median(t - b for t, b in zip(times, base)) for name, times in took.items()}
    added["nothing attached"] = statistics.median(base)
    return added


# ---- memory, time, stepping ----


def kernel_bytes(pid):
    """What the BPF objects that a process holds take in the kernel, each once."""
    seen = {}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(FileNotFoundError):
            info = dict(line.split(":", 1) for line in read(f"/proc/{pid}/fdinfo/{fd}").splitlines() if ":" in line)
            if "memlock" in info:
                kind = "map_id" if "map_id" in info else "prog_id"
                seen[kind, info[kind].strip()] = int(info["memlock"])
    return sum(seen.values())


def memory():
    """(kernel bytes of one wwnr with its ring, resident bytes of swerve mon after violations were shown)."""
    with setting("/proc/sys/kernel/pid_max", "4194304"):
        load = subprocess.Popen([os.path.join(SCRATCH, "wakeups"), "4", "2"])
        with watcher([SWERVE, "mon", "wwnr", "-v"], "everything is attached", "stderr") as process:
            time.sleep(3)
            in_kernel = kernel_bytes(process.pid)
            peak = int(re.search(r"VmHWM:\s*(\d+)", read(f"/proc/{process.pid}/status")).group(1)) * 1024
        load.wait()
    return in_kernel, peak


def seconds_to_first_event():
    """From starting the command to the moment from which events count, which its summary tells."""
    begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    ran = subprocess.run([SWERVE, "mon", "wwnr", "--json", "--for", "50ms"], check=True, capture_output=True, text=True)
    summary = json.loads(ran.stdout.splitlines()[-1])
    return (summary["time_ns"] - summary["duration_ns"] - begin) / 1e9


def stepping():
    """{name: events a second} of bench/step_bench.cc."""
    ran = subprocess.run([os.path.join(BUILD, "bench", "step_bench"), "--benchmark_format=json"], check=True,
                         capture_output=True, text=True)
    return {one["name"]: one["items_per_second"] for one in json.loads(ran.stdout)["benchmarks"]
            if "items_per_second" in one}


# ---- the table ----

exceeded = []


def row(what, value, unit, limit=None, at_least=False):
    verdict = ""
    if limit is not None:
        fits = value >= limit if at_least else value <= limit
        verdict = f"{'at least' if at_least else 'at most'} {limit:g}: {'ok' if fits else 'EXCEEDED'}"
        if not fits:
            exceeded.append(what)
    number = f"{value:.2f}" if value < 100 else f"{value:.0f}"
    print(f"  {what:58} {number:>8} {unit:12} {verdict}".rstrip(), flush=True)


def show_costs(title, ways):
    print(title)
    cost = added_costs(ways)
    for name, ns in cost.items():
        row(name, ns, "ns" if name == "nothing attached" else "ns added")
    for tool, limit in (("ftrace", 0.5), ("bpftrace", 0.4)):
        for name, ns in cost.items():
            if name.startswith(tool):
                row(f"swerve / {name}", cost["swerve"] / ns, "", limit)


def main():
    if os.geteuid() != 0:
        raise SystemExit("bench/run.sh needs root: it attaches to the kernel")
    with setting("/proc/sys/kernel/bpf_stats_enabled", "0") as before:
        print(f"Linux {os.uname().release}, {len(os.sched_getaffinity(0))} CPUs, load {os.getloadavg()[0]:.1f}; "
              f"kernel.bpf_stats_enabled was {before}, is 0 for this run; the middle of {ROUNDS} rounds in turns")
        show_costs("A system call under a two-state task monitor, one event a call", ENTRY)
        show_costs("The same with its return, two events a call", BOTH)
        print("One wwnr, and the command")
        in_kernel, resident = memory()
        row("kernel memory, ring and programs included, pid_max 4194304", in_kernel / 2**20, "MB", 4)
        row("swerve mon wwnr resident, at most, after violations", resident / 2**20, "MB", 32)
        times = [seconds_to_first_event() for _ in range(ROUNDS)]
        row("from command to attached", statistics.median(times), "s", 0.5)
        row("the slowest of them", max(times), "s")
        tree.show(SWERVE, SCRATCH, ROUNDS, row)
        recordings.show(SWERVE, SCRATCH, ROUNDS, row)
        program.show(BUILD, ROUNDS, row)
        print("Stepping on the host, wwnr (bench/step_bench.cc)")
        for name, rate in stepping().items():
            row(name, rate / 1e6, "M events/s", 200 if name == "OneOwner" else None, at_least=True)
    print(f"bench: exceeded: {', '.join(exceeded)}" if exceeded else "bench: all within their limits")
    return bool(exceeded)


if __name__ == "__main__":
    # What is watched here ends by SIGINT, which a shell makes its background jobs ignore.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    BUILD, SWERVE, SCRATCH = (os.path.abspath(path) for path in sys.argv[1:])
    sys.exit(main())
