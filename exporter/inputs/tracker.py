"""Which generation each file is, at every look: what was renamed, copied, truncated, deleted, compressed.

Identity (device, inode) answers first, and is believed only while the file still begins as it did; content (the
fingerprint of the first bytes) answers for files that no generation has for its own.
"""

import logging
import os
from collections.abc import Sequence

from exporter.inputs.aside import Aside
from exporter.inputs.beginnings import Beginning, Beginnings, Signature, signature_of
from exporter.inputs.inflating import Refused, StillSkipping, Torn
from exporter.inputs.matching import Matcher
from exporter.inputs.openfiles import OpenFiles
from exporter.inputs.stream import Replaced, Stream
from exporter.inputs.survey import Found, Survey, Surveyor, identity_of
from exporter.inputs.troubles import Troubles, shown
from exporter.model import Position, SourceCount

LOG = logging.getLogger(__name__)

_FORGET_LOST = 2_000  # positions of files that are gone; they may come back with a mount
_CLOCK_SECONDS = 10.0  # what the clocks of two file systems, or two looks, may differ by
COARSEST_CLOCK_SECONDS = 2.0  # FAT's
GIVE_UP_SECONDS = 30.0  # after which an archive that does not change is not being written any more
FILES_MOST = 10_000  # generations known at a time

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
        aside: Aside,
        open_files: OpenFiles,
    ) -> None:
        known = sorted((p for p in positions if p.path), key=lambda p: (len(p.stream), p.stream))  # oldest first
        self.streams = {p.stream: Stream.restored(p) for p in known}
        self.rotations, self.truncations = counts.rotations, counts.truncations
        self.lost = counts.lines_possibly_lost
        self.directories: frozenset[str] = frozenset()
        self.searching = False
        self._surveyor = Surveyor(patterns)
        self._beginnings = Beginnings()
        self._from_end = from_end
        self._troubles = troubles
        self._aside = aside
        self._open_files = open_files
        self._first_look = not positions
        self._looked = False
        self._full = False
        self._unseen: tuple[str, ...] = ()
        self._next_key = 1 + max((int(key) for key in self.streams if key.isdigit()), default=0)

    def look(self, now: float) -> None:
        """Compare what lies on the disk with what is known; `searching`: some files need more looks for that."""
        self.searching = False
        survey = self._surveyor.look({s.path for s in self.streams.values() if s.bound or not s.finished})
        for path, error in survey.errors:
            self._troubles.note(error, path)
        for problem in (*survey.unmatched, *survey.remarks):
            self._troubles.tell(problem)
        self._follow(survey, now)
        self._recognise(survey, now)
        self.suspect()
        self._forget()
        if self._first_look:
            self._unseen = tuple(path for path, _ in survey.errors)
        self.directories = frozenset(survey.directories)
        self._first_look, self._looked = False, True

    def close(self) -> None:
        """Close all files."""
        self._beginnings.close()
        for stream in self.streams.values():
            stream.release()

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
        if stream.was_empty and found.name.rotated and found.status.st_size:
            # Of an empty file nothing is known, so its inode says nothing: this may be a copy that was just made.
            del self.streams[stream.key]
            return
        if stream.given_up and found.status.st_size != stream.offset:
            del self.streams[stream.key]  # it was never read, and has become another
            return
        before, was_finished = stream.seen, stream.finished
        if found.path != stream.path and found.name.rotated and not stream.moved:
            self._moved(stream, now)
        stream.bind(found)
        if stream.given_up or self._is_known(stream, before, now):
            return
        try:
            stream.verify()
            if stream.cut_back():
                self.truncations += 1
                self.doubt(stream, "cut back to a part of what was read")
            if stream.seen != before:
                stream.quiet_since = now
                stream.finished = was_finished and stream.holds_no_more()
            self._aside.done(stream.key)
        except Replaced:
            self.truncations += 1
            stream.unbind()
        except StillSkipping:
            self.searching = True
            stream.seen = before
            return  # and the file stays open: closed, it would have to begin again
        except Exception as error:  # noqa: BLE001  (whatever a file brings, the others go on)
            self._aside.put(stream.key, stream.seen, now, self._troubles.note(error, stream.path, stream.offset))
            stream.release()
        self._open_files.used(stream)

    def _is_known(self, stream: Stream, before: Signature, now: float) -> bool:
        """Whether there is nothing to be verified, or not now."""
        unchanged = stream.verified and stream.seen == before
        # An archive that is being read would have to begin again; what we have open nobody can exchange.
        open_archive = bool(stream.name.compression) and stream.reader is not None
        return (unchanged and (open_archive or not _recent(stream.seen, now))) or self._aside.rests(
            stream.key, stream.seen, now
        )

    def _moved(self, stream: Stream, now: float) -> None:
        stream.moved, stream.quiet_since = True, now
        self.rotations += 1

    def _missing(self, stream: Stream, survey: Survey, now: float) -> None:
        """No pattern and no generation's name leads to the stream's file any more: read on while it is open."""
        hidden = survey.hides(stream.path)
        stream.live = stream.live and hidden
        try:
            if stream.reader is not None:
                stream.sight_open()
                if not stream.moved and not hidden:
                    self._moved(stream, now)
                return
            status = os.stat(stream.path)  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError, ValueError):
            stream.unbind()
        except OSError as error:
            stream.release()
            if stream.family in survey.families or not (stream.finished or isinstance(error, PermissionError)):
                self._troubles.note(error, stream.path)
            else:
                stream.unbind()  # nothing configured leads to it, nobody can look at it: as good as gone
        else:
            self._elsewhere(stream, status, survey, now)

    def _elsewhere(self, stream: Stream, status: os.stat_result, survey: Survey, now: float) -> None:
        """A file that nothing configured leads to: the old target of a symbolic link is finished, others are not."""
        same = identity_of(status) == stream.identity
        if same and survey.hides(stream.path):
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
        self._beginnings.keep_only(found.identity for found in unknown)
        self._aside.keep_only((*self.streams, *(found.identity for found in unknown)))
        self._full = self._full and len(self.streams) >= FILES_MOST
        if not unknown:
            return
        matcher = Matcher(self.streams.values())
        for found in sorted(unknown, key=matcher.precedence):
            if not self._aside.rests(found.identity, signature_of(found.status), now):
                self._recognise_one(found, matcher, now)

    def _recognise_one(self, found: Found, matcher: Matcher, now: float) -> None:
        try:
            beginning = self._beginnings.of(found, recent=_recent(signature_of(found.status), now))
        except FileNotFoundError:
            return  # renamed since the survey; the next look finds it
        except StillSkipping:
            self.searching = True
            if self._first_look and self._from_end:
                self._add(Stream.unreadable(self._key(), found), now)
            return
        except Exception as error:  # noqa: BLE001  (whatever a file brings, the others go on)
            self._unrecognisable(found, error, now)
            return
        self._aside.done(found.identity)
        stream = matcher.owner(found, beginning)
        if stream is not None:
            self._bound_again(stream, found, now)
        elif not matcher.is_copy(found, beginning) and not self._is_too_many():
            matcher.add(self._new(found, beginning, now))

    def _unrecognisable(self, found: Found, error: Exception, now: float) -> None:
        """The file cannot be read at all. An archive that stays so is given up, which may be a loss."""
        problem = self._troubles.note(error, found.path)
        failed_for = self._aside.put(found.identity, signature_of(found.status), now, problem)
        if self._first_look and self._from_end:
            self._add(Stream.unreadable(self._key(), found), now)
        elif isinstance(error, Refused) or (isinstance(error, Torn) and failed_for >= GIVE_UP_SECONDS):
            stream = self._add(Stream.unreadable(self._key(), found), now)
            if not self._is_old(stream):
                self.doubt(stream, str(error))

    def _is_too_many(self) -> bool:
        if len(self.streams) < FILES_MOST:
            return False
        self._troubles.tell(f"more than {FILES_MOST:,} files; those that came last are not read")
        if not self._full:
            self._full = True
            self.lost += 1
        return True

    def _bound_again(self, stream: Stream, found: Found, now: float) -> None:
        if found.name.rotated and not stream.moved:
            self._moved(stream, now)
        self._seen_again(stream, found, now)

    def _new(self, found: Found, beginning: Beginning, now: float) -> Stream:
        """A generation never seen before."""
        stream = self._add(Stream.found(self._key(), found, beginning), now)
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
        except Exception as error:  # noqa: BLE001  (whatever a file brings, the others go on)
            self._troubles.note(error, stream.path)
            stream.offset, stream.verified = stream.size, False

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
        LOG.warning("%s: %s; lines may be lost", shown(stream.path), why)

    def _forget(self) -> None:
        for stream in [s for s in self.streams.values() if s.is_blank and not s.bound]:
            del self.streams[stream.key]  # nothing is known of it that could be found again
        lost = [stream for stream in self.streams.values() if not stream.bound]
        for stream in sorted(lost, key=lambda s: s.modified)[: max(0, len(lost) - _FORGET_LOST)]:
            del self.streams[stream.key]


def _recent(seen: Signature, now: float) -> bool:
    """Whether the file changed so lately that its times could hide another change."""
    return abs(now - seen[2] / 1e9) < COARSEST_CLOCK_SECONDS
