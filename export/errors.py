"""Errors of an export.

ExportError
├── ConfigError      the converter's config.json is unreadable or describes another network
├── CheckpointError  the checkpoint cannot be found or read, or is not the network's
├── CalibrationError there is too little speech to calibrate with
├── PrecisionError   the bundle to reduce is not in float32
└── ParityError      a graph differs from its reference by more than is accepted
"""


class ExportError(Exception):
    """Base of every error that an export ends with; its message is one line a fault."""


class ConfigError(ExportError):
    """The converter's config.json is unreadable or describes another network."""


class CheckpointError(ExportError):
    """The checkpoint cannot be found or read, or is not the network's."""


class CalibrationError(ExportError):
    """There is too little speech to calibrate with."""


class PrecisionError(ExportError):
    """The bundle to reduce is not in float32."""


class ParityError(ExportError):
    """A graph differs from its reference by more than is accepted."""
