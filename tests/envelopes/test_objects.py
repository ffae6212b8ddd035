"""JSON of log shippers: one message in the fields that each of them writes, with their real names."""

import json
from zoneinfo import ZoneInfo

import pytest

from exporter.envelopes import Opener
from exporter.model import Record, Verdict

# 2026-11-22 12:00 UTC
NOW = 1795348800
AT = 1795329734  # 06:42:14
TEXT = "pop3-login: Login: user=<a@b.example>, session=<x>"
WHOLE = Record(AT, b"mx1", b"dovecot", b"", TEXT.encode())
WITH_PID = WHOLE._replace(pid=b"12")
SYSLOG = f"Nov 22 06:42:14 mx1 dovecot[12]: {TEXT}"
OWN = f"Nov 22 06:42:14 {TEXT}"


def opened(*lines: bytes) -> list[Record | Verdict | None]:
    opener = Opener(ZoneInfo("UTC"))
    opener.begin("mail.json", NOW, NOW)
    return [opener.open(line) for line in lines]


@pytest.mark.parametrize(
    ("expected", "fields"),
    [
        # rsyslog: the template of its Elasticsearch guides, and `jsonmesg`
        (WHOLE, {"@timestamp": "2026-11-22T06:42:14+00:00", "host": "mx1", "severity": "info", "facility": "mail", "programname": "dovecot", "message": f" {TEXT}"}),  # noqa: E501
        (WHOLE, {"msg": f" {TEXT}", "rawmsg": "<22>x", "timereported": "2026-11-22T06:42:14.1+00:00", "hostname": "mx1", "syslogtag": "dovecot:", "fromhost": "relay", "programname": "dovecot", "procid": "-", "msgid": "-", "timegenerated": "2026-11-22T06:50:14+00:00", "$!": None}),  # noqa: E501
        (WITH_PID, {"timestamp": "2026-11-22T06:42:14+00:00", "host": "mx1", "syslogtag": "dovecot[12]:", "msg": TEXT}),
        # syslog-ng: format-json with its scopes, and mailcow's log API
        (WITH_PID, {"PROGRAM": "dovecot", "PRIORITY": "info", "PID": "12", "MESSAGE": TEXT, "HOST": "mx1", "FACILITY": "mail", "DATE": "Nov 22 06:42:14"}),  # noqa: E501
        (WITH_PID, {"PROGRAM": "dovecot", "PID": "12", "MESSAGE": TEXT, "HOST": "mx1", "ISODATE": "2026-11-22T06:42:14+00:00", "DATE": "Nov 22 09:00:00"}),  # noqa: E501
        (WHOLE._replace(host=b""), {"time": "1795329734", "priority": "info", "program": "dovecot", "message": TEXT}),
        # fluent-bit: its own syslog parser, tail, systemd, and tail of a pod's file without a parser
        (WITH_PID, {"date": 1795329734.123456, "pri": "22", "time": "Nov 22 06:42:14", "host": "mx1", "ident": "dovecot", "pid": "12", "message": TEXT}),  # noqa: E501
        (WITH_PID, {"date": "2026-11-22T06:42:14.123456Z", "log": SYSLOG}),
        (Record(AT, b"", b"", b"", TEXT.encode()), {"date": 1795329734123, "log": OWN + "\n", "stream": "stdout", "kubernetes": {"pod_name": "mail-0", "host": "node1", "container_name": "dovecot"}}),  # noqa: E501
        (WITH_PID, {"date": 1795329734.0, "log": f"2026-11-22T06:42:14.1Z stdout F {SYSLOG}"}),
        (WITH_PID, {"date": 1795329734.5, "HOSTNAME": "mx1", "SYSLOG_IDENTIFIER": "dovecot", "PID": "12", "MESSAGE": TEXT}),  # noqa: E501
        # vector: syslog, file, journald
        (WITH_PID, {"appname": "dovecot", "facility": "mail", "host": "mx1", "hostname": "mx1", "message": TEXT, "procid": 12, "source_ip": "192.0.2.1", "source_type": "syslog", "timestamp": "2026-11-22T06:42:14Z"}),  # noqa: E501
        (WITH_PID, {"file": "/var/log/mail.log", "host": "collector", "message": SYSLOG, "source_type": "file", "timestamp": "2026-11-22T06:42:15.1Z"}),  # noqa: E501
        (WITH_PID, {"__REALTIME_TIMESTAMP": "1795329734000001", "_HOSTNAME": "mx1", "SYSLOG_IDENTIFIER": "dovecot", "SYSLOG_PID": "12", "message": TEXT, "timestamp": "2026-11-22T06:42:14Z"}),  # noqa: E501
        # Elastic's schema, logstash, GELF, Loki, Google
        (WITH_PID, {"@timestamp": "2026-11-22T06:42:14.123Z", "message": TEXT, "host": {"name": "mx1"}, "log": {"file": {"path": "x"}}, "process": {"name": "dovecot", "pid": 12}}),  # noqa: E501
        (WITH_PID, {"@timestamp": "2026-11-22T06:42:14.123Z", "message": TEXT, "log": {"syslog": {"appname": "dovecot", "hostname": "mx1", "procid": "12"}}}),  # noqa: E501
        (WITH_PID, {"@timestamp": "2026-11-22T06:42:14.123Z", "@version": "1", "message": TEXT, "logsource": "mx1", "host": "192.0.2.7", "program": "dovecot", "pid": "12"}),  # noqa: E501
        (WHOLE, {"version": "1.1", "host": "mx1", "short_message": TEXT, "timestamp": 1795329734.123, "level": 6, "_program": "dovecot"}),  # noqa: E501
        (WHOLE, {"host": "mx1", "short_message": TEXT[:20], "full_message": TEXT, "timestamp": 1795329734.123, "_program": "dovecot"}),  # noqa: E501
        (WHOLE, {"host": "mx1", "message": TEXT[:20] + "...", "full_message": TEXT + "\nmore", "timestamp": 1795329734, "program": "dovecot"}),  # noqa: E501
        (WHOLE, {"host": "mx1", "short_message": TEXT, "full_message": f"<22>{SYSLOG}", "timestamp": 1795329734.123, "_program": "dovecot"}),  # noqa: E501
        (Record(AT, b"mx1", b"", b"", b"..."), {"host": "mx1", "message": "...", "timestamp": 1795329734}),
        (WITH_PID, {"EventReceivedTime": "2026-11-22 06:42:14", "SourceModuleType": "im_file", "Message": SYSLOG}),
        (WITH_PID, {"labels": {"host": "other"}, "line": SYSLOG, "timestamp": "2026-11-22T06:42:14.1Z"}),
        (WITH_PID, {"textPayload": SYSLOG, "timestamp": "2026-11-22T06:42:14.1Z"}),
        # a hit of Elasticsearch, Google's fluentd, Splunk's collector and export, Wazuh
        (WITH_PID, {"_index": "x", "_source": {"@timestamp": "2026-11-22T06:42:14.1Z", "message": SYSLOG, "host": {"name": "mx1"}}}),  # noqa: E501
        (WHOLE, {"jsonPayload": {"message": TEXT, "ident": "dovecot", "host": "mx1"}, "timestamp": "2026-11-22T06:42:14.1Z"}),  # noqa: E501
        (WITH_PID, {"time": 1795329734, "host": "collector", "source": "udp:514", "event": SYSLOG}),
        (WITH_PID, {"preview": False, "result": {"_time": "2026-11-22T06:42:14Z", "_raw": SYSLOG}}),
        (WITH_PID, {"timestamp": "2026-11-22T06:42:15.1+0000", "agent": {"name": "a"}, "full_log": SYSLOG, "predecoder": {"program_name": "dovecot", "timestamp": "Nov 22 06:42:14", "hostname": "mx1"}}),  # noqa: E501
        # a whole line in a field, with no other stamp, and as it came over the wire
        (WITH_PID, {"message": SYSLOG}),
        (WITH_PID, {"ts": 1795329734000000, "message": f"<22>{SYSLOG}"}),
        # a container's id is no program
        (Record(AT, b"mx1", b"", b"", TEXT.encode()), {"timestamp": "2026-11-22T06:42:14Z", "hostname": "mx1", "program": "8f3c2a1b9d0e", "message": OWN}),  # noqa: E501
    ],
)  # fmt: skip
def test_shippers(expected: Record, fields: dict[str, object]) -> None:
    """The message comes out with its own text first, with host, program and stamp from wherever they stand."""
    line = json.dumps(fields).encode()
    assert [expected, expected] == opened(line, line)
    assert [expected] == opened(b"Nov 22 06:42:14 mx1 dovecot: x", line)[1:]


@pytest.mark.parametrize(
    "line",
    [
        b'2026-11-22T06:42:14+00:00\tmail.info\t{"host":"mx1","ident":"dovecot","message":"%b"}',
        b'mail: [1795329734.123456, {"host":"mx1","ident":"dovecot","message":"%b"}]',
        b'[0] mail: [[1795329734.123456, {}], {"host":"mx1","ident":"dovecot","message":"%b"}]',
        b'data: {"time":1795329734,"host":"mx1","program":"dovecot","message":"%b"}',
        b'\x1e{"time":1795329734,"host":"mx1","program":"dovecot","message":"%b"}',
        b'{"time":1795329734,"host":"mx1","program":"dovecot","message":"%b"},',
    ],
)
def test_files_of_shippers(line: bytes) -> None:
    """fluentd's and fluent-bit's files have the stamp outside of the object; a list has commas."""
    assert [WHOLE] == opened(line % TEXT.encode())


@pytest.mark.parametrize(
    "line",
    [
        b'{"message":"pop3-login: x"}',
        b'{"time":"soon","message":"pop3-login: x"}',
        b'{"time":-1,"message":"pop3-login: x"}',
        b'{"time":1e400,"message":"pop3-login: x"}',
        b'{"time":NaN,"message":"pop3-login: x"}',
        b'{"time":true,"message":"pop3-login: x"}',
        b'{"time":99999999999999999999,"message":"pop3-login: x"}',
        b'{"time":%b,"message":"pop3-login: x"}' % (b"9" * 5000),
        b'{"time":1795329734}',
        b'{"time":1795329734,"message":null}',
        b'{"time":1795329734,"message":{"a":1}}',
        b'{"time":1795329734,"message":"x"',
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_no_message_or_no_time(line: bytes) -> None:
    """An object that tells no message or no time is malformed."""
    assert [Verdict.MALFORMED] == opened(line)


def test_blank_message() -> None:
    """An empty line is an empty line in JSON too."""
    assert [None] == opened(b'{"time":1795329734,"message":""}')


def test_containers_in_the_journal() -> None:
    """Of docker's and podman's entries, only a tag that the administrator chose is a program."""
    entry = {"__REALTIME_TIMESTAMP": "1795329734000001", "_HOSTNAME": "mx1", "_COMM": "dockerd", "_PID": "7"}
    container = {"CONTAINER_ID": "8f3c2a1b9d0e", "CONTAINER_NAME": "mailserver", "MESSAGE": OWN}
    expected = Record(AT, b"mx1", b"", b"", TEXT.encode())
    for identifier in ("8f3c2a1b9d0e", "mailserver"):
        line = json.dumps({**entry, **container, "SYSLOG_IDENTIFIER": identifier}).encode()
        assert [expected] == opened(line)
    line = json.dumps({**entry, **container, "SYSLOG_IDENTIFIER": "dovecot"}).encode()
    assert [expected._replace(program=b"dovecot")] == opened(line)
