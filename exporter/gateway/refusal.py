"""Why a request is refused: a status, a reason for log and metrics, and a message for the user."""

from enum import StrEnum

from starlette.responses import JSONResponse

NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Reason(StrEnum):
    """The closed list of reasons, as in the metric and the log."""

    HEADERS = "headers"  # a header given twice, or one that only we may set
    TOKEN = "token"  # noqa: S105 - none, or one that is not good
    KEYS = "keys"  # Grafana's keys cannot be fetched
    NOT_LISTED = "not_listed"  # a valid token of a user without rights
    ACCESS_FILE = "access_file"  # the access file is invalid
    ENDPOINT = "endpoint"  # not the query API
    PARAMETERS = "parameters"
    DOMAIN = "domain"  # a domain of another customer
    SIZE = "size"
    BUSY = "busy"
    TIME = "time"
    UPSTREAM = "upstream"  # Prometheus or prom-label-proxy does not answer
    NOT_ENFORCED = "not_enforced"  # what should be prom-label-proxy does not enforce
    INTERNAL = "internal"


# What Prometheus calls errors of the same kind; Grafana's panels show type and text.
TYPES = {400: "bad_data", 413: "bad_data", 404: "not_found", 429: "unavailable", 503: "unavailable", 504: "timeout"}


class Refusal(Exception):  # noqa: N818 - not an error of ours
    """`code` is the HTTP status; `words` are shown to the user, `detail` is only logged."""

    def __init__(self, code: int, reason: Reason, words: str, detail: str = "") -> None:
        super().__init__(words)
        self.code = code
        self.reason = reason
        self.words = words
        self.detail = detail

    def response(self) -> JSONResponse:
        """The response, in the format of Prometheus's API."""
        return error(self.code, self.words)


def error(code: int, words: str) -> JSONResponse:
    """An error in the form of Prometheus's API."""
    kind = TYPES.get(code, "forbidden" if code in {401, 403} else "internal")
    return JSONResponse({"status": "error", "errorType": kind, "error": words}, code, NO_STORE)
