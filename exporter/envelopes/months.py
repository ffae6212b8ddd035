"""Months as loggers abbreviate them: `%b` of glibc's locales (2.36, `abmon` and `ab_alt_mon`).

`journalctl` writes its short forms in the language of the user who runs it; syslog daemons write English.
"""

# ruff: noqa: RUF001 - letters of other alphabets are intended

from collections.abc import Mapping
from typing import Final

ENGLISH: Final = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")

# One language per line, January first. Croatian shares names with Polish and Czech for other months. `Thg 1`
# (Vietnamese) and `de gen.` (Catalan) have a blank inside.
_LANGUAGES: Final = (
    "jan feb mär apr mai jun jul aug sep okt nov dez",  # German
    "jän feb mär apr mai jun jul aug sep okt nov dez",  # Austria
    "janv. févr. mars avril mai juin juil. août sept. oct. nov. déc.",  # French
    "jan fév mar avr mai jun jui aoû sep oct nov déc",  # Canada
    "ene feb mar abr may jun jul ago sep oct nov dic",  # Spanish
    "gen feb mar apr mag giu lug ago set ott nov dic",  # Italian
    "jan fev mar abr mai jun jul ago set out nov dez",  # Portuguese
    "xan feb mar abr mai xuñ xul ago set out nov dec",  # Galician
    "gen. febr. març abr. maig juny jul. ag. set. oct. nov. des.",  # Catalan
    "gen. febr. març d’abr. maig juny jul. d’ag. set. d’oct. nov. des.",
    "urt ots mar api mai eka uzt abu ira urr aza abe",  # Basque
    "ian feb mar apr mai iun iul aug sep oct nov dec",  # Romanian
    "jan feb mrt apr mei jun jul aug sep okt nov dec",  # Dutch
    "jan feb mar apr maj jun jul aug sep okt nov dec",  # Swedish, Danish
    "jan. feb. mars april mai juni juli aug. sep. okt. nov. des.",  # Norwegian
    "jan feb mar apr maí jún júl ágú sep okt nóv des",  # Icelandic
    "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",  # Finnish
    "jaan veebr märts apr mai juuni juuli aug sept okt nov dets",  # Estonian
    "jan feb mar apr mai jūn jūl aug sep okt nov dec",  # Latvian
    "saus. vas. kov. bal. geg. birž. liep. rugp. rugs. spal. lapkr. gruod.",  # Lithuanian
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",  # Polish
    "led úno bře dub kvě čen čec srp zář říj lis pro",  # Czech
    "jan feb mar apr máj jún júl aug sep okt nov dec",  # Slovak
    "jan feb mar apr maj jun jul avg sep okt nov dec",  # Slovenian, Serbian
    "sij velj ožu tra svi lip srp kol ruj lis stu pro",  # Croatian
    "jan febr márc ápr máj jún júl aug szept okt nov dec",  # Hungarian
    "янв фев мар апр мая июн июл авг сен окт ноя дек",  # Russian
    "янв фев мар апр май июн июл авг сен окт ноя дек",
    "січ лют бер кві тра чер лип сер вер жов лис гру",  # Ukrainian
    "сту лют сак кра мая чэр ліп жні вер кас ліс сне",  # Belarusian
    "яну фев мар апр май юни юли авг сеп окт ное дек",  # Bulgarian
    "јан феб мар апр мај јун јул авг сеп окт нов дец",  # Serbian
    "јан фев мар апр мај јун јул авг сеп окт ное дек",  # Macedonian
    "ιαν φεβ μαρ απρ μαΐ ιουν ιουλ αυγ σεπ οκτ νοε δεκ",  # Greek
    "ιαν φεβ μάρ απρ μάι ιούν ιούλ αύγ σεπ οκτ νοέ δεκ",
    "oca şub mar nis may haz tem ağu eyl eki kas ara",  # Turkish
    "jan feb mar apr mei jun jul agu sep okt nov des",  # Indonesian
    "ינו פבר מרץ אפר מאי יונ יול אוג ספט אוק נוב דצמ",  # Hebrew
    "ม.ค. ก.พ. มี.ค. เม.ย. พ.ค. มิ.ย. ก.ค. ส.ค. ก.ย. ต.ค. พ.ย. ธ.ค.",  # Thai
    " ".join(f"{month}月" for month in range(1, 13)),  # Japanese, Chinese
    " ".join(f"{month}월" for month in range(1, 13)),  # Korean
    " ".join(f"thg_{month}" for month in range(1, 13)),  # Vietnamese
)
_ENCODINGS: Final = ("utf-8", "iso8859-1", "iso8859-2", "iso8859-9")


def months(name: bytes) -> Mapping[int, frozenset[int]]:
    """The months that `name` may stand for, each with the languages that use it: usually one; empty: no month."""
    return _MONTHS.get(name.strip().removeprefix(b"de "), {})


def _table() -> dict[bytes, dict[int, frozenset[int]]]:
    found: dict[bytes, dict[int, set[int]]] = {}
    for language, names in enumerate(_LANGUAGES):
        for month, name in enumerate(names.split(), start=1):
            text = name.replace("_", " ")
            for written in (text, text.capitalize()):
                for encoding in _ENCODINGS:
                    encoded = written.encode(encoding, "ignore")
                    if encoded.decode(encoding) == written:
                        found.setdefault(encoded, {}).setdefault(month, set()).add(language)
    return {name: {month: frozenset(who) for month, who in known.items()} for name, known in found.items()}


_MONTHS: Final = _table()
