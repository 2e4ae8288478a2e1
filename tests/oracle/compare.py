"""compare.py TIMES KERNEL SWERVE - what the kernel's own wwnr and swerve's said of the same load, event for event.

TIMES: "begin NS" and "end NS" of the load, while both were on all the time; "first kernel" or "first swerve", the side that
was on before the other; "old TID" for each task that was there when the load began; the kernel trace's counts of losses.
KERNEL: text of the kernel's trace with event_wwnr and error_wwnr, on the clock "mono". SWERVE: `mon wwnr -s -t --json`.

The two were not switched on and off at the same moment, and each instance begins at the first start event that its own
monitor sees. So for each thread id the list of the one that began later is laid beside the other's, from its first event
on, and both must then be equal until one of them was switched off. Only a task that was there before the load may lack
its first events, and only on the side that was switched on last: the other may have begun to watch it before. A number
that is used again is the next task's; as all that is said of it must be equal, that needs no rule. Ends with 1 when
anything differs, or when there was nothing to compare; with 3 when records were lost, so that nothing can be said.
"""
import collections
import json
import re
import sys

Entry = collections.namedtuple("Entry", "time what")  # time in ns; what: (state, event, next), next None for a violation

KERNEL_LINE = re.compile(r"\[(\d+)\] \S+ +(\d+)\.(\d{6}): (event|error)_w(?:wnr|ip): (?:(\d+): )?(.*)$")
STEP = re.compile(r"(\S+) x (\S+) -> (\S+)")
ERROR = re.compile(r"event (\S+) not expected in the state (\S+)")
APART_MAX_NS = 1_000_000_000  # one event's two time stamps; an emulated CPU can stand still for long between them
WHILE = 8  # events that are looked at to find where both lists have begun
SHOWN = 5  # differences printed


def read_kernel(path):
    lists = collections.defaultdict(list)
    for line in open(path, encoding="utf-8", errors="replace"):
        found = KERNEL_LINE.search(line)
        if not found:
            if line.startswith("#") or not line.strip():
                continue
            raise SystemExit(f"{path}: this line is none of the kernel's monitor: {line.rstrip()}")
        cpu, seconds, micros, kind, tid, text = found.groups()
        if kind == "event":
            what = STEP.match(text).groups()
        else:
            event, state = ERROR.match(text).groups()
            what = (state, event, None)
        lists[int(tid or cpu)].append(Entry(int(seconds) * 10**9 + int(micros) * 1000, what))
    return lists


def read_swerve(path):
    """In the order of the ring, which is that of the steps; an interrupted step took its time later."""
    lists, summary, inconclusive = collections.defaultdict(list), None, []
    for line in open(path, encoding="utf-8"):
        said = json.loads(line)
        if said["type"] == "summary":
            summary = said
        elif said["type"] == "inconclusive":
            inconclusive.append(line.strip())
        else:
            lists[said["id"]].append(Entry(said["time_ns"], (said["state"], said["event"], said.get("next"))))
    return lists, summary, inconclusive


class Comparison:
    def __init__(self, begin, end, first, old):
        self.begin, self.end, self.first, self.old = begin, end, first, old
        self.differences = []
        self.equal = self.violations = self.before = self.after = self.apart = 0

    def differ(self, tid, text):
        self.differences.append(f"thread {tid}: {text}")

    @staticmethod
    def first_common(earlier, later):
        """Where `later` begins in `earlier`: the place that is like it for a while and nearest in time."""
        def distance(at):
            pairs = list(zip(earlier[at:at + WHILE], later))
            unlike = sum(one.what != two.what for one, two in pairs)
            return unlike, sum(abs(one.time - two.time) for one, two in pairs) / max(1, len(pairs))
        return min(range(len(earlier)), key=distance, default=0)

    def compare(self, tid, kernel, swerve):
        """Both lists of one thread id, in the order of time."""
        earlier, later = (kernel, swerve) if self.first == "kernel" else (swerve, kernel)
        at = 0
        if tid in self.old:
            if later:
                at = self.first_common(earlier, later)
            else:
                at = len(earlier)
        else:  # what was said of its number before the load is of a task that has ended
            earlier = [entry for entry in earlier if entry.time > self.begin]
            later = [entry for entry in later if entry.time > self.begin]
        self.before += at
        rest = earlier[at:]
        for one, two in zip(rest, later):
            if one.what != two.what or abs(one.time - two.time) > APART_MAX_NS:
                self.differ(tid, f"{one} and {two} do not agree")
                return
            self.equal += one.what[2] is not None
            self.violations += one.what[2] is None
            self.apart = max(self.apart, abs(one.time - two.time))
        tail = rest[len(later):] or later[len(rest):]
        if tail and tail[0].time < self.end:
            self.differ(tid, f"one side ends {len(tail)} events before the other, which goes on with {tail[0]}")
        self.after += len(tail)


def main(times_path, kernel_path, swerve_path):
    begin = end = lost = 0
    first, old = None, set()
    for line in open(times_path, encoding="utf-8"):
        name, value = line.rsplit(None, 1)
        if name == "begin":
            begin = int(value)
        elif name == "end":
            end = int(value)
        elif name == "first":
            first = value
        elif name == "old":
            old.add(int(value))
        else:
            lost += int(value)
    kernel = read_kernel(kernel_path)
    swerve, summary, inconclusive = read_swerve(swerve_path)
    if lost or inconclusive:
        print(f"  the kernel's trace lost {lost} records; swerve said: {' '.join(inconclusive) or 'nothing lost'}")
        return 3
    result = Comparison(begin, end, first, old)
    for tid in sorted(set(kernel) | set(swerve)):
        result.compare(tid, kernel.get(tid, []), swerve.get(tid, []))
    if summary is None:
        result.differences.append("swerve printed no summary")
    elif sum(len(entries) for entries in swerve.values()) != sum(
            m["events"] + m["violations"] for m in summary["monitors"]):
        result.differences.append("swerve counted other than it printed")

    print(f"  {result.equal} steps and {result.violations} violations of {len(set(kernel) & set(swerve))} thread ids are "
          f"equal; differences: {len(result.differences)}")
    print(f"  outside: {result.before} before both watched the task, {result.after} after one was switched off; "
          f"none lost; time stamps at most {result.apart / 1e6:.1f} ms apart")
    for text in result.differences[:SHOWN]:
        print("  " + text)
    return 1 if result.differences or result.equal == 0 or result.violations == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
