"""Shortens names and keys of any length, so that hundreds of thousands fit into memory."""

from hashlib import sha256

from exporter.model import Fact

# Longer names get no series, longer keys are replaced by digests, longer addresses are dropped.
LONGEST = 255


def shortened(fact: Fact) -> Fact:
    """The fact with keys of bounded length that still join, and a name that is recognisably too long."""
    long = [field for field in (fact.key, fact.former, fact.process, fact.user, fact.address) if field is not None]
    if max(map(len, long), default=0) <= LONGEST:
        return fact
    return fact._replace(
        key=_digest(fact.key),
        former=_digest(fact.former),
        process=_digest(fact.process),
        user=_cut(fact.user),
        address=None if fact.address is not None and len(fact.address) > LONGEST else fact.address,
    )


def apart(fact: Fact, host: bytes) -> Fact:
    """The fact with keys that are distinct per host, where several hosts are one server."""
    mark = sha256(host).hexdigest()[:16].encode() + b"/"
    return fact._replace(
        key=mark + fact.key if fact.key else fact.key,
        former=mark + fact.former if fact.former else fact.former,
        process=mark + fact.process if fact.process else fact.process,
    )


def _digest(key: bytes | None) -> bytes | None:
    return key if key is None or len(key) <= LONGEST else sha256(key).hexdigest().encode()


def _cut(user: bytes | None) -> bytes | None:
    """A name in the same domain that is still too long to get series."""
    if user is None or len(user) <= LONGEST:
        return user
    local, at, domain = user.strip().rpartition(b"@")
    return local[: LONGEST + 1] + at + domain[: LONGEST + 1]
