"""One form for each kind of check; the kind's own `parse` has the last word (docs/adr/0007).

A kind without a form here cannot be added by people: a test holds FORMS and KINDS together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.admin import HIDDEN, RecordedForm
from core.encryption import CannotDecrypt
from core.net.dns import RECORD_TYPES
from services.models import Check
from services.probes import KINDS, InvalidSpec
from services.probes.http import parse_secret_headers

if TYPE_CHECKING:
    # Only the stubs know the type of a lazy translation.
    from django.utils.functional import _StrPromise as Promise

_LTR = {"dir": "ltr", "spellcheck": "false"}
_NEW_SECRETS = (1, 2)
# Names that mean a secret wherever they stand.
_SECRET_NAMES = frozenset(
    {"authorization", "cookie", "x-api-key", "api-key", "apikey", "x-auth-token"}
)
_HEADER_NAME = _(
    "A header name has Latin letters, digits and hyphens only, and its value is Latin text in one "
    "line. The portal itself sets Host, User-Agent and the like."
)
_HOST_NAME = _("Write a host name or an address, such as gateway.gov.example.")
_PORT_NUMBER = _("A port is a number from 1 to 65535.")
_SECONDS = _("Write whole seconds: a call every 10 seconds at the least, within 35 days.")


def _text(label: Promise, help_text: Promise | str = "", **more: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={**_LTR, "class": "vLargeTextField"})
    options = {"required": False, "widget": widget, **more}
    return forms.CharField(label=label, help_text=help_text, **options)


def _number(label: Promise, help_text: Promise | str = "", **more: Any) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"dir": "ltr", "class": "vIntegerField"})
    return forms.IntegerField(label=label, help_text=help_text, widget=widget, **more)


def _lines(label: Promise, help_text: Promise) -> forms.CharField:
    widget = forms.Textarea(attrs={**_LTR, "rows": 3})
    return forms.CharField(label=label, help_text=help_text, required=False, widget=widget)


def _warning_days() -> forms.IntegerField:
    return _number(
        _("Certificate warning, in days"),
        _("Staff are warned when the certificate ends sooner. People never see it."),
        required=False,
        min_value=1,
        max_value=365,
    )


class CheckForm(RecordedForm):
    """What all kinds share. A subclass declares each key of its spec as the field `spec_{key}`:

    a check has columns of its own, and one of them may be called like the key of a kind.
    """

    kind: ClassVar[str]
    # What to do about each field that the kind's `parse` refuses, in the reader's language.
    mends: ClassVar[Mapping[str, Promise]] = {}
    spec_fields: ClassVar[tuple[str, ...]] = ()
    secret_fields: ClassVar[tuple[str | tuple[str, ...], ...]] = ()

    @classmethod
    def spec_inputs(cls) -> tuple[str, ...]:
        """The names of the fields that hold the spec, in order."""
        return tuple(f"spec_{key}" for key in cls.spec_fields)

    class Meta:
        model = Check
        fields = (
            "channel",
            "name",
            "is_essential",
            "is_enabled",
            "network",
            "interval_seconds",
            "timeout_seconds",
            "slow_after_ms",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        if instance is not None and instance.pk:
            kwargs["initial"] = {**self.typed(instance.spec), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def typed(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """`spec` as somebody would have typed it."""
        return {f"spec_{key}": spec[key] for key in self.spec_fields if key in spec}

    def spec_from(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What was typed, as a spec; what was left empty is left out."""
        return {
            key: value
            for key in self.spec_fields
            if (value := data.get(f"spec_{key}")) not in (None, "", [], {})
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if any(name not in data for name in self.spec_inputs()):
            # A field said what is wrong already.
            return data
        spec = self.spec_from(data)
        parse = KINDS[self.kind].parse
        try:
            asked = parse(spec)
        except InvalidSpec as refusal:
            field = f"spec_{refusal.field}"
            self.add_error(
                field if field in self.fields else None,
                self.mends.get(refusal.field, _("This cannot be checked as it is written.")),
            )
            return data
        self.instance.kind = self.kind
        # What means the same stays as it was written, and nothing is recorded as changed.
        if self.instance.pk is None or asked != self._asked_before(parse):
            self.instance.spec = spec
        return data

    def _asked_before(self, parse: Callable[[Mapping[str, Any]], object]) -> object:
        try:
            return parse(self.instance.spec)
        except InvalidSpec:
            return None


class HttpCheckForm(CheckForm):
    """A page or an interface on the web."""

    kind = "http"
    spec_fields = (
        "url",
        "method",
        "headers",
        "body",
        "accepted_codes",
        "text_present",
        "text_absent",
        "json_pointer",
        "json_value",
        "follow_redirects",
        "certificate_warning_days",
    )
    mends: ClassVar[Mapping[str, Promise]] = {
        "url": _(
            "Write a whole address that begins with http:// or https:// and holds no user name "
            "or password, such as https://services.gov.example/."
        ),
        "method": _(
            "An answer to HEAD has no content: choose GET, or empty the conditions on texts and "
            "JSON."
        ),
        "headers": _HEADER_NAME,
        "accepted_codes": _("Write codes like this: 200-299, 301."),
        "json_pointer": _(
            "Write the place of the value, such as /status; an expected value needs its place."
        ),
    }

    # Not a URLField: that would accept ftp:// and refuse names without a dot.
    spec_url = _text(_("Address"), required=True, max_length=2000)
    spec_method = forms.ChoiceField(
        label=_("Method"),
        choices=[(name, name) for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "OPTIONS")],
        initial="GET",
    )
    spec_headers = _lines(
        _("Headers"),
        _("One a line, as “Name: value”. Secrets belong among the secret headers."),
    )
    spec_body = forms.CharField(
        label=_("Body"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={**_LTR, "rows": 3}),
    )
    spec_accepted_codes = _text(
        _("Accepted codes"), _("Codes and ranges, such as 200-299, 301."), initial="200-299"
    )
    spec_text_present = forms.CharField(
        label=_("Text that must be there"),
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto", "class": "vLargeTextField"}),
    )
    spec_text_absent = forms.CharField(
        label=_("Text that must not be there"),
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto", "class": "vLargeTextField"}),
    )
    spec_json_pointer = _text(
        _("Place of a JSON value"), _("A JSON pointer (RFC 6901), such as /status.")
    )
    spec_json_value = forms.CharField(
        label=_("Expected JSON value"),
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto", "class": "vLargeTextField"}),
        help_text=_("Empty when it is enough that the place exists."),
    )
    spec_follow_redirects = forms.BooleanField(
        label=_("Follow redirects"), required=False, initial=True
    )
    spec_certificate_warning_days = _warning_days()

    # Of the stored secret headers, in order; filled in by `form_for`.
    secret_names: ClassVar[tuple[str, ...]] = ()
    unreadable: ClassVar[bool] = False

    def typed(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        headers = spec.get("headers") or {}
        lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
        return {**super().typed(spec), "spec_headers": lines}

    def clean_spec_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for line in self.cleaned_data["spec_headers"].splitlines():
            if not line.strip():
                continue
            name, colon, value = line.partition(":")
            name = name.strip()
            if not colon or not name:
                raise ValidationError(
                    _("“%(line)s” is no header: write “Name: value”."), params={"line": line}
                )
            if name.lower() in _SECRET_NAMES:
                raise ValidationError(
                    _("%(name)s is a secret: move it to the secret headers."),
                    params={"name": name},
                )
            headers[name] = value.strip()
        return headers

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        secrets = self._secrets(data)
        if secrets is not None:
            self.instance.secrets = secrets
        return data

    def _secrets(self, data: Mapping[str, Any]) -> dict[str, str] | None:
        """All secret headers as they are to be stored, or None to leave them untouched."""
        stored = {} if self.unreadable else dict(self.instance.secrets)
        kept = dict(stored)
        for number, name in enumerate(self.secret_names):
            if data.get(f"secret_{number}_remove"):
                kept.pop(name, None)
            elif value := data.get(f"secret_{number}"):
                self._refuse_bad_header(f"secret_{number}", name, value)
                kept[name] = value
        for number in _NEW_SECRETS:
            name = data.get(f"new_secret_name_{number}", "")
            value = data.get(f"new_secret_{number}", "")
            if name and value:
                self._refuse_bad_header(f"new_secret_name_{number}", name, value)
                if name.lower() in {other.lower() for other in kept}:
                    self.add_error(
                        f"new_secret_name_{number}", _("There is a secret header of this name.")
                    )
                kept[name] = value
            elif name:
                self.add_error(f"new_secret_{number}", _("Write the value of this header."))
            elif value:
                self.add_error(f"new_secret_name_{number}", _("Write the name of this header."))
        return None if kept == stored else kept

    def _refuse_bad_header(self, field: str, name: str, value: str) -> None:
        try:
            parse_secret_headers({"headers": {name: value}})
        except InvalidSpec:
            self.add_error(field, _HEADER_NAME)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            return
        for name, field in self.fields.items():
            # The page comes back without them; whoever typed them must know.
            typed = isinstance(field.widget, forms.PasswordInput) and self.data.get(
                self.add_prefix(name)
            )
            if typed and name not in self.errors:
                self.add_error(name, _("Write it again: a secret is never shown."))


class TcpCheckForm(CheckForm):
    """A port that accepts connections."""

    kind = "tcp"
    spec_fields = ("host", "port", "expect_banner")
    mends: ClassVar[Mapping[str, Promise]] = {
        "host": _HOST_NAME,
        "port": _PORT_NUMBER,
        "expect_banner": _("The greeting may have at most 1,024 bytes."),
    }

    spec_host = _text(_("Host"), required=True, max_length=255)
    spec_port = _number(_("Port"), min_value=1, max_value=65535)
    spec_expect_banner = _text(
        _("Expected greeting"), _("Part of what the server says first; empty when it is silent.")
    )


class TlsCheckForm(CheckForm):
    """A certificate: its chain, its dates and its name."""

    kind = "tls"
    spec_fields = ("host", "port", "server_name", "certificate_warning_days")
    mends: ClassVar[Mapping[str, Promise]] = {
        "host": _HOST_NAME,
        "server_name": _HOST_NAME,
        "port": _PORT_NUMBER,
    }

    spec_host = _text(_("Host"), required=True, max_length=255)
    spec_port = _number(_("Port"), initial=443, min_value=1, max_value=65535)
    spec_server_name = _text(
        _("Name in the certificate"), _("Empty when it is that of the host."), max_length=255
    )
    spec_certificate_warning_days = _warning_days()


class DnsCheckForm(CheckForm):
    """What name servers answer."""

    kind = "dns"
    spec_fields = ("domain", "record_type", "expected", "match", "resolvers", "port")
    mends: ClassVar[Mapping[str, Promise]] = {
        "domain": _("Write a name, not a numeric address, such as services.gov.example."),
        "expected": _("Write one record a line, as this type of record is written."),
        "resolvers": _("Write one numeric address a line, such as 192.0.2.53."),
        "port": _("A port is a number from 1 to 65535; another than 53 needs name servers."),
    }

    spec_domain = _text(_("Name"), required=True, max_length=255)
    spec_record_type = forms.ChoiceField(
        label=_("Type of record"), choices=[(name, name) for name in RECORD_TYPES]
    )
    spec_expected = _lines(_("Expected records"), _("One a line; empty when any will do."))
    spec_match = forms.ChoiceField(
        label=_("How they must match"),
        choices=[
            ("all", _("All of them are answered")),
            ("any", _("At least one of them is answered")),
            ("exact", _("They and no others are answered")),
        ],
    )
    spec_resolvers = _lines(
        _("Name servers"), _("One numeric address a line; empty for those of the prober.")
    )
    spec_port = _number(_("Port"), initial=53, min_value=1, max_value=65535)

    def typed(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        lists = {f"spec_{key}": "\n".join(spec.get(key) or ()) for key in ("expected", "resolvers")}
        return {**super().typed(spec), **lists}

    def clean_spec_expected(self) -> list[str]:
        return _listed(self.cleaned_data["spec_expected"])

    def clean_spec_resolvers(self) -> list[str]:
        return _listed(self.cleaned_data["spec_resolvers"])


def _listed(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class HeartbeatCheckForm(CheckForm):
    """A system that calls us; nothing goes out."""

    kind = "heartbeat"
    spec_fields = ("expect_every_seconds", "grace_seconds")
    mends: ClassVar[Mapping[str, Promise]] = {
        "expect_every_seconds": _SECONDS,
        "grace_seconds": _SECONDS,
    }

    spec_expect_every_seconds = _number(_("A call is expected every so many seconds"), min_value=1)
    spec_grace_seconds = _number(
        _("Seconds that a call may be late"), initial=60, required=False, min_value=0
    )


FORMS: dict[str, type[CheckForm]] = {
    form.kind: form
    for form in (HttpCheckForm, TcpCheckForm, TlsCheckForm, DnsCheckForm, HeartbeatCheckForm)
}
KIND_NAMES: dict[str, Promise] = {
    "http": _("Web page or interface (HTTP)"),
    "tcp": _("Port that accepts connections (TCP)"),
    "tls": _("Certificate (TLS)"),
    "dns": _("Name servers (DNS)"),
    "heartbeat": _("System that calls the portal (heartbeat)"),
}


def secret_names_of(check: Check | None) -> tuple[str, ...] | None:
    """The names of a check's secret headers in order; None where the keys do not open them."""
    try:
        return tuple(sorted(check.secrets)) if check is not None else ()
    except CannotDecrypt:
        return None


def form_for(kind: str, check: Check | None) -> type[CheckForm]:
    """The form of `kind`, with an input for each secret header that `check` has."""
    base = FORMS[kind]
    if not issubclass(base, HttpCheckForm):
        return base
    names = secret_names_of(check)
    fields: dict[str, Any] = {}
    rows: list[tuple[str, ...]] = []
    for number, name in enumerate(names or ()):
        # The name is the site's own text, so it goes around gettext.
        fields[f"secret_{number}"] = _secret(f"{name} {HIDDEN}", _("Leave empty to keep it."))
        fields[f"secret_{number}_remove"] = forms.BooleanField(label=_("Remove"), required=False)
        rows.append((f"secret_{number}", f"secret_{number}_remove"))
    for number in _NEW_SECRETS:
        fields[f"new_secret_name_{number}"] = _text(_("Name of a new secret header"))
        fields[f"new_secret_{number}"] = _secret(_("Its value"))
        rows.append((f"new_secret_name_{number}", f"new_secret_{number}"))
    return type(
        base.__name__,
        (base,),
        {
            **fields,
            "__module__": __name__,
            "secret_names": names or (),
            "secret_fields": tuple(rows),
            "unreadable": names is None,
        },
    )


def _secret(label: Promise | str, help_text: Promise | str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"dir": "ltr", "autocomplete": "new-password"})
    return forms.CharField(label=label, help_text=help_text, required=False, widget=widget)
