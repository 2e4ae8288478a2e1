#!/usr/bin/env python3
"""tests/runtime/service.py - the daemon's unit file: what it promises, and that the daemon can live with it.

A real systemd runs the unit here, in namespaces of its own, and a session is done inside of these. The cases are run
as those of command.py; see there.
"""
import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import command
from command import built, case, expect, expect_equal, expect_in, folder, live, main
from serve import (PATIENCE, Daemon, Reader, dies_with_us, ftrace_on, mounted, rename_twice, renames, serving, shipped,
                   wait_for)

command.CASES[:] = []
SYSTEMD = "/lib/systemd/systemd"

# What systemd.exec(5) says, or means, to need a mount namespace of the service's own: names, and beginnings of names.
MOUNT_NAMESPACE = re.compile(
    r"Root\w*|Mount\w*|Bind\w*|TemporaryFileSystem|Private\w*|Protect(?!Clock|Hostname)\w*|ProcSubset|\w*Paths?|"
    r"DynamicUser|LogNamespace|Extension\w*|JoinsNamespaceOf|NetworkNamespacePath|IPCNamespacePath|\w*Credential\w*|"
    r"(Runtime|State|Cache|Logs|Configuration)Directory")


def unit_text(arguments="", **replaced):
    """The unit, with the paths of what was built; `replaced`: other values of directives, None for without."""
    text = open(os.path.join(command.SOURCE, "systemd/swerve.service.in")).read()
    text = text.replace("@CMAKE_INSTALL_FULL_BINDIR@", os.path.dirname(command.SWERVE))
    text = text.replace("@CMAKE_INSTALL_FULL_DATADIR@", "/usr/share")
    expect("@" not in re.sub(r"^SystemCallFilter=.*|^#.*", "", text, flags=re.M), "a place that is not filled in", text)
    text = re.sub(r"^(ExecStart=.*)", rf"\1 {arguments}", text, flags=re.M)
    for name, value in replaced.items():
        text, found = re.subn(rf"^{name}=.*\n", "" if value is None else f"{name}={value}\n", text, flags=re.M)
        expect(found, f"no {name} in the unit")
    return text


def directives(text):
    return re.findall(r"^(\w+)=", text, re.M)


@case
def no_mount_namespace():
    """the unit has no directive that gives the daemon a mount namespace of its own"""
    found = directives(unit_text())
    for name in ("Type", "ExecStart", "CapabilityBoundingSet", "NoNewPrivileges", "SystemCallFilter",
                 "SystemCallArchitectures", "RestrictAddressFamilies", "RestrictNamespaces", "MemoryDenyWriteExecute"):
        expect_in(name, found)
    expect_equal([name for name in found if MOUNT_NAMESPACE.fullmatch(name)], [])
    for name in ("ProtectSystem", "PrivateTmp", "ProtectHome", "ProtectKernelTunables", "ProtectKernelModules",
                 "ProtectProc", "ProtectKernelLogs", "ProtectControlGroups", "PrivateDevices", "PrivateMounts",
                 "PrivateIPC", "MountFlags", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths",
                 "NoExecPaths", "BindPaths", "BindReadOnlyPaths", "MountImages", "ExtensionImages", "MountAPIVFS",
                 "TemporaryFileSystem", "RootDirectory", "RootImage", "DynamicUser", "LogNamespace", "ProcSubset"):
        expect(MOUNT_NAMESPACE.fullmatch(name), f"{name} would not be noticed")


@case
def analysed():
    """systemd-analyze finds no fault with the unit, and its exposure low"""
    with folder({"swerve.service": unit_text()}) as home:
        for arguments in (["verify"], ["security", "--offline=true", "--threshold=40"]):
            done = subprocess.run(["systemd-analyze", "--no-pager", *arguments, "./swerve.service"], cwd=home,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            said = done.stdout.decode(errors="replace")
            expect_equal(done.returncode, 0, said)
            if arguments == ["verify"]:
                expect_equal(said, "")


# ---- under a systemd ---------------------------------------------------------------------------------------

# It sees its own processes only, changes no file but in /run and the test's folder, and no setting of the kernel.
BEGIN = """\
set -e
mount --make-rprivate /
mount --bind {home} {home}
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -t tmpfs tmpfs /run
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind {home}/log /dev/console
mount -o remount,bind,ro /
mkdir -p /run/systemd/system
cp {home}/units/* /run/systemd/system/
exec env -i container=other PATH="$PATH" {systemd} --system --unit=session.service --log-target=console \\
  --log-level=notice --show-status=no
"""

SESSION = """\
[Unit]
DefaultDependencies=no
SuccessAction=exit
SuccessActionExitStatus=0
FailureAction=exit
FailureActionExitStatus=1
[Service]
Type=oneshot
ExecStart={python} -B {script} --inside {swerve} {source} {home}
StandardOutput=append:{home}/said
StandardError=append:{home}/said
"""


@contextlib.contextmanager
def own_cgroup():
    """The path of a new cgroup of the unified hierarchy, gone at the end."""
    with contextlib.ExitStack() as stack:
        points = [line.split()[4] for line in open("/proc/self/mountinfo") if " - cgroup2 " in line]
        if not points:
            points = [stack.enter_context(folder())]
            subprocess.run(["mount", "-t", "cgroup2", "cgroup2", points[0]], check=True)
            stack.callback(subprocess.run, ["umount", points[0]], check=True)
        path = f"{points[0]}/swerve-test-{os.getpid()}"
        os.mkdir(path)
        try:
            yield path
        finally:
            wait_for("the cgroup to be empty", lambda: "populated 0" in open(path + "/cgroup.events").read())
            for inside, _, _ in os.walk(path, topdown=False):
                os.rmdir(inside)


def run_under_systemd(unit):
    """Starts `unit` under a systemd, then runs session() beside it: its status, and what was said."""
    with folder(renames("renamed")) as home, own_cgroup() as cgroup:
        built(home, "rwfs_demo.c", "rwfs_demo")
        os.mkdir(home + "/units")
        unit = unit.replace("[Unit]\n", "[Unit]\nDefaultDependencies=no\n")  # nothing else is to be started
        unit = unit.replace("[Service]\n", f"[Service]\nStandardError=append:{home}/said\n")
        words = {"home": home, "systemd": SYSTEMD, "python": sys.executable, "script": os.path.abspath(__file__),
                 "swerve": command.SWERVE, "source": command.SOURCE}
        for name, text in (("units/swerve.service", unit), ("units/session.service", SESSION), ("begin", BEGIN)):
            with open(os.path.join(home, name), "w") as file:
                file.write(text if name.endswith("swerve.service") else text.format(**words))
        begin = (f"echo $$ >{cgroup}/cgroup.procs && "
                 f"exec unshare --pid --fork --kill-child --mount --cgroup sh {home}/begin")
        with open(home + "/log", "w") as log:
            process = subprocess.Popen(["sh", "-c", begin], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       preexec_fn=dies_with_us)
        try:
            status = process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            status = "none: it was killed"
        finally:
            process.kill()
            process.wait()
        said = open(home + "/said").read() if os.path.exists(home + "/said") else ""
        return status, open(home + "/log").read() + said


def systemctl(*arguments):
    done = subprocess.run(["systemctl", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE,
                          check=False)
    if done.returncode != 0:
        subprocess.run(["systemctl", "status", "--no-pager", "swerve.service"], check=False)
    expect_equal(done.returncode, 0, f"systemctl {arguments}: {done.stdout.decode()}")
    return done.stdout.decode().strip()


def inside(home):
    """The session, as a service of that systemd's."""
    systemctl("start", "swerve.service")
    pid = int(systemctl("show", "--property=MainPID", "--value", "swerve.service"))
    tree = Daemon(None, "/run/swerve")
    fields = dict(line.rstrip("\n").split(":\t") for line in open(f"/proc/{pid}/status") if ":\t" in line)
    unit = open("/run/systemd/system/swerve.service").read()
    names = re.search(r"^CapabilityBoundingSet=(.*)", unit, re.M).group(1).lower().replace(" ", ",")
    mask = subprocess.run(["capsh", "--decode=" + fields["CapEff"]], stdout=subprocess.PIPE, check=True).stdout.decode()
    expect_equal(set(mask.strip().partition("=")[2].split(",")), set(names.split(",")))
    expect_equal((fields["CapBnd"], fields["NoNewPrivs"], fields["Seccomp"]), (fields["CapEff"], "1", "2"))
    expect_equal(os.readlink(f"/proc/{pid}/ns/mnt"), os.readlink("/proc/1/ns/mnt"))
    expect(mounted(tree.mount), "the tree is not there for others")

    expect_equal(tree.read("available_monitors"), shipped())
    tree.write("load", f"{home}/renamed.toml")
    for name in ("renamed", "rwfs", "wwnr"):
        tree.write("enabled_monitors", name)
    steps, reports = Reader(tree.path("trace_pipe")), Reader(tree.path("violations"))
    violations = Reader(tree.path("violations_json"))

    def demo():
        subprocess.run([home + "/rwfs_demo", "unsafe", home + "/x"], check=True)

    demo()
    steps.line(r"rwfs_demo-.* event_rwfs .* create ")
    reports.line(r"'rename' is not allowed in state 'unsynced'")
    frames = json.loads(violations.line(r'"monitor":"rwfs"'))["stack"]
    expect(frames and all("+0x" in frame for frame in frames), f"a stack without names: {frames}")
    for reactor in ("printk", "trace_marker", "nop"):
        tree.write("monitors/rwfs/reactors", reactor)
        demo()
        violations.line(r'"monitor":"rwfs"')
        if reactor != "nop":
            wait_for(f"{reactor} to react", lambda: tree.stats("rwfs")["reactions"] == ["printk", "trace_marker"]
                     .index(reactor) + 1)
    expect_equal(tree.stats("rwfs")["failed"], 0, tree.read("monitors/rwfs/stats"))
    tree.write("monitors/renamed/enable", "0")
    tree.write("unload", "renamed")
    with open(f"{home}/renamed.toml", "a") as file:
        file.write('\n')
    with open(f"{home}/renamed.toml") as file:
        text = file.read()
    with open(f"{home}/commanded.toml", "w") as file:
        file.write(text.replace('name = "renamed"', 'name = "commanded"\nreactor = "exec"', 1) +
                   f"[react.exec]\ncommand = 'cat >>{home}/told; echo \"$SWERVE_MONITOR\" >>{home}/told'\n")
    tree.write("load", f"{home}/commanded.toml")
    tree.write("monitors/commanded/enable", "1")
    rename_twice()
    wait_for("the command", lambda: tree.stats("commanded")["reactions"] >= 1)
    expect_equal(tree.stats("commanded")["failed"], 0, tree.read("monitors/commanded/stats"))
    told = open(home + "/told").read()
    expect_in('"monitor":"commanded"', told)
    expect_in("\ncommanded\n", told)
    for name in ("monitoring_on", "reacting_on"):
        tree.write(name, "0")
        tree.write(name, "1")
    tree.write("monitors/wwnr/enable", "0")
    for reader in (steps, violations):
        reader.close()
    begun = time.monotonic()
    systemctl("stop", "swerve.service")
    took = time.monotonic() - begun
    expect(took < 1.5, f"the stop took {took} s")
    reports.process.communicate(timeout=PATIENCE)
    expect_equal(reports.process.returncode, 0)
    expect(not mounted(tree.mount), "it is still mounted")
    expect_equal(systemctl("show", "--property=Result,ExecMainStatus", "swerve.service").split(),
                 ["Result=success", "ExecMainStatus=0"])
    print("the session is done", flush=True)


@live
def under_systemd():
    """under a real systemd, with all the unit's limits: a session with load, steps, violations, reactors and a stop"""
    # Without the error number a call that the filter lacks kills the daemon: none goes by unseen.
    with ftrace_on():
        status, said = run_under_systemd(unit_text(SystemCallErrorNumber=None))
    expect_in("the session is done", said)
    expect_equal(status, 0, said)


@live
def limits_hold():
    """the limits are in force: with less of them the daemon does not start under the same systemd"""
    for replaced, words in (({"CapabilityBoundingSet": "CAP_BPF CAP_PERFMON CAP_SYSLOG"}, "needs CAP_SYS_ADMIN"),
                            ({"SystemCallFilter": "@system-service @mount"}, "BPF map: Operation not permitted"),
                            ({"DeviceAllow": "/dev/kmsg w"}, "/dev/fuse: Operation not permitted")):
        status, said = run_under_systemd(unit_text(Restart="no", **replaced))
        expect("the session is done" not in said and status != 0, f"with {replaced} it started: {status}", said)
        expect_in(words, said)


# ---- the capabilities --------------------------------------------------------------------------------------


def with_capabilities(*without):
    names = re.search(r"^CapabilityBoundingSet=(.*)", unit_text(), re.M).group(1).lower().replace("cap_", "").split()
    kept = ",".join("+" + name for name in names if name not in without)
    return ["setpriv", "--no-new-privs", "--bounding-set", "-all," + kept]


WOKEN_TOML = """\
    name = "woken"
    description = "the sleeper of a test wakes once."
    scope = "task"
    model = "renames.dot"
    reactor = "signal"
    [[on]]
    probe = "tracepoint:sched_wakeup"
    task = "p"
    event = "name"
    when = 'p->comm == "SLEEPER"'
    start_run = true
    [[on]]
    probe = "syscall:exit_group"
    event = "leave"
"""


@live
def signals_of_others():
    """CAP_KILL is what the reactor signal needs to reach, from user space, a process of another user"""
    name = f"sleeper{os.getpid()}"[:15]
    with folder({"woken.toml": WOKEN_TOML.replace("SLEEPER", name), "renames.dot": command.RENAMES_DOT}) as home:
        sleeper = built(home, "wakeups.c", name)
        script = f"while :; do {shlex.quote(sleeper)} 1 1; done"
        for without, reached in (((), True), (("kill",), False)):
            with serving("--monitors", home, "--enable", "woken", "--allow-signal",
                         before=with_capabilities(*without)) as daemon:
                process = subprocess.Popen(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                                            "sh", "-c", script], preexec_fn=dies_with_us, stderr=subprocess.DEVNULL)
                try:
                    wait_for("reactions", lambda: daemon.stats("woken")["reactions"] >= 3)
                    stats = daemon.stats("woken")
                finally:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                if not reached:
                    expect_equal(stats["failed"], stats["reactions"], daemon.read("monitors/woken/stats"))
                else:
                    expect(stats["failed"] < stats["reactions"], "none arrived", daemon.read("monitors/woken/stats"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        command.SWERVE, command.SOURCE = sys.argv[2:4]
        try:
            inside(sys.argv[4])
        except AssertionError as error:
            sys.exit(f"the session failed: {error}")
        sys.exit(0)
    sys.exit(main())
