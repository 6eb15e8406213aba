"""The requests, answers and errors of the API as typed values, described in both languages.

Data only: nothing here reads a body, sends an answer or touches a model.
"""
