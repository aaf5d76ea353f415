"""The class's own questions: drawn here or in processes, kept privately, one exercise at a time."""

from pathlib import Path

import pytest
from tiny_course import write_curriculum

from autograder.classroom import secret_questions
from autograder.classroom.classroom import Classroom, Manifest
from autograder.classroom.secret_questions import class_question_texts, class_questions
from lepton_course.declared_exercises import DECLARATIONS
from lepton_course.exercises.compiled import question_to_tree
from lepton_course.exercises.values import dumps

POINTS = {"double": 2.0, "total": 3.0}


@pytest.fixture
def classroom(tmp_path: Path) -> Classroom:
    curriculum = write_curriculum(tmp_path)
    classroom = Classroom(tmp_path / "class")
    (classroom.private / "questions").mkdir(mode=0o700, parents=True)
    classroom.seed_file.write_text("5" * 64)
    modules = {"small_sums": "basics/07_small_sums"}
    Manifest(curriculum, modules).write(classroom.manifest_file)
    return classroom


def drawn(classroom: Classroom) -> dict[str, bytes]:
    questions = class_questions(classroom, "small_sums", POINTS)
    return {name: dumps(question_to_tree(question)) for name, question in questions.items()}


def kept(classroom: Classroom) -> list[Path]:
    return sorted((classroom.private / "questions").rglob("*.npz"))


def test_processes_draw_the_same_questions_into_private_files(classroom, monkeypatch):
    here = drawn(classroom)
    for file in kept(classroom):
        file.unlink()
    monkeypatch.setattr(secret_questions, "MAX_IN_PROCESS", 0)
    assert drawn(classroom) == here
    assert [file.name.partition("-")[0] for file in kept(classroom)] == ["double", "total"]
    assert {file.stat().st_mode & 0o777 for file in kept(classroom)} == {0o600}


def test_the_one_file_of_a_former_version_is_removed(classroom):
    former = classroom.private / "questions" / f"small_sums-{'0' * 16}.npz"
    other = classroom.private / "questions" / f"small_sums-again-{'0' * 16}.npz"
    for file in (former, other):
        file.write_bytes(b"")
    drawn(classroom)
    assert not former.exists() and other.exists()


def test_what_questions_say_is_read_without_their_cases(classroom):
    texts = class_question_texts(classroom, "small_sums", POINTS)
    questions = class_questions(classroom, "small_sums", POINTS)
    assert list(texts) == list(questions)
    for name, question in questions.items():
        text = texts[name]
        assert (text.title, text.points, text.read) == (
            question.title,
            question.points,
            question.read,
        )
        assert [(m.name, m.sentence, m.read) for m in text.mistakes] == [
            (m.name, m.sentence, m.read) for m in question.mistakes
        ]


def test_an_edited_curriculum_is_drawn_anew(classroom, tmp_path):
    before = drawn(classroom), kept(classroom)
    assert (drawn(classroom), kept(classroom)) == before
    exercises = tmp_path / "curriculum/basics/07_small_sums" / DECLARATIONS
    exercises.write_text(exercises.read_text().replace("return x + x", "return 3 * x"))
    after = drawn(classroom), kept(classroom)
    assert after[0]["double"] != before[0]["double"]
    assert set(after[1]).isdisjoint(before[1]) and len(after[1]) == 2
