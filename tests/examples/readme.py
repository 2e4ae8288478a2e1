"""readme.py README CMAKE COMPILER - the program in the README's section on the library, in an empty folder, catches its own
violation, and prints what the README says."""
import os
import re
import subprocess
import sys
import tempfile

readme, cmake, compiler = sys.argv[1:]
with open(readme, encoding="utf-8") as file:
    text = file.read()


def block(language):
    found = re.search(r"<!-- library: begin -->.*?```" + language + r"\n(.*?)```.*?<!-- library: end -->", text, re.S)
    if not found:
        sys.exit(f"the README has no {language} in its section on the library")
    return found.group(1)


program, build, shown = block("cpp"), block("cmake"), block("text")
with tempfile.TemporaryDirectory() as folder:
    for name, content in (("main.cc", program), ("CMakeLists.txt", build)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(content)
    made = os.path.join(folder, "build")
    for words in ([cmake, "-S", folder, "-B", made, f"-DCMAKE_PREFIX_PATH={os.environ['PREFIX']}",
                   f"-DCMAKE_CXX_COMPILER={compiler}"], [cmake, "--build", made]):
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    ran = subprocess.run([os.path.join(made, "program")], capture_output=True, text=True)
print(ran.stderr, end="")
lines = len(program.splitlines())
problems = []
if lines > 32:
    problems.append(f"the program has {lines} lines; it should be short")
if ran.returncode != 0:
    problems.append(f"it ended with {ran.returncode}")
for line in shown.splitlines():
    # Time, thread and CPU differ from run to run, and the path is of this folder.
    if line.strip() and not re.match(r"\s*(time|where|source|stack) ", line) and line not in ran.stderr.splitlines():
        problems.append(f"it does not print: {line}")
print("\n".join(problems))
sys.exit(bool(problems))
