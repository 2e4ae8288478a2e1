#!/usr/bin/env python3
"""tests/browser/browser.py - the page of `swerve check --html` in headless Chromium.

A case is a function; its first line of documentation is its name. The browser is driven through a pipe with its
debugging protocol: no network, no other program.

    browser.py --pages MAKE_PAGES --swerve PATH --source DIR [FUNCTION...]     run cases (all when none is named)
    browser.py --list                                                          "FUNCTION NAME" a line
"""
import argparse
import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

CASES = []
PAGES = SWERVE = SOURCE = KEEP = None
PATIENCE = 150  # seconds for an answer, on a busy machine


def case(function):
    CASES.append(function)
    return function


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def expect_equal(got, wanted, what=""):
    expect(got == wanted, f"{what}\ngot:    {got!r}\nwanted: {wanted!r}")


class Browser:
    """Chromium with one page. What the page complains about, and what it asks the network for, is collected."""

    def __init__(self, home):
        program = shutil.which("chromium")
        expect(program, "there is no program 'chromium' (Debian: apt install chromium)")
        there, self.to = os.pipe()
        self.back, here = os.pipe()
        self.log = open(os.path.join(home, "chromium.log"), "wb")

        def pipes():  # it reads commands from descriptor 3 and answers on 4
            high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (there, here)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--remote-debugging-pipe", f"--user-data-dir={home}/profile", "about:blank"],
            pass_fds=(3, 4), preexec_fn=pipes, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env={**os.environ, "HOME": home})
        for fd in (there, here):
            os.close(fd)
        self.number, self.buffer, self.session = 0, b"", None
        self.complaints, self.requests, self.loaded = [], [], set()
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        self.size(1280, 1600)

    def close(self):
        os.close(self.to)
        os.close(self.back)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def message(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.back], [], [], max(0, end - time.monotonic()))
            expect(ready, "the browser does not answer")
            data = os.read(self.back, 1 << 20)
            expect(data, "the browser has ended")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(line)

    def happened(self, event):
        method, about = event.get("method"), event.get("params", {})
        if method == "Page.lifecycleEvent" and about["name"] == "load":
            self.loaded.add(about["loaderId"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(about)
        elif method == "Network.requestWillBeSent" and about["request"]["url"] != "about:blank":
            self.requests.append(about["request"]["url"])

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                expect("error" not in answer, f"{method}: {answer.get('error')}")
                return answer["result"]
            self.happened(answer)

    def open(self, path):
        for url in ("about:blank", f"file://{path}"):  # a page is not loaded anew for a part of it
            loader = self.call("Page.navigate", url=url)["loaderId"]
            while loader not in self.loaded:
                self.happened(self.message())

    def run(self, script):
        """The value of a script's expression, in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        expect("exceptionDetails" not in answer, f"{script}: {answer.get('exceptionDetails')}")
        return answer["result"].get("value")

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def click(self, selector):
        """As a mouse does it: at the place where the element is."""
        x, y = self.run(f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            element.scrollIntoView({{block: 'center'}});
            const box = element.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, name):
        image = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        if KEEP:
            with open(os.path.join(KEEP, name + ".png"), "wb") as file:
                file.write(image)
        return image


@contextlib.contextmanager
def browser():
    """A browser, and the folder with the pages."""
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([PAGES, home], check=True, timeout=120)
        chromium = Browser(home)
        try:
            yield chromium, home
        finally:
            chromium.close()


def shown(chromium, selector):
    return chromium.run(f"[...document.querySelectorAll({json.dumps(selector)})].filter(e => e.checkVisibility()).length")


@case
def loads_alone():
    """a page needs nothing but itself, its script runs, and nothing complains"""
    with browser() as (chromium, home):
        for name in sorted(os.listdir(home)):
            if not name.endswith(".html"):
                continue
            chromium.requests.clear()
            chromium.open(f"{home}/{name}")
            # A complaint of the script's hash: it has changed; put the new one into src/app/html_page.cc.
            expect_equal(chromium.complaints, [], name)
            expect_equal(chromium.run("document.documentElement.dataset.swerve"), "ready", name)
            expect_equal(chromium.requests, [f"file://{home}/{name}"], name)


@case
def has_the_rows():
    """a page has a row for each verdict, a drawing for each monitor, and says how all ended"""
    with browser() as (chromium, home):
        chromium.open(f"{home}/some.html")
        expect_equal(chromium.run("document.querySelector('.verdict b').textContent"), "18 violations, 12 inconclusive")
        expect_equal(chromium.run("document.querySelectorAll('tbody.violation > .row').length"), 18)
        expect_equal(chromium.run("document.querySelectorAll('tbody.inconclusive > .row').length"), 12)
        expect_equal(shown(chromium, "figure.model svg"), 3)
        expect_equal(chromium.run("[...document.querySelectorAll('.timeline')].filter(t => !t.querySelector('.mark')).length"),
                     0, "every timeline marks its moment")
        # The first finding of each monitor is open, with its timeline.
        expect_equal(shown(chromium, ".detail .timeline"), 3)
        chromium.open(f"{home}/clean.html")
        expect_equal(chromium.run("document.querySelector('.verdict b').textContent"), "No violation")
        chromium.open(f"{home}/holes.html")
        expect_equal(chromium.run("document.querySelector('.verdict b').textContent"), "Cannot be told")
        expect_equal(chromium.run("document.querySelector('.verdict .why li').textContent"),
                     "1 hole in the events of CPU 1 (1234 lost)")


@case
def hostile_names_are_texts():
    """names that want to be more than texts are texts"""
    with browser() as (chromium, home):
        chromium.open(f"{home}/hostile.html")
        expect_equal(chromium.run("window.pwned"), None)
        expect_equal(chromium.run("document.scripts.length"), 1)
        expect_equal(chromium.run("document.querySelectorAll('img, iframe, object, link, td b').length"), 0)
        expect(chromium.run("document.querySelector('tbody.violation').closest('table').textContent.includes('<script>window.pwned')"),
               "the name is shown")
        # And if one were not escaped: its script would not run.
        chromium.run("""document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.pwned=3">');
            const script = document.createElement('script');
            script.textContent = 'window.pwned=4';
            document.body.append(script);""")
        chromium.run("new Promise(done => setTimeout(done, 50))")
        expect_equal(chromium.run("window.pwned"), None)


@case
def of_the_command():
    """swerve check --html: the kernel's own violation, on a page"""
    with tempfile.TemporaryDirectory() as home:
        page = os.path.join(home, "page.html")
        checked = subprocess.run(
            [SWERVE, "check", "wwnr", "--plain-states", "--monitors", os.path.join(SOURCE, "monitors"), "--html", page,
             os.path.join(SOURCE, "tests/data/streams/wwnr-b.trace.dat")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, env={**os.environ, "HOME": home})
        expect_equal(checked.returncode, 1, checked.stdout.decode())
        chromium = Browser(home)
        try:
            chromium.open(page)
            expect_equal(chromium.complaints, [])
            expect_equal(chromium.run("[...document.querySelector('#m0-v1 > .row').cells].map(c => c.textContent)"),
                         ["1", "10.912845624", "pingpong 84", "2", "pingpong 97", "running", "wakeup", "switch_out"])
            expect_equal(chromium.run("document.querySelector('#m0-v1 .timeline .mark .event').textContent"), "wakeup")
        finally:
            chromium.close()


OPACITY = """Object.fromEntries([...document.querySelectorAll('#m0 figure .refused.edge, #m0 figure .taken')]
    .map(e => [e.getAttribute('class').split(' ').pop(), Number(getComputedStyle(e).opacity)]))"""


@case
def a_click_shows_the_step():
    """a click on a violation opens it, and lights its step and the way to it in the drawing"""
    with browser() as (chromium, home):
        chromium.open(f"{home}/large.html")
        expect_equal(set(chromium.run(OPACITY).values()), {1}, "nothing is chosen")
        chromium.click("#m0-v3 > .row > td:nth-child(5)")
        expect_equal(shown(chromium, "#m0-v3 .timeline"), 1)
        light = chromium.run("document.querySelector('#m0-v3 .detail').getAttribute('style')")
        for part, opacity in chromium.run(OPACITY).items():
            name = part.removeprefix("is_")
            expect_equal(opacity == 1, f"--{name}:1" in light, f"{name} in {light}")
        expect(sum(opacity == 1 for opacity in chromium.run(OPACITY).values()) >= 2, "the refusal and the way to it")
        # The state is drawn in the colour of violations.
        state = chromium.run("document.querySelector('#m0-v3 .row').cells[5].textContent")
        colours = chromium.run("""[...document.querySelectorAll('#m0 figure .state')].map(
            e => [e.querySelector('text').textContent, getComputedStyle(e.querySelector('path')).stroke])""")
        bad = chromium.run("getComputedStyle(document.querySelector('.verdict.bad b')).color")
        expect_equal([name for name, colour in colours if colour == bad], [state])
        expect(chromium.run("""(() => { const pan = document.querySelector('#m0 .pan').getBoundingClientRect();
            return [...document.querySelectorAll('#m0 figure .state')].some(e => { const box = e.getBoundingClientRect();
                return getComputedStyle(e.querySelector('path')).stroke === '""" + bad + """' &&
                    box.top >= pan.top && box.bottom <= pan.bottom; }); })()"""), "the state can be seen")
        chromium.click("#m0-v3 > .row > td:nth-child(5)")
        expect_equal(shown(chromium, "#m0-v3 .timeline"), 0)
        expect_equal(set(chromium.run(OPACITY).values()), {1}, "nothing is chosen any more")
        # The address of a finding opens it.
        chromium.open(f"{home}/large.html#m0-v2")
        expect_equal(shown(chromium, "#m0-v2 .timeline"), 1)


@case
def small_drawings_are_lit():
    """a small model is drawn again at each finding, with its step lit"""
    with browser() as (chromium, home):
        chromium.open(f"{home}/one.html")
        expect_equal(shown(chromium, "#m0-v1 svg.small"), 1)
        before = chromium.picture("one")
        chromium.run("document.querySelector('#m0-v1 .detail').setAttribute('style', '')")
        expect(chromium.picture("one_unlit") != before, "the drawing is lit by the properties of its row")


@case
def works_without_its_script():
    """without JavaScript everything is there, and a link opens a finding"""
    with browser() as (chromium, home):
        chromium.call("Emulation.setScriptExecutionDisabled", value=True)
        chromium.open(f"{home}/some.html")
        expect_equal(chromium.run("document.documentElement.dataset.swerve"), None, "the script did not run")
        expect_equal(shown(chromium, "tbody > .row"), 30)
        expect_equal(shown(chromium, "#m1-v4 .timeline"), 0)
        chromium.click("#m1-v4 > .row a")
        expect_equal(shown(chromium, "#m1-v4 .timeline"), 1)


@case
def sorts_and_filters():
    """many findings can be sorted and filtered"""
    with browser() as (chromium, home):
        chromium.open(f"{home}/many.html")
        column = "[...document.querySelectorAll('tbody.violation > .row')].map(row => row.cells[{}].textContent)"
        expect_equal(len(chromium.run(column.format(0))), 300)
        chromium.click("#m0 table.findings th:nth-child(7) button")
        events = chromium.run(column.format(6))
        expect(events == sorted(events) and len(set(events)) > 1, "sorted by event")
        for _ in range(2):  # up, then down
            chromium.click("#m0 table.findings th:nth-child(4) button")
        cpus = [int(cpu) for cpu in chromium.run(column.format(3))]
        expect(cpus == sorted(cpus, reverse=True) and max(cpus) >= 10, "sorted by CPU, as numbers")
        chromium.run("""(() => { const box = document.querySelector('#m0 .filter input');
            box.value = 'Postgres'; box.dispatchEvent(new Event('input')); })()""")
        left = shown(chromium, "tbody.violation > .row")
        expect(0 < left < 300, f"{left} rows are left")
        expect_equal(chromium.run("document.querySelector('#m0 .filter output').textContent"), f"{left} of 300")


@case
def looks_right():
    """nothing is wider than the window, no label lies on another, and it is there in light and in dark"""
    # Boxes of texts in one drawing that overlap.
    overlaps = """[...document.querySelectorAll('.timeline')].filter(t => t.checkVisibility()).flatMap(timeline => {
        const texts = [...timeline.querySelectorAll('.lane, .small')].map(e => [e.textContent, e.getBoundingClientRect()]);
        return texts.flatMap(([a, p], i) => texts.slice(i + 1)
            .filter(([b, q]) => p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 3 && q.top < p.bottom - 3)
            .map(([b]) => a + ' on ' + b));
    })"""
    # Texts that leave their drawing.
    outside = """[...document.querySelectorAll('.timeline, figure.model svg')].filter(t => t.checkVisibility()).flatMap(
        drawing => { const all = drawing.getBoundingClientRect();
            return [...drawing.querySelectorAll('text')].filter(e => { const box = e.getBoundingClientRect();
                return box.left < all.left - 1 || box.right > all.right + 1 || box.top < all.top - 1 || box.bottom > all.bottom + 1;
            }).map(e => e.textContent); })"""
    with browser() as (chromium, home):
        for width in (1280, 420):
            chromium.size(width, 1600)
            for name in ("one", "some", "many", "large", "clean", "hostile"):
                chromium.open(f"{home}/{name}.html")
                expect(chromium.run("document.documentElement.scrollWidth") <= width, f"{name} at {width}")
                expect_equal(chromium.run(overlaps), [], name)
                expect_equal(chromium.run(outside), [], name)
        chromium.size(1280, 1600)
        for name in ("some", "large"):
            pictures = {}
            for scheme in ("light", "dark"):
                chromium.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
                chromium.open(f"{home}/{name}.html")
                pictures[scheme] = chromium.picture(f"{name}_{scheme}")
                expect(len(pictures[scheme]) > 30_000, f"the picture of {name} has {len(pictures[scheme])} bytes")
                colours = chromium.run("""[...new Set([...document.querySelectorAll('body, .trace, .graph text, .timeline text')]
                    .map(e => e.matches('text') ? getComputedStyle(e).fill : getComputedStyle(e).backgroundColor))]""")
                dark = [sum(map(int, colour.strip("rgb()").split(","))) < 200 for colour in colours[:1]]
                expect_equal(dark, [scheme == "dark"], f"the background is {colours[0]}")
            expect(pictures["light"] != pictures["dark"], "light and dark are not the same")


@case
def prints():
    """a page can be printed"""
    with browser() as (chromium, home):
        chromium.open(f"{home}/some.html")
        paper = base64.b64decode(chromium.call("Page.printToPDF")["data"])
        expect(paper.startswith(b"%PDF") and len(paper) > 20_000, f"{len(paper)} bytes of PDF")
        if KEEP:
            with open(os.path.join(KEEP, "some.pdf"), "wb") as file:
                file.write(paper)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", help="the program that makes the pages")
    parser.add_argument("--swerve", default="swerve")
    parser.add_argument("--source", default=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    parser.add_argument("--keep", help="a folder for the pictures")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    if options.list:
        for function in CASES:
            print(function.__name__, function.__doc__)
        return 0
    global PAGES, SWERVE, SOURCE, KEEP
    PAGES, SWERVE = os.path.abspath(options.pages), os.path.abspath(options.swerve)
    SOURCE, KEEP = options.source, options.keep
    chosen = [function for function in CASES if not options.cases or function.__name__ in options.cases]
    if not chosen:
        print("there is no such case", file=sys.stderr)
        return 1
    failed = 0
    for function in chosen:
        try:
            function()
            print("ok     ", function.__doc__, flush=True)
        except AssertionError as error:
            failed += 1
            print("FAILED ", function.__doc__, "\n", error, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
