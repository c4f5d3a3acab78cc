"""Why a sign-in did not come about, one class a cause: what is told to whom depends on it."""

from __future__ import annotations


class SignInFailed(Exception):
    """Nobody was signed in. The message is for the log: it holds no token and no secret."""


class ProviderDown(SignInFailed):
    """The provider cannot be reached, answers too late, or answers nonsense."""


class NotBelieved(SignInFailed):
    """What came back is not what we asked for: a state used twice, a token that does not hold."""


class Cancelled(SignInFailed):
    """The person, or the provider on their behalf, broke the sign-in off."""


class NotAllowed(SignInFailed):
    """The provider knows who this is, and the portal has nothing for them."""
