"""The client of the services is polite and says of each fault what it is; no test leaves this machine."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from toolkit.bibliography.lookup import Client, LookupFailure, LookupSettings, UnknownIdentifierError, look_up
from toolkit.bibliography.lookup.client import _seconds

PATH = "/crossref/works/10.5555/sample.1"


def ask(client, doi="10.5555/sample.1"):
    return look_up(client, doi, services=["crossref"])


def test_a_contact_address_is_asked_for_and_sent(service, client, crossref_work, monkeypatch):
    monkeypatch.delenv("EVIDENCE_CONTACT", raising=False)
    with pytest.raises(LookupFailure, match=r"--contact or in EVIDENCE_CONTACT"):
        LookupSettings.from_environment()
    service.say(PATH, crossref_work)
    ask(client)
    _, query, headers, _ = service.asked[0]
    assert query == {"mailto": ["ann@example.org"]}
    assert "mailto:ann@example.org" in headers["User-Agent"]


@pytest.mark.parametrize("contact", ["", "nobody", "a@b", "a b@c.org", "a@b.org\r\nX: y"])
def test_a_contact_that_is_no_address_is_refused(contact):
    with pytest.raises(LookupFailure, match="contact address"):
        LookupSettings(contact=contact)


def test_only_https_is_taken_unless_the_service_is_this_machine(monkeypatch):
    with pytest.raises(LookupFailure, match="no https address"):
        LookupSettings(contact="ann@example.org", crossref="http://api.example.org")
    monkeypatch.setenv("EVIDENCE_CROSSREF", "http://api.example.org/")
    with pytest.raises(LookupFailure, match="no https address"):
        LookupSettings.from_environment(contact="ann@example.org")
    monkeypatch.setenv("EVIDENCE_CROSSREF", "http://127.0.0.1:8000/x")
    assert LookupSettings.from_environment(contact="ann@example.org").crossref == "http://127.0.0.1:8000/x"


def test_an_answer_is_kept_and_not_asked_for_again(service, settings, crossref_work):
    service.say(PATH, crossref_work)
    for _ in range(2):
        with Client(settings) as client:
            assert ask(client).volume == "12"
    assert len(service.asked) == 1
    kept = next(settings.cache.iterdir())
    kept.write_text("{broken")
    with Client(settings) as client:
        ask(client)
    assert len(service.asked) == 2


def test_who_asks_is_sent_and_not_kept(all_services, settings):
    with Client(replace(settings, openalex_key="secret-key")) as client:
        for name in ("crossref", "openalex", "pubmed"):
            look_up(client, "10.5555/sample.1", services=[name])
    sent = {path.split("/")[1]: query for path, query, _, _ in all_services.asked}
    assert sent["openalex"] == {"mailto": ["ann@example.org"], "api_key": ["secret-key"]}
    assert (sent["pubmed"]["email"], sent["pubmed"]["tool"]) == (["ann@example.org"], ["evidence-review-toolkit"])
    kept = "".join(path.read_text() for path in settings.cache.iterdir())
    assert "ann@example.org" not in kept
    assert "secret-key" not in kept + repr(replace(settings, openalex_key="secret-key"))


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None), ("", None)]
)
def test_retry_after_is_a_number_or_a_date(header, seconds):
    assert _seconds(header) == seconds


def test_a_kept_answer_grows_old(service, settings, crossref_work):
    service.say(PATH, crossref_work)
    with Client(settings) as client:
        ask(client)
        kept = next(settings.cache.iterdir())
        kept.write_text(json.dumps(json.loads(kept.read_text()) | {"asked": "2020-01-01T00:00:00+00:00"}))
        ask(client)
    assert len(service.asked) == 2


def test_requests_keep_their_distance(service, settings, crossref_work):
    service.say(PATH, crossref_work)
    with Client(replace(settings, interval=0.15, cache=None)) as client:
        ask(client)
        start = time.monotonic()
        ask(client)
        ask(client)
    assert time.monotonic() - start >= 0.15
    assert len(service.asked) == 3


def test_it_waits_as_long_as_a_busy_service_asks(service, client, crossref_work):
    service.say(PATH, "slow down", status=429, retry_after="1")
    service.say(PATH, crossref_work)
    start = time.monotonic()
    assert ask(client).year == "2019"
    assert time.monotonic() - start >= 1


def test_it_does_not_wait_for_hours(service, client):
    service.say(PATH, "slow down", status=429, retry_after="86400")
    with pytest.raises(LookupFailure, match=r"429, too many requests\); it asks to wait 86400 seconds"):
        ask(client)
    assert len(service.asked) == 1


def test_a_broken_service_is_tried_three_times(service, client):
    service.say(PATH, "oops", status=500)
    with pytest.raises(LookupFailure, match=r"status 500\); tried 3 times"):
        ask(client)
    assert len(service.asked) == 3


def test_a_passing_fault_is_passed_over(service, client, crossref_work):
    service.say(PATH, "", status=503)
    service.say(PATH, crossref_work)
    assert ask(client).doi == "10.5555/sample.1"


def test_an_unknown_doi_is_told_and_asked_for_once(service, client):
    with pytest.raises(UnknownIdentifierError, match=r"Crossref does not know 10\.5555/nothing"):
        ask(client, "10.5555/nothing")
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"silence": "0.8"}, r"did not answer for 10\.5555/sample\.1 in 0\.5 s"),
        ({"length": "999999"}, "broke off"),
    ],
)
def test_silence_and_a_broken_connection_are_told(service, settings, headers, message):
    service.say(PATH, "{}", **headers)
    with Client(replace(settings, attempts=1)) as client, pytest.raises(LookupFailure, match=message):
        ask(client)


def test_an_answer_that_drips_has_a_deadline(service, settings):
    service.say(PATH, b"x" * 900_000, drip="0.3")
    start = time.monotonic()
    with (
        Client(replace(settings, attempts=1)) as client,
        pytest.raises(LookupFailure, match=r"did not finish .* in 1 s"),
    ):
        ask(client)
    assert time.monotonic() - start < 3


def test_a_huge_answer_is_not_taken(service, client):
    service.say(PATH, b"x" * 5_000_000)
    with pytest.raises(LookupFailure, match="larger than 1,000,000 bytes"):
        ask(client)
    assert len(service.asked) == 1


def test_without_a_network_the_message_says_so(settings):
    message = r"Crossref cannot be reached: is there a network\?"
    with (
        Client(replace(settings, crossref="http://127.0.0.1:9")) as client,
        pytest.raises(LookupFailure, match=message),
    ):
        ask(client)


def test_a_service_that_fails_for_one_publication_after_the_other_is_not_asked_for_all_the_rest(service, client):
    messages = []
    for number in range(5):
        service.say(f"/crossref/works/10.5555/{number}", "oops", status=500)
        with pytest.raises(LookupFailure) as failure:
            ask(client, f"10.5555/{number}")
        messages.append(str(failure.value))
    assert len(service.asked) == 3 * 3
    assert (
        messages[3]
        == messages[4]
        == ("Crossref was not asked any more: it failed for the publications before this one.")
    )


def test_a_service_that_answers_now_and_then_is_asked_on(service, client, crossref_work):
    service.say(PATH, crossref_work)
    for number in range(4):
        service.say(f"/crossref/works/10.5555/{number}", "oops", status=500)
        with pytest.raises(LookupFailure, match="tried 3 times"):
            ask(client, f"10.5555/{number}")
        if number == 1:
            ask(client)


def test_a_service_without_a_way_to_it_is_tried_once(settings):
    with Client(replace(settings, crossref="http://127.0.0.1:9", interval=60)) as client:
        for message in ("is there a network", "was not asked any more"):
            with pytest.raises(LookupFailure, match=message):
                ask(client)


@pytest.mark.parametrize("body", ['{"message": {"DOI": "10.5555/sam', "", "[]", "<html>busy</html>", "[" * 100_000])
def test_truncated_json_is_told(service, client, body):
    service.say(PATH, body)
    with pytest.raises(LookupFailure, match=r"cut off or no JSON"):
        ask(client)


def test_an_answer_about_another_doi_is_not_taken(service, client, crossref_work):
    crossref_work["message"]["DOI"] = "10.5555/other"
    service.say(PATH, crossref_work)
    with pytest.raises(LookupFailure, match=r"10\.5555/sample\.1 with 10\.5555/other, another DOI"):
        ask(client)


def test_a_redirection_to_another_host_is_not_followed(service, client, crossref_work):
    service.say(PATH, "", status=301, location="http://127.0.0.2:9/elsewhere")
    with pytest.raises(LookupFailure, match="to another host"):
        ask(client)
    service.answers[PATH] = [(301, {"location": "/crossref/v1/moved"}, b"")]
    service.say("/crossref/v1/moved", crossref_work)
    assert ask(client).volume == "12"


def test_a_refused_request_shows_no_control_codes(service, client):
    service.say(PATH, b"\x1b[31mno", status=403)
    with pytest.raises(LookupFailure, match=r"refused the request .*403\): \[31mno"):
        ask(client)
