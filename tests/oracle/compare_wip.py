"""compare_wip.py TIMES KERNEL SWERVE - as compare.py, for wip: one list a CPU, and swerve was on all the time.

Both monitors hang on the same tracepoints, one after the other. An interrupt that comes between the two, and wakes a
task, is seen by one monitor before the change of preemption and by the other after it; it may be a violation for one of
them, which then sees nothing more until it is started again. Where the lists part it must be at such a wake-up, they must come
together again, and nearly all must be equal. Ends with 1 for every other difference and when too little was compared, with 3
when records were lost.
"""
import sys

import compare

FAR_NS = 50_000_000  # one event's two time stamps: an interrupt, or a halt of the emulated CPU, may lie between
NEAR_NS = 50_000  # where the lists are laid side by side
APART = 40  # events that the two may differ in when they part
SURE = 4  # equal events after which they are together again
EQUAL_MIN = 1000
INTERRUPTED_MAX = 0.005  # of the events


def alike(one, two, near=NEAR_NS):
    return one.what == two.what and abs(one.time - two.time) < near


def meet(kernel, swerve, k, s):
    """The places from k and s on, after which the lists are equal for a while and nearest in time."""
    best = None
    for i in range(k, min(k + APART, len(kernel) - SURE)):
        for j in range(s, min(s + APART, len(swerve) - SURE)):
            pairs = list(zip(kernel[i:i + SURE], swerve[j:j + SURE]))
            if all(alike(one, two) for one, two in pairs):
                apart = sum(abs(one.time - two.time) for one, two in pairs)
                # The first that fits as well as later ones do: those are the same two events again.
                if best is None or apart < best[0] / 2:
                    best = apart, i, j
    return best and best[1:]


def compare_cpu(cpu, kernel, swerve):
    """(equal entries, interruptions, differences)"""
    start = min(range(len(swerve)), key=lambda i: abs(swerve[i].time - kernel[0].time))
    met = meet(kernel, swerve, 0, max(0, start - SURE))
    if met is None:
        return 0, 0, [f"CPU {cpu}: the lists have no beginning in common"]
    k, s = met
    equal = interruptions = 0
    while k < len(kernel) and s < len(swerve):
        if alike(kernel[k], swerve[s], FAR_NS):
            equal, k, s = equal + 1, k + 1, s + 1
            continue
        met = meet(kernel, swerve, k, s)
        if met is None:
            rest = len(kernel) - k
            return equal, interruptions, [] if rest <= APART else [f"CPU {cpu}: {rest} events differ from {kernel[k]} on"]
        if not any(entry.what[1] == "sched_waking" for entry in kernel[k:met[0]] + swerve[s:met[1]]):
            return equal, interruptions, [f"CPU {cpu}: {kernel[k]} and {swerve[s]} do not agree"]
        interruptions += 1
        k, s = met
    return equal, interruptions, []


def main(times_path, kernel_path, swerve_path):
    lost = sum(int(line.rsplit(None, 1)[1]) for line in open(times_path, encoding="utf-8"))
    kernel = compare.read_kernel(kernel_path)
    swerve, summary, inconclusive = compare.read_swerve(swerve_path)
    if lost or inconclusive or summary is None:
        print(f"  the kernel's trace lost {lost} records; swerve said: {' '.join(inconclusive) or summary}")
        return 3
    equal, interruptions, differences = 0, 0, []
    for cpu in sorted(kernel):
        results = compare_cpu(cpu, kernel[cpu], swerve.get(cpu, [])) if cpu in swerve else (0, 0, [f"CPU {cpu}: nothing"])
        equal, interruptions, differences = equal + results[0], interruptions + results[1], differences + results[2]
    print(f"  wip: {equal} events of {len(kernel)} CPUs are equal; {interruptions} times an interrupt came between the two; "
          f"differences: {len(differences)}")
    for text in differences[:compare.SHOWN]:
        print("  " + text)
    too_many = interruptions > INTERRUPTED_MAX * equal
    return 1 if differences or equal < EQUAL_MIN or too_many else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
