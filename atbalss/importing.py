"""Files by hand: their rows become posts, page by page, and every row that cannot is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from math import inf
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import IntegrityError

from atbalss.config import SourceConfig
from atbalss.config.values import Slug
from atbalss.duration import say_duration
from atbalss.errors import ConfigError
from atbalss.pipeline.collect import to_mention
from atbalss.pipeline.runtime import Runtime
from collectors.base import RowProblem
from collectors.file_import import IdScope, Settings, read_lines
from collectors.post import Post
from store.identity import StoreDecision
from store.mentions import NewMention, take_in

__all__ = ["ImportOptions", "Imported", "import_posts"]

_PAGE = 500


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the command line says about the files."""

    source: str
    brand: str
    alert: bool
    encoding: str | None
    stars_max: float
    timezone: str
    id_scope: IdScope


@dataclass(slots=True)
class Imported:
    """What an import brought. `problems` are the rows that could not be read and the `too_old` ones."""

    retention: timedelta
    decisions: Counter[StoreDecision] = field(default_factory=Counter)
    problems: list[RowProblem] = field(default_factory=list)
    too_old: int = 0

    @property
    def said(self) -> str:
        """One line for a person."""
        new, edited = self.decisions[StoreDecision.NEW], self.decisions[StoreDecision.EDITED]
        known = self.decisions.total() - new - edited - self.decisions[StoreDecision.PAST_RETENTION]
        old = f"; {self.too_old} {_past(self.retention)}" if self.too_old else ""
        return (
            f"Imported {new} new posts, {edited} edited; {known} were known or must not be stored; "
            f"{len(self.problems) - self.too_old} rows could not be read{old}."
        )


def _past(retention: timedelta) -> str:
    return f"older than the retention of {say_duration(retention)}, not stored"


def import_posts(runtime: Runtime, files: Sequence[Path], options: ImportOptions) -> Imported:
    """Store the rows of `files`. A page of rows is one transaction; an import that was cut off can be repeated.

    Raises ConfigError for wrong options or a file that is missing before anything is stored, and a CollectError
    for a file that is not what its ending says.
    """
    _check(options)
    if any(source.id == options.source for source in runtime.config.sources):
        raise ConfigError("--source", f"{options.source!r} is a configured source", "choose another name")
    for path in files:
        if not path.is_file():
            raise ConfigError(str(path), "there is no such file", "check the path")
    result = Imported(runtime.config.retention.posts)
    for path in files:
        try:
            settings = Settings(
                path=str(path),
                encoding=options.encoding,
                stars_max=options.stars_max,
                timezone=options.timezone,
                id_scope=options.id_scope,
            )
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            option = f"--{'-'.join(str(part) for part in first['loc'])}".replace("_", "-")
            raise ConfigError(
                option, first["msg"].removeprefix("Value error, "), "see atbalss import --help"
            ) from None
        source = SourceConfig(id=options.source, brand=options.brand, type="file", settings=settings)
        _import_file(runtime, source, read_lines(path, settings), options.alert, result)
    return result


def _check(options: ImportOptions) -> None:
    try:
        TypeAdapter(Slug).validate_python(options.source)
    except ValidationError:
        raise ConfigError(
            "--source",
            f"{options.source!r} cannot be the name of a source",
            "use small letters a-z, digits and single hyphens, such as google-reviews",
        ) from None
    if not 1 < options.stars_max < inf:
        raise ConfigError(
            "--stars-max", f"{options.stars_max:g} is no best rating", "give a number above 1, such as 10"
        )


def _import_file(
    runtime: Runtime,
    source: SourceConfig,
    rows: Iterator[tuple[str, Post | RowProblem]],
    alert: bool,
    result: Imported,
) -> None:
    brands = {brand.id for brand in runtime.config.brands}
    while batch := list(islice(rows, _PAGE)):
        posts: dict[int, NewMention] = {}
        problems: dict[int, RowProblem] = {}
        for place, (where, row) in enumerate(batch):
            if isinstance(row, RowProblem):
                problems[place] = row
            elif row.brand is not None and row.brand not in brands:
                problems[place] = RowProblem(where, f"its brand {row.brand!r} is not configured")
            else:
                posts[place] = _of_its_brand(to_mention(runtime, source, row))
        try:
            decisions = _store(runtime, source, list(posts.values()), alert)
        except IntegrityError:
            # Another import of the same rows was faster: now they are known.
            decisions = _store(runtime, source, list(posts.values()), alert)
        result.decisions.update(decisions)
        for place, decision in zip(posts, decisions, strict=True):
            if decision is StoreDecision.PAST_RETENTION:
                problems[place] = RowProblem(batch[place][0], _past(result.retention))
                result.too_old += 1
        result.problems += [problems[place] for place in sorted(problems)]


def _of_its_brand(post: NewMention) -> NewMention:
    """The post under an id that no other brand's import has: one source takes in the files of all brands."""
    return replace(post, external_id=f"{post.brand}/{post.external_id}")


def _store(
    runtime: Runtime, source: SourceConfig, posts: Sequence[NewMention], alert: bool
) -> list[StoreDecision]:
    now = runtime.now()
    oldest = now - runtime.config.retention.posts
    with runtime.store.write() as session:
        return take_in(session, source.id, posts, now, baseline=not alert, oldest=oldest)
