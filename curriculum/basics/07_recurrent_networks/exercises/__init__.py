"""Exercises of basics/07_recurrent_networks: the assignment's, then the lesson's."""

from . import clip, gru, lesson, lesson2, purchases, speakers, summarise, through_time, unroll

EXERCISES = [
    unroll.EXERCISE,
    through_time.EXERCISE,
    clip.EXERCISE,
    gru.EXERCISE,
    summarise.EXERCISE,
    purchases.EXERCISE,
    speakers.EXERCISE,
    *lesson.EXERCISES,
    *lesson2.EXERCISES,
]
