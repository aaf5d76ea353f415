"""People sign in to the hub by their company's identity provider: a real one, on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from company import PEOPLE, Company, arrives_at, company, skip_without_provider
from team_hub import skip_without_hub, wait_for

pytestmark = pytest.mark.team


@pytest.fixture(scope="module")
def lepton(tmp_path_factory) -> Iterator[Company]:
    """A company whose provider says who teaches and who learns."""
    skip_without_hub()
    skip_without_provider()
    with company(tmp_path_factory.mktemp("company")) as found:
        yield found


@pytest.mark.parametrize(
    ("name", "groups", "place"),
    [
        ("ada", ["nbgrader-deep_learning"], "/hub/spawn"),
        ("curie", ["formgrade-deep_learning"], "/services/deep_learning/lab?formgrader=true"),
    ],
)
def test_groups_come_from_a_claim_and_say_where_people_arrive(lepton, name, groups, place):
    assert arrives_at(lepton.browser().sign_in(name)) == place
    assert lepton.groups()[name] == groups


@pytest.mark.parametrize("name", ["mallory", "course-deep_learning"])
def test_who_is_in_no_course_or_takes_a_courses_name_is_refused(lepton, name):
    browser = lepton.browser()
    assert browser.sign_in(name).status_code == 403
    assert browser.home() == 302
    assert name not in lepton.groups()


def test_the_hub_asks_with_pkce_a_state_and_a_nonce(lepton):
    answer = lepton.browser().client.get(f"{lepton.url}/hub/oauth_login")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) > 40 for name in ("code_challenge", "state", "nonce"))


@pytest.mark.parametrize(
    "said",
    [
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"aud": "another client"},
        {"aud": ["hub", "another client"], "azp": "another client"},
        {"iss": "https://login.example.com"},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": int(time.time()) + 86_400},  # tests are collected an hour before the last ones run
        {"sub": "id-of-curie"},
        {"key": "other"},
        {"alg": "none"},
    ],
    ids=lambda said: next(iter(said)),  # a time in a name would differ between processes
)
def test_an_id_token_that_says_something_else_is_refused(lepton, said):
    browser = lepton.browser()
    lepton.next_token_says(**said)
    assert browser.sign_in("ada").status_code == 403
    assert browser.home() == 302, "not signed in"
    assert arrives_at(browser.sign_in("ada")) == "/hub/spawn", "the next token is right again"


def test_an_answer_counts_in_the_browser_that_asked_and_once(lepton):
    browser, victim = lepton.browser(), lepton.browser()
    callback = browser.to_callback("ada")
    assert victim.client.get(callback).status_code == 400, "no state of its own"
    victim.go(f"{lepton.url}/hub/oauth_login")
    assert victim.client.get(callback).status_code == 400, "another state"
    assert arrives_at(browser.client.get(callback)) == "/hub/spawn"
    assert browser.client.get(callback).status_code == 400, "a second time"
    assert victim.home() == 302


def test_a_stolen_code_is_worth_nothing_without_the_verifier(lepton):
    thief = lepton.browser()
    code = parse_qs(urlsplit(lepton.browser().to_callback("curie")).query)["code"][0]
    own = lepton.browser()
    callback = urlsplit(own.to_callback("ada"))
    asked = {name: values[0] for name, values in parse_qs(callback.query).items()}
    thief.client.cookies = own.client.cookies
    answer = thief.client.get(callback._replace(query="").geturl(), params={**asked, "code": code})
    assert answer.status_code == 403
    assert thief.home() == 302


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://login.example.com"}, {"state": "e30="}, {"code": "none"}, {"code": ""}],
    ids=str,
)
def test_an_answer_that_was_changed_on_its_way_is_refused(lepton, changes):
    browser = lepton.browser()
    callback = urlsplit(browser.to_callback("ada"))
    asked = {name: values[0] for name, values in parse_qs(callback.query).items()}
    answer = browser.client.get(callback._replace(query="").geturl(), params={**asked, **changes})
    assert answer.status_code in (400, 403)
    assert browser.home() == 302


def test_signing_out_ends_the_session_at_the_provider_too(lepton):
    browser = lepton.browser()
    browser.sign_in("ada")
    assert browser.home() == 200
    again = browser.go(f"{lepton.url}/hub/oauth_login")
    assert again.is_redirect, "the provider asks nobody twice"
    page = browser.go(f"{lepton.url}/hub/logout")
    assert browser.home() == 302
    page = browser.submit(page, logout="yes")
    assert str(page.url) == f"{lepton.url}/hub/login"
    assert 'name="login"' in browser.go(f"{lepton.url}/hub/oauth_login").text


def test_who_leaves_the_group_is_out_of_the_course_soon(lepton):
    browser = lepton.browser()
    browser.sign_in("curie")
    lepton.now_has({**PEOPLE, "curie": {"groups": ["staff"]}})
    try:
        wait_for(
            lambda: (
                browser.home() == 200 and lepton.groups()["curie"] == ["nbgrader-deep_learning"]
            ),
            "change of curie's groups",
        )
        lepton.now_has({**PEOPLE, "curie": {"groups": []}})
        wait_for(lambda: browser.home() == 302, "end of curie's time at the hub")
    finally:
        lepton.now_has(PEOPLE)


def test_a_course_of_a_cluster_opens_for_those_who_teach_it(lepton):
    lepton.serve_course()
    place = f"{lepton.url}/services/deep_learning"
    for name, status in (("curie", 200), ("ada", 403)):
        browser = lepton.browser()
        browser.sign_in(name)
        assert browser.go(f"{place}/lab").status_code == status, name
        assert browser.client.get(f"{place}/api/contents").status_code == status
        assert browser.home() == 200


def test_a_team_file_and_a_roster_may_say_who_is_in_a_course(tmp_path):
    skip_without_hub()
    skip_without_provider()
    with company(tmp_path, groups="") as found:
        for name in ("ada", "curie"):
            found.browser().sign_in(name)
        assert found.groups() == {
            "ada": ["nbgrader-deep_learning"],
            "curie": ["formgrade-deep_learning"],
        }
        assert found.browser().sign_in("mallory").status_code == 403
