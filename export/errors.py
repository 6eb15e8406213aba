"""What can go wrong while a bundle is made.

ExportError
├── ConfigError      the converter's config.json is unreadable or describes another network
├── CheckpointError  the checkpoint cannot be found, read, or is not the network's
├── CalibrationError there is no speech to calibrate with
├── OutputError      the bundle cannot be written where it was asked for
└── ParityError      an exported graph does not say what PyTorch says
"""


class ExportError(Exception):
    """Base of every error that an export ends with; its message is one line a fault."""


class ConfigError(ExportError):
    """The converter's config.json is unreadable or describes another network."""


class CheckpointError(ExportError):
    """The checkpoint cannot be found or read, or is not the network's."""


class CalibrationError(ExportError):
    """There is no speech to calibrate with, or too little."""


class OutputError(ExportError):
    """The bundle cannot be written where it was asked for."""


class ParityError(ExportError):
    """An exported graph does not say what PyTorch says."""
