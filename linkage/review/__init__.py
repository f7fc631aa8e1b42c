"""Blind review of a run by people: a sheet of items without verdicts, and what the filled sheet says of the run.

On the user's own data there is no truth. This, and no simulation, gives what a report may call an error rate.
"""
