"""Load the course's data sets: a catalogue and one function.

>>> data = load_dataset("fashion_mnist")
>>> x, y = data.train.torch()  # float32 (N, 1, 28, 28) in [0, 1], int64 (N,)
"""

from lepton_course.datasets.catalogue import (
    CATALOGUE,
    DataFile,
    DatasetInfo,
    EventsInfo,
    ImagesInfo,
    LabelledInfo,
    SequencesInfo,
    TableInfo,
    TextInfo,
    TracesInfo,
)
from lepton_course.datasets.download import DownloadError, Patience, download
from lepton_course.datasets.idx import IdxError, parse_idx, read_idx
from lepton_course.datasets.load import Dataset, load_dataset, read_split
from lepton_course.datasets.soiled import RawTable, soiled_credit
from lepton_course.datasets.splits import ImageSplit, SequenceSplit, Split, TableSplit, TraceSplit
from lepton_course.datasets.unsplit import EventLog, Text

__all__ = [
    "CATALOGUE",
    "DataFile",
    "Dataset",
    "DatasetInfo",
    "DownloadError",
    "EventLog",
    "EventsInfo",
    "IdxError",
    "ImageSplit",
    "ImagesInfo",
    "LabelledInfo",
    "Patience",
    "RawTable",
    "SequenceSplit",
    "SequencesInfo",
    "Split",
    "TableInfo",
    "TableSplit",
    "Text",
    "TextInfo",
    "TraceSplit",
    "TracesInfo",
    "download",
    "load_dataset",
    "parse_idx",
    "read_idx",
    "read_split",
    "soiled_credit",
]
