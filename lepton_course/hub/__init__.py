"""Share data sets, models, code and notebooks with your teams, and use what others share.

    from lepton_course import load_dataset, share

    data = load_dataset("hub:city/ridership@3")
    share("churn-model", model, card=card)

On a team's JupyterHub, this uses the hub beside it; elsewhere, the hub that the environment
variables LEPTON_HUB_URL and LEPTON_HUB_TOKEN name.
"""

from lepton_course.hub.connection import HubConnection, HubError, find_items, request_access
from lepton_course.hub.item_loading import load_shared
from lepton_course.hub.shared_content import SharedContent
from lepton_course.hub.sharing import share
from lepton_course.hub.survey_sending import send_survey, take_back_survey
from lepton_course.hub.training_jobs import HubJob, JobFailed, find_jobs, train
from lepton_course.hub.weights import load_weights

__all__ = [
    "HubConnection",
    "HubError",
    "HubJob",
    "JobFailed",
    "SharedContent",
    "find_items",
    "find_jobs",
    "load_shared",
    "load_weights",
    "request_access",
    "send_survey",
    "share",
    "take_back_survey",
    "train",
]
