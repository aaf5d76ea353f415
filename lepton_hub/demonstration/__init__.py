"""Made-up people's teams at work: what a hub that is tried begins with, and its removal."""
