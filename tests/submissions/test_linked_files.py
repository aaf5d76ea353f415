"""Links in submissions: followed where nothing is the course's, and always named."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.submissions.linked_files import LinkRules, without_links
from autograder.submissions.submission import NotGradable


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with a solution, another learner's work, a gradebook and a collector's inbox."""
    root = tmp_path / "teaching/course"
    files = {
        "source/ps/p.ipynb": "the solution",
        "submitted/bob/ps/p.ipynb": "bob's work",
        ".lepton/results": "secret",
        "gradebook.db": "grades",
        "inbox/ada/p.ipynb": "ada's work",
        "inbox/helper.py": "help",
        "inbox/data/a.csv": "1",
        "../notes.txt": "the teacher's",
        "../other/source/ps/p.ipynb": "another solution",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root.resolve()


def settled(course: Path, folder: Path) -> tuple[dict[str, str], list[str]]:
    """The files that count, and what is told."""
    rules = LinkRules(course, frozenset({"source", "release", "submitted", "autograded"}))
    found, notes = without_links(folder, rules, course / ".lepton/staging")
    files = (path for path in sorted(found.rglob("*")) if path.is_file() and not path.is_symlink())
    return {path.relative_to(found).as_posix(): path.read_text() for path in files}, notes


def submission(course: Path) -> Path:
    folder = course / "submitted/ada/ps"
    folder.mkdir(parents=True)
    (folder / "p.ipynb").write_text("ada's work")
    return folder


def test_a_folder_without_links_stays_where_it_is(course):
    folder = submission(course)
    rules = LinkRules(course, frozenset())
    assert without_links(folder, rules, course / "staging") == (folder, [])


def test_a_folder_that_is_a_link_is_followed(course):
    (course / "submitted/ada").mkdir()
    (course / "submitted/ada/ps").symlink_to(course / "inbox/ada")
    assert settled(course, course / "submitted/ada/ps") == ({"p.ipynb": "ada's work"}, [])


@pytest.mark.parametrize("target", ["source/ps", "submitted/bob/ps", ".", ".lepton", "nowhere"])
def test_a_folder_that_leads_to_the_courses_own_is_refused(course, target):
    (course / "submitted/ada").mkdir()
    (course / "submitted/ada/ps").symlink_to(course / target)
    with pytest.raises(NotGradable, match="its folder is a link to .*: put a copy there"):
        settled(course, course / "submitted/ada/ps")


def test_notebooks_helpers_and_folders_are_taken_and_named(course):
    folder = submission(course)
    (folder / "p.ipynb").unlink()
    (folder / "p.ipynb").symlink_to(course / "inbox/ada/p.ipynb")
    (folder / "helper.py").symlink_to("../../../inbox/helper.py")
    (folder / "data").symlink_to(course / "inbox/data")
    (folder / "same.py").symlink_to("p.ipynb")
    files, notes = settled(course, folder)
    assert files == {
        "p.ipynb": "ada's work",
        "helper.py": "help",
        "data/a.csv": "1",
        "same.py": "ada's work",
    }
    assert [note.split(" is a link")[0] for note in notes] == [
        "data", "helper.py", "p.ipynb", "same.py",
    ]  # fmt: skip
    assert (folder / "p.ipynb").is_symlink(), "what was handed in stays as it is"


@pytest.mark.parametrize(
    "target",
    [
        *("../../../source/ps/p.ipynb", "../../bob/ps/p.ipynb", "../../../gradebook.db"),
        *("../../../.lepton/results", "../../../../notes.txt"),
        "../../../../other/source/ps/p.ipynb",
        *("../../..", "../../../../..", "nowhere", "p.ipynb", "/etc/shadow", "/dev/zero"),
    ],
)  # fmt: skip
def test_what_is_the_courses_own_is_left_out_and_named(course, target):
    folder = submission(course)
    (folder / "p.ipynb").unlink()
    (folder / "p.ipynb").symlink_to(target)
    files, notes = settled(course, folder)
    assert files == {}
    assert len(notes) == 1
    assert notes[0].startswith(
        "p.ipynb is a link, not an ordinary file, and was left out: it leads"
    )


def test_what_every_user_may_read_is_taken(course):
    folder = submission(course)
    (folder / "licence").symlink_to("/etc/os-release")
    files, notes = settled(course, folder)
    assert files["licence"] == Path("/etc/os-release").read_text()
    assert notes == [f"licence is a link, and {Path('/etc/os-release').resolve()} was taken"]


def test_links_in_great_number_are_told(course):
    folder = submission(course)
    for number in range(300):
        (folder / f"{number:03}").symlink_to(course / "inbox/helper.py")
    files, notes = settled(course, folder)
    assert len(files) == 201
    assert "more than 200 links were handed in, and the others were left out" in notes
