"""The part of Prometheus's HTTP API that a restore needs."""

import base64
import json
from collections.abc import Mapping
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from exporter.ledger.errors import LedgerError

TIMEOUT_SECONDS = 120.0

Labels = Mapping[str, str]


class Prometheus:
    """A Prometheus (or compatible server) at `url`, which may have a path, a user and a password."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise LedgerError(f"{url}: not the address of a Prometheus server; it looks like http://localhost:9090")
        host = parts.netloc.rpartition("@")[2]
        self._base = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if parts.username:
            pair = f"{parts.username}:{parts.password or ''}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"

    def query(self, query: str, at: float | None = None) -> list[tuple[Labels, float]]:
        """The result of an instant query: labels and value of each series. LedgerError if it fails."""
        form = {"query": query} if at is None else {"query": query, "time": f"{at:.3f}"}
        try:
            request = Request(  # noqa: S310 - the scheme was checked
                f"{self._base}/api/v1/query", urlencode(form, quote_via=quote).encode(), self._headers
            )
            with urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - the same
                answer = json.load(response)
        except HTTPError as error:
            with error:
                raise LedgerError(f"{self._base}: refused a query: {error.code} {_reason(error)}") from error
        except URLError as error:
            raise LedgerError(
                f"{self._base}: cannot be reached: {_cause(error)}; is this Prometheus's address?"
            ) from error
        except (OSError, HTTPException, ValueError) as error:
            raise LedgerError(f"{self._base}: not a response from Prometheus: {error}") from error
        try:
            return [(series["metric"], float(series["value"][1])) for series in answer["data"]["result"]]
        except (LookupError, TypeError, ValueError) as error:
            raise LedgerError(f"{self._base}: not a response from Prometheus") from error


def _cause(error: URLError) -> str:
    return (error.reason.strerror if isinstance(error.reason, OSError) else "") or str(error.reason)


def _reason(error: HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, LookupError, TypeError, OSError, HTTPException):
        return error.reason
