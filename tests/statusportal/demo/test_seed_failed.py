"""A demo that could not be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.models import Service
from statusportal.demo.plan import Plan
from statusportal.demo.seed import seed
from tests.statusportal.demo.conftest import NOW

pytestmark = pytest.mark.django_db


def test_a_failed_seed_leaves_nothing_behind(
    ready: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    def no_room(file: Path, text: str) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("statusportal.demo.seed.write_private", no_room)
    with pytest.raises(OSError, match="no space left"):
        seed(now=NOW, folder=ready.folder, base_port=0)
    assert Service.objects.count() == 0
