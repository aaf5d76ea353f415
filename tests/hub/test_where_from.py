"""Where a request comes from: a proxy that was named says it, and nobody else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest
from conftest import skip_unless_ci
from fastapi.testclient import TestClient
from served_hub import served_app
from small_hub import small_hub
from starlette.responses import JSONResponse

from lepton_hub.api.middleware.forwarding import Forwarding
from lepton_hub.api.rate_limit import RateLimiter
from lepton_hub.proxies import BadProxies, parse_proxies
from lepton_hub.proxies.socket_accounts import account_of
from lepton_hub.settings import SettingsError, settings_of
from lepton_team.folders import HubFolders
from lepton_team.sharing import sharing_service

NOBODY = 65534
ME = os.getuid() if hasattr(os, "getuid") else -1
ASK = """
import os, socket, sys
"a".encode("idna")  # while the interpreter's folder can be read
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[2]))
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 60) as hub:
    said = b"Host: hub\\r\\nX-Forwarded-For: 10.9.9.9\\r\\nConnection: close"
    hub.sendall(b"GET / HTTP/1.1\\r\\n" + said + b"\\r\\n\\r\\n")
    print(hub.makefile("rb").read())
"""


@contextmanager
def served(proxies: str):
    """Serve, on a free port, an application that says where requests come from."""

    async def app(scope, receive, send):
        client = scope["client"] and scope["client"][0]
        answer = JSONResponse({"client": client, "scheme": scope["scheme"]})
        await answer(scope, receive, send)

    with served_app(Forwarding(app, parse_proxies(proxies)), proxy_headers=False) as url:
        yield url


def skip_unless_linux() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("Linux alone tells whose a connection is.")


@pytest.mark.parametrize(
    ("proxies", "client"),
    [("", None), ("127.0.0.1", "10.9.9.9"), ("10.0.0.0/8", None), (f"account:{ME}", "10.9.9.9")],
)
def test_the_header_counts_where_the_proxy_is_named(proxies, client):
    skip_unless_linux()
    with served(proxies) as url, httpx.Client(trust_env=False) as asking:
        said = {"X-Forwarded-For": "1.2.3.4, 10.9.9.9", "X-Forwarded-Proto": "https"}
        scheme = "https" if proxies in ("127.0.0.1", f"account:{ME}") else "http"
        expected = client if proxies != "10.0.0.0/8" else None
        assert asking.get(url, headers=said).json() == {"client": expected, "scheme": scheme}
        assert asking.get(url).json() == {"client": "127.0.0.1", "scheme": "http"}


def test_a_program_of_another_account_is_not_the_proxy():
    skip_unless_linux()
    if ME != 0:
        skip_unless_ci("To be another account needs root.")
    with served("account:0") as url:
        for account, client in ((0, '"10.9.9.9"'), (NOBODY, "null")):
            command = [sys.executable, "-S", "-c", ASK, url.rpartition(":")[2], str(account)]
            told = {"check": True, "capture_output": True, "text": True}
            said = subprocess.run(command, timeout=120, **told).stdout
            assert f'"client":{client}' in said


def test_a_closed_connection_is_nobodys():
    """Linux says of a connection without a program that it is root's."""
    skip_unless_linux()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        program = socket.create_connection(listener.getsockname())
        here = program.getsockname()
        with listener.accept()[0] as hub_end:
            assert account_of(here, hub_end.getsockname()) == ME
            assert account_of((here[0], 1), hub_end.getsockname()) is None
            program.sendall(b"GET / HTTP/1.1\r\n\r\n")
            program.close()
            assert account_of(here, hub_end.getsockname()) is None


def test_of_ipv6_as_well():
    skip_unless_linux()
    with socket.socket(socket.AF_INET6) as listener:
        try:
            listener.bind(("::1", 0))
        except OSError:
            pytest.skip("This machine has no IPv6.")
        listener.listen()
        with socket.create_connection(listener.getsockname()[:2]) as program:
            here, there = program.getsockname()[:2], program.getpeername()[:2]
            assert account_of(here, there) == ME


@pytest.mark.parametrize(
    ("hops", "origin"),
    [
        ("10.9.9.9", "10.9.9.9"),
        ("127.0.0.1, 10.9.9.9", "10.9.9.9"),
        ("1.2.3.4, 10.9.9.9, 192.168.0.7", "10.9.9.9"),
        ("1.2.3.4, 10.9.9.9:4711, 192.168.0.7", "10.9.9.9"),
        ("1.2.3.4, [2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:10.9.9.9", "10.9.9.9"),
        ("192.168.0.8, 192.168.0.7", "192.168.0.8"),
        ("10.9.9.9, nonsense", None),
        ("10.9.9.9, unknown, 192.168.0.7", None),
        ("", None),
        (",", None),
    ],
)
def test_the_last_hop_that_is_no_proxy_is_the_origin(hops, origin):
    assert parse_proxies("192.168.0.0/24").origin(hops.split(",")) == origin


@pytest.mark.parametrize("text", ["example.com", "account:root", "10.0.0.1/8", "127.0.0.1;::1"])
def test_what_names_no_proxy_is_refused(tmp_path, text):
    with pytest.raises(BadProxies):
        parse_proxies(text)
    with pytest.raises(SettingsError, match="LEPTON_HUB_PROXIES"):
        settings_of(tmp_path, {"LEPTON_HUB_PROXIES": text})


def test_who_guesses_tokens_gets_no_more_guesses_by_claiming_addresses(tmp_path):
    with small_hub(tmp_path) as hub:
        hub.state.strangers = RateLimiter(60, 60, clock=lambda: 0.0)  # however slow the machine is
        client = TestClient(hub.app, client=("127.0.0.1", 1))
        found = {
            client.get(
                "/me", headers={"Authorization": "token x", "X-Forwarded-For": f"10.0.0.{number}"}
            ).status_code
            for number in range(61)
        }
        assert found == {401, 429}
        assert client.get("/me", headers={"Authorization": "token x"}).status_code == 401, (
            "who says nothing of the kind is not held to be one of them"
        )


def test_through_a_proxy_that_was_not_named_nobody_is_on_this_machine(tmp_path):
    with small_hub(tmp_path, metrics="loopback") as hub:
        client = TestClient(hub.app, client=("127.0.0.1", 1))
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_beside_jupyterhub_its_own_account_is_believed(tmp_path):
    folders = HubFolders(tmp_path)
    for told, proxies in (({}, f"account:{ME}"), ({"LEPTON_HUB_PROXIES": ""}, "")):
        environment = sharing_service(folders, told, 8700)["environment"]
        assert settings_of(tmp_path, environment).proxies == proxies
    assert settings_of(tmp_path, {}).proxies == ""
