"""Which generation each file is, at every look: what was renamed, copied, truncated, deleted, compressed.

Identity (device, inode) answers first, and is believed only while the file still begins as it did; content (the
fingerprint of the first bytes) answers for files that no generation has for its own.
"""

import logging
import os
from collections.abc import Sequence

from exporter.inputs.copies import Claims, Copies
from exporter.inputs.matching import Matcher
from exporter.inputs.openfiles import OpenFiles
from exporter.inputs.readers import Torn
from exporter.inputs.stream import Replaced, Stream
from exporter.inputs.survey import Found, Survey, identity_of, take_survey
from exporter.inputs.troubles import Troubles
from exporter.model import Position, SourceCount

LOG = logging.getLogger(__name__)

_FORGET_LOST = 2_000  # positions of files that are gone; they may come back with a mount
_CLOCK_SECONDS = 10.0  # what the clocks of two file systems, or two looks, may differ by
COARSEST_CLOCK_SECONDS = 2.0  # FAT's

_SEEN_BEFORE = Position(stream="", path="")


class Tracker:
    """The generations (streams) of all logs of one input, and which files they are.

    `from_end`: what is there at the very first look is left out; `positions` empty: this is the first look.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        positions: Sequence[Position],
        *,
        from_end: bool,
        counts: SourceCount,
        troubles: Troubles,
        open_files: OpenFiles,
        name: str = "",
        claims: Claims | None = None,
    ) -> None:
        known = sorted((p for p in positions if p.path), key=lambda p: (len(p.stream), p.stream))  # oldest first
        self.streams = {p.stream: Stream.restored(p) for p in known}
        self._copies = Copies(name, self.streams, patterns, claims)
        self.rotations, self.truncations = counts.rotations, counts.truncations
        self.lost = counts.lines_possibly_lost
        self.directories: frozenset[str] = frozenset()
        self._patterns = patterns
        self._from_end = from_end
        self._troubles = troubles
        self._open_files = open_files
        self._first_look = not positions
        self._looked = False
        self._unseen: tuple[str, ...] = ()
        self._next_key = 1 + max((int(key) for key in self.streams if key.isdigit()), default=0)

    def look(self, now: float) -> None:
        """Compare what lies on the disk with what is known."""
        survey = take_survey(self._patterns, {s.path for s in self.streams.values() if s.bound or not s.finished})
        for error in survey.errors:
            self._troubles.note(error)
        for pattern in survey.unmatched:
            self._troubles.tell(f"no file matches {pattern}")
        self._follow(survey, now)
        self._recognise(survey, now)
        self.suspect()
        self._forget()
        if self._first_look:
            self._unseen = tuple(str(error.filename) for error in survey.errors)
        self.directories = frozenset(survey.directories)
        self._first_look, self._looked = False, True

    def positions(self) -> tuple[Position, ...]:
        """What is to be saved: nothing before the first look, after it at least that there was one."""
        if self._first_look:
            return ()
        return (_SEEN_BEFORE, *(stream.position() for stream in self.streams.values()))

    def _follow(self, survey: Survey, now: float) -> None:
        """Find each generation's file by its identity."""
        taken = set()
        # The newest first: of several that had the same inode one after the other, it is the newest's.
        for stream in [s for s in reversed(self.streams.values()) if s.bound]:
            found = survey.files.get(stream.identity)
            if found is None:
                self._missing(stream, survey, now)
            elif stream.identity in taken:
                stream.unbind()
            else:
                self._seen_again(stream, found, now)
            if stream.bound:
                taken.add(stream.identity)

    def _seen_again(self, stream: Stream, found: Found, now: float) -> None:
        """The file has the stream's identity: is it still its content? Where is it now?"""
        if (
            stream.is_blank
            and found.status.st_size
            and (found.name.rotated or (found.live and self._copies.is_new_log(found)))
        ):
            # Of an empty file nothing is known, so its inode says nothing: this may be a copy that was just made.
            del self.streams[stream.key]
            return
        before, was_finished = stream.seen, stream.finished
        if found.path != stream.path and found.name.rotated and not stream.moved:
            self._moved(stream, now)
        stream.bind(found)
        if stream.verified and stream.seen == before and not _recent(stream, now):
            return
        try:
            stream.verify()
            if stream.cut_back():
                self.truncations += 1
                self.doubt(stream, "cut back to a part of what was read")
            if stream.seen != before:
                stream.quiet_since, stream.finished = now, False
                stream.finished = was_finished and stream.holds_no_more()
        except Replaced:
            self.truncations += 1
            stream.unbind()
        except (OSError, Torn) as error:
            self._troubles.note(error, stream.path)
            stream.release()
        self._open_files.used(stream)

    def _moved(self, stream: Stream, now: float) -> None:
        stream.moved, stream.quiet_since = True, now
        self.rotations += 1

    def _missing(self, stream: Stream, survey: Survey, now: float) -> None:
        """No pattern and no generation's name leads to the stream's file any more: read on while it is open."""
        stream.live = stream.live and survey.blind
        try:
            if stream.reader is not None:
                stream.sight_open()
                if not stream.moved and not survey.blind:
                    self._moved(stream, now)
                return
            status = os.stat(stream.path)  # noqa: PTH116
        except FileNotFoundError:
            stream.unbind()
        except OSError as error:
            self._troubles.note(error)
            stream.release()
        else:
            self._elsewhere(stream, status, survey, now)

    def _elsewhere(self, stream: Stream, status: os.stat_result, survey: Survey, now: float) -> None:
        """A file that nothing configured leads to: the old target of a symbolic link is finished, others are not."""
        same = identity_of(status) == stream.identity
        if survey.blind and same:
            return
        if not (same and survey.symlinks):
            stream.unbind()
            return
        if not stream.moved:
            self._moved(stream, now)
        self._seen_again(stream, Found(stream.path, stream.label, status, live=False), now)
        if not self._looked:
            stream.limit = status.st_size

    def _recognise(self, survey: Survey, now: float) -> None:
        """Find out what the files are that no stream has for its own."""
        known = {stream.identity for stream in self.streams.values() if stream.bound}
        unknown = [found for identity, found in survey.files.items() if identity not in known]
        self._copies.look(survey.files.values())
        if not unknown:
            return
        matcher = Matcher(self.streams.values())
        for found in sorted(unknown, key=matcher.precedence):
            try:
                first = matcher.first_bytes(found)
            except FileNotFoundError:
                continue  # renamed since the survey; the next look finds it
            except (OSError, Torn) as error:
                self._troubles.note(error, found.path)
                if self._first_look and self._from_end:
                    self._add(Stream.unreadable(self._key(), found), now)
                continue
            stream = matcher.owner(found, first)
            if stream is not None:
                self._bound_again(stream, found, now)
            elif not matcher.is_copy(found, first) and not self._is_left_out(found, first):
                matcher.add(self._new(found, first, now))

    def _is_left_out(self, found: Found, first: bytes) -> bool:
        if self._first_look and self._from_end and found.name.rotated:
            return False  # nothing of it is read
        original = self._copies.original(found, first)
        if original:
            self._troubles.tell(f"{found.label}: left out, so that nothing counts twice: {original}")
        return bool(original)

    def _bound_again(self, stream: Stream, found: Found, now: float) -> None:
        if found.name.rotated and not stream.moved:
            self._moved(stream, now)
        self._seen_again(stream, found, now)

    def _new(self, found: Found, first: bytes, now: float) -> Stream:
        """A generation never seen before."""
        stream = self._add(Stream.found(self._key(), found, first), now)
        if self._is_old(stream):
            self._skip_what_is_there(stream)
        elif not found.live:
            self.rotations += 1
        return stream

    def _key(self) -> str:
        self._next_key += 1
        return str(self._next_key - 1)

    def _add(self, stream: Stream, now: float) -> Stream:
        self.streams[stream.key] = stream
        stream.quiet_since = now
        return stream

    def _is_old(self, stream: Stream) -> bool:
        """Whether the file was there before the source was first seen, and is to be left out."""
        if self._first_look:
            return self._from_end or not stream.live
        if stream.live:
            hidden = [path for path in self._unseen if stream.path.startswith(path) or stream.label.startswith(path)]
            return self._from_end and bool(hidden)
        # Beside the configured path: a generation that came and went between two looks is younger than what was
        # read by then; what is older was put there by somebody (a restored backup).
        family = [s.modified for s in self.streams.values() if s.family == stream.family and s is not stream]
        return stream.modified < max(family, default=0.0) - _CLOCK_SECONDS

    def _skip_what_is_there(self, stream: Stream) -> None:
        try:
            stream.skip_to_end()
        except (OSError, Torn) as error:
            self._troubles.note(error)

    def suspect(self) -> None:
        """Count once, for each file that is gone before its end was seen, that lines may be lost."""
        for stream in self.streams.values():
            if not (stream.bound or stream.finished):
                stream.finished = True  # for all we know; should it come back with more, that is seen
                if not stream.is_blank:
                    self.doubt(stream, "truncated without a copy, or gone, before its end was seen")

    def doubt(self, stream: Stream, why: str) -> None:
        """Count that lines may be lost, and say where."""
        self.lost += 1
        LOG.warning("%s: %s; lines may be lost", stream.path, why)

    def _forget(self) -> None:
        for stream in [s for s in self.streams.values() if s.is_blank and not s.bound]:
            del self.streams[stream.key]  # nothing is known of it that could be found again
        lost = [stream for stream in self.streams.values() if not stream.bound]
        for stream in sorted(lost, key=lambda s: s.modified)[: max(0, len(lost) - _FORGET_LOST)]:
            del self.streams[stream.key]


def _recent(stream: Stream, now: float) -> bool:
    """Whether the file changed so lately that its times could hide another change."""
    return abs(now - stream.seen[2] / 1e9) < COARSEST_CLOCK_SECONDS
