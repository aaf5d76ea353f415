"""A gradebook that another program holds locked is waited for, and that is said once."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbgrader.api import Gradebook

from autograder.classroom import patient_gradebook
from autograder.classroom.gradebook_version import find_version_here
from autograder.classroom.patient_gradebook import (
    GradebookLocked,
    PatientConnection,
    wait_for_locked_gradebooks,
)
from lepton_hub.database import open_database


@pytest.fixture
def url(tmp_path: Path, monkeypatch) -> str:
    find_version_here()
    url = f"sqlite:///{tmp_path}/gradebook.db"
    with Gradebook(url) as gradebook:
        gradebook.add_assignment("ps")
    monkeypatch.setattr(patient_gradebook, "TRY_SECONDS", 0.1)
    patient_gradebook._say_that_it_waits.cache_clear()
    wait_for_locked_gradebooks()
    return url


@contextmanager
def locked(url: str, seconds: float) -> Iterator[None]:
    """Another program writes to the gradebook for so long."""
    held = threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            database.execute("BEGIN EXCLUSIVE")
            held.set()
            time.sleep(seconds)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    yield
    thread.join()


def test_it_is_waited_for_and_said_once(url, capsys):
    with locked(url, 1.5), Gradebook(url) as gradebook:
        gradebook.add_student("ada")
        assert [student.id for student in gradebook.students] == ["ada"]
    assert capsys.readouterr().err.count("Another program holds the gradebook locked.") == 1


def test_after_a_long_time_it_is_said_what_to_do(url, monkeypatch):
    monkeypatch.setattr(patient_gradebook, "PATIENCE_SECONDS", 0.3)
    with locked(url, 1.5), pytest.raises(GradebookLocked, match="Close it"), Gradebook(url):
        pass


def test_other_mistakes_are_not_waited_for(url):
    with Gradebook(url) as gradebook, pytest.raises(Exception, match="no such table"):
        gradebook.db.connection().exec_driver_sql("SELECT * FROM nobody")


def test_the_hubs_database_in_the_same_process_keeps_its_own_connections(url, tmp_path):
    engine = open_database(f"sqlite:///{tmp_path}/hub.sqlite")
    with engine.connect() as connection:
        assert not isinstance(connection.connection.dbapi_connection, PatientConnection)
    engine.dispose()


def test_another_driver_is_not_given_connections_of_sqlite(url):
    other = SimpleNamespace(Connection=type("Connection", (), {}))
    options = {}
    patient_gradebook._connect_patiently(SimpleNamespace(dbapi=other), None, (), options)
    assert options == {}
