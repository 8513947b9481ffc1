"""The requests of the reporter's documentation and unusual ones, over raw sockets (X1, X2)."""

import gzip
import json
import socket
import struct
import zlib

import pytest

from appprofile.v1 import profile_service_pb2 as pb
from tests.bridge.conftest import Harness, request, status, until
from tests.bridge.fake_service import APP, CALLS, KEY, MESSAGES, OTHER_KEY

SELECTOR = "12869E0E6E553673C54F29105A0647204C416A2A:7C3A0D14"
MSGS = "QVBBOTFiRzlhcVd2bW54bllCWldHOWh4dnRrZ3pUWFNvcGZpdWZ6bWM2dFAzS2J"
VOIP = "Udl99X2JFP1bWwS5gR/wGeLE1hmAB2CMpr1Ej0wxkrY="
QUERY = (
    f"username=johndow&password=12345678&selector={SELECTOR}&token_msgs={MSGS}&appid_msgs={MESSAGES}"
    f"&token_calls=Udl99X2JFP1bWwS5gR%2FwGeLE1hmAB2CMpr1Ej0wxkrY%3D&appid_calls={CALLS}"
)
JSON = f"""{{
    "token_msgs"    : "{MSGS}",
    "appid_msgs"    : "{MESSAGES}",
    "token_calls"   : "{VOIP}",
    "appid_calls"   : "{CALLS}",
    "selector"      : "{SELECTOR}"
}}""".encode()
TOKENS = {(CALLS, VOIP), (MESSAGES, MSGS)}


async def delivered(harness: Harness, count: int = 1) -> list[pb.RemoveAccountRequest]:
    await until(lambda: len(harness.service.calls) >= count)
    return list(harness.service.calls)


def tokens(call: pb.RemoveAccountRequest) -> set[tuple[str, str]]:
    return {(token.push_app_id, token.token) for token in call.tokens}


async def test_the_documented_get_with_a_query(running: Harness) -> None:
    raw = (
        f"GET /removeToken/?{QUERY} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nCache-Control: max-age=0\r\n"
        f"User-Agent: CloudSoftphone/1.5.6\r\nX-Api-Key: {KEY}\r\n\r\n"
    )
    answer = await running.send(raw.encode())
    assert status(answer) == 200
    assert answer.endswith(b"\r\n\r\n")
    [call] = await delivered(running)
    assert (call.app_id, call.username, call.account_selector) == (APP, "johndow", SELECTOR)
    assert tokens(call) >= TOKENS


async def test_the_documented_post_of_json_with_its_true_length(running: Harness) -> None:
    raw = (
        "POST /removeToken/johndow/ HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nCache-Control: max-age=0\r\n"
        "User-Agent: CloudSoftphone/1.5.6\r\nContent-Type: application/json\r\n"
        f"X-Api-Key: {KEY}\r\nContent-Length: {len(JSON)}\r\n\r\n"
    ).encode() + JSON
    assert status(await running.send(raw)) == 200
    [call] = await delivered(running)
    assert (call.app_id, call.username, call.account_selector) == (APP, "johndow", SELECTOR)
    assert tokens(call) >= TOKENS


async def test_the_documented_length_of_json_is_honoured_though_it_is_wrong(running: Harness) -> None:
    """X2: 183 bytes are the body, which then is no JSON; the rest is no request."""
    raw = request("POST", "/removeToken/johndow/", "Content-Type: application/json", "Content-Length: 183") + JSON
    assert status(await running.send(raw)) == 400
    assert running.service.calls == []


async def test_the_documented_form(running: Harness) -> None:
    body = QUERY.replace("password=12345678&", "").encode()
    raw = request("POST", "/removeToken/", "Content-Type: application/x-www-form-urlencoded", body=body)
    assert status(await running.send(raw)) == 200
    [call] = await delivered(running)
    assert (call.username, tokens(call) >= TOKENS) == ("johndow", True)


async def test_the_documented_path_without_a_question_mark(running: Harness) -> None:
    assert await running.get(f"/removePushToken/johndow/{SELECTOR}/{MSGS}&appid={MESSAGES}") == 200
    [call] = await delivered(running)
    assert (call.app_id, call.username, call.account_selector) == (APP, "johndow", SELECTOR)
    assert (MESSAGES, MSGS) in tokens(call)


@pytest.mark.parametrize(
    "form",
    [
        "/{app}/removeToken/?username=johndow&{tokens}",
        "/REMOVETOKEN/?USERNAME=johndow&{tokens}",
        "//removeToken?UserName=johndow&{tokens}",
        "/removeToken/johndow?{tokens}",
        "/removeToken/johndow/%selector%/?{tokens}",
        "/removeToken/?username=johndow&username=other&{tokens}",
        "/removeToken/?username=&username=johndow&{tokens}",
        "/removeToken/?username=%account[username]%&username=johndow&{tokens}",
        "/removeToken/?username=%account%5Busername%5d%&username=johndow&{tokens}",
        "/removeToken/?user=%account%5Busername%5D%&username=johndow&{tokens}",
        "/removeToken/johndow/{selector}/%25pushToken%25/?{tokens}",
    ],
)
async def test_names_and_paths_in_any_form(running: Harness, form: str) -> None:
    """X2: any letter case, an app in the path, duplicates, empty values and unreplaced placeholders."""
    target = form.format(app=APP, selector=SELECTOR, tokens=f"token_msgs={MSGS}&AppId_Msgs={MESSAGES}")
    assert await running.get(target) == 200
    [call] = await delivered(running)
    assert call.username == "johndow"
    assert tokens(call) == {(MESSAGES, MSGS), (MESSAGES, MSGS + "=")} or (MESSAGES, MSGS) in tokens(call)


@pytest.mark.parametrize(
    "spelling",
    [
        "Udl99X2JFP1bWwS5gR%2FwGeLE1hmAB2CMpr1Ej0wx+rY%3D",  # a raw plus
        "Udl99X2JFP1bWwS5gR/wGeLE1hmAB2CMpr1Ej0wx+rY=",
        "Udl99X2JFP1bWwS5gR%252FwGeLE1hmAB2CMpr1Ej0wx%252BrY%253D",  # encoded twice
        "Udl99X2JFP1bWwS5gR%2FwGeLE1hmAB2CMpr1Ej0wx%2BrY",  # no padding
        "Udl99X2JFP1bWwS5gR_wGeLE1hmAB2CMpr1Ej0wx-rY",  # the other alphabet
        "Udl99X2JFP1bWwS5gR%2FwGeLE1hmAB2CMpr1Ej0wx%20rY%3D",  # a plus that was decoded on the way
    ],
)
async def test_a_token_is_known_in_every_spelling(running: Harness, spelling: str) -> None:
    """X2: the token reaches the service as standard base64, too."""
    assert await running.get(f"/{APP}/removeToken/?username=johndow&token_calls={spelling}") == 200
    [call] = await delivered(running)
    assert "Udl99X2JFP1bWwS5gR/wGeLE1hmAB2CMpr1Ej0wx+rY=" in {token.token for token in call.tokens}


async def test_a_token_with_slashes_in_the_path(running: Harness) -> None:
    assert await running.get(f"/{APP}/removeToken/johndow/{SELECTOR}/{VOIP}") == 200
    [call] = await delivered(running)
    assert VOIP in {token.token for token in call.tokens}


@pytest.mark.parametrize(
    ("written", "username"),
    [
        ("%2B420123456", "+420123456"),
        ("+420123456", "+420123456"),  # a phone number, not encoded
        ("john+doe", "john doe"),
        ("j%C3%B6rg", "jörg"),
        ("j%F6rg", "jörg"),  # Latin-1
        ("jörg", "jörg"),  # not encoded at all
        ("john%40example.com", "john@example.com"),
        ("100%", "100%"),
    ],
)
async def test_user_names_as_apps_write_them(running: Harness, written: str, username: str) -> None:
    assert await running.get(f"/{APP}/removeToken/?username={written}&token_msgs={MSGS}") == 200
    [call] = await delivered(running)
    assert call.username == username


async def test_neighbours_of_a_token_encoded_twice_were_too(running: Harness) -> None:
    target = f"/{APP}/removeToken/?username=j%2540x&token_calls=Udl99X2JFP1b%252FwGeLE1hmAB2CMpr"
    assert await running.get(target) == 200
    [call] = await delivered(running)
    assert call.username == "j@x"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Content-Type: text/plain"], JSON),
        (["Content-Type: application/x-www-form-urlencoded"], JSON),
        (["Content-Type: application/json; charset=utf-16"], JSON.decode().encode("utf-16")),
        (['Content-Type: application/json; charset="UTF-8"'], b"\xef\xbb\xbf" + JSON),
        ([], b"  \r\n" + JSON),
        (["Content-Encoding: gzip", "Content-Type: application/json"], gzip.compress(JSON)),
        (["Content-Encoding: deflate"], zlib.compress(JSON)),
        (["Content-Encoding: gzip, gzip"], gzip.compress(gzip.compress(JSON))),
        (
            ["Content-Type: application/x-www-form-urlencoded; charset=iso-8859-1"],
            f"selector={SELECTOR}&token_calls={VOIP}".encode(),
        ),
        (["Expect: 100-continue"], JSON),
    ],
)
async def test_bodies_in_any_form(running: Harness, headers: list[str], body: bytes) -> None:
    """X2: a wrong content type, charsets, a byte order mark, packed bodies."""
    answer = await running.send(request("POST", f"/{APP}/removeToken/johndow/", *headers, body=body))
    assert status(answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")) == 200
    [call] = await delivered(running)
    assert (call.username, call.account_selector) == ("johndow", SELECTOR)
    assert VOIP in {token.token for token in call.tokens}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_other_methods_report_as_well(running: Harness, method: str) -> None:
    """X2: with a body or a query."""
    assert status(await running.send(request(method, "/removeToken/johndow/", body=JSON))) == 200
    assert status(await running.send(request(method, f"/removeToken/?{QUERY}".replace("johndow", "ann")))) == 200
    assert [call.username for call in await delivered(running, 2)] == ["johndow", "ann"]


async def test_head_reports_as_get_does(running: Harness) -> None:
    """X2: the vendor's documentation lets owners choose it."""
    answer = await running.send(request("HEAD", f"/removeToken/?{QUERY}"))
    assert status(answer) == 200
    assert answer.endswith(b"\r\n\r\n")
    [call] = await delivered(running)
    assert tokens(call) >= TOKENS


@pytest.mark.parametrize(
    "target",
    [
        f"/{APP}//removeToken//johndow//{SELECTOR}//{VOIP}",
        f"//{APP}/removeToken/johndow/{SELECTOR}/{VOIP}",
        f"/{APP}/removeToken/?username=johndow&amp;selector={SELECTOR}&amp;token_calls={VOIP.replace('=', '%3D')}",
        f"/{APP}/removeToken/johndow/&amp;selector={SELECTOR}&AMP;token_calls={VOIP.replace('=', '%3D')}",
        f"/{APP}/removeToken/?username=johndow&amp;amp;selector={SELECTOR}&token_calls={VOIP.replace('=', '%3D')}",
    ],
)
async def test_doubled_slashes_and_escaped_ampersands(running: Harness, target: str) -> None:
    """X2."""
    assert await running.get(target) == 200
    [call] = await delivered(running)
    assert (call.username, call.account_selector) == ("johndow", SELECTOR)
    assert VOIP in {token.token for token in call.tokens}


async def test_doubled_slashes_within_a_token_are_its_own(running: Harness) -> None:
    """X2: base64 has them."""
    assert await running.get(f"/{APP}/removeToken/johndow//{SELECTOR}//Udl99X2JFP1bWwS5gR//wGeLE1hm") == 200
    [call] = await delivered(running)
    assert "Udl99X2JFP1bWwS5gR//wGeLE1hm" in {token.token for token in call.tokens}


@pytest.mark.parametrize(
    ("written", "username"),
    [
        (r"ACME\johndow", r"ACME\johndow"),
        (r"ACME\nick", r"ACME\nick"),
        (r"ACME\user", r"ACME\user"),
        (r"ACME\\johndow", r"ACME\johndow"),
        (r"j\u00f6rg", "jörg"),
        (r"a\/b", "a/b"),
        (r"a\"b", 'a"b'),
    ],
)
async def test_backslashes_in_json_as_templates_make_them(running: Harness, written: str, username: str) -> None:
    """X2: one that begins no escape stands for itself."""
    body = f'{{"username": "{written}", "token_msgs": "{MSGS}"}}'.encode()
    assert status(await running.send(request("POST", f"/{APP}/removeToken/", body=body))) == 200
    [call] = await delivered(running)
    assert call.username == username


MULTIPART = "".join(
    f'--XyZ\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    for name, value in (("username", "j\xf6rg+1"), ("Selector", SELECTOR), ("token_calls", VOIP), ("empty", ""))
)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=XyZ", MULTIPART + "--XyZ--\r\n"),
        ("multipart/form-data", MULTIPART + "--XyZ--\r\n"),  # no boundary
        ("multipart/form-data; boundary=other", MULTIPART),  # a wrong one, and no end
        ("application/x-www-form-urlencoded", MULTIPART.replace("\r\n", "\n") + "--XyZ--"),
        ("multipart/form-data", MULTIPART.replace('"', "").replace("\r\n\r\n", "\r\nContent-Type: text/plain\r\n\r\n")),
    ],
)
async def test_multipart_forms(running: Harness, content_type: str, body: str) -> None:
    """X2."""
    raw = request("POST", f"/{APP}/removeToken/", f"Content-Type: {content_type}", body=body.encode())
    assert status(await running.send(raw)) == 200
    [call] = await delivered(running)
    assert (call.username, call.account_selector) == ("j\xf6rg+1", SELECTOR)
    assert VOIP in {token.token for token in call.tokens}


async def test_chunked_bodies(running: Harness) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (JSON[:50], JSON[50:])) + b"0\r\n\r\n"
    raw = request("POST", "/removeToken/johndow/", "Transfer-Encoding: chunked") + chunks
    assert status(await running.send(raw)) == 200
    assert len(await delivered(running)) == 1


async def test_nested_json_and_renamed_parameters(harness: Harness) -> None:
    """X2: the owner's own names, of fields, nested members and path segments."""
    names = harness.service.apps[0].settings.bridge_parameters
    names.username.extend(["account.name"])
    names.selector.extend(["/1"])
    names.token_msgs.extend(["tokens.0.value"])
    names.appid_msgs.extend(["tokens.0.app"])
    names.secret.extend(["auth"])
    await harness.serve()
    await harness.start()
    body = json.dumps(
        {"Account": {"Name": 42}, "tokens": [{"value": MSGS, "app": MESSAGES}], "auth": KEY, "username": "no"}
    ).encode()
    raw = request("POST", f"/removeToken/{SELECTOR}", body=body, key="")
    assert status(await harness.send(raw)) == 200
    [call] = await delivered(harness)
    assert (call.app_id, call.username, call.account_selector) == (APP, "42", SELECTOR)
    assert (MESSAGES, MSGS) in tokens(call)


@pytest.mark.parametrize(
    ("headers", "target"),
    [
        ([f"x-api-key: {KEY}"], ""),
        (["Authorization: Basic dXNlcjphcGtfYnJpZGdlMDAwMDAxX3RoZS1yaWdodC1rZXk="], ""),
        ([], f"&key={KEY}"),
        ([], f"&KEY={KEY}"),
    ],
)
async def test_the_key_in_every_place(running: Harness, headers: list[str], target: str) -> None:
    raw = request("GET", f"/removeToken/?{QUERY}{target}", *headers, key="")
    assert status(await running.send(raw)) == 200


@pytest.mark.parametrize("key", ["", "apk_no_such-key", OTHER_KEY, "with space", "é"])
async def test_a_missing_or_wrong_key_is_refused(running: Harness, key: str) -> None:
    """X1: also the right key of another app."""
    answer = await running.send(request("GET", f"/{APP}/removeToken/?{QUERY}", key=key))
    assert status(answer) == 401
    assert b"www-authenticate: Basic" in answer
    assert running.service.calls == []


async def test_known_and_unknown_accounts_get_the_same_answer(running: Harness) -> None:
    """X1: no oracle."""
    answers = []
    for user in ("johndow", "nobody"):
        answer = await running.send(request("GET", f"/removeToken/?{QUERY}".replace("johndow", user)))
        answers.append([line for line in answer.split(b"\r\n") if not line.startswith((b"date", b"x-trace-id"))])
    assert answers[0] == answers[1]
    names = {line.partition(b":")[0] for line in answers[0][1:] if line}
    assert names == {b"cache-control", b"x-content-type-options", b"content-length", b"connection"} - (
        set() if b"connection" in names else {b"connection"}
    )


async def test_options_report_nothing(running: Harness) -> None:
    options = await running.send(request("OPTIONS", f"/removeToken/?{QUERY}"))
    patch = await running.send(request("PATCH", f"/removeToken/?{QUERY}"))
    assert (status(options), status(patch)) == (204, 405)
    assert b"allow: GET, HEAD, POST, PUT, DELETE, OPTIONS" in options
    assert b"content-length" not in options
    assert running.bridge is not None
    assert running.bridge._spool.waiting == 0
    assert running.service.calls == []


async def test_pipelined_requests_all_count(running: Harness) -> None:
    raws = [request("GET", f"/removeToken/?{QUERY}".replace("johndow", f"user{n}")) for n in range(20)]
    answer = await running.send(b"".join(raws))
    assert answer.count(b"HTTP/1.1 200 OK") == 20
    assert {call.username for call in await delivered(running, 20)} == {f"user{n}" for n in range(20)}


async def test_clients_that_leave_before_the_answer_still_count(running: Harness) -> None:
    """X1: fire and forget, also of several pipelined requests, also when the connection is reset."""
    assert running.bridge is not None
    for n in range(10):
        with socket.create_connection(running.bridge.address) as client:
            first = request("GET", f"/removeToken/?{QUERY}".replace("johndow", f"left{n}"))
            second = request("POST", f"/removeToken/posted{n}/", body=JSON)
            client.sendall(first + second)
            if n % 2:  # closed by a reset, not by an end
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    expected = {f"left{n}" for n in range(10)} | {f"posted{n}" for n in range(10)}
    calls = await delivered(running, 20)
    assert {call.username for call in calls} == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (request("POST", f"/{APP}/removeToken/", body=b"{"), 400),
        (request("POST", f"/{APP}/removeToken/", "Content-Type: application/json", body=b"[1]"), 400),
        (request("POST", f"/{APP}/removeToken/", body=b'{"a": ' + b"[" * 20_000), 400),
        (request("POST", f"/{APP}/removeToken/", body=b"\x00\xff garbage"), 400),
        (request("POST", f"/{APP}/removeToken/", "Content-Encoding: br", body=JSON), 400),
        (request("POST", f"/{APP}/removeToken/", "Content-Encoding: gzip", body=gzip.compress(JSON)[:-9]), 400),
        (request("POST", f"/{APP}/removeToken/", body=b"a=" + b"x" * 65_535), 413),
        (
            request(
                "POST", f"/{APP}/removeToken/", "Content-Encoding: gzip", body=gzip.compress(b"a=" + b"x" * 99_999)
            ),
            413,
        ),
        (request("POST", f"/{APP}/removeToken/", "Content-Length: 99999999999"), 413),
        (request("GET", "/"), 404),
        (request("POST", "/healthz"), 405),
        (request("GET", "/removeTokens/"), 404),
        (request("GET", "/UPPER/removeToken/"), 404),
        (b"nonsense\r\n\r\n", 400),
    ],
)
async def test_what_cannot_be_taken_is_refused(running: Harness, raw: bytes, expected: int) -> None:
    """X1: 400 unreadable, 413 too large, packed or not."""
    assert status(await running.send(raw)) == expected


async def test_health_says_whether_reports_are_taken(running: Harness) -> None:
    assert await running.get("/healthz") == 200
    assert await running.get("/readyz") == 200
    await running.service.stop()
    assert await running.get("/readyz") == 200  # reports wait while the service is down
    assert running.bridge is not None
    running.bridge._app.draining = True
    assert await running.get("/readyz") == 503
    assert await running.get("/healthz") == 200
