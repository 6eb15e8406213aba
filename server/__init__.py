"""The HTTP server: the original API's contract, what this project adds to it, and the page.

`python -m server` runs it; `server.app.create_app` makes the ASGI application. The code is in
layers, and a layer imports only itself and those below it (tests/test_imports.py):

    __main__, app    put the process and the application together
    process/         listen, load the model, drain
    middleware/      around every request: id, log line, errors as JSON, API key
    endpoints/       one module for each family of addresses
    openapi/         /openapi.json, made from the typed messages
    inference/       audio to tones to audio: queue, fairness, caches
    http/            bytes to messages and messages to bytes
    telemetry/       log and metrics
    messages/        the typed requests, answers and errors
    settings         what an operator may choose
"""
