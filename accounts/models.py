"""Agencies, the people who work for them, and what each of them is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.token_models import ApiToken as ApiToken
from core.bilingual import Bilingual, of


class Role(models.TextChoices):
    """What a person is; what each may do is decided in accounts.access alone."""

    AGENCY_STAFF = "agency_staff", _("Agency staff")
    AGENCY_PUBLISHER = "agency_publisher", _("Agency publisher")
    CONTACT_CENTRE = "contact_centre", _("Contact-centre agent")
    OPERATOR = "operator", _("Operator")
    SUPERVISOR = "supervisor", _("Supervisor")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")


# These work for the authority and act for every agency; the others for their own agency only.
AUTHORITY_ROLES = frozenset(
    {Role.CONTACT_CENTRE, Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR}
)


class Agency(models.Model):
    """A body of the state that owns e-services."""

    code = models.CharField(
        _("code"),
        max_length=12,
        unique=True,
        validators=[
            RegexValidator(
                r"^[A-Z][A-Z0-9]{1,11}$",
                _("A code is 2 to 12 capital Latin letters and digits, and begins with a letter."),
            )
        ],
        help_text=_("Stands in addresses, for example MOI. It never changes."),
    )
    name_ar = models.CharField(_("name in Arabic"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    url = models.URLField(_("web site"), blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        ordering = ("position", "code")

    def __str__(self) -> str:
        return str(self.name)

    @property
    def name(self) -> Bilingual:
        return of(self, "name")


class User(AbstractUser):
    """A person who works with the portal. Citizens have no account."""

    agencies = models.ManyToManyField(
        Agency, through="Membership", verbose_name=_("agencies"), related_name="people"
    )
    may_break_glass = models.BooleanField(
        _("break-glass"),
        default=False,
        help_text=_(
            "May sign in with a password while single sign-on is configured. Each use alarms two"
            " supervisors."
        ),
    )
    # Written by accounts.factors and accounts.operations alone, never by a form.
    factor_since = models.DateTimeField(_("second factor since"), null=True, editable=False)
    session_epoch = models.PositiveIntegerField(default=0, editable=False)

    # Whoever saves a person who was read a while ago must not take these back: a session that was
    # ended would live again.
    _WRITTEN_APART = frozenset({"factor_since", "session_epoch"})

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is None and not self._state.adding and not args:
            deferred = self.get_deferred_fields()
            update_fields = [
                column.name
                for column in self._meta.concrete_fields
                if not column.primary_key
                and column.name not in self._WRITTEN_APART
                and column.attname not in deferred
            ]
        super().save(*args, update_fields=update_fields, **kwargs)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session is bound to: the password, and the epoch that ends all of them."""
        return salted_hmac(
            "accounts.User.session",
            f"{self.password}:{self.session_epoch}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


class Membership(models.Model):
    """What a person is for one agency; without an agency, for the authority."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("person")
    )
    agency = models.ForeignKey(
        Agency,
        on_delete=models.PROTECT,
        related_name="memberships",
        verbose_name=_("agency"),
        null=True,
        blank=True,
        help_text=_("Empty for the roles of the authority, which act for every agency."),
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    # What single sign-on gave it takes away again (accounts.sso); what people gave stays.
    from_sso = models.BooleanField(_("from single sign-on"), default=False, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "agency", "role"],
                name="membership_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=sorted(AUTHORITY_ROLES), agency__isnull=True)
                | (~models.Q(role__in=sorted(AUTHORITY_ROLES)) & models.Q(agency__isnull=False)),
                name="membership_agency_fits_role",
                violation_error_message=_(
                    "Agency staff and publishers need an agency; roles of the authority have none."
                ),
            ),
        ]

    def __str__(self) -> str:
        where = str(self.agency) if self.agency else str(_("the authority"))
        return f"{self.user} · {self.get_role_display()} · {where}"


class Invitation(models.Model):
    """A link that lets one person in once, to set what they sign in with.

    The link itself is nowhere kept: only its digest (accounts.invitations).
    """

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="invitations", verbose_name=_("person")
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("invited by"),
        null=True,
    )
    created_at = models.DateTimeField(_("invited at"))
    expires_at = models.DateTimeField(_("valid until"))
    # Accepted, or overtaken by a newer one.
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return f"{self.user} · {self.created_at:%Y-%m-%d}"


class GlassBroken(models.Model):
    """Somebody signed in with a password although there is single sign-on; supervisors are told.

    A row and not a message alone, so that the alarm outlives whatever fails on its way.
    """

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("person")
    )
    at = models.DateTimeField(_("at"))
    address = models.GenericIPAddressField(_("from where"), null=True)
    told_at = models.DateTimeField(_("supervisors told at"), null=True)
    told = models.JSONField(_("who was told"), default=list)

    class Meta:
        verbose_name = _("use of break-glass")
        verbose_name_plural = _("uses of break-glass")
        indexes = [
            models.Index(
                fields=["at"], condition=models.Q(told_at__isnull=True), name="glass_untold"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.at:%Y-%m-%d %H:%M}"
