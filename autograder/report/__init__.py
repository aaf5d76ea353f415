"""`lepton class report`: what a class can do, what it has misunderstood, and who needs help."""
