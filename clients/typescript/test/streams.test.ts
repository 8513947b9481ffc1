import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ConnectError } from "@connectrpc/connect";
import {
  ApiError,
  type Client,
  Code,
  connect,
  ResumeTokenExpiredError,
  type StreamOptions,
  type WatchProfilesRequest,
} from "@profile-grpc/appprofile";
import { connect as connectWeb } from "@profile-grpc/appprofile/web";
import { over, refusal, Service } from "./service.js";

const oldest = { appIds: ["shop"], start: { case: "fromOldest" as const, value: true } };

/** What one stream sends: tokens, and at the end an error, or silence. */
type Script = readonly [tokens: readonly string[], end?: ConnectError];

interface Watched {
  client: Client;
  /** Where each stream was asked to begin, and the key that it carried. */
  seen: unknown[];
  service: Service;
}

/** A service whose streams follow the scripts, one after the other, or the script for their request. */
async function watching(
  t: TestContext,
  scripts: Script[] | ((request: WatchProfilesRequest) => Script),
  protocol: "grpc" | "web" = "grpc",
): Promise<Watched> {
  const seen: unknown[] = [];
  const service: Service = await Service.start(
    t,
    () => {},
    protocol,
    0,
    async function* (request, context) {
      seen.push([request.appIds, request.start, context.requestHeader.get("x-api-key"), context.timeoutMs()]);
      const [tokens, end] = typeof scripts === "function" ? scripts(request) : (scripts.shift() ?? [[]]);
      yield* tokens;
      if (end) throw end;
      await over(context);
    },
  );
  // The deadline is of calls, and not of streams.
  const options = { plaintext: true, key: "k", deadlineMs: 1 };
  const client = protocol === "grpc" ? connect(service.target, options) : connectWeb(service.target, options);
  t.after(() => client.close());
  return { client, seen, service };
}

async function take(client: Client, count: number, options: StreamOptions = {}, onFirst?: () => void) {
  const tokens: string[] = [];
  for await (const { resumeToken } of client.watchProfiles(oldest, options)) {
    if (tokens.push(resumeToken) === count) break;
    if (tokens.length === 1 && onFirst) setTimeout(onFirst, 50); // when the next message is waited for
  }
  return tokens;
}

for (const protocol of ["grpc", "web"] as const) {
  test(`an interrupted stream goes on after the last message, over ${protocol}`, async (t) => {
    const aged = refusal(Code.Unavailable, "STREAM_AGED");
    const { client, seen } = await watching(t, [[["a", "b"], aged], [["c"]]], protocol);
    const reasons: string[] = [];
    const onInterruption = ({ reason }: ApiError) => reasons.push(reason);
    assert.deepEqual(await take(client, 3, { onInterruption }), ["a", "b", "c"]);
    assert.deepEqual(seen, [
      [["shop"], { case: "fromOldest", value: true }, "k", undefined],
      [["shop"], { case: "resumeToken", value: "b" }, "k", undefined],
    ]);
    assert.deepEqual(reasons, ["STREAM_AGED"]);
  });
}

test("a stream whose connection breaks goes on", async (t) => {
  const { client, seen, service } = await watching(t, [[["a"]], [["b"]]]);
  assert.deepEqual(await take(client, 2, {}, () => service.breakConnections()), ["a", "b"]);
  assert.equal(seen.length, 2);
});

test("an expired token is an error of its own, with the oldest one", async (t) => {
  const { client } = await watching(t, [[["a"], refusal(Code.OutOfRange, "RESUME_TOKEN_EXPIRED")]]);
  await assert.rejects(take(client, 2), (error) => {
    assert.ok(error instanceof ResumeTokenExpiredError && error instanceof ApiError);
    assert.deepEqual([error.code, error.oldestResumeToken], [Code.OutOfRange, "old"]);
    return true;
  });
});

test("a refusal ends the stream", async (t) => {
  for (const end of [
    refusal(Code.PermissionDenied, "METHOD_NOT_ALLOWED"),
    refusal(Code.Internal, "INTERNAL"),
    refusal(Code.ResourceExhausted, "TOO_MANY_STREAMS", true),
  ]) {
    const { client, seen } = await watching(t, [[[], end]]);
    await assert.rejects(take(client, 1), ({ code }: ApiError) => code === end.code);
    assert.equal(seen.length, 1);
  }
});

test("a full limit of streams passes for a stream that had a message", async (t) => {
  const { client } = await watching(t, [[["a"], refusal(Code.ResourceExhausted, "TOO_MANY_STREAMS", true)], [["b"]]]);
  assert.deepEqual(await take(client, 2), ["a", "b"]);
});

test("an aborted signal ends the stream without an error", async (t) => {
  const { client } = await watching(t, [[["a"]], [["a"], refusal(Code.Unavailable, "DRAINING")]]);
  const controller = new AbortController();
  assert.deepEqual(await take(client, 2, { signal: controller.signal }, () => controller.abort()), ["a"]);
  const pausing = new AbortController();
  const onInterruption = () => setTimeout(() => pausing.abort());
  assert.deepEqual(await take(client, 2, { signal: pausing.signal, onInterruption }), ["a"]);
});

test("a closed client ends the stream with an error", async (t) => {
  const { client } = await watching(t, [[["a"]]]);
  await assert.rejects(
    take(client, 2, {}, () => client.close()),
    ({ code }: ApiError) => code === Code.Canceled,
  );
});

test("a silent stream is taken for lost", async (t) => {
  // By the request: on a slow machine a stream may be taken for lost before its message has come.
  const { client } = await watching(t, ({ start }) => [[start.case === "fromOldest" ? "a" : "b"]]);
  const messages = new Set<string>();
  const onInterruption = ({ message }: ApiError) => messages.add(message);
  assert.deepEqual(await take(client, 2, { onInterruption, idleMs: 200 }), ["a", "b"]);
  assert.deepEqual([...messages], ["nothing came for 0.2 seconds"]);
});
