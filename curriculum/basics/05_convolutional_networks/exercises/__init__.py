"""Exercises of basics/05_convolutional_networks: the assignment's, then the lesson's."""

from . import (
    augment,
    convolution_gradients,
    convolve2d,
    lesson,
    max_pool2d,
    output_size,
    predict,
    predictions,
    small_cnn,
)

EXERCISES = [
    output_size.EXERCISE,
    convolve2d.EXERCISE,
    convolution_gradients.EXERCISE,
    max_pool2d.EXERCISE,
    small_cnn.EXERCISE,
    augment.EXERCISE,
    predict.EXERCISE,
    *lesson.EXERCISES,
    *predictions.EXERCISES,
]
