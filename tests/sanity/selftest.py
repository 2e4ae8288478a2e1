"""selftest.py - the checks of this folder, and the closing line of `make test`, can fail: run on made-up trees."""
import io
import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import ctest_summary  # noqa: E402
import documents  # noqa: E402
import embedded  # noqa: E402
import headers  # noqa: E402
import includes  # noqa: E402
import leftovers  # noqa: E402

CMAKE = """
swerve_room(base)
swerve_room(model DEPENDS base)
swerve_room(bind DEPENDS base model)
  swerve_room(bind/toml DEPENDS base model bind)
swerve_room(kernel DEPENDS base model bind
            LIBRARIES PkgConfig::libbpf)
"""


class MadeUpTree(unittest.TestCase):
    def tree(self, files):
        root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, root)
        for name, text in {"CMakeLists.txt": CMAKE, **files}.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return root


class Includes(MadeUpTree):
    def problems(self, path, line):
        return includes.check(self.tree({path: "// a file\n\n" + line + "\n"}))

    def test_what_is_allowed(self):
        for path, line in [
            ("src/model/x.cc", '#include "base/result.h"'),
            ("src/model/x.cc", "#include <vector>"),
            ("src/model/x_test.cc", "#include <gtest/gtest.h>"),
            ("src/model/x_test.cc", "#include <fstream>"),
            ("src/bind/toml/x.cc", "#include <toml++/toml.h>"),
            ("src/bind/toml/x.cc", '#include "bind/definition.h"'),
            ("src/kernel/x.cc", "#include <bpf/libbpf.h>"),
            ("src/kernel/x.cc", "#include <sys/syscall.h>"),
            ("src/model/x.cc", '#include "swerve/base/result.h"'),
            ("include/swerve/model/x.h", '#include "swerve/base/result.h"'),
        ]:
            self.assertEqual(self.problems(path, line), [], (path, line))

    def test_what_is_not(self):
        for path, line, problem in [
            ("src/model/x.cc", '#include "kernel/y.h"',
             'src/model/x.cc:3 includes "kernel/y.h", but model may use only base'),
            ("src/base/x.cc", '#include "model/y.h"',
             'src/base/x.cc:3 includes "model/y.h", but base may use only nothing of ours'),
            ("src/bind/x.cc", '#include "bind/toml/y.h"',
             'src/bind/x.cc:3 includes "bind/toml/y.h", but bind may use only base and model'),
            ("src/model/x.cc", '#include "y.h"',
             'src/model/x.cc:3 includes "y.h", which is in no room; write it as "ROOM/FILE.h"'),
            ("src/kernel/x.cc", '#include "bpf/bpf.h"',
             'src/kernel/x.cc:3 includes "bpf/bpf.h"; write an outside library as <bpf/bpf.h>'),
            ("src/bind/x.cc", "#include <toml++/toml.h>",
             "src/bind/x.cc:3 includes <toml++/toml.h>, which only bind/toml may use"),
            ("src/model/x.cc", "#  include <bpf/bpf.h>",
             "src/model/x.cc:3 includes <bpf/bpf.h>, which only kernel may use"),
            ("src/model/x.h", "#include <chrono>",
             "src/model/x.h:3 includes <chrono>, but model must not know clocks, files, threads or Linux"),
            ("src/model/x.h", "#include <sys/stat.h>",
             "src/model/x.h:3 includes <sys/stat.h>, but model must not know clocks, files, threads or Linux"),
            ("src/bind/x.cc", "#include <boost/any.hpp>",
             "src/bind/x.cc:3 includes <boost/any.hpp>, a library that tests/sanity/includes.py does not list for "
             "any room"),
            ("src/bind/x.cc", "#include <gtest/gtest.h>",
             "src/bind/x.cc:3 includes <gtest/gtest.h>, which is for tests alone"),
            ("src/base/x.cc", '#include "swerve/model/y.h"',
             'src/base/x.cc:3 includes "swerve/model/y.h", but base may use only nothing of ours'),
            ("include/swerve/model/x.h", '#include "base/text.h"',
             'include/swerve/model/x.h:3 includes "base/text.h", but a public header may use public ones alone'),
            ("src/attic/x.cc", "",
             "src/attic/x.cc is in no room; CMakeLists.txt knows base, model, bind, bind/toml and kernel"),
        ]:
            self.assertEqual(self.problems(path, line), [problem])

    def test_a_room_that_depends_on_a_later_one(self):
        root = self.tree({"CMakeLists.txt": "swerve_room(base DEPENDS model)\nswerve_room(model)\n"})
        self.assertEqual(includes.check(root),
                         ["CMakeLists.txt: base depends on model, which is not a room above it in the file"])


class Documents(MadeUpTree):
    def test_folders(self):
        root = self.tree({"README.md": "see `docs/`\n", "ARCHITECTURE.md": "`src/`\n`src/model/`\n",
                          "src/model/x.h": "", "src/base/x.h": "", "tools/x": ""})
        self.assertEqual(documents.check(root), [
            "README.md:1 names the folder docs/, which is not in the tree",
            "ARCHITECTURE.md does not say what the folder src/base/ is",
            "ARCHITECTURE.md does not say what the folder tools/ is"])


class Headers(MadeUpTree):
    def test_text(self):
        self.assertEqual(headers.check_text("model/x.h", "// model/x.h - a thing.\n#pragma once\n"), [])
        self.assertEqual(headers.check_text("model/x.h", "// a thing\n"), [
            "src/model/x.h has no #pragma once",
            'src/model/x.h does not begin with "// model/x.h - " and what it is'])

    def test_a_public_header_that_leans_on_one_of_ours(self):
        root = self.tree({"include/swerve/model/x.h": "// swerve/model/x.h - a thing.\n#pragma once\n"
                                                      '#include "base/text.h"\n',
                          "src/base/text.h": "// base/text.h - texts.\n#pragma once\n"})
        problems = headers.check(root, "c++", ["model"])
        self.assertEqual(len(problems), 1)
        self.assertTrue(problems[0].startswith("include/swerve/model/x.h does not compile alone:\n"), problems)

    def test_a_header_that_leans_on_another(self):
        root = self.tree({"src/model/x.h": "// model/x.h - a thing.\n#pragma once\nstd::string f();\n"})
        problems = headers.check(root, "c++", ["model"])
        self.assertEqual(len(problems), 1)
        self.assertTrue(problems[0].startswith("src/model/x.h does not compile alone:\n"), problems)


class Leftovers(MadeUpTree):
    def test_marks_and_paths(self):
        root = self.tree({"a.cc": "// TO" "DO: later\n", "b.md": "in /" "home/ann/x\nhttps://a.org/work/b\n"})
        self.assertEqual(leftovers.check(root), [
            "a.cc:1 says TO" "DO: finish it, or file an issue and name it",
            "b.md:1 has the path /" "home/ann/x, which is of one machine alone"])


class Embedded(unittest.TestCase):
    def test_needed(self):
        line = " 0x0000000000000001 (NEEDED)             Shared library: [%s]\n"
        self.assertEqual(embedded.check(line % "libc.so.6" + line % "libstdc++.so.6"), [])
        self.assertEqual(embedded.check(line % "libc.so.6" + line % "libbpf.so.1"), [
            "the embedded library needs libbpf.so.1; only libc, libm, libstdc++ and libgcc_s are allowed"])


class Summary(MadeUpTree):
    def summary(self, cases, live_possible):
        root = self.tree({"r.xml": f"<testsuite>{cases}</testsuite>"})
        out = io.StringIO()
        status = ctest_summary.summarise([os.path.join(root, "r.xml")], live_possible, out)
        return status, out.getvalue().splitlines()

    PASSED = '<testcase name="a" status="run"/>'
    SKIPPED = ('<testcase name="b" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>'
               "<system-out>x.cc:7: Skipped\n%s\n[  SKIPPED ] b</system-out></testcase>")

    def test_a_kernel_that_lacks_something(self):
        self.assertEqual(self.summary(self.PASSED + self.SKIPPED % "this kernel lacks fentry", True), (
            0, ["skipped: b: this kernel lacks fentry", "1 passed, 0 failed, 1 skipped"]))

    def test_another_skip_fails_where_the_test_could_run(self):
        skipped = self.PASSED + self.SKIPPED % "needs root"
        self.assertEqual(self.summary(skipped, False), (
            0, ["skipped: b: needs root", "1 passed, 0 failed, 1 skipped"]))
        self.assertEqual(self.summary(skipped, True), (
            1, ['failed: b: was skipped, and this machine could run it; it says "needs root"',
                "1 passed, 1 failed, 0 skipped"]))

    def test_a_skip_without_a_reason(self):
        self.assertEqual(self.summary(self.PASSED + self.SKIPPED % "", False), (
            0, ["skipped: b: it gives no reason", "1 passed, 0 failed, 1 skipped"]))

    def test_failures(self):
        self.assertEqual(self.summary(self.PASSED + '<testcase name="c" status="fail"><failure message=""/></testcase>',
                                      True), (1, ["failed: c", "1 passed, 1 failed, 0 skipped"]))
        status, lines = self.summary("", True)
        self.assertEqual((status, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"))
        out = io.StringIO()
        self.assertEqual(ctest_summary.summarise(["no-such-file.xml"], True, out), 1)


if __name__ == "__main__":
    unittest.main()
