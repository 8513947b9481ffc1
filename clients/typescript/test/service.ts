import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import type { TestContext } from "node:test";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ProfileService, type WatchProfilesRequest } from "@profile-grpc/appprofile";

type Answer = (context: HandlerContext) => Promise<void> | void;
/** The tokens of a stream's messages, one after the other. */
type Stream = (request: WatchProfilesRequest, context: HandlerContext) => AsyncIterable<string>;

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
