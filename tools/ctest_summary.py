#!/usr/bin/env python3
"""tools/ctest_summary.py FILE.xml... - the sum of several runs of ctest, from their --output-junit files.

Names each failed and each skipped test, then prints one line "N passed, N failed, N skipped". The status is 1
when something failed, or when nothing was run at all.

A test may skip itself only for what the kernel cannot do: its message begins with "this kernel lacks". Where the
live tests could run (root, and a kernel with BTF) every other skip counts as a failure, so that a test which
quietly stopped running is seen. The message is what GTEST_SKIP() was given, or, in a script that ends
with ctest's skip status, a line "skipped: MESSAGE".
"""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

LACKS = "this kernel lacks"


def skip_reason(testcase):
    """Why a test says that it skipped itself."""
    output = testcase.findtext("system-out") or ""
    said = re.search(r": Skipped\n(.*)|^skipped: (.*)", output, re.MULTILINE)
    if said and (said.group(1) or said.group(2) or "").strip():
        return (said.group(1) or said.group(2)).strip()
    if testcase.get("status") == "disabled":
        return "it is disabled"
    return "it gives no reason"


def read_results(files):
    """Every test as (name, "passed" | "failed" | "skipped", reason)."""
    for file in files:
        try:
            root = ElementTree.parse(file).getroot()
        except (OSError, ElementTree.ParseError) as error:
            yield file, "failed", f"no results: {error}"
            continue
        testcases = list(root.iter("testcase"))
        if not testcases:
            yield file, "failed", "it holds no tests"
        for testcase in testcases:
            name, status = testcase.get("name"), testcase.get("status")
            if status == "run":
                yield name, "passed", ""
            elif status in ("notrun", "disabled") and testcase.find("failure") is None:
                missing = testcase.find("skipped")
                message = (missing.get("message") if missing is not None else "") or ""
                if status == "notrun" and not message.startswith("SKIP_"):
                    yield name, "failed", f"could not be run: {message or 'its program is missing'}"
                else:
                    yield name, "skipped", skip_reason(testcase)
            else:
                failure = testcase.find("failure")
                yield name, "failed", (failure.get("message") if failure is not None else "") or ""


def summarise(files, live_possible, out):
    """Prints the summary to `out`; returns the exit status."""
    passed, failed, skipped = 0, [], []
    for name, outcome, reason in read_results(files):
        if outcome == "passed":
            passed += 1
        elif outcome == "skipped" and (reason.startswith(LACKS) or not live_possible):
            skipped.append((name, reason))
        elif outcome == "skipped":
            failed.append((name, f'was skipped, and this machine could run it; it says "{reason}"'))
        else:
            failed.append((name, reason))
    for name, reason in skipped:
        print(f"skipped: {name}: {reason}", file=out)
    for name, reason in failed:
        print(f"failed: {name}" + (f": {reason}" if reason else ""), file=out)
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped", file=out)
    return 1 if failed or passed == 0 else 0


def main():
    live_possible = os.geteuid() == 0 and os.path.exists("/sys/kernel/btf/vmlinux")
    return summarise(sys.argv[1:], live_possible, sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
