"""What all kinds of probe share: the deadline, the clock, and reading a cause from an error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.net import (
    AddressRefused,
    BadAddress,
    CertificateExpired,
    CertificateUntrusted,
    CertificateWrongName,
    ClosedEarly,
    ConnectionRefused,
    ConnectTimeout,
    NameNotFound,
    NameTimeout,
    NetError,
    NoAnswer,
    Phase,
    ProtocolError,
    TlsFailed,
    Trace,
    Unreachable,
)
from services.probes.target import InvalidSpec, Target
from services.status.health import Outcome
from services.status.observation import Observation, Reason, Timings

logger = logging.getLogger(__name__)

_DETAIL_LENGTH = 200

# A subclass stands before its base.
_REASONS: tuple[tuple[type[NetError], Reason], ...] = (
    (AddressRefused, Reason.ADDRESS_REFUSED),
    (NameNotFound, Reason.NAME_NOT_FOUND),
    (NameTimeout, Reason.NAME_TIMEOUT),
    (ConnectionRefused, Reason.REFUSED),
    (Unreachable, Reason.UNREACHABLE),
    (ConnectTimeout, Reason.CONNECT_TIMEOUT),
    (CertificateExpired, Reason.TLS_EXPIRED),
    (CertificateWrongName, Reason.TLS_WRONG_NAME),
    (CertificateUntrusted, Reason.TLS_UNTRUSTED),
    (TlsFailed, Reason.TLS_FAILED),
    (NoAnswer, Reason.NO_ANSWER),
    (ClosedEarly, Reason.CLOSED_EARLY),
    (ProtocolError, Reason.PROTOCOL_ERROR),
)

# What it means that the time was up, by how far the probe had come.
_TIME_UP = {
    Phase.QUEUED: Reason.PROBER_ERROR,  # we ask this host too much at once: ours
    Phase.NAME: Reason.NAME_TIMEOUT,
    Phase.CONNECT: Reason.CONNECT_TIMEOUT,
    Phase.TLS: Reason.NO_ANSWER,
    Phase.ANSWER: Reason.NO_ANSWER,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a kind made of an answer that it got; `slow_after_s` comes from the specification."""

    reason: Reason = Reason.OK
    detail: str = ""
    slow_after_s: float | None = None


async def attempt(target: Target, look: Callable[[Trace], Awaitable[Finding]]) -> Observation:
    """Let `look` work within the target's timeout and put down what came of it.

    Raises nothing but the cancellation of the whole.
    """
    trace = Trace()
    try:
        async with asyncio.timeout(target.timeout_s) as deadline:
            trace.deadline = deadline
            finding = await look(trace)
    except TimeoutError:
        reason = _TIME_UP[trace.phase]
        waited_for = trace.phase.name.lower()
        finding = Finding(reason, f"no result within {target.timeout_s:g} s ({waited_for})")
    except InvalidSpec as error:
        finding = Finding(Reason.BAD_TARGET, str(error))
    except BadAddress as error:
        finding = Finding(Reason.BAD_TARGET, str(error))
    except NetError as error:
        finding = Finding(_reason_of(error), str(error))
    except Exception as error:
        logger.exception("probe of check %s failed by itself", target.check_id)
        finding = Finding(Reason.PROBER_ERROR, type(error).__name__)
    return _observation(target, trace, finding)


def not_probed(target: Target, reason: Reason, detail: str) -> Observation:
    """The observation of a probe that did not take place; `reason` is one of ours."""
    return _observation(target, Trace(), Finding(reason, detail))


def _reason_of(error: NetError) -> Reason:
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    # NoSocket and ResolverBusy among them.
    return Reason.PROBER_ERROR


def _observation(target: Target, trace: Trace, finding: Finding) -> Observation:
    total_ms = trace.total_ms
    reason = finding.reason
    slow_after_s = finding.slow_after_s
    if slow_after_s is None:
        slow_after_s = target.slow_after_s
    if reason is Reason.OK and slow_after_s is not None and total_ms > slow_after_s * 1000:
        reason = Reason.SLOW
    return Observation(
        check_id=target.check_id,
        location_id=target.location_id,
        due_at=target.due_at,
        started_at=trace.started_at,
        outcome=_outcome(reason),
        reason=reason,
        timings=Timings(
            dns_ms=trace.dns_ms,
            connect_ms=trace.connect_ms,
            tls_ms=trace.tls_ms,
            first_byte_ms=trace.first_byte_ms,
            total_ms=total_ms,
        ),
        certificate_days=trace.certificate_days,
        # NUL has no place in a PostgreSQL text, and servers send what they like.
        detail=finding.detail.replace("\0", "")[:_DETAIL_LENGTH],
    )


def _outcome(reason: Reason) -> Outcome:
    if reason is Reason.OK:
        return Outcome.OK
    if reason is Reason.SLOW:
        return Outcome.SLOW
    return Outcome.PROBER_FAULT if reason >= Reason.BAD_TARGET else Outcome.BAD
