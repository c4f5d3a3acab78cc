"""The one way in which a local start says no."""


class CannotStart(Exception):
    """The portal cannot start here; the message is one clear sentence for the person at the
    terminal, printed without a traceback."""
