"""Pages of the compute pool: ask for a job, watch it, cancel it."""

from lepton_hub.pages.jobs import job_pages

JOB_PAGES = (job_pages,)
