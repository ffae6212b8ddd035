"""Tracks files at every check: which were renamed, copied, truncated, deleted or compressed.

Identity (device, inode) answers first, and is believed only while the file still begins as it did; content (the
fingerprint of the first bytes) answers for files that no generation has for its own.
"""

import os
from collections.abc import Sequence

from exporter.inputs.aside import Aside
from exporter.inputs.checking import Replaced, cut_back, verify
from exporter.inputs.copies import Claims, Copies
from exporter.inputs.inflating import StillSkipping
from exporter.inputs.known import Known
from exporter.inputs.leftout import LeftOut
from exporter.inputs.newcomers import Newcomers
from exporter.inputs.openfiles import OpenFiles
from exporter.inputs.signature import Signature, is_recent
from exporter.inputs.stream import Stream
from exporter.inputs.survey import Found, Survey, Surveyor, identity_of
from exporter.inputs.troubles import Troubles
from exporter.model import Position

_SEEN_BEFORE = Position(stream="", path="")


class Tracker:
    """Keeps the generations known of one input's logs with their files.

    `from_end`: what is there at the very first look is left out. `searching`: some files need more looks.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        known: Known,
        *,
        first_look: bool,
        from_end: bool,
        troubles: Troubles,
        aside: Aside,
        open_files: OpenFiles,
        name: str = "",
        claims: Claims | None = None,
        positions: Sequence[Position] = (),
    ) -> None:
        self.directories: frozenset[str] = frozenset()
        self.searching = False
        self._known = known
        self._surveyor = Surveyor(patterns)
        self._troubles = troubles
        self._aside = aside
        self._open_files = open_files
        self._looked = False
        self._left_out = LeftOut(positions)
        self._copies = Copies(name, known.streams, patterns, claims, self._left_out)
        self._newcomers = Newcomers(
            known, troubles, aside, self._copies, self._bound_again, first_look=first_look, from_end=from_end
        )

    def look(self, now: float) -> None:
        """Compare what lies on the disk with what is known; `searching`: some files need more looks for that."""
        self.searching = False
        survey = self._surveyor.look({s.path for s in self._known.streams.values() if s.bound or not s.finished})
        for path, error in survey.errors:
            self._troubles.note(error, path)
        for problem in (*survey.unmatched, *survey.remarks):
            self._troubles.tell(problem)
        self._follow(survey, now)
        self._newcomers.recognise(survey, now)
        self.searching = self.searching or self._newcomers.searching
        self._known.suspect()
        self._known.forget()
        self._newcomers.end_look(survey)
        self.directories, self._looked = frozenset(survey.directories), True

    def close(self) -> None:
        """Close all files."""
        self._newcomers.close()
        for stream in self._known.streams.values():
            self._open_files.forget(stream)

    @property
    def has_looked(self) -> bool:
        """Whether there was a first look, now or before a restart."""
        return not self._newcomers.first_look

    def positions(self) -> tuple[Position, ...]:
        """What is to be saved: nothing before the first look, after it at least that there was one."""
        if not self.has_looked:
            return ()
        streams = self._known.streams.values()
        return (_SEEN_BEFORE, *(stream.position() for stream in streams), *self._left_out.positions())

    def _follow(self, survey: Survey, now: float) -> None:
        """Find each generation's file by its identity."""
        taken = set()
        # The newest first: of several that had the same inode one after the other, it is the newest's.
        for stream in [s for s in reversed(self._known.streams.values()) if s.bound]:
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
        filled = stream.was_empty and found.status.st_size
        if filled and (found.name.rotated or (found.live and self._copies.is_new_log(found))):
            # Of an empty file nothing is known, so its inode says nothing: this may be a copy that was just made.
            self._forget(stream)
            return
        if stream.given_up and found.status.st_size != stream.offset:
            self._forget(stream)  # it was never read, and has become another
            return
        before = stream.seen
        if found.path != stream.path and found.name.rotated and not stream.moved:
            self._known.moved(stream, now)
        stream.bind(found)
        if stream.given_up or self._is_known(stream, before, now):
            return
        try:
            self._verify(stream, before, now)
        except Replaced:
            self._known.truncations += 1
            stream.unbind()
        except StillSkipping:
            self.searching = True
            stream.seen = before
            return  # and the file stays open: closed, it would have to begin again
        except FileNotFoundError:
            stream.release()  # renamed since the survey; the next look finds it
        except Exception as error:  # noqa: BLE001  (whatever a file brings, the others go on)
            self._aside.put(stream.key, stream.seen, now, self._troubles.note(error, stream.path, stream.offset))
            stream.release()
        self._open_files.used(stream)

    def _forget(self, stream: Stream) -> None:
        self._open_files.forget(stream)
        del self._known.streams[stream.key]

    def _verify(self, stream: Stream, before: Signature, now: float) -> None:
        was_finished = stream.finished
        verify(stream)
        if cut_back(stream):
            self._known.truncations += 1
            self._known.doubt(stream, "shortened to part of what was read")
        if stream.seen != before:
            stream.quiet_since = now
            stream.finished = was_finished and stream.holds_no_more()
        self._aside.done(stream.key)

    def _is_known(self, stream: Stream, before: Signature, now: float) -> bool:
        """Whether there is nothing to be verified, or not now."""
        unchanged = stream.verified and stream.seen == before
        # An archive that is being read would have to begin again; what we have open nobody can exchange.
        open_archive = bool(stream.name.compression) and stream.reader is not None
        return (unchanged and (open_archive or not is_recent(stream.seen, now))) or self._aside.rests(
            stream.key, stream.seen, now
        )

    def _missing(self, stream: Stream, survey: Survey, now: float) -> None:
        """No pattern and no generation's name leads to the stream's file any more: read on while it is open."""
        hidden = survey.hides(stream.path)
        stream.live = stream.live and hidden
        try:
            if stream.reader is not None:
                stream.sight_open()
                if not stream.moved and not hidden:
                    self._known.moved(stream, now)
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
            self._known.moved(stream, now)
        self._seen_again(stream, Found(stream.path, stream.label, status, live=False), now)
        if not self._looked:
            stream.limit = status.st_size

    def _bound_again(self, stream: Stream, found: Found, now: float) -> None:
        if found.name.rotated and not stream.moved:
            self._known.moved(stream, now)
        self._seen_again(stream, found, now)
