"""Exercises of basics/07_recurrent_networks: the assignment's, then the lesson's."""

from . import (
    clip_gradients,
    fading_memory,
    gru_step,
    parameters_of,
    predictions,
    purchase_table,
    real_steps,
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
    fading_memory.EXERCISE,
    parameters_of.EXERCISE,
    real_steps.EXERCISE,
    *predictions.EXERCISES,
]
