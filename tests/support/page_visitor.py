"""A browser without a screen: a cookie, the hub's pages, and forms sent as browsers send them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response
from small_hub import SmallHub

from lepton_hub.identity.oauth import COOKIE

ORIGIN = "http://testserver"
"""Where the pages of a hub stand that is asked without a socket."""
NOT_SENT = ("file", "submit", "button")


@dataclass
class PageForm:
    """A form of a page. fields: what it would send as it stands; several of a name as a list."""

    action: str
    method: str
    fields: dict[str, Any] = field(default_factory=dict)


class PageContent(HTMLParser):
    """What a page holds. text: its words, blanks made one; headings: pairs of level and words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.links: list[str] = []
        self.sources: list[str] = []
        self.forms: list[PageForm] = []
        self.meta: dict[str, str] = {}
        self.headings: list[tuple[int, str]] = []
        self._words: list[str] = []
        self._inside: list[str] = []
        self._area: str | None = None
        self._typed = ""
        self._select: str | None = None
        self.feed(html)
        self.text = " ".join("".join(self._words).split())

    def form(self, action: str) -> PageForm:
        """Return the form that is sent to an address."""
        return next(form for form in self.forms if form.action == action)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        if tag in ("img", "script") and "src" in told:
            self.sources.append(told["src"])
        if tag == "link":
            self.sources.append(told["href"])
        if tag == "meta" and "name" in told:
            self.meta[told["name"]] = told["content"]
        if tag == "form":
            self.forms.append(PageForm(told.get("action", ""), told.get("method", "get")))
        kind = told.get("type", "text")
        sent = "checked" in told if kind in ("checkbox", "radio") else kind not in NOT_SENT
        if tag == "input" and sent:
            self._field(told.get("name"), told.get("value", "on"))
        if tag == "textarea":
            self._area = told.get("name", "")
            self._typed = ""
        if tag == "select":
            self._select = told.get("name")
        if tag == "option" and self._select is not None:
            fields = self.forms[-1].fields
            if "selected" in told or self._select not in fields:
                fields[self._select] = told.get("value", "")
        if tag in ("style", "script", "title", "textarea", "h1", "h2", "h3", "h4", "h5", "h6"):
            self._inside.append(tag)
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append((int(tag[1]), ""))

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()
        if tag == "textarea":
            self._field(self._area, self._typed.removeprefix("\n"))
            self._area = None
        if tag == "select":
            self._select = None
        if tag in ("p", "li", "td", "th", "dt", "dd", "h1", "h2", "h3", "div", "option"):
            self._words.append(" ")

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._typed += data
        inside = self._inside[-1] if self._inside else ""
        if inside.startswith("h"):
            level, words = self.headings[-1]
            self.headings[-1] = (level, words + data)
        if inside not in ("style", "script", "title"):
            self._words.append(data)

    def _field(self, name: str | None, value: str) -> None:
        if name and self.forms:
            fields = self.forms[-1].fields
            if name in fields:
                before = fields[name]
                fields[name] = [*(before if isinstance(before, list) else [before]), value]
            else:
                fields[name] = value


class PageVisitor:
    """Somebody who looks at pages. who: None for somebody who is not signed in."""

    def __init__(self, hub: SmallHub, who: str | None) -> None:
        self._tokens: dict[str | None, str] = {}
        self.client = TestClient(hub.app, raise_server_exceptions=False, follow_redirects=False)
        if who is not None:
            cookie = hub.state.oauth.fernet.encrypt(who.encode()).decode()
            self.client.cookies.set(COOKIE, cookie)

    def get(self, path: str, **options: Any) -> Response:
        """Ask for a page; follow no redirection."""
        return self.client.get(path, **options)

    def see(self, path: str) -> PageContent:
        """Return a page that can be seen."""
        answer = self.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:2000]}"
        return PageContent(answer.text)

    @property
    def token(self) -> str:
        """The token that the forms of this visitor's pages carry, until the cookie changes."""
        cookie = self.client.cookies.get(COOKIE)
        if cookie not in self._tokens:
            self._tokens[cookie] = self.see("/pages/").meta["form-token"]
        return self._tokens[cookie]

    def send(self, path: str, fields: dict[str, Any] | None = None, **options: Any) -> Response:
        """Send a form of the hub's own to an address, with its token."""
        data = {"form_token": self.token, **(fields or {})}
        headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **options.pop("headers", {})}
        return self.client.post(path, data=data, headers=headers, **options)

    def after(self, answer: Response) -> PageContent:
        """Return the page to which a form led."""
        assert answer.status_code == 303, f"{answer.status_code} {answer.text[:2000]}"
        return self.see(answer.headers["location"])
