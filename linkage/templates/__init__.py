"""Prompt templates: raw prompts become keyed ids, and no text leaves this package."""
