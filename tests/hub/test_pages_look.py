"""Every page in a real Chromium: contents that are hard to show, and tasks by keyboard alone."""

from __future__ import annotations

import pytest
from browser import unreadable
from lasting_renderer import RENDERER
from playwright.sync_api import Page
from pool_hub import RESULT, pool_hub
from served_hub import served, signed_in, started

LONG = "x" * 64
TABLE = ",".join(f"a_column_{n}" for n in range(40)) + "\n" + ",".join(["a value"] * 40) + "\n"
SECTION = "08_evaluation/lesson.ipynb#Folds-by-time"
PAGES = [
    "/pages/", "/pages/items", "/pages/items/engines/riders", f"/pages/items/engines/{'l' * 63}",
    "/pages/items/engines/riders/file?path=a.csv", "/pages/items/engines/riders/sharing",
    "/pages/items/engines/riders/versions/new", "/pages/items/new", "/pages/requests",
    "/pages/search?q=riders", "/pages/search?q=%F0%9F%98%80", "/pages/jobs", "/pages/jobs/JOB",
    "/pages/discussions/course/08_evaluation", "/pages/jobs/new", "/pages/team", "/pages/needs",
    "/pages/items/particles/hidden", "/pages/administration", "/pages/administration/log",
]  # fmt: skip
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth ? [`wide at ${innerWidth}`] : []"
FAULTS = """() => {
    const found = []
    const all = (what) => [...document.querySelectorAll(what)]
    const told = (one) => one.outerHTML.slice(0, 120)
    const levels = all("h1, h2, h3, h4, h5, h6").map((one) => Number(one.tagName[1]))
    if (levels[0] !== 1 || levels.some((one, i) => i && (one === 1 || one > levels[i - 1] + 1)))
        found.push(`headings ${levels}`)
    for (const one of all("input:not([type=hidden]), textarea:not([hidden]), select"))
        if (!one.labels.length) found.push(`no label: ${told(one)}`)
    for (const one of all("a, button, img, summary"))
        if (!(one.textContent.trim() || one.alt || one.ariaLabel))
            found.push(`no name: ${told(one)}`)
    const ids = all("[id]").map((one) => one.id)
    if (new Set(ids).size < ids.length) found.push(`an id twice: ${ids}`)
    for (const kind of ["aria-describedby", "aria-labelledby", "for", "list"])
        for (const one of all(`[${kind}]`))
            for (const id of one.getAttribute(kind).split(" ").filter(Boolean))
                if (!ids.includes(id)) found.push(`nothing is ${id}: ${told(one)}`)
    for (const one of all(".scroll, .log"))
        if (one.tabIndex || !one.role || !one.ariaLabel) found.push(`no way in: ${told(one)}`)
    return found
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory, chromium):
    """A hub on a socket with what is hard to show, and a browser."""
    with pool_hub(tmp_path_factory.mktemp("hub")) as pool:
        hub = pool.hub
        hub.state.renderer = RENDERER
        tags = ["rain", *(f"{n} tags and more" for n in range(18)), "y" * 32]
        hub.make("ada", "engines/riders", tags=tags, description=f"بيانات {LONG * 3} 数据" * 9)
        columns = [{"name": f"{LONG}{n}", "type": "number", "unit": "km/h"} for n in range(40)]
        files = {"a.csv": TABLE.encode(), f"{LONG}/b.bin": b"\0", "notes.txt": b"word " * 300}
        hub.add("ada", "engines/riders", files, columns=columns, note=LONG * 4)
        hub.make(
            "ada", f"engines/{'l' * 63}", title="W" * 200, category="K" * 64, licence="L" * 200
        )
        hub.make("curie", "particles/hidden")
        hub.grant("ada", "engines/riders", "team", "z" * 64, "read")
        hub.post("ada", "/requests", {"item": "particles/hidden", "role": "read", "message": LONG})
        hub.post("dora", "/requests", {"item": "engines/riders", "role": "manage", "message": LONG})
        told = {"section": SECTION, "audience": "everybody", "kind": "question"}
        hub.post("bose", "/threads", {**told, "title": f"Folds {LONG}?", "text": "x", "tags": tags})
        hub.ask("ada", "PUT", "/subscriptions/person/bose")
        job = pool.ask(pool.program({"fit.py": f"print('{LONG * 9}')"})).json()["id"]
        with served(hub) as url, started(chromium) as browser:
            yield pool, url, browser, job


def test_every_page_fits_has_names_and_can_be_read(place):
    pool, url, browser, job = place
    look = {"viewport": {"width": 400, "height": 800}, "color_scheme": "dark"}
    context = signed_in(browser, pool.hub, url, "ada", **look)
    admin = signed_in(browser, pool.hub, url, "grace", **look)
    pages = {"ada": context.new_page(), "grace": admin.new_page()}
    found: dict[str, list[str]] = {}
    for path in PAGES:
        page = pages["grace" if "administration" in path else "ada"]
        page.set_viewport_size({"width": 400, "height": 800})
        page.goto(path.replace("JOB", job))
        faults = page.evaluate(FAULTS) + unreadable(page, "header, main, footer")
        for width in (400, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            faults += page.evaluate(TOO_WIDE)
        if "administration" not in path and "ipynb#" in page.locator("main").inner_text():
            faults.append("a part of the course as programs name it")
        if faults:
            found[path] = faults
    assert found == {}
    context.close()
    admin.close()


def focus(page: Page, name: str) -> None:
    """Press Tab until what has a name, or a label, is focused; it must be seen to be."""
    for _ in range(150):
        page.keyboard.press("Tab")
        at = page.evaluate(
            """() => {
                const one = document.activeElement
                const label = one.labels?.length ? one.labels[0].innerText : one.textContent
                return [label.trim(), getComputedStyle(one).outlineStyle]
            }"""
        )
        assert at[1] == "solid", at
        if at[0].startswith(name):
            return
    raise AssertionError(f"{name} is not reached by keyboard on {page.url}")


def press(page: Page, *names: str) -> None:
    """Focus one after the other by keyboard, and press Enter on the last."""
    for name in names:
        focus(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_question_is_asked_answered_and_a_job_cancelled_by_keyboard_without_scripts(place):
    pool, url, browser, job = place

    def open_for(who: str, path: str) -> Page:
        page = signed_in(browser, pool.hub, url, who).new_page()
        page.route("**/*.js*", lambda route: route.abort())
        page.goto(path)
        return page

    ada = open_for("ada", "/pages/items/engines/riders")
    press(ada, "Ask or discuss")
    focus(ada, "Title")
    ada.keyboard.type("Which unit?")
    focus(ada, "Text")
    ada.keyboard.type("Kilometres or miles?")
    press(ada, "Send")
    assert ada.locator("h1").inner_text() == "Which unit?"
    assert "about Riders by day" in ada.locator("main").inner_text()
    bose = open_for("bose", "/pages/discussions")
    press(bose, "Which unit?")
    focus(bose, "Your text")
    bose.keyboard.type("Miles.")
    press(bose, "Send")
    ada.reload()
    press(ada, "Accept this answer")
    assert "Accepted answer by bose" in ada.locator("main").inner_text()
    ada.goto("/pages/search?tag=rain")
    press(ada, "Follow the tag rain")
    assert "You now follow rain." in ada.locator("main [role=status]").inner_text()
    ada.goto(f"/pages/jobs/{job}")
    press(ada, "Cancel this job")
    assert "The job has been cancelled." in ada.locator("main [role=status]").first.inner_text()
    ada.goto("/pages/jobs/new")
    offered = ada.locator("datalist option").evaluate_all("found => found.map(one => one.value)")
    assert {"engines/code@1", RESULT} <= set(offered)
    ada.context.close()
    bose.context.close()
