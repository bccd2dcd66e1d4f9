"""Places as people write them: URLs in their parts, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from claimbench.errors import StoreError
from claimbench.store.configured import configured_place
from claimbench.store.place import DatabaseUrl, folder_of, page_name, place_of


@pytest.mark.parametrize(
    ("text", "shown", "given"),
    [
        (
            "postgresql://ann@db.example/bench",
            "postgresql://ann@db.example/bench",
            {"user": "ann", "host": "db.example", "dbname": "bench"},
        ),
        (
            "postgres://db.example:6432/bench?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgresql://db.example:6432/bench?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            {
                "host": "db.example",
                "port": "6432",
                "dbname": "bench",
                "sslmode": "verify-full",
                "sslrootcert": "/etc/ca.pem",
            },
        ),
        (
            "postgresql://a,b:5433/bench?target_session_attrs=read-write",
            "postgresql://a,b:5433/bench?target_session_attrs=read-write",
            {
                "host": "a,b",
                "port": "5432,5433",
                "dbname": "bench",
                "target_session_attrs": "read-write",
            },
        ),
        (
            "postgresql:///bench?host=/var/run/postgresql",
            "postgresql:///bench?host=/var/run/postgresql",
            {"host": "/var/run/postgresql", "dbname": "bench"},
        ),
        (
            "postgresql://ann%40corp@[::1]:5432/my%20runs",
            "postgresql://ann%40corp@[::1]:5432/my%20runs",
            {"user": "ann@corp", "host": "::1", "port": "5432", "dbname": "my runs"},
        ),
    ],
)
def test_a_url_is_read_in_its_parts_and_shown_as_it_was(
    text: str, shown: str, given: dict[str, str]
) -> None:
    place = place_of(text)
    assert isinstance(place, DatabaseUrl)
    assert str(place) == shown
    assert place.arguments == given
    assert place_of(str(place)) == place


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mysql://h/db", "no such kind"),
        ("sqlite:///x.db", "no such kind"),
        ("postgresql:/h/db", "begins with postgresql://"),
        ("postgresql//u:secret@h/db", "begins with postgresql://"),
        ("Postgres:u:secret@h/db", "begins with postgresql://"),
        ("postgresql://h", "names no database"),
        ("postgresql://h/", "names no database"),
        ("postgresql://h:99999/db", "no host and port"),
        ("postgresql://h:x/db", "no host and port"),
        ("postgresql://h/db?application_name=x", "'application_name'"),
        ("postgresql://h/db?options=-c%20x", "'options'"),
        ("postgresql://h/db/more", "after the database"),
        ("postgresql://h/db#x", "after the database"),
        ("postgresql://h/d%00b", "cannot be printed"),
        ("postgresql://u:@h/db", "holds a password"),
        ("postgresql://h/db?user=u:secret", "holds a password"),
        ("postgresql://h/db?user=u%3Asecret", "holds a password"),
        ("postgresql://h/db?host=u:secret@h", "holds a password"),
    ],
)
def test_what_is_no_place_is_refused(text: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as refused:
        place_of(text)
    assert "secret@" not in str(refused.value)
    assert ":secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("postgresql:///db", True),
        ("postgresql://localhost/db", True),
        ("postgresql://127.0.0.7/db", True),
        ("postgresql://[::1]/db", True),
        ("postgresql:///db?host=/tmp", True),
        ("postgresql://10.0.0.1/db", False),
        ("postgresql://localhost,db.example/db", False),
        ("postgresql://db.example/db?host=127.0.0.1", True),
    ],
)
def test_whether_the_server_is_this_machine(text: str, local: bool) -> None:
    place = place_of(text)
    assert isinstance(place, DatabaseUrl)
    assert place.is_local is local


def test_folders_stay_folders_and_databases_have_pages_of_their_own() -> None:
    assert place_of("results") == Path("results")
    assert folder_of(Path("old/bench.db")) == Path("old")
    one, two = place_of("postgresql://h/a"), place_of("postgresql://h/b")
    assert folder_of(one) == Path("results")
    assert isinstance(one, DatabaseUrl)
    assert isinstance(two, DatabaseUrl)
    assert page_name(one) != page_name(two)


def test_option_environment_project_user_and_default_in_this_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert configured_place(environment) == Path("results")
    user = tmp_path / "config" / "claimbench" / "config.toml"
    user.parent.mkdir(parents=True)
    user.write_text('results = "/srv/results"\n')
    assert configured_place(environment) == Path("/srv/results")
    Path("claimbench.toml").write_text('results = "postgresql://h/team"\n')
    assert str(configured_place(environment)) == "postgresql://h/team"
    assert configured_place({**environment, "BENCH_RESULTS": "here"}) == Path("here")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("results = 7", "a text is wanted"),
        (f"results = {'9' * 5000}", "is not TOML"),
        (f"results = 0x{'F' * 9000}", "a text is wanted"),
        ("results = 2026-01-01", "a text is wanted"),
        (f"results = 'postgresql:/{'9' * 5000}'", "begins with postgresql://"),
        ("results = '~nobody-of-that-name/x'", "there is no such user here"),
        ("results = ''", "a text is wanted"),
        ("[results]", "a text is wanted"),
        ("resulsts = 'x'", "unknown setting 'resulsts'"),
        ("results = ", "is not TOML"),
        ("results = 'postgresql://a:b@h/db'", "claimbench.toml: .*password"),
    ],
)
def test_a_wrong_file_of_settings_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("claimbench.toml").write_text(text)
    with pytest.raises(StoreError, match=words) as info:
        configured_place({})
    assert "claimbench.toml" in str(info.value)
