"""Results of exercises as they are kept and shown."""

from __future__ import annotations

from dataclasses import asdict

from autograder.judging.judge_run import Judged
from autograder.judging.result_cache import ResultCache
from autograder.judging.results import ExerciseResult, exercise_result


def test_a_result_comes_back_from_its_json():
    result = ExerciseResult("scale", 1.0, 2.0, None, ("wrong statistics", "no guard"))
    assert exercise_result(asdict(result)) == result


def test_a_result_that_an_older_version_kept_is_read():
    kept = {"name": "scale", "points": 1.0, "max_points": 2.0, "diagnosis": "no guard"}
    assert exercise_result(kept) == ExerciseResult("scale", 1.0, 2.0, "no guard")


def test_the_cache_reads_what_it_wrote(tmp_path):
    exercises = (ExerciseResult("scale", 1.0, 2.0, None, ("no guard",)),)
    judged = Judged({"assignment": "{}"}, "graded", "", exercises, 1.5)
    cache = ResultCache(tmp_path)
    cache.keep("key", judged)
    assert cache.judged("key") == judged


def test_what_is_only_possible_is_shown_with_a_question_mark():
    assert ExerciseResult("a", 0, 1, "sure", ("perhaps",)).remarks == ["sure", "perhaps?"]
    assert ExerciseResult("a", 1, 1).remarks == []
