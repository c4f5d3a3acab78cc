"""Making, revoking and recognising the tokens of agencies' systems."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts import tokens
from accounts.access import Act, may
from accounts.models import Agency, ApiToken, User
from accounts.tokens import Scope, Standing
from core import audit
from core.arabic import without_bidi_controls

_USED_EVERY = timedelta(minutes=1)
# Compared where no token has the name that was shown, so that the answer takes as long.
_OF_NOBODY = tokens.digest_of("")


@sensitive_variables("drawn")
@transaction.atomic
def issue(
    *,
    agency: Agency,
    name: str,
    scopes: Collection[str],
    expires_at: datetime,
    actor: User,
    now: datetime,
    address: str | None = None,
    reason: str = "",
) -> tuple[ApiToken, str]:
    """A new token for a system of `agency`: its row, and the token itself, which is kept nowhere.

    Raises PermissionDenied, and ValidationError by field: no name, no or an unknown scope, an end
    that is past or more than 366 days away.
    """
    if not may(actor, Act.MANAGE_TOKENS, agency):
        raise PermissionDenied
    name = without_bidi_controls(name).strip()
    wrong = {}
    if not name:
        wrong["name"] = _("Name the system that will use it.")
    if not scopes or not set(scopes) <= set(Scope):
        wrong["scopes"] = _("Choose at least one of the things that it may do.")
    if expires_at <= now:
        wrong["expires_at"] = _("This lies in the past. Choose a later time.")
    elif tokens.lives_too_long(expires_at=expires_at, now=now):
        wrong["expires_at"] = _("A token lives for 366 days at most. Choose an earlier day.")
    if wrong:
        raise ValidationError(wrong)
    drawn = tokens.draw()
    token = ApiToken.objects.create(
        public_id=drawn.public_id,
        digest=drawn.digest,
        name=name,
        agency=agency,
        # In one order, whatever was ticked first.
        scopes=[scope.value for scope in Scope if scope in set(scopes)],
        created_at=now,
        created_by=actor,
        expires_at=expires_at,
    )
    audit.record(
        now=now,
        actor=actor,
        act="make token",
        subject=token,
        address=address,
        agency_code=agency.code,
        after={
            "public_id": str(token),
            "name": token.name,
            "scopes": " ".join(token.scopes),
            "expires_at": token.expires_at.isoformat(),
        },
        reason=reason,
    )
    return token, drawn.text


@transaction.atomic
def revoke(
    *,
    token_id: int,
    actor: User,
    now: datetime,
    address: str | None = None,
    reason: str = "",
) -> bool:
    """Shut every door for a token, for ever; False where that was done already.

    Raises PermissionDenied, and ApiToken.DoesNotExist.
    """
    token = (
        ApiToken.objects.select_for_update(of=("self",)).select_related("agency").get(pk=token_id)
    )
    if not may(actor, Act.MANAGE_TOKENS, token.agency_id):
        raise PermissionDenied
    if token.revoked_at is not None:
        return False
    token.revoked_at, token.revoked_by = now, actor
    token.save(update_fields=["revoked_at", "revoked_by"])
    audit.record(
        now=now,
        actor=actor,
        act="revoke token",
        subject=token,
        address=address,
        agency_code=token.agency.code,
        before={"public_id": str(token), "name": token.name},
        after={"revoked_at": now.isoformat()},
        reason=reason,
    )
    return True


@dataclass(frozen=True, slots=True)
class Recognised:
    """A token that exists, and how it stands. Only whoever showed the whole of it gets here."""

    token: ApiToken
    standing: Standing


@sensitive_variables("text")
def recognise(text: str, *, now: datetime) -> Recognised | None:
    """The token that `text` is, with its agency; None for every other text. 1 query, 2 a minute.

    One that opens a door is marked as used, to the minute.
    """
    public_id = tokens.public_id_of(text)
    if public_id is None:
        return None
    token = ApiToken.objects.select_related("agency").filter(public_id=public_id).first()
    if not tokens.is_it(token.digest if token else _OF_NOBODY, text) or token is None:
        return None
    standing = tokens.standing(expires_at=token.expires_at, revoked_at=token.revoked_at, now=now)
    if standing is Standing.VALID:
        _mark_used(token, now)
    return Recognised(token, standing)


def _mark_used(token: ApiToken, now: datetime) -> None:
    if token.last_used_at is not None and token.last_used_at > now - _USED_EVERY:
        return
    # Of many calls at once, one writes.
    ApiToken.objects.filter(
        Q(last_used_at=None) | Q(last_used_at__lte=now - _USED_EVERY), pk=token.pk
    ).update(last_used_at=now)
