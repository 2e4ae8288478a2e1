"""selftest.py - the checks of this folder can fail; and Doxygen sees our comments as they are meant."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import doxygen_input
import exports
import headers
import installed
import interface


class Exports(unittest.TestCase):
    def problems(self, *symbols):
        return exports.check("x.so", "".join(f"0000 T {symbol}\n" for symbol in symbols))

    def test_ours(self):
        self.assertEqual(self.problems("SWERVE_0", "_ZN6swerve3fooEv@@SWERVE_0", "_ZNKR6swerve3fooEv@@SWERVE_0",
                                       "_ZTVN6swerve3FooE@@SWERVE_0"), [])

    def test_others(self):
        ours = "_ZN6swerve3fooEv@@SWERVE_0"
        for symbol in ("_ZN6swerve3barEv", "_ZN4toml5parseEv@@SWERVE_0", "main@@SWERVE_0",
                       "_ZNSt6vectorIN6swerve5StateESaIS1_EE9push_backEv@@SWERVE_0",
                       "_ZSt4moveIRN6swerve3FooEEvv@@SWERVE_0"):
            self.assertEqual(self.problems(ours, symbol),
                             [f"x.so exports {symbol}, which is not Swerve's own or has no version"])
        self.assertEqual(self.problems(), ["x.so exports nothing"])


class Installed(unittest.TestCase):
    FILES = {"include/swerve/base/a.h", "lib/libswerve.a", "lib/libswerve.so", "lib/libswerve.so.0",
             "lib/pkgconfig/swerve.pc", *(pattern.replace("*", "") for pattern in installed.PACKAGE[:3]),
             "lib/cmake/Swerve/SwerveTargets-release.cmake"}
    HEADERS = ["swerve/base/a.h", "swerve/control/fuse/mount.h"]

    def test_with_and_without_the_mount(self):
        self.assertEqual(installed.check(self.FILES, self.HEADERS), [])
        self.assertEqual(installed.check(self.FILES | {"lib/pkgconfig/swerve-fuse.pc"}, self.HEADERS), [
            "lib*/libswerve_fuse.a is not installed", "lib*/libswerve_fuse.so is not installed",
            "lib*/libswerve_fuse.so.* is not installed", "include/swerve/control/fuse/mount.h is not installed"])

    def test_too_much(self):
        self.assertEqual(installed.check(self.FILES | {"bin/swerve"}, self.HEADERS),
                         ["bin/swerve is installed, and no part of the library"])


class Headers(unittest.TestCase):
    def test_one_that_leans_on_another_and_one_that_warns(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("a.h", "#pragma once\nstd::string f();\n"), ("b.h", "inline char f(int i) { return i; }\n"),
                               ("c.h", "#pragma once\n")):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            problems = [problem.splitlines()[0] for problem in headers.check(["c++"], folder)]
        self.assertEqual(problems, ["a.h does not compile alone with c++:", "b.h does not compile alone with c++:"])


class Interface(unittest.TestCase):
    DUMP = """{"kind": "NamespaceDecl", "name": "swerve", "inner": [
      {"kind": "FunctionDecl", "name": "f", "mangledName": "_f"},
      {"kind": "FunctionDecl", "name": "g", "mangledName": "_g", "inner": [{"kind": "CompoundStmt"}]},
      {"kind": "CXXRecordDecl", "name": "C", "definitionData": {"isPolymorphic": true}, "inner": [
        {"kind": "CXXMethodDecl", "name": "m", "mangledName": "_m"},
        {"kind": "CXXMethodDecl", "name": "p", "mangledName": "_p", "pure": true}]}]}
      {"kind": "NamespaceDecl", "name": "swerve"}"""

    def test_what_is_not_exported(self):
        found = interface.interface_of(self.DUMP)
        self.assertEqual(interface.check(found, {"_f"}), [
            "class swerve::C has virtual functions and lacks SWERVE_API",
            "swerve::C::m is declared in a public header and not exported: it lacks SWERVE_API (_m)"])

    def test_a_dump_that_is_not_understood(self):
        self.assertEqual(interface.check(interface.interface_of("{\"kind\": \"Other\"}"), set()),
                         ["no interface was found; clang's output was not understood"])


class Reference(unittest.TestCase):
    def test_comments(self):
        self.assertEqual("\n".join(doxygen_input.filtered(r'''// swerve/a/b.h - a <thing>.
#pragma once
namespace swerve {
/// Reads "\n" or:
///
///   x = <y>
///
/// Then goes on.
struct S {
  // The first,
  // in two lines.
  int a = '{';
  int b;  // the second,
          // too
  friend bool operator==(const S&, const S&) = default;
  int f() {
    return a;  // not for others
  }
};
}  // namespace swerve''')), r'''/// \file
/// swerve/a/b.h - a \<thing\>.
#pragma once
namespace swerve {
/// Reads "\\n" or:
///
/// \verbatim
///   x = <y>
///
/// \endverbatim
/// Then goes on.
struct S {
/// The first,
/// in two lines.
  int a = '{';
  int b;  ///< the second,
///< too

  int f() {
    return a;
  }
};
}''')


if __name__ == "__main__":
    unittest.main()
