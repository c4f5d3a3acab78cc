"""Agencies, the people who work for them, and what each of them is there."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

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

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.get_full_name() or self.username


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
