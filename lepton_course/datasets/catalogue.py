"""Describe the course's data sets: task, size, licence, origin and SHA-256 of each.

SHA-256 sums of IDX files are those of the *decompressed* content: mirrors and Debian compress the
same content with different gzip headers, so only the content identifies a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class DataFile:
    """One gzip-compressed file of a full data set."""

    name: str  # file name on the mirrors, in the cache and in Debian's package
    sha256: str  # of the decompressed content
    size: int  # bytes, decompressed


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """A data set's description, known before it is loaded."""

    name: str
    title: str
    task: str
    examples: str  # what one is called, in the plural
    full_size: str
    subset_size: str
    licence: str
    origin: str
    citation: str
    subset: Path  # the file that ships with the course
    subset_sha256: str
    is_whole: bool = False  # the shipped file is the full set


@dataclass(frozen=True, kw_only=True)
class LabelledInfo(DatasetInfo):
    """Labelled examples, split into training and test data by their collectors."""

    classes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ImagesInfo(LabelledInfo):
    """Images in four IDX files, which mirrors and operating systems carry."""

    train_images: DataFile
    train_labels: DataFile
    test_images: DataFile
    test_labels: DataFile
    mirrors: tuple[str, ...]  # base URLs, tried in this order
    system_folders: tuple[Path, ...] = ()  # where operating systems install the files

    @property
    def files(self) -> tuple[DataFile, ...]:
        """The full set's four files, small ones first, so that a dead network shows early."""
        return (self.train_labels, self.test_labels, self.test_images, self.train_images)


@dataclass(frozen=True, kw_only=True)
class TableInfo(LabelledInfo):
    """A table with numeric and categorical columns; nothing to download."""

    numbers: dict[str, str]  # column -> what it is, with its unit
    categories: dict[str, tuple[str, ...]]  # column -> its values, in the order of their codes

    @property
    def features(self) -> tuple[str, ...]:
        """Columns of the numeric form: the numeric ones, then one `column=value` for each value."""
        pairs = (f"{name}={value}" for name, values in self.categories.items() for value in values)
        return (*self.numbers, *pairs)


@dataclass(frozen=True, kw_only=True)
class SequencesInfo(LabelledInfo):
    """Sequences of unequal length, each with one label; every step is a vector of numbers."""

    channels: tuple[str, ...]
    step: str  # the time from one step to the next, with its unit


@dataclass(frozen=True, kw_only=True)
class TracesInfo(LabelledInfo):
    """Traces of equal length, each with one label: one number per time step."""

    steps: int


@dataclass(frozen=True, kw_only=True)
class EventsInfo(DatasetInfo):
    """A log of events without a split: the user chooses the day on which training data ends."""

    columns: dict[str, str]  # column -> what it is, with its unit
    first_day: date  # day 0


@dataclass(frozen=True, kw_only=True)
class TextInfo(DatasetInfo):
    """One long text without a split."""


DATA = Path(__file__).parent / "data"

FASHION_MNIST = ImagesInfo(
    name="fashion_mnist",
    title="Fashion-MNIST",
    task="tell ten kinds of clothing apart on 28×28 grey-scale photographs",
    examples="images",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    full_size="60000 training and 10000 test images (30 MB to download)",
    subset_size="10000 training and 2000 test images, balanced (ships with the course)",
    licence="MIT, copyright 2017 Zalando SE",
    origin="https://github.com/zalandoresearch/fashion-mnist",
    citation=(
        "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking "
        "Machine Learning Algorithms, arXiv:1708.07747 (2017)"
    ),
    subset=DATA / "fashion_mnist" / "subset.npz",
    subset_sha256="44262abcb6ff84f58b894751bf1b71caaf4bcbc5f65a06cdf7e336eaf5f64bfd",
    train_images=DataFile(
        "train-images-idx3-ubyte.gz",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        47_040_016,
    ),
    train_labels=DataFile(
        "train-labels-idx1-ubyte.gz",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        60_008,
    ),
    test_images=DataFile(
        "t10k-images-idx3-ubyte.gz",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        7_840_016,
    ),
    test_labels=DataFile(
        "t10k-labels-idx1-ubyte.gz",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        10_008,
    ),
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    system_folders=(Path("/usr/share/datasets/fashion-mnist"),),
)

CREDIT = TableInfo(
    name="credit",
    title="Credit applications",
    task="say from 13 facts about an application whether the loan goes bad",
    examples="applications",
    classes=("good", "bad"),
    full_size="4452 applications; 1000 of them stay with the judge of an assignment",
    subset_size="2452 training and 1000 test applications (ships with the course)",
    licence="MIT, copyright 2019 Max Kuhn, RStudio",
    origin="https://github.com/tidymodels/modeldata",
    citation=(
        "credit_data in the R package modeldata, version 1.1.0, from "
        "https://github.com/gastonstat/CreditScoring (G. Sanchez, after L. A. Belanche Muñoz)"
    ),
    subset=DATA / "credit" / "applications.npz",
    subset_sha256="ed658370ea2b5c9d6bc54a25e127eb3fc8f8e3c15b2650cfc2a711910bd72a1d",
    # The source names neither country, year nor units; 6 to 72 reads as months.
    numbers={
        "seniority": "years in the job",
        "time": "length of the loan in months",
        "age": "years",
        "expenses": "money that is spent",
        "income": "money that is earned",
        "assets": "money that is owned",
        "debt": "money that is owed",
        "amount": "money asked for",
        "price": "money that the goods cost",
    },
    categories={
        "home": ("ignore", "other", "owner", "parents", "priv", "rent"),
        "marital": ("divorced", "married", "separated", "single", "widow"),
        "records": ("no", "yes"),
        "job": ("fixed", "freelance", "others", "partime"),
    },
)

JAPANESE_VOWELS = SequencesInfo(
    name="japanese_vowels",
    title="Japanese vowels",
    task="tell nine speakers apart by how they say the vowels /ae/",
    examples="utterances",
    classes=tuple(f"speaker {number}" for number in range(1, 10)),
    full_size=(
        "270 training and 370 test utterances of 7 to 29 steps; 183 test utterances stay with the "
        "judge of an assignment"
    ),
    subset_size="270 training and 187 test utterances of 7 to 29 steps (ships with the course)",
    licence="CC BY 4.0, M. Kudo, J. Toyama, M. Shimbo",
    origin="https://archive.ics.uci.edu/dataset/128/japanese+vowels",
    citation=(
        "M. Kudo, J. Toyama, M. Shimbo: Multidimensional Curve Classification Using "
        "Passing-Through Regions, Pattern Recognition Letters 20 (1999) 1103-1111; "
        "doi:10.24432/C5NS47"
    ),
    subset=DATA / "japanese_vowels" / "utterances.npz",
    subset_sha256="e5a28f2fb5f970a81c24858cf8263a67350868f74cca5b20e77b18c256808bca",
    channels=tuple(f"cepstrum {number}" for number in range(1, 13)),
    step="6.4 ms",
)

MNIST1D = TracesInfo(
    name="mnist1d",
    title="MNIST-1D",
    task="tell ten kinds of traces of 40 steps apart",
    examples="traces",
    classes=tuple(f"kind {number}" for number in range(10)),
    full_size="4000 training and 1000 test traces; a generator makes as many others as one likes",
    subset_size="4000 training and 1000 test traces of 40 steps (ships with the course)",
    licence="Apache-2.0, S. Greydanus",
    origin="https://github.com/greydanus/mnist1d",
    citation=(
        "S. Greydanus, D. Kobak: Scaling Down Deep Learning with MNIST-1D, "
        "arXiv:2011.14439 (2020); made by the Python package mnist1d 0.0.2.post1"
    ),
    subset=DATA / "mnist1d" / "traces.npz",
    subset_sha256="859b54ff74ec179e999fe51378040d42dc8f1e90eafa1d4c6aa938126f2542eb",
    steps=40,
)

CDNOW = EventsInfo(
    name="cdnow",
    title="CDNOW",
    task="say which customers of a music shop will buy again",
    examples="purchases",
    full_size="69659 purchases of 23570 customers",
    subset_size="69659 purchases of 23570 customers (ships with the course)",
    licence="MIT, copyright 2015 Cameron Davidson-Pilon",
    origin="https://github.com/CamDavidsonPilon/lifetimes",
    citation=(
        "P. S. Fader, B. G. S. Hardie: Forecasting Repeat Sales at CDNOW: A Case Study, "
        "Interfaces 31 (2001) S94-S107; CDNOW_master.txt in the Python package lifetimes 0.11.3"
    ),
    subset=DATA / "cdnow" / "purchases.npz",
    subset_sha256="67e4ddd6a37ebc36f877b73fa515494853120d0757daeed936bb6ab74aaf0c3a",
    is_whole=True,
    columns={
        "customer": "number of the customer, from 0",
        "day": "days since 1 January 1997",
        "cds": "CDs bought",
        "dollars": "paid, in US dollars",
    },
    first_day=date(1997, 1, 1),
)

AUSTEN = TextInfo(
    name="austen",
    title="Pride and Prejudice",
    task="say which character comes next",
    examples="characters",
    full_size="684768 characters, the whole novel",
    subset_size="684768 characters, the whole novel (ships with the course)",
    licence="public domain (Jane Austen, 1813); packaged under MIT, copyright 2016 Julia Silge",
    origin="https://github.com/juliasilge/janeaustenr",
    citation="Jane Austen: Pride and Prejudice (1813), in the R package janeaustenr, version 1.0.0",
    subset=DATA / "austen" / "pride_and_prejudice.npz",
    subset_sha256="4f3bd02d69a62c4c678e2d62c7f3e4420a1704cbc37f339e15d1e0458549b10f",
    is_whole=True,
)

CHICAGO = EventsInfo(
    name="chicago",
    title="Chicago ridership",
    task="say how many people will enter a train station tomorrow",
    examples="days",
    full_size="5698 days, January 2001 to August 2016, of one station",
    subset_size="5698 days, January 2001 to August 2016, of one station (ships with the course)",
    licence="MIT, copyright 2019 Max Kuhn, RStudio",
    origin="https://github.com/tidymodels/modeldata",
    citation=(
        "Chicago in the R package modeldata, version 1.1.0, from the City of Chicago's data "
        "portal; M. Kuhn, K. Johnson: Feature Engineering and Selection (2019)"
    ),
    subset=DATA / "chicago" / "ridership.npz",
    subset_sha256="cc19d9bbdf11fefc93444146f5d16f7c8920ff20620a48ef0c09ad207f4452c0",
    is_whole=True,
    columns={
        "day": "days since 22 January 2001, a Monday",
        "riders": "people who entered the station Clark/Lake",
    },
    first_day=date(2001, 1, 22),
)

CATALOGUE: dict[str, DatasetInfo] = {
    info.name: info
    for info in (FASHION_MNIST, CREDIT, MNIST1D, JAPANESE_VOWELS, CDNOW, CHICAGO, AUSTEN)
}
