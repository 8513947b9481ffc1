import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ConnectError } from "@connectrpc/connect";
import { type ApiError, type Client, Code, connect, type StreamOptions } from "@profile-grpc/appprofile";
import { connect as connectWeb } from "@profile-grpc/appprofile/web";
import { over, refusal, Service } from "./service.js";

/** What one stream does: acknowledges so many requests, then fails, is silent, or ends. Default: acknowledges all. */
type Script = readonly [requests: number, end: ConnectError | "silence" | "end"];

interface Importing {
  client: Client;
  /** The first record of each request that was acknowledged, and the key of its stream. */
  seen: [bigint, string | null][];
  service: Service;
}

async function importing(t: TestContext, ...scripts: Script[]): Promise<Importing> {
  const seen: [bigint, string | null][] = [];
  const service: Service = await Service.start(
    t,
    () => {},
    "grpc",
    0,
    undefined,
    async function* (requests, context) {
      const [count, end] = scripts.shift() ?? [Number.POSITIVE_INFINITY, "end"];
      const iterator = requests[Symbol.asyncIterator]();
      for (let answered = 0; answered < count; answered++) {
        const { done, value } = await iterator.next();
        if (done) return;
        seen.push([value.firstRecord, context.requestHeader.get("x-api-key")]);
        yield value.firstRecord + BigInt(value.records.length) - 1n;
      }
      if (end === "silence") await over(context);
      else if (end !== "end") throw end;
    },
  );
  // The deadline is of calls, and not of streams.
  const client = connect(service.target, { plaintext: true, key: "k", deadlineMs: 1 });
  t.after(() => client.close());
  return { client, seen, service };
}

/** Requests with so many records each. */
function* parts(...counts: number[]) {
  for (const count of counts) {
    yield { appId: "shop", importId: "move", records: Array.from({ length: count }, () => ({})) };
  }
}

async function acknowledged(client: Client, requests: ReturnType<typeof parts>, options: StreamOptions = {}) {
  const numbers: number[] = [];
  for await (const response of client.importProfiles(requests, options)) numbers.push(Number(response.acknowledged));
  return numbers;
}

const aged = refusal(Code.Unavailable, "STREAM_AGED");

test("an import goes on after the last acknowledged record", async (t) => {
  const { client, seen } = await importing(t, [1, aged], [1, aged]);
  const reasons: string[] = [];
  const onInterruption = ({ reason }: ApiError) => reasons.push(reason);
  assert.deepEqual(await acknowledged(client, parts(2, 3, 1), { onInterruption }), [2, 5, 6]);
  assert.deepEqual(seen, [
    [1n, "k"],
    [3n, "k"],
    [6n, "k"],
  ]);
  assert.deepEqual(reasons, ["STREAM_AGED", "STREAM_AGED"]);
});

test("an import of many requests keeps their order", async (t) => {
  const { client, service } = await importing(t, [5, aged], [20, "silence"]);
  const requests = parts(...Array.from({ length: 50 }, () => 1));
  const numbers: number[] = [];
  let last = Number.POSITIVE_INFINITY;
  const onInterruption = () => {
    last = numbers.length + 20; // of the stream that is then silent
  };
  for await (const { acknowledged } of client.importProfiles(requests, { onInterruption })) {
    if (numbers.push(Number(acknowledged)) === last) setTimeout(() => service.breakConnections());
  }
  assert.deepEqual(
    numbers,
    Array.from({ length: 50 }, (_, index) => index + 1),
  );
});

test("an import without requests ends", async (t) => {
  const { client } = await importing(t);
  assert.deepEqual(await acknowledged(client, parts()), []);
});

test("an import whose stream ends early is opened again", async (t) => {
  const { client } = await importing(t, [1, "end"]);
  const messages: string[] = [];
  const onInterruption = ({ message }: ApiError) => messages.push(message);
  assert.deepEqual(await acknowledged(client, parts(1, 1), { onInterruption }), [1, 2]);
  assert.deepEqual(messages, ["the stream ended early"]);
});

test("a silent import is opened again", async (t) => {
  const { client } = await importing(t, [1, "silence"]);
  const messages = new Set<string>(); // several of them, where the machine is slow
  const onInterruption = ({ message }: ApiError) => messages.add(message);
  assert.deepEqual(await acknowledged(client, parts(1, 1), { onInterruption, idleMs: 200 }), [1, 2]);
  assert.deepEqual([...messages], ["nothing came for 0.2 seconds"]);
});

test("an import that waits for its caller is not taken for lost", async (t) => {
  const { client } = await importing(t);
  const numbers: bigint[] = [];
  let [given, mistaken] = [0, 0];
  const onInterruption = () => {
    if (given === numbers.length && given < 2) mistaken++; // otherwise the service is late, where the machine is slow
  };
  async function* slowly() {
    for (const part of parts(1, 1)) {
      given++;
      yield part;
      do await new Promise((resolve) => setTimeout(resolve, 500));
      while (given > numbers.length);
    }
  }
  for await (const { acknowledged } of client.importProfiles(slowly(), { onInterruption, idleMs: 200 })) {
    numbers.push(acknowledged);
  }
  assert.deepEqual([numbers, mistaken], [[1n, 2n], 0]);
});

test("a refused import fails", async (t) => {
  const { client } = await importing(t, [0, refusal(Code.PermissionDenied, "METHOD_NOT_ALLOWED")]);
  await assert.rejects(acknowledged(client, parts(1, 1)), ({ reason }: ApiError) => reason === "METHOD_NOT_ALLOWED");
});

test("an error of the requests comes after the responses to those before it", async (t) => {
  const { client } = await importing(t);
  const failure = new Error("the file is broken");
  function* failing() {
    yield* parts(1, 1);
    throw failure;
  }
  const numbers: bigint[] = [];
  const read = async () => {
    for await (const { acknowledged } of client.importProfiles(failing())) numbers.push(acknowledged);
  };
  await assert.rejects(read(), failure);
  assert.deepEqual(numbers, [1n, 2n]);
});

test("an import that is cancelled ends without an error, and ends its requests", async (t) => {
  // Several times, as the end of the stream and the abort race.
  const { client } = await importing(t, ...Array.from({ length: 20 }, () => [1, "silence"] as const));
  for (let repeated = 0; repeated < 20; repeated++) {
    const controller = new AbortController();
    let ended = false;
    function* requests() {
      try {
        while (true) yield* parts(1);
      } finally {
        ended = true;
      }
    }
    const numbers: bigint[] = [];
    for await (const { acknowledged } of client.importProfiles(requests(), { signal: controller.signal })) {
      numbers.push(acknowledged);
      controller.abort();
    }
    assert.deepEqual([numbers, ended], [[1n], true]);
  }
});

test("a caller who stops while a request is waited for is not kept", async (t) => {
  const { client } = await importing(t);
  async function* requests() {
    yield* parts(1);
    await new Promise(() => {});
  }
  for await (const { acknowledged } of client.importProfiles(requests())) {
    assert.equal(acknowledged, 1n);
    break;
  }
});

test("browsers, which cannot send streams, are told so at once", async (t) => {
  const { service } = await importing(t);
  const client = connectWeb(service.target, { plaintext: true });
  t.after(() => client.close());
  await assert.rejects(acknowledged(client, parts(1)), ({ code }: ApiError) => code === Code.Unimplemented);
});
