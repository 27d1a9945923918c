"""The configuration from the environment, frozen. Only `load_settings()` reads it; secrets are masked in every text."""

import json
import re
import sys
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pyrage import RecipientError, x25519

from core.addresses import Networks, host_named, is_button_address, is_this_machine, is_web_address
from core.durations import read_duration
from core.errors import BadInput
from core.health.exposures import Deployment, find_exposures, is_public_host
from core.shorteners.addresses import NAME_MAX, has_sound_placeholders, is_api_url
from core.shorteners.keys import is_key
from core.shorteners.records import SHARE_MAX, Origin, environment_code
from core.shorteners.records import Shortener as ListedShortener
from core.timing.cron import CronLine
from core.timing.job_times import CLEANUP_HOURS, INTERVAL_MAX, INTERVAL_MIN, JobTimes
from schedulers import registry
from schedulers.jobs_setting import read_jobs_setting

#: in the working directory
ENV_FILE = Path(".env")
OFFICIAL_API = "https://api.telegram.org"
TELEGRAM_LINKS = "https://t.me"
MEMORY_STORE = "memory://"
#: BOTAPI §2.3; None: the one of https
WEBHOOK_PORTS = (None, 443, 80, 88, 8443)
_ADDRESS = "an address starting with https:// (or http://)"

#: characters of JWT_SECRET, and different ones among them
SECRET_MIN, DISTINCT_MIN = 32, 10
#: what examples and tutorials write in the place of a secret
_PLACEHOLDER = re.compile(
    r"change.?me|your.{0,8}secret|super.?secret|secret.?key|password|example|12345678", re.IGNORECASE
)

_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class Shortener(BaseModel):
    """One URL shortener of `SHORTENERS`; `.env.example` explains its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(min_length=1, max_length=NAME_MAX)
    #: may contain a pasted key
    api_url: str = Field(repr=False)
    api_key: SecretStr
    hosts: tuple[str, ...] = ()
    weight: int = Field(1, ge=1, le=SHARE_MAX)
    answer: str | None = Field(None, max_length=200)

    def as_listed(self) -> ListedShortener:
        """Return its record as those added in the admin bot have it: without address and key."""
        code = environment_code(self.name)
        return ListedShortener(code=code, name=self.name, origin=Origin.ENVIRONMENT, share=self.weight)

    @field_validator("api_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not is_api_url(value):
            raise ValueError(f"{_ADDRESS}, without a user name, a fragment or spaces, is expected")
        if not has_sound_placeholders(value):
            raise ValueError("both {key} and {url}, after the host, or no braces at all, are expected")
        return value

    @field_validator("api_key")
    @classmethod
    def _is_key(cls, value: SecretStr) -> SecretStr:
        # links that contain the key are refused
        if not is_key(value.get_secret_value()):
            raise ValueError("8 to 512 letters, digits and signs, without spaces, are expected")
        return value

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_HOST.fullmatch(host) for host in value):
            raise ValueError('names of hosts, like ["short.example"], without https:// and ports, are expected')
        return tuple(host.lower() for host in value)

    @field_validator("answer")
    @classmethod
    def _is_path(cls, value: str | None) -> str | None:
        if value is not None and not all(value.split(".")):
            raise ValueError("names between dots, like data.link, are expected")
        return value


class MountedSecrets(PydanticBaseSettingsSource):
    """Settings source: `NAME_FILE=/path`, in the environment or in `.env`, sets NAME to the content of the file.

    The last source: a plain NAME, in either place, wins and its file is not read. Raises OSError for a file that cannot
    be read and UnicodeDecodeError for one that is not text.
    """

    def __init__(self, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource) -> None:
        super().__init__(settings_cls)
        self._sources = [source for source in sources if isinstance(source, EnvSettingsSource)]

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        # these sources keep names in lower case and omit empty values
        named = (source.env_vars.get(f"{field_name}_file".lower()) for source in self._sources)
        path = next((path for path in named if path), None)
        found = Path(path).read_text(encoding="utf-8").strip() if path else ""
        return found or None, field_name, False

    def files(self) -> list[tuple[str, Path]]:
        """The files that are named, by setting."""
        named = [
            (name, source.env_vars.get(f"{name}_file".lower()))
            for name in self.settings_cls.model_fields
            for source in self._sources
        ]
        return [(name, Path(path)) for name, path in named if path]

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in fields.items()
            if name not in self.current_state
        }
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """The settings; `.env.example` lists and explains each."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    USER_BOT_TOKEN: SecretStr
    ADMIN_BOT_TOKEN: SecretStr
    ADMIN_IDS: Annotated[tuple[int, ...], NoDecode] = ()
    STORAGE_CHANNEL_ID: int | None = None

    MONGO_URI: SecretStr = SecretStr("mongodb://localhost:27017")
    MONGO_DB: str = Field(
        "tollgate", pattern=r"^[A-Za-z0-9_-]{1,63}$", description="a name of 1 to 63 letters, digits, _ and -"
    )
    ALLOW_MEMORY_STORE: bool = False

    TELEGRAM_API_URL: str = Field(OFFICIAL_API, pattern=r"^https?://", description=_ADDRESS)
    TIMEZONE: str = "UTC"
    WEB_HOST: str = "127.0.0.1"
    WEB_PORT: int = Field(8080, ge=0, le=65535)
    #: names of the web app besides those of PUBLIC_BASE_URL, WEB_HOST and this machine
    ALLOWED_HOSTS: Annotated[tuple[str, ...], NoDecode] = ()
    OPS_HOST: str = "127.0.0.1"
    #: None: /readyz and /metrics have no port of their own
    OPS_PORT: int | None = Field(None, ge=0, le=65535)
    OPS_TOKEN: SecretStr = SecretStr("")
    #: whose X-Forwarded-For is believed
    TRUSTED_PROXIES: Annotated[Networks, NoDecode] = ()
    PUBLIC_BASE_URL: str = Field("", pattern=r"^(https?://.+)?$", description=_ADDRESS)
    UPDATES: Literal["polling", "webhook"] = "polling"
    WEBHOOK_SECRET: SecretStr = SecretStr("")
    SHORTENERS: Annotated[tuple[Shortener, ...], NoDecode] = ()

    TOKEN_EXPIRY_DAYS: int = Field(2, ge=1, le=30)
    TOKEN_CLEANUP_HOUR: Annotated[tuple[int, ...], NoDecode] = CLEANUP_HOURS
    CLEANUP_ENABLED: bool = True
    CLEANUP_SESSION_INTERVAL: timedelta = timedelta(hours=1)
    CLEANUP_VERIFICATION_INTERVAL: timedelta | None = None
    #: by job: its cron line, None when it is off
    JOBS: Annotated[dict[str, CronLine | None], NoDecode] = {}
    SEND_RATE_PER_SECOND: float = Field(30, gt=0, le=1000)
    BULK_RATE_PER_SECOND: float = Field(29.3, gt=0, le=1000)
    CLEANUP_BATCH_SIZE: int = Field(1000, ge=1, le=10_000)
    CLEANUP_TIMEOUT_SECONDS: float = Field(300, gt=0, le=3600)
    CLEANUP_PAUSE_MS: int = Field(50, ge=0, le=10_000)

    DATA_DIR: Path = Path("./data")
    BACKUP_KEEP: int = Field(7, ge=1, le=1000)
    #: the public key of age that backups are encrypted to; empty: they are not
    BACKUP_ENCRYPT_TO: str = ""
    #: may contain a key
    ALERT_WEBHOOK_URL: SecretStr = SecretStr("")
    JWT_SECRET: SecretStr = SecretStr("")
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    LOG_FORMAT: Literal["text", "json"] = "text"
    #: only with a sandbox: the address of its clock, which the bots follow when it is moved
    SANDBOX_CLOCK_URL: str = Field(
        "", pattern=r"^(http://(127\.0\.0\.1|localhost)[:/].*)?$", description="a sandbox on this machine"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The first wins: arguments, environment, `.env`, files named by NAME_FILE."""
        mounted = MountedSecrets(settings_cls, env_settings, dotenv_settings)
        return init_settings, env_settings, dotenv_settings, mounted

    @field_validator("USER_BOT_TOKEN", "ADMIN_BOT_TOKEN")
    @classmethod
    def _is_bot_token(cls, value: SecretStr) -> SecretStr:
        number, _, secret = value.get_secret_value().partition(":")
        if not number.isdecimal() or not secret or any(char.isspace() for char in secret):
            raise ValueError("a bot token from BotFather, like 123456789:AA…, is expected")
        return value

    @field_validator("ADMIN_IDS", mode="before")
    @classmethod
    def _split_ids(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all(part.isdecimal() and int(part) > 0 for part in parts):
            raise ValueError("Telegram ids (positive numbers), comma separated, or nothing are expected")
        return tuple(int(part) for part in parts)

    @field_validator("TRUSTED_PROXIES", mode="before")
    @classmethod
    def _split_networks(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        except ValueError:
            raise ValueError(
                "addresses or networks, like 127.0.0.1,10.0.0.0/8, comma separated, are expected"
            ) from None

    @field_validator("ALLOWED_HOSTS", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        # a colon outside of brackets begins a port, which is not compared
        hosts = [None if re.search(r":[0-9]*$", part) else host_named(part) for part in parts]
        if None in hosts:
            raise ValueError(
                "names of hosts or IP addresses, comma separated, each in full, without https:// and ports (IPv6 in "
                "brackets), are expected"
            )
        return tuple(hosts)

    @field_validator("SHORTENERS", "TOKEN_CLEANUP_HOUR", mode="before")
    @classmethod
    def _read_json_list(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            found = json.loads(value)
        except json.JSONDecodeError:
            found = None
        if not isinstance(found, list):
            raise ValueError("a JSON list is expected")
        return found

    @field_validator("SHORTENERS")
    @classmethod
    def _are_distinct(cls, value: tuple[Shortener, ...]) -> tuple[Shortener, ...]:
        if len({shortener.name for shortener in value}) < len(value):
            raise ValueError("each shortener needs a name of its own")
        return value

    @field_validator("TIMEZONE")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("an IANA zone such as Europe/Berlin is expected") from None
        return value

    @field_validator("TOKEN_CLEANUP_HOUR")
    @classmethod
    def _are_hours(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or any(not 0 <= hour <= 23 for hour in value):
            raise ValueError("hours from 0 to 23, like [0,12], are expected")
        return tuple(sorted(set(value)))

    @field_validator("CLEANUP_SESSION_INTERVAL", "CLEANUP_VERIFICATION_INTERVAL", mode="before")
    @classmethod
    def _is_interval(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            found = read_duration(value)
        except BadInput:
            found = timedelta()
        if not INTERVAL_MIN <= found <= INTERVAL_MAX or found % INTERVAL_MIN:
            raise ValueError("an interval of 1 minute to 24 hours, in full minutes, like 30m or 1h, is expected")
        return found

    @field_validator("JOBS", mode="before")
    @classmethod
    def _are_jobs(cls, value: Any) -> Any:
        return read_jobs_setting(value) if isinstance(value, str) else value

    @field_validator("BACKUP_ENCRYPT_TO")
    @classmethod
    def _is_recipient(cls, value: str) -> str:
        try:
            if value:
                x25519.Recipient.from_str(value)
        except RecipientError:
            # without the value: it may be the private key
            raise ValueError("a public key of age, age1… as age-keygen prints it, or nothing is expected") from None
        return value

    @field_validator("JWT_SECRET", "OPS_TOKEN")
    @classmethod
    def _is_hard_to_guess(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        secret = value.get_secret_value()
        if secret and (len(secret) < SECRET_MIN or len(set(secret)) < DISTINCT_MIN or _PLACEHOLDER.search(secret)):
            without = ": then one is made" if info.field_name == "JWT_SECRET" else ""
            raise ValueError(
                f"{SECRET_MIN} or more characters that nobody can guess are expected, or nothing{without}. "
                'python3 -c "import secrets; print(secrets.token_urlsafe(48))" makes one'
            )
        return value

    @field_validator("OPS_TOKEN")
    @classmethod
    def _is_bearer(cls, value: SecretStr) -> SecretStr:
        # RFC 6750, 2.1: other characters cannot be sent
        if not re.fullmatch(r"([A-Za-z0-9._~+/-]+=*)?", value.get_secret_value()):
            raise ValueError("letters, digits and . _ ~ + / - are expected, and = at the end only")
        return value

    @field_validator("TELEGRAM_API_URL")
    @classmethod
    def _keeps_tokens_secret(cls, value: str) -> str:
        address = urlsplit(value)
        if address.scheme == "http" and is_public_host(address.hostname or ""):
            raise ValueError("https:// is expected: with http:// anybody on the way reads the bot tokens")
        return value

    @field_validator("MONGO_URI")
    @classmethod
    def _is_store(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("mongodb://", "mongodb+srv://", MEMORY_STORE)):
            raise ValueError("mongodb://…, mongodb+srv://… or memory:// is expected")
        return value

    @field_validator("PUBLIC_BASE_URL")
    @classmethod
    def _is_base(cls, value: str) -> str:
        # /v/<token> is appended, which would end up in a query or fragment
        if value and (not is_button_address(value) or re.search(r"[?#\\@\"<>]", value)):
            raise ValueError(
                f"{_ADDRESS} is expected, without a user name, ? and #, and with a dot in its host's name: "
                "Telegram takes no button for localhost, for others without one, or for IPv6"
            )
        return value.rstrip("/")

    @field_validator("WEBHOOK_SECRET")
    @classmethod
    def _is_webhook_secret(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"([A-Za-z0-9_-]{16,256})?", value.get_secret_value()):
            raise ValueError("16 to 256 letters, digits, _ and - are expected, or nothing")
        return value

    @field_validator("ALERT_WEBHOOK_URL")
    @classmethod
    def _is_receiver(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and not is_web_address(url):
            raise ValueError(f"{_ADDRESS} is expected, without a user name, a fragment and spaces")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "Settings":
        if self.USER_BOT_TOKEN.get_secret_value() == self.ADMIN_BOT_TOKEN.get_secret_value():
            raise ValueError("ADMIN_BOT_TOKEN: the two bots need two different tokens")
        if self.is_memory_store and self.is_real_telegram and not self.ALLOW_MEMORY_STORE:
            raise ValueError("MONGO_URI: memory:// forgets everything at a stop; set ALLOW_MEMORY_STORE=true to insist")
        if self.UPDATES == "webhook" and (problem := self._webhook_problem()):
            raise ValueError(problem)
        if self.SANDBOX_CLOCK_URL and self.is_real_telegram:
            raise ValueError("SANDBOX_CLOCK_URL: only together with a sandbox in TELEGRAM_API_URL")
        if problem := self._ops_problem():
            raise ValueError(problem)
        return self

    def _ops_problem(self) -> str | None:
        """Return why /readyz and /metrics could not be served as it is set; None when they can."""
        if self.OPS_PORT and self.OPS_PORT == self.WEB_PORT:
            return "OPS_PORT: another port than WEB_PORT is expected: what is for machines is apart from the pages"
        token = self.OPS_TOKEN.get_secret_value()
        if token and token in (self.JWT_SECRET.get_secret_value(), self.WEBHOOK_SECRET.get_secret_value()):
            return "OPS_TOKEN: a secret of its own is expected: your monitoring knows this one"
        return None

    def _webhook_problem(self) -> str | None:
        """Return why Telegram could not post updates to PUBLIC_BASE_URL; None when it could."""
        if not self.PUBLIC_BASE_URL:
            return "PUBLIC_BASE_URL: UPDATES=webhook needs the address Telegram posts to, like https://gate.example"
        base = urlsplit(self.PUBLIC_BASE_URL)
        if not self.is_real_telegram:
            return None
        if base.scheme != "https":
            return "PUBLIC_BASE_URL: UPDATES=webhook needs an address that starts with https://"
        if base.port not in WEBHOOK_PORTS:
            return "PUBLIC_BASE_URL: UPDATES=webhook needs port 443, 80, 88 or 8443: Telegram posts to no other"
        return None

    @model_validator(mode="after")
    def _times_agree(self) -> "Settings":
        timed_twice = {
            registry.TOKEN_CLEANUP.name: ("TOKEN_CLEANUP_HOUR", "CLEANUP_VERIFICATION_INTERVAL"),
            registry.SESSION_CLEANUP.name: ("CLEANUP_SESSION_INTERVAL",),
        }
        problems = [
            f"JOBS: {job} has its times from {setting} as well; set one of the two"
            for job, settings in timed_twice.items()
            for setting in settings
            if job in self.JOBS and setting in self.model_fields_set
        ]
        if not self.CLEANUP_ENABLED:
            cleanups = (row.name for row in registry.JOBS if row.is_cleanup)
            problems += [
                f"JOBS: {job} is given times, but CLEANUP_ENABLED=false switches it off"
                for job in cleanups
                if self.JOBS.get(job) is not None
            ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def job_times(self) -> JobTimes:
        """What these settings say of the times of jobs."""
        return JobTimes(
            cleanup_hours=self.TOKEN_CLEANUP_HOUR,
            token_interval=self.CLEANUP_VERIFICATION_INTERVAL,
            session_interval=self.CLEANUP_SESSION_INTERVAL,
            is_cleanup_enabled=self.CLEANUP_ENABLED,
            lines={job: line for job, line in self.JOBS.items() if line is not None},
            off=frozenset(job for job, line in self.JOBS.items() if line is None),
        )

    @property
    def public_host(self) -> str:
        """The host of PUBLIC_BASE_URL, without its port; "" when there is none."""
        return host_named(urlsplit(self.PUBLIC_BASE_URL).netloc) or ""

    @property
    def web_hosts(self) -> frozenset[str]:
        """The names under which the web app answers, besides those of this machine."""
        bound = host_named(f"[{self.WEB_HOST}]" if ":" in self.WEB_HOST else self.WEB_HOST)
        # one that means every address of the machine is the name of none
        named = {self.public_host, *self.ALLOWED_HOSTS, "" if bound in ("0.0.0.0", "::") else bound or ""}  # noqa: S104
        return frozenset(named) - {""}

    @property
    def is_for_this_machine(self) -> bool:
        """Whether the web app has no public address: nobody publishes its port by a proxy."""
        return not self.PUBLIC_BASE_URL or is_this_machine(self.public_host)

    @property
    def is_memory_store(self) -> bool:
        return self.MONGO_URI.get_secret_value().startswith(MEMORY_STORE)

    @property
    def is_real_telegram(self) -> bool:
        return self.TELEGRAM_API_URL.rstrip("/") == OFFICIAL_API

    @property
    def telegram_links(self) -> str:
        """The beginning of links to bots, without a final slash: Telegram's address, or the sandbox's."""
        if not self.SANDBOX_CLOCK_URL:
            return TELEGRAM_LINKS
        sandbox = urlsplit(self.SANDBOX_CLOCK_URL)
        return f"{sandbox.scheme}://{sandbox.netloc}/t.me"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.TIMEZONE)


def _expected(name: str) -> str | None:
    field = Settings.model_fields.get(name)
    return field.description if field else None


def problems_in(error: ValidationError) -> list[str]:
    """Return one line per problem that names the variable and the expected value, never the given one."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "missing":
            text = "is missing"
        elif problem["type"] == "string_pattern_mismatch":
            text = f"{_expected(name) or 'an address starting with https://'} is expected"
        lines += [f"{name}: {line}" if name else line for line in text.splitlines()]
    return lines


def load_settings() -> Settings:
    """Read the settings from the environment and `.env`.

    Prints one line per problem to stderr and raises SystemExit(2) when something is missing or wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = problems_in(error)
    except (OSError, UnicodeDecodeError) as error:
        problems = [f"a file named by NAME_FILE, or .env, cannot be read: {error}"]
    for problem in problems:
        print(f"config: {problem}", file=sys.stderr)
    raise SystemExit(2)


def exposures_of(settings: Settings) -> list[str]:
    """Return one line for each thing about these settings and their files that others could read or change."""
    env, dotenv = EnvSettingsSource(Settings), DotEnvSettingsSource(Settings)
    return find_exposures(
        Deployment(
            mongo_uri=settings.MONGO_URI.get_secret_value(),
            api_url=settings.TELEGRAM_API_URL,
            public_url=settings.PUBLIC_BASE_URL,
            alert_url=settings.ALERT_WEBHOOK_URL.get_secret_value(),
            env_file=ENV_FILE,
            data_dir=settings.DATA_DIR,
            mounted=MountedSecrets(Settings, env, dotenv).files(),
            ops_host="" if settings.OPS_PORT is None else settings.OPS_HOST,
            has_ops_token=bool(settings.OPS_TOKEN.get_secret_value()),
        )
    )
