"""headers.py COMPILER... - every header below $PREFIX compiles alone, with each compiler, without a warning."""
import concurrent.futures
import os
import subprocess
import sys

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror", "-x", "c++", "-"]


def compile_alone(compiler, include, header):
    ran = subprocess.run([compiler, f"-I{include}", *FLAGS], input=f'#include "{header}"\n', capture_output=True, text=True)
    return [] if ran.returncode == 0 else [f"{header} does not compile alone with {compiler}:\n{ran.stderr.strip()}"]


def check(compilers, include):
    headers = sorted(os.path.relpath(os.path.join(folder, name), include)
                     for folder, _, names in os.walk(include) for name in names)
    if not headers:
        return [f"there is no header in {include}"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda pair: compile_alone(pair[0], include, pair[1]),
                         [(compiler, header) for header in headers for compiler in compilers])
        return [problem for problems in found for problem in problems]


if __name__ == "__main__":
    problems = check(sys.argv[1:], os.path.join(os.environ["PREFIX"], "include"))
    print("\n".join(problems))
    sys.exit(bool(problems))
