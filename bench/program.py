"""program.py - measures the library in a program, for measure.py: a tracepoint, a monitor on it, and what else could do the
same. By itself: program.py BUILD."""
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SMALL = """#include "swerve/swerve.h"
constexpr auto model = swerve::dot("digraph a { __init_b -> b; b -> c [label = x]; c -> b [label = y]; }");
static_assert(model.state_count() == 2);
"""


@contextlib.contextmanager
def lttng_session():
    """An LTTng session that records the benchmark's tracepoint, in snapshot mode: nothing is written to disk."""
    if not shutil.which("lttng"):
        yield False
        return
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {"LTTNG_HOME": home, "HOME": home}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": env}
        daemon = subprocess.Popen(["lttng-sessiond", "--no-kernel"], **quiet)
        try:
            until = time.monotonic() + 20
            while subprocess.run(["lttng", "create", "swerve-bench", "--snapshot"], **quiet).returncode != 0:
                if time.monotonic() > until:
                    yield False
                    return
                time.sleep(0.2)
            for words in (["enable-event", "-u", "swerve_bench:turn"], ["start"]):
                subprocess.run(["lttng", *words], check=True, **quiet)
            yield True
            subprocess.run(["lttng", "destroy"], **quiet)
        finally:
            daemon.terminate()
            daemon.wait()


def events(build, rounds):
    """{name: ns an event, of all threads together}: the middle of the rounds, measured in turns."""
    ran = subprocess.run([os.path.join(build, "bench", "program_bench"), "--benchmark_format=json", "--benchmark_min_time=0.05",
                          f"--benchmark_repetitions={rounds}", "--benchmark_enable_random_interleaving=true"], check=True,
                         stdout=subprocess.PIPE, text=True)
    found = {}
    for one in json.loads(ran.stdout)["benchmarks"]:
        if one["run_type"] == "iteration":
            found.setdefault(one["run_name"], []).append(1e9 / one["items_per_second"])
    return {name: statistics.median(times) for name, times in found.items()}


def compile_seconds(text, rounds):
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only", f"-I{HERE}/../include", "-x", "c++", "-"],
                       input=text, text=True, check=True)
        took.append(time.perf_counter() - begin)
    return min(took)


def show(build, rounds, row):
    print("A monitor in a C++ program, two states, each event a step (bench/program_bench.cc)")
    with lttng_session() as recording:
        ns = events(build, rounds)
    row("a call of an empty function", ns["call"], "ns")
    row("tracepoint off, added to it", ns["off"] - ns["call"], "ns added", 0.5)
    row("tracepoint with an empty callback", ns["empty_callback"], "ns")
    row("monitor of each thread", ns["thread"], "ns", 5)
    row("monitor of objects, 1000 live", ns["object"], "ns", 25)
    row("monitor of each CPU", ns["cpu"], "ns")
    row("monitor of all, one thread", ns["global"], "ns")
    row("monitor of all, two threads on it, an event of either", ns["global/real_time/threads:2"], "ns")
    row("two threads, each its own: throughput, of one", ns["thread/real_time"] / ns["thread/real_time/threads:2"], "times",
        1.8, at_least=True)
    row("two threads, objects: throughput, of one", ns["object"] / ns["object/real_time/threads:2"], "times")
    row("a switch under a mutex, by hand", ns["hand"], "ns")
    row("the same, two threads on it, an event of either", ns["hand/real_time/threads:2"], "ns")
    if recording and "lttng" in ns:
        row("a tracepoint of LTTng-UST, recorded", ns["lttng"], "ns")
        row("monitor of each thread / LTTng-UST", ns["thread"] / ns["lttng"], "")
    row("to compile: an empty file", compile_seconds("", rounds), "s")
    row("to compile: swerve/swerve.h and one model", compile_seconds(SMALL, rounds), "s")
    row("to compile: swerve/source/tracepoint.h", compile_seconds('#include "swerve/source/tracepoint.h"\n', rounds), "s")


if __name__ == "__main__":
    def print_row(what, value, unit, limit=None, at_least=False):
        fits = limit is None or (value >= limit if at_least else value <= limit)
        print(f"  {what:58} {value:8.2f} {unit:10} {'' if fits else 'EXCEEDED'}".rstrip(), flush=True)

    show(os.path.abspath(sys.argv[1]), int(os.environ.get("ROUNDS", "7")), print_row)
