"""`lepton class create`: what a class holds, what is told of a bad roster, what a rerun does."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from tiny_course import DOUBLE, ROSTER, TOTAL, release_of, write_curriculum, write_roster
from typer.testing import CliRunner

from autograder.classroom.roster import RosterError, parse_roster
from autograder.cli.class_commands import class_app

# nbgrader's own use of SQLAlchemy warns when a submission is added.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

HEADER = "id,first_name,last_name,email,team\n"
ADA = "ada,Ada,Lovelace,ada@example.org,Engines\n"


def lepton_class(*arguments: object):
    """Runs `lepton class …`."""
    return CliRunner().invoke(class_app, [str(argument) for argument in arguments])


def create(folder: Path, roster: str = ROSTER):
    """Runs `lepton class create` on the small curriculum."""
    curriculum = folder / "curriculum"
    if not curriculum.exists():
        write_curriculum(folder)
    return lepton_class(
        "create", folder / "class",
        "--roster", write_roster(folder, roster), "--curriculum", curriculum,
    )  # fmt: skip


def students(classroom: Path) -> dict[str, str]:
    """The gradebook's students and their e-mails."""
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        return {student.id: student.email for student in gradebook.students}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    done = create(folder)
    assert done.exit_code == 0, done.output
    return folder / "class"


def test_a_class_has_nbgraders_layout(made):
    assert (made / "nbgrader_config.py").is_file()
    assert (made / "gradebook.db").is_file()
    assert (made / "source/small_sums/assignment.ipynb").is_file()
    assert (made / "release/small_sums/assignment.ipynb").is_file()
    assert (made / "release/small_sums/figures/sum.svg").is_file()
    assert (made / "submitted").is_dir()


def test_the_roster_is_in_the_gradebook(made):
    assert students(made) == {
        "ada": "ada@example.org",
        "grace": "grace@example.org",
        "linus": "linus@example.org",
    }


def test_the_secret_seed_is_the_owners_alone(made):
    assert stat.S_IMODE((made / "private/seed").stat().st_mode) == 0o600
    assert stat.S_IMODE((made / "private").stat().st_mode) == 0o700
    assert len((made / "private/seed").read_text().strip()) == 64


def test_the_release_holds_no_solution_and_no_exercises(made):
    released = [path for path in (made / "release").rglob("*") if path.is_file()]
    assert sorted(path.name for path in released) == ["assignment.ipynb", "sum.svg"]
    text = "".join(cell.source for cell in release_of(made).cells)
    for line in [*DOUBLE.splitlines(), *TOTAL.splitlines(), "Because addition commutes."]:
        assert line not in text
    assert "raise NotImplementedError()" in text


def test_grades_are_in_a_database_elsewhere_that_is_told_once(tmp_path):
    database = f"sqlite:///{tmp_path}/grades.db"
    write_curriculum(tmp_path)
    arguments = (
        "create", tmp_path / "class",
        "--roster", write_roster(tmp_path, ROSTER), "--curriculum", tmp_path / "curriculum",
        "--gradebook",
    )  # fmt: skip
    refused = lepton_class(*arguments, f"sqlite:///{tmp_path}/missing/grades.db")
    assert refused.exit_code == 1
    assert "database cannot be used" in refused.output
    assert not (tmp_path / "class").exists()

    assert lepton_class(*arguments, database).exit_code == 0
    with Gradebook(database) as gradebook:
        assert len(gradebook.students) == 3
    assert not (tmp_path / "class/gradebook.db").exists()
    config = tmp_path / "class/nbgrader_config.py"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600, "the address may hold a password"
    again = lepton_class(*arguments, database)
    assert "is there already" in again.output


def test_nothing_is_left_beside_the_class(made):
    assert sorted(path.name for path in made.parent.iterdir()) == [
        "class", "curriculum", "roster.csv",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("roster", "told"),
    [
        ("", "line 1: the file is empty"),
        (HEADER, "line 2: there is no student"),
        ("id,first_name,email,team\nada,Ada,a@x,T\n", "line 1: missing columns: last_name"),
        (HEADER.replace(",", ";") + ADA.replace(",", ";"), "line 1: the columns are separated by"),
        (HEADER + ADA + ADA, "line 3: the id 'ada' is already on line 2"),
        (HEADER + "../ada,Ada,Lovelace,a@x,T\n", "line 2: the id '../ada'"),
        (HEADER + ADA + "a*,Ada,Lovelace,a@x,T\n", "line 3: the id 'a*'"),
        (HEADER + ".,Ada,Lovelace,a@x,T\n", "line 2: the id '.'"),
        (HEADER + ",Ada,Lovelace,a@x,T\n", "line 2: the id is empty"),
        (HEADER + "ada,Ada,Lovelace,a@x,Engines, Analytical\n", "line 2: 6 fields"),
        (HEADER + "ada,Ada,Lovelace,nowhere,T\n", "line 2: the e-mail 'nowhere' has no @"),
        (HEADER + 'ada,"Ada,Lovelace,a@x,T\n', "line 2:"),
        ("id,id," + HEADER[3:] + "a,a,A,L,a@x,T\n", "line 1: columns that appear twice: id"),
    ],
)
def test_a_mistake_in_the_roster_is_told_by_line(roster, told):
    with pytest.raises(RosterError) as error:
        parse_roster(roster.encode())
    assert told in str(error.value)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(RosterError) as error:
        parse_roster((HEADER + "/,A,B,a@x,T\nb\nc,C,C,no,T\n").encode())
    assert [problem.split(":")[0] for problem in error.value.problems] == [
        "line 2", "line 3", "line 4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ((HEADER + "ines,Inés,C,i@x,T\n").encode("latin-1"), "line 2: a character is not in UTF-8"),
        ((HEADER + ADA).encode("utf-16"), "line 1: the file is in UTF-16"),
        ((HEADER + "a\0,A,B,a@x,T\n").encode(), "line 2: there is a zero byte"),
    ],
)
def test_a_wrong_encoding_is_told_by_line(data, told):
    with pytest.raises(RosterError, match=told):
        parse_roster(data)


def test_a_roster_from_a_spreadsheet_is_read():
    text = "﻿email,team, id ,first_name,last_name,room\r\ni@x,T,ines,Inés,C,4\r\n\r\n"
    (student,) = parse_roster(text.encode())
    assert (student.id, student.first_name, student.team) == ("ines", "Inés", "T")


def test_a_bad_roster_leaves_nothing_behind(tmp_path):
    done = create(tmp_path, HEADER + "../x,A,B,a@x,T\n")
    assert done.exit_code == 1
    assert "line 2" in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curriculum", "roster.csv"]


def test_a_notebook_that_cannot_be_released_leaves_nothing_behind(tmp_path):
    curriculum = write_curriculum(tmp_path)
    (curriculum / "basics/07_small_sums/assignment.ipynb").write_text('{"nbformat": 4}')
    done = create(tmp_path)
    assert done.exit_code == 1
    assert "small_sums" in done.output
    assert not (tmp_path / "class").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curriculum", "roster.csv"]


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path):
    (tmp_path / "class").mkdir()
    (tmp_path / "class/thesis.tex").write_text("precious")
    done = create(tmp_path)
    assert done.exit_code == 1
    assert "not empty" in done.output
    assert [path.name for path in (tmp_path / "class").iterdir()] == ["thesis.tex"]


def test_a_folder_without_modules_is_refused(tmp_path):
    done = lepton_class(
        "create", tmp_path / "class",
        "--roster", write_roster(tmp_path), "--curriculum", tmp_path,
    )  # fmt: skip
    assert done.exit_code == 1
    assert "no module" in done.output
    assert not (tmp_path / "class").exists()


def test_a_second_run_adds_students_and_keeps_the_rest(made, tmp_path):
    shutil.copytree(made.parent, tmp_path, dirs_exist_ok=True)
    classroom = tmp_path / "class"
    seed = (classroom / "private/seed").read_bytes()
    release = (classroom / "release/small_sums/assignment.ipynb").read_bytes()
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        submission = gradebook.add_submission("small_sums", "linus")
        submission.notebooks[0].grades[0].manual_score = 1.5
        gradebook.db.commit()

    done = create(tmp_path, HEADER + "emmy,Emmy,Noether,emmy@example.org,T\n" + ADA)

    assert done.exit_code == 0, done.output
    assert "new students: 1" in done.output
    assert set(students(classroom)) == {"ada", "emmy", "grace", "linus"}
    assert len((classroom / "roster.csv").read_text().splitlines()) == 5
    assert (classroom / "private/seed").read_bytes() == seed
    assert (classroom / "release/small_sums/assignment.ipynb").read_bytes() == release
    with Gradebook(f"sqlite:///{classroom}/gradebook.db") as gradebook:
        assert gradebook.find_submission("small_sums", "linus").score == 1.5


def test_a_second_run_with_a_bad_roster_changes_nothing(made, tmp_path):
    shutil.copytree(made.parent, tmp_path, dirs_exist_ok=True)
    before = {p: p.read_bytes() for p in (tmp_path / "class").rglob("*") if p.is_file()}
    assert create(tmp_path, HEADER + "emmy,E,N,e@x,T\nemmy,E,N,e@x,T\n").exit_code == 1
    assert before == {p: p.read_bytes() for p in (tmp_path / "class").rglob("*") if p.is_file()}


def test_a_changed_assignment_is_kept_and_told(made, tmp_path):
    shutil.copytree(made.parent, tmp_path, dirs_exist_ok=True)
    notebook = tmp_path / "curriculum/basics/07_small_sums/assignment.ipynb"
    notebook.write_text(notebook.read_text().replace("Small sums", "Smaller sums"))
    done = create(tmp_path)
    assert "kept as it is: small_sums" in done.output
    assert "Smaller" not in (tmp_path / "class/source/small_sums/assignment.ipynb").read_text()


def test_two_classes_have_different_seeds(made, tmp_path):
    create(tmp_path)
    assert (made / "private/seed").read_text() != (tmp_path / "class/private/seed").read_text()


def test_a_class_may_be_moved(made, tmp_path):
    shutil.copytree(made.parent / "curriculum", tmp_path / "curriculum")
    shutil.copytree(made, tmp_path / "moved")
    done = lepton_class("export", tmp_path / "moved")
    assert done.exit_code == 0, done.output
    assert "Engines, Analytical" in (tmp_path / "moved/grades.csv").read_text()


def test_commands_on_a_folder_that_is_no_class_say_so(tmp_path):
    for command in (["grade", tmp_path, "x"], ["feedback", tmp_path, "x"], ["export", tmp_path]):
        done = lepton_class(*command)
        assert done.exit_code == 1
        assert "is not a class" in done.output


def test_a_class_needs_a_roster_or_made_up_people(tmp_path):
    for people in ((), ("--made-up", 3, "--roster", write_roster(tmp_path))):
        done = lepton_class("create", tmp_path / "class", *people)
        assert done.exit_code == 1
        assert "--roster FILE, or --made-up 30" in done.output
    assert not (tmp_path / "class").exists()


def test_nobody_hands_in_for_real_people(made, tmp_path):
    shutil.copytree(made, tmp_path / "class")
    roster = tmp_path / "class/roster.csv"
    roster.write_text(roster.read_text().replace("grace@example.org", "grace@company.com"))
    done = lepton_class("rehearse", tmp_path / "class", "small_sums")
    assert done.exit_code == 1
    assert "people on the roster who are not made up" in done.output
    assert not list(tmp_path.glob("*-learners"))


def test_a_refusal_of_the_exchange_is_told(made, tmp_path):
    shutil.copytree(made.parent / "curriculum", tmp_path / "curriculum")
    shutil.copytree(made, tmp_path / "class")
    exchange = tmp_path / "file"
    exchange.write_text("")
    with (tmp_path / "class/nbgrader_config.py").open("a") as config:
        config.write(f"c.Exchange.root = {str(exchange)!r}")
    done = lepton_class("collect", tmp_path / "class", "small_sums")
    assert done.exit_code == 1
    assert "nbgrader's exchange refused" in done.output
    assert "Unwritable directory" in done.output
    assert "c.Exchange.root" in done.output
