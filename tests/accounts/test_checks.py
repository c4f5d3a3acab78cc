from typing import Any

from accounts.checks import mail_goes_out


def test_a_deployment_without_mail_is_warned_that_alarms_reach_nobody(settings: Any) -> None:
    settings.EMAIL_HOST = ""
    assert [found.id for found in mail_goes_out()] == ["accounts.W001"]
    settings.EMAIL_HOST = "mail.gov.example"
    assert mail_goes_out() == []
