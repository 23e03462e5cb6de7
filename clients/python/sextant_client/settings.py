"""What to connect to, and as whom: from arguments, the environment, a file of profiles, or the local system, in this order.

The file is `profiles.ini` in the folder `sextant` of `XDG_CONFIG_HOME` (`~/.config`), or what `SEXTANT_PROFILES` names:

    [default]
    url = https://sextant.example.com

    [nightly]
    url = https://sextant.example.com
    client_id = 4f1c…
    client_secret = …

Tokens of people are kept beside the state of other programs (`XDG_STATE_HOME`, `~/.local/state`), for their owner alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from sextant_client.problems import ConfigurationError

LOCAL_URL = "http://127.0.0.1:8095"
"""Where `make up` serves, unless it is told another port."""

_VARIABLES = {
    "url": "SEXTANT_URL",
    "token": "SEXTANT_TOKEN",
    "client_id": "SEXTANT_CLIENT_ID",
    "client_secret": "SEXTANT_CLIENT_SECRET",
    "issuer": "SEXTANT_ISSUER",
    "scope": "SEXTANT_SCOPE",
    "tenant": "SEXTANT_TENANT",
    "role": "SEXTANT_ROLE",
}


@dataclass(frozen=True)
class Settings:
    """What a client connects to.

    profile        the section of the file that was read
    url            where the deployment is
    token          a bearer token as it is
    client_id      at the identity provider: of a program together with `client_secret`, else of people who sign in
    client_secret  of a program that signs in by itself
    issuer         the identity provider; without it the deployment says which one it uses
    scope          what is asked for at the identity provider
    tenant, role   as whom to sign in at the local system, whose provider believes everybody
    """

    profile: str = "default"
    url: str = ""
    token: str = ""
    client_id: str = ""
    client_secret: str = ""
    issuer: str = ""
    scope: str = ""
    tenant: str = "demo"
    role: str = "analyst"

    @classmethod
    def load(
        cls,
        profile: str | None = None,
        environment: Mapping[str, str] | None = None,
        *,
        may_be_new: bool = False,
    ) -> Settings:
        """The settings of a profile (`SEXTANT_PROFILE`, else `default`), the environment's over those of the file.

        may_be_new: whether a profile that is not there is one without settings, as it is for who makes it

        Raises `ConfigurationError` for a profile that is asked for and is not there, and for a key that does not exist.
        """
        variables = os.environ if environment is None else environment
        name = profile or variables.get("SEXTANT_PROFILE", "")
        sections = read_profiles(variables)
        if name and name not in sections and not may_be_new:
            known = ", ".join(sections) or "none"
            raise ConfigurationError(f"no profile {name!r} in {profiles_file(variables)}; there are: {known}")
        settings = replace(cls(**sections.get(name or "default", {})), profile=name or "default")
        # A profile that is asked for by name goes before the environment, which is there for all of them.
        given = {field: variables[key] for field, key in _VARIABLES.items() if variables.get(key)}
        if profile:
            given = {
                field: value for field, value in given.items() if not sections.get(profile, {}).get(field)
            }
        settings = replace(settings, **given)
        if not settings.url:
            settings = replace(settings, url=local_url(variables))
        return settings


def profiles_file(environment: Mapping[str, str] | None = None) -> Path:
    """Where profiles are kept."""
    variables = os.environ if environment is None else environment
    if variables.get("SEXTANT_PROFILES"):
        return Path(variables["SEXTANT_PROFILES"])
    return _folder(variables, "XDG_CONFIG_HOME", ".config") / "profiles.ini"


def tokens_file(profile: str, environment: Mapping[str, str] | None = None) -> Path:
    """Where the tokens of whoever signed in are kept."""
    variables = os.environ if environment is None else environment
    return _folder(variables, "XDG_STATE_HOME", ".local/state") / f"{profile}.json"


def read_profiles(environment: Mapping[str, str] | None = None) -> dict[str, dict[str, str]]:
    """The profiles of the file by name. Raises `ConfigurationError` for a file that cannot be read so."""
    import configparser

    path = profiles_file(environment)
    parser = configparser.ConfigParser(interpolation=None, default_section="\0")
    try:
        parser.read(path, encoding="utf-8")
    except configparser.Error as error:
        raise ConfigurationError(f"{path}: {error}") from error
    keys = {field.name for field in fields(Settings)} - {"profile"}
    for name in parser.sections():
        for key in parser[name]:
            if key not in keys:
                raise ConfigurationError(
                    f"{path}: [{name}] has no setting {key!r}; there are: {', '.join(sorted(keys))}"
                )
    return {name: dict(parser[name]) for name in parser.sections()}


def write_profile(name: str, values: Mapping[str, str], environment: Mapping[str, str] | None = None) -> Path:
    """Add a profile to the file, or change it; the file is for its owner only, as it may hold a secret."""
    import configparser

    path = profiles_file(environment)
    parser = configparser.ConfigParser(interpolation=None, default_section="\0")
    parser.read(path, encoding="utf-8")
    parser[name] = {key: value for key, value in values.items() if value}
    path.parent.mkdir(parents=True, exist_ok=True)
    half_written = path.with_suffix(".new")
    half_written.touch(mode=0o600)
    with half_written.open("w", encoding="utf-8") as file:
        parser.write(file)
    half_written.replace(path)
    return path


def local_url(environment: Mapping[str, str] | None = None) -> str:
    """Where the local system serves: as the state of `make up` says, looked for from this folder upwards, else its usual place."""
    variables = os.environ if environment is None else environment
    here = Path.cwd()
    homes = [Path(variables["SEXTANT_HOME"])] if variables.get("SEXTANT_HOME") else []
    homes += [folder / ".local" for folder in (here, *here.parents)]
    return next(filter(None, map(_served_from, homes)), LOCAL_URL)


def _served_from(home: Path) -> str:
    """Where the system with its state in `home` serves; empty where none does."""
    try:
        return str(json.loads((home / "system.json").read_text())["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _folder(variables: Mapping[str, str], variable: str, usual: str) -> Path:
    return Path(variables.get(variable) or Path.home() / usual) / "sextant"
