"""Taking lines out of what a transport wraps around them (design section 4)."""

from exporter.envelopes.opener import Opener
from exporter.envelopes.programs import is_container_id

__all__ = ["Opener", "is_container_id"]
