"""usdt.py COMPILER - with swerve/source/usdt.h an emission is a USDT probe that the program's notes name, and still an event."""
import os
import re
import subprocess
import sys
import tempfile

PROGRAM = """
#include "swerve/source/usdt.h"
#include <cstdlib>
#include <string_view>
SWERVE_TRACEPOINT(file_opened, int fd, std::string_view path, const void* who);
SWERVE_TRACEPOINT(ticked);
int main() {
  int sum = 0, evaluated = 0;
  const swerve::Attachment a = file_opened.attach([&](int fd, std::string_view p, const void*) { sum += fd + static_cast<int>(p.size()); });
  SWERVE_EMIT(file_opened, (++evaluated, 3), "four", static_cast<const void*>(&sum));
  SWERVE_EMIT(ticked);
  return sum == 7 && evaluated == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
"""
prefix = os.environ["PREFIX"]
library = next(os.path.join(folder, "libswerve.a") for folder, _, names in os.walk(prefix) if "libswerve.a" in names)
with tempfile.TemporaryDirectory() as folder:
    source, program = os.path.join(folder, "main.cc"), os.path.join(folder, "program")
    with open(source, "w", encoding="utf-8") as file:
        file.write(PROGRAM)
    subprocess.run([sys.argv[1], "-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{prefix}/include", source, library, "-o",
                    program], check=True)
    subprocess.run([program], check=True)
    notes = subprocess.run(["readelf", "-n", program], check=True, capture_output=True, text=True).stdout
probes = re.findall(r"Provider: (\w+)\s+Name: (\w+)\s+Location:.*\s+Arguments: *(.*)", notes)
wanted = {("swerve", "file_opened", 3), ("swerve", "ticked", 0)}
found = {(provider, name, len(arguments.split())) for provider, name, arguments in probes}
if found != wanted:
    sys.exit(f"readelf -n finds {sorted(found)}, not {sorted(wanted)}\n{notes}")
