"""The addresses of the staff's pages, below /ops/; the language is the reader's own choice."""

from __future__ import annotations

from django.urls import path

from statusportal.ops import views

app_name = "ops"
urlpatterns = [
    path("services/<slug:slug>/why/", views.why, name="why"),
]
