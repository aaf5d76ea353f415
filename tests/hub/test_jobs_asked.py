"""Asking for jobs: who may, what is refused, what others see of it, and the notebook's client."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest
from bounded_waits import join_all
from pool_hub import RESULT, PoolHub, pool_hub
from small_hub import CARD, small_hub
from test_hub_client import Wire

from lepton_course.hub import HubConnection, HubError, JobFailed, find_jobs, train
from lepton_hub.database.moments import now
from lepton_hub.identity.person import Person
from lepton_hub.jobs.job_queue import claim_job
from lepton_hub.jobs.running import program_process
from lepton_hub.jobs.running.local_room import capacity_here
from lepton_hub.settings import SettingsError, settings_of

CODE = "engines/code@1"


@contextmanager
def hub_with_code(folder):
    """Engines share code; curie has data that nobody else sees."""
    with small_hub(folder) as hub:
        hub.make("ada", "engines/code", "code")
        hub.add("ada", "engines/code", {"a.py": b"1", "b.py": b"2", "c.txt": b"3"})
        hub.make("ada", RESULT, "model")
        hub.make("curie", "~curie/data")
        hub.add("curie", "~curie/data", {"a.csv": b"1"})
        hub.make("curie", "~curie/code", "code")
        hub.add("curie", "~curie/code", {"a.py": b"1"})
        yield hub


@pytest.fixture
def hub(tmp_path):
    with hub_with_code(tmp_path) as hub:
        yield hub


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """A hub in which no job is ever asked for with success."""
    with hub_with_code(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


def asked(hub, who: str = "ada", **told):
    usual = {"program": CODE, "path": "a.py", "result": RESULT, "team": "engines"}
    return hub.post(who, "/train", {**usual, **told})


@pytest.mark.parametrize(
    "told",
    [
        {"program": "{}/code@1"},
        {"inputs": ["{}/data@1"]},
        {"inputs": [CODE, "{}/data@1"]},
        {"result": "{}/data"},
    ],
)
@pytest.mark.parametrize("who", ["ada", "bose", "grace"])
def test_what_the_asker_cannot_read_does_not_exist(refusing, told, who):
    """A stranger's item and one that is not there give the same answer, also to administrators."""

    def filled(space):
        fill = lambda value: value.format(space)  # noqa: E731
        return {k: [*map(fill, v)] if isinstance(v, list) else fill(v) for k, v in told.items()}

    hub = refusing
    if who == "grace":  # reads all, but not by a job
        hub.grant("ada", "engines/code", "person", "grace", "read")
        hub.grant("ada", RESULT, "person", "grace", "contribute")
    more = {"team": None} if who == "grace" else {}
    theirs = asked(hub, who, **filled("~curie"), **more)
    nothing = asked(hub, who, **filled("~nobody"), **more)
    assert (theirs.status_code, nothing.status_code) == (404, 404)
    assert theirs.content == nothing.content
    assert hub.get("grace", "/jobs").json()["total"] == 0


def test_only_the_asker_and_administrators_see_a_job(hub):
    id_ = asked(hub).json()["id"]
    places = [("GET", ""), ("GET", "/log"), ("GET", "/metrics"), ("DELETE", "")]
    for method, rest in places:
        for who in ("bose", "curie", "dora"):
            theirs = hub.ask(who, method, f"/jobs/{id_}{rest}")
            nothing = hub.ask(who, method, f"/jobs/{'A' * 16}{rest}")
            assert (theirs.status_code, nothing.status_code) == (404, 404)
            assert theirs.content == nothing.content
    assert [hub.get(w, "/jobs").json()["total"] for w in ("ada", "bose", "grace")] == [1, 0, 1]
    assert hub.get("grace", f"/jobs/{id_}").json()["state"] == "queued"
    assert hub.ask("grace", "DELETE", f"/jobs/{id_}").json()["detail"] == "Cancelled by grace."


def test_a_job_shows_only_what_its_asker_still_sees(hub):
    hub.grant("curie", "~curie/data", "person", "ada", "read")
    id_ = asked(hub, inputs=["~curie/data@1"]).json()["id"]
    assert hub.get("ada", f"/jobs/{id_}").json()["inputs"] == ["~curie/data@1"]
    [grant] = hub.get("curie", "/items/~curie/data/grants").json()["grants"]
    gone = {"subject": grant["subject"], "of": grant["name"]}
    hub.ask("curie", "DELETE", "/items/~curie/data/grants", params=gone)
    job = hub.get("ada", f"/jobs/{id_}").json()
    assert (job["inputs"], job["program"]) == ([], CODE)


@pytest.mark.parametrize(
    ("told", "status", "words"),
    [
        ({"path": None}, 422, "Name the file to run"),
        ({"path": "c.txt"}, 422, "runs a notebook"),
        ({"path": "d.py"}, 404, "no such thing"),
        ({"program": "engines/code"}, 422, "name a version"),
        ({"program": "engines/code@2"}, 404, "no such thing"),
        ({"limits": {"processors": 4096}}, 422, "limits.processors is at most"),
        ({"limits": {"memory": 2**49}}, 422, "limits.memory is at most"),
        ({"limits": {"seconds": 86_401}}, 422, "limits.seconds is at most"),
        ({"limits": {"gpus": 1}}, 422, "limits.gpus"),
        ({"team": "particles"}, 422, "must be one of your teams"),
        ({"parameters": {"class": 1}}, 422, "something else in Python"),
        ({"parameters": {"a b": 1}}, 422, "parameters"),
        ({"parameters": {"a": {"b": 1}}}, 422, "parameters"),
        ({"result": "engines/nothing"}, 404, "no such thing"),
    ],
)
def test_a_job_that_cannot_be_run_is_refused_in_words(refusing, told, status, words):
    answer = asked(refusing, **told)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text


def test_who_may_read_the_result_but_not_add_to_it_is_refused(hub):
    hub.grant("ada", "engines/code", "everybody", "", "read")
    hub.grant("ada", RESULT, "everybody", "", "read")
    assert asked(hub, "dora", team=None).status_code == 403


def test_a_person_in_two_teams_says_for_which(hub):
    hub.grant("ada", RESULT, "person", "bose", "contribute")
    assert asked(hub, "bose", team=None).json()["share"] == "engines"  # where the result stands
    hub.make("bose", "~bose/model", "model")
    answer = asked(hub, "bose", team=None, result="~bose/model")
    assert answer.status_code == 422
    assert "engines, particles" in answer.json()["detail"]
    hub.known.people["dora"] = Person("dora")
    hub.grant("ada", "engines/code", "person", "dora", "read")
    hub.make("dora", "~dora/model", "model")
    assert asked(hub, "dora", team=None, result="~dora/model").json()["share"] == "~dora"


def test_asking_twice_with_one_key_asks_once_and_too_often_is_refused(tmp_path):
    settings = replace(settings_of(tmp_path, {}).jobs, waiting=2)
    with small_hub(tmp_path, jobs=settings) as hub:
        pool = PoolHub(hub, walls={})
        program = pool.program({"a.py": ""})
        told = {"program": program, "result": RESULT}
        first, second = (hub.post("ada", "/train", told, **{"Idempotency-Key": "k"}) for _ in "12")
        assert first.json() == second.json()
        assert pool.ask(program).status_code == 202
        assert pool.ask(program).status_code == 409
        page = hub.get("ada", "/jobs", params={"limit": 1}).json()
        rest = hub.get("ada", "/jobs", params={"limit": 1, "cursor": page["next"]}).json()
        assert (page["total"], rest["next"]) == (2, None)
        assert page["jobs"][0]["id"] != rest["jobs"][0]["id"] == first.json()["id"]
        assert hub.get("ada", "/jobs", params={"state": "gave up"}).json()["total"] == 0


def test_without_walls_jobs_are_refused(hub, monkeypatch):
    def none():
        raise program_process.NoWalls("Jobs cannot be sandboxed on this machine: no kernel.")

    monkeypatch.setattr("lepton_hub.api.jobs.job_routes.walls_here", none)
    answer = asked(hub)
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("No jobs run here. Jobs cannot be sandboxed")


def test_deleting_an_item_cancels_jobs_that_need_it_and_erases_what_they_printed(tmp_path):
    with pool_hub(tmp_path) as pool:
        hub = pool.hub
        hub.make("ada", "engines/data")
        hub.add("ada", "engines/data", {"a.csv": b"1"})
        done = pool.ran("print('of the data')", inputs=["engines/data@1"])
        waits = pool.ask("engines/code@1", inputs=["engines/data@1"]).json()["id"]
        assert hub.ask("ada", "DELETE", "/items/engines/data").status_code == 200
        assert pool.told(done["id"])["log"] == ""
        job = pool.told(waits)
        assert (job["state"], job["detail"]) == ("cancelled", "An item it needs was deleted.")
        assert not pool.worker.run_next()
        hub.state.tidy()


def test_rights_are_those_of_the_moment_when_a_job_starts(tmp_path):
    with pool_hub(tmp_path) as pool:
        known = pool.hub.known.people
        object.__setattr__(pool.worker.place, "look_up", known.get)
        program = pool.program({"a.py": "print(1)"})
        assert pool.hub.grant("ada", RESULT, "person", "bose", "contribute").status_code == 200
        first, second = (pool.ask(program, "bose").json()["id"] for _ in "12")
        known["bose"] = Person("bose", frozenset({"particles"}), "analytical")
        assert pool.worker.run_next()
        told = pool.hub.get("bose", f"/jobs/{first}").json()
        assert (told["state"], told["program"]) == ("failed", None)
        assert "no longer exists" in told["detail"]
        del known["bose"]
        assert pool.worker.run_next()
        assert pool.hub.get("grace", f"/jobs/{second}").json()["state"] == "failed"


def test_quotas_hold_and_are_told(tmp_path):
    with pool_hub(tmp_path, running=1) as pool:
        program = pool.program({"a.py": ""})
        ids = [pool.ask(program).json()["id"] for _ in "12"]
        for found in (True, False):
            with pool.hub.state.sessions.begin() as session:
                settings, capacity = pool.settings, capacity_here()
                lease = claim_job(session, "w", capacity, settings, now())
            assert bool(lease) is found
        assert pool.told(ids[1])["detail"] == (
            "It is waiting: your organisation is running all the jobs its quota allows (1)."
        )


def test_a_notebook_trains_on_the_hub(tmp_path):
    with pool_hub(tmp_path) as pool:
        wire = Wire(pool.hub)
        ada = HubConnection("http://hub.test", "ada", transport=wire, pause=lambda _: None)
        program = pool.program({"a.py": "print('seen')\nopen('results/a', 'w').write('x')"})
        failing = pool.program({"a.py": "raise SystemExit('no luck')"})
        job = train(f"hub:{program}", result="engines/fresh", card=CARD, hub=ada)
        assert (job.state, job.result, job.log()) == ("queued", None, "")
        thread = threading.Thread(target=pool.worker.run_next)
        thread.start()
        assert job.wait(timeout=120, every=0.05).result == "hub:engines/fresh@1"
        join_all([thread])
        assert (job.log(), job.metrics()) == ("seen\n", {})
        bad = train(failing, result=RESULT, hub=ada)
        with pytest.raises(TimeoutError, match="has not been cancelled"):
            bad.wait(timeout=0.0)
        assert pool.worker.run_next()
        with pytest.raises(JobFailed, match="(?s)exited with status 1.*no luck"):
            bad.wait(timeout=120)
        other = train(program, result=RESULT, hub=ada)
        other.cancel()
        assert repr(other) == f"Job {other.id} is cancelled: Cancelled by ada."
        assert [one.id for one in find_jobs(hub=ada)] == [other.id, bad.id, job.id]
        assert [one.id for one in find_jobs("failed", hub=ada)] == [bad.id]
        with pytest.raises(HubError, match="no such thing"):
            train("hub:engines/nothing@1", result=RESULT, hub=ada)


def test_settings_of_jobs_come_from_the_environment(tmp_path):
    jobs = settings_of(tmp_path, {"LEPTON_HUB_WORKERS": "0", "LEPTON_HUB_JOB_SECONDS": "9"}).jobs
    assert (jobs.workers, jobs.seconds, jobs.folder) == (0, 9, tmp_path / "jobs")
    for name in ("LEPTON_HUB_JOBS_WALLS", "LEPTON_HUB_JOBS_RUNNING"):
        with pytest.raises(SettingsError, match=name):
            settings_of(tmp_path, {name: "0"})
