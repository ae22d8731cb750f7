"""Given a remote file, it is read once into a private copy, whole or not at all, and no secret is shown."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import table_files as tables
from command_support import HEADER, Desk, Result, opened
from reading_support import whole

from inflection_cli.cli.usage_errors import kept_command, shown_command
from inflection_cli.errors import InputError
from inflection_cli.reading import ReadOptions, detect, find, forget_copies

DATA = "\n".join((HEADER, opened("u1"), opened("u2", 1), "")).encode()
SECRET = "wJalrXUtnFEMI-secret"
BUCKET = "exports"


class Server:
    """A web server on loopback that answers as it is told."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        answers, asked = self.answers, self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                code, headers, body = answers.get(self.path.partition("?")[0], (404, {}, b""))
                self.send_response(code)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()
    forget_copies()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


def refusal(url: str) -> InputError:
    with pytest.raises(InputError) as refused:
        find([url])
    assert refused.value.exit_code == 4
    return refused.value


def test_a_file_is_read_once_for_both_passes_and_its_query_is_never_shown(server: Server, desk: Desk) -> None:
    server.answers["/a.csv"] = 200, {"Content-MD5": md5(DATA)}, DATA
    url = f"{server.url}/a.csv?X-Signature={SECRET}"
    found = desk.run("backfill", url, "--dry-run", "--out", "o.ndjson", "--log-file", "log", "--json")
    assert found.code == 0
    assert found.json["files"][0]["path"] == f"{server.url}/a.csv"
    assert server.asked == [f"/a.csv?X-Signature={SECRET}"]
    assert len(desk.messages("o.ndjson")) == 2
    assert found.json["problem_counts"].get("remote-unchecked", 0) == 0
    assert SECRET not in found.out + found.err + (desk.folder / "log").read_text()


def test_a_run_keeps_no_secret_of_a_link(server: Server, desk: Desk) -> None:
    server.answers["/a.csv"] = 200, {}, DATA
    url = f"{server.url}/a.csv?sig={SECRET}"
    found = desk.run("backfill", url, "--rehearse", "--yes", "--json", "--events-per-second", "0")
    assert (found.code, found.json["events"]["accepted"]) == (0, 2)
    refused = desk.run("backfill", url, "--endpoint", server.url, "--write-key", "k" * 32)
    assert refused.code == 2
    kept = b"".join(path.read_bytes() for path in desk.folder.rglob("*") if path.is_file())
    assert SECRET not in found.out + found.err + refused.out + refused.err
    assert SECRET.encode() not in kept


def test_a_command_is_shown_without_the_query_of_a_link() -> None:
    argv = ["infl-seg", "validate", f"https://x.example/a.csv?sig={SECRET}", "s3://b/a.csv"]
    for words in (kept_command(argv), shown_command(argv)):
        assert words == "infl-seg validate 'https://x.example/a.csv?…' s3://b/a.csv"


def test_what_is_checked_by_its_length_alone_is_said(server: Server, desk: Desk) -> None:
    server.answers["/a.csv"] = 200, {}, DATA
    report = desk.run("validate", f"{server.url}/a.csv", "--json").json
    assert report["problem_counts"]["remote-unchecked"] == 1
    assert report["rows"]["mapped"] == 2


CLAIMS = {
    "an MD5": ({"Content-MD5": md5(b"other")}, "its MD5 is"),
    "a digest": (
        {"Content-Digest": f"sha-256=:{base64.b64encode(hashlib.sha256(b'x').digest()).decode()}:"},
        "its SHA-256 is",
    ),
    "Google's": ({"x-goog-hash": f"crc32c=AAAAAA==,md5={md5(b'other')}"}, "its MD5 is"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_file_that_is_not_what_the_server_says_is_refused(server: Server, name: str) -> None:
    headers, message = CLAIMS[name]
    server.answers["/a.csv"] = 200, headers, DATA
    error = refusal(f"{server.url}/a.csv")
    assert "did not come whole" in error.message
    assert message in error.message


def test_a_file_that_is_cut_off_is_refused(server: Server) -> None:
    server.answers["/a.csv"] = 200, {"Content-Length": str(len(DATA) + 9), "Connection": "close"}, DATA
    assert "bytes came" in refusal(f"{server.url}/a.csv").message


@pytest.mark.parametrize(("code", "hint"), [(403, "signed link"), (404, "address"), (500, "again")])
def test_an_answer_that_is_no_file_is_told_without_the_query(server: Server, code: int, hint: str) -> None:
    server.answers["/a.csv"] = code, {}, b"<Error/>"
    error = refusal(f"{server.url}/a.csv?sig={SECRET}")
    assert error.message == f"{server.url}/a.csv: the server answers {code}"
    assert hint in error.hint


def test_redirects_lead_to_https_or_stay_on_this_machine(server: Server) -> None:
    server.answers["/a.csv"] = 302, {"Location": "/b.csv"}, b""
    server.answers["/b.csv"] = 200, {}, DATA
    (found,) = find([f"{server.url}/a.csv"])
    assert len(whole(detect(found, ReadOptions())).rows) == 2
    server.answers["/a.csv"] = 302, {"Location": "http://files.example/a.csv?key=1"}, b""
    assert (
        "redirects to http://files.example/a.csv, which is not https"
        in refusal(f"{server.url}/a.csv").message
    )
    server.answers["/a.csv"] = 302, {"Location": "file:///etc/passwd"}, b""
    assert "the server answers 302" in refusal(f"{server.url}/a.csv").message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://files.example/a.csv", "plain http is read from this machine only"),
        ("http://localhost.example/a.csv", "plain http is read from this machine only"),
        (f"https://me:{SECRET}@files.example/a.csv", "holds a user or password"),
        ("ftp://files.example/a.csv", "not read by ftp"),
    ],
)
def test_what_is_not_safe_is_refused_before_anything_is_asked(url: str, message: str) -> None:
    error = refusal(url)
    assert message in error.message
    assert SECRET not in error.message + error.hint


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket of a made-up S3 on loopback."""
    import boto3
    from moto.server import ThreadedMotoServer

    made = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    made.start()
    host, port = made.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    store = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    store.create_bucket(Bucket=BUCKET)
    yield store
    made.stop()
    forget_copies()


@pytest.mark.slow
def test_objects_of_a_bucket_are_read_in_every_command(bucket: Any, desk: Desk) -> None:
    rows = tables.rows_of(20)
    bucket.put_object(Bucket=BUCKET, Key="activity/a.csv", Body=DATA)
    bucket.put_object(Bucket=BUCKET, Key="activity/b.parquet", Body=tables.parquet(rows))
    bucket.put_object(Bucket=BUCKET, Key="activity/notes.pdf", Body=b"x")
    report = desk.run("validate", "s3://exports/activity/", "--json").json
    assert [(each["path"], each["rows"]) for each in report["files"]] == [
        ("s3://exports/activity/a.csv", 2),
        ("s3://exports/activity/b.parquet", 20),
    ]
    assert report["problem_counts"].get("remote-unchecked", 0) == 0
    sent = desk.run(
        "backfill",
        "s3://exports/activity/b.parquet",
        "--rehearse",
        "--yes",
        "--json",
        "--events-per-second",
        "0",
    )
    assert (sent.code, sent.json["events"]["accepted"]) == (0, 20)
    looked = desk.run("inspect", "s3://exports/activity/a.csv", "--save", "p.toml", "--json")
    assert looked.code == 0
    assert_nothing_told(report, sent, looked)
    kept = b"".join(path.read_bytes() for path in desk.folder.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept


def assert_nothing_told(report: Any, *results: Result) -> None:
    told = json.dumps(report) + "".join(each.out + each.err for each in results)
    assert SECRET not in told


@pytest.mark.slow
def test_an_object_that_came_in_parts_has_no_md5_and_that_is_said(bucket: Any) -> None:
    upload = bucket.create_multipart_upload(Bucket=BUCKET, Key="a.csv")["UploadId"]
    where = {"Bucket": BUCKET, "Key": "a.csv", "UploadId": upload}
    tag = bucket.upload_part(**where, PartNumber=1, Body=DATA)["ETag"]
    bucket.complete_multipart_upload(**where, MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]})
    (found,) = find(["s3://exports/a.csv"])
    assert [problem.rule.code for problem in found.problems] == ["remote-unchecked"]
    assert Path(found.location).read_bytes() == DATA


@pytest.mark.slow
def test_what_cannot_be_read_of_a_bucket_is_told_without_a_secret(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bucket
    assert "no such file in the bucket" in refusal("s3://exports/gone.csv").message
    assert "holds no file to read" in refusal("s3://exports/none/").message
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://files.example")
    assert "plain http on another machine" in refusal("s3://exports/a.csv").message


@pytest.mark.slow
def test_an_object_of_another_md5_is_read_twice_and_must_be_the_same(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {
        "ETag": f'"{hashlib.md5(b"other").hexdigest()}"',
        "Last-Modified": "Fri, 01 Mar 2024 09:30:00 GMT",
    }
    for name, value in {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    server.answers["/exports/a.csv"] = 200, headers, DATA
    (found,) = find(["s3://exports/a.csv"])
    assert [problem.rule.code for problem in found.problems] == ["remote-unchecked"]
    assert len(server.asked) == 2
    assert urlsplit(server.asked[0]).path == "/exports/a.csv"
