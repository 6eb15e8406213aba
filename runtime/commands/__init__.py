"""The command line `python -m runtime`: one module a subcommand.

A subcommand's module has `NAME`, `HELP`, `add_arguments(parser)` and `run(options)`. `run` prints
its result on standard output and raises `OpenVoiceError` or `OSError` on failure.
"""
