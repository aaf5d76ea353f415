"""Exercises of basics/07_recurrent_networks: the assignment's, then the lesson's."""

EXERCISES = [
    "clip_gradients",
    "perplexity",
    "summarise",
    "gru_step",
    "through_time",
    "purchase_table",
    "who_speaks",
    "fading_memory",
    "parameters_of",
    "real_steps",
    "predictions",
]
