"""A team's evening on a JupyterHub: two learners and an instructor, in a real Chromium.

Then what each of them must not do. With LEPTON_SCREENSHOTS=docs/images the pictures of
docs/operators.md are made anew.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browser import FLAGS, picture, unreadable
from conftest import CLONE, skip_unless_ci
from operators_page import commands
from playwright.sync_api import Browser, expect, sync_playwright
from postgres import PostgresServer, postgres_programs, postgres_server
from team_hub import ASSIGNMENT, COURSE, TeamHub, skip_without_hub, team_hub, wait_for
from team_people import MODULE, NOTEBOOK, SHARE, Person, answers_of_the_course, pictures, scores

from lepton_team.folders import SHARING_ACCOUNT

pytestmark = [pytest.mark.team, pytest.mark.browser]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer | None]:
    """Where grades and what the hub keeps are; None where no PostgreSQL is installed."""
    programs = postgres_programs()
    if programs is None:
        yield None
    else:
        with postgres_server(programs) as server:
            yield server


@pytest.fixture(scope="module")
def hub(chromium, built_curriculum, tmp_path_factory, postgres) -> Iterator[TeamHub]:
    skip_without_hub()
    folder = tmp_path_factory.mktemp("evening")
    with team_hub(folder, postgres and postgres.new_database) as hub:
        yield hub


@pytest.fixture(scope="module")
def browser(chromium) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def people(hub, browser) -> dict[str, Person]:
    """Everybody has signed in."""
    people = {name: Person(browser, hub, name) for name in ("ada", "bose", "curie")}
    for person in people.values():
        person.sign_in()
    return people


@pytest.fixture(scope="module")
def terminal(people) -> Iterator:
    """Types a command into a terminal of the course's JupyterLab, and waits for its end."""
    curie, hub = people["curie"], people["curie"].hub
    curie.lab.menu("File", "New", "Terminal")
    curie.page.locator(".xterm-helper-textarea").wait_for(state="attached")
    end = hub.classroom.parent / "end"

    def run(command: str) -> None:
        end.unlink(missing_ok=True)
        curie.page.locator(".xterm-screen").click()
        curie.page.keyboard.type(f"clear; {command}; echo $? > ~/end\n")
        wait_for(lambda: end.exists() and end.read_text().strip(), command)
        assert end.read_text().strip() == "0", command

    return run


def test_the_page_for_signing_in_says_that_it_is_a_demonstration(browser, hub, tmp_path):
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.goto(f"{hub.url}/hub/login")
    expect(page.get_by_text("This sign-in checks nobody's identity")).to_be_visible()
    pictures(page, tmp_path / "team-sign-in")
    assert unreadable(page, ".announcement, form") == []
    page.close()


def test_a_learner_arrives_at_the_course_map_and_an_instructor_at_formgrader(people, tmp_path):
    for name in ("ada", "bose"):
        people[name].lab.panel().get_by_role("heading", name="Lepton Course").wait_for()
    inside = people["curie"].page.frame_locator("iframe")
    expect(inside.get_by_role("link", name=ASSIGNMENT)).to_be_visible()
    for name in ("ada", "curie"):
        lab = people[name].lab
        pictures(lab.page, tmp_path / f"team-{name}", lab, shown=name == "ada")


def test_learners_fetch_work_check_and_submit(people, tmp_path):
    answers = answers_of_the_course()
    for name in ("ada", "bose"):
        people[name].assignment_list()
        people[name].press("Fetch", then="fetched_assignments_list")
    ada, bose = people["ada"], people["bose"]
    pictures(ada.page, tmp_path / "team-assignments", ada.lab)

    ada.write_work(answers | {"prepare-answer": "# here"})
    ada.page.goto(f"{ada.hub.url}/user/ada/lab/tree/{NOTEBOOK}?reset")
    ada.lab.kernel_ready()
    ada.lab.run("begin(")
    ada.lab.write("# here", answers["prepare-answer"])
    expect(ada.lab.run('check("prepare")')).to_contain_text("right (3 of 3 points)")
    picture(ada.page, tmp_path / "team-check.png")
    ada.lab.saved(NOTEBOOK)
    ada.assignment_list()
    ada.submit()

    del answers["distances-answer"]
    bose.write_work(answers)
    bose.submit()


def test_a_learners_kernels_are_reached_through_files_and_not_ports(people, hub):
    show = "cat $JUPYTER_RUNTIME_DIR/kernel-*.json"
    said = hub.run_as("ada", "sh", "-c", show, cwd=hub.home("ada")).stdout
    assert said.count('"transport": "ipc"') == said.count('"shell_port"') > 0


def test_the_instructor_collects_grades_and_gives_feedback(people, hub, terminal, tmp_path):
    terminal(f"lepton class collect . {ASSIGNMENT}")
    terminal(f"lepton class grade . {ASSIGNMENT} 2> ~/said")  # a moving bar costs Chromium 10 s
    picture(people["curie"].page, tmp_path / "team-graded.png")
    terminal(f"lepton class feedback . {ASSIGNMENT} --release")
    assert scores(hub) == {"ada": 18, "bose": 16}, "one exercise is missing"


def test_a_notebook_shares_by_the_hub_beside_whose_folder_is_its_own(people, hub):
    said = hub.run_as("ada", sys.executable, "-c", SHARE, cwd=hub.home("ada"))
    assert "Shared as hub:engines/rides@1" in said.stdout, said.stderr
    files = [path for path in hub.folders.sharing.rglob("*") if path.is_file()]
    assert {path.stat().st_uid for path in files} == {hub.number(SHARING_ACCOUNT)}
    assert not [path for path in files if path.stat().st_mode & 0o077]


@pytest.mark.parametrize(("name", "score"), [("ada", "18"), ("bose", "16")])
def test_a_learner_reads_their_feedback(people, hub, name, score, tmp_path):
    learner = people[name]
    learner.page.get_by_title("Refresh assignments list").click()
    learner.page.get_by_role("button", name="Fetch Feedback").click()
    folder = learner.workspace / COURSE / ASSIGNMENT / "feedback"
    wait_for(lambda: list(folder.glob("*/assignment.html")), "feedback")
    [page] = folder.glob("*/assignment.html")
    address = page.relative_to(learner.workspace).as_posix()
    learner.page.goto(f"{hub.url}/user/{name}/files/{address}")
    expect(learner.page.get_by_role("heading").first).to_contain_text(f"Score: {score}")
    pictures(learner.page, tmp_path / f"team-feedback-{name}")
    assert unreadable(learner.page, "h1, h2, h3") == []


def test_the_instructor_reads_the_classs_report(people, hub, terminal, tmp_path):
    terminal("lepton class report .")
    page = people["curie"].page.context.new_page()
    page.goto(f"{hub.url}/services/{COURSE}/files/report/report.html")
    expect(page.get_by_text("Engines").first).to_be_visible()
    pictures(page, tmp_path / "team-report")
    assert unreadable(page, "h1, h2, h3, p, ul, table") == []
    page.close()


@pytest.fixture(scope="module")
def token(people, hub) -> str:
    """The token that ada's own programs have for the hub."""
    environment = Path(f"/proc/{hub.server_process('ada')}/environ").read_text()
    return re.search(r"JUPYTERHUB_API_TOKEN=(\w+)", environment)[1]


@pytest.fixture(scope="module")
def signed_in(people, hub) -> Iterator[httpx.Client]:
    """What ada may ask for in her browser."""
    client = hub.sign_in("ada")
    hub.start_lab(client, "ada")
    yield client
    client.close()


REFUSED = [
    f"/services/{COURSE}/lab",
    f"/services/{COURSE}/formgrader/manage_assignments",
    f"/services/{COURSE}/formgrader/api/submissions/{ASSIGNMENT}",
    f"/services/{COURSE}/api/contents/private/seed",
    f"/services/{COURSE}/files/gradebook.db",
    f"/services/{COURSE}/api/terminals",
    f"/user/bose/api/contents/{NOTEBOOK}",
    f"/user/bose/files/{NOTEBOOK}",
    "/user/ada/formgrader/manage_assignments",
    "/hub/admin",
    "/hub/api/users",
    "/hub/api/users/bose",
    "/hub/api/groups",
    "/hub/api/proxy",
]


@pytest.mark.parametrize("place", REFUSED)
def test_a_learner_is_refused_what_is_not_theirs(hub, signed_in, token, place):
    assert signed_in.get(place).status_code in (403, 404)
    answer = httpx.get(f"{hub.url}{place}", headers={"Authorization": f"token {token}"})
    assert answer.status_code in (302, 403, 404)
    assert "/hub/" in answer.headers.get("location", "/hub/"), "the way to the sign-in"


@pytest.mark.parametrize(
    ("method", "place"),
    [
        ("POST", f"groups/formgrade-{COURSE}/users"),
        ("POST", "users/bose/tokens"),
        ("POST", "users/bose/server"),
        ("DELETE", "users/bose/server"),
        ("PATCH", "users/ada"),
        ("POST", "shutdown"),
    ],
)
def test_a_learners_token_changes_nothing_at_the_hub(hub, token, method, place):
    answer = httpx.request(
        method,
        f"{hub.url}/hub/api/{place}",
        headers={"Authorization": f"token {token}"},
        json={"users": ["ada"], "admin": True},
    )
    assert answer.status_code in (403, 404)


READER = """
import json, sys
def outcome(path):
    try:
        with open(path, "rb") as file:
            return f"read {len(file.read())} bytes"
    except IsADirectoryError:
        import os
        try:
            return f"listed {os.listdir(path)}"
        except OSError as error:
            return type(error).__name__
    except OSError as error:
        return type(error).__name__
print(json.dumps({path: outcome(path) for path in sys.argv[1:]}))
"""


def test_a_learners_programs_cannot_read_what_is_not_theirs(people, hub, postgres):
    ada, course = hub.home("ada"), hub.home(f"course-{COURSE}")
    secret = [
        hub.home("bose") / "lepton" / NOTEBOOK,
        hub.home("bose"),
        hub.classroom / "nbgrader_config.py",
        hub.classroom / "private/seed",
        hub.classroom / "source",
        course,
        hub.folders.hub,
        hub.folders.hub / "cookie_secret",
        hub.folders.team_file,
        hub.folders.exchange / COURSE / "inbound",
        MODULE / "assignment.ipynb",
        MODULE / "exercises/prepare.py",
        CLONE / "tests/conftest.py",
        CLONE / ".git",
        Path(f"/proc/{hub.server_process('bose')}/environ"),
        Path(f"/proc/{hub.process.pid}/environ"),
    ]
    if postgres:
        secret.append(postgres.folder)
    else:
        secret += [hub.classroom / "gradebook.db", hub.folders.hub / "jupyterhub.sqlite"]
    assert all(path.exists() for path in secret), "else the test tries nothing"
    own = ada / "lepton" / NOTEBOOK
    done = hub.run_as("ada", "python3", "-c", READER, *map(str, [*secret, own]), cwd=ada / "lepton")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said.pop(str(own)).startswith("read")
    assert {p: o for p, o in said.items() if o.startswith(("read", "listed"))} == {}


FLOOD = """
import os, signal
made = []
try:
    while len(made) < 2000:
        pid = os.fork()
        if not pid:
            signal.pause()
        made.append(pid)
except BlockingIOError:
    print("stopped")
finally:
    for pid in made:
        os.kill(pid, signal.SIGKILL)
"""


@pytest.mark.parametrize(
    "code", [FLOOD, "try:\n    bytearray(9 << 30)\nexcept MemoryError:\n    print('stopped')"]
)
def test_a_learners_programs_stay_within_their_limits(people, hub, code):
    done = hub.run_as("bose", "python3", "-c", code, cwd=hub.home("bose"))
    assert done.stdout == "stopped\n", done.stderr


def test_work_in_anothers_name_is_not_collected(people, hub, terminal):
    forged = (
        hub.folders.exchange / COURSE / "inbound" / f"bose+{ASSIGNMENT}+2099-01-01 12:00:00 UTC"
    )
    unreadable_name = forged.with_name(f"x+{ASSIGNMENT}+never")
    script = (
        "import pathlib, shutil, sys\n"
        "for name in sys.argv[2:]:\n"
        "    shutil.copytree(sys.argv[1], name)\n"
        "    pathlib.Path(name, 'timestamp.txt').write_text('2099-01-01 12:00:00 UTC')\n"
    )
    own = hub.home("ada") / "lepton" / COURSE / ASSIGNMENT
    done = hub.run_as(
        "ada", "python3", "-c", script, str(own), str(forged), str(unreadable_name), cwd=own
    )
    assert done.returncode == 0, done.stderr
    terminal(f"lepton class collect . {ASSIGNMENT}")
    kept = hub.classroom / "attempts" / "bose" / ASSIGNMENT
    assert sorted(path.name for path in kept.iterdir()) == ["1"]
    stamp = hub.classroom / "submitted" / "bose" / ASSIGNMENT / "timestamp.txt"
    assert not stamp.read_text().startswith("2099")


def test_grades_and_what_the_hub_keeps_are_in_postgresql(people, hub, postgres):
    if postgres is None:
        skip_unless_ci("There is no PostgreSQL server. On Debian: sudo apt install postgresql")
    assert postgres.query("hub", "SELECT name FROM users ORDER BY 1") == ["ada", "bose", "curie"]
    students = "SELECT student_id FROM submitted_assignment ORDER BY 1"
    assert postgres.query("gradebook", students) == ["ada", "bose"]
    assert not list(hub.folders.hub.glob("*.sqlite"))
    assert not (hub.classroom / "gradebook.db").exists()

    _, dump, restore = commands("PostgreSQL")
    postgres.new_database("restored")
    postgres.run(*dump.replace(" ID", " gradebook").split())
    postgres.run(*restore.replace("=ID ", "=restored ").split())
    assert postgres.query("restored", students) == ["ada", "bose"]
