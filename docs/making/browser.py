"""Every page of the built site in a headless browser: `python -m docs.making.browser` writes pictures to look at.

Chromium is spoken to by its own debugging protocol over a pipe, so that nothing has to be installed beside it, and a
window can be narrower than the program lets a user make it.  No network: pages are files.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTHS = (390, 1280)
"""Of a telephone and of a desk, in CSS pixels."""
SCHEMES = ("light", "dark")
CONTRAST = 3.0
"""The least ratio of luminances of text and what is behind it: WCAG's 1.4.3 for large text."""
_HERE = ("file:", "data:", "about:")
_TALLEST = 16000  # pixels of a picture, of which no texture takes more
_BUILT = Path(__file__).parents[2] / "build"

# What is looked for in a page: how far it reaches beyond the window, which elements do so with no scroll bar of their
# own, or leave their cell, and text that is hardly seen.
_LOOK = """(() => {
  const wide = document.documentElement.clientWidth, told = e => {
    const text = (e.textContent || e.tagName).trim().replace(/\\s+/g, " ").slice(0, 60);
    return `${e.tagName.toLowerCase()}.${e.getAttribute("class") || ""}: ${text}`;
  };
  const reached = (e, right) => {  // by a scroll bar of its own; what is cut off is not
    for (let up = e.parentElement; up; up = up.parentElement) {
      const how = getComputedStyle(up);
      if (how.position === "fixed" || how.clip !== "auto") return true;
      if (how.overflowX !== "visible") {
        return ["auto", "scroll"].includes(how.overflowX) || right <= up.getBoundingClientRect().right + 1;
      }
    }
    return right <= wide + 1;
  };
  const beyond = [], faint = [];
  const light = c => c.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const parsed = text => {
    const found = text.match(/[\\d.]+/g).map(Number);
    return text.startsWith("color(srgb") ? [...found.slice(0, 3).map(v => 255 * v), found[3] ?? 1]
      : [...found.slice(0, 3), found[3] ?? 1];
  };
  const probe = document.documentElement.appendChild(document.createElement("i"));
  probe.style.backgroundColor = "Canvas";  // what a page without a background has, by its scheme
  const canvas = parsed(getComputedStyle(probe).backgroundColor).slice(0, 3);
  probe.remove();
  const behind = e => {
    const layers = [];
    for (let up = e; up; up = up.parentElement) {
      const colour = parsed(getComputedStyle(up).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, over) => under.map((v, at) => v * (1 - over[3]) + over[at] * over[3]),
      canvas);
  };
  for (const e of document.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect(), how = getComputedStyle(e);
    if (!box.width || how.visibility === "hidden" || how.opacity === "0" || e.closest("svg")) continue;
    const cell = e.parentElement.closest("td"), edge = cell ? cell.getBoundingClientRect().right : Infinity;
    if (how.position !== "fixed" && (box.right > edge + 1 || !reached(e, box.right))) {
      beyond.push(told(e));
    }
    const own = [...e.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || e.closest("[aria-hidden=true]")) continue;
    const back = behind(e), colour = parsed(how.color), front = back.map((v, at) =>
      v * (1 - colour[3]) + colour[at] * colour[3]);
    const [low, high] = [light(front), light(back)].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < FAINT) faint.push(told(e));
  }
  return {over: document.documentElement.scrollWidth - wide, beyond, faint,
          broken: [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.getAttribute("src")),
          height: document.documentElement.scrollHeight, title: document.title};
})()""".replace("FAINT", str(CONTRAST))


@dataclass(frozen=True)
class Seen:
    """What is wrong with a page in a window: all of it empty, and `over` 0, where nothing is."""

    title: str
    height: int
    """The whole page's, in CSS pixels."""
    over: int
    """Pixels by which the page is wider than the window."""
    beyond: tuple[str, ...]
    """Elements that reach beyond it with nothing around them that scrolls, or beyond their table's cell."""
    faint: tuple[str, ...]
    """Elements whose own text has less than `CONTRAST`."""
    broken: tuple[str, ...]
    """Pictures that are not there."""
    errors: tuple[str, ...]
    """What the console says: exceptions, errors, and files that are not found."""

    @property
    def faults(self) -> dict[str, object]:
        """What is wrong, by what it is."""
        said = {"over": self.over, "beyond": self.beyond, "faint": self.faint, "broken": self.broken,
                "errors": self.errors}
        return {name: each for name, each in said.items() if each}


class Browser:
    """A running browser with one page."""

    def __init__(self, process: subprocess.Popen[bytes], to: int, back: int) -> None:
        self._process, self._to, self._back = process, to, back
        self._numbers, self._left, self._session = itertools.count(1), b"", ""
        self._errors: list[str] = []
        self._loaded = False
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")

    def look(self, page: Path, width: int, scheme: str) -> Seen:
        """Open a page in a window of this width with a light or a dark scheme.  OSError where the browser has ended."""
        self._window(width, 900)
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._errors, self._loaded = [], False
        self._ask("Page.navigate", url=page.resolve().as_uri())
        while not self._loaded:
            self._hear()
        seen = self._ask("Runtime.evaluate", expression=_LOOK, returnByValue=True)
        if "value" not in seen["result"]:
            raise OSError(f"{page}: {seen}")
        found = seen["result"]["value"]
        return Seen(found["title"], int(found["height"]), int(found["over"]), tuple(found["beyond"]),
                    tuple(found["faint"]), tuple(found["broken"]), tuple(self._errors))

    def picture(self, to: Path, width: int, height: int, top: int = 0) -> None:
        """A .png of the page that was looked at last, `height` pixels of it from `top` on."""
        clip = {"x": 0, "y": top, "width": width, "height": height, "scale": 1}
        shot = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        to.write_bytes(base64.b64decode(shot["data"]))

    def _window(self, width: int, height: int) -> None:
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def _ask(self, method: str, **of: object) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, object] = {"id": number, "method": method, "params": of}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == number:
                if "error" in heard:
                    raise OSError(f"{method}: {heard['error']}")
                result: dict[str, Any] = heard["result"]
                return result

    def _hear(self) -> dict[str, Any]:
        """The next message; what it says of the page is kept."""
        while b"\0" not in self._left:
            more = os.read(self._back, 1 << 20)
            if not more:
                raise OSError("the browser has ended")
            self._left += more
        line, _, self._left = self._left.partition(b"\0")
        heard: dict[str, Any] = json.loads(line)
        method, of = heard.get("method"), heard.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            self._errors.append(str(of["exceptionDetails"].get("exception", {}).get("description", of)))
        elif method == "Runtime.consoleAPICalled" and of["type"] in ("error", "warning", "assert"):
            self._errors.append(" ".join(str(each.get("value", each)) for each in of["args"]))
        elif method == "Log.entryAdded" and of["entry"]["level"] in ("error", "warning"):
            self._errors.append(f"{of['entry']['text']} {of['entry'].get('url', '')}")
        elif method == "Network.requestWillBeSent" and not (url := of["request"]["url"]).startswith(_HERE):
            self._errors.append(f"asks the network for {url}")
        return heard


def program() -> str | None:
    """The browser's path, of those that speak the protocol; None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    """A browser for as long as it is needed, with a profile of its own."""
    to_child, to = os.pipe()
    back, from_child = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:

        def places() -> None:
            """The pipe's ends where the browser looks for them."""
            ends = os.dup(to_child), os.dup(from_child)  # neither end is 3 or 4 any more
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        process = subprocess.Popen(
            [path, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--hide-scrollbars",
             f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=places)  # noqa: PLW1509
        os.close(to_child)
        os.close(from_child)
        try:
            yield Browser(process, to, back)
        finally:
            process.kill()
            process.wait()
            os.close(to)
            os.close(back)


def main() -> int:
    """Pictures of each page in each window into build/looks, and what is wrong on the screen; 1 where anything is."""
    path, site, to = program(), _BUILT / "docs", _BUILT / "looks"
    if path is None:
        print(f"none of {', '.join(PROGRAMS)} is installed")
        return 1
    to.mkdir(parents=True, exist_ok=True)
    wrong = False
    with browser(path) as shown:
        for page in sorted(site.rglob("*.html")):
            for width, scheme in itertools.product(WIDTHS, SCHEMES):
                seen = shown.look(page, width, scheme)
                name = f"{'-'.join(page.relative_to(site).with_suffix('').parts)}-{width}-{scheme}"
                for at, top in enumerate(range(0, seen.height, _TALLEST)):
                    part = to / f"{name}{f'-{at + 1}' if at else ''}.png"
                    shown.picture(part, width, min(seen.height - top, _TALLEST), top)
                wrong |= bool(seen.faults)
                print(f"{name}: {seen.faults or 'nothing'}", flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
