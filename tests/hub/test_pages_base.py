"""What all pages share: who looks, forms that come from elsewhere, ways out, errors, files."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from hub_routes import routes_of
from page_visitor import ORIGIN, PageContent, PageVisitor
from small_hub import small_hub

from lepton_hub.api.form_tokens import HEADER
from lepton_hub.api.routes.other_routes import leads_here
from lepton_hub.application import create_app
from lepton_hub.identity.made_up import MadeUpIdentity, MadeUpSignIn
from lepton_hub.identity.oauth import COOKIE
from lepton_hub.identity.person import SignInUnavailable
from lepton_hub.pages.forms import FormUnreadable
from lepton_hub.pages.forms.sent_fields import parse_multipart
from lepton_hub.pages.page_rendering import POLICY, see_other
from lepton_hub.pages.sign_in_pages import become
from lepton_hub.pages.visitors import SentForm, Visitor, sent_form

SAME = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
router = APIRouter()
kept = []


@router.post("/pages/test-form")
def take(request: Request, person: Visitor, form: SentForm) -> Response:
    """Take any form."""
    fields = {name: form.all(name) for name in form if name != "form_token"}
    kept.append((person.name, fields, form.files("file")))
    return see_other(request, "/pages/", said="Kept <b>for ada</b>.")


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with small_hub(tmp_path_factory.mktemp("hub")) as made:
        made.app.router.routes.insert(0, router.routes[0])
        yield made


@pytest.fixture
def ada(hub):
    kept.clear()
    return PageVisitor(hub, "ada")


def test_the_hubs_address_leads_to_the_start_by_way_of_signing_in(hub):
    stranger = PageVisitor(hub, None)
    assert stranger.get("/").headers["location"] == "/pages/"
    for path in ("/pages/", "/pages/search?q=a%20b", "/pages/nothing"):
        answer = stranger.get(path)
        assert answer.status_code == 302
        where = urlsplit(answer.headers["location"])
        assert where.path == "/login"
        assert parse_qs(where.query)["next"] == [path]
        assert stranger.get(answer.headers["location"]).headers["location"].startswith("/hub/aut")
    assert leads_here("/pages/search?q=a%20b", "")


@pytest.mark.parametrize("cookie", ["", "nonsense", "gAAAAA", "\u00e9"])
def test_a_cookie_of_others_is_nobodys(hub, cookie):
    answer = hub.client.get(
        "/pages/", headers={"Cookie": f"{COOKIE}={cookie}".encode()}, follow_redirects=False
    )
    assert answer.status_code == 302


def test_a_page_says_what_it_may_load_and_is_kept_by_nobody(ada):
    answer = ada.get("/pages/")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "ada" in PageContent(answer.text).text


def test_a_form_of_the_hubs_own_is_taken_once_and_said_once(ada):
    answer = ada.send("/pages/test-form", {"a": "1\r\n2", "b": ["x", "y"]})
    assert kept == [("ada", {"a": ["1\n2"], "b": ["x", "y"]}, [])]
    first = ada.after(answer)
    assert "Kept <b>for ada</b>." in first.text
    assert "Kept" not in ada.see("/pages/").text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://testserver.evil.example"},
        {**SAME, "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {**SAME, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_the_token(ada, headers):
    data = {"form_token": ada.token, "a": "typed by somebody else"}
    answer = ada.client.post("/pages/test-form", data=data, headers=headers)
    assert answer.status_code == 403
    assert "own pages" in PageContent(answer.text).text
    assert "typed by" not in answer.text
    assert not kept
    ada.client.cookies.clear()
    answer = ada.client.post("/pages/test-form", data=data, headers=headers)
    assert answer.status_code == 403
    assert "typed by" not in answer.text


@pytest.mark.parametrize("token", [None, "", "0" * 64, "of bose", "\u00e9"])
def test_a_wrong_token_changes_nothing_and_loses_nothing(hub, ada, token):
    data = {"a": "an hour's work\r\nand more", "b": ["x", "y"]}
    if token is not None:
        bose = PageVisitor(hub, "bose")
        data["form_token"] = bose.token if token == "of bose" else token
    answer = ada.client.post("/pages/test-form", data=data, headers=SAME)
    assert answer.status_code == 403
    assert not kept
    form = PageContent(answer.text).form("/pages/test-form")
    assert ada.client.post(form.action, data=form.fields, headers=SAME).status_code == 303
    assert kept == [("ada", {"a": ["an hour's work\nand more"], "b": ["x", "y"]}, [])]


def test_a_form_whose_sign_in_has_ended_is_kept_to_be_sent_again(hub, ada):
    stranger = PageVisitor(hub, None)
    answer = stranger.client.post("/pages/test-form", data={"a": "work"}, headers=SAME)
    assert answer.status_code == 401
    form = PageContent(answer.text).form("/pages/test-form")
    assert form.fields["a"] == "work"
    again = ada.client.post("/pages/test-form", data=form.fields, headers=SAME)
    assert again.status_code == 403
    form = PageContent(again.text).form("/pages/test-form")
    ada.client.post("/pages/test-form", data=form.fields, headers=SAME)
    assert kept == [("ada", {"a": ["work"]}, [])]


def test_files_arrive_with_a_form(ada):
    content = bytes(range(256)) + b"\r\n--not the end\r\n\r\n"
    files = [("file", ("dir/é.bin", content, "image/png")), ("file", ("b.txt", b"", "text"))]
    ada.send("/pages/test-form", {"a": "b"}, files=files)
    [(_, fields, [first, second])] = kept
    assert fields == {"a": ["b"]}
    assert (first.name, first.content, first.media_type) == ("é.bin", content, "image/png")
    assert (second.name, second.content) == ("b.txt", b"")
    assert second.media_type == "application/octet-stream"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b'junk\r\n--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x',
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nb\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: attachment; name="a"\r\n\r\nb\r\n--x--\r\n',
        b"--x\r\nNothing\r\n\r\nb\r\n--x--\r\n",
        b'--xContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--\r\n',
    ],
)
def test_what_is_no_form_is_refused(ada, body):
    with pytest.raises((FormUnreadable, UnicodeDecodeError)):
        parse_multipart(body, b"x")
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    for headers in (kind, {"Content-Type": "text/plain"}, {"Content-Type": "multipart/form-data"}):
        answer = ada.client.post("/pages/test-form", content=body, headers={**SAME, **headers})
        assert answer.status_code == 403
        assert "one of the hub's forms" in PageContent(answer.text).text
    many = "&".join(f"a{n}=" for n in range(4000))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ada.client.post("/pages/test-form", content=many, headers={**SAME, **kind})
    assert answer.status_code == 403


def test_the_cookie_changes_nothing_through_the_api_but_by_a_page_of_the_hubs_own(hub, ada):
    told = {"size": 0, "sha256": "0" * 64}
    token = {HEADER: ada.token}
    for headers, status in (
        (SAME, 401),
        (token, 401),
        ({**token, "Origin": "http://evil.example"}, 401),
        ({**SAME, HEADER: PageVisitor(hub, "bose").token}, 401),
        ({**SAME, **token}, 201),
    ):
        assert ada.client.post("/uploads", json=told, headers=headers).status_code == status


def test_every_page_that_takes_a_form_takes_only_its_own(hub):
    pages = [one for one in routes_of(create_app(hub.state)) if one.path.startswith("/pages")]
    assert len(pages) > 50
    for route in pages:
        assert not route.include_in_schema
        assert route.methods in ({"GET"}, {"POST"}), route.path
        checked = route.endpoint is become or sent_form in calls(route.dependant)
        assert checked == (route.methods == {"POST"}), route.path


def calls(dependant: Dependant) -> set:
    """Return all that a route depends on."""
    return {dependant.call}.union(*map(calls, dependant.dependencies))


def test_errors_are_pages_with_a_way_on(hub, ada, monkeypatch):
    found = ada.get("/pages/nothing")
    assert found.status_code == 404
    assert "no such page" in found.text
    assert "/pages/" in PageContent(found.text).links
    assert ada.client.put("/pages/").status_code == 405
    large = ada.client.post("/pages/test-form", data={"a": "x" * 3_000_000}, headers=SAME)
    assert large.status_code == 413
    assert large.headers["content-type"].startswith("text/html")
    monkeypatch.setattr(hub.state.identity, "person", fail(SignInUnavailable()))
    assert ada.get("/pages/").status_code == 503
    monkeypatch.setattr(hub.state.identity, "person", fail(RuntimeError("a secret trace")))
    broken = ada.get("/pages/")
    assert broken.status_code == 500
    assert "<h1>Something went wrong</h1>" in broken.text
    assert "secret" not in broken.text


def fail(error: Exception):
    """Return a function that raises."""

    async def raises(token: str, place: str) -> None:
        raise error

    return raises


def test_static_files_have_etags_and_no_others_are_served(ada):
    page = ada.see("/pages/")
    assert len(page.sources) >= 3
    for address in page.sources:
        found = ada.get(address)
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]
        known = {"If-None-Match": found.headers["etag"]}
        assert ada.get(address.partition("?")[0], headers=known).status_code == 304
        assert "no-cache" in ada.get(address.partition("?")[0]).headers["cache-control"]
    for path in ("../page_rendering.py", "..%2fpage_rendering.py", "nothing", "hub.css/"):
        assert ada.get(f"/pages/static/{path}").status_code == 404


def test_made_up_people_are_chosen_with_the_key_alone(hub, monkeypatch):
    identity = MadeUpIdentity(b"secret")
    made_up = MadeUpSignIn(identity)
    monkeypatch.setattr(hub.state, "identity", identity)
    monkeypatch.setattr(hub.state, "oauth", None)
    monkeypatch.setattr(hub.state, "made_up", made_up)
    browser = PageVisitor(hub, None)
    address = browser.get("/pages/search?q=1").headers["location"]
    address = browser.get(address).headers["location"]
    assert address == "/pages/sign-in?next=%2Fpages%2Fsearch%3Fq%3D1"
    assert browser.get(address).status_code == 403
    assert browser.get(f"{address}&key=wrong").status_code == 403
    [_, *_] = forms = PageContent(browser.get(f"{address}&key={made_up.key}").text).forms
    fields = {**forms[0].fields, "name": "grace"}
    for wrong, status in (({"key": "x"}, 403), ({"name": "eve"}, 404), ({"form_token": ""}, 403)):
        sent = browser.client.post("/pages/sign-in", data={**fields, **wrong}, headers=SAME)
        assert sent.status_code == status
    assert browser.client.post("/pages/sign-in", data=fields).status_code == 403
    for where, leads in (
        (fields["next"], "/pages/search?q=1"),
        ("//evil.example", "/pages/"),
        ("https://evil.example/", "/pages/"),
        ("/\\evil.example", "/pages/"),
    ):
        sent = browser.client.post(
            "/pages/sign-in",
            data={**fields, "next": where, "form_token": token_on(browser, made_up)},
            headers=SAME,
        )
        assert (sent.status_code, sent.headers["location"]) == (303, leads)
    page = browser.see("/pages/")
    assert "grace" in page.text
    assert "checks nobody's identity" in page.text
    assert browser.get("/pages/sign-in").status_code == 200, "who is somebody may be another"


def token_on(browser: PageVisitor, made_up: MadeUpSignIn) -> str:
    """Return the token of the page where people are chosen."""
    page = PageContent(browser.get(f"/pages/sign-in?key={made_up.key}").text)
    return page.forms[-1].fields["form_token"]
