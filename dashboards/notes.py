"""What a reader must know before trusting a number: a line that speaks only when there is something to say."""

from dashboards import panels, theme
from dashboards.dashboard import Zone
from dashboards.panels import Place
from dashboards.targets import now

NOTES = 50
FINE = "No remarks: nothing below is missing in the logs or beyond what Prometheus remembers"
NOTHING = "This data source knows no POP3 exporter in this range"
SEEN = "last_over_time(pop3_exporter_time_seconds[1h] @ $until)"  # through a gateway, too


def notes(zone: Zone, place: Place) -> panels.Panel:
    """Zones that differ, measures that no log has, ranges longer than Prometheus remembers."""
    return panels.stat(
        NOTES,
        "",
        place,
        "Remarks on the numbers below.",
        [
            now("A", _zones(zone), "{{note}}"),
            now("B", _unlogged(), "{{note}}"),
            now("C", _too_short(), "{{note}}"),
            now("D", _fine(zone), "{{note}}"),
            now("E", f'label_replace(absent(max({SEEN})),"note","{NOTHING}","","")', "{{note}}"),
        ],
        unit=theme.NONE,
        options={
            "textMode": "name",
            "colorMode": "value",
            "orientation": "horizontal",
            "text": {"titleSize": 14, "valueSize": 14},
        },
        overrides=[panels.by_query("D", {"color": panels.fixed(theme.GREY)})],
        defaults={"noValue": " ", "color": panels.fixed(theme.ORANGE)},
    )


def _fine(zone: Zone) -> str:
    other = " or ".join(f"count({expr})" for expr in (_zones(zone), _unlogged(), _too_short()))
    return f'label_replace(max({SEEN}) unless on() ({other}),"note","{FINE}","","")'


def _note(expr: str, text: str, label: str) -> str:
    """`expr` with the text in the label `note`, where $1 is the label's value."""
    return f'label_replace({expr},"note","{text}","{label}","(.+)")'


def _zones(zone: Zone) -> str:
    other = f'max by(time_zone)(last_over_time(pop3_site_info{{time_zone!="{zone.name}"}}[1h] @ $until))'
    text = f"These dashboards are for {zone.name}, the exporter's days begin in $1: run `make dashboards`"
    return _note(other, text, "time_zone")


def _unlogged() -> str:
    bytes_ = 'measure=~"(received|sent)_bytes"'
    info = 'pop3_measure_quality_info{server=~"$server",'
    none = f'max by(server)(last_over_time({info}{bytes_},quality="none"}}[1h] @ $until))'
    some = f'max by(server)(last_over_time({info}{bytes_},quality!="none"}}[1h] @ $until))'
    return _note(
        f"{none} unless on(server) {some}",
        "$1 logs no bytes, so its bandwidth is missing (Dovecot: set pop3_logout_format)",
        "server",
    )


def _too_short() -> str:
    known = 'min_over_time(timestamp(pop3_connections_day_start{server=~"$server"})[${__range_s}s:6h])'
    oldest = f"min({known} or {SEEN})"  # the steps of 6 hours miss a Prometheus that is younger
    born = 'min(last_over_time(pop3_first_seen_timestamp_seconds{server=~"$server"}[4d] @ $until))'
    missing = f"(({oldest}) > (${{__from:date:seconds}}+86400)) and (({born}) < (${{__from:date:seconds}}-86400))"
    text = "Prometheus does not know the begin of this range: earlier periods are missing (see Exporter health)"
    return f'label_replace({missing},"note","{text}","","")'
