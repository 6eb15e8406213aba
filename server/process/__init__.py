"""The process: listens, loads the model, tells whether it is ready, drains and ends.

What belongs to one request happens further down; nothing here parses, answers or converts.
"""
