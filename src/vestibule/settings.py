"""The settings of one running Vestibule, and the presets.

One frozen object is built at start from options, the configuration of the
application around, the environment, a ``.env`` file, a preset and the
defaults, in this order of precedence: what stands nearer to this one
application wins over what every process of a machine is told. Nothing else
reads the environment.
"""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from vestibule.ground.base_url import is_base_url
from vestibule.ground.keys import Keys, is_weak
from vestibule.ground.knobs import (
    PREFIX,
    Knob,
    SettingsError,
    files_named,
    fill,
    gather,
    knobs_of,
    read_text,
    texts_of,
)
from vestibule.ground.redaction import spellings
from vestibule.ground.saved_key import saved_key
from vestibule.sections import (
    SECTIONS,
    BrandSettings,
    EmailSettings,
    LoginSettings,
    MailSettings,
    PageSettings,
    PasswordSettings,
    SessionSettings,
    SiteSettings,
    ThrottleSettings,
    WatchSettings,
    all_knobs,
)
from vestibule.sections.presets import PRESETS


@dataclasses.dataclass(frozen=True)
class Settings:
    """All settings of one running Vestibule; see each section."""

    site: SiteSettings = SiteSettings()
    brand: BrandSettings = BrandSettings()
    pages: PageSettings = PageSettings()
    passwords: PasswordSettings = PasswordSettings()
    sessions: SessionSettings = SessionSettings()
    email: EmailSettings = EmailSettings()
    login: LoginSettings = LoginSettings()
    throttle: ThrottleSettings = ThrottleSettings()
    mail: MailSettings = MailSettings()
    watch: WatchSettings = WatchSettings()
    origins: Mapping[str, str] = dataclasses.field(default_factory=dict)
    # The files that secrets were read from, by key, and that of ``.env``.
    files: Mapping[str, Path] = dataclasses.field(default_factory=dict)

    @classmethod
    def load(
        cls,
        environment: Mapping[str, str] | None = None,
        env_file: Path | None = None,
        config: Mapping[str, object] | None = None,
        **options: Any,
    ) -> "Settings":
        """Gather the settings from all sources.

        Args:
            environment: variables; the process's own when left out.
            env_file: a file in ``.env`` form; none when left out.
            config: the configuration of a host, such as ``app.config``;
                only its ``VESTIBULE_…`` keys are looked at.
            options: keys in lower case, as a command line gives them; None
                means not given.

        Raises:
            SettingsError: for an unknown key or a value that does not fit.
        """
        known = all_knobs()
        if environment is None:
            environment = os.environ
        from_file: Mapping[str, str] = {}
        if env_file is not None and env_file.is_file():
            from_file = {
                key: value
                for key, value in dotenv_values(env_file).items()
                if value is not None
            }
        given = {
            PREFIX + key.upper(): str(value)
            for key, value in options.items()
            if value is not None
        }
        layers = [
            (".env", gather(from_file, known)),
            ("environment", gather(environment, known)),
            ("app.config", gather(texts_of(config or {}), known)),
            ("option", gather(given, known)),
        ]
        files = files_named(known, from_file, environment)
        if from_file and env_file is not None:
            files[".env"] = env_file.absolute()
        return dataclasses.replace(cls._settle(layers), files=files)

    @classmethod
    def of_this_process(
        cls, config: Mapping[str, object] | None = None, **options: Any
    ) -> "Settings":
        """Load the settings as every command does, with ``.env`` here."""
        loaded = cls.load(env_file=Path(".env"), config=config, **options)
        return loaded.with_saved_secret()

    @classmethod
    def _settle(cls, layers: list[tuple[str, dict[str, str]]]) -> "Settings":
        """Lay the sources over each other, the preset at the bottom."""
        chosen: dict[str, str] = {}
        for _, texts in layers:
            chosen |= texts
        preset = fill(
            SiteSettings,
            {key: text for key, text in chosen.items() if key == "PRESET"},
        ).preset
        layers.insert(0, (f"preset {preset}", PRESETS[preset]))
        settled: dict[str, str] = {}
        origins: dict[str, str] = {}
        for origin, found in layers:
            settled |= found
            origins |= dict.fromkeys(found, origin)
        sections: dict[str, Any] = {
            name: fill(section, settled) for name, section in SECTIONS.items()
        }
        settings = cls(**sections, origins=origins)
        settings._check()
        return settings

    def _check(self) -> None:
        """Refuse values that do not go together."""
        if self.site.base_url and not is_base_url(self.site.base_url):
            raise SettingsError(
                "VESTIBULE_BASE_URL: write it like https://id.example.com"
            )
        secrets = {
            "SECRET_KEY": self.site.secret_key,
            "METRICS_TOKEN": self.watch.metrics_token,
        }
        for name, secret in secrets.items():
            if secret and is_weak(secret):
                raise SettingsError(
                    f"VESTIBULE_{name} is too weak. Make one with "
                    "`vestibule secret new`, and write it to .env"
                )
        if self.sessions.domain:
            self._check_domain(self.sessions.domain)
        after = self.pages.after_login
        if after and (
            not after.startswith("/") or after.startswith(("//", "/\\"))
        ):
            raise SettingsError("VESTIBULE_AFTER_LOGIN: a path like /profile")

    def _check_domain(self, domain: str) -> None:
        """Refuse a domain that no browser would share a session with."""
        name = "VESTIBULE_SESSION_DOMAIN"
        is_local = domain == "localhost" and self.site.development
        # A number at the end makes an address (WHATWG URL, section 3.5).
        is_name = "." in domain and not domain[-1].isdigit()
        if not is_name and not is_local:
            raise SettingsError(
                f"{name}: a domain of your own like example.com, "
                f"not {domain!r}"
            )
        host = urlsplit(self.base_url).hostname or ""
        if not f".{host}".endswith(f".{domain}"):
            raise SettingsError(
                f"{name}: the site itself is at {host}, which is neither "
                f"{domain} nor below it. See VESTIBULE_BASE_URL."
            )

    def values(self) -> list[tuple[Knob, Any]]:
        """List every knob with its value, as text or number."""
        listed: list[tuple[Knob, Any]] = []
        for name, section in SECTIONS.items():
            for field, what in knobs_of(section).items():
                value = getattr(getattr(self, name), field)
                if isinstance(value, tuple):
                    value = ",".join(map(str, value))
                listed.append((what, value))
        return listed

    @property
    def secrets(self) -> tuple[str, ...]:
        """All texts that must never be shown, the longest first."""
        return spellings(
            str(value) for what, value in self.values() if what.secret
        )

    @property
    def keys(self) -> Keys:
        """The key that signs, and those that still verify.

        Opened by Python alone, the settings have not read the key yet.
        Attack: what is signed by no key, as everybody can do it.
        """
        site = self.with_saved_secret().site
        return Keys(site.secret_key, site.old_secret_keys)

    @property
    def data_folder(self) -> Path:
        """The data folder as an absolute path."""
        return Path(self.site.data).absolute()

    @property
    def database_url(self) -> str:
        """The database to use, the embedded file where none is named."""
        if self.site.database_url:
            return self.site.database_url
        return f"sqlite:///{self.data_folder / 'vestibule.db'}"

    @property
    def database_shown(self) -> str:
        """The database to use as people may see it, without a password."""
        # Imported late, because most commands need no database.
        from sqlalchemy import make_url

        return make_url(self.database_url).render_as_string()

    @property
    def base_url(self) -> str:
        """The public address, without a slash at its end."""
        fallback = f"http://localhost:{self.site.port}"
        return (self.site.base_url or fallback).rstrip("/")

    @property
    def site_root(self) -> str:
        """The start of every link to a page, without a slash at its end.

        The public address may name the prefix already.
        """
        prefix = self.site.url_prefix
        named = urlsplit(self.base_url).path.endswith(prefix)
        return self.base_url if named else self.base_url + prefix

    @property
    def is_https(self) -> bool:
        """Whether people reach the site by https."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def sends_mail(self) -> bool:
        """Whether letters leave, by a server or into the local inbox."""
        return bool(self.mail.server) or self.site.development

    @property
    def signature(self) -> str:
        """How mails are signed: the site's name, or its host by default."""
        if "SITE_NAME" in self.origins:
            return self.site.name
        return urlsplit(self.base_url).hostname or "localhost"

    def with_saved_secret(self) -> "Settings":
        """Fill in the secret key that the data folder keeps."""
        if self.site.secret_key:
            return self
        key = saved_key(self.data_folder)
        return self.having("data folder", SECRET_KEY=key)

    def having(self, origin: str, **texts: str) -> "Settings":
        """Give the same settings with some of them set anew.

        Args:
            origin: where these come from.
            texts: what is set, by key.

        Raises:
            SettingsError: a value does not fit.
        """
        sections: dict[str, Any] = {}
        for name, section in SECTIONS.items():
            values = {
                field: read_text(what, texts[what.key])
                for field, what in knobs_of(section).items()
                if what.key in texts
            }
            sections[name] = dataclasses.replace(getattr(self, name), **values)
        origins = {**self.origins, **dict.fromkeys(texts, origin)}
        anew = dataclasses.replace(self, **sections, origins=origins)
        anew._check()
        return anew
