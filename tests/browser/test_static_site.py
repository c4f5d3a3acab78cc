"""The site as plain files in a real browser: it works, grows old honestly, and needs no script."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Reader
from tests.statusportal.public.snapshots import NOW
from tests.statusportal.public.test_static_site import ours, publish, served

__all__ = ["ours"]

pytestmark = pytest.mark.usefixtures("ours", "well")


def test_files_drop_their_green_by_script_and_say_from_when_they_are_without(
    chromium: Browser, tmp_path: Path
) -> None:
    publish(tmp_path / "site")
    with served(tmp_path / "site") as site:
        scripted = Reader(chromium, site)
        plain = Reader(chromium, site, java_script_enabled=False)
        try:
            scripted.open("/en/services/")
            page = scripted.page
            expect(page.locator(".status--operational").first).to_be_visible()
            # Three intervals and more: nobody has published anything newer.
            with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
                page.clock.run_for(300_000)
                expect(page.locator("#stale")).to_be_visible()
            expect(page.locator(".status--operational")).to_have_count(0)
            assert scripted.complaints == []

            plain.open("/ar/services/")
            expect(plain.page.locator("#as-of")).to_be_visible()
            expect(plain.page.locator("#as-of")).to_contain_text("13:00")
            expect(plain.page.locator("form")).to_have_count(0)
            plain.page.get_by_role("link", name="English").click()
            expect(plain.page).to_have_url(f"{site}/en/services/")
            expect(plain.page.locator("#as-of")).to_contain_text("13:00")
        finally:
            scripted.context.close()
            plain.context.close()
