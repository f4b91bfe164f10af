"""One polite HTTP client for all services: it waits, it keeps answers, it gives up with a clear message.

It sends a contact address and never more than one request in an interval to a service; it waits as long as a service
asks (``Retry-After``, :rfc:`9110` 10.2.3), takes no more than a set size and follows no redirection to another host.
"""

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

from toolkit.bibliography.lookup.cache import Answer, AnswerCache
from toolkit.bibliography.lookup.failures import LookupFailure, UnknownIdentifierError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from toolkit.bibliography.lookup.settings import LookupSettings

_TOO_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_GIVEN_UP = 3
"""After so many publications in a row for which a service failed in all attempts, it is not asked again."""
_MOVED = frozenset({301, 302, 303, 307, 308})


class _PassingFailure(LookupFailure):
    """A failure that may be gone at the next attempt."""


class _TiredError(LookupFailure):
    """All attempts failed."""


class _UnreachableError(LookupFailure):
    """There is no way to the service."""


class Client:
    """Asks services over HTTP; use it in a ``with`` statement, or close it."""

    def __init__(self, settings: LookupSettings) -> None:
        self.settings = settings
        self._cache = AnswerCache(settings.cache)
        self._last: dict[str, float] = {}
        self._failed: dict[str, int] = {}
        self._http: httpx.Client | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def get(
        self,
        service: str,
        address: str,
        query: Mapping[str, str],
        *,
        who: Mapping[str, str],
        what: object,
        days: float | None = None,
    ) -> Answer:
        """The answer to a request, from the cache or from the service.

        :param who: the part of the query that says who asks; it is sent, and kept nowhere.
        :param what: what is asked for, for messages.
        :param days: how old a kept answer may be; by default ``cache_days``.
        :raises UnknownIdentifierError: the service answers that it does not hold it (404, 410).
        :raises LookupFailure: no network, no answer in time, a service too busy or broken, too large an answer.
        """
        full = f"{address}?{urlencode(sorted(query.items()))}" if query else address
        kept = self._cache.get(full, days=self.settings.cache_days if days is None else days)
        if kept is not None:
            return kept
        sent = urlencode({**query, **who})
        answer = Answer(self._ask(service, f"{address}?{sent}", what), datetime.now(UTC))
        with contextlib.suppress(OSError):  # a full or read-only disk must not cost the answer
            self._cache.put(full, answer)
        return answer

    def _ask(self, service: str, address: str, what: object) -> str:
        """The text of an answer. A service that has failed too often in a row is not asked again."""
        host = urlsplit(address)[1]
        if self._failed.get(host, 0) >= _GIVEN_UP:
            raise LookupFailure(f"{service} was not asked any more: it failed for the publications before this one.")
        try:
            text = self._patiently(service, address, what)
        except _UnreachableError:
            self._failed[host] = _GIVEN_UP
            raise
        except _TiredError:
            self._failed[host] = self._failed.get(host, 0) + 1
            raise
        except LookupFailure:
            self._failed[host] = 0
            raise
        self._failed[host] = 0
        return text

    def _patiently(self, service: str, address: str, what: object) -> str:
        wait, problem = self.settings.first_wait, ""
        for attempt in range(self.settings.attempts):
            if attempt:
                time.sleep(wait)
            try:
                status, headers, text = self._request(service, address, what)
            except _PassingFailure as failure:
                problem, wait = str(failure), wait * 2
                continue
            if status == 200:
                return text
            if status in (404, 410):
                raise UnknownIdentifierError(f"{service} does not know {what}: check it, or ask another service.")
            if status not in _TOO_BUSY:
                raise LookupFailure(f"{service} refused the request for {what} (status {status}): {_short(text)}")
            problem = f"{service} could not answer for {what} (status {status}{_MEANING.get(status, '')})"
            asked = _seconds(headers.get("retry-after", ""))
            if asked is not None and asked > self.settings.longest_wait:
                raise LookupFailure(f"{problem}; it asks to wait {asked:.0f} seconds: try again after that.")
            wait = asked if asked is not None else wait * (2 if attempt else 1)
        raise _TiredError(f"{problem}; tried {self.settings.attempts} times: try again later.")

    def _request(self, service: str, address: str, what: object) -> tuple[int, Mapping[str, str], str]:
        """One request, redirections within the host followed."""
        host = urlsplit(address)[:2]
        for _ in range(4):
            self._wait_for_turn(host[1])
            status, headers, text = self._send(service, address, what)
            if status not in _MOVED:
                return status, headers, text
            address = urljoin(address, headers.get("location", ""))
            if urlsplit(address)[:2] != host:
                raise LookupFailure(f"{service} sends the request for {what} to another host, which is not followed.")
        raise LookupFailure(f"{service} sends the request for {what} round in a circle.")

    def _send(self, service: str, address: str, what: object) -> tuple[int, Mapping[str, str], str]:
        import httpx

        if self._http is None:
            agent = f"evidence-review-toolkit (mailto:{self.settings.contact})"
            headers = {"User-Agent": agent, "Accept-Encoding": "identity"}
            self._http = httpx.Client(timeout=self.settings.timeout, follow_redirects=False, headers=headers)
        end = time.monotonic() + self.settings.deadline
        try:
            with self._http.stream("GET", address) as response:
                data = bytearray()
                for chunk in response.iter_bytes(65536):
                    data += chunk
                    if len(data) > self.settings.largest_answer:
                        limit = f"{self.settings.largest_answer:,} bytes"
                        raise LookupFailure(f"The answer of {service} for {what} is larger than {limit}: not taken.")
                    if time.monotonic() > end:
                        raise _PassingFailure(
                            f"{service} did not finish its answer for {what} in {self.settings.deadline:g} s"
                        )
                return response.status_code, response.headers, data.decode("utf-8", "replace")
        except httpx.TimeoutException:
            raise _PassingFailure(f"{service} did not answer for {what} in {self.settings.timeout:g} s") from None
        except httpx.ConnectError as error:
            reason = _short(str(error))
            raise _UnreachableError(f"{service} cannot be reached: is there a network? ({reason})") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _PassingFailure(f"The answer of {service} for {what} broke off ({_short(str(error))})") from None

    def _wait_for_turn(self, host: str) -> None:
        rest = self._last.get(host, -1e9) + self.settings.interval - time.monotonic()
        if rest > 0:
            time.sleep(rest)
        self._last[host] = time.monotonic()


_MEANING = {429: ", too many requests"}


def parse_json(service: str, answer: Answer, what: object) -> dict[str, Any]:
    """The JSON object of an answer.

    :raises LookupFailure: it is cut off, or is no JSON object.
    """
    try:
        value = json.loads(answer.text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise LookupFailure(f"The answer of {service} for {what} is cut off or no JSON: {_short(answer.text)!r}")
    return value


def _seconds(header: str) -> float | None:
    """What ``Retry-After`` says, a number of seconds or a date."""
    if header.strip().isdigit():
        return float(header)
    try:
        return max((parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None


def _short(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[:120]).split())
