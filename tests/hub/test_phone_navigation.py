"""The way through the pages on a phone, in a browser without scripts."""

from __future__ import annotations

import pytest
from served_hub import served, signed_in, started
from small_hub import small_hub

BOXES = """() => ['.top nav', '.top nav [aria-current]', ':focus'].map(what => {
    const box = document.querySelector(what).getBoundingClientRect()
    return {left: box.left, right: box.right, height: box.height}
})"""
IN_FRONT = """() => {
    const box = document.activeElement.getBoundingClientRect()
    const there = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)
    return document.activeElement.contains(there)
}"""
WIDTH = 400


@pytest.fixture(scope="module")
def pages(tmp_path_factory, chromium):
    folder = tmp_path_factory.mktemp("hub")
    with small_hub(folder) as hub, served(hub) as url, started(chromium) as browser:
        yield signed_in(browser, hub, url, "grace", viewport={"width": WIDTH, "height": 700})


@pytest.mark.parametrize("path", ["/pages/", "/pages/needs", "/pages/administration"])
def test_navigation_takes_one_row_and_shows_where_one_is(pages, path):
    page = pages.new_page()
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(path)
    entries = page.locator(".top nav a")
    for place in range(entries.count()):
        entries.nth(place).focus()
        assert page.evaluate(IN_FRONT), "the page one is on hides no other"
        row, current, focused = page.evaluate(BOXES)
        assert row["height"] < 60
        assert page.evaluate("document.documentElement.scrollWidth") == WIDTH
        for box in (current, focused):
            assert box["left"] >= 0
            assert box["right"] <= WIDTH
    page.close()
