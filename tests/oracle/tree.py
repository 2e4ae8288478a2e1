"""tree.py ops COUNT SEED: operations on control files at random, for treeops.
tree.py compare KERNEL SWERVE: what came of them in the kernel's folder and in swerve's; 1 where they differ."""
import random
import sys

MONITORS = ["wip", "wwnr"]
# What is Swerve's own stands after the kernel's reactors.
KERNEL_REACTORS = ["nop", "printk", "panic"]


def some_operation(draw):
    monitor = draw.choice(MONITORS)
    names = [monitor, monitor, " %s " % monitor, monitor + "x", monitor.upper(), "nosuch", "", " ", "!", "! " + monitor, "!!wip",
             "!" + monitor, "!" + monitor, "!nosuch", "wip wwnr", "wip\\nwwnr", "x" * draw.choice([31, 32, 33, 34, 200])]
    booleans = ["1", "0", "1", "0", "y", "n", "on", "off", "ON", "oFf", "t", "F", "yes", "nope", "10", "0x1", "2", "-1", " 1", "o",
                "ox", "enable", "1" * 300]
    reactors = ["nop", "printk", " nop ", "printk ", "nosuch", "!nop", "[nop]", " ", "x" * draw.choice([31, 32, 33, 34])]
    end = draw.choice(["\\n", "\\n", "", "\\t\\n"])
    readable = ["enabled_monitors", "available_monitors", "monitoring_on", "reacting_on"]
    readable += ["monitors/%s/%s" % (m, f) for m in MONITORS for f in ("enable", "reactors", "desc")]
    what = draw.random()
    if what < 0.35:
        path, text = "enabled_monitors", draw.choice(names)
    elif what < 0.55:
        path, text = "monitors/%s/enable" % monitor, draw.choice(booleans)
    elif what < 0.65:
        path, text = draw.choice(["monitoring_on", "reacting_on"]), draw.choice(booleans)
    elif what < 0.75:
        path, text = "monitors/%s/reactors" % monitor, draw.choice(reactors)
    elif what < 0.78:
        path, text = draw.choice(["available_monitors", "monitors/wip/desc", "nosuch", "monitors/nosuch/enable"]), "1"
    else:
        return "get " + draw.choice(readable)
    text += end
    if not text:  # an empty write does not pass a mount: a difference that is meant
        text = "\\n"
    return "%s %s %s" % (draw.choice(["put", "add", "add"]), path, text)


def operations(count, seed):
    draw = random.Random(seed)
    for _ in range(count):
        print(some_operation(draw))
    for name in MONITORS:
        print("get monitors/%s/enable" % name)
    print("get enabled_monitors")


def said(path):
    lines = []
    for line in open(path, encoding="utf-8"):
        operation, _, answer = line.rstrip("\n").partition(" -> ")
        if operation.endswith("/reactors") and operation.startswith("get"):
            kept = [r for r in answer.split("\\n") if r.strip("[]") in KERNEL_REACTORS]
            answer = "\\n".join(kept)
        lines.append((operation, answer))
    return lines


def compare(kernel, swerve):
    kernel, swerve = said(kernel), said(swerve)
    if len(kernel) != len(swerve) or not kernel:
        print("  %d answers of the kernel, %d of swerve" % (len(kernel), len(swerve)))
        return 1
    different = [(k, s) for k, s in zip(kernel, swerve) if k != s]
    for (operation, want), (_, got) in different[:20]:
        print("  %s: the kernel says %s, swerve %s" % (operation, want, got))
    refused = sum(1 for _, answer in kernel if answer.startswith("E") or answer.startswith("open E"))
    print("  %d operations, %d of them refused, %d answers differ" % (len(kernel), refused, len(different)))
    return 1 if different else 0


if __name__ == "__main__":
    if sys.argv[1] == "ops":
        operations(int(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.exit(compare(sys.argv[2], sys.argv[3]))
