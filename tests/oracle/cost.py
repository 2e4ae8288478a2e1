"""cost.py FILE - the table of guest_cost.sh. Ends with 1 when swerve's wwnr costs more than LIMIT of the kernel's own."""
import sys

LIMIT = 1.5
NS_PER_INSTRUCTION = 2
ROWS = [
    ("empty", "empty BPF programs at the two tracepoints (the floor)"),
    ("kernel", "the kernel's own wwnr"),
    ("swerve", "swerve mon wwnr"),
    ("daemon", "the same under swerve serve, nobody reading steps"),
    ("every_step", "swerve mon wwnr -t --json, its printing included"),
    ("ftrace", "ftrace recording the two events"),
]


def main(path):
    cost = {}
    for line in open(path, encoding="utf-8"):
        words = line.split()
        if len(words) == 2:
            cost[words[0]] = float(words[1]) / NS_PER_INSTRUCTION
    base = (cost["nothing"] + cost["nothing_again"]) / 2
    kernel = cost["kernel"] - base
    print(f"  instructions of a round trip with nothing attached: {base:.0f}")
    print(f"  {'added by':56} {'instructions':>12} {'ratio':>7}")
    for name, text in ROWS:
        print(f"  {text:56} {cost[name] - base:12.0f} {(cost[name] - base) / kernel:7.2f}")
    ratio = (max(cost["swerve"], cost["daemon"]) - base) / kernel
    print(f"  limit {LIMIT} of the kernel's own: {'ok' if ratio <= LIMIT else 'EXCEEDED'}")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
