#!/usr/bin/env python3
"""tests/runtime/command.py - the command as its users meet it: run from outside, judged by what it prints,
its exit status and what it leaves behind.

A case is a function; its first line of documentation is its name. Cases marked @live watch the kernel
and need root; the rest runs anywhere.

    command.py --swerve PATH --source DIR [FUNCTION...]     run cases (all when none is named)
    command.py --list                                       "live|plain FUNCTION NAME" a line

Status: 0 passed, 1 failed, 77 skipped; then a line "skipped: REASON" says why.
"""
import argparse
import contextlib
import ctypes
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

CASES = []
SWERVE = SOURCE = CC = None


class Skip(Exception):
    """The case cannot be run here; for what the kernel cannot do the text begins with "this kernel lacks"."""


def case(function):
    CASES.append(("plain", function))
    return function


def live(function):
    CASES.append(("live", function))
    return function


# ---- running the command -----------------------------------------------------------------------------------


class Ran:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return f"status {self.status}\n--- stdout\n{self.out}--- stderr\n{self.err}---"


def swerve(*arguments, timeout=60, before=(), program=None, **options):
    """Runs the command to its end."""
    done = subprocess.run([*before, program or SWERVE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=timeout, **options)
    return Ran(done.returncode, done.stdout.decode(errors="surrogateescape"),
               done.stderr.decode(errors="surrogateescape"))


@contextlib.contextmanager
def watching(*arguments, new_group=False):
    """Runs `swerve mon -v ARGUMENTS` in the background; inside, everything is attached."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([SWERVE, "mon", "-v", *arguments], stdout=out, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, start_new_session=new_group)
        try:
            said = []
            for line in process.stderr:
                said.append(line.decode(errors="replace"))
                if "events count" in said[-1]:
                    break
            else:
                raise AssertionError(f"it ended instead of watching:\n{''.join(said)}")

            def finish(timeout=30):
                rest = process.communicate(timeout=timeout)[1].decode(errors="replace")
                out.seek(0)
                return Ran(process.returncode, out.read().decode(errors="surrogateescape"), "".join(said) + rest)

            process.finish = finish
            process.said = said
            process.printed = lambda: os.pread(out.fileno(), 1 << 20, 0)
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stderr.close()


def expect(condition, what, ran=""):
    if not condition:
        raise AssertionError(f"{what}\n{ran}")


def expect_equal(got, wanted, ran=""):
    expect(got == wanted, f"got:    {got!r}\nwanted: {wanted!r}", ran)


def expect_in(part, text, ran=""):
    expect(part in text, f"not there: {part!r}", ran or text)


def expect_one_line(text, ran=""):
    expect(text.endswith("\n") and text.count("\n") == 1, f"not one line: {text!r}", ran)


def objects(ran):
    return [json.loads(line) for line in ran.out.splitlines()]


def violations(ran):
    return [o for o in objects(ran) if o["type"] == "violation"]


def harmless(text):
    """Nothing that a terminal would obey."""
    return all(c == "\n" or (c >= " " and c != "\x7f" and not "\x80" <= c <= "\x9f") for c in text)


@contextlib.contextmanager
def folder(files=None):
    """A new folder that all may read, with files in it: {path: text}."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        for name, text in (files or {}).items():
            full = os.path.join(path, name)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w") as file:
                file.write(textwrap.dedent(text))
        yield path


def built(home, source, name):
    program = os.path.join(home, name)
    subprocess.run([CC, "-O2", "-o", program, os.path.join(SOURCE, "examples", source)], check=True)
    return program


RENAMES_DOT = """\
    digraph renames {
      "__init_fresh" -> "fresh";
      "fresh" [shape = doublecircle];
      "fresh" -> "named" [label = "name"];
      "named" -> "named" [label = "leave"];
    }
"""
RENAMES_TOML = """\
    name = "renames"
    description = "a task is named once."
    scope = "task"
    model = "renames.dot"
    [[on]]
    probe = "tracepoint:task_rename"
    task = "task"
    event = "name"
    start_run = true
    [[on]]
    probe = "syscall:exit_group"
    event = "leave"
"""
RENAMES = {"renames.toml": RENAMES_TOML, "renames.dot": RENAMES_DOT}


# ---- help and usage ----------------------------------------------------------------------------------------


@case
def help_texts():
    """help goes to standard output, for all of it and for each command"""
    ran = swerve("--help")
    expect_equal((ran.status, ran.err), (0, ""), ran)
    for name in ("list", "probes", "mon", "model", "doctor"):
        expect(re.search(rf"^  {name} ", ran.out, re.M), f"no {name} in the help", ran)
        for flag in ("--help", "-h"):
            one = swerve(name, flag)
            expect_equal((one.status, one.err), (0, ""), one)
            expect_in(f"Usage: swerve {name}", one.out)
    for option in ("-r,--reactor", "-t,--trace", "-s,--self", "-v,--verbose", "--for", "--json", "--fail",
                   "--no-stack", "--monitors", "--mount", "--allow-panic", "--allow-signal", "[-- COMMAND...]", "nop",
                   "printk"):
        expect_in(option, swerve("mon", "--help").out)


@case
def version_everywhere():
    """--version everywhere"""
    for arguments in ([], ["list"], ["probes"], ["mon"], ["model"], ["doctor"]):
        ran = swerve(*arguments, "--version")
        expect_equal((ran.status, ran.err), (0, ""), ran)
        expect(re.fullmatch(r"swerve \d+\.\d+\.\d+\n", ran.out), "not a version", ran)


@case
def usage_errors():
    """usage errors are one line on standard error; status 2 for model, 1 for the others"""
    for status, arguments, words in (
            (1, [], "a command is required"),
            (1, ["lst"], "there is no command 'lst'; did you mean 'list'?"),
            (1, ["invalid"], "there is no command 'invalid'"),
            (1, ["mon"], "MONITOR"),
            (1, ["mon", "wwnr", "--bad"], "--bad"),
            (1, ["mon", "wwnr", "--for", "soon"], "'soon'"),
            (1, ["mon", "wwnr", "--for", "0"], "--for"),
            (1, ["mon", "wwnr", "--"], "a command is required after --"),
            (1, ["list", "-x"], "-x"),
            (1, ["list", "a", "b"], "b"),
            (1, ["doctor", "x"], "x"),
            (1, ["probes", "a", "b"], "b"),
            (2, ["model"], "FILE"),
            (2, ["model", "--bad", "x"], "--bad"),
            (2, ["model", "--dot", "--json", "x"], "excludes"),
    ):
        ran = swerve(*arguments)
        expect_equal((ran.status, ran.out), (status, ""), f"{arguments}: {ran}")
        expect_one_line(ran.err, ran)
        expect_in(words, ran.err)


# ---- list, probes, model -----------------------------------------------------------------------------------


@case
def list_columns():
    """list: a line a monitor, in the columns of the kernel's tool"""
    ran = swerve("list")
    expect_equal((ran.status, ran.err), (0, ""), ran)
    lines = ran.out.splitlines()
    expect_equal([line.split()[0] for line in lines], sorted(os.listdir(os.path.join(SOURCE, "monitors"))), ran)
    for line in lines:
        expect(re.match(r"^(?=.{32} )\S+ +\S.* \[OFF\]", line), f"not in columns: {line!r}")


@live
def list_reasons():
    """list: says why wip cannot run here"""
    if "preempt_disable(" in swerve("probes", "tracepoint:preempt_disable").out:
        return
    ran = swerve("list")
    line = [line for line in ran.out.splitlines() if line.startswith("wip ")][0]
    expect_in("[OFF] cannot run here: no tracepoint 'preempt_disable'", line)
    for name in ("wwnr", "rwfs"):
        expect(re.search(rf"^{name} .*\[OFF\]$", ran.out, re.M), f"{name} should run", ran)


CONTAINER = {
    "b.toml": RENAMES_TOML.replace('name = "renames"', 'name = "b"', 1),
    "renames.dot": RENAMES_DOT,
    "box/box.toml": 'name = "box"\ndescription = "a container."\ncontainer = true\n',
    "box/one/one.toml": RENAMES_TOML.replace('name = "renames"', 'name = "one"\nparent = "box"', 1),
    "box/one/renames.dot": RENAMES_DOT,
    "box/two/two.toml": RENAMES_TOML.replace('name = "renames"', 'name = "two"\nparent = "box"', 1),
    "box/two/renames.dot": RENAMES_DOT,
}


@case
def list_container():
    """list: children of a container stand below it; a container's name is matched whole"""
    with folder(CONTAINER) as home:
        ran = swerve("list", "--monitors", home)
        expect_equal(ran.status, 0, ran)
        starts = [re.match(r"( - )?\S+", line).group() for line in ran.out.splitlines()]
        expect_equal(starts, ["b", "box", " - one", " - two"], ran)
        at = {line.index("a task") for line in ran.out.splitlines() if "a task" in line}
        expect_equal(at, {33}, ran)
        ran = swerve("list", "box", "--monitors", home)
        expect_equal([line.split()[0] for line in ran.out.splitlines()], ["one", "two"], ran)
        for name in ("b", "bo", "one"):
            ran = swerve("list", name, "--monitors", home)
            expect_equal((ran.status, ran.out), (0, f"-- No monitor found in container {name} --\n"), ran)
    with folder() as home:
        ran = swerve("list", "--monitors", home)
        expect_equal((ran.status, ran.out), (0, "-- No monitor found --\n"), ran)
        ran = swerve("list", "--monitors", home + "/none")
        expect_equal((ran.status, ran.out), (1, ""), ran)
        expect_one_line(ran.err, ran)


@case
def folders_in_order():
    """--monitors: the first folder that has a name counts"""
    with folder({"m.toml": 'name = "m"\ndescription = "first."\ncontainer = true\n'}) as first, \
         folder({"m.toml": 'name = "m"\ndescription = "second."\ncontainer = true\n',
                 "a.toml": 'name = "a"\ndescription = "other."\ncontainer = true\n'}) as second:
        ran = swerve("list", "--monitors", first, "--monitors", second)
        expect_equal([line.split()[:2] for line in ran.out.splitlines()], [["m", "first."], ["a", "other."]], ran)


@live
def probes():
    """probes: what can be bound, with the names and types of arguments"""
    ran = swerve("probes", "tracepoint:sched_switch")
    expect_equal((ran.status, ran.err), (0, ""), ran)
    expect_in("tracepoint:sched_switch(bool preempt, struct task_struct *prev, struct task_struct *next", ran.out)
    expect_in("syscall:openat:exit(int dfd, ", swerve("probes", "openat").out)
    expect(all("fsync" in line for line in swerve("probes", "*fsync*").out.splitlines()), "another probe")
    ran = swerve("probes", "no_such_probe")
    expect_equal((ran.status, ran.out), (1, ""), ran)
    expect_one_line(ran.err, ran)


@case
def model_described():
    """model: describes; --dot gives an equal model; --json is JSON"""
    path = os.path.join(SOURCE, "monitors/wwnr/wwnr.dot")
    ran = swerve("model", path)
    expect_equal((ran.status, ran.err), (0, ""), ran)
    for word in ("not_running", "running", "switch_in", "switch_out", "wakeup"):
        expect_in(word, ran.out)
    as_json = swerve("model", path, "--json")
    expect_equal(json.loads(as_json.out)["initial"], "not_running", as_json)
    with folder({"again.dot": swerve("model", path, "--dot").out}) as home:
        again = swerve("model", os.path.join(home, "again.dot"), "--json")
        expect_equal((again.status, again.err), (0, ""), again)
        expect_equal(json.loads(again.out), json.loads(as_json.out))


@case
def model_drawn():
    """model --svg: through Graphviz; a clear error where that is missing"""
    path = os.path.join(SOURCE, "monitors/wwnr/wwnr.dot")
    with folder() as empty:
        ran = swerve("model", path, "--svg", env={"PATH": empty})
        expect_equal((ran.status, ran.out), (2, ""), ran)
        expect_in("needs Graphviz", ran.err)
        expect_one_line(ran.err, ran)
    if shutil.which("dot"):
        ran = swerve("model", path, "--svg")
        expect_equal(ran.status, 0, ran)
        expect_in("</svg>", ran.out)


@case
def model_errors():
    """model: all that is wrong, with places, and status 2; warnings leave it 0"""
    with folder({"bad.dot": 'digraph g {\n  "__init_a" -> "a";\n  "a" -> "b" [label = "e"];\n  "a" -> "a" [label = "e"];\n'
                            '  "b" -> ;\n}\n',
                 "warned.dot": 'digraph g {\n  "__init_a" -> "a";\n  "a" [shape = doublecircle];\n'
                               '  "b" -> "a" [label = "e"];\n  "a" -> "a" [label = "f"];\n}\n'}) as home:
        ran = swerve("model", "bad.dot", cwd=home)
        expect_equal((ran.status, ran.out), (2, ""), ran)
        expect(re.search(r"^bad\.dot:4:\d+: error: ", ran.err, re.M), "the event with two targets", ran)
        expect(re.search(r"^bad\.dot:5:\d+: error: ", ran.err, re.M), "the edge without a target", ran)
        ran = swerve("model", "warned.dot", cwd=home)
        expect_equal(ran.status, 0, ran)
        expect(re.search(r"^warned\.dot:\d+:\d+: warning: ", ran.err, re.M), "a warning", ran)
        expect("warning" not in ran.out, "a warning among the results", ran)
        ran = swerve("model", "none.dot", cwd=home)
        expect_equal((ran.status, ran.out), (2, ""), ran)
        expect_one_line(ran.err, ran)


@live
def doctor():
    """doctor: says what is there, and that this machine can be watched"""
    ran = swerve("doctor")
    expect_equal((ran.status, ran.err), (0, ""), ran)
    for what in ("kernel ", "rights ", "BTF ", "BPF JIT ", "tracepoints ", "system calls ", "functions, entry ",
                 "kernel symbols ", "kernel log ", "monitor wwnr ", "monitor wip ", "monitor rwfs "):
        expect(re.search(rf"^{what}", ran.out, re.M), f"nothing about {what}", ran)
    expect_equal(ran.out.splitlines()[-1], "This machine can be watched.", ran)


# ---- mon: what is refused ----------------------------------------------------------------------------------


@live
def unknown_names():
    """mon: unknown monitors and reactors; a part of a name is not the name"""
    for arguments, words in ((["wnwr"], "monitor wnwr does not exist; did you mean 'wwnr'?"),
                             (["nr"], "monitor nr does not exist"),
                             (["invalid"], "monitor invalid does not exist"),
                             (["box:wwnr"], "monitor box:wwnr does not exist"),
                             (["./none.toml"], "there is no file ./none.toml"),
                             (["wwnr", "wwnr"], "monitor wwnr is named twice"),
                             (["wwnr", "-r", "printkk"], "printk")):
        ran = swerve("mon", *arguments, "--for", "1s")
        expect_equal((ran.status, ran.out), (1, ""), ran)
        expect_one_line(ran.err, ran)
        expect_in(words, ran.err)


@live
def bad_definitions():
    """mon: everything that is wrong with all definitions is said at once, with places"""
    with folder({"one.toml": RENAMES_TOML.replace('"renames"', '"one"').replace('"name"', '"nam"'),
                 "renames.dot": RENAMES_DOT,
                 "two.toml": RENAMES_TOML.replace('"renames"', '"two"').replace('task = "task"', 'task = "tsk"')
                                         .replace("task_rename", "task_renam"),
                 "three.toml": "descripton = 'x'\n" + RENAMES_TOML.replace('"renames"', '"three"')
                                                                  .replace('"name"', '"nam"')}) as home:
        ran = swerve("mon", "./one.toml", "./two.toml", "./three.toml", "--for", "1s", cwd=home)
        expect(re.search(r"^\./three\.toml:1:1: error: unknown key 'descripton'", ran.err, re.M), "three's key", ran)
        expect(re.search(r"^\./three\.toml:9:\d+: error: .*'nam'", ran.err, re.M), "three's event", ran)
        expect_equal((ran.status, ran.out), (1, ""), ran)
        expect(re.search(r"^\./one\.toml:8:\d+: error: .*'nam'", ran.err, re.M), "one's event", ran)
        expect(re.search(r"^\./two\.toml:6:\d+: error: .*'task_renam'", ran.err, re.M), "two's probe", ran)
        expect(all(re.match(r"\./\w+\.\w+:\d+:\d+: ", line) for line in ran.err.splitlines()), "a place each", ran)


@live
def missing_tracepoint():
    """mon: a tracepoint that is not there is an error with its place"""
    if "preempt_disable(" in swerve("probes", "tracepoint:preempt_disable").out:
        return
    ran = swerve("mon", "wip", "--for", "1s")
    expect_equal((ran.status, ran.out), (1, ""), ran)
    expect(re.search(r"wip\.toml:\d+:\d+: error: no tracepoint 'preempt_disable'", ran.err), "the reason", ran)


@live
def without_rights():
    """without rights: one line that says what to do"""
    ran = swerve("mon", "wwnr", "--for", "1s", before=["setpriv", "--bounding-set=-all", "--inh-caps=-all"])
    expect_equal((ran.status, ran.out), (1, ""), ran)
    expect_one_line(ran.err, ran)
    expect_in("setcap cap_bpf,cap_perfmon+ep", ran.err)
    ran = swerve("doctor", before=["setpriv", "--bounding-set=-all", "--inh-caps=-all"])
    expect_equal(ran.status, 1, ran)
    expect(re.search(r"^rights +MISSING +CAP_BPF and CAP_PERFMON: .*setcap", ran.out, re.M), "the right", ran)
    ran = swerve("list", before=["setpriv", "--bounding-set=-all", "--inh-caps=-all"])
    expect_equal(ran.status, 0, ran)
    expect(re.search(r"^wwnr .*\[OFF\] cannot run here: .*CAP_BPF", ran.out, re.M), "the reason", ran)


@live
def with_two_capabilities():
    """an ordinary user with CAP_BPF and CAP_PERFMON alone can watch"""
    with folder() as home:
        program = shutil.copy(SWERVE, os.path.join(home, "swerve"))
        shutil.copytree(os.path.join(SOURCE, "monitors"), os.path.join(home, "monitors"))
        caps = "+bpf,+perfmon"
        ran = swerve("mon", "wwnr", "rwfs", "--for", "500ms", program=program, cwd="/",
                     before=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"--inh-caps=-all,{caps}",
                             f"--ambient-caps=-all,{caps}"])
        expect_equal(ran.status, 0, ran)
        expect_in("of watching 2 monitors.", ran.out)


# ---- mon: watching -----------------------------------------------------------------------------------------


@live
def quiet_run():
    """mon: without -t no steps and no header; -v says the pid; the summary is last"""
    ran = swerve("mon", "wwnr", "--for", "700ms", "-v")
    expect_equal(ran.status, 0, ran)
    expect_in("my pid is ", ran.err)
    expect_in("monitor wwnr has id: yes", ran.err)
    expect("NEXT_STATE" not in ran.out and "event " not in ran.out.replace("  event     ", ""), "steps", ran)
    expect(re.search(r"^wwnr  \d+ events?, \d+ violations?; \d+ instances? now, \d+ starts?$", ran.out, re.M), "a line", ran)
    expect(re.search(r"^(no|\d+) violations? in \d+\.\d{3} s of watching 1 monitor\.$", ran.out.splitlines()[-1]),
           "the last line", ran)
    ran = swerve("mon", "wwnr", "--for", "200ms")
    expect_equal((ran.status, ran.err), (0, ""), ran)


@live
def stops_in_time():
    """mon --for: stops in time, under a load and with -t too"""
    with folder() as home:
        load = built(home, "wakeups.c", "wakeups")
        for arguments in ([], ["-t"]):
            busy = subprocess.Popen([load, "20", "1"])
            begun = time.monotonic()
            ran = swerve("mon", "wwnr", *arguments, "--for", "1s")
            took = time.monotonic() - begun
            busy.kill()
            busy.wait()
            expect_equal(ran.status, 0, ran.err)
            expect(1.0 <= took < 8, f"took {took:.2f} s with {arguments}")


HEADER = ["          <TASK>-PID      [CPU]  TYPE       ID                    STATE x EVENT                    -> "
          "NEXT_STATE               FINAL",
          "              |   |          |     |        |                        |     |                           |"
          "                       |"]
STEP = re.compile(r"(?P<comm>.{16,})-(?P<tid>\d+) *\[\d{3}\] (?P<kind>event\w*) +(?P<id>\d+) +\w+ x \w+ +-> \w+ +[YN]")
ERROR = re.compile(r" *\d+ \[\d{3}\] error\w* +\d+ +\w+ x \w+")


@live
def columns():
    """mon -t: header and lines as the kernel's tool prints them"""
    with folder() as home:
        load = built(home, "wakeups.c", "wakeups")
        ran = swerve("mon", "wwnr", "-t", "--", load, "0.3", "1")
        expect_equal(ran.status, 0, ran)
        lines = ran.out.splitlines()
        expect_equal(lines[:2], HEADER)
        steps = [line for line in lines[2:] if STEP.fullmatch(line)]
        rest = [line for line in lines[2:] if not STEP.fullmatch(line) and not ERROR.fullmatch(line)]
        expect(len(steps) > 100, f"only {len(steps)} steps")
        expect(len(rest) <= 8 and rest[-1].endswith("of watching 1 monitor."), f"other lines: {rest[:20]}")
        ran = swerve("mon", "wwnr", "rwfs", "-t", "--", load, "0.2", "1")
        expect(re.search(r"\] event_wwnr +\d+ ", ran.out), "the monitor's name in the type", ran.out[:2000])


@live
def own_events():
    """mon -t: swerve's own events are printed with -s only"""
    for flags, shown in ((["-t"], False), (["-t", "-s"], True)):
        with folder(RENAMES) as home:
            with open(os.path.join(home, "renames.dot"), "w") as file:
                file.write('digraph w { "__init_a" -> "a"; "a" -> "a" [label = "write"]; }\n')
            with open(os.path.join(home, "renames.toml"), "w") as file:
                file.write('name = "renames"\ndescription = "w"\nscope = "task"\nmodel = "renames.dot"\n'
                           '[[on]]\nprobe = "syscall:write"\nevent = "write"\nstart_run = true\n')
            with watching(home + "/renames.toml", *flags) as process:
                for _ in range(10):
                    os.write(os.open("/dev/null", os.O_WRONLY), b"x")
                    time.sleep(0.05)
                process.send_signal(signal.SIGINT)
                ran = process.finish()
            expect_equal(ran.status, 0, ran)
            ids = {int(match.group("id")) for match in map(STEP.fullmatch, ran.out.splitlines()) if match}
            expect(os.getpid() in ids, "no steps of this test", ran)
            expect_equal(process.pid in ids, shown, ran)


STEP_FIELDS = {"type": str, "time_ns": int, "monitor": str, "scope": str, "id": int, "tid": int, "tgid": int, "comm": str,
               "cpu": int, "by": dict, "state": str, "event": str, "next": str, "final": bool}
VIOLATION_FIELDS = {"type": str, "time_ns": int, "monitor": str, "scope": str, "id": int, "tid": int, "tgid": int,
                    "comm": str, "cpu": int, "by": dict, "state": str, "event": str, "expected": list, "path": list,
                    "events": int, "stack": list}
SUMMARY_FIELDS = {"type": str, "time_ns": int, "duration_ns": int, "realtime_offset_ns": int, "violations": int,
                  "incomplete": bool, "unprinted": int, "monitors": list}
MONITOR_FIELDS = {"monitor": str, "scope": str, "events": int, "violations": int, "started": int, "instances": int,
                  "refused": int, "raced": int, "lost": int, "missed": int, "compat": int, "incomplete": bool,
                  "hidden": int, "unread": int, "reactor": str, "reactions": int, "reaction_failures": int,
                  **{f"reactions_{what}": int for what in ("done", "suppressed", "dropped", "cancelled", "silenced",
                                                           "dry_run", "waiting")}}


def expect_fields(found, fields):
    expect_equal({name: type(value) for name, value in found.items()}, fields)


@live
def json_lines():
    """mon --json: each line is an object with the documented members"""
    with folder() as home:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        ran = swerve("mon", "rwfs", "--json", "-t", "--", demo, "unsafe", home + "/x")
        expect_equal((ran.status, ran.err), (0, ""), ran)
        found = objects(ran)
        expect_equal([o["type"] for o in found], ["step", "violation", "summary"], ran)
        expect_fields(found[0], STEP_FIELDS)
        expect_fields(found[1], VIOLATION_FIELDS)
        expect_fields(found[2], SUMMARY_FIELDS)
        expect_fields(found[2]["monitors"][0], MONITOR_FIELDS)
        expect_fields(found[1]["by"], {"tid": int, "tgid": int, "comm": str})
        expect_fields(found[1]["path"][0], {"state": str, "event": str, "next": str})
        wall = found[2]["time_ns"] + found[2]["realtime_offset_ns"]
        expect(abs(wall / 1e9 - time.time()) < 30, f"wall time is off: {wall}")
        manual = open(os.path.join(SOURCE, "docs/json.md")).read()
        for name in {**STEP_FIELDS, **VIOLATION_FIELDS, **SUMMARY_FIELDS, **MONITOR_FIELDS}:
            expect(f"`{name}`" in manual, f"{name} is not in docs/json.md")
        without = swerve("mon", "rwfs", "--json", "--no-stack", "--", demo, "unsafe", home + "/x")
        expect("stack" not in violations(without)[0], "a stack", without)


@live
def provoked_violations():
    """rwfs finds exactly the provoked violations, with the right task and way"""
    with folder() as home:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        for _ in range(3):
            ran = swerve("mon", "rwfs", "--json", "--", "sh", "-c",
                         f"{demo} safe {home}/a; {demo} unsafe {home}/b & echo $! > {home}/pid; wait; {demo} safe {home}/c")
            expect_equal((ran.status, ran.err), (0, ""), ran)
            found = violations(ran)
            expect_equal(len(found), 1, ran)
            one = found[0]
            pid = int(open(home + "/pid").read())
            expect_equal((one["monitor"], one["comm"], one["id"], one["tid"], one["tgid"]), ("rwfs", "rwfs_demo", pid, pid, pid))
            expect_equal(one["by"], {"tid": pid, "tgid": pid, "comm": "rwfs_demo"})
            expect_equal((one["state"], one["event"], one["expected"]), ("unsynced", "rename", ["create", "sync"]))
            expect_equal(one["path"], [{"state": "idle", "event": "create", "next": "unsynced"}])
            expect(one["stack"], "no stack", ran)
            summary = objects(ran)[-1]
            expect_equal((summary["violations"], summary["incomplete"]), (1, False), ran)
            expect_equal(open(home + "/b").read(), "colour = blue\n")


@live
def wakeups_while_running():
    """wwnr finds violations under a load, and explains them"""
    with folder() as home:
        load = built(home, "wakeups.c", "wakeups")
        for _ in range(8):  # a machine with other work may have none in two seconds
            ran = swerve("mon", "wwnr", "--json", "--", load, "2")
            expect_equal((ran.status, ran.err), (0, ""), ran)
            found = [v for v in violations(ran) if (v["state"], v["event"]) == ("running", "wakeup")]
            if found:
                break
        expect(found, "none", ran)
        for one in found:
            expect_equal((one["comm"], one["expected"], one["id"]), ("wakeups", ["switch_out"], one["tid"]), ran)
            expect(one["by"]["tid"] != one["tid"], "it woke itself", ran)
            expect(1 <= len(one["path"]) <= 8 and one["path"][-1]["next"] == "running", "the way", ran)
            for before, after in zip(one["path"], one["path"][1:]):
                expect_equal(before["next"], after["state"], ran)


@live
def report_for_people():
    """mon: a violation is explained to a person"""
    with folder() as home:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        ran = swerve("mon", "rwfs", "--", demo, "unsafe", home + "/x")
        expect_equal((ran.status, ran.err), (0, ""), ran)
        lines = ran.out.splitlines()
        expect_equal(lines[0], "rwfs: 'rename' is not allowed in state 'unsynced'; allowed there: create, sync", ran)
        for pattern in (r"  monitor   rwfs: rename without fsync", r"  time      \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} [+-]\d{4}, monotonic \d+\.\d{9}$",
                        r"  task      rwfs_demo, tid \d+$", r"  where     CPU \d+, by the task itself$",
                        r"  state     unsynced$", r"  event     rename$", r"  allowed   create, sync$",
                        r"  the way   all it did", r"            1\. idle     -- create -> unsynced$",
                        r"            2\. unsynced -- rename -x not allowed$", r"  stack     \S+"):
            expect(re.search("^" + pattern, ran.out, re.M), f"no {pattern}", ran)
        expect_equal(lines[-1].split(" in ")[0], "1 violation", ran)


@live
def fail_option():
    """mon --fail: status 1 when there were violations, 0 when not"""
    with folder() as home:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        for way, flags, status in (("unsafe", ["--fail"], 1), ("safe", ["--fail"], 0), ("unsafe", [], 0)):
            ran = swerve("mon", "rwfs", *flags, "--", demo, way, home + "/x")
            expect_equal(ran.status, status, ran)


@live
def only_the_command():
    """mon -- COMMAND: other tasks are not watched"""
    with folder() as home:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        with watching("rwfs", "--json", "--", "sh", "-c", f"echo begun > {home}/begun; read x < {home}/fifo") as process:
            os.mkfifo(home + "/fifo.new")
            os.rename(home + "/fifo.new", home + "/fifo")
            subprocess.run([demo, "unsafe", home + "/x"], check=True)
            deadline = time.monotonic() + 20
            while not os.path.exists(home + "/begun") and time.monotonic() < deadline:
                time.sleep(0.02)
            subprocess.run([demo, "unsafe", home + "/x"], check=True)
            process.send_signal(signal.SIGTERM)
            ran = process.finish()
        expect_equal((ran.status, violations(ran)), (0, []), ran)


@live
def command_passes_through():
    """mon -- COMMAND: standard input and output are the command's; its failure is told"""
    done = subprocess.run([SWERVE, "mon", "rwfs", "--", "sh", "-c", "cat; echo err >&2; exit 3"], input=b"through\n",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    expect_equal(done.returncode, 0, done)
    expect(done.stdout.startswith(b"through\n"), done)
    expect_equal(done.stderr, b"err\nswerve: 'sh' ended with status 3\n")
    # The command has no signal blocked or ignored that its user did not ignore.
    signals = ["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]
    alone = subprocess.run(signals, capture_output=True, text=True, check=True).stdout
    ran = swerve("mon", "rwfs", "--", *signals)
    expect(ran.out.startswith(alone), "signals as without swerve: " + alone, ran)


@live
def command_not_found():
    """mon -- COMMAND: status 127 when it is not found, 126 when it cannot be executed"""
    ran = swerve("mon", "rwfs", "--", "no-such-command")
    expect_equal((ran.status, ran.out), (127, ""), ran)
    expect_equal(ran.err, "swerve: no-such-command: No such file or directory\n")
    ran = swerve("mon", "rwfs", "--", "/etc/passwd")
    expect_equal((ran.status, ran.out), (126, ""), ran)
    expect_equal(ran.err, "swerve: /etc/passwd: Permission denied\n")


@live
def command_outlives_the_time():
    """mon --for: a command that goes on is told to end"""
    begun = time.monotonic()
    ran = swerve("mon", "rwfs", "--for", "300ms", "--", "sleep", "30")
    expect_equal(ran.status, 0, ran)
    expect(time.monotonic() - begun < 10, "it took too long")
    expect_equal(ran.err, "swerve: 'sleep' was ended by signal 15\n")


@live
def by_hand():
    """a definition written by hand, in an empty folder, over a tracepoint that nobody prepared for"""
    with folder(RENAMES) as home:
        ran = swerve("mon", "./renames.toml", "--json", "--", "sh", "-c",
                     "printf one > /proc/self/comm; printf two > /proc/self/comm", cwd=home)
        expect_equal((ran.status, ran.err), (0, ""), ran)
        # The first name comes with execve; so the first of the two is the violation, and the second starts anew.
        found = violations(ran)
        expect_equal([(v["state"], v["event"], v["comm"]) for v in found], [("named", "name", "sh")], ran)


@live
def escape_sequences():
    """a task's name that holds escape sequences comes out harmless, in every form"""
    with folder(RENAMES) as home:
        # The probe comes before the new name counts: violation (sh), step, violation and step (all with the bad name).
        script = "for i in 1 2 3 4; do printf '\\033[2Jx\\n' > /proc/self/comm; done"
        for flags in ([], ["-t"], ["--json"], ["--json", "-t"]):
            ran = swerve("mon", "./renames.toml", *flags, "--", "sh", "-c", script, cwd=home)
            expect_equal(ran.status, 0, ran)
            expect(harmless(ran.out), "a control character", repr(ran.out))
            expect_in("\\u001b[2Jx" if "--json" in flags else "\\x1b[2Jx", ran.out)


@live
def containers():
    """mon: PARENT:NAME, NAME alone, and a container for all of its monitors"""
    with folder(CONTAINER) as home:
        for argument, count in (("box:one", 1), ("two", 1), ("box", 2)):
            ran = swerve("mon", argument, "--monitors", home, "--json", "--", "true")
            expect_equal((ran.status, ran.err), (0, ""), ran)
            expect_equal(len(objects(ran)[-1]["monitors"]), count, ran)


@live
def printk_reactor():
    """mon -r printk: a line in the kernel's log"""
    with folder() as home:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(log, 0, os.SEEK_END)
        ran = swerve("mon", "rwfs", "-r", "printk", "--", demo, "unsafe", home + "/x")
        expect_equal((ran.status, ran.err), (0, ""), ran)
        said = []
        with contextlib.suppress(BlockingIOError):
            while True:
                said.append(os.read(log, 8192).decode(errors="replace").split(";", 1)[1].splitlines()[0])
        os.close(log)
        expect_in("rv: monitor rwfs does not allow event rename on state unsynced", said)


@live
def reactions_of_mon():
    """mon: reactions over the limit are suppressed, a dry run is only counted; what was done is done by the end"""
    program = "#include <sys/prctl.h>\nint main(void) { for (int i = 0; i < 20; i++) prctl(PR_SET_NAME, \"x\"); }\n"
    # A violation ends the life of an instance, and the next name begins a new one: ten of them.
    for more, wanted in (("", {"reactions_done": 3, "reactions_suppressed": 7}),
                         ("dry_run = true", {"reactions_dry_run": 10})):
        react = f'reactor = "exec"\n[react]\nper_second = 1\nburst = 3\n{more}\n[react.exec]\ncommand = "{{}}"\n[[on]]'
        with folder({**RENAMES, "main.c": program}) as home:
            toml = textwrap.dedent(RENAMES_TOML).replace("[[on]]", react.format(f"cat >> {home}/said"), 1)
            with open(home + "/renames.toml", "w") as file:
                file.write(toml)
            subprocess.run([CC, "-o", home + "/names", home + "/main.c"], check=True)
            ran = swerve("mon", home + "/renames.toml", "--json", "--", home + "/names")
            expect_equal((ran.status, ran.err), (0, ""), ran)
            monitor = objects(ran)[-1]["monitors"][0]
            expect_equal({key: monitor[key] for key in wanted}, wanted, ran)
            expect_equal((monitor["violations"], monitor["reactions"], monitor["reaction_failures"]), (10, 10, 0), ran)
            said = open(home + "/said").read() if os.path.exists(home + "/said") else ""
            expect_equal(said.count('"type":"violation"'), wanted.get("reactions_done", 0))


@live
def signal_by_mon():
    """mon -r signal: only with --allow-signal; the violating process ends at the event"""
    with folder() as home:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        for reactor in ("signal", "panic"):
            ran = swerve("mon", "rwfs", "-r", reactor)
            expect_equal((ran.status, ran.out), (1, ""), ran)
            expect_one_line(ran.err)
            expect_in(f"--allow-{reactor}", ran.err)
        ran = swerve("mon", "rwfs", "-r", "signal", "--allow-signal", "--json", "--", demo, "unsafe", home + "/x")
        expect_equal(ran.status, 0, ran)
        expect_in("was ended by signal 15", ran.err)
        expect_equal(violations(ran)[0]["reacted"], 0, ran)
        expect_equal(objects(ran)[-1]["monitors"][0]["reactions_done"], 1, ran)


@live
def memory():
    """mon: at most 32 MB resident, with the kernel's symbols for the stack of a violation"""
    with folder() as home, watching("wwnr", "rwfs") as process:
        subprocess.run([built(home, "rwfs_demo.c", "rwfs_demo"), "unsafe", home + "/x"], check=True, timeout=30)
        deadline = time.monotonic() + 30
        while b"\n  stack " not in process.printed():
            expect(time.monotonic() < deadline, "no stack was printed")
            time.sleep(0.01)
        status = open(f"/proc/{process.pid}/status").read()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))
        process.send_signal(signal.SIGINT)
        expect_equal(process.finish().status, 0)
        expect(peak <= 32 * 1024, f"{peak} kB")


# ---- mon: how it ends --------------------------------------------------------------------------------------

BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID, BPF_LINK_GET_FD_BY_ID = 13, 14, 30
SYS_BPF = {"x86_64": 321, "aarch64": 280}.get(os.uname().machine)


def bpf_objects(pid):
    """The BPF programs, maps and links that a process holds: {(command, id)}."""
    held = set()
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        text = open(f"/proc/{pid}/fdinfo/{fd}").read()
        for name, command in (("prog_id", BPF_PROG_GET_FD_BY_ID), ("map_id", BPF_MAP_GET_FD_BY_ID),
                              ("link_id", BPF_LINK_GET_FD_BY_ID)):
            match = re.search(rf"^{name}:\s*(\d+)", text, re.M)
            if match:
                held.add((command, int(match.group(1))))
    return held


def still_there(held):
    libc = ctypes.CDLL(None, use_errno=True)
    left = set()
    for command, number in held:
        attributes = (ctypes.c_uint32 * 32)(number)
        fd = libc.syscall(SYS_BPF, command, ctypes.byref(attributes), ctypes.sizeof(attributes))
        if fd >= 0:
            os.close(fd)
            left.add((command, number))
        elif ctypes.get_errno() != errno.ENOENT:
            raise OSError(ctypes.get_errno(), "bpf")
    return left


def expect_nothing_left(held):
    deadline = time.monotonic() + 10  # the kernel frees them a little later
    left = still_there(held)
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = still_there(left)
    expect(not left, f"left behind: {left}")


@live
def ends_leave_nothing():
    """Ctrl-C, SIGTERM, SIGHUP and kill -9 leave nothing attached"""
    for number, status in ((signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGKILL, -9)):
        with watching("wwnr", "rwfs") as process:
            held = bpf_objects(process.pid)
            expect(len(held) >= 4, f"it holds only {held}")
            expect_equal(still_there(held), held)
            process.send_signal(number)
            ran = process.finish()
        expect_equal(ran.status, status, f"{number}: {ran}")
        if status == 0:
            expect_in("of watching 2 monitors.", ran.out)
        expect_nothing_left(held)


@live
def interrupt_reaches_the_command():
    """Ctrl-C reaches swerve and its command; swerve waits for it and sums up"""
    with folder() as home:
        script = f"trap 'sleep 0.5; echo last words; exit 0' INT; echo begun > {home}/begun; while :; do sleep 0.1; done"
        with watching("rwfs", "--", "sh", "-c", script, new_group=True) as process:
            deadline = time.monotonic() + 20
            while not os.path.exists(home + "/begun") and time.monotonic() < deadline:
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGINT)
            ran = process.finish()
        expect_equal(ran.status, 0, ran)
        lines = ran.out.splitlines()
        expect_equal(lines[0], "last words", ran)
        expect_in("of watching 1 monitor.", lines[-1])


@live
def reader_goes_away():
    """mon: ends quietly when the reader of its output has gone"""
    with folder() as home:
        load = built(home, "wakeups.c", "wakeups")
        busy = subprocess.Popen([load, "20", "1"])
        try:
            process = subprocess.Popen([SWERVE, "mon", "wwnr", "-t"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            expect_equal(process.stdout.readline().decode().rstrip("\n"), HEADER[0])
            held = bpf_objects(process.pid)
            process.stdout.close()
            status = process.wait(timeout=20)
            said = process.stderr.read()
            process.stderr.close()
            expect_equal((status, said), (0, b""))
            expect_nothing_left(held)
        finally:
            busy.kill()
            busy.wait()


@live
def several_at_once():
    """two swerves at once do not disturb each other"""
    with folder() as home:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        with watching("rwfs", "--json") as first, watching("rwfs", "wwnr", "--json") as second:
            subprocess.run([demo, "unsafe", home + "/x"], check=True)
            for process in (first, second):
                process.send_signal(signal.SIGINT)
            for process in (first, second):
                ran = process.finish()
                expect_equal(len([v for v in violations(ran) if v["comm"] == "rwfs_demo"]), 1, ran)


# ---- the runner --------------------------------------------------------------------------------------------


def can_watch():
    return os.geteuid() == 0 and os.path.exists("/sys/kernel/btf/vmlinux")


def run(kind, function):
    """Returns the exit status of one case."""
    try:
        if kind == "live" and not can_watch():
            raise Skip("needs root and a kernel with BTF")
        function()
    except Skip as reason:
        print(f"skipped: {reason}")
        return 77
    except AssertionError as failure:
        print(f"FAILED {function.__name__}: {function.__doc__}\n{failure}")
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--swerve")
    parser.add_argument("--source", default=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    if options.list:
        for kind, function in CASES:
            print(kind, function.__name__, function.__doc__)
        return 0
    global SWERVE, SOURCE, CC
    SWERVE, SOURCE, CC = os.path.abspath(options.swerve), options.source, options.cc
    chosen = [(kind, function) for kind, function in CASES if not options.cases or function.__name__ in options.cases]
    if not chosen:
        print("there is no such case", file=sys.stderr)
        return 1
    statuses = []
    for kind, function in chosen:
        statuses.append(run(kind, function))
        if len(chosen) > 1:
            print({0: "ok     ", 1: "FAILED ", 77: "skipped"}[statuses[-1]], function.__doc__, flush=True)
    return max(statuses, key=lambda status: (status == 1, status))


if __name__ == "__main__":
    sys.exit(main())
