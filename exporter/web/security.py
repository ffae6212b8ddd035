"""TLS context, headers and users from the web configuration file, reloaded when it changes."""

import asyncio
import hashlib
import hmac
import logging
import secrets
import ssl
from collections import OrderedDict
from pathlib import Path

import bcrypt

from exporter.configfile import ConfigError
from exporter.threads import in_thread
from exporter.web.webconfig import TlsServer, WebConfig, read

LOGGER = logging.getLogger(__name__)
REMEMBERED = 100
# bcrypt ignores the rest; newer versions refuse longer passwords.
PASSWORD_BYTES = 72
VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
VERIFY = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
Stamp = tuple[tuple[int, int, int] | None, ...]


class Security:
    """The file `path` and the files that it names, reloaded when they change.

    An invalid change is logged, and the old settings stay in use. Whether TLS is used at all is decided
    at the start. Raises ConfigError if the first load fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._config = read(path)
        self._seen = self._stamp()
        self._verdicts: OrderedDict[bytes, bool] = OrderedDict()
        self._secret = secrets.token_bytes(32)
        self._checking = asyncio.Lock()
        self.tls: ssl.SSLContext | None = None
        if self._config.tls_server_config:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._apply(self.tls, self._config.tls_server_config)
            # Called for each handshake, because one that fails for an expired certificate never becomes a request.
            self.tls.sni_callback = lambda *_: self.refresh()

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every response."""
        return {str(name): value for name, value in self._config.http_server_config.headers.items()}

    @property
    def needs_login(self) -> bool:
        """Whether users are configured."""
        return bool(self._config.basic_auth_users)

    def refresh(self) -> None:
        """Reload the files if any of them changed."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            config = read(self._path)
            self._renew(config.tls_server_config)
        except ConfigError as error:
            LOGGER.warning("web configuration not reloaded, the old one stays in use: %s", error)
            return
        self._config = config
        self._seen = self._stamp()
        LOGGER.info("web configuration reloaded from %s", self._path)

    async def admits(self, name: str, password: bytes) -> bool:
        """Whether the password is correct; equally slow for all users, fast for remembered results."""
        digest = self._config.basic_auth_users.get(name, "").encode()
        key = hmac.digest(self._secret, b"\0".join((name.encode(), digest, password)), hashlib.sha256)
        if (verdict := self._verdicts.get(key)) is not None:
            self._verdicts.move_to_end(key)
            return verdict
        # One at a time and in another thread, so that guessing blocks neither scrapes nor reading.
        async with self._checking:
            digests = [other.encode() for other in self._config.basic_auth_users.values()]
            most = max(map(_cost, digests), default=0)
            verdict = await in_thread(lambda: _matches(password, digest, most))
        self._verdicts[key] = verdict
        if len(self._verdicts) > REMEMBERED:
            self._verdicts.popitem(last=False)
        return verdict

    def _stamp(self) -> Stamp:
        tls = self._config.tls_server_config
        named = (tls.cert_file, tls.key_file, tls.client_ca_file) if tls else ()
        return tuple(_state(path) for path in (self._path, *named))

    def _renew(self, tls: TlsServer | None) -> None:
        """Use new certificates for new handshakes; a trusted authority remains trusted until the next start."""
        if bool(tls) != bool(self.tls):
            raise ConfigError([f"{self._path}: tls_server_config: restart the exporter to turn TLS on or off"])
        if self.tls and tls:
            # Tested on a copy first, so that a failure does not affect the settings in use.
            self._apply(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), tls)
            self._apply(self.tls, tls)

    def _apply(self, context: ssl.SSLContext, tls: TlsServer) -> None:
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file)
            if tls.client_ca_file:
                context.load_verify_locations(tls.client_ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError([f"{self._path}: tls_server_config: {_reason(error, tls)}"]) from error
        context.minimum_version = VERSIONS[tls.min_version]
        context.verify_mode = VERIFY[tls.client_auth_type]


def _reason(error: OSError, tls: TlsServer) -> str:
    for name in ("cert_file", "key_file", "client_ca_file"):
        path: Path | None = getattr(tls, name)
        try:
            if path is not None:
                path.read_bytes()
        except OSError as unreadable:
            return f"{name}: cannot read {path}: {unreadable.strerror}"
    return f"not a PEM certificate with its matching key ({error.args[-1]})"


def _matches(password: bytes, digest: bytes, costliest: int) -> bool:
    """Whether it matches, after as much work as the most expensive digest takes; an empty digest never matches."""
    cost = _cost(digest)
    verdict = _checked(password, digest) if digest else False
    # Each step of the cost doubles the work: the difference is the cost itself and each step up to the highest.
    for missing in range(cost, costliest) if digest else (costliest,):
        _checked(password, b"$2b$%02d$" % missing + b"." * 53)
    return verdict


def _cost(digest: bytes) -> int:
    return int(digest[4:6]) if digest[4:6].isdigit() else 0


def _checked(password: bytes, digest: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:PASSWORD_BYTES], digest)
    except ValueError:
        return False


def _state(path: Path | None) -> tuple[int, int, int] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns) if found else None


__all__ = ["Security", "WebConfig"]
