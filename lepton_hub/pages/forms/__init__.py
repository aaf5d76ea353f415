"""Parse and validate forms."""

from lepton_hub.pages.forms.arrived_files import ArrivedFile, arrived_files
from lepton_hub.pages.forms.form_problems import ITEM_SENTENCES, problems_of
from lepton_hub.pages.forms.sent_fields import Fields, FormUnreadable, SentFile, read_fields
from lepton_hub.pages.forms.typed_tags import split_tags

__all__ = [
    "ITEM_SENTENCES",
    "ArrivedFile",
    "Fields",
    "FormUnreadable",
    "SentFile",
    "arrived_files",
    "problems_of",
    "read_fields",
    "split_tags",
]
