"""The addresses of the citizens' site, below /ar/ and /en/."""

from __future__ import annotations

from django.urls import path

from statusportal.public import (
    calendar_feed,
    components,
    embeds,
    feeds,
    incident_page,
    maintenance_page,
    og,
    pages,
    service_page,
)

app_name = "public"
urlpatterns = [
    path("", pages.home, name="home"),
    path("services/", pages.services, name="services"),
    path("services/<slug:slug>/", service_page.service, name="service"),
    path("agencies/<slug:code>/", service_page.agency, name="agency"),
    path("incidents/", incident_page.incidents, name="incidents"),
    path("incidents/<slug:ref>/", incident_page.incident, name="incident"),
    path("maintenance/", maintenance_page.maintenance, name="maintenance"),
    path("maintenance/<slug:ref>/", maintenance_page.window, name="window"),
    path("maintenance/<slug:ref>/calendar.ics", calendar_feed.window, name="window-calendar"),
    path("calendar.ics", calendar_feed.everything, name="calendar"),
    path("agencies/<slug:code>/calendar.ics", calendar_feed.agency, name="agency-calendar"),
    path("services/<slug:slug>/calendar.ics", calendar_feed.service, name="service-calendar"),
    path("feed.atom", feeds.everything, name="feed"),
    path("agencies/<slug:code>/feed.atom", feeds.agency, name="agency-feed"),
    path("services/<slug:slug>/feed.atom", feeds.service, name="service-feed"),
    path("og.png", og.portal, name="og"),
    path("agencies/<slug:code>/og.png", og.agency, name="agency-og"),
    path("services/<slug:slug>/og.png", og.service, name="service-og"),
    path("incidents/<slug:ref>/og.png", og.incident, name="incident-og"),
    path("maintenance/<slug:ref>/og.png", og.window, name="window-og"),
    path("feed-<slug:month>.atom", feeds.everything, name="feed-month"),
    path("agencies/<slug:code>/feed-<slug:month>.atom", feeds.agency, name="agency-feed-month"),
    path("services/<slug:slug>/feed-<slug:month>.atom", feeds.service, name="service-feed-month"),
    path("use/", embeds.use, name="use"),
    # In the demo only.
    path("_components/", components.components, name="components"),
]
