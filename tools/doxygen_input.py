"""doxygen_input.py FROM TO - the public headers in FROM as Doxygen should see them, into TO, which is made anew.

Our comments are plain text, and every one in a declaration is documentation: what stands at the top is the file's, what
stands above a declaration or behind it is that one's. So `//` becomes `///` or `///<` (not in the bodies of functions),
nothing in the text is a command or a tag, and indented lines keep their layout."""
import os
import re
import shutil
import sys

SPECIAL = re.compile(r'[\\@<>&#%$]')
STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
SCOPE = re.compile(r"\b(namespace|class|struct|enum|union)\b")


def plain(text):
    return SPECIAL.sub(r"\\\g<0>", text)


class Comment:
    """One block of comment lines, written as Doxygen's."""

    def __init__(self, lines, mark):
        self.lines, self.mark = lines, mark
        self.verbatim = False

    def written(self):
        for line in self.lines:
            yield from self.line(re.match(r"\s*//[/<]*( ?)(.*)", line).group(2))
        yield from self.layout(False)

    def line(self, text):
        if text.strip():
            yield from self.layout(text.startswith("  "))
        yield f"{self.mark} {text if self.verbatim else plain(text)}".rstrip()

    def layout(self, verbatim):
        if verbatim != self.verbatim:
            self.verbatim = verbatim
            yield f"{self.mark} {chr(92)}{'verbatim' if verbatim else 'endverbatim'}"


def filtered(text):
    lines = ["" if re.match(r"\s*// NOLINT", line) else line for line in text.splitlines()]
    lines = [re.sub(r"  // (NOLINT.*|namespace.*)", "", line) for line in lines]
    # Values are equal when all of their members are; that is not said each time.
    lines = ["" if re.search(r"friend (bool|auto) operator(==|<=>).* = default;", line) else line for line in lines]
    scopes, i = [], 0  # for each brace that is open, whether it is of declarations
    while i < len(lines):
        first = lines[i]
        bare = STRINGS.sub(lambda string: "x" * len(string.group()), first)
        at = bare.find("//")
        code = bare[:at] if at >= 0 else bare
        block = [first[at:]] if at >= 0 else []
        i += 1
        if at >= 0:  # and the lines below that go on with it
            while i < len(lines) and re.match(r" {%d}//" % at, lines[i]):
                block.append(lines[i])
                i += 1
        if at < 0:
            yield first
        elif not all(scopes):
            yield first[:at].rstrip()
        elif code.strip():
            yield first[:at] + "\n".join(Comment(block, "///<").written())
        else:
            if not scopes and i == len(block):
                yield "/// \\file"
            yield from Comment(block, "///").written()
        for brace in re.findall(r"[{}]", code):
            if brace == "}":
                scopes.pop()
            else:
                scopes.append(bool(SCOPE.search(code)))


def main(source, target):
    shutil.rmtree(target, ignore_errors=True)
    for folder, _, names in os.walk(source):
        to = os.path.join(target, os.path.relpath(folder, source))
        os.makedirs(to, exist_ok=True)
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as header:
                text = header.read()
            with open(os.path.join(to, name), "w", encoding="utf-8") as seen:
                seen.write("\n".join(filtered(text)) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
