"""`lepton learn DIR`: the learner's folder is made, kept up to date, and never loses their work."""

import json
import os
from pathlib import Path

import nbformat
import pytest

from lepton_course import progress
from lepton_course.cli import describe
from lepton_course.pages import start_notebook as start_page
from lepton_course.syllabus import SyllabusError
from lepton_course.workspace.install import WorkspaceError, fingerprint, update_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "lepton"


@pytest.fixture
def update(workspace, small_curriculum):
    """Run `lepton learn` on the workspace; returns {path: action}."""

    def run() -> dict[str, str]:
        changes = update_workspace(workspace, small_curriculum.folder)
        return {change.path: change.action for change in changes}

    return run


@pytest.fixture
def lesson(workspace, small_curriculum) -> Path:
    return workspace / small_curriculum.lesson


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def edit(path: Path, source: str) -> bytes:
    """What a learner does: change the first cell and save."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = source
    nbformat.write(notebook, path)
    return path.read_bytes()


def run_and_save(path: Path) -> None:
    """What JupyterLab does when cells are run: outputs, counters, metadata, a new empty cell."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["language_info"] = {"name": "python", "version": "3.12"}
    notebook.cells[0].execution_count = 7
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="hello")]
    notebook.cells[0].metadata["collapsed"] = False
    notebook.cells.append(nbformat.v4.new_code_cell(""))
    nbformat.write(notebook, path)


def test_a_new_workspace_holds_student_files_and_nothing_else(update, workspace, small_curriculum):
    update()
    files = {
        path.relative_to(workspace).as_posix() for path in workspace.rglob("*") if path.is_file()
    }
    assert files == {
        "PROGRESS.ipynb",
        "START.ipynb",
        "SURVEY.ipynb",
        "basics/01_first/lesson.ipynb",
        "basics/01_first/assignment.ipynb",
        "basics/01_first/figures/plot.svg",
        ".lepton/manifest.json",
    }


def test_running_again_changes_nothing(update, lesson):
    update()
    before = lesson.stat().st_mtime_ns
    assert set(update().values()) == {"unchanged"}
    assert lesson.stat().st_mtime_ns == before


def test_an_update_replaces_what_was_only_run(update, lesson, small_curriculum):
    update()
    run_and_save(lesson)
    assert update()[small_curriculum.lesson] == "unchanged"
    assert "hello" in lesson.read_text(), "without an update, outputs stay"

    small_curriculum.write_lesson("x = 2")
    assert update()[small_curriculum.lesson] == "updated"
    assert sources(lesson) == ["x = 2"]


def test_an_update_never_touches_what_the_learner_changed(update, lesson, small_curriculum):
    update()
    mine = edit(lesson, "x = 'mine'")
    assert update()[small_curriculum.lesson] == "kept"

    small_curriculum.write_lesson("x = 2")
    assert update()[small_curriculum.lesson] == "beside"
    assert lesson.read_bytes() == mine
    assert sources(lesson.with_name("lesson (new version).ipynb")) == ["x = 2"]
    assert update()[small_curriculum.lesson] == "kept", "said once, not at every start"


def test_what_was_put_beside_is_said(workspace, lesson, small_curriculum):
    update_workspace(workspace, small_curriculum.folder)
    edit(lesson, "x = 'mine'")
    small_curriculum.write_lesson("x = 2")
    said = "\n".join(describe(update_workspace(workspace, small_curriculum.folder)))
    assert "basics/01_first/lesson.ipynb is yours and was left alone" in said
    assert "basics/01_first/lesson (new version).ipynb" in said


def test_the_next_update_replaces_the_untouched_new_version(update, lesson, small_curriculum):
    update()
    edit(lesson, "x = 'mine'")
    for version in (2, 3):
        small_curriculum.write_lesson(f"x = {version}")
        update()
    assert sources(lesson.with_name("lesson (new version).ipynb")) == ["x = 3"]
    assert not lesson.with_name("lesson (new version 2).ipynb").exists()


def test_a_new_version_that_the_learner_changed_is_theirs_too(update, lesson, small_curriculum):
    update()
    edit(lesson, "x = 'mine'")
    small_curriculum.write_lesson("x = 2")
    update()
    beside = lesson.with_name("lesson (new version).ipynb")
    mine = edit(beside, "x = 'mine as well'")
    small_curriculum.write_lesson("x = 3")
    update()
    assert beside.read_bytes() == mine
    assert sources(lesson.with_name("lesson (new version 2).ipynb")) == ["x = 3"]


def test_a_learner_who_takes_over_the_new_version_gets_updates_again(
    update, lesson, small_curriculum
):
    update()
    edit(lesson, "x = 'mine'")
    small_curriculum.write_lesson("x = 2")
    update()
    lesson.with_name("lesson (new version).ipynb").replace(lesson)
    small_curriculum.write_lesson("x = 3")
    assert update()[small_curriculum.lesson] == "updated"
    assert sources(lesson) == ["x = 3"]


def test_a_deleted_notebook_comes_back(update, lesson, small_curriculum):
    update()
    lesson.unlink()
    assert update()[small_curriculum.lesson] == "added"
    assert sources(lesson) == ["x = 1"]


@pytest.mark.parametrize("damage", [b"", b"{ half a", b"[]", b'{"cells": 3}', b"\xff\xfe\x00"])
def test_a_damaged_notebook_is_kept_and_a_good_one_put_beside(
    update, lesson, small_curriculum, damage
):
    update()
    lesson.write_bytes(damage)
    assert update()[small_curriculum.lesson] == "beside"
    assert lesson.read_bytes() == damage
    assert sources(lesson.with_name("lesson (new version).ipynb")) == ["x = 1"]


@pytest.mark.parametrize("manifest", [None, b"", b"[1]", b'{"files": [1]}', b"\xff"])
def test_without_its_manifest_an_update_loses_nothing(
    update, workspace, lesson, small_curriculum, manifest
):
    update()
    mine = edit(lesson, "x = 'mine'")
    path = workspace / ".lepton" / "manifest.json"
    path.unlink() if manifest is None else path.write_bytes(manifest)

    small_curriculum.write_lesson("x = 2")
    changes = update()
    assert changes[small_curriculum.lesson] == "beside"
    assert changes["basics/01_first/assignment.ipynb"] == "unchanged"
    assert lesson.read_bytes() == mine


def test_foreign_files_stay(update, workspace, lesson, small_curriculum):
    lesson.parent.mkdir(parents=True)
    lesson.write_text("notes of my own")
    (workspace / "shopping.txt").write_text("milk")
    (workspace / "basics" / "mine.ipynb").write_text("{}")

    assert update()[small_curriculum.lesson] == "beside"
    assert lesson.read_text() == "notes of my own"
    assert (workspace / "shopping.txt").read_text() == "milk"
    assert (workspace / "basics" / "mine.ipynb").read_text() == "{}"


def test_a_folder_where_a_notebook_belongs_stays(update, lesson):
    (lesson / "inside").mkdir(parents=True)
    update()
    assert (lesson / "inside").is_dir()
    assert lesson.with_name("lesson (new version).ipynb").is_file()


def test_a_broken_link_where_a_notebook_belongs_stays(update, lesson, tmp_path):
    lesson.parent.mkdir(parents=True)
    lesson.symlink_to(tmp_path / "nowhere")
    update()
    assert lesson.is_symlink()


def test_an_interrupted_update_is_finished_by_the_next(update, lesson, small_curriculum, workspace):
    update()
    manifest = (workspace / ".lepton" / "manifest.json").read_bytes()
    small_curriculum.write_lesson("x = 2")
    update()
    # stopped after the notebooks, before the manifest
    (workspace / ".lepton" / "manifest.json").write_bytes(manifest)
    assert update()[small_curriculum.lesson] == "unchanged"
    small_curriculum.write_lesson("x = 3")
    assert update()[small_curriculum.lesson] == "updated"


def test_a_write_that_fails_leaves_the_old_file_and_no_scraps(update, lesson, monkeypatch):
    update()
    (before,) = [lesson.read_bytes()]
    from lepton_course.workspace.install import write_atomically

    with pytest.raises(TypeError):
        write_atomically(lesson, "text where bytes belong")
    assert lesson.read_bytes() == before
    assert sorted(path.name for path in lesson.parent.iterdir()) == [
        "assignment.ipynb",
        "figures",
        "lesson.ipynb",
    ]


def test_a_file_as_dir_is_refused(tmp_path, small_curriculum):
    (tmp_path / "report.txt").write_text("mine")
    with pytest.raises(WorkspaceError, match="is a file"):
        update_workspace(tmp_path / "report.txt", small_curriculum.folder)
    assert (tmp_path / "report.txt").read_text() == "mine"


def test_a_file_where_a_folder_belongs_is_named(workspace, small_curriculum):
    workspace.mkdir()
    (workspace / "basics").write_text("mine")
    with pytest.raises(WorkspaceError, match=r"basics is a file.*Rename"):
        update_workspace(workspace, small_curriculum.folder)
    assert (workspace / "basics").read_text() == "mine"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc, which no one can write")
def test_a_folder_that_cannot_be_written_is_refused(small_curriculum):
    with pytest.raises(WorkspaceError, match="cannot be written|could not be written"):
        update_workspace(Path("/proc/lepton"), small_curriculum.folder)


@pytest.mark.parametrize("inside", [".", "work", "curriculum/basics"])
def test_the_clone_is_no_workspace(clone, small_curriculum, inside):
    with pytest.raises(WorkspaceError, match="clone of the course"):
        update_workspace(clone / inside, small_curriculum.folder)
    assert not (clone / "START.ipynb").exists()


def test_without_a_built_curriculum_it_says_what_to_do(workspace, tmp_path):
    with pytest.raises(SyllabusError, match="make learn"):
        update_workspace(workspace, tmp_path / "nothing here")
    assert not workspace.exists()


@pytest.mark.parametrize("change", ["source", "type", "order", "points"])
def test_whatever_the_learner_can_change_shows_in_the_fingerprint(change):
    def notebook(*cells) -> bytes:
        return json.dumps({"cells": cells, "metadata": {}}).encode()

    one = {"cell_type": "code", "source": ["x =", " 1"], "metadata": {}, "outputs": []}
    two = {"cell_type": "markdown", "source": "# two", "metadata": {}}
    changed = {
        "source": notebook({**one, "source": "x = 2"}, two),
        "type": notebook({**one, "cell_type": "raw"}, two),
        "order": notebook(two, one),
        "points": notebook({**one, "metadata": {"nbgrader": {"points": 9}}}, two),
    }[change]
    same = notebook({**one, "source": "x = 1", "execution_count": 3}, two)
    assert fingerprint("a.ipynb", same) == fingerprint("a.ipynb", notebook(one, two))
    assert fingerprint("a.ipynb", changed) != fingerprint("a.ipynb", same)


def test_the_start_page_shows_without_being_run(update, workspace, small_curriculum):
    update()
    page = nbformat.read(workspace / "START.ipynb", as_version=4)
    nbformat.validate(page)
    [cell] = page.cells
    [output] = cell.outputs
    html = output.data["text/html"]
    assert html.index("First") < html.index("Second"), "in the syllabus's order"
    assert f'href="{small_curriculum.lesson}"' in html
    assert "planned" in html
    assert "02_second/lesson.ipynb" not in html, "no link to what is not there"
    assert "10&nbsp;min" in html and "20&nbsp;min" in html


def test_the_start_page_follows_progress(update, workspace, small_curriculum):
    update()
    progress.record_attempt(
        small_curriculum.ready, "add", "right", folder=workspace / "basics" / "01_first"
    )
    update()
    [cell] = nbformat.read(workspace / "START.ipynb", as_version=4).cells
    html = cell.outputs[0].data["text/html"]
    assert "1&nbsp;of&nbsp;2" in html
    assert "Go on with" in html


def test_the_start_page_does_not_link_to_a_notebook_that_was_removed(
    update, workspace, lesson, small_curriculum
):
    update()
    lesson.unlink()
    html = start_page.render(workspace, small_curriculum.folder)
    assert small_curriculum.lesson not in html
    assert "the notebook is missing" in html


def test_the_course_is_done_when_every_exercise_is(update, workspace, small_curriculum):
    update()
    for name in small_curriculum.exercises:
        progress.record_attempt(small_curriculum.ready, name, "right", folder=workspace)
    assert "solved every exercise" in start_page.render(workspace, small_curriculum.folder)
