"""Exercises of advanced/01_transformers: the assignment's, then the lesson's."""

EXERCISES = [
    "attention",
    "causal_mask",
    "rope",
    "merge_pairs",
    "top_p",
    "cached_step",
    "next_code",
    "try_in_bits",
    "try_norm",
    "try_cache",
    "predictions",
]
