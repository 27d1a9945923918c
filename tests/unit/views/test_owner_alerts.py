"""Alerts to owners."""

from views import owner_alerts


def test_unknown_words_of_telegram_are_quoted_harmlessly_and_briefly() -> None:
    alert = owner_alerts.refusal_unknown("copyMessage", "private chat", "Bad Request: <b>NEW</b> " + "&" * 500)
    assert "&lt;b&gt;NEW" in alert
    assert "copyMessage (private chat)" in alert
    assert len(alert) < 1500


def test_a_refused_offer_names_telegrams_reason_and_every_address_to_check() -> None:
    alert = owner_alerts.offer_refused("inline keyboard button URL 'https://ex<ample' is invalid" + "&" * 500)
    assert "ex&lt;ample" in alert
    assert len(alert) < 1500
    for name in ("how-to link", "PUBLIC_BASE_URL", "shortener"):
        assert name in alert
