"""The survey on the hub: what people know and need, as sums over at least five people."""

from lepton_hub.needs.needs_tables import (
    CountedBatch,
    CountedPerson,
    SurveyMembership,
    SurveyReply,
)

__all__ = ["CountedBatch", "CountedPerson", "SurveyMembership", "SurveyReply"]
