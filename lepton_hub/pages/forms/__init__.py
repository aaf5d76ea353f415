"""What forms send, and what is wrong with it."""

from lepton_hub.pages.forms.arrived_files import ArrivedFile, arrived_files
from lepton_hub.pages.forms.form_problems import problems_of
from lepton_hub.pages.forms.sent_fields import Fields, FormUnreadable, SentFile, read_fields

__all__ = [
    "ArrivedFile",
    "Fields",
    "FormUnreadable",
    "SentFile",
    "arrived_files",
    "problems_of",
    "read_fields",
]
