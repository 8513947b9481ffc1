"""What the service signs is verified by the specification's library for another language (E6)."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from profile_grpc.events.webhooks import message
from tests.clients import builds
from tests.support.webhooks import KEY, SECRETS, event, webhook

TYPESCRIPT = Path(__file__).parents[2] / "clients" / "typescript"
PROGRAM = """
const { Webhook } = require("standardwebhooks");
const cases = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
for (const { secret, headers, body } of cases) {
  let verified;
  try {
    verified = new Webhook(secret).verify(body, headers);
  } catch (error) {
    verified = error.constructor.name;
  }
  console.log(JSON.stringify(verified));
}
"""


def test_E6_requests_are_verified_by_the_library_for_node() -> None:
    """The signatures are those of Standard Webhooks, for which receivers have libraries."""
    made, old = webhook("https://example.com/")
    new, _ = SECRETS.make(*KEY)
    now = datetime.now(UTC)
    request = message.of_events(made, [event(1), event(2, user_id="José ☃", reason='"\\')], 2)
    body = request.body.decode()

    plain = message.headers(request, [old], now)
    both = message.headers(request, [new, old], now)
    cases = [
        {"secret": old, "headers": plain, "body": body},
        {"secret": old, "headers": both, "body": body},
        {"secret": new, "headers": both, "body": body},
        {"secret": new, "headers": plain, "body": body},
        {"secret": old, "headers": plain, "body": body.replace("user1", "user2")},
        {"secret": old, "headers": message.headers(request, [old], now - timedelta(minutes=6)), "body": body},
    ]
    with builds.alone_with("typescript"):
        builds.build("typescript", TYPESCRIPT / "conformance" / "build")
        ran = subprocess.run(
            ["node", "-e", PROGRAM], input=json.dumps(cases), capture_output=True, text=True, check=True, cwd=TYPESCRIPT
        )
    verified = [json.loads(line) for line in ran.stdout.splitlines()]
    assert verified[:3] == [json.loads(body)] * 3
    assert verified[3:] == ["WebhookVerificationError"] * 3
