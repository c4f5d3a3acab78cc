"""The addresses of the staff's pages, below /ops/; the language is the reader's own choice."""

from __future__ import annotations

from django.urls import path

from statusportal.ops.views import (
    board,
    desk,
    handover,
    health,
    incidents,
    opening,
    sharing,
    suspicions,
    why,
)

app_name = "ops"
urlpatterns = [
    path("", board.board, name="board"),
    path("handover/", handover.handover, name="handover"),
    path("health/", health.health, name="health"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/new/", opening.new, name="new"),
    path("incidents/new/services/", opening.picker, name="picker"),
    path("incidents/<slug:ref>/", desk.incident, name="incident"),
    path("incidents/<slug:ref>/acknowledge/", board.acknowledge, name="acknowledge"),
    path("incidents/<slug:ref>/draft/", desk.draft, name="draft"),
    path("incidents/<slug:ref>/<slug:name>/", desk.act, name="act"),
    path("suspicions/<slug:ref>/", suspicions.suspicion, name="suspicion"),
    path("suspicions/<slug:ref>/<slug:name>/", suspicions.act, name="suspicion-act"),
    path("share/<slug:ref>/", sharing.share, name="share"),
    path("services/<slug:slug>/why/", why.why, name="why"),
]
