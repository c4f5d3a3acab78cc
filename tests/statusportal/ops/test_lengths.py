"""How long a text is by the rules of the channel in which it is posted."""

from __future__ import annotations

import pytest

from statusportal.ops.lengths import Sms, sms, x_weight


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("Restored", 8),
        ("عادت الخدمة", 11),
        ("“quoted” – and", 14),
        ("https://status.gov.example/ar/incidents/IN-LGN222/", 23),
        ("See https://a.example and https://b.example/x", 3 + 1 + 23 + 1 + 3 + 1 + 23),
        # Of other scripts each letter is two, and so is a picture.
        ("漢字", 4),
        ("🔴", 2),
        # Composed before it is counted.
        ("e\u0301", 1),
    ],
)
def test_x_counts_by_weight(text: str, weight: int) -> None:
    assert x_weight(text) == weight


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", Sms(0, 1, True)),
        ("a" * 160, Sms(160, 1, True)),
        ("a" * 161, Sms(161, 2, True)),
        ("a" * 306, Sms(306, 2, True)),
        ("a" * 307, Sms(307, 3, True)),
        # Takes an escape: two septets.
        ("€" * 80, Sms(160, 1, True)),
        ("€" * 81, Sms(162, 2, True)),
        ("ن" * 70, Sms(70, 1, False)),
        ("ن" * 71, Sms(71, 2, False)),
        ("ن" * 134, Sms(134, 2, False)),
        ("ن" * 135, Sms(135, 3, False)),
        # One letter beside GSM's makes all of it UTF-16, where this picture has two units.
        ("a" * 70 + "🔴", Sms(72, 2, False)),
    ],
)
def test_a_network_counts_messages(text: str, counted: Sms) -> None:
    assert sms(text) == counted
