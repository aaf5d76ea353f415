"""Draw figures with readable labels and colours, and show them on light and dark pages."""

from lepton_course.plots.charts import (
    OKABE_ITO,
    confusion_matrix,
    feature_maps,
    filters,
    image_grid,
    learning_curves,
    use_style,
)
from lepton_course.plots.display import show

__all__ = [
    "OKABE_ITO",
    "confusion_matrix",
    "feature_maps",
    "filters",
    "image_grid",
    "learning_curves",
    "show",
    "use_style",
]
