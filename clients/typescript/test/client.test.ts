import assert from "node:assert/strict";
import { type AddressInfo, createServer, connect as dial } from "node:net";
import { type TestContext, test } from "node:test";
import { inspect } from "node:util";
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import { ApiError, Code, connect, type Options } from "@profile-grpc/appprofile";
import { connect as connectWeb } from "@profile-grpc/appprofile/web";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { Service } from "./service.js";

function client(t: TestContext, target: string, options: Options = {}) {
  const made = connect(target, { plaintext: true, ...options });
  t.after(() => made.close());
  return made;
}

/** No answer, until the call is over. */
function hang({ signal }: HandlerContext): Promise<void> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

/**
 * A port of 127.0.0.1 that nobody listens on, and that nobody else is given before the test ends: a connection keeps it
 * as its own end, which hinders no server.
 */
async function keptPort(t: TestContext): Promise<number> {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const connection = dial({ port, host: "127.0.0.1", localAddress: "127.0.0.1" });
  await new Promise((resolve) => connection.once("connect", resolve));
  t.after(() => {
    connection.destroy();
    other.close();
  });
  return connection.localPort!;
}

async function failure(call: Promise<unknown>): Promise<ApiError> {
  const error = await call.then(
    () => assert.fail("the call succeeded"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ApiError, `${error}`);
  return error;
}

test("credentials and deadline travel with each call", async (t) => {
  const seen: unknown[] = [];
  const { target } = await Service.start(t, ({ requestHeader, timeoutMs }) => {
    seen.push([requestHeader.get("x-api-key"), requestHeader.get("authorization"), Math.round(timeoutMs()! / 60_000)]);
  });
  let asked = 0;
  const { profiles } = client(t, target, { key: "k", jwt: async () => `token-${++asked}`, deadlineMs: 3_600_000 });
  await profiles.heartbeat({});
  await profiles.heartbeat({}, { timeoutMs: 1_800_000 });
  assert.deepEqual(seen, [
    ["k", "Bearer token-1", 60],
    ["k", "Bearer token-2", 30],
  ]);
});

test("a failing token supplier fails the call, and nothing is sent", async (t) => {
  const { target } = await Service.start(t, () => assert.fail("the call was sent"));
  const lost = new Error("no token");
  const { profiles } = client(t, target, { jwt: () => Promise.reject(lost) });
  await assert.rejects(profiles.heartbeat({}), (thrown) => thrown === lost);
});

test("a call ends at its deadline, the token included", async (t) => {
  const { target } = await Service.start(t, hang);
  const slow = await failure(client(t, target).profiles.heartbeat({}, { timeoutMs: 50 }));
  assert.deepEqual([slow.code, slow.reason], [Code.DeadlineExceeded, ""]);
  const jwt = () => new Promise<string>(() => {});
  const asking = await failure(client(t, target, { jwt, deadlineMs: 50 }).profiles.heartbeat({}));
  assert.equal(asking.code, Code.DeadlineExceeded);
});

test("a caller can cancel, and close cancels", async (t) => {
  const { target } = await Service.start(t, hang);
  const cancelled = await failure(client(t, target).profiles.heartbeat({}, { signal: AbortSignal.timeout(50) }));
  assert.equal(cancelled.code, Code.Canceled);
  const closing = client(t, target);
  setTimeout(() => closing.close(), 50);
  assert.equal((await failure(closing.profiles.heartbeat({}))).code, Code.Canceled);
  assert.equal((await failure(closing.profiles.heartbeat({}))).code, Code.Canceled);
});

test("many calls at once are nothing to warn of", async (t) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on("warning", note);
  t.after(() => process.off("warning", note));
  const service = await Service.start(t, () => {});
  const { profiles } = client(t, service.target);
  await Promise.all(Array.from({ length: 50 }, () => profiles.heartbeat({})));
  assert.deepEqual(warnings, []);
});

const details = [
  { desc: ErrorInfoSchema, value: { reason: "INVALID_REQUEST", metadata: { fields: "key" } } },
  { desc: BadRequestSchema, value: { fieldViolations: [{ field: "key", description: "required" }] } },
  { desc: RetryInfoSchema, value: { retryDelay: { seconds: 3n, nanos: 500_000_000 } } },
] as const;

function assertDecoded(error: ApiError): void {
  const { code, reason, message, metadata, violations, retryDelayMs } = error;
  assert.deepEqual([code, reason, message], [Code.InvalidArgument, "INVALID_REQUEST", "bad"]);
  assert.deepEqual([metadata, retryDelayMs], [{ fields: "key" }, 3500]);
  assert.deepEqual(violations, [{ field: "key", description: "required" }]);
}

test("errors are decoded", async (t) => {
  const { target } = await Service.start(t, () => {
    throw new ConnectError("bad", Code.InvalidArgument, undefined, [...details]);
  });
  const error = await failure(client(t, target).profiles.heartbeat({}));
  assertDecoded(error);
  assert.ok(error.cause instanceof ConnectError);
});

test("the status of a batch item is decoded", () => {
  const packed = details.map(({ desc, value }) => anyPack(desc as never, create(desc as never, value as never)));
  assertDecoded(ApiError.fromStatus(create(StatusSchema, { code: 3, message: "bad", details: packed })));
  assert.equal(ApiError.fromStatus(create(StatusSchema, { code: 99 })).code, Code.Unknown);
});

test("UNAVAILABLE is tried again, and nothing else", async (t) => {
  let calls = 0;
  const { target } = await Service.start(t, () => {
    throw new ConnectError("", ++calls === 1 ? Code.Unavailable : Code.Aborted);
  });
  assert.equal((await failure(client(t, target).profiles.heartbeat({}))).code, Code.Aborted);
  assert.equal(calls, 2);
});

test("a connection that breaks is tried again", async (t) => {
  let calls = 0;
  const service = await Service.start(t, () => {
    if (++calls === 1) service.breakConnections();
  });
  await client(t, service.target).profiles.heartbeat({});
  assert.equal(calls, 2);
});

test("a call waits for a server that is not there yet", async (t) => {
  const port = await keptPort(t);
  const call = client(t, `127.0.0.1:${port}`, { deadlineMs: 300_000 }).profiles.heartbeat({});
  setTimeout(() => void Service.start(t, () => {}, "grpc", port), 500);
  await call;
});

test("what could not be reached is told at the deadline", async (t) => {
  const error = await failure(client(t, "127.0.0.1:1", { deadlineMs: 1_000 }).profiles.heartbeat({}));
  assert.equal(error.code, Code.DeadlineExceeded);
  assert.match(error.message, /ECONNREFUSED/);
});

test("gRPC-Web carries the same", async (t) => {
  let calls = 0;
  const answer = ({ requestHeader }: HandlerContext) => {
    assert.equal(requestHeader.get("x-api-key"), "k");
    if (++calls === 1) throw new ConnectError("draining", Code.Unavailable);
    throw new ConnectError("bad", Code.InvalidArgument, undefined, [...details]);
  };
  const { target } = await Service.start(t, answer, "web");
  assertDecoded(await failure(connectWeb(target, { plaintext: true, key: "k" }).profiles.heartbeat({})));
});

test("options that contradict each other are refused", () => {
  assert.throws(() => connect("localhost:1", { plaintext: true, ca: "x" }), TypeError);
  assert.throws(() => connect("localhost:1", { certificate: "x" }), TypeError);
  assert.throws(() => connect("localhost:1", { certificate: "x", privateKey: "x" }), /PEM/);
  assert.throws(() => connect("localhost:1", { ca: "x" }), /PEM/);
  assert.throws(() => connect("localhost:1", { deadlineMs: 0 }), RangeError);
});

test("a URL is no target", () => {
  for (const target of ["http://localhost:50051", "https://profiles.example.com", "HTTP://localhost:1"]) {
    const refused = { name: "TypeError", message: "target must be host:port, without http:// or https://" };
    assert.throws(() => connect(target), refused);
    assert.throws(() => connectWeb(target), refused);
  }
});

test("a key that cannot be sent is refused and not repeated", () => {
  for (const key of ["s3cret\n", "s3cret ", "s3\ncret", "s3cret\u20ac"]) {
    const refused = {
      name: "TypeError",
      message: "key has characters that no key has, such as a line break or white space",
    };
    assert.throws(() => connect("localhost:1", { key }), refused);
    assert.throws(() => connectWeb("localhost:1", { key }), refused);
  }
});

test("no printed client shows an option", (t) => {
  const made = client(t, "localhost:1", { key: "very-secret" });
  assert.doesNotMatch(inspect(made, { depth: 9, showHidden: true }), /very-secret/);
});
