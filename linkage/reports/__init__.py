"""The last stage: reads a published run, explains it, draws it, and writes it down for others."""
