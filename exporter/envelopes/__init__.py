"""Taking lines out of what a transport wraps around them (design section 4)."""
