"""Marking of synthetic speech: an inaudible watermark, and metadata that names what made it."""
