"""Exercises of advanced/01_transformers: the assignment's, then the lesson's."""

EXERCISES = [
    "attention_mistakes",
    "causal_mask_mistakes",
    "rope",
    "merge_pairs_mistakes",
    "top_p_mistakes",
    "cached_step_mistakes",
    "next_code",
    "try_in_bits",
    "try_norm",
    "try_cache",
    "predictions",
]
