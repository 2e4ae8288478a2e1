"""tree.py - measures the daemon and its control tree, for measure.py: what a person or a script waits for."""
import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE_S = 60
MANY = 1000  # monitors
SOME = 100   # that are enabled at once


def many_definitions(folder):
    """MANY monitors of one system call, all alike but for their names."""
    with open(os.path.join(HERE, "turns", "turns.toml"), encoding="utf-8") as file:
        text = file.read()
    os.mkdir(folder)
    shutil.copy(os.path.join(HERE, "turns", "turns.dot"), folder)
    for i in range(MANY):
        with open(os.path.join(folder, f"m{i:04}.toml"), "w", encoding="utf-8") as file:
            file.write(text.replace('"turns"', f'"m{i:04}"'))
    return folder


@contextlib.contextmanager
def daemon(swerve, mount, *options):
    """`swerve serve`, from when its tree is there; gives (process, seconds until then)."""
    begin = time.monotonic()
    process = subprocess.Popen([swerve, "serve", "--mount", mount, *options], stdin=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        while not os.path.exists(os.path.join(mount, "available_monitors")):
            if process.poll() is not None or time.monotonic() > begin + PATIENCE_S:
                raise SystemExit("swerve serve did not begin to serve")
            time.sleep(0.002)
        yield process, time.monotonic() - begin
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextlib.contextmanager
def load(scratch):
    """All CPUs busy, and tasks that switch and wake each other all the time."""
    commands = [["sh", "-c", "while :; do :; done"] for _ in os.sched_getaffinity(0)]
    commands.append([os.path.join(scratch, "wakeups"), "3600", "8"])
    busy = [subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) for command in commands]
    try:
        yield
    finally:
        for process in busy:  # with its children
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def took(action):
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def put(path, text, flags=os.O_WRONLY):
    fd = os.open(path, flags)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def get(path, most=1 << 20):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, most)
    finally:
        os.close(fd)


def read_us(path, times=1000, batches=9):
    """Opening, reading 64 KB at most (the kernel prepares a page for each 4 KB that are asked for) and closing; the middle
    one of the batches."""
    def batch():
        for _ in range(times):
            get(path, 4096 if times == 1000 else 65536)
    return statistics.median(took(batch) for _ in range(batches)) / times * 1e6


@contextlib.contextmanager
def on_one_cpu(pid):
    """This process and `pid` share a CPU: neither waits for an idle one to wake up, which a virtual machine makes slow."""
    everywhere = os.sched_getaffinity(0)
    for one in (0, pid):
        os.sched_setaffinity(one, {min(everywhere)})
    try:
        yield
    finally:
        for one in (0, pid):
            os.sched_setaffinity(one, everywhere)


def cpu_ns(pid):
    """What its threads have run."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="utf-8") as file:
            total += int(file.read().split()[0])
    return total


def show(swerve, scratch, rounds, row):
    mount = os.path.join(scratch, "tree")
    print("The control tree, with the shipped monitors")
    with daemon(swerve, mount) as (process, _):
        wwnr = f"{mount}/monitors/wwnr"
        with on_one_cpu(process.pid):
            row("open, read, close on one CPU: enable", read_us(f"{wwnr}/enable"), "us", 30)
            row("the same: available_monitors", read_us(f"{mount}/available_monitors"), "us", 30)
            row("the same: stats of a monitor that is off", read_us(f"{wwnr}/stats"), "us", 30)
        row("enable, wherever the scheduler puts the two", read_us(f"{wwnr}/enable"), "us")
        before = cpu_ns(process.pid)
        time.sleep(3)
        row("CPU time of the idle daemon in 3 s", (cpu_ns(process.pid) - before) / 1e6, "ms", 0)
        with load(scratch):
            on, off, other = [], [], []
            for _ in range(rounds * 3):
                on.append(took(lambda: put(f"{wwnr}/enable", "1")))
                time.sleep(0.05)
                off.append(took(lambda: put(f"{wwnr}/enable", "0")))
                other.append(took(lambda: subprocess.run(["true"], check=True)))
            row("enabling wwnr under load, middle", statistics.median(on) * 1e3, "ms", 50)
            row("enabling wwnr under load, slowest", max(on) * 1e3, "ms")
            row("disabling wwnr under load, middle", statistics.median(off) * 1e3, "ms", 50)
            row("disabling wwnr under load, slowest", max(off) * 1e3, "ms")
            row("to compare: running `true` under that load, slowest", max(other) * 1e3, "ms")
        put(f"{wwnr}/enable", "1")
        row("reading stats of a monitor that is on (it walks its instances)", read_us(f"{wwnr}/stats", 20), "us")
        begin = time.perf_counter()
    row("from SIGTERM to the end of the daemon, a monitor on", (time.perf_counter() - begin) * 1e3, "ms", 1000)

    print(f"The same with {MANY} monitors")
    with daemon(swerve, mount, "--monitors", many_definitions(os.path.join(scratch, "many"))) as (_, seconds):
        row("from the start to the tree", seconds, "s")
        listing = [took(lambda: subprocess.run([swerve, "list", "--mount", mount], check=True, stdout=subprocess.DEVNULL))
                   for _ in range(rounds)]
        row("swerve list", statistics.median(listing) * 1e3, "ms", 50)
        row("reading available_monitors", read_us(f"{mount}/available_monitors", 100), "us")
        names = get(f"{mount}/available_monitors").decode().split()
        enabled = f"{mount}/enabled_monitors"
        single, at_once, in_turn = [], [], []
        for _ in range(rounds):
            put(enabled, names[0])
            single.append(took(lambda: put(enabled, "\n", os.O_WRONLY | os.O_TRUNC)))
            for name in names[:SOME]:
                put(enabled, name)
            at_once.append(took(lambda: put(enabled, "\n", os.O_WRONLY | os.O_TRUNC)))
            for name in names[:SOME]:
                put(enabled, name)
            in_turn.append(took(lambda: [put(enabled, "!" + name) for name in names[:SOME]]))
        row("disabling one", statistics.median(single) * 1e3, "ms")
        row(f"disabling {SOME} at once", statistics.median(at_once) * 1e3, "ms")
        row(f"disabling {SOME} one after the other", statistics.median(in_turn) * 1e3, "ms")
