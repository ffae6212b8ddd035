"""Faults C: delete and create."""

import shutil

from tests.faults.world import World


def c20_deleted_and_created_again(w: World) -> None:
    """deleted and created again, with the same inode where the file system gives it back"""
    w.write(count=30)
    with w.meanwhile():
        w.log.unlink()
        w.write(count=20)
    w.write(count=40)
    w.look()
    w.log.unlink()
    w.look()
    w.write()


def c21_deleted_and_created_while_down(w: World) -> None:
    """the same while down: the inode is used again, by a longer file"""
    w.write(count=30)
    w.begin()
    w.restart_begin()
    inode = w.log.stat().st_ino
    w.log.unlink()
    w.write(count=60)
    assert inode == w.log.stat().st_ino or w.log.stat().st_ino
    w.begin()
    w.write()


def c22_empty_and_then_filled(w: World) -> None:
    """an empty file that is filled"""
    w.log.touch()
    with w.meanwhile():
        w.look()
        w.write()
    w.write()


def c23_missing_at_the_start(w: World) -> None:
    """no file at the start"""
    w.start = "end"
    w.begin()
    w.look()
    w.away()
    w.write()
    w.back()
    w.write()


def c24_directory_missing_at_the_start(w: World) -> None:
    """no directory at the start, it comes later"""
    w.start = "end"
    folder = w.folder / "var" / "log"
    w.patterns = ("var/log/mail.log",)
    w.begin()
    w.look()
    w.away()
    folder.mkdir(parents=True)
    w.look()
    w.write(folder / "mail.log")
    w.back()
    w.write(folder / "mail.log")


def c25_directory_deleted_and_made_again(w: World) -> None:
    """the directory is deleted with its log and made again"""
    folder = w.folder / "logs"
    folder.mkdir()
    w.patterns = ("logs/mail.log",)
    w.write(folder / "mail.log")
    with w.meanwhile():
        shutil.rmtree(folder)
        w.look()
        folder.mkdir()
        w.write(folder / "mail.log", count=30)
    w.write(folder / "mail.log")


def c26_directory_renamed_away(w: World) -> None:
    """the directory is renamed away and a new one made; the writer stays in the old one for a while"""
    folder = w.folder / "logs"
    folder.mkdir()
    w.patterns = ("logs/mail.log",)
    w.write(folder / "mail.log")
    with w.meanwhile(), (folder / "mail.log").open("ab", buffering=0) as old:
        folder.rename(w.folder / "old")
        w.look()
        folder.mkdir()
        w.write(folder / "mail.log", count=30)
        if w.down or w.mode == "closed":
            w.gone += w.lines().splitlines()
        else:
            old.write(w.lines())
    w.write(folder / "mail.log")
