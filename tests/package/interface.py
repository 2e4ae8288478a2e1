"""interface.py CLANG LIBRARY... - what the public headers below $PREFIX declare is in one of the libraries.

As the compiler sees it: every function and variable that a program may call, and whose code is not in the headers, is
exported; and every class with virtual functions has one typeinfo for all (it says SWERVE_API)."""
import json
import os
import subprocess
import sys

FUNCTIONS = ("FunctionDecl", "CXXMethodDecl", "CXXConstructorDecl", "CXXDestructorDecl", "CXXConversionDecl")
NEVER_CALLED = "swerve::bad_model::"  # names for the messages of compilers
SCOPES = ("NamespaceDecl", "LinkageSpecDecl", "FriendDecl", "CXXRecordDecl")


class Interface:
    def __init__(self):
        self.declared, self.defined, self.unmarked, self.classes = {}, set(), [], 0

    def see(self, node, scope):
        kind, inner = node["kind"], node.get("inner", [])
        name = "::".join((*scope, node.get("name", "")))
        if kind in SCOPES:
            if node.get("definitionData", {}).get("isPolymorphic"):
                self.classes += 1
                if not any(attribute["kind"] == "VisibilityAttr" for attribute in inner):
                    self.unmarked.append(name)
            here = (*scope, node["name"]) if node.get("name") and kind != "FriendDecl" else scope
            for part in inner:
                self.see(part, here)
        elif kind in FUNCTIONS and not any(node.get(what) for what in ("isImplicit", "explicitlyDeleted", "pure")):
            if any(part["kind"] == "CompoundStmt" for part in inner) or node.get("explicitlyDefaulted"):
                self.defined.add(node["mangledName"])
            else:
                self.declared[node["mangledName"]] = name
        elif kind == "VarDecl" and node.get("storageClass") == "extern":
            self.declared[node["mangledName"]] = name


def interface_of(dump):
    found, decoder, at = Interface(), json.JSONDecoder(), 0
    while at < len(dump):  # one value after the other
        node, at = decoder.raw_decode(dump, at)
        found.see(node, ())
        while at < len(dump) and dump[at].isspace():
            at += 1
    return found


def check(found, exported):
    problems = [f"{name} is declared in a public header and not exported: it lacks SWERVE_API ({symbol})"
                for symbol, name in found.declared.items()
                if symbol not in found.defined and symbol not in exported and not name.startswith(NEVER_CALLED)]
    problems += [f"class {name} has virtual functions and lacks SWERVE_API" for name in found.unmarked]
    if not found.declared or not found.classes:
        problems.append("no interface was found; clang's output was not understood")
    return sorted(problems)


def dump_of(clang, include, text):
    ran = subprocess.run([clang, "-std=c++20", "-fsyntax-only", f"-I{include}", "-Xclang", "-ast-dump=json", "-Xclang",
                          "-ast-dump-filter=swerve", "-x", "c++", "-"], check=True, input=text, capture_output=True, text=True)
    return ran.stdout


def main(clang, *libraries):
    include = os.path.join(os.environ["PREFIX"], "include")
    headers = sorted(os.path.relpath(os.path.join(folder, name), include)
                     for folder, _, names in os.walk(include) for name in names if name.endswith(".h"))
    exported = {line.split()[-1].split("@")[0] for library in libraries for line in subprocess.run(
        ["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout.splitlines()}
    problems = check(interface_of(dump_of(clang, include, "".join(f'#include "{h}"\n' for h in headers))), exported)
    print("\n".join(problems))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
