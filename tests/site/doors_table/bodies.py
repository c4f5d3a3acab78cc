"""What is sent with the forms of the table; words in braces are filled in as in addresses."""

from __future__ import annotations

BODIES: dict[str, dict[str, str | list[str]]] = {
    "nothing": {},
    "sure": {"post": "yes"},
    # --- the catalogue ---
    "channel": {"service": "{service}", "kind": "app", "position": "0"},
    "token": {
        "agency": "{agency}",
        "name": "Batch",
        "scopes": "read",
        "last_day": "2026-12-22",
    },
    # --- planned work ---
    "reason": {"reason": "No."},
    "later-end": {"ends_at": "2026-11-22T16:00", "note_ar": "تأخر", "note_en": "Late"},
    "note-to-all": {"note_ar": "تغيّر الموعد", "note_en": "It has moved"},
    "other-night": {"starts_at": "2026-12-04T01:30", "ends_at": "2026-12-04T04:30"},
    # --- incidents ---
    "update": {
        "text_ar": "نعمل على إصلاحه.",
        "text_en": "We are mending it.",
        "phase": "identified",
        "next_update_by": "2026-11-22T14:00",
    },
    "look": {"_look": "1"},
    "drop": {"_drop": "1"},
    "typing": {"text_en": "We"},
    "waiting": {"update_id": "{waiting}"},
    "waiting-back": {"update_id": "{waiting}", "reason": "No."},
    "correction": {
        "update_id": "{published}",
        "text_ar": "نعمل على إصلاحه.",
        "text_en": "We are mending it.",
    },
    "note": {"text_": "A note."},
    "severity": {"severity": "P2", "severity_reason": "Exam week."},
    "services": {"services": ["{service}", "{spare_service}"]},
    "declared": {"service_id": "{service}", "health": "degraded"},
    "overridden": {
        "service_id": "{service}",
        "health": "degraded",
        "reason": "Probe is wrong.",
        "expires_at": "2026-11-22T16:00",
    },
    "service": {"service_id": "{service}"},
    "facts": {"title_ar": "عطل", "title_en": "Trouble", "deadlines": "none", "payments": "none"},
    "over": {
        "text_ar": "عادت الخدمة.",
        "text_en": "It works again.",
        "although": "The probe is wrong.",
    },
    "again": {"reason": "Again."},
    "report": {"cause_class": "software"},
    "posting": {"channel": "x", "text": "نعمل على إصلاحه."},
    "search": {"find": "thing", "services": "{service}"},
    "search-theirs": {"find": "okka", "_find": "1", "services": "{service}"},
    "link": {"incident": "{ref}"},
    "aside": {"reason": "A test."},
    "opened": {
        "kind": "incident",
        "services": "{service}",
        "declared": "degraded",
        "title_ar": "بطء",
        "title_en": "Slow",
        "text_ar": "نعمل على إصلاحه.",
        "text_en": "We are mending it.",
        "next_update_by": "2026-11-22T14:00",
        "_publish": "1",
    },
}
