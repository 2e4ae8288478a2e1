"""recordings.py - measures swerve check on recorded traces, for measure.py.

The traces are made (make_trace.cc) or recorded on this machine under load. Commands that are compared run in turns. What
other work on the machine does to them only ever adds, so the least of the rounds counts: of CPU seconds (user and
system) where one thread works, of elapsed seconds where several do. Speeds of reading are without the start of the
program, which is measured on a trace of a few events.
"""
import contextlib
import os
import re
import shutil
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TRACING = "/sys/kernel/tracing"
SWITCHES = 10_000_000  # events of the trace in our own format
TEXT = 2_000_000       # of the one in ftrace's text
OBJECTS = 1_000_000
TASKS = 1000
LONG = 10_000_000_000  # bytes of the trace that is streamed


def run(command, stdin=None, status=(0,)):
    """(seconds, user and system seconds, resident bytes at most) of a command."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    words = process.stderr.read().decode(errors="replace")
    _, ended, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(ended)
    seconds = time.perf_counter() - begin
    if process.returncode not in status:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {words}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def least(rounds, *commands):
    """(elapsed, CPU) seconds of each command, the least of each; all run in turns; each is given as for run()."""
    out = [(float("inf"), float("inf"))] * len(commands)
    for _ in range(rounds):
        for i, command in enumerate(commands):
            elapsed, cpu, _ = run(*command)
            out[i] = min(out[i][0], elapsed), min(out[i][1], cpu)
    return out


@contextlib.contextmanager
def recorded(scratch):
    """What an ftrace instance of our own recorded while tasks woke each other: the path of a trace.dat."""
    instance = os.path.join(TRACING, "instances", "swerve_bench")
    os.mkdir(instance)
    path = os.path.join(scratch, "recorded.dat")

    def put(name, text):
        with open(os.path.join(instance, name), "w", encoding="utf-8") as file:
            file.write(text)

    try:
        put("buffer_size_kb", "60000")
        put("trace_clock", "mono")
        for event in ("sched/sched_switch", "sched/sched_wakeup", "task/task_newtask"):
            put(f"events/{event}/enable", "1")
        run([os.path.join(scratch, "wakeups"), "6", "4"])
        put("tracing_on", "0")
        run(["trace-cmd", "extract", "-B", "swerve_bench", "-o", path])
        yield path
    finally:
        with contextlib.suppress(FileNotFoundError):  # some versions of trace-cmd take it away
            os.rmdir(instance)


def events_of(swerve, dat):
    """How many events of a trace.dat swerve check reads, and how many of them trace-cmd prints."""
    def asked(script):  # by a shell: what this process took of memory would be told of those that it starts later
        return int(subprocess.run(["sh", "-c", script, swerve, dat], capture_output=True, text=True, check=True).stdout)

    return (asked("""$0 check wwnr --buffer swerve_bench "$1" | sed -n 's/.*, \\([0-9]*\\) events, .* to .*/\\1/p' """),
            asked("""trace-cmd report "$1" | grep -Ec ' (sched_switch|sched_wakeup|task_newtask): '"""))


def made(maker, out, *arguments):
    with open(out, "wb") as file:
        subprocess.run([maker, *map(str, arguments)], stdout=file, check=True)
    return out


def converted(swerve, maker, out, *arguments):
    with subprocess.Popen([maker, *map(str, arguments)], stdout=subprocess.PIPE) as source:
        subprocess.run([swerve, "convert", "-", "-o", out], stdin=source.stdout, check=True)
    return out


def show(swerve, scratch, rounds, row):
    maker = os.path.join(scratch, "make_trace")
    check = [swerve, "check", "wwnr"]
    plain = check + ["--plain-states", "--threads", "1"]
    few = made(maker, os.path.join(scratch, "few.txt"), "switches", 100, 10, 2)
    few_own = converted(swerve, maker, os.path.join(scratch, "few.swerve"), "switches", 100, 10, 2)
    maybe = (0, 2)

    print("swerve check wwnr, on its own format, one thread")
    own = converted(swerve, maker, os.path.join(scratch, "big.swerve"), "switches", SWITCHES, TASKS, 4)
    start, states, sets, two = least(rounds, (plain + [few_own],), (plain + [own],),
                                     (check + ["--threads", "1", own], None, maybe),
                                     (check + ["--plain-states", "--threads", "2", own],))
    seconds = states[1] - start[1]
    row("the start alone", start[0] * 1e3, "ms")
    row("bytes an event", os.path.getsize(own) / SWITCHES, "")
    row("--plain-states", SWITCHES / seconds / 1e6, "M events/s", 100, at_least=True)
    row("with sets of states", SWITCHES / (sets[1] - start[1]) / 1e6, "M events/s")
    idling = converted(swerve, maker, os.path.join(scratch, "idling.swerve"), "switches", SWITCHES, 4, 4)
    often_idle = least(rounds, (plain + [idling],))[0]
    row("--plain-states, 4 tasks, so that the CPUs are often idle", SWITCHES / (often_idle[1] - start[1]) / 1e6,
        "M events/s")
    row("two threads / one, elapsed", (two[0] - start[0]) / (states[0] - start[0]), "")
    gigabytes = float(subprocess.run([maker, "bandwidth", own], check=True, capture_output=True, text=True)
                      .stdout.split()[0])
    used = os.path.getsize(own) / seconds / 1e9
    row("reading the file where it lies in memory, summing it", gigabytes, "GB/s")
    row("swerve check", used, "GB/s")
    row("of plain reading, swerve check reaches", used / gigabytes * 100, "%")

    print("Many monitors in one pass")
    folder = os.path.join(scratch, "copies")
    os.mkdir(folder)
    source = os.path.join(HERE, "..", "monitors", "wwnr")
    shutil.copy(os.path.join(source, "wwnr.dot"), folder)
    with open(os.path.join(source, "wwnr.toml"), encoding="utf-8") as file:
        text = file.read()
    copies = []
    for i in range(8):
        copies.append(os.path.join(folder, f"wwnr{i}.toml"))
        with open(copies[-1], "w", encoding="utf-8") as file:
            file.write(text.replace('"wwnr"', f'"wwnr{i}"'))
    own_text = made(maker, os.path.join(scratch, "text.txt"), "switches", TEXT, TASKS, 4)
    for name, trace in (("its own format", own), ("ftrace's text", own_text)):
        base = [swerve, "check", "--plain-states", "--threads", "1"]
        one, eight = least(rounds, (base + [copies[0], trace],), (base + [*copies, trace],))
        row(f"eight monitors at once / one after the other, {name}", eight[1] / (8 * one[1]), "", 1)

    print("Other formats")
    start, text = least(rounds, (plain + [few],), (plain + [own_text],))
    seconds = text[1] - start[1]
    row("ftrace's text, one thread", TEXT / seconds / 1e6, "M events/s")
    row("the same in bytes", os.path.getsize(own_text) / seconds / 1e6, "MB/s", 400, at_least=True)
    with recorded(scratch) as dat:
        read, there = events_of(swerve, dat)
        if read != there:
            raise SystemExit(f"swerve check read {read} events of {dat}, trace-cmd {there}")
        # The file may have the top buffer, too, with what others have written there.
        ours, one, theirs = least(rounds, (check + ["--buffer", "swerve_bench", dat], None, (0, 1, 2)),
                                  (check + ["--threads", "1", "--buffer", "swerve_bench", dat], None, (0, 1, 2)),
                                  (["trace-cmd", "report", dat],))
        row("trace.dat of this machine", os.path.getsize(dat) / 2**20, "MB")
        row("trace-cmd report / swerve check, elapsed", theirs[0] / ours[0], "", 5, at_least=True)
        row("the same in CPU seconds, one thread", theirs[1] / one[1], "")

    print(f"An object monitor, {OBJECTS} events of 25 files")
    objects = [swerve, "check", os.path.join(HERE, "turns", "objects.toml"), "--threads", "1"]
    csv = made(maker, os.path.join(scratch, "objects.csv"), "objects", OBJECTS, 25)
    small = made(maker, os.path.join(scratch, "small.csv"), "objects", 100, 25)
    binary = os.path.join(scratch, "objects.swerve")
    subprocess.run([swerve, "convert", csv, "-o", binary], check=True)
    start, from_csv, from_own = least(rounds, (objects + [small],), (objects + [csv],), (objects + [binary],))
    row("from CSV", OBJECTS / (from_csv[1] - start[1]) / 1e6, "M events/s")
    row("from its own format", OBJECTS / (from_own[1] - start[1]) / 1e6, "M events/s", 5, at_least=True)
    row("resident at most, from CSV", run(objects + [csv])[2] / 2**20, "MB", 20)
    row("resident at most, from its own format", run(objects + [binary])[2] / 2**20, "MB", 20)

    events = LONG * TEXT // os.path.getsize(own_text)
    print(f"{LONG / 1e9:.0f} GB of ftrace's text through a pipe, {TASKS} tasks")
    with subprocess.Popen([maker, "switches", str(events), str(TASKS), "4"], stdout=subprocess.PIPE) as source:
        seconds, cpu, resident = run(check + ["--plain-states", "-"], source.stdout)
    row("seconds", seconds, "s")
    row("resident at most", resident / 2**20, "MB", 100)
