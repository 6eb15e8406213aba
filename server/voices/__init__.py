"""Where voices are kept: a SQLite file, or a PostgreSQL database that several servers share.

Knows no model and no audio: tones and clips are bytes here, and a tone has the id of its model.
"""
