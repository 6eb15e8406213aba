"""Limits of the audio that is accepted, each stated here and nowhere else."""

MINIMUM_SAMPLE_RATE_HZ = 4_000
MAXIMUM_SAMPLE_RATE_HZ = 384_000
MAXIMUM_CHANNELS = 8

MINIMUM_LIVE_HZ = 8_000
MAXIMUM_LIVE_HZ = 48_000
"""Sample rates of speech that is converted while it is spoken."""

MINIMUM_TARGET_SECONDS = 0.5
"""Shortest clip that a voice can be taken from."""

MAXIMUM_SECONDS = 600.0
"""Longest clip that is decoded into memory, unless the caller says otherwise."""

MINIMUM_OUTPUT_HZ = 8_000
MAXIMUM_OUTPUT_HZ = 48_000
"""Sample rates of results."""
