"""`lepton class report`: a class's skills, its misconceptions, and the learners who need help."""
