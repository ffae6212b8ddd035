"""With `users.series: off` no name of a user stands anywhere in the ledger's file."""

from contextlib import closing
from pathlib import Path

from exporter.config import Config
from exporter.demo.traffic import habits, lines
from exporter.inputs.whole import read_whole
from exporter.wiring import open_ledger, pipeline_of

BEGIN = 1_794_954_400


def test_no_name_is_stored(tmp_path: Path) -> None:
    """Neither as a key nor in sessions, failed names or the state of envelopes; the sums are counted all the same."""
    log = tmp_path / "mail.log"
    log.write_text("".join(f"{line}\n" for line in lines(BEGIN, BEGIN + 6 * 3600)), encoding="utf-8")
    source = {"name": "mail", "paths": [str(log)], "format": "dovecot"}
    path = tmp_path / "ledger.sqlite"
    config = Config.model_validate({"ledger": str(path), "sources": [source], "users": {"series": "off"}})
    with closing(open_ledger(config, float(BEGIN))) as ledger:
        pipeline = pipeline_of(config.sources[0], config, ledger)
        for batch in read_whole(str(log), float(BEGIN)):
            ledger.book(pipeline.feed(batch, None))
            ledger.commit(float(BEGIN + 6 * 3600), {"mail": pipeline.checkpoint(())})
        assert any(sum(row.totals) for row in ledger.view.rows["server"].values())
    stored = path.read_bytes()
    named = [one.user for one in habits() if one.user.partition("@")[0].encode() + b"@" in stored]
    assert [] == named
