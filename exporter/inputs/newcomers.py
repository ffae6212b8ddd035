"""Unknown files: renamed known ones, copies, or new ones."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from exporter.inputs.aside import Aside
from exporter.inputs.beginnings import Beginning, Beginnings
from exporter.inputs.copies import Copies
from exporter.inputs.inflating import Refused, StillSkipping, Torn
from exporter.inputs.known import Known
from exporter.inputs.matching import Matcher
from exporter.inputs.rivals import Rivals, is_fuller
from exporter.inputs.signature import is_recent, signature_of
from exporter.inputs.stream import Stream
from exporter.inputs.survey import Found, Survey
from exporter.inputs.troubles import Troubles, shown

_CLOCK_SECONDS = 10.0  # what the clocks of two file systems, or two looks, may differ by
GIVE_UP_SECONDS = 30.0  # after which an archive that does not change is not being written any more
NOT_READ_TWICE = "not read, so that nothing counts twice"
FILES_MOST = 10_000  # generations known at a time


class Newcomers:
    """`bind`: what to do with a file that turned out to be a generation's; `first_look`: nothing was known before.

    `from_end`: what is there at the first look is left out. `searching`: a file needs more looks to be known.
    """

    def __init__(
        self,
        known: Known,
        troubles: Troubles,
        aside: Aside,
        copies: Copies,
        bind: Callable[[Stream, Found, float], None],
        *,
        first_look: bool,
        from_end: bool,
    ) -> None:
        self.first_look = first_look
        self.searching = False
        self._known = known
        self._troubles = troubles
        self._aside = aside
        self._copies = copies
        self._bind = bind
        self._from_end = from_end
        self._beginnings = Beginnings()
        self._full = False
        self._unseen: tuple[str, ...] = ()

    def recognise(self, survey: Survey, now: float) -> None:
        """Find out what the files are that no stream has for its own."""
        self.searching = False
        known = {stream.identity for stream in self._known.streams.values() if stream.bound}
        unknown = [found for identity, found in survey.files.items() if identity not in known]
        self._copies.look(survey.files.values(), all_seen=not (survey.errors or survey.hidden))
        self._beginnings.keep_only(found.identity for found in unknown)
        self._aside.keep_only((*self._known.streams, *(found.identity for found in unknown)))
        self._full = self._full and len(self._known.streams) >= FILES_MOST
        if not unknown:
            return
        matcher = Matcher(self._known.streams.values())
        rivals = Rivals(unknown, partial(self._begin, now=now))
        for found in sorted(unknown, key=matcher.precedence):
            if not self._aside.rests(found.identity, signature_of(found.status), now):
                self._recognise_one(found, matcher, rivals, now)

    def _recognise_one(self, found: Found, matcher: Matcher, rivals: Rivals, now: float) -> None:
        try:
            beginning = self._begin(found, now)
            stream = matcher.owner(found, beginning)
            if stream is not None and self._has_rival(stream, found, beginning, matcher, rivals):
                return
            left_out = stream is None and (matcher.is_copy(found, beginning) or self._is_left_out(found, beginning))
        except FileNotFoundError:
            return  # renamed since the survey; the next look finds it
        except StillSkipping:
            self.searching = True
            if self.first_look and self._from_end:
                self._known.add(Stream.unreadable(self._known.key(), found), now)
            return
        except Exception as error:  # noqa: BLE001  (whatever a file brings, the others go on)
            self._unrecognisable(found, error, now)
            return
        self._aside.done(found.identity)
        if stream is not None:
            self._bind(stream, found, now)
        elif not (left_out or self._is_too_many()):
            matcher.add(self._new(found, beginning, now))

    def _begin(self, found: Found, now: float) -> Beginning:
        return self._beginnings.of(found, recent=is_recent(signature_of(found.status), now))

    @staticmethod
    def _has_rival(stream: Stream, found: Found, beginning: Beginning, matcher: Matcher, rivals: Rivals) -> bool:
        """Whether another file that can be the stream's holds more, so that this one is an older copy of it."""
        if stream.identity == found.identity:
            return False
        for other, its_beginning in rivals.of(found, beginning):
            if not stream.begins(its_beginning) or matcher.owner(other, its_beginning) is not stream:
                continue
            with suppress(Torn, PermissionError):
                if is_fuller(other, found, stream.path):
                    return True
        return False

    def _unrecognisable(self, found: Found, error: Exception, now: float) -> None:
        """The file cannot be read at all. An archive that stays so is given up, which may be a loss."""
        problem = self._troubles.note(error, found.path)
        failed_for = self._aside.put(found.identity, signature_of(found.status), now, problem)
        if self.first_look and self._from_end:
            self._known.add(Stream.unreadable(self._known.key(), found), now)
        elif isinstance(error, Refused) or (isinstance(error, Torn) and failed_for >= GIVE_UP_SECONDS):
            stream = self._known.add(Stream.unreadable(self._known.key(), found), now)
            if not self._is_old(stream):
                self._known.doubt(stream, str(error))

    def _is_left_out(self, found: Found, beginning: Beginning) -> bool:
        if self.first_look and self._from_end and found.name.rotated:
            return False  # nothing of it is read
        original = self._copies.original(found, beginning.first)
        if original:
            self._troubles.tell(f"{shown(found.label)}: {NOT_READ_TWICE}: {original}")
        return bool(original)

    def _is_too_many(self) -> bool:
        if len(self._known.streams) < FILES_MOST:
            return False
        self._troubles.tell(f"more than {FILES_MOST:,} files; the ones found last are not read")
        if not self._full:
            self._full = True
            self._known.lost += 1
        return True

    def _new(self, found: Found, beginning: Beginning, now: float) -> Stream:
        """A generation never seen before."""
        stream = self._known.add(Stream.found(self._known.key(), found, beginning), now)
        if self._is_old(stream):
            self._skip_what_is_there(stream)
        elif not found.live:
            self._known.rotations += 1
        return stream

    def _is_old(self, stream: Stream) -> bool:
        """Whether the file was there before the source was first seen, and is to be left out."""
        if self.first_look:
            return self._from_end or not stream.live
        if stream.live:
            hidden = [path for path in self._unseen if stream.path.startswith(path) or stream.label.startswith(path)]
            return self._from_end and bool(hidden)
        # Beside the configured path: a generation that came and went between two looks is younger than what was
        # read by then; what is older was put there by somebody (a restored backup).
        family = [s.modified for s in self._known.streams.values() if s.family == stream.family and s is not stream]
        return stream.modified < max(family, default=0.0) - _CLOCK_SECONDS

    def _skip_what_is_there(self, stream: Stream) -> None:
        try:
            stream.skip_to_end()
        except Exception as error:  # noqa: BLE001  (whatever a file brings, the others go on)
            self._troubles.note(error, stream.path)
            stream.offset, stream.verified = stream.size, False

    def end_look(self, survey: Survey) -> None:
        """The look is over; what could not be seen at the first one was there before it."""
        if self.first_look:
            self._unseen = tuple(path for path, _ in survey.errors)
        self.first_look = False

    def close(self) -> None:
        """Close what is open."""
        self._beginnings.close()
