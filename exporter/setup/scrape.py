"""The scrape configuration for Prometheus."""

from exporter.addresses import is_everywhere, is_loopback
from exporter.setup.machine import Machine

PROGRAMS = ("/usr/bin/prometheus", "/usr/local/bin/prometheus", "/usr/sbin/prometheus", "/opt/prometheus/prometheus")
CONFIG = "/etc/prometheus/prometheus.yml"


def has_prometheus(machine: Machine) -> bool:
    """Whether Prometheus is running or installed here."""
    return "prometheus" in machine.processes() or any(map(machine.exists, PROGRAMS))


def is_local(listen: str) -> bool:
    """Whether only this machine can reach the address."""
    return is_loopback(listen.rpartition(":")[0])


def target(listen: str, host: str) -> str:
    """The address for Prometheus; `host`: this machine's name for others."""
    own, _, port = listen.rpartition(":")
    return f"{host if is_everywhere(own) else own}:{port}"


def snippet(address: str) -> str:
    """What belongs below `scrape_configs`."""
    return f'  - job_name: pop3\n    static_configs: [{{targets: ["{address}"]}}]'
