"""The action list: a run's accounts in the order in which to look at them, and how many honest ones to expect."""
