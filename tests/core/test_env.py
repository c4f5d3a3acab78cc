"""Settings from the environment fail at start, with a sentence that says which."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from core import env


@pytest.fixture
def variable(monkeypatch):
    """Sets the variable PORTAL_TEST, or takes it away."""

    def set_to(value):
        if value is None:
            monkeypatch.delenv("PORTAL_TEST", raising=False)
        else:
            monkeypatch.setenv("PORTAL_TEST", value)

    set_to(None)
    return set_to


def test_a_missing_variable_without_a_default_stops_the_start(variable):
    with pytest.raises(ImproperlyConfigured, match="Set PORTAL_TEST: it has no default"):
        env.text("PORTAL_TEST")
    assert env.text("PORTAL_TEST", "calm") == "calm"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1", True),
        ("true", True),
        ("YES", True),
        (" on ", True),
        ("0", False),
        ("False", False),
        ("no", False),
        ("off", False),
        ("", False),
    ],
)
def test_a_flag_is_yes_or_no_in_any_spelling(variable, typed, meant):
    variable(typed)
    assert env.flag("PORTAL_TEST", default=not meant) is meant


def test_a_flag_that_is_neither_is_refused(variable):
    variable("maybe")
    with pytest.raises(ImproperlyConfigured, match="PORTAL_TEST must be one of"):
        env.flag("PORTAL_TEST", default=True)


def test_a_flag_has_a_default(variable):
    assert env.flag("PORTAL_TEST", default=True) is True
    assert env.flag("PORTAL_TEST", default=False) is False


def test_a_number_is_whole_and_not_too_small(variable):
    assert env.number("PORTAL_TEST", 5) == 5
    variable("7")
    assert env.number("PORTAL_TEST", 5, at_least=7) == 7
    with pytest.raises(ImproperlyConfigured, match="PORTAL_TEST must be at least 8, not 7"):
        env.number("PORTAL_TEST", 5, at_least=8)
    variable("7.5")
    with pytest.raises(ImproperlyConfigured, match=r"whole number, not '7\.5'"):
        env.number("PORTAL_TEST", 5)


def test_a_list_is_separated_by_commas_or_white_space(variable):
    assert env.words("PORTAL_TEST") == []
    variable(" a.example, b.example\nc.example ")
    assert env.words("PORTAL_TEST") == ["a.example", "b.example", "c.example"]


def test_a_secret_may_stand_in_a_file(variable, monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("s3cr3t\n", encoding="utf-8")
    monkeypatch.setenv("PORTAL_TEST_FILE", str(tmp_path / "secret"))
    assert env.secret("PORTAL_TEST") == "s3cr3t"


def test_a_secret_in_two_places_is_refused(variable, monkeypatch, tmp_path):
    variable("one")
    monkeypatch.setenv("PORTAL_TEST_FILE", str(tmp_path / "secret"))
    with pytest.raises(ImproperlyConfigured, match="PORTAL_TEST or PORTAL_TEST_FILE, not both"):
        env.secret("PORTAL_TEST")


def test_a_secret_whose_file_is_missing_stops_the_start(variable, monkeypatch, tmp_path):
    monkeypatch.setenv("PORTAL_TEST_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match="PORTAL_TEST_FILE cannot be read"):
        env.secret("PORTAL_TEST", "default")


def test_a_secret_without_a_file_is_read_like_any_other(variable):
    variable("s3cr3t")
    assert env.secret("PORTAL_TEST") == "s3cr3t"
    variable(None)
    assert env.secret("PORTAL_TEST", "default") == "default"
