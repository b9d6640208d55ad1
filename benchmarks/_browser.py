"""A page in Chromium with nothing cached: what it weighs before its pictures, and when it can be used."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

# The first frame in which what is pressed stands there, by the page's own clock, which begins with the navigation.
USABLE = """(() => {
  const look = () => {
    if (document.querySelector(%r)) window.usableAt = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""
QUIET_MS = 300
# Nothing but this machine is reached, so a page that would fetch from elsewhere waits for nobody.
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"


@dataclass
class Openings:
    """What each opening took: bytes and requests before the pictures, seconds until the page could be used."""

    weights: list[float] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    usable: list[float] = field(default_factory=list)

    @property
    def middle(self) -> tuple[float, float, float]:
        """The medians of the three."""
        return statistics.median(self.weights), statistics.median(self.counts), statistics.median(self.usable)


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        program = "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", ALONE])
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(
    browser: Any, origin: str, path: str, cookies: Mapping[str, str], *, ready: str, pictures: str, into: Openings
) -> Iterator[Any]:
    """A page opened anew, measured until `ready` (a selector) stands there and for a moment more.

    Addresses of the `origin` with `pictures` in them are pictures; what goes elsewhere is not counted.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in cookies.items()])
    page = context.new_page()
    page.add_init_script(USABLE % ready)
    asked: dict[str, str] = {}
    held: dict[str, float] = {}
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.on("Network.requestWillBeSent", lambda told: asked.setdefault(told["requestId"], told["request"]["url"]))
    line.on("Network.loadingFinished", lambda told: held.update({told["requestId"]: told["encodedDataLength"]}))
    page.goto(f"{origin}{path}")
    page.wait_for_function("() => window.usableAt", timeout=60_000)
    page.wait_for_timeout(QUIET_MS)
    counted = [number for number, url in asked.items() if url.startswith(origin) and pictures not in url]
    into.counts.append(float(len(counted)))
    into.weights.append(sum(held.get(number, 0.0) for number in counted))
    into.usable.append(page.evaluate("window.usableAt") / 1000)
    try:
        yield page
    finally:
        context.close()
