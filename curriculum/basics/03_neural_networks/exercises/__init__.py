"""Exercises of basics/03_neural_networks: the assignment's, then the lesson's."""

EXERCISES = [
    "cross_entropy",
    "linear_backward",
    "initialise",
    "mlp_gradients_mistakes",
    "gradient_check_mistakes",
    "fault_net",
    "classify",
    "lesson",
    "predictions",
]
