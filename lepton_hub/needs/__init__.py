"""The survey on the hub: what people know and need, as sums over five people or more."""

from lepton_hub.needs.needs_tables import (
    CountedBatch,
    CountedPerson,
    SurveyMembership,
    SurveyReply,
)

__all__ = ["CountedBatch", "CountedPerson", "SurveyMembership", "SurveyReply"]
