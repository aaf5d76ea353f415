"""Workers as processes: those that the hub starts, and `lepton hub work`."""
