#!/usr/bin/env python3
"""tests/replay/replay.py - live = replay: while `swerve mon` watches, the same seconds are recorded, and `swerve check`
says of the recording what was said live.

A monitor whose conditions the recording can decide must say exactly the same, event for event, of the tasks of a load
that begins after both are on and ends before one of them is off. wwnr's condition on the task's state cannot be
decided: there each answer that is certain must be the live one, and the live one must be possible.

Where events or reports were lost nothing can be said: it is tried again with more room and a lighter load; and with a
longer one where too little was seen. The cases are run as those of tests/runtime/command.py; see there.
"""
import bisect
import collections
import json
import os
import re
import select
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "runtime"))
import command
from command import expect, expect_equal, folder, live, main, objects, swerve, watching

command.CASES.clear()
TRACING = "/sys/kernel/tracing"
SWITCH = re.compile(r"\[(\d+)\].* (\d+)\.(\d+): +(?:sched:)?sched_switch: .*prev_pid=(\d+) .*prev_state=(\S+) .*next_pid=(\d+)")
WAKEUP = re.compile(r" (?:sched:)?sched_wakeup: .*\bpid=(\d+) prio=")
PATIENCE = 200  # seconds: far more than anything here should take

# Tasks that are scheduled in without having been woken were preempted, and are violations.
TURNS = {
    "turns.toml": """\
        name = "turns"
        description = "a task that gets its turn was woken before."
        scope = "task"
        model = "turns.dot"
        [[on]]
        probe = "tracepoint:sched_switch"
        task = "prev"
        event = "switch_out"
        when = 'prev->comm == "load" && prev->prio >= 100'
        start = "!preempt"
        [[on]]
        probe = "tracepoint:sched_switch"
        task = "next"
        event = "switch_in"
        when = 'next->comm == "load" && next->prio >= 100 && next->pid != 0'
        [[on]]
        probe = "tracepoint:sched_wakeup"
        task = "p"
        event = "wakeup"
        when = 'p->comm == "load" && p->prio < 140'
        """,
    "turns.dot": """\
        digraph turns {
          "__init_out" -> "out";
          "out" [shape = doublecircle];
          "out" -> "woken" [label = "wakeup"];
          "woken" -> "in" [label = "switch_in"];
          "in" -> "out" [label = "switch_out"];
        }
        """,
}
# A file that is closed unread, or is read a third time, is a violation. WHO is `pid` or `tgid`.
FILES = {
    "files.toml": """\
        name = "files"
        description = "what is opened is read, once or twice."
        scope = "object"
        model = "files.dot"
        [[on]]
        probe = "syscall:openat:exit"
        key = "(u64)WHO << 32 | ret"
        event = "open"
        when = "ret >= 0 && (flags & O_NOFOLLOW) && (flags & O_NOATIME)"
        start_run = true
        [[on]]
        probe = "syscall:read"
        key = "(u64)WHO << 32 | fd"
        event = "read"
        when = "count < 16"
        [[on]]
        probe = "syscall:close"
        key = "(u64)WHO << 32 | fd"
        event = "close"
        end = true
        """,
    "files.dot": """\
        digraph files {
          "__init_none" -> "none";
          "none" [shape = doublecircle];
          "none" -> "opened" [label = "open"];
          "opened" -> "once" [label = "read"];
          "once" -> "twice" [label = "read"];
          "once" -> "none" [label = "close"];
          "twice" -> "none" [label = "close"];
        }
        """,
}


class Lost(Exception):
    """Something was lost: nothing can be said of this try."""


class TooLittle(Exception):
    """Too little happened that both saw, as on a machine that is busy with other things."""


# ---- recording ---------------------------------------------------------------------------------------------


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


class Ftrace:
    """An ftrace instance of our own. Recorded twice over: as trace.dat and as text."""

    def __init__(self, home, events, room_kb):
        self.home, self.events, self.room_kb = home, events, room_kb
        self.name = f"swerve-replay-{os.getpid()}"
        self.path = f"{TRACING}/instances/{self.name}"

    def __enter__(self):
        os.mkdir(self.path)
        write(f"{self.path}/tracing_on", "0")
        write(f"{self.path}/trace_clock", "mono")
        write(f"{self.path}/buffer_size_kb", str(self.room_kb))
        write(f"{self.path}/options/record-tgid", "1")
        for event in self.events:
            write(f"{self.path}/events/{event.replace(':', '/')}/enable", "1")
        write(f"{self.path}/tracing_on", "1")
        return self

    def __exit__(self, *failure):
        if not os.path.exists(self.path):  # trace-cmd has removed it
            return
        write(f"{self.path}/tracing_on", "0")
        write(f"{self.path}/set_event", "")
        os.rmdir(self.path)

    def finish(self):
        """The recordings, as `swerve check` is to be told of them."""
        write(f"{self.path}/tracing_on", "0")
        with open(f"{self.path}/trace", "rb") as trace, open(f"{self.home}/trace.txt", "wb") as copy:
            while part := trace.read(1 << 20):
                copy.write(part)
        subprocess.run(["trace-cmd", "extract", "-B", self.name, "-o", f"{self.home}/trace.dat"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE)
        return [[f"{self.home}/trace.dat", "--buffer", self.name], [f"{self.home}/trace.txt"]]


class Perf:
    """perf record, and its text."""

    def __init__(self, home, events, room_kb):
        self.home, self.events, self.room_kb = home, events, room_kb

    def __enter__(self):
        for name in ("control", "ack"):
            os.mkfifo(f"{self.home}/{name}")
        self.control = os.open(f"{self.home}/control", os.O_RDWR)
        self.ack = os.open(f"{self.home}/ack", os.O_RDWR)
        chosen = [word for event in self.events for word in ("-e", event)]
        self.process = subprocess.Popen(
            ["perf", "record", "-a", "-k", "CLOCK_MONOTONIC", "-m", f"{self.room_kb}K", "-D", "-1", "--control",
             f"fifo:{self.home}/control,{self.home}/ack", "-o", f"{self.home}/perf.data", *chosen],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.ask("enable")
        return self

    def ask(self, what):
        """All events of all CPUs are on, or off, when this returns."""
        os.write(self.control, f"{what}\n".encode())
        said, deadline = b"", time.monotonic() + PATIENCE
        while b"ack\n" not in said:
            if select.select([self.ack], [], [], 0.5)[0]:
                said += os.read(self.ack, 64)
            elif self.process.poll() is not None:
                raise AssertionError(f"perf record ended:\n{self.process.stderr.read().decode(errors='replace')}")
            expect(time.monotonic() < deadline, f"perf record did not {what}")

    def __exit__(self, *failure):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        os.close(self.control)
        os.close(self.ack)

    def finish(self):
        self.ask("disable")
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=PATIENCE)
        text = f"{self.home}/perf.txt"
        with open(text, "wb") as out:
            subprocess.run(["perf", "script", "-i", f"{self.home}/perf.data", "--ns", "--show-lost-events", "-F",
                            "comm,pid,tid,cpu,time,event,trace"], check=True, stdout=out, stderr=subprocess.DEVNULL,
                           timeout=PATIENCE)
        return [[text]]


# ---- one try -----------------------------------------------------------------------------------------------


def threads(pid):
    return {int(tid) for tid in os.listdir(f"/proc/{pid}/task")}


class Heard:
    """What was said of the same seconds."""

    def __init__(self):
        self.live = []      # what `mon` said
        self.replayed = {}  # {recording: what `check` said of it}
        self.own = set()    # the threads of the swerve that watched
        self.first = set()  # the threads of process 1
        self.gaps = {}      # {instance: when the recorder first missed a switch of it, in ns}
        self.ended_ns = 0   # when the load had ended


def instance(number, cpu):
    return number if number != 0 else f"idle {cpu}"


def gaps(text, first):
    """{instance: since when a recording lacks an event of it that may have been seen live}.

    On a CPU each switch is from the task that the one before it was to, and a task that went to sleep is woken before
    it runs again. ftrace leaves some events out now and then as a CPU comes out of idleness, and counts them nowhere.
    The switches from threads of process 1 (`first`) may be hidden from both; see side_by_side().
    """
    out, last = {}, {}
    asleep, unwoken = {}, {}  # {task: since when}
    wakeups = False  # there are any
    with open(text, errors="replace") as lines:
        for line in lines:
            if woken := WAKEUP.search(line):
                wakeups = True
                asleep.pop(int(woken[1]), None)
            if not (switch := SWITCH.search(line)):
                continue
            cpu, before, state, after = int(switch[1]), int(switch[4]), switch[5], int(switch[6])
            now_ns = int(switch[2]) * 1_000_000_000 + int(switch[3].ljust(9, "0"))
            chosen, time_ns = last.get(cpu, (before, 0))
            if chosen != before and chosen not in first:
                for number in (chosen, before):
                    out.setdefault(instance(number, cpu), time_ns)
            last[cpu] = after, now_ns
            if before != 0 and not state.startswith("R"):
                asleep[before] = now_ns
            if after in asleep:
                unwoken.setdefault(after, asleep.pop(after))
    for task, time_ns in unwoken.items() if wakeups else ():
        out[task] = min(time_ns, out.get(task, time_ns))
    return out


def watch_and_record(recorder, home, monitor, load, room_kb):
    heard = Heard()
    listed = swerve("events", monitor)
    expect_equal((listed.status, listed.err), (0, ""), listed)
    events = [line.split()[0] for line in listed.out.splitlines()]
    with watching("-t", "--json", "--no-stack", monitor) as watch:
        heard.own = threads(watch.pid)
        heard.first = threads(1)
        with recorder(home, events, room_kb) as recording:
            subprocess.run(load, check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
            heard.ended_ns = time.monotonic_ns()
            files = recording.finish()
        heard.first |= threads(1)
        watch.send_signal(signal.SIGINT)
        ran = watch.finish(timeout=PATIENCE)
    expect_equal(ran.status, 0, ran.err)
    heard.live = objects(ran)
    if heard.live[-1]["incomplete"]:
        raise Lost(f"live: {[m for m in heard.live[-1]['monitors'] if m['incomplete']]}")
    for file, *options in files:
        ran = swerve("check", monitor, file, "-t", "--json", *options, timeout=PATIENCE)
        heard.replayed[file] = objects(ran)
        summary = heard.replayed[file][-1]
        if summary["holes"]:
            raise Lost(f"{os.path.basename(file)}: {summary['reasons']}")
        expect("error" not in summary and not summary["incomplete"], f"not wholly read: {summary}")
        if file.endswith(".txt"):
            for key, time_ns in gaps(file, heard.first).items():
                heard.gaps[key] = min(time_ns, heard.gaps.get(key, time_ns))
    return heard


def agree(recorder, monitor, load, compare, least, **files):
    """Watches, records and compares, again and again until enough was seen and nothing lost."""
    (source, *words, amount, last), room_kb, reasons = load, 8192, []
    for _ in range(5):
        with folder(files) as home:
            command_line = [built(home, source), *words, f"{amount:g}", *last]
            path = f"{home}/{monitor}" if files else monitor
            try:
                compare(watch_and_record(recorder, home, path, command_line, room_kb), least)
                return
            except Lost as lost:
                reasons.append(str(lost))
                amount, room_kb = amount / 2, min(room_kb * 4, 65536)
            except TooLittle as little:
                reasons.append(str(little))
                amount *= 4
    raise AssertionError("inconclusive each time:\n" + "\n".join(reasons))


def built(home, source):
    program = os.path.join(home, os.path.splitext(os.path.basename(source))[0])
    subprocess.run([command.CC, "-O2", "-pthread", "-o", program, os.path.join(command.SOURCE, source)], check=True)
    return program


# The source, the words before the amount (seconds, or rounds), the amount, those behind it.
MIX = ("tests/oracle/load.c", "mix", 1.5, ["11"])
MANY_FILES = ("tests/replay/files.c", "3", 2000, [])


# ---- comparing ---------------------------------------------------------------------------------------------


def expect_enough(kinds, least, where):
    if any(kinds[kind] < number for kind, number in least.items()):
        raise TooLittle(f"{where}: {dict(kinds)}")


def certain(one):
    return one["type"] in ("step", "violation") and "states" not in one and "nexts" not in one


def said_of(one):
    """What must be the same live and in a replay; its time is compared apart."""
    return (one["type"], one["state"], one["event"], one.get("next"), one["cpu"])


def by_instance(said, own):
    """{instance: its steps and violations in order}. Steps of swerve itself are not printed live."""
    out = collections.defaultdict(list)
    for one in said:
        if one["type"] not in ("step", "violation", "inconclusive"):
            continue
        if one["type"] == "step" and (one["by"]["tid"] in own or one.get("tid") in own):
            continue
        if one["type"] == "violation" and one.get("tid") in own:
            continue
        out[instance(one["id"], one["cpu"])].append(one)
    return out


def quiet_before(limit_ns, replayed):
    """A moment before `limit_ns` without an answer for a millisecond: the clock readings of one event may be apart, as
    when the CPU is taken away between them, but not so far."""
    times = [one["time_ns"] for one in replayed if one["time_ns"] < limit_ns] + [limit_ns]
    for before, after in zip(reversed(times[:-1]), reversed(times)):
        if after - before > 1_000_000:
            return (before + after) // 2
    return 0


def side_by_side(heard, said):
    """{instance: (what was said live, what the replay said)}, as far as both saw the same events.

    A kernel may keep from tracers what happens while its process 1 runs, as on virtual machines whose process 1 belongs
    to the host. Here BPF programs see none of it, and ftrace sees the interrupts. So an instance is looked at until the
    recording says that a thread of that process made a step of it, or lacks a switch.
    """
    live, replayed = by_instance(heard.live, heard.own), by_instance(said, heard.own)
    out = {}
    for key in live.keys() | replayed.keys():
        pair = live[key], replayed[key]
        ends = [one["time_ns"] for one in replayed[key] if one["by"]["tid"] in heard.first][:1]
        ends += [heard.gaps[key]] if key in heard.gaps else []
        if ends:
            end = quiet_before(min(ends), replayed[key])
            pair = tuple([one for one in answers if one["time_ns"] < end] for answers in pair)
        out[key] = pair
    return out


def expect_near(differences, where):
    """Both took their times from one clock, one after the other: nearly always within microseconds."""
    apart = statistics.median(differences)
    expect(apart < 1_000_000, f"{where}: the clocks differ: {apart} ns")


def expect_the_same(heard, least):
    """Every step and every violation, in their order. A task that has ended leaves its CPU a little later, perhaps when
    the recorder is off already: what was only seen live must have been after the load."""
    for file, said in heard.replayed.items():
        name = os.path.basename(file)
        doubts = [one for one in said if one["type"] != "summary" and not certain(one)]
        expect(not doubts, f"{name}: {len(doubts)} answers are not certain, such as {doubts[:1]}")
        kinds, differences = collections.Counter(), []
        pairs = side_by_side(heard, said)
        for key, (live, replayed) in pairs.items():
            for number, (a, b) in enumerate(zip(live, replayed)):
                expect(said_of(a) == said_of(b), f"{name}: {key}: answer {number} differs:\nlive:   {a}\nreplay: {b}")
                differences.append(abs(a["time_ns"] - b["time_ns"]))
                kinds[a["type"]] += 1
            expect(len(replayed) <= len(live), f"{name}: {key}: this was not said live: {replayed[len(live):]}")
            missed = [one for one in live[len(replayed):] if one["time_ns"] < heard.ended_ns]
            expect(not missed, f"{name}: {key}: this was said live only: {missed}")
        expect_enough(kinds, least, name)
        expect_near(differences, name)
        print(f"{name}: {dict(kinds)} of {len(pairs)} instances: the same")


def kind(one):
    return one["event"], one["cpu"]


def partners(live, replayed):
    """For each answer of the watch the number of the replay's to the same event; None from where there is none on.

    From its start to a violation a monitor has an answer to every event: such a run stands in the replay without a gap.
    Where, is told by the times, of the whole run: one alone may be late, when its CPU was taken away in between."""
    kinds = [kind(one) for one in replayed]
    out, begin = [], 0
    while begin < len(live):
        end = begin + 1
        while end < len(live) and live[end - 1]["type"] != "violation":
            end += 1
        run, places = live[begin:end], []
        wanted = [kind(one) for one in run]
        for start in range(out[-1] + 1 if out else 0, len(kinds) - len(run) + 1):
            if kinds[start] == wanted[0] and kinds[start:start + len(run)] == wanted:
                there = replayed[start:start + len(run)]
                places.append((sum(abs(a["time_ns"] - b["time_ns"]) for a, b in zip(run, there)), start))
        if not places:
            return out + [None] * (len(live) - begin)
        out += range(min(places)[1], min(places)[1] + len(run))
        begin = end
    return out


def agrees(live, replayed):
    """Whether what was said live is one of the things that the replay holds possible."""
    if live["state"] not in replayed.get("states", [replayed["state"]]):
        return False
    violates = replayed["type"] == "violation" or live["state"] in replayed.get("violating", [])
    if live["type"] == "violation" or violates:
        return live["type"] == "violation" and violates
    return replayed["type"] == "inconclusive" or live["next"] in replayed.get("nexts", [replayed.get("next")])


def expect_no_contradiction(heard, least):
    """Of the tasks of the load, which began when both were on: what is certain in the replay is what was said live, and
    where the replay is in doubt, what was said live is one of the things that it holds possible."""
    tasks = {one["id"] for one in heard.live if one.get("comm") == "load"}
    for file, said in heard.replayed.items():
        name = os.path.basename(file)
        kinds, differences = collections.Counter(), []
        for key, (live, replayed) in side_by_side(heard, said).items():
            if key not in tasks:
                continue
            live = [one for one in live if one["time_ns"] < heard.ended_ns]
            numbers = partners(live, replayed)
            for one, number in zip(live, numbers):
                expect(number is not None, f"{name}: {key}: this was said live only: {one}")
                other = replayed[number]
                expect(agrees(one, other), f"{name}: {key}: one contradicts the other:\nlive:   {one}\nreplay: {other}")
                differences.append(abs(one["time_ns"] - other["time_ns"]))
                kinds[one["type"]] += 1
            for number in set(range(len(replayed))).difference(numbers):
                if replayed[number]["time_ns"] < heard.ended_ns:
                    expect(None in replayed[number].get("states", []),
                           f"{name}: {key}: this is certain, and nothing was said live: {replayed[number]}")
                    kinds["not monitored"] += 1
        expect_enough(kinds, least, name)
        expect_near(differences, name)
        print(f"{name}: {dict(kinds)}: no contradiction")


# ---- cases -------------------------------------------------------------------------------------------------


@live
def turns_by_ftrace():
    """a task monitor on ftrace's recording says what it said live"""
    agree(Ftrace, "turns.toml", MIX, expect_the_same, {"step": 1000, "violation": 20}, **TURNS)


@live
def turns_by_perf():
    """a task monitor on perf's recording says what it said live"""
    agree(Perf, "turns.toml", MIX, expect_the_same, {"step": 1000, "violation": 20}, **TURNS)


def files_of(who):
    return {name: text.replace("WHO", who) for name, text in FILES.items()}


@live
def files_by_ftrace():
    """an object monitor over system calls says on ftrace's recording what it said live"""
    agree(Ftrace, "files.toml", MANY_FILES, expect_the_same, {"step": 1000, "violation": 100}, **files_of("pid"))


@live
def files_by_perf():
    """an object monitor that asks for the process says on perf's recording what it said live"""
    agree(Perf, "files.toml", MANY_FILES, expect_the_same, {"step": 1000, "violation": 100}, **files_of("tgid"))


@live
def wwnr_by_ftrace():
    """wwnr on ftrace's recording does not contradict what it said live"""
    agree(Ftrace, "wwnr", MIX, expect_no_contradiction, {"step": 1000, "not monitored": 100})


@live
def wwnr_by_perf():
    """wwnr on perf's recording does not contradict what it said live"""
    agree(Perf, "wwnr", MIX, expect_no_contradiction, {"step": 1000, "not monitored": 100})


if __name__ == "__main__":
    sys.exit(main())
