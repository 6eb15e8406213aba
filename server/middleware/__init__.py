"""ASGI middleware around every request: id, log line, headers, errors as JSON, the API key.

Nothing here knows what an address does, or runs inference.
"""
