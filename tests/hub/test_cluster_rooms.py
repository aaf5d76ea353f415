"""What a cluster for jobs must be, and what one of its workers keeps: without any cluster."""

from __future__ import annotations

import pytest
from dask_programs import eventually

from lepton_hub.jobs.cluster.code_version import code_version, difference
from lepton_hub.jobs.cluster.rooms_on_worker import RoomsOnWorker, UnknownJob
from lepton_hub.settings import SettingsError, settings_of


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://10.0.0.1:8786", "is not encrypted"),
        ("tcp://127.0.0.1.example.com:8786", "is not encrypted"),
        ("tls://10.0.0.1", "is tls://HOST:PORT"),
        ("http://127.0.0.1:8786", "is not encrypted"),
        ("tls://10.0.0.1:8786/x", "is tls://HOST:PORT"),
        ("10.0.0.1:8786", "is tls://HOST:PORT"),
    ],
)
def test_addresses_that_are_refused(tmp_path, address, words):
    with pytest.raises(SettingsError, match=words):
        settings_of(tmp_path, {"LEPTON_HUB_SCHEDULER": address})


def test_addresses_that_are_taken(tmp_path):
    for address in ("tls://10.0.0.1:8786", "tcp://127.0.0.1:8786", "tcp://[::1]:8786"):
        settings = settings_of(tmp_path, {"LEPTON_HUB_SCHEDULER": address})
        assert settings.jobs.scheduler == address
    told = {"LEPTON_HUB_SCHEDULER": "tls://10.0.0.1:8786", "LEPTON_HUB_JOBS_WALLS": "none"}
    with pytest.raises(SettingsError, match="LEPTON_HUB_JOBS_WALLS must be auto"):
        settings_of(tmp_path, told)


def test_a_worker_has_room_for_so_many_and_forgets_those_it_hears_nothing_of(tmp_path):
    rooms = RoomsOnWorker(tmp_path, 1)
    first, _ = rooms.take({"silence": 0.5}, b"")
    assert rooms.take({"silence": 0.5}, b"") == ({"job": None}, b"")
    rooms.begin({"job": first["job"], "needed": 0}, b"")
    assert len([*tmp_path.iterdir()]) == 1
    assert eventually(lambda: not [*tmp_path.iterdir()], 10)
    with pytest.raises(UnknownJob):
        rooms.listen({"job": first["job"], "seconds": 0}, b"")
    assert rooms.take({"silence": 0.5}, b"")[0]["job"]
    rooms.end_all()


def test_a_worker_with_other_code_is_not_used():
    here = code_version()
    assert difference(here, dict(here)) == ""
    said = difference(here, {**here, "numpy": "1.0"})
    assert said.startswith(f"it has numpy 1.0 instead of {here['numpy']}. Check out the same")
