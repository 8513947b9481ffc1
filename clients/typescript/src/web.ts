import { Code, type ConnectError } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { type BaseOptions, baseUrl, Client } from "./client.js";
import type { Wire } from "./reliable.js";

export { Code } from "@connectrpc/connect";
export { type Client, DEFAULT_DEADLINE_MS } from "./client.js";
export { ApiError, ResumeTokenExpiredError, type Violation } from "./errors.js";
export type { StreamOptions } from "./interruptions.js";
export * from "./v1.js";

/** How to connect, and how calls behave. All of it is optional; TLS is the browser's own. */
export type Options = BaseOptions;

/**
 * A client of the service at `target` (`host:port`), over gRPC-Web, for browsers. Nothing is sent yet.
 *
 * @throws TypeError if `target` is not `host:port`.
 */
export function connect(target: string, options: Options = {}): Client {
  return new Client(new FetchWire(baseUrl(target, options.plaintext)), options);
}

/** The browser's connections: it does not tell whether there is one, so each failure to reach the server is an attempt. */
class FetchWire implements Wire {
  readonly transport;
  readonly sendsStreams = false;

  constructor(baseUrl: string) {
    this.transport = createGrpcWebTransport({ baseUrl });
  }

  async ready(): Promise<void> {}

  lost(error: ConnectError): boolean {
    // A fetch that reaches nobody fails with a TypeError.
    return !error.metadata.has("grpc-status") && (error.code === Code.Unavailable || error.cause instanceof TypeError);
  }

  close(): void {}
}
