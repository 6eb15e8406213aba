"""The OpenAPI document: operations and JSON schemas, made from what serves the requests.

Handles no request and knows no address by itself: endpoints/ declares its operations.
"""
