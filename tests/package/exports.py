"""exports.py LIBRARY... - every symbol that a library exports is a member of namespace swerve, with a version."""
import re
import subprocess
import sys

# "address type name@@VERSION"; a mangled name whose outermost scope is swerve. Not std::f<swerve::X>().
OURS = re.compile(r"_Z(N[KRO]*|T[VTISWH]N|Th\w*_N[KRO]*)6swerve\w*@@SWERVE_\d+$")
VERSION = re.compile(r"SWERVE_\d+$")


def check(name, nm_output):
    symbols = [line.split()[-1] for line in nm_output.splitlines() if line.strip()]
    foreign = [symbol for symbol in symbols if not OURS.match(symbol) and not VERSION.match(symbol.split("@")[0])]
    if not any(OURS.match(symbol) for symbol in symbols):
        return [f"{name} exports nothing"]
    return [f"{name} exports {symbol}, which is not Swerve's own or has no version" for symbol in foreign]


if __name__ == "__main__":
    found = [problem for library in sys.argv[1:] for problem in check(library, subprocess.run(
        ["nm", "-D", "--defined-only", "--with-symbol-versions", library], check=True, capture_output=True,
        text=True).stdout)]
    print("\n".join(found))
    sys.exit(bool(found))
