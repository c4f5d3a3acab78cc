"""Whose portal it is."""

from __future__ import annotations

from core import env
from core.bilingual import Bilingual
from statusportal.settings.base import DEMO

AUTHORITY_NAME_AR = env.text("AUTHORITY_NAME_AR", "الهيئة الوطنية للخدمات الرقمية")
AUTHORITY_NAME_EN = env.text("AUTHORITY_NAME_EN", "National Digital Services Authority")
CONTACT_PHONE = env.text("CONTACT_PHONE", "80000000" if DEMO else "")
PORTAL_NAME = Bilingual(
    env.text("PORTAL_NAME_AR", "حالة الخدمات الحكومية"),
    env.text("PORTAL_NAME_EN", "Status of government services"),
)
# The deployment's own look (statusportal.public.brand); each empty: ours.
BRAND_ACCENT = env.text("BRAND_ACCENT", "")
BRAND_ACCENT_DARK = env.text("BRAND_ACCENT_DARK", "")
BRAND_LOGO = env.text("BRAND_LOGO", "")
BRAND_FONT = env.text("BRAND_FONT", "")
BRAND_FONT_BOLD = env.text("BRAND_FONT_BOLD", "")
# A second date, by the Umm al-Qura calendar, beside every "as of".
HIJRI = env.flag("HIJRI", default=False)
