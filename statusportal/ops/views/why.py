"""The operators' and agencies' pages: who may look, one gathering, one template."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import Act, agencies, may
from services import queries
from services.labels import Visibility
from statusportal.ops.evidence import gather
from statusportal.ops.telling import told, upstream_slugs
from statusportal.ops.words import rules
from statusportal.public import words


@never_cache
@require_safe
def why(request: HttpRequest, slug: str) -> HttpResponse:
    """Why a service is what it is: for its own agency and for the authority.

    Whoever is not staff is sent to sign in; for staff of another agency it is not there (404).
    """
    user = request.user
    if not (user.is_active and user.is_staff):
        return redirect_to_login(request.get_full_path())
    now = timezone.now()
    service = queries.service_as_measured(slug)
    if service is None or not may(user, Act.VIEW_WHY, service.agency_id):
        raise Http404
    evidence = gather(service, now)
    open_to = queries.slugs_of_agencies(
        upstream_slugs(evidence.believed), agencies(user, Act.VIEW_WHY)
    )
    language = words.language()
    return render(
        request,
        "ops/why.html",
        {
            "lang": language,
            "dir": "rtl" if language == "ar" else "ltr",
            "as_of": words.as_of(now),
            "rule_12": rules(12),
            "service": service,
            "is_public": service.visibility == Visibility.PUBLIC,
            "told": told(evidence, open_to=open_to),
        },
    )
