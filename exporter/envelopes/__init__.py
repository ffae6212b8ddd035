"""Removes what a transport wraps around lines (stamps, hosts, tags, JSON)."""

from exporter.envelopes.opener import Opener
from exporter.envelopes.programs import is_container_id

__all__ = ["Opener", "is_container_id"]
