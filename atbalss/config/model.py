"""What `atbalss.toml` means: one frozen model a table.

The models check each value by itself; `atbalss.config.links` checks what tables say of each other. The
descriptions are the text of docs/configuration.md.
"""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Never

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from alerts.rules import Rule, StormPolicy
from alerts.settings import ChannelSettings
from atbalss.config.values import (
    LANGUAGES,
    Language,
    ListenAddress,
    PositiveDuration,
    Slug,
    TimeOfDay,
    Zone,
    database_url,
    locate,
    without_password,
)
from atbalss.duration import parse_duration
from collectors.settings import SourceSettings

if TYPE_CHECKING:
    from collectors.http import HttpSettings

__all__ = [
    "Brand",
    "ChannelConfig",
    "Config",
    "DaemonSettings",
    "DatabaseSettings",
    "DigestSettings",
    "HttpTable",
    "ModelSettings",
    "PrivacySettings",
    "RetentionSettings",
    "SourceConfig",
]


class Table(BaseModel):
    """Base of every table: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


class DatabaseSettings(Table):
    """Where everything is kept."""

    url: SecretStr = Field(
        default=SecretStr("sqlite:///var/atbalss.db"),
        description="`sqlite:///path`, relative to this file's folder, or `postgresql://user:password@host/name`.",
    )

    @field_validator("url")
    @classmethod
    def _driver_and_folder(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        folder = (info.context or {}).get("folder", Path())
        return SecretStr(database_url(value.get_secret_value(), folder))

    @property
    def shown(self) -> str:
        """The address without its password."""
        return without_password(self.url.get_secret_value())


class ModelSettings(Table):
    """Which model judges the texts."""

    name: str = Field(
        default="shipped",
        min_length=1,
        description="`shipped`, `tiny` (a deterministic word list for trying rules), a folder "
        "(`./models/mine`), or the id of a Hugging Face model.",
    )
    languages: tuple[Language, ...] = Field(
        default=LANGUAGES,
        min_length=1,
        description="The languages to tell apart; a text in another one is `unscored`.",
    )
    revision: str | None = Field(
        default=None, description="The revision of a Hugging Face model: a commit, so that it cannot change."
    )
    allow_download: bool = Field(
        default=False,
        description="Whether a Hugging Face model may be fetched; nothing is fetched otherwise.",
    )
    label_map: dict[str, Literal["neg", "neu", "pos"]] = Field(
        default={}, description="For a model of your own: its label names to `neg`, `neu` and `pos`."
    )

    @field_validator("name")
    @classmethod
    def _folder_made_absolute(cls, value: str, info: ValidationInfo) -> str:
        if value in ("shipped", "tiny"):
            return value
        path = locate(value, (info.context or {}).get("folder", Path()))
        if path.is_dir():
            return str(path)
        if value.startswith((".", "/", "~")):
            raise ValueError("this folder does not exist")
        return value


class DaemonSettings(Table):
    """How the daemon runs."""

    tick: PositiveDuration = Field(
        default=parse_duration("5s"), description="How often the daemon looks for what is due."
    )
    lease: PositiveDuration = Field(
        default=parse_duration("2m"),
        description="How long a claimed row is kept from other processes; what a crash costs at most.",
    )
    listen: ListenAddress = Field(
        default="127.0.0.1:9477",
        description='Where `/healthz` and `/metrics` answer; `""` switches them off.',
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="Logs for people (`console`) or for machines (`json`)."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important level that is logged."
    )
    collect_concurrency: int = Field(
        default=4, ge=1, le=64, description="How many sources are collected at the same time."
    )

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port to listen on, None when switched off; port 0 lets the system choose."""
        host, _, port = self.listen.rpartition(":")
        return (host.strip("[]"), int(port)) if self.listen else None


class RetentionSettings(Table):
    """How long posts are kept."""

    posts: PositiveDuration = Field(
        default=parse_duration("730d"), description="A post older than this is deleted with its scores."
    )


class PrivacySettings(Table):
    """What is remembered of the people who write."""

    keep_author_names: bool = Field(
        default=False, description="Keep the names of authors; otherwise only a pseudonym is stored."
    )
    author_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="The secret that pseudonyms are made with; "
        "left out: made once and kept beside the database.",
    )


class DigestSettings(Table):
    """The weekly page."""

    enabled: bool = Field(default=True, description="Whether the weekly digest is sent.")
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        default="monday", description="The day on which last week's digest is sent."
    )
    at: TimeOfDay = Field(default=time(9), description="The time of day, in each brand's zone.")
    channels: tuple[str, ...] = Field(default=(), description="Who gets it; empty: all channels.")


class HttpTable(Table):
    """How we behave towards the sites that we ask."""

    contact: str = Field(
        default="",
        description="A mail or web address for the User-Agent, so that a site's operator can reach you.",
    )
    timeout: PositiveDuration = Field(
        default=parse_duration("20s"), description="The longest wait for a connection, and for each read."
    )
    total_timeout: PositiveDuration = Field(
        default=parse_duration("2m"), description="The longest wait for one whole answer."
    )
    max_attempts: int = Field(
        default=4, ge=1, le=20, description="How often a request is tried before the source counts as failed."
    )
    max_wait: PositiveDuration = Field(
        default=parse_duration("1m"),
        description="The longest wait asked for by a site that a request sits out; longer: later.",
    )
    per_host_interval: PositiveDuration = Field(
        default=parse_duration("1s"), description="The shortest time between two requests to one host."
    )
    proxy: SecretStr | None = Field(
        default=None, description="The address of a proxy, such as `http://user:password@proxy.example:3128`."
    )

    @field_validator("contact")
    @classmethod
    def _fits_a_header(cls, value: str) -> str:
        if not (value.isascii() and (value.isprintable() or not value)):
            raise ValueError("travels in a header, which carries only ASCII; give a mail or web address")
        return value

    @field_validator("proxy")
    @classmethod
    def _known_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("a proxy's address starts with http:// or https://")
        return value

    def client_settings(self) -> HttpSettings:
        """The same as the HTTP client wants it: seconds, and the proxy in the clear."""
        from collectors.http import HttpSettings

        return HttpSettings(
            contact=self.contact,
            timeout=self.timeout.total_seconds(),
            total_timeout=self.total_timeout.total_seconds(),
            max_attempts=self.max_attempts,
            max_wait=self.max_wait.total_seconds(),
            per_host_interval=self.per_host_interval.total_seconds(),
            proxy=self.proxy.get_secret_value() if self.proxy else None,
        )


class Brand(Table):
    """A business that people write about."""

    id: Slug = Field(description="Its short name: small letters, digits, hyphens. Never change it.")
    name: str = Field(min_length=1, description="Its name as people know it; replies are signed with it.")
    zone: Zone = Field(description="Its time zone, such as `Europe/Riga`; dates and weeks are told in it.")
    languages: tuple[Language, ...] = Field(
        default=("en",),
        min_length=1,
        description="Its customers' languages; a reply falls back to the first when the author's is unclear.",
    )
    answer_within: PositiveDuration = Field(
        default=parse_duration("24h"), description="By when suggested replies promise an answer."
    )


class SourceConfig(Table):
    """One place where customers write."""

    id: Slug = Field(description="Its short name: small letters, digits, hyphens. Never change it.")
    brand: str = Field(description="The id of the brand that it speaks of.")
    type: str = Field(description="The kind of source; it decides which other keys there are.")
    every: PositiveDuration = Field(
        default=parse_duration("15m"), description="How often it is collected; at least `1m`."
    )
    retention: PositiveDuration | None = Field(
        default=None, description="How long its posts are kept; left out: as `[retention]` says."
    )
    alert_first_run: bool = Field(
        default=False,
        description="Whether posts of its first collection may alert; otherwise they are only a baseline.",
    )
    settings: SourceSettings = Field(repr=False, description="The type's own keys.")

    @field_validator("every")
    @classmethod
    def _not_too_often(cls, value: timedelta) -> timedelta:
        if value < timedelta(minutes=1):
            raise ValueError("must be at least 1m")
        return value


class ChannelConfig(Table):
    """One way to reach people."""

    name: str = Field(min_length=1, description="Its own name, which rules and the digest refer to.")
    type: str = Field(description="The kind of channel; it decides which other keys there are.")
    settings: ChannelSettings = Field(repr=False, description="The type's own keys.")


class Config(Table):
    """One whole configuration, checked. Paths are absolute; secrets are `SecretStr`."""

    path: Path = Field(description="The file that it was read from.")
    database: DatabaseSettings
    model: ModelSettings
    daemon: DaemonSettings
    retention: RetentionSettings
    privacy: PrivacySettings
    digest: DigestSettings
    storm: StormPolicy
    http: HttpTable
    brands: tuple[Brand, ...]
    sources: tuple[SourceConfig, ...]
    rules: tuple[Rule, ...]
    channels: tuple[ChannelConfig, ...]

    @property
    def folder(self) -> Path:
        """The folder that relative paths start at."""
        return self.path.parent

    @property
    def var(self) -> Path:
        """The folder of what Atbalss writes: the SQLite file's own, or `var` beside the configuration."""
        url = self.database.url.get_secret_value()
        if url.startswith("sqlite:///"):
            return Path(url.removeprefix("sqlite:///").split("?", 1)[0]).parent
        return self.folder / "var"

    def brand(self, id: str) -> Brand:
        """The brand of this id; KeyError if there is none."""
        return next((brand for brand in self.brands if brand.id == id), None) or _unknown("brand", id)

    def source(self, id: str) -> SourceConfig:
        """The source of this id; KeyError if there is none."""
        return next((source for source in self.sources if source.id == id), None) or _unknown("source", id)

    def channel(self, name: str) -> ChannelConfig:
        """The channel of this name; KeyError if there is none."""
        return next((one for one in self.channels if one.name == name), None) or _unknown("channel", name)

    def retention_of(self, source: SourceConfig) -> timedelta:
        """How long the source's posts are kept."""
        return source.retention or self.retention.posts

    def __repr__(self) -> str:
        """Counts only: plain keys may have been filled in from the environment."""
        parts = ", ".join(f"{len(getattr(self, name))} {name}" for name in _ARRAYS)
        return f"Config({self.path.name}: {parts})"

    __str__ = __repr__


_ARRAYS = ("brands", "sources", "rules", "channels")


def _unknown(noun: str, name: str) -> Never:
    raise KeyError(f"no {noun} {name!r} is configured")
