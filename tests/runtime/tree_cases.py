#!/usr/bin/env python3
"""tests/runtime/tree_cases.py - `swerve list` and `swerve mon` while a daemon runs.

The cases are run as those of command.py, whose tools these are, and serve.py's; see there.
"""
import re
import signal
import subprocess
import sys
import time

import command
import serve
from command import (CONTAINER, built, expect, expect_equal, expect_in, expect_one_line, folder, live, main, objects,
                     swerve, violations, watching)
from serve import PATIENCE, renames, rename_twice, serving, wait_for

command.CASES.clear()


def chosen(daemon, monitor):
    return re.search(r"^\[(.*)\]$", daemon.read(f"monitors/{monitor}/reactors"), re.M)[1]


# ---- list --------------------------------------------------------------------------------------------------


@live
def list_of_a_tree():
    """list --mount: what the daemon has, in its order, with what is on and what cannot run"""
    with serving("--enable", "wwnr") as daemon:
        alone = swerve("list", "--monitors", command.SOURCE + "/monitors")
        ran = swerve("list", "--mount", daemon.mount)
        expect_equal((ran.status, ran.err), (0, ""), ran)
        expect_equal(ran.out, re.sub(r"^(wwnr .*)\[OFF\]$", r"\1[ON]", alone.out, flags=re.M))
        daemon.write("unload", "rwfs")
        expect("rwfs" not in swerve("list", "--mount", daemon.mount).out, "it lists what was unloaded")


@live
def list_of_a_container_in_a_tree():
    """list CONTAINER --mount: its children alone, without the mark"""
    with folder(CONTAINER) as home, serving("--monitors", home, "--enable", "box:one") as daemon:
        lines = [re.sub(" {2,}.*\\[", " [", line) for line in swerve("list", "--mount", daemon.mount).out.splitlines()]
        expect_equal(lines, ["b [OFF]", "box [OFF]", " - two [OFF]", " - one [ON]"])
        ran = swerve("list", "box", "--mount", daemon.mount)
        expect_equal([line.split()[0] for line in ran.out.splitlines()], ["two", "one"])
        expect_equal(swerve("list", "b", "--mount", daemon.mount).out, "-- No monitor found in container b --\n")


@live
def no_tree():
    """--mount where no daemon is: an error, also where one was killed"""
    with folder() as home:
        for name in ("list", "mon"):
            ran = swerve(name, *(["rwfs"] if name == "mon" else []), "--mount", home)
            expect_equal((ran.status, ran.out), (1, ""), ran)
            expect_one_line(ran.err)
            expect_in(f"no daemon serves a control tree at {home}", ran.err)
    with serving() as daemon:
        daemon.process.kill()
        daemon.process.wait()
        ran = swerve("list", "--mount", daemon.mount)
        expect_equal(ran.status, 1, ran)
        expect_in(f"no daemon serves a control tree at {daemon.mount}", ran.err)


@live
def list_of_a_thousand():
    """list: a thousand monitors, quickly"""
    files = {}
    for i in range(1000):
        files.update(renames(f"m{i}"))
    with folder(files) as home, serving("--monitors", home, "--enable", "m7") as daemon:
        times = []
        for _ in range(10):
            begun = time.monotonic()
            ran = swerve("list", "--mount", daemon.mount)
            times.append(time.monotonic() - begun)
            expect_equal(len(ran.out.splitlines()), 1000)
            expect_equal(re.findall(r"^(\S+) .*\[ON\]$", ran.out, re.M), ["m7"])
        expect(min(times) < 0.15, f"it took {min(times):.3f} s")


# ---- mon ---------------------------------------------------------------------------------------------------


@live
def mon_by_tree():
    """mon NAME: enables, prints what the daemon says, and disables; --fail counts; --json too"""
    with folder() as home, serving() as daemon:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        for options in ([], ["--fail"], ["--json"], ["--json", "--no-stack"]):
            with watching("rwfs", "--mount", daemon.mount, *options) as process:
                expect_equal(daemon.read("enabled_monitors"), "rwfs\n")
                subprocess.run([demo, "unsafe", home + "/x"], check=True)
                process.send_signal(signal.SIGINT)
                ran = process.finish()
            expect_equal(ran.status, 1 if "--fail" in options else 0, ran)
            expect_equal(daemon.read("enabled_monitors"), "")
            if "--json" not in options:
                expect_in("rwfs: 'rename' is not allowed in state 'unsynced'", ran.out)
                expect_in("rename without fsync", ran.out)
                expect(re.search(r"\n  stack     \S", ran.out), "no stack", ran)
                expect(re.search(r"\nrwfs  \d+ events?, 1 violation;", ran.out), "no summary of this watch", ran)
            else:
                expect_equal([v["comm"] for v in violations(ran)], ["rwfs_demo"], ran)
                expect_equal("stack" in violations(ran)[0], "--no-stack" not in options, ran)
                expect_equal(objects(ran)[-1]["violations"], 1, ran)
                expect_equal(objects(ran)[-1]["monitors"][0]["scope"], "task", ran)


@live
def trace_by_tree():
    """mon -t NAME: the columns of the kernel's tool; its own lines with -s only"""
    with folder() as home, serving() as daemon:
        load = built(home, "wakeups.c", "wakeups")
        for own in ([], ["-s"]):
            with watching("wwnr", "--mount", daemon.mount, "-t", *own) as process:
                subprocess.run([load, "0.5"], check=True)
                process.send_signal(signal.SIGTERM)
                ran = process.finish()
            expect_equal(ran.status, 0, ran)
            lines = ran.out.splitlines()
            expect_equal(lines[0].split(), "<TASK>-PID [CPU] TYPE ID STATE x EVENT -> NEXT_STATE FINAL".split())
            expect(any(re.match(r" *wakeups-\d+ +\[\d{3}\] event +\d+ +\w+ x \w+ +-> \w+ +[YN]$", line)
                       for line in lines), "no steps", ran)
            expect_equal(any(f"swerve-{process.pid} " in line for line in lines), bool(own))


@live
def refused_by_tree():
    """mon NAME: refuses what is enabled, unknown, cannot run or has no such reactor; nothing is changed"""
    with serving("--enable", "wwnr") as daemon:
        before = daemon.read("monitors/wwnr/reactors") + daemon.read("monitors/rwfs/reactors")
        for arguments, words in ((["wwnr"], "monitor wwnr is already enabled"),
                                 (["rwfs", "wwnr"], "monitor wwnr is already enabled"),
                                 (["wwn"], "monitor wwn does not exist; did you mean 'wwnr'?"),
                                 (["rwfs", "rwfs"], "monitor rwfs is named twice"),
                                 (["rwfs", "-r", "prink"], "failed to set reactor prink of rwfs, is it available?"),
                                 (["rwfs", "-r", "signal"], "--allow-signal"),
                                 (["./rwfs.toml"], "--mount"),
                                 (["rwfs", "--", "true"], "--mount")):
            ran = swerve("mon", "--mount", daemon.mount, *arguments)
            expect_equal((ran.status, ran.out), (1, ""), ran)
            expect_one_line(ran.err)
            expect_in(words, ran.err)
        expect_equal(daemon.read("enabled_monitors"), "wwnr\n")
        expect_equal(daemon.read("monitors/wwnr/reactors") + daemon.read("monitors/rwfs/reactors"), before)
    missing = renames("missing")
    missing["missing.toml"] = missing["missing.toml"].replace("tracepoint:task_rename", "tracepoint:no_such_event")
    with folder({**missing, **renames("fine")}) as home, serving("--monitors", home) as daemon:
        ran = swerve("mon", "--mount", daemon.mount, "fine", "missing", "-r", "printk")
        expect_equal(ran.status, 1, ran)
        expect_in("no tracepoint 'no_such_event'", ran.err)
        expect_equal(daemon.read("enabled_monitors"), "")
        expect_equal((chosen(daemon, "fine"), chosen(daemon, "missing")), ("nop", "nop"))


@live
def reactor_by_tree():
    """mon NAME -r R: R while it runs, the former one afterwards, the daemon's reactions in the summary"""
    with folder(renames("one")) as home, serving("--monitors", home) as daemon:
        daemon.write("monitors/one/reactors", "trace_marker")
        with watching("one", "--mount", daemon.mount, "--json", "-r", "printk") as process:
            expect_equal(chosen(daemon, "one"), "printk")
            rename_twice()
            wait_for("the reaction", lambda: daemon.stats("one")["reactions"] >= 1)
            process.send_signal(signal.SIGINT)
            ran = process.finish()
        expect_equal(ran.status, 0, ran)
        monitor = objects(ran)[-1]["monitors"][0]
        expect_equal((monitor["reactor"], monitor["reactions"]), ("printk", monitor["violations"]), ran)
        expect_equal(chosen(daemon, "one"), "trace_marker")


@live
def container_by_tree():
    """mon CONTAINER: all of its monitors are enabled, printed and disabled"""
    with folder(CONTAINER) as home, serving("--monitors", home) as daemon:
        with watching("box", "b", "--mount", daemon.mount, "-t") as process:
            expect_equal(daemon.read("enabled_monitors"), "b\nbox\nbox:two\nbox:one\n")
            rename_twice()
            process.send_signal(signal.SIGINT)
            ran = process.finish()
        expect_equal(ran.status, 0, ran)
        for name in ("b", "one", "two"):
            expect(re.search(rf"\[\d+\] error_{name} ", ran.out), f"no violation of {name}", ran)
        expect_equal(daemon.read("enabled_monitors"), "")
        ran = swerve("mon", "box:two", "--for", "100ms", "--mount", daemon.mount)
        expect_equal(ran.status, 0, ran)


@live
def daemon_goes_away():
    """mon NAME: when the daemon ends or is killed, it says so and ends with status 1"""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with serving() as daemon, watching("rwfs", "--mount", daemon.mount) as process:
            daemon.process.send_signal(number)
            ran = process.finish(PATIENCE)
            expect_equal(ran.status, 1, ran)
            expect_in(f"the daemon at {daemon.mount} has gone", ran.err)


@live
def others_at_the_tree():
    """mon NAME: somebody disables or unloads the monitor: it goes on until its end, and says so"""
    with serving() as daemon:
        for path, text, words in (("monitors/rwfs/enable", "0", "rwfs was disabled by somebody else"),
                                  ("unload", "rwfs", "rwfs was unloaded by somebody else")):
            with watching("rwfs", "wwnr", "--mount", daemon.mount) as process:
                daemon.write(path, text)
                expect_equal(process.poll(), None)
                process.send_signal(signal.SIGINT)
                ran = process.finish()
                expect_equal(ran.status, 0, ran)
                expect_in(words, ran.err)
                expect_in("of watching 2 monitors", ran.out)
                expect_equal(daemon.read("enabled_monitors"), "")


@live
def alone_beside_a_daemon():
    """mon: a path, --monitors or a command is watched without the daemon"""
    with folder(renames("mine")) as home, serving() as daemon:
        for arguments in ([home + "/mine.toml"], ["mine", "--monitors", home], ["mine", "--monitors", home, "--", "true"]):
            with watching(*arguments, "--for", "300ms") as process:
                expect_equal(daemon.read("enabled_monitors"), "")
                expect("through the daemon" not in "".join(process.said), process.said)
                expect_equal(process.finish().status, 0)


if __name__ == "__main__":
    sys.exit(main())
