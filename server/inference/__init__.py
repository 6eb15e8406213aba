"""Audio to tone embeddings to audio: admission, fair turns on threads, caches, accounting.

Knows requests by their messages and never by HTTP: no headers, no sending.
"""
