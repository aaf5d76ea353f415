"""`lepton new`: skeletons of modules and exercises."""
