"""Which endpoints an order means, how long a fault lasts, and what is remembered of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from statusportal.demo.faults import CannotBreak, Fault, Faults, How, chosen


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "faults.json"


@pytest.mark.parametrize(
    ("slug", "channel", "how", "keys"),
    [
        ("id-renew", None, How.ERROR, ["web", "web/payment", "app", "kiosk"]),
        ("id-renew", "web", How.ERROR, ["web", "web/payment"]),
        ("id-renew", "kiosk", How.SLOW, ["kiosk"]),
        # Kiosks speak no TLS, and nobody reads what they answer.
        ("id-renew", None, How.TLS, ["web", "web/payment", "app"]),
        ("id-renew", None, How.TEXT, ["web", "web/payment", "app"]),
        ("sms", None, How.TEXT, ["api"]),
        # A job that calls us can fail or fall silent, and says no text.
        ("wage-prot", None, How.ERROR, ["web", "web/batch"]),
        ("wage-prot", None, How.TIMEOUT, ["web", "web/batch"]),
        ("wage-prot", None, How.TEXT, ["web"]),
        ("wage-prot", None, How.TLS, ["web"]),
        ("idn", None, How.REFUSED, ["web", "app"]),
    ],
)
def test_an_order_means_every_monitored_channel_that_can_fail_so(
    slug: str, channel: str | None, how: How, keys: list[str]
):
    found = chosen(slug, channel=channel, how=how)
    assert [endpoint.key for endpoint in found] == [f"{slug}/{key}" for key in keys]


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"slug": "nothing"}, "The demo nation has no service 'nothing'."),
        (
            {"slug": "pass-renew", "channel": "counter", "how": How.ERROR},
            "pass-renew has no monitored channel 'counter'; it has these: web, app.",
        ),
        (
            {"slug": "id-renew", "channel": "kiosk", "how": How.TLS},
            "--how tls needs a channel that speaks TLS; id-renew has these: web, app.",
        ),
        (
            {"slug": "gdn", "how": How.TLS_NAME},
            "--how tls-name needs a channel that speaks TLS; gdn has none.",
        ),
        (
            {"slug": "ksk", "how": How.TEXT},
            "--how text needs a channel that is asked for a text; ksk has none.",
        ),
        ({"slug": "idn", "how": How.ERROR, "times": 0}, "--times is a number from 1 on."),
        (
            {"slug": "idn", "how": How.REFUSED, "times": 2},
            (
                "A closed port sees nobody knock, so --times cannot be counted there:"
                " use another --how, or mend it yourself."
            ),
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(order: dict[str, object], sentence: str):
    with pytest.raises(CannotBreak) as refusal:
        chosen(**order)  # type: ignore[arg-type]
    assert str(refusal.value) == sentence


def test_a_counted_fault_strikes_so_many_times_and_is_gone(file: Path):
    faults = Faults(file)
    faults.put(["idn/web"], Fault(How.ERROR, 2))
    struck = [faults.strike("idn/web", in_handshake=False) for _ in range(4)]
    assert struck == [How.ERROR, How.ERROR, None, None]
    assert faults.items() == []


def test_an_uncounted_fault_strikes_until_it_is_mended(file: Path):
    faults = Faults(file)
    faults.put(["idn/web"], Fault(How.TEXT))
    assert [faults.strike("idn/web", in_handshake=False) for _ in range(3)] == [How.TEXT] * 3
    assert faults.drop(["idn/web", "idn/app"]) == ["idn/web"]
    assert faults.strike("idn/web", in_handshake=False) is None


def test_a_bad_certificate_strikes_in_the_handshake_alone(file: Path):
    faults = Faults(file)
    faults.put(["idn/web"], Fault(How.TLS, 1))
    assert faults.strike("idn/web", in_handshake=False) is None
    assert faults.strike("idn/web", in_handshake=True) is How.TLS
    assert faults.strike("idn/web", in_handshake=True) is None


def test_a_cut_network_refuses_and_counts_nothing_of_what_is_wrong_beside_it(file: Path):
    faults = Faults(file)
    faults.put(["gdn/api"], Fault(How.TEXT, 1))
    faults.put(["cor/web"], Fault(How.TLS))
    faults.put(["government"], Fault(How.REFUSED))
    again = Faults(file)
    assert again["gdn/api"] == again["gdx/api"] == Fault(How.REFUSED)
    assert again["reference-government-2/api"] == Fault(How.REFUSED)
    assert again["idn/web"] is None
    assert [again.strike("gdn/api", in_handshake=False) for _ in range(2)] == [How.REFUSED] * 2
    assert again.strike("cor/web", in_handshake=True) is None

    assert again.drop(["government"]) == ["government"]
    assert again.items() == [("cor/web", Fault(How.TLS)), ("gdn/api", Fault(How.TEXT, 1))]
    assert again.strike("cor/web", in_handshake=True) is How.TLS


def test_faults_outlive_the_process_with_what_is_left_of_them(file: Path):
    before = Faults(file)
    before.put(["idn/web", "idn/app"], Fault(How.SLOW, 3))
    before.put(["pay/web"], Fault(How.REFUSED))
    before.strike("idn/web", in_handshake=False)
    assert Faults(file).items() == [
        ("idn/app", Fault(How.SLOW, 3)),
        ("idn/web", Fault(How.SLOW, 2)),
        ("pay/web", Fault(How.REFUSED)),
    ]


def test_a_fault_of_an_endpoint_that_is_no_more_is_forgotten(file: Path):
    file.write_text('{"gone/web": ["error", null]}')
    assert Faults(file).items() == []
