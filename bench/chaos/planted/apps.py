"""Started with Django in each process of a portal that runs with `bench.chaos.settings`."""

from __future__ import annotations

import os
import sys

from django.apps import AppConfig


class Planted(AppConfig):
    """Beat and workers alone: what people read is decided by the true clock."""

    name = "bench.chaos.planted"
    label = "chaos_planted"

    def ready(self) -> None:
        if "celery" not in sys.argv[0]:
            return
        from bench.chaos.planted import clock, guards

        clock.follow()
        planted = os.environ.get("CHAOS_PLANT")
        if planted:
            guards.PLANTS[planted]()
