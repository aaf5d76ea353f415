"""A hub whose pages a real browser can open: on a free port of this machine, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from playwright.sync_api import BrowserContext
from small_hub import SmallHub, small_hub

from lepton_hub.identity.oauth import COOKIE
from lepton_hub.server import listening


@dataclass
class ServedHub:
    """A hub and its address."""

    hub: SmallHub
    url: str

    def sign_in(self, context: BrowserContext, who: str) -> None:
        """Give a browser the cookie that JupyterHub's sign-in would have led to."""
        value = self.hub.state.oauth.fernet.encrypt(who.encode()).decode()
        context.add_cookies([{"name": COOKIE, "value": value, "url": self.url}])


@contextmanager
def served_hub(folder: Path) -> Iterator[ServedHub]:
    """Serve a hub with a database in a folder."""
    listener = listening("127.0.0.1", 0)
    with small_hub(folder, database=f"sqlite:///{folder / 'hub.sqlite'}") as hub:
        config = uvicorn.Config(hub.app, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield ServedHub(hub, f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join(60)
            listener.close()
