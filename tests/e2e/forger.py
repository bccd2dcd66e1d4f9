"""Forges bundles as somebody would who has the file, this program, and no key."""

from __future__ import annotations

import json
import random
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from claimbench.evidence.archive import CENTRAL, END, LOCAL, MANIFEST, zip_bytes
from claimbench.evidence.bundle import (
    LISTED,
    PREDICATE,
    leaves_of,
    member_of,
    tree_of,
)
from claimbench.evidence.statement import open_envelope, sealed, statement
from claimbench.evidence.values import lines, pretty, read_lines

Members = dict[str, bytes]


@dataclass
class Forged:
    """A changed bundle: its bytes, and the members or words of which one must be named."""

    data: bytes
    named: tuple[str, ...]
    what: str = ""


@dataclass
class Forger:
    """Changes a bundle at random; ``care``: what is made to fit afterwards (0 nothing, 1 the hashes
    in the manifest, 2 the Merkle root and counts too).
    """

    members: Members
    rng: random.Random
    care: int = 2
    log: list[str] = field(default_factory=list)

    @property
    def predicate(self) -> dict[str, Any]:
        return dict(open_envelope(self.members[MANIFEST], PREDICATE).statement["predicate"])

    def packed(self, changed: Mapping[str, bytes]) -> bytes:
        """The bundle with changed members, made to fit as far as ``care`` goes."""
        members = dict(changed)
        old = members.pop(MANIFEST, self.members[MANIFEST])
        if self.care == 0:
            return zip_bytes({**members, MANIFEST: old})
        predicate = self.predicate
        if self.care == 2 and predicate["salt_seed"]:
            tables = {
                name: [line["row"] for line in read_lines(members[member_of(name)])]
                for name in LISTED
            }
            seed = bytes.fromhex(predicate["salt_seed"])
            predicate["merkle"] = tree_of(leaves_of(tables, seed))
        envelope = sealed(statement(PREDICATE, predicate, members), None)
        return zip_bytes({**members, MANIFEST: envelope})

    # --- rows -------------------------------------------------------------------------------------

    def rows(self, table: str) -> list[Any]:
        return list(read_lines(self.members[member_of(table)]))

    def with_rows(self, table: str, rows: list[Any], what: str) -> Forged:
        name = member_of(table)
        data = self.packed({**self.members, name: lines(rows)})
        return Forged(data, (name, "rows"), what)

    def table(self, least: int = 1) -> str:
        return self.rng.choice([name for name in LISTED if len(self.rows(name)) >= least])

    def value(self) -> Forged:
        """A value of a row: of a column, or inside its body."""
        table = self.table()
        rows = self.rows(table)
        at = self.rng.randrange(len(rows))
        row = rows[at]["row"]
        column = self.rng.choice(sorted(row))
        if column == "body":
            body = json.loads(row["body"])
            where = self.change(body)
            row["body"] = json.dumps(body, sort_keys=True, separators=(",", ":"))
        elif isinstance(row[column], dict):
            where = "x" if not row[column] else self.change(row[column])
            row[column].setdefault("x", 0.5)
        else:
            where = ""
            row[column] = self.other(row[column])
        return self.with_rows(table, rows, f"value {table}[{at}].{column} {where}")

    def row(self) -> Forged:
        """A row gone, or there twice."""
        table = self.table()
        rows = self.rows(table)
        at = self.rng.randrange(len(rows))
        if self.rng.random() < 0.5:
            del rows[at]
        else:
            rows.insert(at, rows[at])
        return self.with_rows(table, rows, f"row {table}[{at}]")

    def order(self) -> Forged:
        """Two rows exchanged."""
        table = self.rng.choice([t for t in LISTED if len(self.rows(t)) > 1])
        rows = self.rows(table)
        a, b = self.rng.sample(range(len(rows)), 2)
        rows[a], rows[b] = rows[b], rows[a]
        return self.with_rows(table, rows, f"order {table}[{a}, {b}]")

    def price(self) -> Forged:
        """A price in the run's book, with the book's hash, and in the book that is shown."""
        from hashlib import sha256

        rows = self.rows("runs")
        body = json.loads(rows[0]["row"]["body"])
        book = json.loads(body["options"]["price_book"])
        arm = self.rng.choice(sorted(book["arms"]))
        self.change(book["arms"][arm]["price"], numbers=False)
        text = json.dumps(book, sort_keys=True)
        body["options"]["price_book"] = text
        body["price_book_sha256"] = sha256(text.encode()).hexdigest()
        rows[0]["row"]["body"] = json.dumps(body, sort_keys=True, separators=(",", ":"))
        shown = pretty({"sha256": body["price_book_sha256"], "book": book})
        name = member_of("runs")
        data = self.packed({**self.members, name: lines(rows), "prices.json": shown})
        return Forged(data, (name, "rows"), f"price {arm}")

    def shown_price(self) -> Forged:
        """A price in the book that is shown alone."""
        return self.in_json("prices.json")

    def claim(self) -> Forged:
        """The words of a claim, in the run and where they are shown."""
        rows = self.rows("runs")
        body = json.loads(rows[0]["row"]["body"])
        at = self.rng.randrange(len(body["claims"]))
        old = body["claims"][at]["text"]
        new = old.replace("90%", "50%") if "90%" in old else "10% more accurate than good"
        changed = json.dumps(body, sort_keys=True, separators=(",", ":")).replace(old, new)
        rows[0]["row"]["body"] = changed
        name = member_of("runs")
        shown = self.members["claims.json"].replace(old.encode(), new.encode())
        data = self.packed({**self.members, name: lines(rows), "claims.json": shown})
        return Forged(data, (name, "rows"), f"claim {at}")

    def shown_claim(self) -> Forged:
        """The words of a claim where they are shown alone."""
        return self.in_json("claims.json")

    # --- what is shown ----------------------------------------------------------------------------

    def report(self) -> Forged:
        """A number or word of the report's figures."""
        return self.in_json("report.json")

    def verdict(self) -> Forged:
        """A number or word of a verdict."""
        return self.in_json("verdicts.json")

    def suite(self) -> Forged:
        """A word or number of the suite that is shown."""
        return self.in_json("suite.json")

    def data(self) -> Forged:
        """A sample that is shown."""
        name = next(name for name in self.members if name.startswith("data/"))
        rows = list(read_lines(self.members[name]))
        what = self.change(rows)
        return Forged(self.packed({**self.members, name: lines(rows)}), (name,), f"data {what}")

    def page(self) -> Forged:
        """A digit of the page, outside of drawings and packs."""
        text = self.members["report.html"].decode()
        begin = text.index("<main")
        places = [
            i
            for i in range(begin, begin + 40_000)
            if text[i].isdigit()
            and text[i - 1] in " >$"
            and text.rfind("<svg", 0, i) <= text.rfind("</svg>", 0, i)
        ]
        at = self.rng.choice(places)
        new = str((int(text[at]) + 1) % 10)
        forged = (text[:at] + new + text[at + 1 :]).encode()
        data = self.packed({**self.members, "report.html": forged})
        return Forged(data, ("report.html",), f"page at {at}")

    def in_json(self, name: str) -> Forged:
        value = json.loads(self.members[name])
        what = self.change(value)
        text = (
            json.dumps(value, ensure_ascii=False, indent=1) + "\n"
            if name == "report.json"
            else pretty(value).decode()
        )
        data = self.packed({**self.members, name: text.encode()})
        return Forged(data, (name,), f"{name} {what}")

    def head(self) -> Forged:
        """Something that the manifest says."""
        predicate = self.predicate
        what = self.change(predicate)
        members = {k: v for k, v in self.members.items() if k != MANIFEST}
        envelope = sealed(statement(PREDICATE, predicate, members), None)
        data = zip_bytes({**members, MANIFEST: envelope})
        return Forged(data, (MANIFEST, "rows", "rows/"), f"manifest {what}")

    # --- members ----------------------------------------------------------------------------------

    def renamed(self) -> Forged:
        name = self.rng.choice([n for n in self.members if n != MANIFEST])
        new = self.rng.choice([f"{name}.bak", f"a/{name}", name.upper()])
        members = {new if n == name else n: c for n, c in self.members.items()}
        care, self.care = self.care, min(self.care, 1)
        data = self.packed(members)
        self.care = care
        return Forged(data, (name, new), f"renamed {name} {new}")

    def dropped(self) -> Forged:
        name = self.rng.choice([n for n in self.members if n != MANIFEST])
        care, self.care = self.care, min(self.care, 1)
        data = self.packed({n: c for n, c in self.members.items() if n != name})
        self.care = care
        return Forged(data, (name,), f"dropped {name}")

    def added(self) -> Forged:
        data = self.packed({**self.members, "notes.txt": b"approved\n"})
        return Forged(data, ("notes.txt",), "added")

    # --- values -----------------------------------------------------------------------------------

    def change(self, value: Any, *, numbers: bool = True) -> str:
        """Change one leaf of a JSON value in place; say where."""
        leaves = [
            (holder, key, place)
            for holder, key, place in _leaves(value, "")
            if numbers or not isinstance(holder[key], int) or isinstance(holder[key], bool)
        ]
        holder, key, place = self.rng.choice(leaves)
        holder[key] = self.other(holder[key])
        return place

    def other(self, value: Any) -> Any:
        """Another value of the same kind."""
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return value + self.rng.choice([1, -1, 10])
        if isinstance(value, float):
            return value * 1.01 + 1e-6
        if value is None:
            return "x"
        text = str(value)
        if not text:
            return "x"
        at = self.rng.randrange(len(text))
        return (
            text[:at]
            + self.rng.choice([c for c in "0123456789abcx" if c != text[at]])
            + text[at + 1 :]
        )


def _leaves(value: Any, place: str) -> list[tuple[Any, Any, str]]:
    found = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        if isinstance(inner, dict | list) and inner:
            found += _leaves(inner, f"{place}.{key}")
        elif not isinstance(inner, dict | list):
            found.append((value, key, f"{place}.{key}"))
    return found


# --- tricks of ZIP files --------------------------------------------------------------------------


@dataclass
class Place:
    """Where a member's header and its directory entry begin."""

    name: str
    local: int
    central: int


def places(data: bytes) -> list[Place]:
    _, _, _, _, n, _, start, _ = END.unpack_from(data, len(data) - END.size)
    found, at = [], start
    for _ in range(n):
        fields = CENTRAL.unpack_from(data, at)
        length = fields[10]
        name = data[at + CENTRAL.size : at + CENTRAL.size + length].decode()
        found.append(Place(name, fields[-1], at))
        at += CENTRAL.size + length
    return found


def put(data: bytes, at: int, form: str, value: int) -> bytes:
    new = struct.pack(form, value)
    return data[:at] + new + data[at + len(new) :]


def tricks(data: bytes, rng: random.Random) -> dict[str, bytes]:
    """The same bundle with one trick each."""
    one = rng.choice(places(data))
    raw = one.name.encode()
    local_name, central_name = one.local + LOCAL.size, one.central + CENTRAL.size

    def named(new: bytes, *, both: bool = True) -> bytes:
        new = (new + b"x" * len(raw))[: len(raw)]
        changed = data[:central_name] + new + data[central_name + len(raw) :]
        return changed[:local_name] + new + changed[local_name + len(raw) :] if both else changed

    body = one.local + LOCAL.size + len(raw)
    end = len(data) - END.size
    return {
        "bytes before": b"#!/bin/sh\n" + data,
        "bytes after": data + b"\n",
        "a second archive after": data + data,
        "a comment": put(data, end + 20, "<H", 3) + b"abc",
        "a comment that ends alike": put(data, end + 20, "<H", END.size) + data[end:],
        "cut short": data[: len(data) // 2],
        "cut by one": data[:-1],
        "empty": b"",
        "a name upwards": named(b"../../etc/x"),
        "an absolute name": named(b"/etc/passwd"),
        "a backslash": named(b"a\\..\\b"),
        "a drive": named(b"C:x"),
        "a zero byte": named(b"a\x00b"),
        "another name in the header": named(b"b", both=False),
        "a link": put(data, one.central + 38, "<I", 0o120777 << 16),
        "a folder": put(data, one.central + 38, "<I", 0o040755 << 16 | 0x10),
        "encrypted": put(put(data, one.central + 8, "<H", 1), one.local + 6, "<H", 1),
        "encrypted in the header": put(data, one.local + 6, "<H", 1),
        "sizes later": put(put(data, one.central + 8, "<H", 8), one.local + 6, "<H", 8),
        "another method": put(put(data, one.central + 10, "<H", 12), one.local + 8, "<H", 12),
        "a wrong checksum": put(put(data, one.central + 16, "<I", 1), one.local + 14, "<I", 1),
        "another checksum in the header": put(data, one.local + 14, "<I", 1),
        "another size in the header": put(data, one.local + 22, "<I", 1),
        "zip64 in the directory": put(data, one.central + 24, "<I", 0xFFFFFFFF),
        "zip64 in the end": put(data, end + 16, "<I", 0xFFFFFFFF),
        "zip64 in the count": put(put(data, end + 8, "<H", 0xFFFF), end + 10, "<H", 0xFFFF),
        "a size of gigabytes": put(
            put(data, one.central + 24, "<I", 0xF0000000), one.local + 22, "<I", 0xF0000000
        ),
        "fewer entries": put(put(data, end + 8, "<H", 3), end + 10, "<H", 3),
        "another time": put(put(data, one.central + 14, "<H", 77), one.local + 12, "<H", 77),
        "another place": put(data, one.central + 42, "<I", one.local + 1),
        "an extra field": put(data, one.local + 28, "<H", 4),
        "a byte inside": data[:body] + bytes([data[body] ^ 0xFF]) + data[body + 1 :],
    }


def bomb(size: int = 1 << 30) -> bytes:
    """A member that would unpack to ``size`` zeros, in a file that is otherwise in order."""
    maker = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(1 << 20)
    checksum, packed = 0, b""
    for _ in range(size >> 20):
        packed += maker.compress(piece)
        checksum = zlib.crc32(piece, checksum)
    packed += maker.flush()
    name = b"claims.json"
    shared = (20, 0, 8, 0, 33, checksum, len(packed), size)
    local = LOCAL.pack(b"PK\x03\x04", *shared, len(name), 0) + name + packed
    central = CENTRAL.pack(
        b"PK\x01\x02", 3 << 8 | 20, *shared, len(name), 0, 0, 0, 0, 0o100644 << 16, 0
    )
    directory = central + name
    return local + directory + END.pack(b"PK\x05\x06", 0, 0, 1, 1, len(directory), len(local), 0)


def twice(data: bytes) -> bytes:
    """A bundle in whose directory one member is listed twice."""
    first = places(data)[0]
    entry = data[first.central : first.central + CENTRAL.size + len(first.name)]
    _, _, _, _, n, length, start, _ = END.unpack_from(data, len(data) - END.size)
    end = END.pack(b"PK\x05\x06", 0, 0, n + 1, n + 1, length + len(entry), start, 0)
    return data[: first.central] + entry + data[first.central : -END.size] + end


KINDS: tuple[Callable[[Forger], Forged], ...] = (
    Forger.value,
    Forger.value,
    Forger.row,
    Forger.order,
    Forger.price,
    Forger.shown_price,
    Forger.claim,
    Forger.shown_claim,
    Forger.report,
    Forger.report,
    Forger.verdict,
    Forger.suite,
    Forger.data,
    Forger.page,
    Forger.head,
    Forger.renamed,
    Forger.dropped,
    Forger.added,
)
