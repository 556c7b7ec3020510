"""Fills a directory with many users by SQL: copies of one that Rollcall itself has written, whatever columns it has.

No server runs meanwhile.
"""

import re
import sqlite3
import time
import uuid
from pathlib import Path

from servers import Postgres

# What the template is called in each of its names, and the columns that hold them.
TEMPLATE = "template"
NAMED = ("unique_name", "external_id", "label", "document", "search")
NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {}) "
SKIPPING = "SELECT id FROM resources WHERE directory_id = {} AND type = 'User' ORDER BY id LIMIT 1 OFFSET {}"


class SQLite:
    """A file to fill."""

    name = "SQLite"

    def __init__(self, file: Path) -> None:
        self.file = file
        self.url = f"sqlite://{file}"
        self.pids: list[int] = []

    def run(self, *statements: str) -> None:
        """Runs statements in one transaction."""
        with self.connection() as connection:
            for statement in ("BEGIN", *statements, "COMMIT"):
                connection.execute(statement)

    def connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, isolation_level=None)
        connection.create_function("id_of", 1, lambda n: identifier(n).bytes)
        return connection

    def columns(self, table: str) -> list[str]:
        return [row[1] for row in self.connection().execute(f"PRAGMA table_info({table})")]

    def literal(self, text: str) -> str:
        return f"x'{uuid.UUID(text).hex}'"

    def renamed(self, column: str) -> str:
        return f"replace({column}, '{TEMPLATE}', 'user-' || n)"

    def settle(self) -> None:
        """Does what a database does by itself within a minute or two: here, nothing."""

    def skipping_ms(self, count: int) -> float:
        """How long the database alone takes to skip so many users along its narrow index."""
        connection = self.connection()
        (directory,) = connection.execute("SELECT directory_id FROM totals WHERE type = 'User'").fetchone()
        begin = time.perf_counter()
        connection.execute(SKIPPING.format("?", "?"), (directory, count)).fetchone()
        return (time.perf_counter() - begin) * 1e3


class PostgreSQL:
    """A database to fill."""

    name = "PostgreSQL"

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.url = server.url("rollcall")
        self.pids = [server.pid]
        server.sql("postgres", "CREATE DATABASE rollcall;")

    def run(self, *statements: str) -> None:
        """Runs statements in one transaction."""
        id_of = "CREATE FUNCTION pg_temp.id_of(bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT {} $$".format(
            f"CAST('{str(identifier(0))[:24]}' || lpad(to_hex($1), 12, '0') AS uuid)"
        )
        self.server.sql(
            "rollcall", ";\n".join(("BEGIN", id_of, *statements, "COMMIT;")).replace("id_of(n)", "pg_temp.id_of(n)")
        )

    def columns(self, table: str) -> list[str]:
        return self.server.ask(
            "rollcall",
            f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'",
        ).split()

    def literal(self, text: str) -> str:
        return f"'{text}'"

    def renamed(self, column: str) -> str:
        replaced = f"replace({column}::text, '{TEMPLATE}', 'user-' || n)"
        return f"{replaced}::jsonb" if column == "search" else replaced

    def settle(self) -> None:
        """Does what a database does by itself within a minute or two."""
        self.server.sql("rollcall", "VACUUM ANALYZE;")

    def size(self) -> int:
        """How many blocks the table with the documents has."""
        return int(self.server.ask("rollcall", "SELECT pg_relation_size('resources') / 8192"))

    def blocks(self) -> int:
        """How many blocks of the table with the documents have been read so far."""
        statement = "SELECT heap_blks_read + heap_blks_hit FROM pg_statio_user_tables WHERE relname = 'resources'"
        return int(self.server.ask("rollcall", statement))

    def skipping_ms(self, count: int) -> float:
        """How long the database alone takes to skip so many users along its narrow index."""
        directory = "(SELECT directory_id FROM totals WHERE type = 'User' LIMIT 1)"
        statement = f"EXPLAIN (ANALYZE, TIMING OFF) {SKIPPING.format(directory, count)}"
        return float(re.search(r"Execution Time: ([\d.]+)", self.server.ask("rollcall", statement))[1])


def identifier(number: int) -> uuid.UUID:
    """A UUIDv7 of a time before that of the template."""
    return uuid.UUID(int=(0x0190 << 112) + (7 << 76) + (1 << 63) + number)


def fill(database: SQLite | PostgreSQL, template: str, group: str, count: int) -> list[str]:
    """Makes so many users of the template, all members of the group but the template itself. Returns their ids."""
    one, numbers = database.literal(template), NUMBERS.format(count - 1)
    terms = {"id": "id_of(n)"} | {column: database.renamed(column) for column in NAMED}
    # Each at a time of its own, as they come in life.
    terms |= {time: f"{time} - n" for time in ("created", "modified")}
    columns = database.columns("resources")
    database.run(
        f"{numbers} INSERT INTO resources ({', '.join(columns)}) "
        f"SELECT {', '.join(terms.get(column, column) for column in columns)} "
        f"FROM resources CROSS JOIN numbers WHERE type = 'User' AND id = {one}",
        f"{numbers} INSERT INTO emails (directory_id, value, user_id) "
        f"SELECT directory_id, {database.renamed('value')}, id_of(n) FROM emails CROSS JOIN numbers "
        f"WHERE user_id = {one}",
        f"UPDATE totals SET total = total + {count - 1} WHERE type = 'User'",
        "INSERT INTO members (directory_id, group_id, member_id, member_type) "
        f"SELECT directory_id, {database.literal(group)}, id, type FROM resources WHERE type = 'User' AND id <> {one}",
    )
    database.settle()
    return [str(identifier(n)) for n in range(1, count)]
