"""The broker's jars: fetched once, and never used unless each has the sum that the lock file names."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mitodoke_local.cache import cache_folder
from mitodoke_local.errors import JarsError
from mitodoke_local.parallel import side_by_side
from mitodoke_local.progress import Progress

LOCK_FILE = Path(__file__).parents[1] / "kafka.lock"

# The broker and its tools (they format its storage), with all that they need.
BROKER = ("org.apache.kafka:kafka_2.13:4.3.1", "org.apache.kafka:kafka-tools:4.3.1")

# Without a binding the broker logs nothing. What it needs comes with the broker; it is not resolved together with
# it, for the list of versions that its project recommends would replace those that Kafka was released with.
LOG_BINDING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"

_FETCHED_AT_ONCE = 8
_TRIES = 3
_ADVICE = "Fetch the jars again: python -m mitodoke_local fetch --again"


@dataclass(frozen=True, order=True)
class Jar:
    """One locked jar: its Maven coordinates and the SHA-256 sum of the file."""

    coordinates: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The jar's name in the cache, without its group."""
        _group, artifact, version, *classifier = self.coordinates.split(":")
        return "-".join([artifact, version, *classifier]) + ".jar"


def read_lock(lock: Path = LOCK_FILE) -> list[Jar]:
    """The locked jars, in the order of the file.

    Raises JarsError when the file is missing or a line of it is malformed.
    """
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise JarsError(f"The lock file of the broker's jars cannot be read: {error}") from error
    jars = []
    for number, line in enumerate(lines, start=1):
        if not line or line.startswith("#"):
            continue
        words = line.split()
        if len(words) != 2 or words[0].count(":") not in (2, 3) or len(words[1]) != 64:
            raise JarsError(f'{lock}:{number}: expected "group:artifact:version SHA-256", found "{line}"')
        jars.append(Jar(words[0], words[1]))
    return jars


def class_path(progress: Progress, *, lock: Path = LOCK_FILE, cache: Path | None = None) -> list[Path]:
    """The jars, every one checked; fetched first if they are not in the cache.

    Raises JarsError, naming the jar, for one that is missing or is not the locked one.
    """
    jars = read_lock(lock)
    folder = _folder(jars, cache)
    if not folder.exists():
        fetch(progress, lock=lock, cache=cache)
    return [_checked(folder / jar.file_name, jar) for jar in jars]


def fetch(
    progress: Progress, *, lock: Path = LOCK_FILE, cache: Path | None = None, again: bool = False
) -> None:
    """Fetch the locked jars into the cache, unless another process has just done so."""
    jars = read_lock(lock)
    folder = _folder(jars, cache)
    with _one_at_a_time(folder.parent, progress):
        if again:
            shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            return
        # Kept when interrupted: what it holds already is checked and need not be fetched twice.
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        with progress.shown(), progress.step("Fetching Kafka's jars", len(jars)) as advance:

            def fetch_one(jar: Jar) -> Path:
                path = _fetch_one(jar, unfinished)
                advance()
                return path

            fetched = side_by_side(
                [lambda jar=jar: fetch_one(jar) for jar in jars],  # type: ignore[misc]  # bound per jar
                at_once=_FETCHED_AT_ONCE,
            )
        ready = folder.with_name(f"{folder.name}.ready")
        shutil.rmtree(ready, ignore_errors=True)
        ready.mkdir()
        for jar, path in zip(jars, fetched, strict=True):
            path.replace(ready / jar.file_name)
        ready.rename(folder)
        shutil.rmtree(unfinished)


def write_lock(progress: Progress, *, lock: Path = LOCK_FILE) -> list[Jar]:
    """Resolve what the broker needs, fetch it, and write the names and sums to the lock file."""
    import jgo

    with progress.shown():
        with progress.step("Resolving what Kafka needs"):
            coordinates = sorted(
                {
                    ":".join(
                        part
                        for part in (each.groupId, each.artifactId, each.version, each.classifier)
                        if part
                    )
                    for each in jgo.resolve("+".join(BROKER))
                    if each.packaging == "jar"
                }
                | {LOG_BINDING}
            )
        unfinished = cache_folder() / "kafka.locking"
        shutil.rmtree(unfinished, ignore_errors=True)
        with progress.step("Fetching the jars", len(coordinates)) as advance:

            def locked(name: str) -> Jar:
                jar = Jar(name, _sum(_download(name, unfinished)))
                advance()
                return jar

            jars = side_by_side(
                [lambda name=name: locked(name) for name in coordinates],  # type: ignore[misc]  # bound per jar
                at_once=_FETCHED_AT_ONCE,
            )
        shutil.rmtree(unfinished)
    comment = (
        "# The jars of the broker and their SHA-256 sums. Written by: python -m mitodoke_local lock-jars\n"
    )
    new = lock.with_name(f"{lock.name}.new")
    new.write_text(comment + "".join(f"{jar.coordinates} {jar.sha256}\n" for jar in jars), encoding="utf-8")
    new.replace(lock)
    return jars


def _folder(jars: Sequence[Jar], cache: Path | None) -> Path:
    """A folder for exactly these jars, so that checkouts with different lock files can share one cache."""
    key = hashlib.sha256(repr(sorted(jars)).encode()).hexdigest()[:16]
    return (cache if cache is not None else cache_folder()) / f"kafka-{key}"


def _checked(path: Path, jar: Jar) -> Path:
    try:
        found = _sum(path)
    except OSError as error:
        raise JarsError(f"The jar {path.name} cannot be read: {error}. {_ADVICE}") from error
    if found != jar.sha256:
        raise JarsError(
            f"The jar {path} is not the one that was locked: its SHA-256 sum is {found}, "
            f"where {jar.sha256} is expected. It is not used. {_ADVICE}"
        )
    return path


def _fetch_one(jar: Jar, repository: Path) -> Path:
    for already_there in (True, False):
        path = _download(jar.coordinates, repository)
        if _sum(path) == jar.sha256:
            return path
        # What an interrupted run left half-written is fetched anew, once.
        if already_there:
            path.unlink()
    return _checked(path, jar)


def _download(coordinates: str, repository: Path) -> Path:
    from jgo.maven import MavenContext

    group, name, version, *classifier = coordinates.split(":")
    context = MavenContext(repo_cache=repository, timeout=60)
    artifact = context.project(group, name).at_version(version).artifact(*classifier)
    for tries_left in reversed(range(_TRIES)):
        try:
            return artifact.resolve()
        except Exception as error:  # whatever the network and its libraries come up with
            if artifact.cached_path is not None:
                artifact.cached_path.unlink(missing_ok=True)
            if not tries_left:
                raise JarsError(
                    f"The jar {coordinates} could not be fetched: {error}\n"
                    "Check the network and start again; what has been fetched is kept."
                ) from error
    raise AssertionError("unreachable")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _one_at_a_time(cache: Path, progress: Progress) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(cache / "fetch.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("Another process is fetching Kafka's jars; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
