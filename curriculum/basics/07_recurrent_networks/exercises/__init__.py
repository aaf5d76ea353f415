"""Exercises of basics/07_recurrent_networks: the assignment's, then the lesson's."""

EXERCISES = [
    "unroll",
    "through_time",
    "clip_gradients",
    "gru_step",
    "summarise",
    "purchase_table",
    "who_speaks",
    "fading_memory",
    "parameters_of",
    "real_steps",
    "predictions",
]
