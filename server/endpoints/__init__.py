"""The addresses, one module for each family; and the intake: place, body, deadline, disconnect.

A family takes what it needs from a `Context` and gives a list of `Endpoint`s, which `server.app`
routes and /openapi.json describes. Work on audio is left to inference/, wire formats to http/.
"""
