#!/usr/bin/env python3
"""tests/runtime/check_cases.py - `swerve check` and `swerve convert`, from outside.

The cases are run as those of command.py, whose tools these are; see there. What is printed is compared with
tests/golden/check/; SWERVE_UPDATE_GOLDEN=1 writes it there instead.
"""
import gzip
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

import command
from command import RENAMES_DOT, Ran, case, expect, expect_equal, expect_in, expect_one_line, folder, harmless, live, main, objects, swerve, violations

command.CASES.clear()

PATIENCE = 30
B = "tests/data/streams/wwnr-b.trace.dat"
B_TEXT = "tests/data/streams/wwnr-b.trace.txt.gz"
C = "tests/data/streams/wwnr-c.trace.dat"


def check(*arguments, cwd=None, text=None, **options):
    """Runs `swerve check` in the source folder; `text` is its standard input."""
    return run("check", *arguments, cwd=cwd or command.SOURCE, text=text, **options)


def run(*arguments, cwd=None, text=None, **options):
    done = subprocess.run([command.SWERVE, *arguments], cwd=cwd, input=text if text is not None else b"",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **options)
    return Ran(done.returncode, done.stdout.decode(errors="surrogateescape"),
               done.stderr.decode(errors="surrogateescape"))


def golden(ran, name):
    path = os.path.join(command.SOURCE, "tests/golden/check", name)
    if os.environ.get("SWERVE_UPDATE_GOLDEN"):
        with open(path, "w") as file:
            file.write(ran.out)
        return
    with open(path) as file:
        expect_equal(ran.out, file.read())


def content(path):
    with open(os.path.join(command.SOURCE, path), "rb") as file:
        return file.read()


def unpacked(path):
    return gzip.decompress(content(path))


def copies(names):
    """wwnr under other names, as files of a folder."""
    with open(os.path.join(command.SOURCE, "monitors/wwnr/wwnr.toml")) as file:
        toml = file.read()
    with open(os.path.join(command.SOURCE, "monitors/wwnr/wwnr.dot")) as file:
        dot = file.read()
    files = {"wwnr.dot": dot}
    for name in names:
        files[f"{name}.toml"] = toml.replace('"wwnr"', f'"{name}"', 1)
    return files


def verdicts(ran):
    """What was found, without what differs between formats: the file, and how exact times are."""
    out = []
    for one in objects(ran):
        if one["type"] in ("violation", "inconclusive"):
            out.append((one["type"], round(one["time_ns"] / 1000), one["id"], one["cpu"], one["state"], one["event"],
                        json.dumps(one.get("path"))))
    return out


# ---- what is found -----------------------------------------------------------------------------------------


@case
def the_violation_of_a_real_trace():
    """check: the kernel's own verdict of a real trace, with its witness; status 1"""
    ran = check("wwnr", "--plain-states", B)
    expect_equal((ran.status, ran.err), (1, ""), ran)
    golden(ran, "wwnr-b.txt")
    ran = check("wwnr", "--plain-states", "--json", "--final", B)
    expect_equal((ran.status, ran.err), (1, ""), ran)
    golden(ran, "wwnr-b.json")
    expect_equal([v["event"] for v in violations(ran)], ["wakeup"], ran)


@case
def what_cannot_be_told():
    """check: a recorded S may have been another state: nothing is certain; status 2"""
    ran = check("wwnr", B)
    expect_equal((ran.status, ran.err), (2, ""), ran)
    golden(ran, "wwnr-b-unsure.txt")
    ran = check("wwnr", "--json", B)
    expect_equal(ran.status, 2, ran)
    golden(ran, "wwnr-b-unsure.json")
    expect_equal([v["type"] for v in objects(ran)], ["inconclusive", "summary"], ran)


@case
def columns_of_steps():
    """check -t: the columns of mon, with the states that are possible, and 'maybe'"""
    ran = check("wwnr", "-t", B)
    lines = ran.out.splitlines()
    expect(re.match(r" +<TASK>-PID +\[CPU\]  TYPE +ID +STATE x EVENT +-> NEXT_STATE +FINAL$", lines[0]), "a header", lines[0])
    expect_equal(len([line for line in lines if " maybe " in line]), 1, ran.err)
    expect(re.search(r"event +84 +\{not_running\|-\} x switch_in +-> \{running\|-\} +N\n", ran.out), "no set is shown")
    plain = check("wwnr", "-t", "--plain-states", "--json", B)
    steps = [one for one in objects(plain) if one["type"] == "step"]
    expect_equal(len(steps), objects(plain)[-1]["monitors"][0]["events"])
    expect(all("states" not in step for step in steps), "certain steps need no sets")


@case
def the_same_in_every_form():
    """check: the same from text, through gzip, from standard input and from swerve's own format"""
    with folder() as home:
        own = os.path.join(home, "b.swerve")
        ran = run("convert", B, "-o", own, cwd=command.SOURCE)
        expect_equal((ran.status, ran.out, ran.err), (0, "", ""), ran)
        for trace, states in ((B, ["--plain-states"]), (B, []), (C, ["--plain-states"])):
            wanted = check("wwnr", "--json", *states, trace)
            text = unpacked(trace.replace(".trace.dat", ".trace.txt.gz"))
            expect_equal(len(verdicts(wanted)), 1, wanted)
            others = [check("wwnr", "--json", *states, trace.replace(".trace.dat", ".trace.txt.gz")),
                      check("wwnr", "--json", *states, "-", text=text),
                      check("wwnr", "--json", *states, "-", text=gzip.compress(text[:1000]) + gzip.compress(text[1000:]))]
            if trace == B:
                others.append(check("wwnr", "--json", *states, own))
                with open(own, "rb") as file:
                    others.append(check("wwnr", "--json", *states, "-", text=file.read()))
            for other in others:
                expect_equal((other.status, other.err), (wanted.status, ""), other)
                expect_equal(verdicts(other), verdicts(wanted))


@case
def threads_do_not_matter():
    """check --threads: what is printed does not depend on how many there are"""
    names = ["c", "a", "b"]
    with folder(copies(names)) as home:
        paths = [os.path.join(home, f"{name}.toml") for name in names]
        for options in (["-t", "--json"], ["-t", "--plain-states"], ["--plain-states"]):
            one, two, many = (check(*paths, C, *options, "--threads", n) for n in ("1", "2", "7"))
            expect_equal((two.status, two.out == one.out, two.err), (one.status, True, one.err))
            expect_equal((many.status, many.out == one.out, many.err), (one.status, True, one.err))
            expect(len(one.out) > 1000, "something is printed", one)
        expect_equal([line.split(":")[0] for line in one.out.splitlines() if "is not allowed in state" in line], names)


@case
def several_traces():
    """check: several traces are runs of their own, and the worst status counts"""
    with folder({"empty.txt": ""}) as home:
        nothing = os.path.join(home, "empty.txt")
        ran = check("wwnr", "--plain-states", B, C)
        expect_equal(ran.status, 1, ran)
        expect_equal(re.findall(r"^\d violation in (.*)\.$", ran.out, re.M), [B, C], ran)
        ran = check("wwnr", "--plain-states", "--json", nothing, B)
        expect_equal(ran.status, 2, ran)
        expect_equal([(s["file"], s["status"]) for s in objects(ran) if s["type"] == "summary"], [(nothing, 2), (B, 1)])
        expect_equal([v["file"] for v in violations(ran)], [B])


@case
def several_monitors():
    """check: further monitors by -m, or as paths of definitions; each is counted by itself"""
    with folder(copies(["other"])) as home:
        ran = check("wwnr", "-m", "rwfs", os.path.join(home, "other.toml"), "--plain-states", "--json", B)
        summary = objects(ran)[-1]
        expect_equal([m["monitor"] for m in summary["monitors"]], ["wwnr", "rwfs", "other"], ran)
        expect_equal([m["violations"] for m in summary["monitors"]], [1, 0, 1], ran)
        expect_in("rwfs", ran.err)  # its events are not in the trace
        ran = check("wwnr", "wwnr.toml", B, cwd=home)
        expect_equal((ran.status, ran.out), (2, ""), ran)
        expect_one_line(ran.err)


@case
def unfinished_instances():
    """check --final: lists what ends in no final state, and is no violation"""
    ran = check("wwnr", "--plain-states", "--final", B)
    expect_in("wwnr: 1 instance is in no final state at the end\n  sh, tid 56 in running, after 25 transitions\n", ran.out)
    expect_equal(ran.status, 1, ran)


# ---- formats, by hand --------------------------------------------------------------------------------------


FILES = {
    "files.dot": """\
        digraph files {
          "__init_closed" -> "closed";
          "closed" [shape = doublecircle];
          "closed" -> "open" [label = "open"];
          "open" -> "closed" [label = "close"];
        }
    """,
    "files.toml": """\
        name = "files"
        description = "no close without open."
        scope = "object"
        model = "files.dot"
        [[on]]
        probe = "tracepoint:file_open"
        key = "fd"
        event = "open"
        start_run = true
        [[on]]
        probe = "tracepoint:file_close"
        key = "fd"
        event = "close"
        start_run = true
    """,
}


def csv_of(rows):
    return "ts,cpu,pid,comm,event,fd\n" + "".join(",".join(str(cell) for cell in row) + "\n" for row in rows)


@case
def events_that_only_the_recording_knows():
    """check: a probe that no kernel has is typed by the recording's own fields"""
    rows = [(i, 0, 7, "sh\x1b[2J", "file_open" if i % 2 == 0 else "file_close", 3) for i in range(10)]
    with folder({**FILES, "good.csv": csv_of(rows), "bad.csv": csv_of(rows + [(10, 1, 7, "sh\x1b[2J", "file_close", 3)])}) as home:
        ran = check("files.toml", "good.csv", cwd=home)
        expect_equal((ran.status, ran.err), (0, ""), ran)
        expect_in("no violation in good.csv.\n", ran.out)
        ran = check("files.toml", "bad.csv", cwd=home)
        expect_equal((ran.status, ran.err), (1, ""), ran)
        expect_in("object    3 (0x3)", ran.out)
        expect(harmless(ran.out), "the name of a task reaches the terminal", ran)
        ran = check(os.path.join(home, "files.toml"), B)
        expect_equal((ran.status, ran.out), (2, ""), ran)
        expect_in("file_open", ran.err)


@case
def texts_that_only_the_recording_knows():
    """check: a word of a recording is a text where it is compared with one or is a key, else a number"""
    definition = FILES["files.toml"].replace('"fd"', '"path"').replace(
        'event = "open"\n', 'event = "open"\n        when = \'mode != "none" && size >= 0\'\n')
    rows = [("open", "/a", "r", 3), ("open", 12, "none", 3), ("open", 12, "w", 3), ("close", "/a", "w", 0),
            ("open", "/b \\u00e4", "r", 3), ("close", 12, "", ""), ("close", "/a", "", "")]
    as_csv = "ts,event,path,mode,size\n" + "".join(f"{i},file_{what},{path},{mode},{size}\n"
                                                   for i, (what, path, mode, size) in enumerate(rows))
    as_json = "".join(json.dumps({"ts": i, "event": "file_" + what, "fields": {"path": path, "mode": mode, "size": size}}) +
                      "\n" for i, (what, path, mode, size) in enumerate(rows))
    with folder({"files.dot": FILES["files.dot"], "files.toml": definition, "a.csv": as_csv, "a.json": as_json}) as home:
        for trace in ("a.csv", "a.json"):
            expect_equal(run("convert", trace, "-o", trace + ".own", cwd=home).status, 0)
        for trace in ("a.csv", "a.json", "a.csv.own", "a.json.own"):
            ran = check("files.toml", trace, "--json", "--final", cwd=home)
            expect_equal((ran.status, ran.err), (1, ""), ran)
            said = [json.loads(line) for line in ran.out.splitlines()]
            expect_equal([(one["id"], one["time_ns"], one["state"], one["event"]) for one in said if one["type"] == "violation"],
                         [("/a", 6, "closed", "close")])
            expect_equal([one["id"] for one in said if one["type"] == "unfinished"], ["/b \\u00e4"])
            expect_in("object    /a\n", check("files.toml", trace, cwd=home).out)
        for wrong, why in (('mode < "x"', "a string is compared by == and != only, not by '<'"),
                           ('size + 1 == "4"', "'(size + 1l)' is a long; only a char array or a pointer to char can be "
                                               "compared with a string")):
            with open(os.path.join(home, "wrong.toml"), "w") as file:
                file.write(definition.replace('mode != "none" && size >= 0', wrong))
            ran = check("wrong.toml", "a.csv", cwd=home)
            expect_equal((ran.status, ran.out), (2, ""), ran)
            expect_in(why, ran.err)


@case
def what_was_never_met():
    """check: probes without events are named; without any of them nothing is clean"""
    line = "          <idle>-0       [000] d..2.    10.000001: sched_switch: prev_comm=a prev_pid=7 prev_prio=120 " \
           "prev_state=D ==> next_comm=b next_pid=8 next_prio=120\n"
    head = "# tracer: nop\n#\n"
    ran = check("wwnr", "-", text=(head + line).encode())
    expect_equal(ran.status, 0, ran)
    expect_one_line(ran.err, ran)
    expect_in("no event of tracepoint:sched_wakeup was met", ran.err)
    other = line.replace("sched_switch:", "irq_handler_exit:")
    other = other[:other.index("prev_comm")] + "irq=1 ret=handled\n"
    ran = check("wwnr", "-", text=(head + other).encode())
    expect_equal(ran.status, 2, ran)
    expect_in("no event that wwnr is about was met", ran.err)
    expect_in("but there may have been some.\n", ran.out)


def raw_calls(*lines):
    return "# tracer: nop\n" + "".join(f"              sh-7       [000] .....    10.{i:06}: {line}\n" for i, line in enumerate(lines))


@case
def system_calls_by_number():
    """check: raw_syscalls are the calls that their numbers are, and an array of arguments is its elements"""
    files = {
        "files.dot": FILES["files.dot"],
        "fds.toml": """\
name = "files"
description = "no close without open"
scope = "object"
model = "files.dot"

[[on]]
probe = "syscall:openat:exit"
key   = "ret"
when  = "ret >= 0"
event = "open"
start_run = true

[[on]]
probe = "syscall:close"
key   = "fd"
event = "close"
""",
        "good.txt": raw_calls("sys_enter: NR 257 (ffffff9c, 7f12, 0, 0, 0, 0)", "sys_exit: NR 257 = 11", "sys_enter: NR 0 (b, 1, 2, 3, 4, 5)",
                              "sys_exit: NR 0 = 0", "sys_enter: NR 3 (b, 1, 2, 3, 4, 5)", "sys_exit: NR 3 = 0"),
        # The upper half of what is recorded is not the argument's.
        "bad.txt": raw_calls("sys_exit: NR 257 = 11", "sys_enter: NR 3 (b, 1, 2, 3, 4, 5)", "sys_enter: NR 3 (7f000000000b, 1, 2, 3, 4, 5)"),
    }
    with folder(files) as home:
        ran = check("fds.toml", "good.txt", cwd=home)
        expect_equal((ran.status, ran.err), (0, ""), ran)
        expect_in("files  2 events, 0 violations", ran.out)
        ran = check("fds.toml", "bad.txt", cwd=home)
        expect_equal((ran.status, ran.err), (1, ""), ran)
        expect_in("object    11 (0xb)", ran.out)
        ran = run("convert", "--only", "fds.toml", "bad.txt", "-o", "bad.swerve", cwd=home)
        expect_equal((ran.status, ran.err), (0, ""), ran)
        expect_equal(check("fds.toml", "bad.swerve", cwd=home).status, 1)


@case
def lines_that_are_no_event():
    """check: lines that are not understood are counted, and leave nothing clean"""
    text = unpacked(B_TEXT)
    cut = text.index(b"sched_wakeup", len(text) // 4)
    mixed = text[:cut] + b"nonsense\x1b[31m\nmore of it\n" + text[text.index(b"\n", cut) + 1:]
    ran = check("wwnr", "--plain-states", "--json", "-", text=mixed)
    summary = objects(ran)[-1]
    expect(summary["not_understood"] >= 2, "the lines are counted", ran)
    expect_in("not understood", ran.err)
    expect(harmless(ran.err), "what is no event reaches the terminal", ran)
    expect_equal((ran.status, summary["violations"]), (1, 1), ran)


@case
def events_that_come_too_late():
    """check --window: an event that comes too late is left out and told, status 2; with a wider window it is not"""
    pieces = more_text()
    seconds = [next(pieces) for _ in range(20)]
    text = b"# tracer: nop\n" + b"".join(seconds) + seconds[3].splitlines(keepends=True)[7]
    ran = check("wwnr", "--json", "-", text=text)
    summary = objects(ran)[-1]
    expect_equal((ran.status, summary["late"], summary["status"]), (2, 1, 2), ran)
    expect_in("1 event came too late to be put in order, and left out (--window)", ran.err)
    ran = check("wwnr", "--json", "--window", "1m", "-", text=text)
    expect_equal((ran.status, objects(ran)[-1]["late"]), (0, 0), ran)


@case
def lost_events():
    """check: lost events are told by CPU, and a verdict that may rest on them is not certain"""
    lines = unpacked(B_TEXT).splitlines(keepends=True)
    found = next(i for i, line in enumerate(lines) if b"10.912846" in line and b"sched_wakeup:" in line)
    last = max(i for i in range(found - 200, found) if b"[002]" in lines[i])
    ran = check("wwnr", "--plain-states", "--json", "-",
                text=b"".join(lines[:last] + [b"CPU:2 [LOST 12 EVENTS]\n"] + lines[last:]))
    summary = objects(ran)[-1]
    expect_equal((ran.status, summary["holes"]), (2, [{"cpu": 2, "holes": 1, "lost": 12}]), ran)
    inconclusive = [one for one in objects(ran) if one["type"] == "inconclusive"]
    expect_equal({tuple(one["why"]) for one in inconclusive}, {("lost",)}, ran)
    expect((84, "wakeup") in [(one["id"], one["event"]) for one in inconclusive], "what was certain is there", ran)
    expect_in("1 hole in the events of CPU 2 (12 lost)", ran.err)


@case
def files_beside():
    """check --html, --perfetto: both are written beside what is printed, also when there is nothing to see"""
    with folder() as home:
        page, trace = os.path.join(home, "page.html"), os.path.join(home, "trace.json")
        plain = check("wwnr", B, C)
        ran = check("wwnr", B, C, "--html", page, "--perfetto", trace)
        expect_equal((ran.status, ran.out, ran.err), (2, plain.out, ""), ran)
        with open(page) as file:
            text = file.read()
        expect(B in text and C in text and "<svg" in text, "the traces and the model are not on the page")
        with open(trace) as file:
            expect(len(json.load(file)) > 0, "an empty trace")
        ran = check("wwnr", os.path.join(home, "nothing"), "--html", page)
        expect_equal((ran.status, ran.out), (2, ""), ran)
        with open(page) as file:
            expect_in("No such file", file.read())
        expect_equal(sorted(os.listdir(home)), ["page.html", "trace.json"])


# ---- bad input ---------------------------------------------------------------------------------------------


@case
def bad_input():
    """check: what is no recording, or a damaged one: what was wrong and where; status 2"""
    whole = content(B)
    damaged = whole[:len(whole) * 9 // 10] + bytes(4096) + whole[len(whole) * 9 // 10 + 4096:]
    packed = gzip.compress(unpacked(B_TEXT))
    with folder() as home:
        for name, data in (("empty", b""), ("zeros", bytes(5000)), ("cut", whole[:len(whole) * 3 // 4]),
                           ("tiny", whole[:20]), ("damaged", damaged), ("cut.gz", packed[:len(packed) // 2]),
                           ("noise", bytes(range(256)) * 40), ("prose", b"Once upon a time.\n" * 50)):
            path = os.path.join(home, name)
            with open(path, "wb") as file:
                file.write(data)
            for threads in ("1", "2"):
                ran = check("wwnr", "--plain-states", "--threads", threads, path)
                expect_equal(ran.status, 2, f"{name}: {ran}")
                expect(ran.err.startswith(f"swerve: {path}: "), name, ran)
                expect(harmless(ran.err) and harmless(ran.out), name, ran)
        os.mkdir(os.path.join(home, "folder"))
        for name in ("folder", "nothing"):
            ran = check("wwnr", os.path.join(home, name))
            expect_equal((ran.status, ran.out), (2, ""), ran)
            expect_one_line(ran.err, ran)
            expect_in(f"swerve: {home}/{name}: ", ran.err)


@case
def verdicts_before_an_error():
    """check: what was found before the trace ends too early is printed, and how much was read"""
    text = unpacked(B_TEXT)
    packed = gzip.compress(text, 1)
    with folder() as home:
        path = os.path.join(home, "cut.gz")
        with open(path, "wb") as file:
            file.write(packed[:-9])  # only the very end is missing
        ran = check("wwnr", "--plain-states", "--json", path)
        expect_equal((ran.status, len(violations(ran))), (2, 1), ran)
        summary = objects(ran)[-1]
        expect_equal((summary["status"], summary["incomplete"]), (2, True), ran)
        expect_in(path, summary["error"])
        expect(re.search(r"\(\d+ events were read until there\)\n$", ran.err), "how much was read", ran)


@case
def help_of_check():
    """check and convert: help names what they take and what the status means"""
    for name, words in (("check", ("[TRACE...]", "-t,--trace", "--json", "--final", "--plain-states", "--window", "--buffer",
                                   "--html", "--perfetto", "--threads", "-m,--monitor", "Exit status")),
                        ("convert", ("-o FILE", "--force", "--only", "--window", "--buffer"))):
        expect(re.search(rf"^  {name} ", swerve("--help").out, re.M), f"no {name} in the help")
        ran = swerve(name, "--help")
        expect_equal((ran.status, ran.err), (0, ""), ran)
        for word in words:
            expect_in(word, ran.out)


@case
def usage_of_check():
    """check and convert: usage errors and unknown names are one line, and status 2"""
    with folder({"a.txt": "x", **FILES}) as home:
        for arguments, words in (
                (["check"], "MONITOR"),
                (["check", "wwnr", B, "-r", "printk"], "-r"),
                (["check", "wwnr", B, "--self"], "--self"),
                (["check", "wwnr", B, "--window", "soon"], "'soon'"),
                (["check", "wwnr", B, "--threads", "0"], "--threads"),
                (["check", "wwrn", B], "did you mean 'wwnr'?"),
                (["check", "wwnr", B, f"./{B}"], "named twice"),
                (["check", "wwnr", "-", "-"], "standard input is named twice"),
                (["check", "wwnr", B, "--html", B], "is to be written"),
                (["check", "wwnr", B, "--html", "x.html", "--perfetto", "x.html"], "named a second time"),
                (["check", "wwnr", B, "--html", "/nonexistent/x.html"], "/nonexistent"),
                (["check", "wwnr", "-t"], "-t needs a TRACE"),
                (["check", "wwnr", "--html", "x"], "--html needs a TRACE"),
                (["convert"], "TRACE"),
                (["convert", B], "--output"),
                (["convert", B, "-o", f"{home}/a.txt"], "is there already"),
                (["convert", B, "-o", B, "--force"], "is to be written"),
                (["convert", B, "-o", f"{home}/b", "--only", "wwrn"], "did you mean 'wwnr'?"),
        ):
            ran = run(*arguments, cwd=command.SOURCE)
            expect_equal((ran.status, ran.out), (2, ""), f"{arguments}: {ran}")
            expect_one_line(ran.err, ran)
            expect_in(words, ran.err)
        expect_equal(sorted(os.listdir(home)), ["a.txt", "files.dot", "files.toml"])
        expect(not os.path.exists(os.path.join(command.SOURCE, "x.html")), "nothing is written after a usage error")


@case
def errors_of_definitions():
    """check: a definition with errors is told before the trace is opened"""
    files = copies(["bad", "wrong"])
    files["bad.toml"] = files["bad.toml"].replace("== TASK_INTERRUPTIBLE", "==")
    files["wrong.toml"] = files["wrong.toml"].replace('task  = "next"', 'task  = "nxt"')
    with folder(files) as home:
        for name, words in (("bad.toml", "bad.toml:14:"), ("wrong.toml", "did you mean 'next'")):
            for arguments in ([], ["/nonexistent"]):
                ran = check(os.path.join(home, name), *arguments)
                expect_equal((ran.status, ran.out), (2, ""), ran)
                expect_in(words, ran.err)
                expect("nonexistent" not in ran.err, "the trace was opened", ran)


@live
def without_a_trace():
    """check MONITOR: everything is validated, the kernel's verifier included, and nothing attached"""
    ran = check("wwnr")
    expect_equal((ran.status, ran.out, ran.err),
                 (0, "wwnr: the model and the bindings are valid, and the kernel's verifier accepts 2 programs; nothing was attached\n", ""),
                 ran)
    ran = check("wwnr", "-m", "rwfs")
    expect_equal((ran.status, len(ran.out.splitlines())), (0, 2), ran)
    with folder({"renames.dot": RENAMES_DOT}) as home:
        expect_equal(check("wwnr", "--monitors", home).status, 2)


@case
def without_a_trace_and_without_rights():
    """check MONITOR: what could not be validated is said; status 2"""
    if os.geteuid() != 0:
        return
    with folder() as home:
        program = os.path.join(home, "swerve")
        with open(command.SWERVE, "rb") as source, open(program, "wb") as to:
            to.write(source.read())
        os.chmod(program, 0o755)
        done = subprocess.run([program, "check", "wwnr", "--monitors", os.path.join(command.SOURCE, "monitors")],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, user=65534, group=65534, extra_groups=[],
                              cwd="/", timeout=60)
        ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
        if ran.status == 126 or "Permission denied" in ran.err and not ran.out:
            raise command.Skip("the source folder is not for everybody")
        expect_equal(ran.status, 2, ran)
        expect_in("not loaded" if "not loaded" in ran.out else "nothing was loaded", ran.out)
        expect(ran.err != "", "it says why", ran)


# ---- while it runs -----------------------------------------------------------------------------------------


def more_text():
    """Events without end, in order, in pieces."""
    second = 11  # after the real traces that begin so
    while True:
        second += 1
        yield "".join(
            f"             sh-7       [000] d..2.    {second}.{i:06}: sched_wakeup: comm=a pid={100000 + i} prio=120 target_cpu=000\n"
            for i in range(1000)).encode()


def write_some(fd, data, until):
    """Writes what can be written before the time."""
    while data and time.monotonic() < until:
        if not select.select([], [fd], [], 0.1)[1]:
            return data
        try:
            data = data[os.write(fd, data):]
        except BlockingIOError:
            return data
    return data


@case
def interrupted():
    """check: Ctrl-C ends it with what was found so far, also while it waits for input; status 2"""
    process = subprocess.Popen([command.SWERVE, "check", "wwnr", "--plain-states", "-", B], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=command.SOURCE)
    os.set_blocking(process.stdin.fileno(), False)
    try:
        rest, pieces, until = unpacked(B_TEXT), more_text(), time.monotonic() + PATIENCE
        while not select.select([process.stdout], [], [], 0)[0] and time.monotonic() < until:
            rest = write_some(process.stdin.fileno(), rest or next(pieces), time.monotonic() + 0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.stdout.read().decode(), process.stderr.read().decode()
        expect_equal(process.wait(PATIENCE), 2, err)
        expect_in("wwnr: 'wakeup' is not allowed in state 'running'", out)
        expect_in("1 violation in the part of standard input that was checked.\n", out)
        expect_in("stopped before the end", err)
        expect_in(f"{B}: not begun: stopped before\n", err)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


@case
def live_input():
    """check -: what comes is answered when it comes, not when the input ends or a block is full"""
    def line(at, text):
        return f"              sh-7       [000] d..2.    {at}: {text}\n".encode()

    def switch(at, prev, state, following):
        return line(at, f"sched_switch: prev_comm=x prev_pid={prev} prev_prio=120 prev_state={state} ==> next_comm=y "
                        f"next_pid={following} next_prio=120")

    process = subprocess.Popen([command.SWERVE, "check", "wwnr", "--plain-states", "-"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=command.SOURCE)
    try:
        wakeup = "sched_wakeup: comm=x pid=7 prio=120 target_cpu=000"
        process.stdin.write(switch("10.000001", 7, "S", 8) + switch("10.000002", 8, "R", 7) + line("10.000003", wakeup))
        process.stdin.write(line("10.200003", wakeup))  # newer by more than the window: the other ones can be answered
        process.stdin.flush()
        out, until = b"", time.monotonic() + PATIENCE
        while b"is not allowed in state 'running'" not in out:
            expect(select.select([process.stdout], [], [], max(0, until - time.monotonic()))[0], "it does not answer", out)
            out += os.read(process.stdout.fileno(), 65536)
        expect_equal(process.poll(), None)
        process.stdin.close()
        out += process.stdout.read()
        expect_in(b"1 violation in standard input.\n", out)
        expect_equal(process.wait(PATIENCE), 1, process.stderr.read())
    finally:
        process.kill()
        process.wait()


@case
def progress_on_a_terminal():
    """check: how far it is, on standard error, when that is a terminal and it takes more than a second"""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([command.SWERVE, "check", "wwnr", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=theirs, cwd=command.SOURCE)
    os.close(theirs)
    os.set_blocking(process.stdin.fileno(), False)
    try:
        said, rest, until = b"", b"", time.monotonic() + PATIENCE
        pieces = more_text()
        while b" a second" not in said and time.monotonic() < until:
            rest = write_some(process.stdin.fileno(), rest or (b"# tracer: nop\n" if not said else b"") + next(pieces),
                              time.monotonic() + 0.1)
            while select.select([ours], [], [], 0)[0]:
                said += os.read(ours, 4096)
        expect(re.search(rb"^\r\x1b\[Kstandard input: [0-9.]+( million)? events, [0-9.]+( million)? a second", said), "no progress", said)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        os.close(ours)


@case
def a_reader_that_goes_away():
    """check: ends when nobody reads what it prints"""
    process = subprocess.Popen([command.SWERVE, "check", "wwnr", "-t", C], cwd=command.SOURCE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read().decode()
    expect_equal(process.wait(PATIENCE), 2, err)


# ---- convert -----------------------------------------------------------------------------------------------


@case
def conversions():
    """convert: small, whole, refuses to write over a file; --only keeps what a monitor needs"""
    with folder() as home:
        whole, part, both = (os.path.join(home, name) for name in ("whole", "part", "both"))
        expect_equal(run("convert", B, "-o", whole, cwd=command.SOURCE).status, 0)
        ran = run("convert", B, "-o", whole, cwd=command.SOURCE)
        expect_equal((ran.status, ran.out), (2, ""), ran)
        expect_equal(run("convert", B, "-o", whole, "--force", cwd=command.SOURCE).status, 0)
        expect_equal(run("convert", B, "-o", part, "--only", "wwnr", cwd=command.SOURCE).status, 0)
        expect(os.path.getsize(part) < os.path.getsize(whole), "--only does not make it smaller")
        wanted = verdicts(check("wwnr", "--plain-states", "--json", B))
        for path in (whole, part):
            expect_equal(verdicts(check("wwnr", "--plain-states", "--json", path)), wanted)
        expect_equal(run("convert", B, C, "-o", both, cwd=command.SOURCE).status, 0)
        expect_equal(len(verdicts(check("wwnr", "--plain-states", "--json", both))), 2)
        ran = run("convert", C, B, "-o", os.path.join(home, "wrong"), cwd=command.SOURCE)
        expect_equal(ran.status, 2, ran)
        expect_in("one after the other in time", ran.err)
        done = subprocess.run([command.SWERVE, "convert", B, "-o", "-"], cwd=command.SOURCE, stdout=subprocess.PIPE)
        with open(whole, "rb") as file:
            expect(done.stdout == file.read(), "standard output gets something else")
        expect_equal(sorted(os.listdir(home)), ["both", "part", "whole"])


@case
def half_a_conversion():
    """convert: leaves nothing behind when it fails, or is interrupted"""
    with folder() as home:
        cut = os.path.join(home, "cut.gz")
        with open(cut, "wb") as file:
            file.write(gzip.compress(unpacked(B_TEXT))[:-9])
        ran = run("convert", cut, "-o", os.path.join(home, "out"))
        expect_equal((ran.status, ran.out), (2, ""), ran)
        expect_in("nothing was written", ran.err)
        expect_equal(os.listdir(home), ["cut.gz"])
        process = subprocess.Popen([command.SWERVE, "convert", "-", "-o", os.path.join(home, "out")],
                                   stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            process.stdin.write(unpacked(B_TEXT))
            process.stdin.flush()
            until = time.monotonic() + PATIENCE
            while len(os.listdir(home)) < 2 and time.monotonic() < until:
                time.sleep(0.01)
            expect_equal(len(os.listdir(home)), 2, "it has begun to write")
            process.send_signal(signal.SIGINT)
            err = process.stderr.read().decode()
            expect_equal(process.wait(PATIENCE), 2, err)
            expect_in("stopped before the end", err)
        finally:
            process.kill()
            process.wait()
            process.stdin.close()
        expect_equal(os.listdir(home), ["cut.gz"])


@case
def what_a_conversion_leaves_out():
    """convert: lines that are no event are told; status 1"""
    with folder() as home:
        text = unpacked(B_TEXT)
        cut = text.index(b"\n", len(text) // 2) + 1
        ran = run("convert", "-", "-o", os.path.join(home, "out"), text=text[:cut] + b"nonsense\n" + text[cut:])
        expect_equal((ran.status, ran.out), (1, ""), ran)
        expect_one_line(ran.err)
        expect_in("1 line was not understood", ran.err)


if __name__ == "__main__":
    sys.exit(main())
