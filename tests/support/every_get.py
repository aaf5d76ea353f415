"""Every address of a hub that can be read, with something in it."""

from __future__ import annotations

import re

import nbformat
from httpx import Response
from hub_routes import routes_of
from nbformat.v4 import new_notebook
from page_visitor import PageVisitor
from small_hub import SmallHub

MODULE = "basics/08_evaluation"
RIDES = "/items/engines/rides"
NOTE = "/documents/engines/note"
CARRIED = {
    "/data": "id=engines/rides@1&path=a.csv",
    "/document": "id=engines/note",
    "/documents/{space}/{name}/difference": "before=1",
    "/items/{space}/{name}/versions/{number}/notebook": "path=a.ipynb",
    "/items/{space}/{name}/versions/{number}/preview": "path=a.csv",
    "/pages/documents/{space}/{name}/difference": "before=1",
    "/pages/items/{space}/{name}/file": "path=a.csv",
    "/search": "q=riders",
    "/suggestions/tags": "text=riders",
}
"""What an address needs beside its path."""
ELSEWHERE = {"/metrics", "/oauth_callback", "/pages/{rest:path}"}
"""For other machines' programs, or for nobody: there is nothing that could be read here."""


def readable_routes(hub: SmallHub) -> list[str]:
    """Return the paths of all routes that somebody can read, with their variables."""
    routes = {one.path for one in routes_of(hub.app) if "GET" in one.methods}
    assert len(routes) > 90
    return sorted(routes - ELSEWHERE)


def fill_every_address(hub: SmallHub) -> dict[str, str]:
    """Fill the hub; return what stands in place of an address's variables, by how it begins."""
    hub.make("ada", "engines/rides")
    notebook = nbformat.writes(new_notebook(cells=[])).encode()
    files = {"a.csv": b"riders\n1\n", "a.py": b"print(1)", "a.ipynb": notebook}
    hub.add("ada", "engines/rides", files)
    hub.post("ada", "/documents", {"space": "engines", "name": "note", "title": "N", "text": "x"})
    told = {"name": "b.txt", "upload": hub.upload("ada", b"beside")}
    assert hub.post("ada", f"{NOTE}/attachments", told).status_code == 201
    about = {"item": "engines/rides", "kind": "question", "title": "Why?", "text": "x"}
    thread = hub.post("ada", "/threads", about).json()["id"]
    link = hub.post("ada", f"{RIDES}/links", {}).json()["path"]
    asked = {"program": "engines/rides@1", "path": "a.py", "result": "engines/rides"}
    begun = {"size": 4, "sha256": "0" * 64}
    return {
        "/jobs": hub.post("ada", "/train", asked).json()["id"],
        "/threads": thread,
        "/discussions": thread,
        "/posts": hub.get("ada", f"/threads/{thread}/posts").json()["posts"][0]["id"],
        "/uploads": hub.post("ada", "/uploads", begun).json()["id"],
        "secret": link.rpartition("/")[2],
    }


def address_of(route: str, ids: dict[str, str]) -> str:
    """Return a route's address with something that is there. ids: of `fill_every_address`."""
    place = route.removeprefix("/pages")
    named = "hub.css" if "/static/" in place else "engines" if "/needs/" in place else "rides"
    values = {
        "space": "engines",
        "name": "note" if place.startswith("/documents") else named,
        "kind": "team",
        "number": "1",
        "path": "a.csv",
        "file": "b.txt",
        "module": MODULE,
        "place": "08_evaluation",
        "secret": ids["secret"],
        "id": next((value for start, value in ids.items() if place.startswith(start)), ""),
    }
    path = re.sub(r"{(\w+)(?::path)?}", lambda found: values[found[1]], route)
    return f"{path}?{CARRIED[route]}" if route in CARRIED else path


def read(hub: SmallHub, address: str, who: str = "ada") -> Response:
    """Return what an address answers, or its page a browser; no redirection is followed."""
    if address.startswith("/pages"):
        return PageVisitor(hub, who).get(address)
    return hub.get(who, address, follow_redirects=False)
