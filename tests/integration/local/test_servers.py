"""The embedded Postgres and the local AWS keep what they promise to keep."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from functions.declaration import FUNCTIONS
from local.aws import LocalAws, Names, Resources, client_for
from local.postgres import Postgres
from tests.waiting import until


def listeners(pid: int | None) -> set[str]:
    return {
        connection.laddr.ip
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }


def test_postgres_keeps_its_data_through_a_stop_and_through_a_kill(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    try:
        server.start()
        with psycopg.connect(server.url("postgres")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        server.stop()

        server.start()
        with psycopg.connect(server.url("postgres")) as connection:
            connection.execute("INSERT INTO kept VALUES (2)")
        server.kill()

        server.start()
        with psycopg.connect(server.url("postgres")) as connection:
            assert connection.execute("SELECT n FROM kept ORDER BY n").fetchall() == [(1,), (2,)]
        assert listeners(server.pid) == {"127.0.0.1"}
    finally:
        server.forget()
    assert not server.data.exists()


def test_a_postgres_that_a_killed_parent_left_is_replaced(tmp_path: Path) -> None:
    left, found = Postgres(tmp_path, durable=False), Postgres(tmp_path, durable=False)
    try:
        left.start()
        found.start()
        with psycopg.connect(found.url("postgres")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        left.stop()
        found.forget()


def test_a_deleted_state_directory_is_a_fresh_start(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "home", durable=False)
    try:
        server.start()
        server.create_database("old")
        server.stop()
        shutil.rmtree(server.home)
        server.start()
        assert not server.has_database("old")
    finally:
        server.forget()


def test_postgres_wants_a_password(postgres: Postgres) -> None:
    url = postgres.url("postgres").replace(postgres.password, "guess")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_a_port_in_use_is_an_error_that_names_the_log(tmp_path: Path, postgres: Postgres) -> None:
    other = Postgres(tmp_path, port=postgres.port, durable=False)
    try:
        with pytest.raises(RuntimeError, match=r"postgres\.log"):
            other.start()
    finally:
        other.forget()


def test_a_link_that_a_function_signs_is_good(aws: LocalAws, resources: Resources) -> None:
    def put(key: str) -> int:
        client = client_for("s3", aws.endpoint, key)
        place = {"Bucket": resources.bucket, "Key": f"of {key}"}
        return httpx.put(client.generate_presigned_url("put_object", place), content=b"x").status_code

    assert [put(function.name) for function in FUNCTIONS] == [200] * len(FUNCTIONS)
    assert put("nobody") == 403


def test_local_aws_keeps_objects_messages_and_records(tmp_path: Path) -> None:
    aws = LocalAws(tmp_path)
    aws.start()
    resources = aws.make_resources(Names())

    def put(text: str) -> None:
        aws.client("s3").put_object(Bucket=resources.bucket, Key=text, Body=b"x")
        aws.client("sqs").send_message(QueueUrl=resources.queue_urls["events"], MessageBody=text)
        aws.client("dynamodb").put_item(TableName=resources.idempotency_table, Item={"id": {"S": text}})

    def counts() -> tuple[int, int, int]:
        objects = aws.client("s3").list_objects_v2(Bucket=resources.bucket)["KeyCount"]
        queue = aws.client("sqs").get_queue_attributes(
            QueueUrl=resources.queue_urls["events"], AttributeNames=["ApproximateNumberOfMessages"]
        )
        records = aws.client("dynamodb").scan(TableName=resources.idempotency_table)["Count"]
        return objects, int(queue["Attributes"]["ApproximateNumberOfMessages"]), records

    try:
        put("before a stop")
        aws.stop()
        aws.start()
        assert counts() == (1, 1, 1)
        assert aws.make_resources(Names()) == resources

        aws.stop()
        (tmp_path / "aws.port").unlink()
        aws.start()
        moved = aws.make_resources(Names())
        assert moved.queue_urls != resources.queue_urls, "it is at another port now"
        resources = moved
        assert counts() == (1, 1, 1)

        put("before a kill")
        state = tmp_path / "aws" / "state"
        saved = [state / "sqs.json", state / "dynamodb.json"]
        until(lambda: all("before a kill" in file.read_text() for file in saved))
        aws.kill()
        aws.start()
        assert counts() == (2, 2, 2)
        assert listeners(aws.pid) == {"127.0.0.1"}
    finally:
        aws.stop()
