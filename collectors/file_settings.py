"""The settings of the kind `file`."""

from __future__ import annotations

import codecs
import unicodedata
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from collectors.file_columns import Column
from collectors.file_posts import Reading
from collectors.post import PostKind
from collectors.settings import SourceSettings

__all__ = ["IdScope", "Settings"]


class IdScope(StrEnum):
    """Among which rows an id is unique."""

    FILE = "file"
    SOURCE = "source"


class Settings(SourceSettings):
    """Where the files are and how to read them."""

    path: str = Field(
        min_length=1,
        description="A file, a folder (its .csv, .tsv, .jsonl, .ndjson and .xlsx files) or a glob such as "
        "`exports/*.csv`.",
    )
    columns: dict[Column, str] = Field(
        default_factory=dict,
        description='The headers of columns that are not recognised, such as `text = "Ko jūs domājat?"`.',
    )
    encoding: str | None = Field(
        default=None, description="The files' encoding, such as `windows-1257`; found out when not given."
    )
    delimiter: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="The delimiter of CSV files; found out when not given.",
    )
    sheet: str | None = Field(
        default=None, description="The sheet of Excel workbooks; the first when not given."
    )
    id_scope: IdScope = Field(
        default=IdScope.FILE,
        description="Among which rows an id is unique: `file`, those of files of the same name, or `source`, those "
        "of all files, as when each export repeats the rows of the one before.",
    )
    stars_min: float = Field(default=1, allow_inf_nan=False, description="The worst rating of the scale.")
    stars_max: float = Field(
        default=5, allow_inf_nan=False, description="The best rating of the scale; it becomes 5 stars."
    )
    timezone: str = Field(
        default="UTC", description="The zone of dates that name none, such as `Europe/Riga`."
    )
    date_format: str | None = Field(
        default=None,
        description="How dates are written, as in Python's strptime (`%m/%d/%Y`), when it is neither ISO nor "
        "day.month.year.",
    )
    kind: PostKind | None = Field(
        default=None,
        description="What the rows are; by default survey, review or comment, by what a row holds.",
    )

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, value: str | None) -> str | None:
        try:
            return value and codecs.lookup(value).name
        except LookupError:
            raise ValueError("there is no such encoding; try utf-8, windows-1257 or windows-1251") from None

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        # ZoneInfo raises OSError for some names that are folders of its database.
        except (KeyError, ValueError, OSError):
            raise ValueError("there is no such time zone; write it like Europe/Riga") from None
        return value

    @model_validator(mode="after")
    def _scale_goes_up(self) -> Settings:
        if not self.stars_min < self.stars_max:
            raise ValueError("stars_min is below stars_max")
        return self

    @property
    def reading(self) -> Reading:
        """What the settings say about the cells."""
        return Reading(ZoneInfo(self.timezone), self.kind, self.stars_min, self.stars_max, self.date_format)

    def scope_of(self, path: Path) -> str:
        """What goes before the ids of this file's rows; its name without the ending, or nothing."""
        if self.id_scope is IdScope.SOURCE:
            return ""
        # Some systems decompose the letters of file names, and on others a name may be no text.
        return unicodedata.normalize("NFC", path.stem).encode("utf-8", "replace").decode()

    @property
    def digest(self) -> str:
        """Changes when the same files would be read in another way."""
        return blake2b(self.model_dump_json(exclude={"path"}).encode(), digest_size=16).hexdigest()
