"""The public texts that an agency begins with, by effect, in both languages at once."""

from __future__ import annotations

from collections.abc import Mapping

from core.bilingual import Bilingual
from services.status.window import WindowEffect

# Sentences that were ready before they were needed (docs/words.md): both languages are stored
# with the window, so they are no messages of the catalogue.
DEFAULT: Mapping[WindowEffect, Bilingual] = {
    WindowEffect.STOPPED: Bilingual(
        ar="خدمة {service} لن تكون متاحة من {start} إلى {end} ({zone}).",
        en="{service} will be unavailable from {start} to {end} ({zone}).",
    ),
    WindowEffect.PARTLY: Bilingual(
        ar="بعض وظائف خدمة {service} لن تكون متاحة من {start} إلى {end} ({zone}).",
        en="Parts of {service} will be unavailable from {start} to {end} ({zone}).",
    ),
    WindowEffect.SLOW: Bilingual(
        ar="قد تكون خدمة {service} أبطأ من المعتاد من {start} إلى {end} ({zone}).",
        en="{service} may be slower than usual from {start} to {end} ({zone}).",
    ),
    WindowEffect.NONE: Bilingual(
        ar="نجري أعمالًا على خدمة {service} من {start} إلى {end} ({zone})، ولن تلاحظ أثرًا لها.",
        en="We are working on {service} from {start} to {end} ({zone}). You should not notice it.",
    ),
}


def default_text(effect: WindowEffect | str) -> Bilingual:
    """The text for `effect`, with placeholders (maintenance.placeholders)."""
    return DEFAULT[WindowEffect(effect)]
