"""Certification of exercises: right answers pass, wrong ones fail and are diagnosed."""
