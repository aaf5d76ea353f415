"""The hub's pages in a real Chromium: by keyboard alone, at both widths, and large uploads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest
from browser import unreadable
from playwright.sync_api import Browser, Page, Route
from served_hub import served, signed_in, started
from small_hub import SmallHub, small_hub

pytestmark = pytest.mark.browser

ITEM = "/pages/items/engines/riders"
MOST_TABS = 60


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[SmallHub]:
    folder = tmp_path_factory.mktemp("hub")
    with small_hub(folder, database=f"sqlite:///{folder / 'hub.sqlite'}") as made:
        title = "Riders by day and line, counted at each stop of the whole town"
        made.make("ada", "engines/riders", title=title, tags=["transport", "time series"])
        rows = b"day,riders,weather\n" + b"2025-03-01,1200,rain and quite some wind\n" * 30
        columns = [{"name": "riders", "type": "integer", "unit": "people"}]
        made.add("ada", "engines/riders", {"riders.csv": rows, "a.py": b"x\n"}, columns=columns)
        told = {"item": "engines/riders", "title": "Why?", "text": "Why?", "kind": "question"}
        made.post("ada", "/threads", told)
        made.post("dora", "/requests", {"item": "engines/riders", "message": "Please"})
        made.grant("ada", "engines/riders", "team", "particles", "read")
        made.post("ada", "/items/engines/riders/links", {})
        yield made


@pytest.fixture(scope="module")
def chrome(hub, chromium) -> Iterator[Chrome]:
    with served(hub) as url, started(chromium) as browser:
        yield Chrome(hub, url, browser)


@dataclass
class Chrome:
    """A browser in which people open the pages of a hub."""

    hub: SmallHub
    url: str
    browser: Browser

    def open(self, who: str, **look: object) -> Page:
        """Return a page of somebody's in which nothing may go wrong unseen."""
        page = signed_in(self.browser, self.hub, self.url, who, **look).new_page()
        page.set_default_timeout(60_000)
        page.wrong = []
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("console", lambda said: said.type == "error" and page.wrong.append(said.text))
        return page


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what has these words has the focus, visibly."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " return [e.textContent.trim(), s.outlineStyle, e.getClientRects().length] }"
        )
        assert focused[1:] == ["solid", focused[2]] and focused[2], focused
        if focused[0] == words:
            return
    raise AssertionError(f"no way to {words!r} by the keyboard")


def test_from_the_start_to_an_item_by_keyboard_alone(chrome):
    page = chrome.open("ada")
    page.goto("/pages/")
    tab_to(page, "Skip to the content")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto("/pages/")
    tab_to(page, "Items")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="1 item").wait_for()
    tab_to(page, "Riders by day and line, counted at each stop of the whole town")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Version 1, the newest").wait_for()
    tab_to(page, "Share")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Pending requests").wait_for()
    tab_to(page, "Grant read to dora")
    page.keyboard.press("Enter")
    page.get_by_text("dora may now read engines/riders.").wait_for()
    assert page.wrong == []
    page.context.close()


PAGES = [
    ("ada", "/pages/"),
    ("dora", "/pages/"),
    ("ada", "/pages/items"),
    ("ada", ITEM),
    ("ada", f"{ITEM}/card"),
    ("ada", f"{ITEM}/sharing"),
    ("ada", f"{ITEM}/versions/new"),
    ("ada", f"{ITEM}/delete"),
    ("ada", f"{ITEM}/file?path=riders.csv"),
    ("ada", "/pages/items/new"),
    ("ada", "/pages/requests"),
    ("ada", "/pages/search?q=riders"),
    ("ada", "/pages/team"),
    ("ada", "/pages/nothing"),
    ("grace", "/pages/administration"),
    ("grace", "/pages/administration/log"),
]


@pytest.mark.parametrize(("width", "dark"), [(400, True), (1280, False)])
def test_every_page_is_readable_and_never_wider_than_the_screen(chrome, width, dark):
    options = {
        "viewport": {"width": width, "height": 800},
        "color_scheme": "dark" if dark else "light",
    }
    pages = {who: chrome.open(who, **options) for who, _ in PAGES}
    for who, path in PAGES:
        page = pages[who]
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert unreadable(page, "body") == [], path
        wrong = [error for error in page.wrong if path != "/pages/nothing"]
        assert wrong == [], path
        page.wrong.clear()
    for page in pages.values():
        page.context.close()


def test_a_large_upload_goes_on_where_the_connection_broke(hub, chrome, tmp_path):
    page = chrome.open("ada")
    page.goto(f"{ITEM}/versions/new")
    lengths = [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]
    found = page.evaluate(
        "lengths => lengths.map(n => { const h = new Sha256(); const b = new Uint8Array(n).fill(7);"
        " for (let i = 0; i < n; i += 50) h.add(b.subarray(i, i + 50)); return h.hex() })",
        lengths,
    )
    assert found == [hashlib.sha256(b"\7" * n).hexdigest() for n in lengths]
    content = bytes(range(251)) * 80_000  # 20 MB: three pieces
    file = tmp_path / "large.bin"
    file.write_bytes(content)
    asked = count()

    def break_once(route: Route) -> None:
        is_second = route.request.method == "PATCH" and next(asked) == 1
        route.abort() if is_second else route.continue_()

    page.route("**/uploads/*", break_once)
    page.get_by_label("Files", exact=True).set_input_files(file)
    page.get_by_label("What is new").fill("Much more")
    page.get_by_role("button", name="Add the version").click()
    page.get_by_role("heading", name="Version 2, the newest").wait_for()
    assert next(asked) >= 4
    stored = hub.get("ada", "/items/engines/riders/versions/2").json()
    assert stored["note"] == "Much more"
    assert stored["files"][0]["sha256"] == hashlib.sha256(content).hexdigest()
    page.context.close()
