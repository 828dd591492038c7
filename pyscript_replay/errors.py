"""The one exception of this package: a failure with a stable name, and the way to mend it."""

REPORT = "Please report this, with the steps that led to it."
"""The fix for what only we can mend."""


class ReplayError(Exception):
    """Something that the user can mend.

    Attributes:
        code (str): a stable name, such as ``device-id``.
        message (str): what was seen, in one sentence; without its full stop, as whatever shows it adds more.
        fix (str): what to do about it, in another one.
    """

    def __init__(self, code: str, message: str, fix: str):
        self.code = code
        self.message = message = message.strip().rstrip(".")
        super().__init__("{}: {}. {}".format(code, message, fix))
        self.fix = fix

    def told(self) -> "dict[str, str]":
        """The same as plain data."""
        return {"code": self.code, "message": self.message, "fix": self.fix}


def named(error: Exception) -> ReplayError:
    """The error itself, if the user can mend it; else one that says what happened (``internal``)."""
    return error if isinstance(error, ReplayError) else ReplayError("internal", repr(error), REPORT)
