"""The servers that are run for real, as smallest configurations that log what is recommended."""

from collections.abc import Iterable

from tests.servers.box import Server

PASSWORD = "right-password"
PEOPLE = ("alice@example.com", "bob@example.com", "carol@example.org", "dave@example.org", "erin@example.net")
HOMES = "/var/mail/home"
PAM = "auth required pam_unix.so\naccount required pam_unix.so\n"


def users(names: Iterable[str]) -> tuple[str, ...]:
    """Shell lines that make users of the machine with a mailbox each."""
    return tuple(
        line
        for user in names
        for line in (
            f"useradd --badname -M -d '{HOMES}/{user}' -p \"$(openssl passwd -6 {PASSWORD})\" '{user}' 2>/dev/null",
            f"printf 'From a@b.example Thu Jan  1 00:00:00 2026\\nSubject: hi\\n\\n.dot\\n\\n' > '/var/mail/{user}'",
            f"chown '{user}' '/var/mail/{user}'",
        )
    )


# Their names are addresses.
USERS = users(PEOPLE)
MAILDIRS = tuple(
    line
    for user in PEOPLE
    for line in (
        *(f"mkdir -p '{HOMES}/{user}/Maildir/{part}'" for part in ("cur", "new", "tmp")),
        f"printf 'Subject: hello\\n\\n.dot\\n' > '{HOMES}/{user}/Maildir/cur/1.M1P1.mx1:2,S'",
        f"chown -R '{user}' '{HOMES}/{user}'",
    )
)
BACKEND = ("useradd -r -M -d /var/lib/popa3d popa3d 2>/dev/null", *USERS, "popa3d -D")

# Answers nginx: who may log in, and which server has his mail.
AUTH_HTTP = f"""
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import unquote

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        ok = unquote(self.headers["Auth-User"]) in {PEOPLE!r} and unquote(self.headers["Auth-Pass"]) == {PASSWORD!r}
        self.send_response(200)
        self.send_header("Auth-Status", "OK" if ok else "Invalid login or password")
        if ok:
            self.send_header("Auth-Server", "127.0.0.1")
            self.send_header("Auth-Port", "110")
        self.end_headers()

    def log_message(self, *_):
        pass

HTTPServer(("127.0.0.1", 8180), Answer).serve_forever()
"""
NGINX = """
daemon off;
load_module modules/ngx_mail_module.so;
error_log syslog:server=unix:/dev/log,facility=mail,tag=nginx info;
events { worker_connections 60; }
mail {
  auth_http 127.0.0.1:8180/auth;
  pop3_auth plain;
  server { listen 127.0.0.1:1110; protocol pop3; timeout 20s; max_errors 5; }
}
"""
MAILUTILS = """
logging { syslog yes; facility mail; print-severity no; session-id no; };
mode daemon;
max-children 20;
timeout 30;
mailbox { mail-spool /var/mail; mailbox-type mbox; };
login-delay 0;
pam { service pop; };
server 127.0.0.1:110 { };
"""
SOLID = """
<Global>
    MailDropName "/var/mail/%s"
    MailDropType mailbox
    LogStatistics yes
    LogPriority "mail.info"
</Global>
"""
CYRUS_CONF = """
START {
  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
  pop3 cmd="pop3d -U 5" listen="127.0.0.1:110" prefork=0 maxchild=50
}
EVENTS {
}
"""
IMAPD_CONF = """
configdirectory: /var/lib/cyrus
defaultpartition: default
partition-default: /var/spool/cyrus/mail
unixhierarchysep: yes
virtdomains: userid
defaultdomain: local.example
autocreate_quota: 0
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_mech_list: PLAIN
syslog_prefix: cyrus
auditlog: yes
chatty: yes
"""

SERVERS: dict[str, Server] = {
    "popa3d": Server(["popa3d"], [], [110], setup=BACKEND),
    "solid-pop3d": Server(
        ["solid-pop3d"],
        [],
        [110],
        {"/etc/spop3d.conf": SOLID},
        # It looks for the user without the domain.
        ["useradd -r -M spop3d 2>/dev/null", *users(user.partition("@")[0] for user in PEOPLE), "solid-pop3d"],
    ),
    "mailutils": Server(
        ["mailutils-pop3d"],
        [["pop3d", "--foreground", "--config-file=/etc/pop3d.conf"]],
        [110],
        {"/etc/pop3d.conf": MAILUTILS, "/etc/pam.d/pop": PAM},
        USERS,
    ),
    "courier": Server(
        ["courier-pop", "courier-authdaemon"],
        [],
        [110],
        {"/etc/pam.d/pop3": PAM},
        [
            "useradd -r -M courier 2>/dev/null",
            "mkdir -p /run/courier/authdaemon",
            "sed -i 's/^MAXPERIP=.*/MAXPERIP=40/' /etc/courier/pop3d",
            *USERS,
            *MAILDIRS,
            "/usr/sbin/authdaemond start",
            "/usr/lib/courier/pop3d start",
        ],
    ),
    "nginx": Server(
        ["nginx", "libnginx-mod-mail", "popa3d"],
        [["nginx", "-c", "/etc/box.conf"], ["python3", "/etc/auth.py"]],
        [1110, 8180],
        {"/etc/box.conf": NGINX, "/etc/auth.py": AUTH_HTTP},
        ["mkdir -p /var/log/nginx /var/lib/nginx", *BACKEND],
    ),
    "perdition": Server(
        ["perdition", "popa3d"],
        [],
        [1110],
        setup=[
            *BACKEND,
            "perdition.pop3 --ssl_mode none --listen_port 1110 --outgoing_server 127.0.0.1 --outgoing_port 110 "
            "--no_lookup --username nobody --group nogroup --log_facility mail",
        ],
    ),
    "cyrus": Server(
        ["cyrus-pop3d", "cyrus-common", "sasl2-bin", "libsasl2-modules-db"],
        [["/usr/lib/cyrus/bin/master"]],
        [110],
        {"/etc/cyrus.conf": CYRUS_CONF, "/etc/imapd.conf": IMAPD_CONF},
        [
            "useradd -r -M -d /var/spool/cyrus -g mail cyrus 2>/dev/null",
            "mkdir -p /var/lib/cyrus/db /var/lib/cyrus/proc /var/lib/cyrus/socket /var/lib/cyrus/msg /var/lib/cyrus/log"
            " /var/lib/cyrus/user /var/lib/cyrus/quota /var/lib/cyrus/lock /var/spool/cyrus/mail /run/cyrus",
            *(
                f"echo {PASSWORD} | saslpasswd2 -p -c -u '{user.partition('@')[2]}' '{user.partition('@')[0]}'"
                for user in PEOPLE
            ),
            "chown -R cyrus:mail /var/lib/cyrus /var/spool/cyrus /run/cyrus /etc/sasldb2",
        ],
    ),
}
