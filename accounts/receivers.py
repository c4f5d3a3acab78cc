"""What is written down when somebody signs in, fails, signs out, or changes how they sign in."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import password_changed
from allauth.account.signals import user_logged_in as signed_in_with_us
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest
from django.utils import timezone

from accounts import factors, operations, sessions
from accounts.adapters import signed_in_here
from accounts.models import Membership, User
from core.admin import address_of
from core.audit import record


def connect() -> None:
    """Listen; called once, when the apps are ready."""
    user_logged_in.connect(_begin_session)
    user_logged_out.connect(_note_sign_out)
    user_login_failed.connect(_note_wrong_password)
    signed_in_with_us.connect(_note_sign_in)
    authentication_failed.connect(_note_wrong_code)
    password_changed.connect(_note_password)
    post_save.connect(_added, sender=Authenticator)
    post_delete.connect(_removed, sender=Authenticator)
    post_save.connect(_role_changed, sender=Membership)
    post_delete.connect(_role_changed, sender=Membership)


def _begin_session(request: HttpRequest, **_: Any) -> None:
    sessions.begin(request.session, timezone.now())


def _note_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    operations.note_sign_in(
        person=user,
        by=" + ".join(_method(one) for one in get_authentication_records(request, user)),
        is_local=signed_in_here(request, user),
        now=timezone.now(),
        address=address_of(request),
    )


def _method(authentication: dict[str, Any]) -> str:
    """password, socialaccount, totp, webauthn, recovery_codes: as allauth calls them."""
    return str(authentication.get("type") or authentication["method"])


def _note_sign_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if request is None or not isinstance(user, User):
        return
    record(
        now=timezone.now(),
        actor=user,
        act="sign_out",
        subject=user,
        address=address_of(request),
        # "age" or "idle" where it was not the person who ended it.
        reason=getattr(request, "session_over", ""),
    )


def _note_wrong_password(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    # A name that nobody has is not written down: people type passwords into the wrong field.
    person = User.objects.filter(username__iexact=credentials.get("username") or "").first()
    if request is not None and person is not None:
        _refused(person, "password", request)


def _note_wrong_code(request: HttpRequest, user: User, **_: Any) -> None:
    _refused(user, "second factor", request)


def _refused(person: User, step: str, request: HttpRequest) -> None:
    operations.note_refused(
        person=person, step=step, now=timezone.now(), address=address_of(request)
    )


def _note_password(request: HttpRequest, user: User, **_: Any) -> None:
    record(
        now=timezone.now(),
        actor=user,
        act="password_change",
        subject=user,
        address=address_of(request),
    )


# --- What ends sessions -----------------------------------------------------------------------


def _added(instance: Authenticator, created: bool, **_: Any) -> None:
    if not created:
        return
    _factor_changed(instance, "factor_add")
    request: HttpRequest | None = context.request
    if request is not None and instance.type == Authenticator.Type.TOTP:
        # The code that showed that the app works is used up by that.
        factors.spend(instance, request.POST.get("code", ""))


def _removed(instance: Authenticator, **_: Any) -> None:
    _factor_changed(instance, "factor_remove")


def _factor_changed(authenticator: Authenticator, act: str) -> None:
    """In the transaction of the change itself: sessions elsewhere end, the record says so."""
    person = User.objects.filter(pk=authenticator.user_id).first()
    if person is None:
        return
    now = timezone.now()
    factors.refresh(person, now)
    sessions.end_everywhere(person)
    request: HttpRequest | None = context.request
    if request is None:
        return
    actor = request.user if request.user.is_authenticated else None
    record(
        now=now,
        actor=actor or person,
        act=act,
        subject=person,
        address=address_of(request),
        after=factors.describe(authenticator),
    )
    if actor == person and isinstance(actor, User):
        # Where it was changed the person has just shown again who they are.
        actor.refresh_from_db(fields=["session_epoch", "factor_since"])
        update_session_auth_hash(request, actor)


def _role_changed(instance: Membership, **_: Any) -> None:
    person = User.objects.filter(pk=instance.user_id).first()
    if person is not None:
        sessions.end_everywhere(person)
        if "user" in instance._state.fields_cache:
            instance.user.session_epoch = person.session_epoch
