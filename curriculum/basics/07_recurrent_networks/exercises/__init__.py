"""Exercises of basics/07_recurrent_networks: the assignment's, then the lesson's."""

from . import (
    clip_gradients,
    gru_step,
    lesson,
    predictions,
    purchase_table,
    summarise,
    through_time,
    unroll,
    who_speaks,
)

EXERCISES = [
    unroll.EXERCISE,
    through_time.EXERCISE,
    clip_gradients.EXERCISE,
    gru_step.EXERCISE,
    summarise.EXERCISE,
    purchase_table.EXERCISE,
    who_speaks.EXERCISE,
    *lesson.EXERCISES,
    *predictions.EXERCISES,
]
