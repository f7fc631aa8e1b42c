"""Prompt templates: raw prompts become keyed ids, and no text leaves this package."""

from linkage.templates.stream import VERSION, TemplateIds, key_of, resolved_templates

__all__ = ["VERSION", "TemplateIds", "key_of", "resolved_templates"]
