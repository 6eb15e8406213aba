"""What ends a rehearsal: RehearsalError, with NotPossible for what this machine lacks."""


class RehearsalError(Exception):
    """An image that cannot be built, or that does not do what it should."""


class NotPossible(RehearsalError):
    """A program or right that this machine does not have."""
