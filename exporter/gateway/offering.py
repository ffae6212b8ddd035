"""What tells the dashboards that their data source is a gateway: one name that no Prometheus has.

The answer says nothing about anybody, so everybody who is let in gets it, and no upstream is asked.
"""

import json
import math

from dashboards.queries.gateway import GATEWAY
from exporter.gateway.parameters import Pairs, first


def offer(parameters: Pairs) -> bytes | None:
    """The answer to an instant query for just that name; None for every other one."""
    if (first(parameters, "query") or "").strip() != GATEWAY:
        return None
    try:
        at = float(first(parameters, "time") or "0")
    except ValueError:
        return None
    if not math.isfinite(at):
        return None
    row = {"metric": {"__name__": GATEWAY}, "value": [at, "1"]}
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": [row]}}).encode()
