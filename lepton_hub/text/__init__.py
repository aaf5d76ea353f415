"""Guard against deceptive text: invisible characters and look-alike letters."""

from lepton_hub.text.hidden_characters import check_line, shown
from lepton_hub.text.look_alikes import check_words, plain_label, skeleton

__all__ = ["check_line", "check_words", "plain_label", "shown", "skeleton"]
