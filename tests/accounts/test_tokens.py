"""How a token is written, and when it counts: pure."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import tokens
from accounts.token_rates import allowance
from accounts.tokens import Standing

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
# Made once with `draw`, so that a change of the form shows here.
WRITTEN = "gsp_5071hcm80x_eVZ7sXHz0MMDTRk2pIGBpqUsxP0MB47G61W0ezGJ4kp0rNVXT"


def test_a_token_says_what_it_is_and_holds_256_random_bits() -> None:
    drawn = tokens.draw()

    assert re.fullmatch(r"gsp_[0-9a-z]{10}_[0-9A-Za-z]{49}", drawn.text)
    # 43 digits of 62 hold 256 bits, and 42 do not.
    assert 62**42 < 2**256 <= 62**43
    assert drawn.digest == hashlib.sha256(drawn.text.encode()).hexdigest()
    assert tokens.public_id_of(drawn.text) == drawn.public_id
    assert tokens.draw().text != drawn.text


def test_what_is_kept_does_not_show_the_token_to_whoever_prints_it() -> None:
    drawn = tokens.draw()
    assert drawn.text[16:] not in repr(drawn)


def test_tokens_that_were_given_out_stay_readable() -> None:
    assert tokens.public_id_of(WRITTEN) == "5071hcm80x"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gsp_",
        WRITTEN[:-1],
        WRITTEN + "T",
        WRITTEN.replace("gsp_", "ghp_"),
        WRITTEN.upper(),
        f" {WRITTEN}",
        f"{WRITTEN}\n",
        # A letter for a digit that looks like it.
        WRITTEN.replace("xP0MB", "xPOMB"),
        "٥" + WRITTEN[1:],
    ],
)
def test_what_is_no_token_is_told_without_asking_anybody(text: str) -> None:
    assert tokens.public_id_of(text) is None


@given(st.integers(min_value=15, max_value=63), st.sampled_from("0aZ"))
def test_one_wrong_letter_is_always_noticed(place: int, letter: str) -> None:
    mistyped = WRITTEN[:place] + letter + WRITTEN[place + 1 :]
    assert (tokens.public_id_of(mistyped) is None) is (mistyped != WRITTEN)


@given(st.text(max_size=80))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert tokens.public_id_of(text) in {None, "5071hcm80x"}
    assert not tokens.is_it(tokens.digest_of(WRITTEN), text)


def test_a_token_is_known_by_its_digest_alone() -> None:
    assert tokens.is_it(tokens.digest_of(WRITTEN), WRITTEN)
    assert not tokens.is_it(tokens.digest_of(WRITTEN), WRITTEN[:-1] + "U")


@pytest.mark.parametrize(
    ("expires_at", "revoked_at", "standing"),
    [
        (NOW + DAY, None, Standing.VALID),
        (NOW + timedelta(microseconds=1), None, Standing.VALID),
        (NOW, None, Standing.EXPIRED),
        (NOW - DAY, None, Standing.EXPIRED),
        (NOW + DAY, NOW - DAY, Standing.REVOKED),
        # Revoked is said of it also after its time.
        (NOW - DAY, NOW - 2 * DAY, Standing.REVOKED),
    ],
)
def test_how_a_token_stands(
    expires_at: datetime, revoked_at: datetime | None, standing: Standing
) -> None:
    assert tokens.standing(expires_at=expires_at, revoked_at=revoked_at, now=NOW) is standing


@pytest.mark.parametrize(
    ("life", "too_long"),
    [(DAY, False), (366 * DAY, False), (366 * DAY + timedelta(microseconds=1), True)],
)
def test_no_token_lives_for_more_than_366_days(life: timedelta, too_long: bool) -> None:
    assert tokens.lives_too_long(expires_at=NOW + life, now=NOW) is too_long


@pytest.mark.parametrize(
    ("used", "second", "left", "resets_s", "spent"),
    [
        (1, 0, 9, 60, False),
        (10, 0, 0, 60, False),
        (11, 0, 0, 60, True),
        (11, 59, 0, 1, True),
        (2, 30, 8, 30, False),
        # Rounded up: whoever comes back then is let in.
        (11, 59.5, 0, 1, True),
    ],
)
def test_what_is_left_of_a_minute_is_told(
    used: int, second: float, left: int, resets_s: int, spent: bool
) -> None:
    found = allowance(policy="read", limit=10, used=used, now=NOW + timedelta(seconds=second))

    assert found.is_spent is spent
    assert found.headers == {
        "RateLimit-Policy": '"read";q=10;w=60',
        "RateLimit": f'"read";r={left};t={resets_s}',
    }
