"""Settings: defaults, the order of sources, and every mistake with its path."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from contactd.settings import Settings, SettingsError, load, policy_of, problems


class Server(BaseModel):
    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = 25


class Gateway(BaseModel):
    token: str = ""


class Pigeon(BaseModel):
    server: Server = Server()
    names: list[str] = []
    gateways: dict[str, Gateway] = {}
    password: str = ""


PIGEON = {"pigeon": Pigeon}


def write(folder: Path, text: str) -> Path:
    path = folder / "contactd.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_anything_the_defaults_rule() -> None:
    assert load() == Settings()
    assert Settings().database_url.startswith("sqlite:////")
    assert Settings().database_url.endswith("/data/contactd.sqlite")


def test_file_environment_and_override_rule_in_this_order(tmp_path: Path) -> None:
    path = write(tmp_path, "[http]\nport = 1\nhost = 'a'\n[log]\nlevel = 'error'\n")
    env = {"CONTACTD_HTTP__PORT": "2", "CONTACTD_HTTP__HOST": "b", "OTHER": "x", "CONTACTD_CONFIG": "elsewhere"}
    settings = load(path, env, ["http.port=3"])
    assert (settings.http.port, settings.http.host, settings.log.level) == (3, "b", "error")


def test_a_channel_section_is_checked_by_the_channels_own_options(tmp_path: Path) -> None:
    path = write(tmp_path, "[channels.pigeon.server]\nport = 7\n")
    settings = load(path, {"CONTACTD_CHANNELS__PIGEON__SERVER__HOST": "loft"}, [], PIGEON)
    assert settings.channels == {"pigeon": {"server": {"port": 7, "host": "loft"}}}


@pytest.mark.parametrize("password", ["12345", "true", "1.5", "2026-11-02", "[1]", "a=b", "'", "#1", "x # y", '"q"'])
def test_text_from_outside_stays_text_where_text_is_wanted(password: str) -> None:
    env = {"CONTACTD_CHANNELS__PIGEON__PASSWORD": password}
    given_by_env = load(None, env, [], PIGEON).channels["pigeon"]["password"]
    given_by_flag = load(None, {}, [f"channels.pigeon.password={password}"], PIGEON).channels["pigeon"]["password"]
    expected = {'"q"': "q", "x # y": "x # y"}.get(password, password)
    assert given_by_env == given_by_flag == expected


def test_lists_and_tables_can_be_given_from_outside() -> None:
    overrides = ["channels.pigeon.names=['a', 'b']", "channels.pigeon.gateways.east.token=t"]
    section = load(None, {}, overrides, PIGEON).channels["pigeon"]
    assert section == {"names": ["a", "b"], "gateways": {"east": {"token": "t"}}}


def test_every_mistake_is_named_with_its_path(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        dataa_dir = "x"
        [http]
        port = "high"
        public_url = "ftp://x"
        [log]
        level = "loud"
        [policy]
        source = "thin air"
        [channels.pigeon]
        nmes = []
        [channels.pigeon.server]
        prot = 1
        port = "x"
        [channels.pidgeon]
        """,
    )
    found = {mistake.path: mistake.text for mistake in problems(path, {"CONTACTD_LIMITS__WORKERS": "0"}, [], PIGEON)}
    assert set(found) == {
        "dataa_dir",
        "http.port",
        "http.public_url",
        "log.level",
        "policy.source",
        "channels.pigeon.nmes",
        "channels.pigeon.server.prot",
        "channels.pigeon.server.port",
        "channels.pidgeon",
        "limits.workers",
    }
    assert found["dataa_dir"] == "unknown key; did you mean data_dir?"
    assert found["channels.pigeon.server.prot"] == "unknown key; did you mean port?"
    assert found["channels.pidgeon"] == "unknown channel; did you mean pigeon?"
    with pytest.raises(SettingsError) as raised:
        load(path, {}, [], PIGEON)
    assert "http.port" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("http = 1", "http"),
        ("policy = 1", "policy"),
        ("channels = 1", "channels"),
        ("[channels]\npigeon = 1", "channels.pigeon"),
        ("policy_source = 'file'", "policy_source"),
        ("[http]\nport = 65536", "http.port"),
        ("[[http]]", "http"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(tmp_path: Path, text: str, path: str) -> None:
    assert [mistake.path for mistake in problems(write(tmp_path, text), {}, [], PIGEON)] == [path]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a = ", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "contactd.toml"
    path.write_bytes(data)
    assert [mistake.path for mistake in problems(path)] == [str(path)]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert [mistake.path for mistake in problems(tmp_path / "nowhere.toml")] == [str(tmp_path / "nowhere.toml")]


@pytest.mark.parametrize("override", ["http.port", "=3", ""])
def test_an_override_without_key_or_value_is_named(override: str) -> None:
    assert [mistake.path for mistake in problems(None, {}, [override])] == [override]


@pytest.mark.parametrize("name", ["CONTACTD_", "CONTACTD___PORT", "CONTACTD_HTTP__"])
def test_a_variable_without_a_key_is_named(name: str) -> None:
    assert [mistake.path for mistake in problems(None, {name: "1"})] == [f"environment variable {name}"]


def test_an_override_below_a_value_is_named() -> None:
    assert [mistake.path for mistake in problems(None, {}, ["node=a", "node.b=c"])] == ["node.b"]


def test_a_date_in_the_policy_is_text(tmp_path: Path) -> None:
    path = write(tmp_path, "[policy.calendars.office]\ndays = [{ date = 2026-12-24 }]\n")
    assert load(path).policy == {"calendars": {"office": {"days": [{"date": "2026-12-24"}]}}}
    assert policy_of(path) == load(path).policy


def test_policy_comes_as_it_is_without_its_source(tmp_path: Path) -> None:
    settings = load(write(tmp_path, "[policy]\nsource = 'file'\n[policy.lines.a]\nx = 1\n"))
    assert settings.policy_source == "file"
    assert settings.policy == {"lines": {"a": {"x": 1}}}


def test_secrets_are_found_wherever_they_stand() -> None:
    overrides = [
        "channels.pigeon.password=hunter22",
        "channels.pigeon.gateways.east.token=tok-1",
        "database.url=postgresql+psycopg://desk:db-pass@db/desk",
    ]
    assert load(None, {}, overrides, PIGEON).secrets() == {"hunter22", "tok-1", "db-pass"}


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().http.port = 1


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_from_outside_is_settings_or_a_mistake(key: str, value: str) -> None:
    env = {f"CONTACTD_{key}": value}
    found = problems(None, env, [f"{key}={value}"], PIGEON)
    if not found:
        assert isinstance(load(None, env, [f"{key}={value}"], PIGEON), Settings)
    assert all(mistake.path for mistake in found)


ERP = "[connectors.erp]\nkind = 'rest'\nurl = 'https://erp.example/api'\ntoken = 'Bearer tee'\n"


def test_connectors_are_read_with_their_secrets(tmp_path: Path) -> None:
    text = ERP + "[connectors.erp.write]\nurl = 'https://erp.example/in'\nsecret = 'ess'\n"
    text += "[connectors.sales]\nkind = 'sql'\ntable = 'public.orders'\nkey_field = 'id'\n"
    env = {"CONTACTD_CONNECTORS__SALES__URL": "postgresql+psycopg://reader:pass1@erp/sales"}
    settings = load(write(tmp_path, text), env)
    assert settings.connectors["erp"].every_minutes == 60
    assert settings.secrets() >= {"Bearer tee", "ess", "pass1"}


@pytest.mark.parametrize(
    ("text", "path", "said"),
    [
        ("[connectors.a]\nkind = 'folder'\n", "connectors.a", "path"),
        ("[connectors.a]\nkind = 'rest'\nurl = 'file:///etc/passwd'\n", "connectors.a", "url"),
        ("[connectors.a]\nkind = 'rest'\nurl = 'https://me:secret@erp.example/'\n", "connectors.a", "url"),
        ("[connectors.a]\nkind = 'sql'\nurl = 'sqlite:///x'\n", "connectors.a", "table, key_field"),
        ("[connectors.a]\nkind = 'sql'\ntable = 'a; drop table b'\n", "connectors.a.table", "match"),
        ("[connectors.a]\nkind = 'ftp'\n", "connectors.a.kind", "rest"),
        ("[connectors.'A b']\nkind = 'push'\n", "connectors.A b.[key]", "match"),
        (ERP + "since_field = 'changed'\n", "connectors.erp", "since_parameter"),
        (ERP + "evry_minutes = 5\n", "connectors.erp.evry_minutes", "unknown key"),
        (ERP + "[connectors.erp.write]\nurl = 'ldap://x'\n", "connectors.erp.write.url", "match"),
    ],
)
def test_a_connector_that_could_never_run_is_a_mistake(tmp_path: Path, text: str, path: str, said: str) -> None:
    found = {one.path: one.text for one in problems(write(tmp_path, text))}
    assert list(found) == [path]
    assert said in found[path]
    assert "secret" not in found[path]
