"""every_problem.py INCLUDE ... - bad_models.cc has a case for each problem that dot_reader.h names."""
import os
import re
import sys

import compile_cases

# A text that is refused for its table alone has more states or events than a compiler's limits on evaluation let through;
# src/model/dot_parser_test.cc has it at run time.
ONLY_AT_RUN_TIME = {"too_large"}


def main(include, *_):
    with open(os.path.join(include, "swerve/model/dot_reader.h"), encoding="utf-8") as file:
        named = set(re.findall(r"^ +PROBLEM\((\w+)\)", file.read(), re.MULTILINE))
    tried = {problem.split()[0] for problem, _ in compile_cases.cases().values()}
    missing = sorted(named - tried - ONLY_AT_RUN_TIME)
    for name in missing:
        print(f"bad_models.cc has no case for {name}")
    return bool(missing) or not named


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
