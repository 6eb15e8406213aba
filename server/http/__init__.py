"""Bytes to messages and messages to bytes: bodies, JSON, forms, base64, Accept headers, sending.

Knows no audio, no queue and no model.
"""
