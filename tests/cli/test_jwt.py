"""`app jwt`: keys, mode and readiness on the command line, on every engine (J2, J7)."""

import json
from pathlib import Path

import pytest

from tests.cli.program import Commands
from tests.support.jwt import jwk, jwks, pem

RING = f"2026:{'ab' * 32}"


@pytest.fixture
def shop(on_engine: Commands) -> Commands:
    on_engine.succeed("tenant", "create", "acme")
    on_engine.succeed("app", "create", "shop", "--tenant", "acme")
    return on_engine


def written(folder: Path, content: str | bytes) -> str:
    path = folder / "material"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_J2_keys_are_added_listed_and_removed(shop: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILE_GRPC_SEAL_KEYS", RING)
    secret = bytes(range(40, 90))
    added = [
        shop.succeed("app", "jwt", "add", "shop", "--kid", "p", "--public-key", written(tmp_path, pem())),
        shop.succeed("app", "jwt", "add", "shop", "--jwk", written(tmp_path, json.dumps(jwk("ES256", kid="j")))),
        shop.succeed("app", "jwt", "add", "shop", "--jwks", written(tmp_path, jwks(jwk("EdDSA", kid="s")))),
        shop.succeed("app", "jwt", "add", "shop", "--kid", "h", "--secret-file", written(tmp_path, secret)),
        shop.succeed("app", "jwt", "add", "shop", "--url", "https://idp.example/jwks", "--jwks-hosts", "idp.example"),
    ]
    listed = json.loads(shop.succeed("app", "jwt", "list", "shop", "--json"))["keys"]
    assert {one["jwt_key_id"] for one in listed} == {text.strip() for text in added}
    found = {(one["kind"], key["kid"], key["algorithm"]) for one in listed for key in one["keys"]}
    assert found == {
        ("PUBLIC_KEY", "p", "RS256"),
        ("PUBLIC_KEY", "j", "ES256"),
        ("JWKS", "s", "EDDSA"),
        ("SHARED_SECRET", "h", "HS256"),
    }
    table = shop.succeed("app", "jwt", "list", "shop")
    assert "it was not fetched yet" in " ".join(table.split())
    for text in added[1:]:
        assert "removed" in shop.succeed("app", "jwt", "remove", "shop", text.strip())
    assert len(json.loads(shop.succeed("app", "jwt", "list", "shop", "--json"))["keys"]) == 1


def test_J2_a_key_that_cannot_be_used_says_why(shop: Commands, tmp_path: Path) -> None:
    for arguments, status, said in (
        (("--kid", "p", "--public-key", written(tmp_path, "nothing")), 2, "no public key in PEM"),
        (("--public-key", written(tmp_path, pem())), 2, "kid"),
        (("--kid", "h", "--secret-file", written(tmp_path, bytes(50))), 1, "PROFILE_GRPC_SEAL_KEYS"),
        (("--url", "https://idp.example/jwks"), 2, "--jwks-hosts"),
        (("--kid", "p"), 2, "exactly one"),
    ):
        outcome = shop("app", "jwt", "add", "shop", *arguments)
        assert outcome.status == status, outcome
        assert said in " ".join(outcome.err.split())
    assert "no app" in shop("app", "jwt", "list", "other").error_line


def test_J7_the_mode_is_set_and_REQUIRE_is_warned_of(shop: Commands) -> None:
    assert "OBSERVE" in shop.succeed("app", "jwt", "mode", "shop", "observe")
    assert json.loads(shop.succeed("app", "jwt", "readiness", "shop", "--json")) == {
        "mode": "OBSERVE",
        "last_7_days": {"calls": 0, "refused": 0, "refused_share": 0.0},
        "days": [],
    }
    required = shop("app", "jwt", "mode", "shop", "require")
    assert required.status == 0
    assert "no key for JWTs" in required.err
    assert "nobody knows what REQUIRE refuses" in required.err
    assert "REQUIRE" in shop.succeed("app", "show", "shop")
    shop.succeed("app", "set", "shop", "--set", "jwt.max_lifetime=1h", "--set", "jwt.mode=off")
    assert json.loads(shop.succeed("app", "show", "shop", "--json"))["settings"]["jwt"]["max_lifetime"] == "3600s"
