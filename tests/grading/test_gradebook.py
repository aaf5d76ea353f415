"""One transaction for each submission that nbgrader records."""

import pytest
from nbgrader.api import Gradebook

from autograder.classroom.gradebook_version import find_version_here
from autograder.grading.gradebook_connection import GradebookWriter


@pytest.fixture
def url(tmp_path):
    find_version_here()
    return f"sqlite:///{tmp_path / 'gradebook.db'}"


def students(url):
    with Gradebook(url) as gradebook:
        return [student.id for student in gradebook.students]


def test_what_nbgrader_writes_in_several_openings_is_there_in_the_end(url):
    writer = GradebookWriter(url)
    with writer.transaction():
        with Gradebook(url) as gradebook:
            gradebook.add_student("ada")
        with Gradebook(url, "another course") as gradebook:
            assert gradebook.find_student("ada").id == "ada"
            gradebook.add_student("grace")
    writer.close()
    assert students(url) == ["ada", "grace"]


def test_nothing_is_there_when_it_stops_in_the_middle(url):
    writer = GradebookWriter(url)
    with pytest.raises(KeyError), writer.transaction():
        with Gradebook(url) as gradebook:
            gradebook.add_student("ada")
        raise KeyError
    with writer.transaction(), Gradebook(url) as gradebook:
        gradebook.add_student("grace")
    writer.close()
    assert students(url) == ["grace"]


def test_afterwards_nbgrader_opens_gradebooks_as_ever(url):
    usual = Gradebook.__init__, Gradebook.close
    writer = GradebookWriter(url)
    with writer.transaction():
        assert (Gradebook.__init__, Gradebook.close) != usual
    writer.close()
    assert (Gradebook.__init__, Gradebook.close) == usual


def test_another_gradebook_is_refused_meanwhile(url, tmp_path):
    writer = GradebookWriter(url)
    with pytest.raises(ValueError, match="other.db"), writer.transaction():
        Gradebook(f"sqlite:///{tmp_path / 'other.db'}")
    writer.close()
