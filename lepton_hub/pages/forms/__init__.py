"""What forms send, and what is wrong with it."""

from lepton_hub.pages.forms.form_problems import problems_of
from lepton_hub.pages.forms.sent_fields import Fields, FormUnreadable, SentFile, read_fields

__all__ = ["Fields", "FormUnreadable", "SentFile", "problems_of", "read_fields"]
