"""The yardstick of prompt templates: log lines with known templates, mixed prompts, speed and memory, whole runs."""
