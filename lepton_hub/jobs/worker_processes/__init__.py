"""Worker processes: those the hub starts, and `lepton hub work`."""
