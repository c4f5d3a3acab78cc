"""Why something could not be reached, one class a cause, so that callers never read messages."""

from __future__ import annotations

import httpx


class NetError(httpx.TransportError):
    """A connection that did not come about or did not hold.

    An `httpx.TransportError`, so that whoever uses `async_client` needs one `except` for both.
    """

    # True where the cause lies with us: no socket, no thread, an address we refuse.
    ours = False


class BadAddress(ValueError):
    """A URL, host or port that nobody could connect to, whatever the state of the network."""


class AddressRefused(NetError):
    """The guard does not let us connect to this address."""

    ours = True


class NoSocket(NetError):
    """This machine gave us no socket: descriptors, buffers, local ports or permission ran out."""

    ours = True


class ResolverBusy(NetError):
    """All resolver threads wait for names that do not answer; this name was never asked for."""

    ours = True


class NameNotFound(NetError):
    """The name does not exist or has no address."""


class NameTimeout(NetError):
    """The name servers did not answer."""


class ConnectionRefused(NetError):
    """The host answered that nothing listens on the port."""


class Unreachable(NetError):
    """The network says that there is no way to the address."""


class ConnectTimeout(NetError):
    """Nobody answered the attempt to connect."""


class TlsFailed(NetError):
    """The TLS handshake failed for another reason than the certificate."""


class CertificateExpired(TlsFailed):
    """The certificate's validity has ended."""


class CertificateWrongName(TlsFailed):
    """The certificate is for other names or addresses."""


class CertificateUntrusted(TlsFailed):
    """The certificate is not signed by an authority we know, or is not valid yet."""


class NoAnswer(NetError):
    """Connected, but the peer did not take or send anything in time."""


class ClosedEarly(NetError):
    """The peer closed or reset the connection before its answer was complete."""


class ProtocolError(NetError):
    """The peer's answer is not the protocol that was asked for."""
