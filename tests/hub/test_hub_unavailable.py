"""A hub that cannot start lets JupyterHub start, and says so."""

from __future__ import annotations

import gc

import pytest
from starlette.testclient import TestClient

from lepton_hub import __main__ as service
from lepton_hub.server import listening, serve
from lepton_hub.unavailable import unavailable_app


def test_every_address_but_the_first_says_that_the_hub_does_not_work():
    client = TestClient(unavailable_app("/services/hub"))
    assert client.get("/services/hub/").status_code == 200
    for method, path in (("GET", "/services/hub/me"), ("POST", "/services/hub/items")):
        answer = client.request(method, path)
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith("The hub could not start")
        assert answer.headers["retry-after"] == "60"


def test_it_tries_again_later(tmp_path, monkeypatch, capsys):
    served = []
    monkeypatch.setattr(service, "serve", lambda app, at, seconds=None: served.append(seconds))
    monkeypatch.setattr(service, "listening", lambda host, port: None)
    environment = {
        "LEPTON_HUB": str(tmp_path), "LEPTON_HUB_DATABASE": "mysql://elsewhere/hub",
        "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:1",
        "JUPYTERHUB_SERVICE_PREFIX": "/services/hub/",
        "JUPYTERHUB_API_URL": "http://127.0.0.1:2", "JUPYTERHUB_SERVICE_NAME": "hub",
        "JUPYTERHUB_CLIENT_ID": "service-hub", "JUPYTERHUB_API_TOKEN": "x",
    }  # fmt: skip
    with pytest.raises(SystemExit):
        service.main(environment)
    assert served == [60]
    assert "SQLite or PostgreSQL" in capsys.readouterr().err


def test_a_server_ends_when_its_time_is_over():
    serve(unavailable_app(""), listening("127.0.0.1", 0), seconds=0.2)


def test_a_server_looks_for_no_garbage_in_what_is_loaded():
    gc.unfreeze()
    serve(unavailable_app(""), listening("127.0.0.1", 0), seconds=0.1)
    assert gc.get_freeze_count() > 10_000
    gc.unfreeze()
