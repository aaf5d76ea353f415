"""Pages of the compute pool: submit, watch and cancel jobs."""

from lepton_hub.pages.jobs import job_pages

JOB_PAGES = (job_pages,)
