"""Runs in a box (namespaces of its own, a copy of this machine's files): a syslogd, a real server, and its clients.

Only the standard library, and no other file of the project: `python3 inside.py` with a description on standard
input (see box.py) writes `mail.log` and `truth.json` beside itself.
"""

import fcntl
import json
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
PASSWORD = "right-password"
# Every scenario once, each on its own connection; names as in tests/truth.
SCENARIOS = (
    ("normal_all", "alice@example.com"),
    ("login_quit", "bob@example.com"),
    ("drop_after_login_close", "carol@example.org"),
    ("wrong_pw_twice_then_right", "dave@example.org"),
    ("garbage_before_login_then_ok", "erin@example.net"),
    ("wrong_pw_quit", "alice@example.com"),
    ("wrong_pw_drop", "bob@example.com"),
    ("unknown_user", "nobody@example.com"),
    ("connect_quit", ""),
    ("connect_drop_no_command", ""),
)


def loopback_up() -> None:
    """The box has a network of its own, whose loopback is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = struct.pack("16sh", b"lo", 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(control, 0x8914, name)  # SIOCSIFFLAGS


def syslogd() -> None:
    """Write what comes to /dev/log as rsyslog's traditional format has it."""
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("/dev/log")
    Path("/dev/log").chmod(0o666)

    def write() -> None:
        with (HERE / "mail.log").open("wb", buffering=0) as file:
            while True:
                message = re.sub(rb"^<\d+>", b"", log.recv(65536).rstrip(b"\n\0"))
                escaped = re.sub(rb"[\0-\x1f\x7f]", lambda found: b"#%03o" % found[0][0], message)
                file.write(escaped[:16] + b"mx1 " + escaped[16:] + b"\n")

    threading.Thread(target=write, daemon=True).start()


class Client:
    """One connection and what became of it."""

    def __init__(self, port: int, scenario: str, user: str, address: str) -> None:
        self.user = user
        self.seen: dict[str, object] = {"scenario": scenario, "src_ip": address, "connected": 1}
        self.sent = self.received = self.all_sent = self.all_received = 0
        self.after_login = False
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(address, 0))
        self.file = self.socket.makefile("rb")
        self.greeting = self.line()
        self.seen["greeting_ok"] = self.greeting.startswith(b"+OK")

    def line(self) -> bytes:
        """The next line; its bytes are counted after the login."""
        line = self.file.readline()
        self.all_received += len(line)
        self.received += len(line) * self.after_login
        return line

    def send(self, line: bytes) -> None:
        """A command's bytes, counted."""
        self.all_sent += len(line)
        self.sent += len(line) * self.after_login
        self.socket.sendall(line)

    def ask(self, command: str, *, data: bool = False) -> bytes:
        """Send a command; its answer, and the data after it are read."""
        self.send(command.encode() + b"\r\n")
        answer = self.line()
        while data and answer.startswith(b"+OK") and self.line() not in (b".\r\n", b""):
            pass
        return answer

    def log_in(self, password: str) -> bool:
        """USER and PASS; the answer to PASS counts as after the login."""
        names = self.seen.setdefault("users_tried", [])
        assert isinstance(names, list)
        names.append(self.user)
        self.ask(f"USER {self.user}")
        self.send(f"PASS {password}\r\n".encode())
        answer = self.line()
        ok = answer.startswith(b"+OK")
        if ok:
            self.after_login = True
            self.received = len(answer)
        elif answer:
            self.seen.setdefault("auth_err_replies", []).append(answer.decode().strip())  # type: ignore[attr-defined]
        key = "login_ok" if ok else "login_fail"
        self.seen[key] = int(str(self.seen.get(key, 0))) + 1
        return ok

    def is_open(self) -> bool:
        """Whether the server has not hung up."""
        self.socket.settimeout(0.2)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) != b""
        except TimeoutError:
            return True
        except OSError:
            return False
        finally:
            self.socket.settimeout(60)

    def quit(self) -> None:
        """Leave politely."""
        answer = self.ask("QUIT")
        self.end("quit" if answer else "server_close")

    def end(self, how: str) -> None:
        """Close, and say how it ended."""
        self.file.close()
        self.socket.close()
        self.seen |= {"end": how, "app_sent_after_login": self.sent, "app_recv_after_login": self.received}
        self.seen |= {"app_sent": self.all_sent, "app_recv": self.all_received}


def play(port: int, scenario: str, user: str, address: str) -> dict[str, object]:
    """One scenario; what the client saw."""
    client = Client(port, scenario, user, address)
    try:
        PLAYS[scenario](client)
    except OSError:
        client.end("server_reset")
    return client.seen


def _normal(client: Client) -> None:
    client.log_in(PASSWORD)
    client.ask("STAT")
    client.ask("RETR 1", data=True)
    client.quit()


def _login_quit(client: Client) -> None:
    client.log_in(PASSWORD)
    client.quit()


def _drop_after_login(client: Client) -> None:
    client.log_in(PASSWORD)
    client.ask("STAT")
    client.end("client_close")


def _twice_wrong(client: Client) -> None:
    for password in ("wrong", "wrong", PASSWORD):
        if client.log_in(password) or not client.is_open():
            break
    client.quit()


def _garbage(client: Client) -> None:
    answer = client.ask("FROB")
    client.seen["unknown_cmd_err"] = int(answer.startswith(b"-ERR"))
    client.log_in(PASSWORD)
    client.quit()


def _wrong(client: Client) -> None:
    client.log_in("wrong")
    client.quit()


def _wrong_drop(client: Client) -> None:
    client.log_in("wrong")
    client.end("client_close")


PLAYS: dict[str, Callable[[Client], None]] = {
    "normal_all": _normal,
    "login_quit": _login_quit,
    "drop_after_login_close": _drop_after_login,
    "wrong_pw_twice_then_right": _twice_wrong,
    "garbage_before_login_then_ok": _garbage,
    "wrong_pw_quit": _wrong,
    "wrong_pw_drop": _wrong_drop,
    "unknown_user": _wrong,
    "connect_quit": Client.quit,
    "connect_drop_no_command": lambda client: client.end("client_close"),
}


def wait_for(port: int) -> None:
    """Until the server listens, which is no session of a client."""
    deadline = time.monotonic() + 30
    tables = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
    while not any(f":{port:04X} " in table.read_text() and " 0A " in table.read_text() for table in tables):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody listens on {port}")
        time.sleep(0.05)


def wait_for_silence(seconds: float) -> None:
    """Until nothing was logged for so long, because servers write some lines after their clients have gone."""
    log, size, since = HERE / "mail.log", -1, time.monotonic()
    while time.monotonic() - since < seconds:
        if (now := log.stat().st_size) != size:
            size, since = now, time.monotonic()
        time.sleep(0.05)


def main() -> None:
    """Everything, in order."""
    spec = json.load(sys.stdin)
    loopback_up()
    syslogd()
    for command in spec["setup"]:
        subprocess.run(command, shell=True, check=True)
    servers = [subprocess.Popen(command) for command in spec["commands"]]
    for port in spec["ports"]:
        wait_for(port)
    seen: list[dict[str, object]] = []
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        for number in range(spec["rounds"]):
            jobs = [
                pool.submit(play, spec["ports"][0], scenario, user, f"127.0.{number + 1}.{index + 1}")
                for index, (scenario, user) in enumerate(SCENARIOS)
            ]
            seen += [job.result() for job in jobs]
    wait_for_silence(spec.get("settle", 1) + 1)
    for server in servers:
        server.terminate()
    wait_for_silence(1)
    (HERE / "truth.json").write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
