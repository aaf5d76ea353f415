"""A hub on a socket of its own, and browsers that are signed in to it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import uvicorn
from bounded_waits import join_all
from browser import FLAGS
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from small_hub import SmallHub
from starlette.types import ASGIApp

from lepton_hub.identity.oauth import COOKIE


@contextmanager
def served_app(app: ASGIApp, **config: Any) -> Iterator[str]:
    """Serve an application on a free port of this machine; yield its address. config: uvicorn's."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        usual = {"log_level": "warning", "lifespan": "off", "timeout_graceful_shutdown": 10}
        server = uvicorn.Server(uvicorn.Config(app, **usual, **config))
        run = {"target": server.run, "kwargs": {"sockets": [listener]}}
        thread = threading.Thread(**run, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            join_all([thread])


def served(hub: SmallHub) -> AbstractContextManager[str]:
    """Serve a hub on a free port of this machine; yield its address."""
    return served_app(hub.app)


@contextmanager
def started(chromium: str) -> Iterator[Browser]:
    """Start a Chromium. chromium: the program."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def signed_in(
    browser: Browser, hub: SmallHub, url: str, who: str, **look: object
) -> BrowserContext:
    """Return a browser's context in which somebody is signed in. look: such as `viewport`."""
    context = browser.new_context(base_url=url, **look)
    value = hub.state.oauth.fernet.encrypt(who.encode()).decode()
    context.add_cookies([{"name": COOKIE, "value": value, "url": url}])
    return context
