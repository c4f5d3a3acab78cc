"""Who did what, when, from where and why: an append-only record of every write by a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn, Protocol, runtime_checkable

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.utils.translation import gettext_lazy as _


@runtime_checkable
class NamedActor(Protocol):
    """Whoever acts and is no person: an agency's system, by its token."""

    @property
    def name_in_record(self) -> str:
        """What stands in the record where a person's name would."""


class AppendOnlyError(Exception):
    """Somebody tried to change or delete what only grows."""


class AuditEntry(models.Model):
    """One act of one person, written in the transaction of the act itself.

    A trigger in the database refuses UPDATE, DELETE and TRUNCATE (migration 0001), so that bulk
    updates and raw SQL are refused too.
    """

    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        # People leave without losing their history.
        on_delete=models.PROTECT,
        related_name="+",
    )
    actor_name = models.CharField(_("name at the time"), max_length=200)
    address = models.GenericIPAddressField(_("from where"), null=True)
    act = models.CharField(_("act"), max_length=60)
    subject_kind = models.CharField(_("kind of object"), max_length=60)
    subject_id = models.CharField(_("object"), max_length=60)
    subject_name = models.CharField(_("name of the object"), max_length=300)
    agency_code = models.CharField(_("agency"), max_length=12, blank=True)
    before = models.JSONField(_("before"), null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(_("after"), null=True, encoder=DjangoJSONEncoder)
    reason = models.TextField(_("why"), blank=True)

    class Meta:
        app_label = "core"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            # "What happened to this object?", newest first: the history view of every object.
            models.Index(fields=["subject_kind", "subject_id", "-at"], name="audit_subject"),
            # "What did this person do?"
            models.Index(fields=["actor", "-at"], name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.act} {self.subject_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("An audit entry is never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("An audit entry is never deleted.")


class AuditLink(models.Model):
    """Where an entry stands in the chain (core.chain), written by a sweep soon after the entry.

    A row of its own, because an entry is never changed and must stay one insert. The database
    refuses UPDATE, DELETE and TRUNCATE here too (migration 0003).
    """

    # From 1 without a gap, which no sequence promises.
    position = models.BigIntegerField(_("position"), primary_key=True)
    entry = models.OneToOneField(
        AuditEntry, verbose_name=_("audit entry"), on_delete=models.PROTECT, related_name="link"
    )
    linked_at = models.DateTimeField(_("linked at"))
    xid = models.BigIntegerField(_("transaction"))
    previous = models.CharField(_("previous digest"), max_length=64)
    digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        app_label = "core"
        verbose_name = _("audit link")
        verbose_name_plural = _("audit links")

    def __str__(self) -> str:
        return f"{self.position}:{self.digest}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError("A link of the audit is never changed.")
        # Its number is given, and Django would try an UPDATE first.
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnlyError("A link of the audit is never deleted.")


def record(
    *,
    now: datetime,
    actor: Any,
    act: str,
    subject: models.Model,
    address: str | None = None,
    agency_code: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Write one entry; call it inside the transaction of the act, so that both stand or fall.

    `actor` is the user, a token (`NamedActor`), or None for the portal itself. `before` and
    `after` hold only what differs; secrets are never among them.
    """
    is_token = isinstance(actor, NamedActor)
    name = actor.name_in_record if is_token else str(actor)
    return AuditEntry.objects.create(
        at=now,
        # The column is of people alone: whoever has none here is told by the name.
        actor=None if is_token else actor,
        actor_name=name[:200] if actor is not None else "portal",
        address=address,
        act=act,
        subject_kind=subject._meta.label_lower,
        subject_id=str(subject.pk),
        subject_name=str(subject)[:300],
        agency_code=agency_code,
        before=before,
        after=after,
        reason=reason,
    )


def last_of(*, subject: models.Model, act: str) -> AuditEntry | None:
    """The newest entry about `act` on `subject`; None where there is none. 1 query."""
    return (
        AuditEntry.objects.filter(
            subject_kind=subject._meta.label_lower, subject_id=str(subject.pk), act=act
        )
        .order_by("-at", "-id")
        .first()
    )


def record_export(
    *,
    now: datetime,
    actor: Any,
    address: str | None,
    file_name: str,
    asked: dict[str, str],
    count: int,
) -> AuditEntry:
    """Write down that somebody took `count` entries away as a file.

    `asked` is what was searched and filtered for. Call it before the file is made: a file that
    broke off has been read as well.
    """
    return AuditEntry.objects.create(
        at=now,
        actor=actor,
        actor_name=str(actor),
        address=address,
        act="export",
        subject_kind=AuditEntry._meta.label_lower,
        # Of many entries, so of none.
        subject_id="",
        subject_name=file_name[:300],
        after={"entries": str(count), **asked},
    )


def kinds_recorded() -> list[str]:
    """The kinds of objects that stand in the record, in order.

    Jumps from one to the next in the index: as many looks as kinds, however long the record is.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE found AS ("
            " SELECT min(subject_kind) AS kind FROM core_auditentry"
            " UNION ALL"
            " SELECT (SELECT min(subject_kind) FROM core_auditentry WHERE subject_kind > kind)"
            " FROM found WHERE kind IS NOT NULL"
            ") SELECT kind FROM found WHERE kind IS NOT NULL"
        )
        return [kind for (kind,) in cursor.fetchall()]
