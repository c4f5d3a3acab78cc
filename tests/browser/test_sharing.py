"""Data for search engines under our content policy: a block of it is no script."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("at_one_o_clock", "well")


def test_the_description_of_a_service_breaks_no_policy(reader: Any) -> None:
    one = reader()
    one.page.add_init_script(
        "window.refused = [];"
        "document.addEventListener('securitypolicyviolation',"
        " (event) => window.refused.push(event.violatedDirective));"
    )
    one.open("/ar/services/passport/")
    found = one.page.evaluate(
        "() => JSON.parse(document.querySelector('script[type$=\"ld+json\"]').textContent)"
    )

    assert found["name"] == "تجديد جواز السفر"
    assert one.page.evaluate("() => window.refused") == []
    assert one.complaints == []
