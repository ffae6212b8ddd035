"""What may stand between a stamp and a message: host, facility and level, the program's tag."""

import re
from typing import Final

from exporter.envelopes.programs import FACILITY, OWN_WORDS, PROCESS, SERVERS
from exporter.envelopes.tabs import ROW

# A tag may be a path (docker's `docker/mail:latest`), and only then contains colons.
_NAME = rb"(?P<program>[^\s:()<>\[\]/]*/[^\s()<>\[\]]*(?<!:)|[^\s:()<>\[\]]+)(?:\[(?P<pid>[^\]\s]*)\])?"
_TAG = rb"(?:" + FACILITY + rb" +|[^\s:()<>]+ +)?" + _NAME
TAG_ONLY: Final = re.compile(rb" *" + _TAG)
# Templates without the tag, or without its colon (metalog: in brackets): Dovecot's own text follows.
_BARE = (
    rb"(?:"
    + FACILITY
    + rb" +)?(?:\[?(?P<program>[^\s:()<>\[\]]+)(?:\[(?P<pid>[^\]\s]*)\])?\]? +)?(?P<text>"
    + PROCESS
    + rb")"
)
BARE: Final = re.compile(rb" *" + _BARE)
REPEATED: Final = re.compile(rb"(?:--- )?last message repeated|message repeated|-- MARK --")
PRIORITY: Final = re.compile(rb"<(?:\d{1,3}|[a-z0-9]+\.[a-z]+)> ?(?=[^\s\d]|\d{4}-)")

# Words for levels stand in the place of a host, in logs that are not syslog's.
_LEVELS = rb"(?i:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|FATAL|CRIT|CRITICAL) "
# FreeBSD's `syslogd -v` and templates of syslog-ng write facility and level before the host, AIX after it.
_FACILITY = rb"(?:<[a-z0-9]+\.[a-z]+> +|" + FACILITY + rb" +)?"
# Another stamp is no host either, nor is what CRI writes after its own.
_STAMP = (
    rb"std(?:out|err) [FP] |\d{9,}(?:\.\d+)? |\d{6,8} \d\d:?\d\d|\d{4} [A-Z][a-z][a-z] |\d{8}[T_]\d\d"
    rb"|\d\d[-/](?:\d\d|[A-Z][a-z][a-z])[-/]\d\d|\d\d\.\d\d\.\d{4} |\d{4}[-/.]\d\d[-/.]\d\d[T _]"
)
_NO_HOST = rb"(?!" + b"|".join((_STAMP, rb"(?:--- )?last message", FACILITY + rb" ", _LEVELS)) + rb")"
_HOST_NAME = rb"(?:\[(?=[\da-fA-F.:]+\] ))?(?P<host>[^\s:()<>\[\]{}\"'=,]+(?::+[^\s:()<>\[\]{}\"'=,]+)*)\]?"
HOST: Final = re.compile(
    _FACILITY
    + _NO_HOST
    + _HOST_NAME
    + rb" +(?="
    + _TAG
    + rb":(?: |$)|"
    + re.sub(rb"\?P<\w+>", rb"?:", _BARE)
    + rb"|"
    + REPEATED.pattern
    + rb")"
)

# Templates without a host, busybox's `syslogd -S`, perdition's own file; not Dovecot's own file.
_OWN = rb"(?!(?:" + b"|".join(map(re.escape, sorted(OWN_WORDS))) + rb") )"
PROGRAM: Final = re.compile(_FACILITY + _OWN + _NAME + rb":(?: |$)")

# Templates with columns of their own before the tag of a POP3 server.
_WORD = rb"[^\s:()<>\[\]{}\"'=,]+(?::[a-z]+)?"
_COLUMNS = (
    rb"(?:(?!" + _LEVELS + rb")(?P<host>" + _WORD + rb") +)?(?:" + _WORD + rb" +){0,4}(?P<program>" + SERVERS + rb")"
)
# What older daemons add to relayed messages.
_RELAYED = (
    rb"(?:[^\s:]+ +)?(?:Message )?[Ff]orwarded from (?P<origin>[^\s:]+): "
    rb"(?P<tag>[^\s:()<>\[\]]+)(?:\[(?P<id>\d*)\])?: "
)
# Lines that a relay has put into lines of its own, as messages without a tag; Wazuh's archives of logs; files that a
# shipper on Windows sends (NXLog).
RELAYED: Final = re.compile(
    rb"(?!(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[ ,])"
    + _NO_HOST
    + rb"\(?(?P<host>[^\s:()<>\[\]{}\"'=,]+)\)?(?:->\S+)? +(?:[^\s()<>\[\]{}\"'=,]+(?:->\S+)? +)?"
    rb"(?=(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"
    rb"|(?:\[\d{4}\.\d\d\.\d\d\] )?\d\d:\d\d:\d\d\.\d{3} |" + ROW + rb"))"
)
# `logcli query` writes Loki's labels behind its own stamp.
LABELLED: Final = re.compile(
    rb"\{(?=(?:(?:[^}]* )?host(?:name)?=\"(?P<host>[^\"\s]{1,255})\")?)(?:\w{1,64}=\"[^\"]*\"(?:, )?)*\} (?=\S)"
)
FAR: Final = re.compile(rb"(?!" + _STAMP + rb")(?:" + _COLUMNS + rb"(?:\[(?P<pid>\d*)\])?: |" + _RELAYED + rb")")
