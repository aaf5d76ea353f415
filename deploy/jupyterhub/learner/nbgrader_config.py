"""nbgrader's configuration of a learner: the courses are those of the learner's groups."""

import os

c = get_config()  # noqa: F821

c.Exchange.root = os.environ["LEPTON_EXCHANGE"]
c.Exchange.path_includes_course = True  # two courses may hand out assignments of the same name
c.Authenticator.plugin_class = "nbgrader.auth.JupyterHubAuthPlugin"
