"""What is certified again: an exercise that changed, and nothing else."""

from __future__ import annotations

from conftest import declare

from autograder.proof.exercises.certificate_cache import CertificateCache
from autograder.proof.exercises.certification import certify_modules

DOUBLING = """
from lepton_course.authoring import Call, Case, close, exercise

doubling = exercise("double", title="Twice", points=0, difficulty=1, minutes=1,
                    probe=Call(), compare=close())

@doubling.reference
def double(x):
    return x + x

@doubling.cases
def cases(rng):
    for value in (-1.5, 0.0, 2.5):
        yield Case("numbers", args=(value,))

doubling.hints("nudge", "method", "answer")

EXERCISES = [doubling]
"""


def test_a_certificate_is_made_again_when_something_changed(tmp_path):
    folder = tmp_path / "curriculum/basics/01_first"
    folder.mkdir(parents=True)
    declare(folder, DOUBLING)

    def proven(seeds: int = 1) -> tuple[bool, bool]:
        cache = CertificateCache(tmp_path / "cache")
        [certificate] = certify_modules([folder], seeds, jobs=1, cache=cache)
        return certificate.passed, certificate.cached

    assert proven() == (True, False)
    assert proven() == (True, True)
    assert proven(seeds=2) == (True, False)
    declare(folder, DOUBLING.replace("2.5", "3.5"))
    assert proven() == (True, False)
    declare(folder, DOUBLING.replace('"answer")', '"TODO")'))
    assert proven() == proven() == (False, False)
    for kept in (tmp_path / "cache").iterdir():
        kept.write_text("{}")
    declare(folder, DOUBLING)
    assert proven() == (True, False)
