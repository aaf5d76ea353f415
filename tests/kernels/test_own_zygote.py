"""A test's own zygote stands in for the usual one, which goes on waiting."""

from __future__ import annotations

from conftest import own_zygote

from autograder.kernels.owner import shared


def test_a_zygote_of_ones_own_leaves_the_usual_one_running():
    with own_zygote(()):
        usual = shared.link()
        with own_zygote(()):
            assert shared.link() is not usual
        assert shared.link() is usual
