"""Taking lines out of what a transport wraps around them (design section 4)."""

from exporter.envelopes.opener import Opener

__all__ = ["Opener"]
