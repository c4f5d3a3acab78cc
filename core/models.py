"""Models of this app; each is defined in the module that owns its meaning."""

from core.audit import AuditEntry, AuditLink
from core.outbox import Event

__all__ = ["AuditEntry", "AuditLink", "Event"]
