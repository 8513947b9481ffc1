import { createSecureContext } from "node:tls";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { type BaseOptions, baseUrl, Client, MAX_ANSWER_BYTES } from "./client.js";
import type { Wire } from "./reliable.js";
import type { Scope } from "./scope.js";

export { Code } from "@connectrpc/connect";
export { type Client, DEFAULT_DEADLINE_MS } from "./client.js";
export { ApiError, ResumeTokenExpiredError, type Violation } from "./errors.js";
export type { StreamOptions } from "./interruptions.js";
export * from "./v1.js";

/** How to connect, and how calls behave. All of it is optional. */
export interface Options extends BaseOptions {
  /** PEM of the authorities that may sign the server's certificate. Default: those that Node trusts. */
  ca?: string | Buffer | undefined;
  /** PEM that the client presents (mutual TLS), with its `privateKey`. */
  certificate?: string | Buffer | undefined;
  /** PEM. */
  privateKey?: string | Buffer | undefined;
}

/**
 * A client of the service at `target` (`host:port`), over gRPC. Nothing is sent yet.
 *
 * @throws TypeError if options contradict each other, or `target` is not `host:port`; Node's error if PEM is unusable.
 */
export function connect(target: string, options: Options = {}): Client {
  const { plaintext, ca, certificate, privateKey } = options;
  if (plaintext && (ca || certificate || privateKey)) {
    throw new TypeError("plaintext has no TLS: leave out ca, certificate and privateKey, or plaintext");
  }
  if (!certificate !== !privateKey) throw new TypeError("certificate and privateKey go together");
  // Node would take it for an empty list, and trust nobody.
  if (ca && !ca.includes("-----BEGIN CERTIFICATE-----")) throw new TypeError("ca is no PEM certificate");
  // Made here, so that unusable PEM is told at once, and not as a server that cannot be reached.
  const tls = plaintext ? {} : { secureContext: createSecureContext({ ca, cert: certificate, key: privateKey }) };
  return new Client(new Http2Wire(new Http2SessionManager(baseUrl(target, plaintext), undefined, tls)), options);
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;

/** One HTTP/2 connection at a time. While there is none, all callers wait for it together. */
class Http2Wire implements Wire {
  readonly transport: Transport;
  readonly sendsStreams = true;
  readonly #connection: Http2SessionManager;
  readonly #waiting = new Set<Scope>();
  #connecting: Promise<void> | undefined;

  constructor(connection: Http2SessionManager) {
    this.#connection = connection;
    this.transport = createGrpcTransport({
      baseUrl: connection.authority,
      sessionManager: connection,
      readMaxBytes: MAX_ANSWER_BYTES,
    });
  }

  async ready(scope: Scope): Promise<void> {
    this.#waiting.add(scope);
    try {
      this.#connecting ??= this.#connect().finally(() => {
        this.#connecting = undefined;
      });
      await scope.within(this.#connecting);
    } finally {
      this.#waiting.delete(scope);
    }
  }

  lost(error: ConnectError): boolean {
    if (error.metadata.has("grpc-status")) return false;
    return (
      // Without an answer, these come from the connection or from a stream that the server broke off.
      [Code.Unavailable, Code.Aborted, Code.Canceled].includes(error.code) ||
      // The connection ended before the answer did.
      error.rawMessage === "protocol error: missing status" ||
      // All of Node's errors have a code, those of encoding a message have none. A stream that the server reset on
      // purpose is no lost connection.
      (error.cause instanceof Error && "code" in error.cause && error.cause.code !== "ERR_HTTP2_STREAM_ERROR")
    );
  }

  close(): void {
    this.#connection.abort();
  }

  async #connect(): Promise<void> {
    for (let wait = FIRST_WAIT_MS; this.#waiting.size > 0; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      if ((await this.#connection.connect()) !== "error") return;
      for (const scope of this.#waiting) scope.lastFailure = describe(this.#connection.error());
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** Node's message, or, for an error that gathers those of several addresses and has none of its own, its code. */
function describe(failure: unknown): string {
  const { rawMessage, cause } = ConnectError.from(failure);
  return rawMessage || (cause instanceof Error && "code" in cause ? String(cause.code) : "no connection");
}
