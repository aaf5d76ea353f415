"""Exercises of basics/05_convolutional_networks: the assignment's, then the lesson's."""

EXERCISES = [
    "output_size",
    "convolve2d",
    "convolution_gradients",
    "max_pool2d",
    "small_cnn",
    "augment",
    "predict",
    "lesson",
    "predictions",
]
