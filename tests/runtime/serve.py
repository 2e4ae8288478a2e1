#!/usr/bin/env python3
"""tests/runtime/serve.py - the daemon as its users meet it: started, worked with through its files, and ended.

The cases are run as those of command.py, whose tools these are; see there.
"""
import contextlib
import ctypes
import errno
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import command
from command import (RENAMES, RENAMES_DOT, RENAMES_TOML, SYS_BPF, bpf_objects, built, expect, expect_equal, expect_in,
                     expect_nothing_left, expect_one_line, folder, live, main, objects, swerve, violations)

command.CASES.clear()
PATIENCE = 20  # seconds: far more than anything here should take


# ---- a daemon ----------------------------------------------------------------------------------------------


def dies_with_us():
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(what, condition, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not condition():
        expect(time.monotonic() < deadline, f"waited {patience} s for {what}")
        time.sleep(0.01)


def shipped():
    """What available_monitors says of the shipped monitors."""
    return "".join(name + "\n" for name in sorted(os.listdir(os.path.join(command.SOURCE, "monitors"))))


def mounted(path):
    return any(line.split()[4] == path for line in open("/proc/self/mountinfo"))


class Daemon:
    """A `swerve serve` that has begun to serve."""

    def __init__(self, process, mount):
        self.process, self.mount, self.said = process, mount, []

    def path(self, name=""):
        return os.path.join(self.mount, name)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def write(self, name, text, flags=os.O_WRONLY):
        """One write, as `echo` makes it."""
        fd = os.open(self.path(name), flags)
        try:
            expect_equal(os.write(fd, text.encode()), len(text))
        finally:
            os.close(fd)

    def refuses(self, number, name, text):
        """The write fails with this errno; what error_log says then."""
        try:
            self.write(name, text)
        except OSError as error:
            expect_equal(errno.errorcode[error.errno], errno.errorcode[number], f"{name} <- {text!r}: {error}")
            return self.read("error_log")
        raise AssertionError(f"{name} took {text!r}")

    def stats(self, monitor):
        return {line.split()[0]: int(line.split()[1]) for line in self.read(f"monitors/{monitor}/stats").splitlines()
                if len(line.split()) == 2 and line.split()[1].isdigit()}

    def stop(self, number=signal.SIGTERM):
        """Ends it with a signal: how long that took, and its status."""
        begun = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(timeout=PATIENCE)
        return time.monotonic() - begun, status

    def rest(self):
        """What it has said on standard error after it began to serve. It must have ended."""
        return self.process.stderr.read().decode(errors="replace")


@contextlib.contextmanager
def serving(*arguments, mount=None, before=(), environment=None):
    """A daemon that serves, killed at the end if it still runs."""
    with contextlib.ExitStack() as stack:
        if mount is None:
            mount = stack.enter_context(folder()) + "/tree"
        process = subprocess.Popen([*before, command.SWERVE, "serve", "--mount", mount, *arguments],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   preexec_fn=dies_with_us, env=environment)
        daemon = Daemon(process, mount)
        try:
            for line in process.stderr:
                daemon.said.append(line.decode(errors="replace"))
                if re.fullmatch(r"swerve: serving \d+ monitors at .*\n", daemon.said[-1]):
                    break
            else:
                raise AssertionError(f"it ended with {process.wait()} instead of serving:\n{''.join(daemon.said)}")
            yield daemon
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stderr.close()
            if mounted(mount):
                subprocess.run(["umount", "-l", mount], check=False)


def refused(*arguments, **options):
    """A `swerve serve` that must not begin to serve."""
    with folder() as home:
        mount = home + "/tree"
        ran = swerve("serve", "--mount", mount, *arguments, **options)
        expect_equal((ran.status, ran.out), (1, ""), ran)
        expect("serving" not in ran.err, "it served", ran)
        expect(not mounted(mount), "it has mounted", ran)
        return ran


def renames(name, extra="", **changes):
    """A monitor of this name that every `prctl(PR_SET_NAME)` of a thread but the first violates; as files."""
    text = RENAMES_TOML.replace('name = "renames"', f'name = "{name}"\n{extra}', 1)
    for key, value in changes.items():
        text = text.replace(f'{key} = "', f'{key} = "{value}', 1)
    return {f"{name}.toml": text, "renames.dot": RENAMES_DOT}


def rename_twice():
    """A thread that violates monitors of renames()."""
    def run():
        for name in (b"first", b"second", b"third"):
            ctypes.CDLL(None).prctl(15, name)  # PR_SET_NAME
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


class Reader:
    """`cat` on a file of a tree, as a process that blocks."""

    def __init__(self, path):
        self.path, self.unread = path, ""
        self.process = subprocess.Popen(["cat", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, preexec_fn=dies_with_us)
        wait_for("cat to have it open", self.waits)

    def waits(self):
        """It has the file open."""
        try:
            return any(os.readlink(f"/proc/{self.process.pid}/fd/{fd}") == self.path
                       for fd in os.listdir(f"/proc/{self.process.pid}/fd"))
        except FileNotFoundError:
            return False

    def line(self, matching, patience=PATIENCE):
        """The next line with this in it."""
        deadline = time.monotonic() + patience
        while True:
            while "\n" in self.unread:
                line, _, self.unread = self.unread.partition("\n")
                if re.search(matching, line):
                    return line
            left = deadline - time.monotonic()
            expect(left > 0 and select.select([self.process.stdout], [], [], left)[0],
                   f"no line with {matching!r} in {self.path} within {patience} s")
            more = os.read(self.process.stdout.fileno(), 1 << 16).decode()
            expect(more, f"{self.path} ended before a line with {matching!r}")
            self.unread += more

    def close(self):
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def ftrace_on():
    """ftrace's top buffer records, whoever has switched it off; at the end it is as it was."""
    path = "/sys/kernel/tracing/tracing_on"
    with open(path) as file:
        before = file.read()
    try:
        with open(path, "w") as file:
            file.write("1")
        yield
    finally:
        with open(path, "w") as file:
            file.write(before)


def cpu_ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])  # utime, stime


def programs_named(name):
    """The BPF programs of the whole machine whose names begin so."""
    PROG_GET_NEXT_ID, PROG_GET_FD_BY_ID, OBJ_GET_INFO_BY_FD, NAME_AT = 11, 13, 15, 64
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = (ctypes.c_uint32 * 32)()

    def bpf(number, *words):
        ctypes.memset(attributes, 0, ctypes.sizeof(attributes))
        for i, word in enumerate(words):
            attributes[i] = word
        return libc.syscall(SYS_BPF, number, ctypes.byref(attributes), ctypes.sizeof(attributes))

    found, number = set(), 0
    while bpf(PROG_GET_NEXT_ID, number) == 0:
        number = attributes[1]
        fd = bpf(PROG_GET_FD_BY_ID, number)
        if fd < 0:
            continue  # it has gone meanwhile
        info = ctypes.create_string_buffer(256)
        address = ctypes.addressof(info)
        if bpf(OBJ_GET_INFO_BY_FD, fd, len(info), address & 0xffffffff, address >> 32) == 0:
            if info.raw[NAME_AT:NAME_AT + 16].rstrip(b"\0").decode().startswith(name):
                found.add(number)
        os.close(fd)
    return found


# ---- a session ---------------------------------------------------------------------------------------------


@live
def shell_session():
    """a session by hand: enable, switch, choose a reactor, see a violation, disable"""
    with folder() as home, ftrace_on(), serving() as daemon:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")

        def typed(line, wanted=""):
            ran = subprocess.run(["sh", "-c", line], cwd=daemon.mount, stdin=subprocess.DEVNULL, timeout=PATIENCE,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            expect_equal((line, ran.stdout.decode(), ran.returncode), (line, wanted, 0))

        typed("cat available_monitors", shipped())
        typed("cat enabled_monitors")
        typed("echo rwfs > enabled_monitors")
        typed("echo wwnr >> enabled_monitors")
        typed("cat enabled_monitors", "rwfs\nwwnr\n")
        typed("echo '!wwnr' >> enabled_monitors")
        typed("cat enabled_monitors", "rwfs\n")
        typed("echo wwnr > enabled_monitors")
        typed("cat enabled_monitors", "wwnr\n")
        typed("echo > enabled_monitors")
        typed("cat enabled_monitors")
        typed("cat monitors/wwnr/desc", "wakeup while not running per-task testing model.\n")
        typed("cat monitors/rwfs/enable", "0\n")
        typed("echo 1 > monitors/rwfs/enable; cat monitors/rwfs/enable monitors/rwfs/status", "1\nrunning\n")
        typed("cat monitoring_on reacting_on", "1\n1\n")
        typed("cat monitors/rwfs/reactors | head -3", "[nop]\nprintk\npanic\n")
        typed("echo trace_marker > monitors/rwfs/reactors; grep -F [ monitors/rwfs/reactors", "[trace_marker]\n")
        with contextlib.closing(Reader(daemon.path("trace_pipe"))) as reader:

            def violated():
                """Runs the demo, and sees in the stream what it has done: its thread."""
                typed(f"{demo} unsafe {home}/x")
                tid = re.search(r"rwfs_demo-(\d+) ", reader.line(r"rwfs_demo-.* event_rwfs .* create "))[1]
                reader.line(rf"^ *{tid} .* error_rwfs .* unsynced x rename")
                return tid

            # The reaction is made on a thread of its own: it may come after the report.
            told = f"rwfs does not allow event rename on state unsynced (task rwfs_demo-{violated()};"
            wait_for("the reaction", lambda: told in open("/sys/kernel/tracing/trace").read()
                     or daemon.stats("rwfs")["failed"] > 0)
            expect_equal(daemon.stats("rwfs")["failed"], 0, daemon.read("monitors/rwfs/stats"))
            typed("echo 0 > monitoring_on; cat monitoring_on", "0\n")
            before = daemon.stats("rwfs")
            typed(f"{demo} unsafe {home}/x")
            expect_equal(daemon.stats("rwfs")["violations"], before["violations"])
            typed("echo 1 > monitoring_on")
            violated()
            # Others on this machine may have violated it as well.
            expect(daemon.stats("rwfs")["violations"] > before["violations"], "it was not counted")
        typed("echo 0 > monitors/rwfs/enable; cat enabled_monitors")
        expect_equal(daemon.stop()[1], 0)
        expect_equal(daemon.rest(), "")


@live
def quiet_unless_verbose():
    """violations that nobody reads: nothing on standard error, a line each with -v"""
    with folder() as home:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        for verbose in (False, True):
            with serving("--enable", "rwfs", *(["-v"] if verbose else [])) as daemon:
                subprocess.run([demo, "unsafe", home + "/x"], check=True)
                wait_for("the violation", lambda: daemon.stats("rwfs")["violations"] >= 1)
                expect_equal(daemon.stop()[1], 0)
                said = "rwfs does not allow event rename" in daemon.rest()
                expect_equal(said, verbose)


@live
def steps_flow_while_read():
    """steps are taken from the kernel only while somebody reads them"""
    with folder() as home, serving("--enable", "wwnr") as daemon:
        load = built(home, "wakeups.c", "wakeups")
        first = Reader(daemon.path("trace_pipe"))
        second = Reader(daemon.path("monitors/wwnr/trace_pipe_json"))
        subprocess.run([load, "0.3"], check=True)
        first.line(r"wakeups-\d+ .* event")
        second.line(r'"type":"step".*"monitor":"wwnr"')
        first.close()
        second.line(r'"type":"step"')
        second.close()


@live
def full_ring():
    """a ring that is too small: what was lost is counted, and every reader is told"""
    with folder() as home, serving("--enable", "wwnr", "--ring", "4K") as daemon:
        load = built(home, "wakeups.c", "wakeups")
        with contextlib.closing(Reader(daemon.path("trace_pipe"))) as text, \
                contextlib.closing(Reader(daemon.path("monitors/wwnr/trace_pipe_json"))) as json:
            subprocess.run([load, "0.5", "2"], check=True)
            text.line(r"^\[LOST \d+ reports of wwnr: the ring was full\]$")
            json.line(r'"type":"lost".*"monitor":"wwnr"')
        expect(daemon.stats("wwnr")["lost"] > 0, "none is counted")


@live
def reactor_signal():
    """signal: refused with the reason, but with --allow-signal it ends the violating process"""
    with folder() as home:
        demo = built(home, "rwfs_demo.c", "rwfs_demo")
        with serving() as daemon:
            expect_in("--allow-signal", daemon.refuses(errno.EPERM, "monitors/rwfs/reactors", "signal"))
            expect_in("--allow-panic", daemon.refuses(errno.EPERM, "monitors/rwfs/reactors", "panic"))
        with serving("--enable", "rwfs", "--allow-signal") as daemon:
            daemon.write("monitors/rwfs/reactors", "signal\n")
            ran = subprocess.run([demo, "unsafe", home + "/x"], check=False)
            expect_equal(ran.returncode, -signal.SIGTERM)
            wait_for("the reaction to be counted", lambda: daemon.stats("rwfs")["reactions"] == 1)
            daemon.write("reacting_on", "0")
            expect_equal(subprocess.run([demo, "unsafe", home + "/x"], check=False).returncode, 0)
            daemon.write("reacting_on", "1")
            expect_equal(subprocess.run([demo, "unsafe", home + "/x"], check=False).returncode, -signal.SIGTERM)


@live
def groups():
    """--group gives the files to a group, by name or number, and lets it in"""
    with serving("--group", "daemon") as daemon:
        about = os.stat(daemon.path("enabled_monitors"))
        expect_equal((about.st_uid, about.st_gid, about.st_mode & 0o777), (0, 1, 0o640))
        member = ["setpriv", "--reuid", "65534", "--regid", "1", "--clear-groups"]
        stranger = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        file = daemon.path("available_monitors")
        # The folder that holds the mount is the test's own.
        expect_equal(subprocess.run([*member, "cat", file], stdout=subprocess.PIPE, check=True).stdout,
                     shipped().encode())
        expect(subprocess.run([*member, "sh", "-c", f"echo x > {daemon.path('enabled_monitors')}"],
                              stderr=subprocess.DEVNULL, check=False).returncode != 0, "the group may write")
        expect(subprocess.run([*stranger, "cat", file], stderr=subprocess.DEVNULL, check=False).returncode != 0,
               "a stranger may read")
    with serving("--group", "4711") as daemon:
        expect_equal(os.stat(daemon.mount).st_gid, 4711)


# ---- beginning ---------------------------------------------------------------------------------------------


@live
def notices():
    """READY=1 when the tree is there and --enable is done, STOPPING=1 at the end; by path and by abstract name"""
    with folder() as home:
        abstract = f"swerve-{os.getpid()}"
        for address, name in ((home + "/notify", home + "/notify"), ("\0" + abstract, "@" + abstract)):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
                listener.bind(address)
                listener.settimeout(PATIENCE)
                with serving("--enable", "rwfs", environment={**os.environ, "NOTIFY_SOCKET": name}) as daemon:
                    ready = listener.recv(4096).decode().splitlines()
                    expect_equal(ready[0], "READY=1")
                    expect_in(f"STATUS=serving {len(shipped().split())} monitors at {daemon.mount}", ready)
                    expect_equal(daemon.read("enabled_monitors"), "rwfs\n")
                    expect_equal(daemon.stop()[1], 0)
                    expect_equal(listener.recv(4096), b"STOPPING=1\n")


@live
def bad_definitions():
    """a definition with an error: every error of every file with its place, status 1, nothing mounted"""
    files = {"one.toml": RENAMES["renames.toml"].replace('event = "name"', 'event = "nmae"')
             .replace('model = ', 'nonsense = 1\nmodel = '),
             "renames.dot": RENAMES_DOT,
             "two.toml": RENAMES["renames.toml"].replace('name = "renames"', 'name = "two"\nnonsense = 1', 1),
             "three.toml": RENAMES["renames.toml"].replace('name = "renames"', 'name = "three"', 1)
             .replace("start_run = true", 'start_run = "1 +"')}
    with folder(files) as home:
        ran = refused("--monitors", home)
        for words in (f"{home}/one.toml:4:5: error:", f"{home}/one.toml:9:", "did you mean 'name'?",
                      f"{home}/two.toml:2:", "nonsense", f"{home}/three.toml:"):
            expect_in(words, ran.err)


@live
def cannot_run_here():
    """a definition that is right but cannot run here is registered, says why, and refuses to be enabled"""
    missing = renames("missing")
    missing["missing.toml"] = missing["missing.toml"].replace("tracepoint:task_rename", "tracepoint:no_such_event")
    with folder(missing) as home:
        with serving("--monitors", home) as daemon:
            expect_in("no tracepoint 'no_such_event'", "".join(daemon.said))
            expect_equal(daemon.read("available_monitors"), "missing\n")
            expect_in("no tracepoint 'no_such_event'", daemon.read("monitors/missing/status"))
            expect_in("no tracepoint 'no_such_event'",
                      daemon.refuses(errno.EOPNOTSUPP, "monitors/missing/enable", "1"))
            expect_equal(daemon.read("monitors/missing/enable"), "0\n")
            expect_equal(daemon.stats("missing")["events"], 0)
            daemon.write("unload", "missing")
            expect_equal(daemon.read("available_monitors"), "")
        ran = refused("--monitors", home, "--enable", "missing")
        expect_in("no tracepoint 'no_such_event'", ran.err)


@live
def enabled_at_once():
    """--enable, any number of times: names, children by PARENT:NAME, containers; a wrong one ends it"""
    with folder(command.CONTAINER) as home:
        with serving("--monitors", home, "--enable", "b", "--enable", "box:two") as daemon:
            expect_equal(daemon.read("available_monitors"), "b\nbox\nbox:two\nbox:one\n")
            expect_equal(daemon.read("enabled_monitors"), "b\nbox:two\n")
        with serving("--monitors", home, "--enable", "box") as daemon:
            expect_equal(daemon.read("enabled_monitors"), "box\nbox:two\nbox:one\n")
        for name, words in (("bix", "did you mean 'box'?"), ("b:two", "b:two does not exist"), ("box:b", "box:b")):
            ran = refused("--monitors", home, "--enable", "b", "--enable", name)
            expect_in(words, ran.err)


@live
def refusals():
    """what keeps it from serving is said in a line: rights, the device, the folder, the group"""
    for before, words in (
            (["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"],
             "needs CAP_BPF and CAP_PERFMON and CAP_SYS_ADMIN: run it as root"),
            (["setpriv", "--bounding-set", "-sys_admin"], "needs CAP_SYS_ADMIN: run it as root")):
        with folder() as home:
            program = shutil.copy(command.SWERVE, home)  # where anybody may run it
            ran = refused(before=before, program=program)
            expect_in(words, ran.err)
            expect_one_line(ran.err, ran)
    ran = refused(before=["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /dev && exec "$@"', "sh"])
    expect_in("/dev/fuse", ran.err)
    expect_in("there is no group 'no-such-group'", refused("--group", "no-such-group").err)
    expect_in("no such folder", refused("--monitors", "/no such folder").err)
    with folder({"full/file": "", "file": ""}) as home:
        for mount in ("full", "file", "file/below"):
            ran = swerve("serve", "--mount", f"{home}/{mount}")
            expect_equal((ran.status, ran.out), (1, ""), ran)
            expect_in(f"{home}/file" if "file" in mount else f"{home}/full", ran.err)
        expect_equal(sorted(os.listdir(home)), ["file", "full"])


@command.case
def usage():
    """serve: usage errors are one line, status 1"""
    for arguments, words in ((["--ring", "5000"], "5000"), (["--ring", "1K"], "1K"), (["--ring", "4X"], "4X"),
                             (["--ring", "99999999999M"], "no power of two"), (["--mount"], "--mount"),
                             (["x"], "x"), (["--bad"], "--bad")):
        ran = swerve("serve", *arguments)
        expect_equal((ran.status, ran.out), (1, ""), f"{arguments}: {ran}")
        expect_one_line(ran.err, ran)
        expect_in(words, ran.err)


@live
def one_daemon_for_a_mount():
    """a second daemon on the same mount is refused, and the first goes on"""
    with serving("--enable", "rwfs") as daemon:
        ran = swerve("serve", "--mount", daemon.mount, "--enable", "wwnr")
        expect_equal((ran.status, ran.out), (1, ""), ran)
        expect_in(daemon.mount, ran.err)
        expect_equal(daemon.read("enabled_monitors"), "rwfs\n")
        expect_equal(daemon.stop()[1], 0)


# ---- loading -----------------------------------------------------------------------------------------------


@live
def loading():
    """load and unload: a definition comes, watches and goes"""
    with folder(renames("renamed")) as home, serving() as daemon:
        daemon.write("load", f"{home}/renamed.toml\n")
        expect_equal(daemon.read("available_monitors"), shipped() + "renamed\n")
        expect_equal(daemon.read("monitors/renamed/desc"), "a task is named once.\n")
        expect_in("digraph", daemon.read("monitors/renamed/model"))
        daemon.write("monitors/renamed/enable", "1")
        with contextlib.closing(Reader(daemon.path("monitors/renamed/violations"))) as reader:
            rename_twice()
            reader.line("'name' is not allowed in state 'named'")
            reader.line("a task is named once")
        expect_in("already", daemon.refuses(errno.EEXIST, "load", f"{home}/renamed.toml"))
        held = open(daemon.path("monitors/renamed/enable"))
        daemon.write("unload", "renamed\n")
        expect(not os.path.exists(daemon.path("monitors/renamed")), "its folder is still there")
        with held:
            expect_equal(os.pread(held.fileno(), 0, 0), b"")
            try:
                os.pread(held.fileno(), 10, 0)
                raise AssertionError("a monitor that has gone was read")
            except OSError as error:
                expect_equal(errno.errorcode[error.errno], "ENOENT")
        daemon.refuses(errno.EINVAL, "unload", "renamed")
        wait_for("its programs to go", lambda: not programs_named("swerve_renamed"))
        daemon.write("load", f"{home}/renamed.toml")
        expect_equal(daemon.read("monitors/renamed/enable"), "0\n")


@live
def loading_untrusted():
    """load: what others than root can change is refused with EPERM; error_log has the reason"""
    with folder({**renames("strange"), "inside/renames.dot": RENAMES_DOT}) as home, serving() as daemon:
        file, model = f"{home}/strange.toml", f"{home}/renames.dot"
        for change, undo, words in (
                (lambda: os.chmod(file, 0o666), lambda: os.chmod(file, 0o644), "others than root may write it"),
                (lambda: os.chown(file, 65534, 0), lambda: os.chown(file, 0, 0), "the owner is not root"),
                (lambda: os.chmod(model, 0o664), lambda: os.chmod(model, 0o644), "renames.dot"),
                (lambda: os.chmod(home, 0o777), lambda: os.chmod(home, 0o755), home)):
            change()
            expect_in(words, daemon.refuses(errno.EPERM, "load", file))
            undo()
            expect("strange" not in daemon.read("available_monitors"), "it was loaded")
        # Its own files: to look at them it would have to answer itself.
        expect_in("a process serves", daemon.refuses(errno.EPERM, "load", daemon.path("monitors/wwnr/model")))
        os.symlink(daemon.path(), f"{home}/own")
        daemon.refuses(errno.EPERM, "load", f"{home}/own/monitors/wwnr/model")
        expect_in("begins with a '/'", daemon.refuses(errno.EINVAL, "load", "strange.toml"))
        daemon.refuses(errno.ENOENT, "load", f"{home}/none.toml")
        daemon.write("load", file)


@live
def loading_errors():
    """load: a definition with errors is EINVAL; error_log has every place, nothing is registered"""
    text = renames("wrong")["wrong.toml"]
    for right, wrong in (('event = "name"', 'event = "nmae"'), ('task = "task"', 'task = "tsak"'),
                         ('scope = "task"', 'scope = "task"\nnonsense = 1')):
        text = text.replace(right, wrong)
    with folder({"wrong.toml": text, "renames.dot": RENAMES_DOT.replace("fresh\" ->", "fresh\" - ")}) as home, \
            serving() as daemon:
        log = daemon.refuses(errno.EINVAL, "load", f"{home}/wrong.toml")
        for words in ("wrong.toml:5:1: error:", "nonsense", "renames.dot:"):
            expect_in(words, log)
        with open(f"{home}/renames.dot", "w") as file:
            file.write(RENAMES_DOT)
        log = daemon.refuses(errno.EINVAL, "load", f"{home}/wrong.toml")
        for words in ("wrong.toml:5:1: error:", "'tsak'", "'nmae'"):
            expect_in(words, log)
        missing = text.replace("nonsense = 1", "").replace("tsak", "task").replace("nmae", "name")
        with open(f"{home}/wrong.toml", "w") as file:
            file.write(missing.replace("tracepoint:task_rename", "tracepoint:no_such_event"))
        expect_in("no tracepoint 'no_such_event'", daemon.refuses(errno.EINVAL, "load", f"{home}/wrong.toml"))
        with open(f"{home}/wrong.toml", "w") as file:
            file.write(missing.replace('scope =', 'parent = "none"\nscope ='))
        expect_in("none", daemon.refuses(errno.EINVAL, "load", f"{home}/wrong.toml"))
        expect_equal(daemon.read("available_monitors"), shipped())


@live
def unloading_under_load():
    """a monitor is unloaded and loaded again while its events arrive and are read"""
    with folder(renames("busy")) as home, serving() as daemon:
        done = threading.Event()

        def violate():
            while not done.is_set():
                rename_twice()

        threads = [threading.Thread(target=violate) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            seen = 0
            for _ in range(20):
                daemon.write("load", f"{home}/busy.toml")
                daemon.write("monitors/busy/enable", "1")
                with contextlib.closing(Reader(daemon.path("monitors/busy/trace_pipe"))) as reader:
                    reader.line("error")
                    seen += 1
                    daemon.write("unload", "busy")
                wait_for("its programs to go", lambda: not programs_named("swerve_busy"))
            expect_equal(seen, 20)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        expect_equal(daemon.stop()[1], 0)


@live
def a_thousand_monitors():
    """a thousand monitors: listed, enabled ones among them work, and the end is still quick"""
    files = {}
    for i in range(1000):
        files.update(renames(f"m{i:04}"))
    with folder(files) as home, serving("--monitors", home) as daemon:
        begun = time.monotonic()
        listed = daemon.read("available_monitors").split()
        took = time.monotonic() - begun
        expect_equal(listed, [f"m{i:04}" for i in range(1000)])
        expect(took < 1, f"listing took {took} s")
        expect_equal(len(os.listdir(daemon.path("monitors"))), 1000)
        for name in listed[::100]:
            daemon.write("enabled_monitors", name)
        rename_twice()
        for name in listed[::100]:
            expect(daemon.stats(name)["violations"] >= 1, f"{name} saw nothing")
        took, status = daemon.stop()
        expect_equal(status, 0)
        expect(took < 1, f"the end took {took} s")


# ---- the end -----------------------------------------------------------------------------------------------


@live
def ends_in_time():
    """SIGTERM, SIGINT, SIGHUP: status 0 within a second, with files open and a reader that waits; it reads the end"""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with folder() as home:
            mount = home + "/tree"
            with serving("--enable", "wwnr", "--enable", "rwfs", mount=mount) as daemon, \
                    open(daemon.path("enabled_monitors")) as file, open(daemon.path("monitors/wwnr/enable"), "w"):
                expect_equal(file.readline(), "rwfs\n")
                held = bpf_objects(daemon.process.pid)
                expect(len(held) >= 4, f"it holds only {held}")
                readers = [Reader(daemon.path(name)) for name in ("violations", "trace_pipe_json")]
                daemon.process.send_signal(number)
                took, status = daemon.stop()  # a second signal changes nothing
                expect_equal(status, 0, daemon.rest())
                expect(took < 1, f"it took {took} s")
                for reader in readers:
                    reader.process.communicate(timeout=PATIENCE)
                    expect_equal(reader.process.returncode, 0)
                expect_nothing_left(held)
                expect(not mounted(mount), "it is still mounted")
                expect_equal(os.listdir(home), [])


@live
def hanging_command():
    """a command of the reactor exec that hangs delays neither a disable nor the end"""
    with folder() as home:
        files = renames("hanging", 'reactor = "exec"')
        files["hanging.toml"] += f"\n[react.exec]\nat_once = 1\ncommand = 'echo $$ >{home}/pid; exec sleep 1000'\n"
        for name, text in files.items():
            with open(os.path.join(home, name), "w") as file:
                file.write(textwrap.dedent(text))
        with serving("--monitors", home, "--enable", "hanging") as daemon:
            for _ in range(3):
                rename_twice()
            wait_for("the command", lambda: os.path.exists(home + "/pid") and open(home + "/pid").read().endswith("\n"))
            try:
                begun = time.monotonic()
                daemon.write("monitors/hanging/enable", "0")
                took = time.monotonic() - begun
                expect(took < 1, f"the disable took {took} s")
                expect(daemon.stats("hanging")["cancelled"] >= 1, "the others waited on",
                       daemon.read("monitors/hanging/stats"))
                daemon.write("monitors/hanging/enable", "1")
                took, status = daemon.stop()
                expect_equal(status, 0)
                expect(took < 1, f"the end took {took} s")
            finally:
                os.kill(int(open(home + "/pid").read()), signal.SIGKILL)


@live
def stopped_while_starting():
    """SIGTERM at any moment of the start: it ends, and nothing is left"""
    with folder() as home:
        mount = home + "/tree"
        for seed in range(12):
            process = subprocess.Popen([command.SWERVE, "serve", "--mount", mount, "--enable", "rwfs"],
                                       stderr=subprocess.DEVNULL, preexec_fn=dies_with_us)
            time.sleep(random.Random(seed).uniform(0, 0.15))  # the random moment
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=PATIENCE)
            expect(status in (0, -signal.SIGTERM), f"after {seed}: status {status}")
            expect(not mounted(mount), f"after {seed}: it is still mounted")
            expect_equal(os.listdir(home), [])


@live
def nohup():
    """under nohup a hang-up is nothing"""
    with serving(before=["nohup"]) as daemon:
        daemon.process.send_signal(signal.SIGHUP)
        expect_in("wwnr", daemon.read("available_monitors"))
        expect_equal(daemon.stop()[1], 0)


@live
def unmounted_by_somebody():
    """somebody unmounts the tree: it says so, and ends with status 1"""
    with serving("--enable", "rwfs") as daemon:
        held = bpf_objects(daemon.process.pid)
        subprocess.run(["umount", daemon.mount], check=True)
        expect_equal(daemon.process.wait(timeout=PATIENCE), 1)
        said = daemon.rest()
        expect_in("was unmounted", said)
        expect_one_line(said)
        expect_nothing_left(held)


@live
def stale_mount():
    """kill -9: nothing is left attached; the mount that is left is taken over"""
    with folder() as home:
        mount = home + "/tree"
        for _ in range(3):
            with serving("--enable", "rwfs", mount=mount) as daemon:
                held = bpf_objects(daemon.process.pid)
                daemon.process.kill()
                daemon.process.wait()
                expect_nothing_left(held)
                expect(mounted(mount), "the mount went by itself: nothing was tried")
                with serving("--enable", "wwnr", mount=mount) as next_one:
                    expect_equal(next_one.read("enabled_monitors"), "wwnr\n")
                    expect_equal(next_one.stop()[1], 0)


@live
def killed_at_random():
    """kill -9 at random moments under load: no program stays, and the next start works (8 rounds)"""
    name = f"k{os.getpid()}x"  # of which the programs are known to be ours
    with folder(renames(name)) as home:
        mount = home + "/tree"
        for seed in range(8):
            chance = random.Random(seed)
            done = threading.Event()

            def try_to(act):
                try:
                    act()
                except OSError:
                    pass  # it has been killed meanwhile

            def use(daemon):
                while not done.is_set():
                    try_to(lambda: daemon.write(f"monitors/{name}/enable", chance.choice("01")))
                    try_to(lambda: daemon.read("enabled_monitors"))
                    try_to(lambda: daemon.write("monitoring_on", chance.choice("01")))

            def violate():
                while not done.is_set():
                    rename_twice()

            with serving("--monitors", home, "--enable", name, mount=mount) as daemon:
                reader = Reader(daemon.path("trace_pipe"))
                threads = [threading.Thread(target=use, args=(daemon,)), threading.Thread(target=violate)]
                for thread in threads:
                    thread.start()
                time.sleep(chance.uniform(0, 0.3))  # the random moment
                daemon.process.kill()
                daemon.process.wait()
                done.set()
                for thread in threads:
                    thread.join(timeout=PATIENCE)
                    expect(not thread.is_alive(), f"round {seed}: a writer hangs after the daemon's death")
                reader.process.communicate(timeout=PATIENCE)
                wait_for(f"round {seed}: the programs to go", lambda: not programs_named("swerve_" + name[:8]))
        # And at any moment of the start.
        for seed in range(8):
            arguments = ["serve", "--mount", mount, "--monitors", home, "--enable", name]
            process = subprocess.Popen([command.SWERVE, *arguments], stderr=subprocess.DEVNULL,
                                       preexec_fn=dies_with_us)
            time.sleep(random.Random(seed).uniform(0, 0.15))
            process.kill()
            process.wait()
            wait_for(f"start {seed}: the programs to go", lambda: not programs_named("swerve_" + name[:8]))
        with serving("--monitors", home, "--enable", name, mount=mount) as daemon:
            rename_twice()
            expect(daemon.stats(name)["violations"] >= 1, "it does not watch")
            expect_equal(daemon.stop()[1], 0)
        expect(not mounted(mount), "a mount is left")


@live
def idle():
    """a daemon that has nothing to do uses no CPU, with monitors enabled and after readers have gone"""
    with serving("--enable", "rwfs", "--enable", "wwnr") as daemon:
        reader = Reader(daemon.path("trace_pipe"))
        reader.line("event")
        reader.close()
        wait_for("the reader's end to be noticed", lambda: cpu_quiet(daemon.process.pid, 0.3))
        # A measurement: over two seconds in which nobody asks it for anything, not a tick of user or system time.
        before = cpu_ticks(daemon.process.pid)
        switches = context_switches(daemon.process.pid)
        time.sleep(2)
        expect_equal(cpu_ticks(daemon.process.pid), before)
        woken = context_switches(daemon.process.pid) - switches
        expect(woken <= 4, f"it was woken {woken} times in two seconds")


def cpu_quiet(pid, seconds):
    before = context_switches(pid)
    time.sleep(seconds)
    return context_switches(pid) == before


def context_switches(pid):
    """Of all its threads, voluntary ones: how often it was woken."""
    return sum(int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", open(f"/proc/{pid}/task/{tid}/status").read(),
                             re.M).group(1)) for tid in os.listdir(f"/proc/{pid}/task"))


if __name__ == "__main__":
    sys.exit(main())
