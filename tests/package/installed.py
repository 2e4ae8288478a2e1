"""installed.py INCLUDE - below $PREFIX are the public headers, the libraries, their packages, and nothing else."""
import fnmatch
import os
import sys

LIBRARY = ("lib*/{0}.a", "lib*/{0}.so", "lib*/{0}.so.*")
PACKAGE = ("lib*/cmake/Swerve/SwerveConfig.cmake", "lib*/cmake/Swerve/SwerveConfigVersion.cmake",
           "lib*/cmake/Swerve/SwerveTargets.cmake", "lib*/cmake/Swerve/SwerveTargets-*.cmake")


def files(folder):
    return {os.path.relpath(os.path.join(below, name), folder) for below, _, names in os.walk(folder) for name in names}


def check(installed, headers):
    mount = any(os.path.basename(name) == "swerve-fuse.pc" for name in installed)
    names = ("libswerve", "libswerve_fuse") if mount else ("libswerve",)
    wanted = [pattern.format(name) for name in names for pattern in LIBRARY] + [*PACKAGE, "lib*/pkgconfig/swerve.pc"]
    wanted += ["lib*/pkgconfig/swerve-fuse.pc"] if mount else []
    wanted += [os.path.join("include", name) for name in headers if mount or "/control/fuse/" not in name]
    problems = [f"{pattern} is not installed" for pattern in wanted if not fnmatch.filter(installed, pattern)]
    return problems + [f"{name} is installed, and no part of the library" for name in sorted(installed)
                       if not any(fnmatch.fnmatch(name, pattern) for pattern in wanted)]


if __name__ == "__main__":
    found = check(files(os.environ["PREFIX"]), sorted(files(sys.argv[1])))
    print("\n".join(found))
    sys.exit(bool(found))
