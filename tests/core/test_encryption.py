"""Secrets at rest, and keys that are replaced."""

import pytest
from cryptography.fernet import Fernet

from core.encryption import CannotDecrypt, seal, unseal

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRETS = {"Authorization": "Bearer s3cr3t", "X-Key": "مفتاح"}


def test_what_is_sealed_cannot_be_read_and_comes_back_whole(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    token = seal(SECRETS)
    assert "s3cr3t" not in token
    assert unseal(token) == SECRETS


def test_sealing_twice_gives_two_different_tokens(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    assert seal(SECRETS) != seal(SECRETS)


def test_nothing_is_sealed_as_nothing(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    assert seal({}) == ""
    assert unseal("") == {}


def test_a_new_key_in_front_opens_what_the_old_one_sealed(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    token = seal(SECRETS)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert unseal(token) == SECRETS


def test_what_is_sealed_anew_needs_the_old_key_no_longer(settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    token = seal(SECRETS)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert unseal(token) == SECRETS


def test_a_key_taken_away_too_early_is_said_without_the_secret(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    token = seal(SECRETS)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(CannotDecrypt) as caught:
        unseal(token)
    assert str(caught.value) == "None of FIELD_ENCRYPTION_KEYS opens a stored secret."
    assert token not in repr(caught.value)


def test_a_token_that_somebody_changed_is_not_opened(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    token = seal(SECRETS)
    with pytest.raises(CannotDecrypt):
        unseal(token[:-6] + "AAAAA=")
