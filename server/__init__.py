"""The HTTP service: the contract of the original API, and what this project adds to it.

`python -m server` runs it; `server.app.create_app` makes the ASGI application.
"""
