"""The check of report templates (X2)."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from profile_grpc.bridge.report import Kind
from profile_grpc.bridge.template_check import check
from profile_grpc.bridge.templates import DEFAULT, Template
from profile_grpc.domain.errors import Refused
from profile_grpc.domain.profile import Platform
from profile_grpc.domain.push_endpoints import PushProvider
from profile_grpc.domain.settings import AppSettings, BridgeParameters, PushApp
from profile_grpc.domain.settings import check as check_settings
from tests.cli.program import Commands, sqlite_url

QUERY = (
    "username=%account[username]%&selector=%selector%&token_calls=%pushTokenIncomingCall%"
    "&appid_calls=%pushappid_incoming_call%&token_msgs=%pushTokenOther%&appid_msgs=%pushappid_other%"
)
WITH_QUERY = f"https://example.com/removeToken/?{QUERY}&key=apk_1"
BY_PATH = "https://example.com/removePushToken/%account[username]%/%selector%/%pushToken%&appid=%pushappid%&key=apk_1"
JSON = (
    '{ "username" : "%account[username]%", "token_calls" : "%pushTokenIncomingCall%",'
    ' "token_msgs" : "%pushTokenOther%", "selector" : "%selector%",'
    ' "appId_calls": "%pushappid_incoming_call%", "appId_msgs" : "%pushappid_other%" }'
)
LISTED = AppSettings(push_app_ids=(PushApp("com.x", PushProvider.FCM, Platform.IOS),), multi_user_per_device=True)
BOTH_PAIRS = {
    "account[username]": "username",
    "selector": "selector",
    "pushTokenIncomingCall": "token_calls",
    "pushappid_incoming_call": "appid_calls",
    "pushTokenOther": "token_msgs",
    "pushappid_other": "appid_msgs",
}


@pytest.mark.parametrize(
    ("url", "post_data", "expected"),
    [
        (WITH_QUERY, "", BOTH_PAIRS),
        (
            BY_PATH,
            "",
            {
                "account[username]": "username",
                "selector": "selector",
                "pushToken": "token_msgs",
                "pushappid": "appid_msgs",
            },
        ),
        ("https://example.com/removeToken/?key=apk_1", JSON, BOTH_PAIRS),
        ("https://example.com/removeToken/?key=apk_1", QUERY, BOTH_PAIRS),
    ],
)
def test_the_documented_templates_need_no_configuration(url: str, post_data: str, expected: dict[str, str]) -> None:
    found = check(DEFAULT, url, post_data, settings=LISTED)
    assert found.placeholders == expected
    assert found.problems == []
    assert found.kind is Kind.REMOVAL
    assert "<reportAccountRemovalUrl>https://" in found.xml
    assert ("<reportAccountRemovalPostData>" in found.xml) == bool(post_data)


def test_the_xml_is_ready_to_paste() -> None:
    found = check(DEFAULT, WITH_QUERY, '{"a": "<%selector%>"}', "application/json")
    assert "username=%account[username]%&amp;selector=%selector%&amp;" in found.xml
    assert '{"a": "&lt;%selector%&gt;"}' in found.xml
    assert "<reportAccountRemovalContentType>application/json</reportAccountRemovalContentType>" in found.xml


def test_of_token_reports_no_key_is_named_that_nothing_proves() -> None:
    """X5: the reference names the Account XML keys of removals only."""
    url = WITH_QUERY.replace("removeToken", "reportToken")
    found = check(DEFAULT, url, JSON, "application/json", LISTED)
    assert (found.kind, found.problems) == (Kind.TOKEN, [])
    assert found.xml.splitlines() == [url.replace("&", "&amp;"), JSON, "application/json"]


@pytest.mark.parametrize(
    ("url", "post_data", "problem"),
    [
        ("https://example.com/remove/?a=b", "", "the path must begin with"),
        (WITH_QUERY.replace("https", "http"), "", "not https"),
        (WITH_QUERY.replace("key=", "k="), "", "no key"),
        ("https://example.com/shop/removeToken/?key=k&token_msgs=%t%", "", "no account"),
        ("https://example.com/shop/removeToken/?key=k&username=%u%", "", "no push token"),
        ("https://example.com/removeToken/?key=k&username=%u%&token=%t%", "", "the app cannot be found"),
        ("https://example.com/shop/reportToken/?key=k&username=%u%&token=%t%", "", "no push app id"),
        ("https://example.com/shop/removeToken/?key=k", "{", "neither a form"),
    ],
)
def test_what_keeps_reports_from_working_is_told(url: str, post_data: str, problem: str) -> None:
    assert any(problem in told for told in check(DEFAULT, url, post_data).problems)


@pytest.mark.parametrize(
    ("written", "warning"),
    [
        ("%account[usrname]%", "did you mean %account[username]%?"),
        ("%Selector%", "did you mean %selector%?"),
        ("%pushTokenOthers%", "did you mean %pushTokenOther%?"),
        ("%nothingLikeIt%", "%nothingLikeIt% is not a placeholder of the reporter's documentation"),
    ],
)
def test_misspelt_placeholders_are_told_with_the_near_name(written: str, warning: str) -> None:
    """X2: an app leaves them as they are, so the value would be missing."""
    found = check(DEFAULT, WITH_QUERY + f"&other={written}", settings=LISTED)
    assert [told for told in found.warnings if warning in told]
    assert check(DEFAULT, WITH_QUERY, settings=LISTED).warnings == []


def test_a_whole_request_and_its_effect_are_shown() -> None:
    found = check(DEFAULT, WITH_QUERY, settings=LISTED)
    assert found.request.startswith(
        "GET /removeToken/?username=johndow&selector=12869E0E6E553673C54F29105A0647204C416A2A%3A"
    )
    assert found.request.endswith(" HTTP/1.1\nHost: example.com")
    [effect] = found.effect
    assert "RemoveAccount" in effect
    assert "UNREGISTER" in effect
    assert "user id johndow" in effect
    posted = check(DEFAULT, "https://example.com/shop/reportToken/?key=k", JSON, "application/json", LISTED)
    assert posted.request.startswith(
        "POST /shop/reportToken/?key=k HTTP/1.1\nHost: example.com\nContent-Type: application/json\n"
    )
    assert posted.effect[0].startswith("Register in shop: user id johndow")
    assert "derived from the token" in posted.effect[0]


def test_accounts_that_share_a_phone_need_multi_user() -> None:
    """X5."""
    url = WITH_QUERY.replace("removeToken", "reportToken")
    alone = check(DEFAULT, url, settings=replace(LISTED, multi_user_per_device=False))
    assert any("multi_user_per_device=true" in warning for warning in alone.warnings)
    assert check(DEFAULT, url + "&installid=%installid%", settings=LISTED).warnings == []


def test_names_of_the_owner_replace_the_defaults_and_are_taken_from_the_others() -> None:
    template = Template({"selector": ["/1"], "username": ["who"], "token_msgs": ["selector"]})
    url = "https://example.com/shop/removeToken/%selector%?who=%u%&username=%v%&selector=%t%&key=k"
    assert check(template, url).placeholders == {"selector": "selector", "u": "username", "v": "", "t": "token_msgs"}


@pytest.mark.parametrize(
    "parameters",
    [
        BridgeParameters(username=()),
        BridgeParameters(username=("a", "A", "b", "c", "d", "e", "f", "g", "h")),
        BridgeParameters(username=("x",), selector=("X",)),
        BridgeParameters(username=("/0",)),
        BridgeParameters(username=("/1/2",)),
    ],
)
def test_names_that_cannot_be_are_refused(parameters: BridgeParameters) -> None:
    with pytest.raises(Refused, match="bridge_parameters"):
        check_settings(AppSettings(bridge_parameters=parameters))


def test_the_command_shows_placeholders_problems_and_xml(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    commands = Commands(capsys, monkeypatch, sqlite_url(tmp_path))
    commands.succeed("migrate")
    commands.succeed("tenant", "create", "acme")
    commands.succeed(
        "app", "create", "shop", "--tenant", "acme", "--set", "bridge_parameters.username=who",
        "--set", "push_app_ids=com.x:FCM:IOS",
    )  # fmt: skip
    url = WITH_QUERY.replace("username=", "who=", 1)
    shown = json.loads(commands.succeed("app", "bridge-check", "shop", "--url", url, "--json"))
    assert (shown["endpoint"], shown["problems"], shown["placeholders"]) == ("removal", [], BOTH_PAIRS)
    outcome = commands("app", "bridge-check", "shop", "--url", "http://example.com/other/removeToken/?a=%b%")
    assert outcome.status == 1
    assert "(not read)" in outcome.out
    assert "Digest authentication is not offered" in outcome.err
    assert "Host: example.com" in outcome.out
    assert "problem: the path names the app other, not shop" in outcome.err
    told = commands("app", "bridge-check", "shop", "--url", url.replace("removeToken", "reportToken"))
    assert "which your app's documentation names\nhttps://example.com/reportToken/?" in told.out
