"""The hub's keys: made once, shown to nobody, several generations."""

from __future__ import annotations

import json
import logging
import pickle
import threading
from base64 import b64decode

import pytest
from bounded_waits import join_all

from lepton_hub.keys import KeyFileError, KeyRing, SealBroken, UnknownGeneration


@pytest.fixture
def path(tmp_path):
    return tmp_path / "private" / "keys.json"


def test_the_first_start_makes_a_file_for_its_owner_alone(path):
    ring = KeyRing.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert ring.generations == (1,)
    sealed = ring.seal("tests", b"secret", "here")
    assert KeyRing.load_or_create(path).unseal("tests", sealed, "here") == b"secret"
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_open_to_others_is_refused(path, mode):
    KeyRing.load_or_create(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        KeyRing.load_or_create(path)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"keys": {}}', '{"keys": {"1": "c2hvcnQ="}}', '{"keys": {"x": ""}}',
     '{"keys": {"0": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}}', '{"keys": {"1": 7}}',
     '{"keys": {"1": "not base64!"}}', "\xff"],
)  # fmt: skip
def test_a_file_without_keys_is_refused_and_not_quoted(path, text):
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_text(text, encoding="latin-1")
    with pytest.raises(KeyFileError) as error:
        KeyRing.load_or_create(path)
    assert len(text) < 5 or text not in str(error.value)


def test_two_first_starts_at_once_get_the_same_key(path):
    rings: list[KeyRing] = []
    threads = [
        threading.Thread(target=lambda: rings.append(KeyRing.load_or_create(path)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    join_all(threads)
    assert len({ring.derive("tests") for ring in rings}) == 1


def test_keys_are_shown_nowhere(path, caplog):
    ring = KeyRing.load_or_create(path)
    ring.add_generation()
    encoded = list(json.loads(path.read_text())["keys"].values())
    assert len(encoded) == 2
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("%s %r %s", ring, ring, [ring])
    for key in encoded:
        assert key not in caplog.text
        assert b64decode(key).hex() not in caplog.text
    assert repr(ring) == "<KeyRing of generations 1, 2>"
    with pytest.raises(TypeError):
        pickle.dumps(ring)


def test_the_newest_generation_seals_and_each_opens_its_own():
    ring = KeyRing.in_memory()
    first = ring.seal("tests", b"one", "here")
    assert ring.add_generation() == ring.current == 2
    second = ring.seal("tests", b"two", "here")
    assert ring.unseal("tests", first, "here") == b"one"
    ring.retire(1)
    assert ring.generations == (2,)
    assert ring.unseal("tests", second, "here") == b"two"
    with pytest.raises(UnknownGeneration, match="generation 1"):
        ring.unseal("tests", first, "here")
    with pytest.raises(ValueError, match="newest"):
        ring.retire(2)


def test_a_seal_holds_for_one_purpose_and_one_place():
    ring = KeyRing.in_memory()
    sealed = ring.seal("tests", b"secret", "here")
    for purpose, context in (("others", "here"), ("tests", "there")):
        with pytest.raises(SealBroken):
            ring.unseal(purpose, sealed, context)
    for short in (b"", sealed[:10], sealed[:-1], sealed + b"\0"):
        with pytest.raises(SealBroken):
            ring.unseal("tests", short, "here")


def test_a_bit_more_or_less_breaks_a_seal():
    ring = KeyRing.in_memory()
    sealed = ring.seal("tests", b"secret", "here")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises((SealBroken, UnknownGeneration)):
            ring.unseal("tests", bytes(changed), "here")


def test_a_running_service_sees_a_generation_as_soon_as_another_process_adds_it(path):
    service = KeyRing.load_or_create(path)
    operator = KeyRing.load_or_create(path)
    operator.add_generation()
    sealed = operator.seal("tests", b"new", "here")
    assert service.unseal("tests", sealed, "here") == b"new"
    assert service.add_generation() == 3
    assert operator.generations == (3, 2, 1)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_service_whose_key_file_is_lost_goes_on_and_can_write_it_anew(path):
    service = KeyRing.load_or_create(path)
    sealed = service.seal("tests", b"secret", "here")
    path.unlink()
    assert service.unseal("tests", sealed, "here") == b"secret"
    service.add_generation()
    assert KeyRing.load_or_create(path).unseal("tests", sealed, "here") == b"secret"


def test_keyed_names_differ_by_key_purpose_and_value():
    one, other = KeyRing.in_memory(), KeyRing.in_memory()
    names = {
        ring.keyed_name(purpose, value, 1)
        for ring in (one, other)
        for purpose in ("blobs", "uploads")
        for value in ("a", "b")
    }
    assert len(names) == 8
    assert one.keyed_name("blobs", "a", 1) == one.keyed_name("blobs", "a", 1)
