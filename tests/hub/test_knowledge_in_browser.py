"""Documents and discussions in a real Chromium: nothing hostile runs, and nothing scrolls aside."""

from __future__ import annotations

import pytest
from browser import unreadable
from lasting_renderer import RENDERER
from served_hub import served, signed_in, started
from small_hub import small_hub

ADA = "/pages/documents/engines/guide"
HOSTILE = (
    r"""<script>window.hit = 1</script>
<img src=x onerror="window.hit = 1"><svg onload="window.hit = 1"></svg>
<iframe srcdoc="<script>top.hit = 1</script>"></iframe>
</textarea><script>window.hit = 1</script></main>

[a](javascript:window.hit=1) [b](data:text/html,<script>top.hit=1</script>)
[c](java&#x0A;script:window.hit=1) <javascript:window.hit=1>

![d](http://evil.example/pixel.png) ![e](//evil.example/pixel.png) ![f](/pages/administration)
![g](attachment:..%2f..%2f..%2fevil) ![h](data:image/svg+xml,<svg/onload=alert(1)>)

<style>@import "http://evil.example/x.css"; * { background: url(http://evil.example/y) }</style>
<link rel=stylesheet href=http://evil.example/x.css><meta http-equiv=refresh content="0;http://evil.example/">
<base href=http://evil.example/><form action=http://evil.example/><input name=form_token></form>

$\text{</math><img src=x onerror=window.hit=1>}$ $\href{javascript:window.hit=1}{x}$

$$
\text{<script>window.hit = 1</script>} \style{background:url(http://evil.example/z)}{x}
$$

| a | b |
|---|---|
| <script>window.hit = 1</script> | """
    + "x" * 300
    + "\n"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory, chromium):
    """A hub on a socket, a browser, and the pages on which hostile texts stand."""
    with small_hub(tmp_path_factory.mktemp("hub")) as hub:
        hub.state.renderer = RENDERER
        told = {"space": "engines", "name": "guide", "title": "<b onclick=alert(1)>Guide</b>"}
        hub.post("ada", "/documents", {**told, "text": "# Old\n\nline\n", "tags": ["<x>"[1:2]]})
        etag = hub.get("ada", "/documents/engines/guide").headers["etag"]
        change = {"json": {"text": HOSTILE, "note": HOSTILE[:900]}, "headers": {"If-Match": etag}}
        assert hub.ask("ada", "PUT", "/documents/engines/guide", **change).status_code == 200
        thread = {"item": "engines/guide", "kind": "question", "title": "<script>hit=1</script>"}
        made = hub.post("ada", "/threads", {**thread, "text": HOSTILE}).json()
        with served(hub) as url, started(chromium) as browser:
            yield hub, url, browser, made


PAGES = [
    "/pages/documents", ADA, f"{ADA}?revision=1", f"{ADA}/edit", f"{ADA}/revisions",
    f"{ADA}/difference?before=1&after=2", f"{ADA}/difference?before=1&after=2&view=side",
    f"{ADA}/attachments", f"{ADA}/delete", "/pages/documents/new",
    "/pages/discussions", "/pages/discussions/THREAD", "/pages/posts/POST/edit",
    "/pages/posts/POST/delete", "/pages/discussions/new?item=engines/guide", "/pages/digest",
    "/pages/subscriptions",
]  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(400, "dark"), (1280, "light")])
def test_hostile_texts_run_nothing_ask_nobody_and_fit(place, width, scheme):
    hub, url, browser, made = place
    look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    context = signed_in(browser, hub, url, "ada", **look)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append("a dialog"))
    for path in PAGES:
        path = path.replace("THREAD", made["id"]).replace("POST", made["first"]["id"])
        assert page.goto(path).status == 200
        assert page.url == url + path
        assert page.evaluate("window.hit") is None
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator("h1").count() == 1, path
        kinds = (
            "script:not([src*='/pages/static/']), iframe, style, main link, main meta, main base"
        )
        assert page.locator(kinds).count() == 0, path
        assert page.locator("main form:not([method])").count() == 0, path
        levels = page.eval_on_selector_all(
            "h1, h2, h3, h4, h5, h6", "found => found.map(one => Number(one.tagName[1]))"
        )
        assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False)), (path, levels)
        unnamed = page.eval_on_selector_all(
            "main :is(input:not([type=hidden]), textarea:not([hidden]), select)",
            "found => found.filter(one => !one.labels.length).map(one => one.outerHTML)",
        )
        assert unnamed == [], path
        assert unreadable(page, "header, main, footer") == [], path
    assert {one for one in asked if not one.startswith(f"{url}/")} == set()
    context.close()


def test_a_conflict_a_preview_and_an_ended_sign_in_keep_what_was_typed(place):
    hub, url, browser, _ = place
    told = {"space": "engines", "name": "typed", "title": "Typed", "text": "One.\n\nTwo.\n"}
    hub.post("ada", "/documents", told)
    typed = "\n  One, with a leading line.\n\n</textarea>Two. \U0001f682\n"
    context = signed_in(browser, hub, url, "ada")
    page = context.new_page()
    page.goto("/pages/documents/engines/typed/edit")
    text = page.get_by_label("Text")
    text.fill(typed)
    page.get_by_role("button", name="Preview").click()
    assert text.input_value() == typed
    context.clear_cookies()  # as when the sign-in ends
    page.get_by_role("button", name="Save").click()
    assert "Sign in" in page.locator("main").inner_text()
    again = signed_in(browser, hub, url, "ada")
    context.add_cookies(again.cookies())
    page.get_by_role("button", name="Send it again").click()
    if page.get_by_role("button", name="Send it again").count():  # with a fresh token
        page.get_by_role("button", name="Send it again").click()
    page.get_by_text("Saved as revision 2.").wait_for()
    saved = hub.get("ada", "/documents/engines/typed").json()["revision"]["text"]
    assert saved == typed
    page.goto("/pages/documents/engines/typed/edit")
    text.fill("mine\n")
    etag = hub.get("ada", "/documents/engines/typed").headers["etag"]
    hub.ask("ada", "PUT", "/documents/engines/typed", json={"text": "theirs\n"},
            headers={"If-Match": etag})  # fmt: skip
    page.get_by_role("button", name="Save").click()
    assert page.get_by_label("Your text, to be merged with theirs").input_value() == "mine\n"
    assert page.get_by_label("Your text", exact=True).input_value() == "mine\n"
    assert page.get_by_label("The other text, revision 3").input_value() == "theirs\n"
    again.close()
    context.close()
