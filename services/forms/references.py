"""The forms of reference targets: those of checks, without what only a check has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.forms.checks import FORMS, CheckForm, HttpCheckForm
from services.models import ReferenceTarget


class _Meta:
    model = ReferenceTarget
    fields = ("name", "location", "network", "is_enabled")


def _no_secrets(form: HttpCheckForm, data: Mapping[str, Any]) -> None:
    """Nothing to store: what answers to nobody but us is no reference."""


def _reference_form(base: type[CheckForm]) -> type[CheckForm]:
    fields: dict[str, Any] = {"__module__": __name__, "__doc__": base.__doc__, "Meta": _Meta}
    if issubclass(base, HttpCheckForm):
        fields["_secrets"] = _no_secrets
    return type(base.__name__.replace("Check", "Reference"), (base,), fields)


# A heartbeat connects nowhere, and so tells nothing of our connection.
REFERENCE_FORMS: dict[str, type[CheckForm]] = {
    kind: _reference_form(form) for kind, form in FORMS.items() if kind != "heartbeat"
}
