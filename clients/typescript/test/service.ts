import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import type { TestContext } from "node:test";
import { type Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { type ImportProfilesRequest, ProfileService, type WatchProfilesRequest } from "@profile-grpc/appprofile";
import { ErrorInfoSchema, RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";

type Answer = (context: HandlerContext) => Promise<void> | void;
/** The tokens of a stream's messages, one after the other. */
type Stream = (request: WatchProfilesRequest, context: HandlerContext) => AsyncIterable<string>;
/** The numbers of records that an import acknowledges, one after the other. */
type Import = (requests: AsyncIterable<ImportProfilesRequest>, context: HandlerContext) => AsyncIterable<bigint>;

/** When the call is over. */
export function over({ signal }: HandlerContext): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

/** A refusal of the service. */
export function refusal(code: Code, reason: string, retry = false): ConnectError {
  const info = { desc: ErrorInfoSchema, value: { reason, metadata: { oldest_resume_token: "old" } } };
  const delay = { desc: RetryInfoSchema, value: { retryDelay: { nanos: 1_000_000 } } };
  return new ConnectError("no", code, undefined, retry ? [info, delay] : [info]);
}

/** A service on loopback whose heartbeats and streams are answered as the test says. It ends with the test. */
export class Service {
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly target: string,
    server: Server,
  ) {
    server.on("connection", (socket) => this.#sockets.add(socket));
  }

  static async start(
    t: TestContext,
    answer: Answer,
    protocol: "grpc" | "web" = "grpc",
    port = 0,
    stream?: Stream,
    importing?: Import,
  ): Promise<Service> {
    const routes = (router: ConnectRouter) =>
      router.service(ProfileService, {
        async heartbeat(_request, context) {
          await answer(context);
          return {};
        },
        async *watchProfiles(request, context) {
          for await (const resumeToken of stream?.(request, context) ?? []) yield { resumeToken };
        },
        async *importProfiles(requests, context) {
          for await (const acknowledged of importing?.(requests, context) ?? []) yield { acknowledged };
        },
      });
    const handler = connectNodeAdapter({ routes });
    const server: Server = protocol === "grpc" ? createHttp2Server(handler) : createServer(handler);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const service = new Service(`127.0.0.1:${(server.address() as AddressInfo).port}`, server);
    t.after(() => {
      server.close();
      service.breakConnections();
    });
    return service;
  }

  breakConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}
