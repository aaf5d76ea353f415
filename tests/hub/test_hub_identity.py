"""Who asks: people as JupyterHub answers, tokens of others, a browser's cookie."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from lepton_hub.api.routes.other_routes import leads_here
from lepton_hub.identity import IdentityError, SignInUnavailable, person_of
from lepton_hub.identity.directory import JupyterHubDirectory
from lepton_hub.identity.jupyterhub import ADMINISTER, JupyterHubIdentity
from lepton_hub.identity.made_up import MadeUpIdentity, NotLoopback, loopback, secret_in
from lepton_hub.identity.oauth import OAuthSignIn

ENTER = "access:services!service=hub"


class FakeJupyterHub:
    """Answers as JupyterHub's /hub/api/user does."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.told = {
            "kind": "user", "name": "ada", "scopes": [ENTER],
            "groups": ["team-engines", "organisation-a", "nbgrader-x", "team-", "team-../x"],
        }  # fmt: skip

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        assert request.headers["authorization"] == "token good"
        return httpx.Response(self.status, json=self.told)


@pytest.fixture
def hub():
    return FakeJupyterHub()


@pytest.fixture
def identity(hub):
    moment = [0.0]
    client = httpx.AsyncClient(transport=httpx.MockTransport(hub))
    made = JupyterHubIdentity("http://hub/hub/api", "hub", 10, client, clock=lambda: moment[0])
    made.moment = moment
    return made


def person_of_token(identity, token="good"):
    """Return whose a token is, of which the hub is shown one alone."""
    return asyncio.run(identity.person(token, "10.0.0.1"))


def test_a_person_has_the_teams_that_the_groups_name(identity):
    ada = person_of_token(identity)
    assert (ada.name, ada.teams, ada.organisation, ada.admin) == (
        "ada", {"engines"}, "a", False,
    )  # fmt: skip


def test_the_answer_is_believed_for_seconds_and_no_longer(identity, hub):
    for _ in range(3):
        person_of_token(identity)
    assert hub.asked == 1
    hub.status = 403
    identity.moment[0] = 9.9
    person_of_token(identity)
    identity.moment[0] = 10.0
    with pytest.raises(IdentityError):
        person_of_token(identity)
    with pytest.raises(IdentityError):
        person_of_token(identity)
    assert hub.asked == 2, "who is not known is remembered as well"


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "service", "name": "course"},
        {"scopes": []},
        {"scopes": ["access:services!service=other", "access:servers"]},
        {"name": "a/b"},
        {"name": "../ada"},
    ],
)
def test_tokens_of_others_open_nothing(identity, hub, told):
    hub.told |= told
    with pytest.raises(IdentityError):
        person_of_token(identity)


def test_who_may_manage_everything_is_a_scope_of_the_token(identity, hub):
    hub.told |= {"scopes": ["access:services", ADMINISTER]}
    assert person_of_token(identity).admin


@pytest.mark.parametrize("token", ["a\nb", "é", "a\0"])
def test_a_token_that_could_change_a_header_is_never_sent(identity, hub, token):
    with pytest.raises(IdentityError):
        person_of_token(identity, token)
    assert hub.asked == 0


def test_a_jupyterhub_that_fails_is_not_taken_for_a_refusal(identity, hub):
    hub.status = 500
    with pytest.raises(SignInUnavailable):
        person_of_token(identity)
    hub.status = 200
    assert person_of_token(identity).name == "ada"


@pytest.mark.parametrize(
    "said",
    [
        b"<html>JupyterHub is being upgraded</html>",
        b"",
        b"[]",
        b'{"kind": "user"}',
        b'{"kind": "user", "name": 5, "scopes": []}',
        b'{"kind": "user", "name": "ada", "scopes": null}',
        b'{"kind": "user", "name": "ada", "scopes": ["access:services"], "groups": "team-a"}',
        b'{"kind": "user", "name": "ada", "scopes": [[]]}',
        b"\xff",
    ],
)
def test_what_jupyterhub_would_never_say_is_no_answer(said):
    """A proxy before it may say anything, with status 200 as well."""
    answers = [said]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=answers[-1]))
    identity = JupyterHubIdentity("http://h", "hub", client=httpx.AsyncClient(transport=transport))
    directory = JupyterHubDirectory("http://h", "t", httpx.Client(transport=transport))
    oauth = OAuthSignIn("hub", "s", "/a", "http://h/t", "/cb")
    oauth = replace(oauth, jupyterhub=httpx.AsyncClient(transport=transport))
    address, state = oauth.begin("/")
    [nonce] = parse_qs(urlsplit(address).query)["state"]
    with pytest.raises(SignInUnavailable):
        person_of_token(identity)
    with pytest.raises(SignInUnavailable):
        directory.look_up("ada")
    with pytest.raises(SignInUnavailable):
        asyncio.run(oauth.complete("code", nonce, state))
    answers.append(b'{"kind": "user", "name": "ada", "scopes": ["access:services"]}')
    assert person_of_token(identity).name == "ada"


def test_who_is_in_two_organisations_is_in_none():
    assert person_of("x", ["organisation-a", "organisation-b"]).organisation is None


def test_made_up_people_are_known_on_this_machine_alone(tmp_path):
    secret = secret_in(tmp_path / "hub" / "secret")
    assert (tmp_path / "hub" / "secret").stat().st_mode & 0o077 == 0
    assert secret_in(tmp_path / "hub" / "secret") == secret
    identity = MadeUpIdentity(secret)
    assert person_of_token(identity, identity.token("ada")).teams == {"engines"}
    for wrong in (
        "ada",
        identity.token("mallory"),
        identity.token("ada")[:-1],
        "bose" + identity.token("ada")[3:],
    ):
        with pytest.raises(IdentityError):
            person_of_token(identity, wrong)
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        assert loopback(host) == host
    for host in ("0.0.0.0", "192.168.1.2", "::", "example.org", ""):
        with pytest.raises(NotLoopback):
            loopback(host)


def test_a_browser_comes_back_with_what_it_was_sent_with():
    oauth = OAuthSignIn("service-hub", "s", "/hub/api/oauth2/authorize", "http://hub/t", "/cb")
    address, state = oauth.begin("/services/hub/docs")
    query = parse_qs(urlsplit(address).query)
    assert query["client_id"] == ["service-hub"]
    assert state not in address
    for nonce, kept in (
        ("", state),
        ("x", state),
        (query["state"][0], ""),
        (query["state"][0], "x"),
    ):
        with pytest.raises(IdentityError):
            asyncio.run(oauth.complete("code", nonce, kept))
    other = OAuthSignIn("service-hub", "s", "/a", "http://hub/t", "/cb")
    with pytest.raises(IdentityError):
        asyncio.run(other.complete("code", query["state"][0], state))
    with pytest.raises(IdentityError):
        oauth.token_in("not a cookie of ours")


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/services/hub/docs", True),
        ("/services/hub/items?q=a", True),
        ("/services/hubris", False),
        ("//evil.example/services/hub/", False),
        ("https://evil.example/services/hub/", False),
        ("/services/hub/../../user/ada", False),
        ("/services/hub/%2e%2e/x", False),
        ("/services/hub/\\evil.example", False),
        ("/services/hub/\r\nX: y", False),
        ("", False),
    ],
)
def test_a_browser_is_sent_on_to_this_service_alone(path, ours):
    assert leads_here(path, "/services/hub") is ours
