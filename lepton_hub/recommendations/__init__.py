"""Recommendations from what colleagues used together ("You may also need")."""

from lepton_hub.catalogue.dependents import ON_DELETE
from lepton_hub.recommendations.also_needed import ItemRecommendation, UsageBasis, also_needed
from lepton_hub.recommendations.usage_keeping import forget_uses_of
from lepton_hub.recommendations.usage_tables import ItemUse, ModuleUse

ON_DELETE.append(forget_uses_of)

__all__ = ["ItemRecommendation", "ItemUse", "ModuleUse", "UsageBasis", "also_needed"]
