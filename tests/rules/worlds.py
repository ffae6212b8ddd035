"""The series that a scraped exporter gives, as promtool writes them: one value a minute from 1970 on.

A world is a plain dict of series to values; `|` puts worlds together, the later one wins.
"""

LENGTH = 200
OLD = -864_000  # ten days before the beginning
INSTANCE = 'instance="mx1:10110",job="pop3"'


def steady(start: float, per_minute: float = 0, minutes: int = LENGTH) -> str:
    """A value that grows evenly."""
    return f"{start}{per_minute:+}x{minutes}"


def then(before: str, start: float, per_minute: float = 0, minutes: int = LENGTH) -> str:
    """First `before`, then another pace."""
    return f"{before} {start}{per_minute:+}x{minutes}"


def server(name: str = "mx1", instance: str = INSTANCE, **changed: str) -> dict[str, str]:
    """A healthy exporter with one server and one source; `changed`: other values for some of its series."""
    values = {
        "up": steady(1),
        "process_start_time_seconds": steady(OLD),
        "pop3_first_seen_timestamp_seconds": steady(OLD),
        "pop3_connections_total": steady(100_000, 2),
        "pop3_connections_hour_start": steady(99_000),
        "pop3_blocked_connections_total": steady(100),
        "pop3_terminations_total": steady(100),
        "pop3_exporter_time_seconds": steady(0, 60),
        "pop3_exporter_last_commit_timestamp_seconds": steady(0, 60),
        "pop3_exporter_books_balanced": steady(1),
        "pop3_exporter_folded_users": steady(0),
        "pop3_exporter_folded_domains": steady(0),
        "pop3_exporter_catching_up": steady(0),
        "pop3_exporter_clock_skew_seconds": steady(1),
        "pop3_exporter_read_bytes_total": steady(0, 1000),
        "pop3_exporter_lines_possibly_lost_total": steady(3),
        'pop3_exporter_faults_total{kind="line"}': steady(2),
        'pop3_exporter_faults_total{kind="source"}': steady(0),
        "pop3_exporter_last_event_timestamp_seconds": steady(0, 60),
        'pop3_exporter_lines_total{verdict="event"}': steady(0, 10),
        'pop3_exporter_lines_total{verdict="unmatched"}': steady(0),
        'pop3_exporter_lines_total{verdict="malformed"}': steady(0),
        'pop3_site_info{time_zone="Etc/UTC"}': steady(1),
    } | changed
    return {_series(key, name, instance): value for key, value in values.items() if value}


def _series(key: str, name: str, instance: str) -> str:
    metric, _, inner = key.rstrip("}").partition("{")
    labels = [inner] if inner else []
    per_server = metric.startswith("pop3_") and not metric.startswith(("pop3_exporter", "pop3_site"))
    if per_server or "last_event" in metric or "folded" in metric:
        labels.append(f'server="{name}"')
    per_source = ("catching", "skew", "read_bytes", "lost", "last_event", "lines", "doubts", "faults")
    if metric.startswith("pop3_exporter") and any(word in metric for word in per_source):
        labels.append('source="mail"')
    return f"{metric}{{{','.join([*labels, instance])}}}"


def account(
    user: str = "ann@example.com",
    *,
    server: str = "mx1",
    instance: str = INSTANCE,
    connections: str = "",
    failures: str = "",
    networks: str = "",
    born: str = "",
) -> dict[str, str]:
    """One account, quiet in all that is not given."""
    domain = user.rpartition("@")[2]
    labels = f'server="{server}",domain="{domain}",user="{user}",{instance}'
    return {
        f"pop3_user_connections_total{{{labels}}}": connections or steady(500),
        f"pop3_user_login_failures_total{{{labels}}}": failures or steady(5),
        f"pop3_user_client_networks{{{labels}}}": networks or steady(2),
        f"pop3_user_first_seen_timestamp_seconds{{{labels}}}": born or steady(OLD),
    }


def domain(
    name: str = "example.com",
    *,
    server: str = "mx1",
    instance: str = INSTANCE,
    connections: str = "",
    failures: str = "",
    bad_commands: str = "",
    terminations: str = "",
    born: str = "",
) -> dict[str, str]:
    """One domain, quiet in all that is not given."""
    labels = f'server="{server}",domain="{name}",{instance}'
    return {
        f"pop3_domain_connections_total{{{labels}}}": connections or steady(5000),
        f"pop3_domain_login_failures_total{{{labels}}}": failures or steady(50),
        f"pop3_domain_bad_command_connections_total{{{labels}}}": bad_commands or steady(50),
        f"pop3_domain_terminations_total{{{labels}}}": terminations or steady(50),
        f"pop3_domain_first_seen_timestamp_seconds{{{labels}}}": born or steady(OLD),
    }


def known(server: str = "mx1") -> dict[str, str]:
    """The rules have watched the server for 14 days."""
    return {f'pop3_server:known14d{{server="{server}"}}': steady(1)}


def busiest(series: str, value: float, *, server: str = "mx1", domain: str = "", user: str = "") -> dict[str, str]:
    """What the history recorded as the busiest hour, or the most networks."""
    labels = {"server": server, "domain": domain, "user": user}
    inner = ",".join(f'{key}="{text}"' for key, text in labels.items() if text)
    return {f"{series}:busiest14d{{{inner}}}": steady(value)}
