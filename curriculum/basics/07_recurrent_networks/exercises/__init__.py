"""Exercises of basics/07_recurrent_networks: the assignment's first, then the lesson's."""

from . import clip, gru, purchases, speakers, summarise, through_time, unroll

EXERCISES = [
    unroll.EXERCISE,
    through_time.EXERCISE,
    clip.EXERCISE,
    gru.EXERCISE,
    summarise.EXERCISE,
    purchases.EXERCISE,
    speakers.EXERCISE,
]
