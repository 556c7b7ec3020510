"""The databases beneath, looked at directly: to see what the service wrote, and what it did not."""

import sqlite3
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg


@dataclass(frozen=True)
class Database:
    """One database of one installation."""

    url: str

    @property
    def kind(self) -> str:
        return self.url.split(":")[0]

    def rows(self, statement: str, *arguments) -> list[dict]:
        """The rows of a statement with `?` for its arguments."""
        if self.kind == "sqlite":
            connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
            connection.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in connection.execute(statement, arguments)]
            finally:
                connection.close()
        with psycopg.connect(self.url, row_factory=psycopg.rows.dict_row) as connection:
            return connection.execute(statement.replace("?", "%s"), arguments).fetchall()

    def execute(self, statement: str, *arguments) -> None:
        """Changes what is stored: only to let time pass, or to break what nobody can break from outside."""
        if self.kind == "sqlite":
            connection = sqlite3.connect(self.path, timeout=30)
            try:
                with connection:
                    connection.execute(statement, arguments)
            finally:
                connection.close()
        else:
            with psycopg.connect(self.url) as connection:
                connection.execute(statement.replace("?", "%s"), arguments)

    def events(self, condition: str = "TRUE", *arguments) -> list[dict]:
        """The events for which a condition is true, oldest first; without their numbers, which come later."""
        columns = "id, directory_id, kind, subject, version, time, actor, request_id, changes, person"
        tables = ["events"] if self.kind == "sqlite" else ["events", "pending_events"]
        every = " UNION ALL ".join(f"SELECT {columns} FROM {table}" for table in tables)
        return self.rows(f"SELECT * FROM ({every}) AS e WHERE {condition} ORDER BY time, id", *arguments)

    def user_names(self) -> list[str]:
        """The stored, folded userNames of all directories."""
        rows = self.rows("SELECT unique_name FROM resources WHERE type = 'User' ORDER BY unique_name")
        return [row["unique_name"] for row in rows]

    def text(self) -> bytes:
        """Everything that is stored, as bytes to search in."""
        if self.kind == "sqlite":
            return b"".join(file.read_bytes() for file in sorted(self.path.parent.glob(self.path.name + "*")))
        tables = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [self.rows(f'SELECT row_to_json(t)::text AS text FROM "{table["tablename"]}" t') for table in tables]
        return "\n".join(row["text"] for table in rows for row in table).encode()

    def by_port(self, port: int) -> "Database":
        """The same database on PostgreSQL, by another port of this machine: that of a proxy."""
        address = urlsplit(self.url)
        user = f"{address.username}{f':{address.password}' if address.password else ''}"
        return Database(urlunsplit(address._replace(netloc=f"{user}@127.0.0.1:{port}")))

    @property
    def path(self) -> Path:
        return Path(self.url.removeprefix("sqlite://").removeprefix("sqlite:"))


def new_postgres(server_url: str) -> Database:
    """A new, empty database on a PostgreSQL server."""
    name = f"rollcall_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    return Database(urlunsplit(urlsplit(server_url)._replace(path=f"/{name}")))


def drop_postgres(server_url: str, database: Database) -> None:
    name = urlsplit(database.url).path.removeprefix("/")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
