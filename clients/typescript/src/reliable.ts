import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { ApiError } from "./errors.js";
import { Scope } from "./scope.js";
import serviceConfig from "./service_config.json" with { type: "json" };

/** How a server is reached: what the one in Node and the one in browsers do not share. */
export interface Wire {
  readonly transport: Transport;
  /** Whether it can send more than one request in a call. */
  readonly sendsStreams: boolean;
  /** Resolves when the server can be reached, or has been found not to need it. */
  ready(scope: Scope): Promise<void>;
  /** Whether the error tells that a connection failed; false for what a server answered. */
  lost(error: ConnectError): boolean;
  close(): void;
}

/** What each call carries, and how long it may take. */
export interface CallDefaults {
  readonly key: string | undefined;
  readonly jwt: (() => string | Promise<string>) | undefined;
  readonly deadlineMs: number;
}

const policy = retryPolicy();

/** A transport whose calls carry the credentials, end with their deadline, are tried again, and fail with ApiError. */
export class ReliableTransport implements Transport {
  readonly #wire: Wire;
  readonly #defaults: CallDefaults;
  readonly #calls = new Set<Scope>();
  #closed = false;

  constructor(wire: Wire, defaults: CallDefaults) {
    this.#wire = wire;
    this.#defaults = defaults;
  }

  readonly unary: Transport["unary"] = async (method, signal, timeoutMs, header, message, contextValues) => {
    const scope = new Scope(timeoutMs ?? this.#defaults.deadlineMs, signal);
    this.#calls.add(scope);
    if (this.#closed) scope.cancel();
    try {
      const headers = await scope.within(withCredentials(header, this.#defaults));
      const attempt = async () => {
        await this.#wire.ready(scope);
        const { signal, remainingMs } = scope;
        return this.#wire.transport.unary(method, signal, remainingMs, headers, message, contextValues);
      };
      return await repeat(attempt, scope, this.#wire);
    } catch (error) {
      throw error instanceof ConnectError ? ApiError.from(error) : error;
    } finally {
      this.#end(scope);
    }
  };

  /** Streams have no default deadline, and are not tried again: `resume` goes on with those that can be resumed. */
  readonly stream: Transport["stream"] = async (method, signal, timeoutMs, header, input, contextValues) => {
    const scope = new Scope(timeoutMs ?? 0, signal);
    this.#calls.add(scope);
    if (this.#closed) scope.cancel();
    try {
      if (method.methodKind !== "server_streaming" && !this.#wire.sendsStreams) {
        throw new ConnectError("browsers cannot send a stream of requests", Code.Unimplemented);
      }
      const headers = await scope.within(withCredentials(header, this.#defaults));
      await this.#wire.ready(scope);
      const { signal, remainingMs } = scope;
      const { transport } = this.#wire;
      const response = await transport.stream(method, signal, remainingMs, headers, input, contextValues);
      return { ...response, message: this.#decoded(response.message, scope) };
    } catch (error) {
      this.#end(scope);
      throw this.#decode(error, scope);
    }
  };

  async *#decoded<M>(messages: AsyncIterable<M>, scope: Scope): AsyncGenerator<M> {
    try {
      yield* messages;
    } catch (error) {
      throw this.#decode(error, scope);
    } finally {
      this.#end(scope);
    }
  }

  #decode(error: unknown, scope: Scope): unknown {
    const known = scope.signal.aborted ? scope.signal.reason : error;
    if (!(known instanceof ConnectError)) return known;
    return ApiError.from(this.#wire.lost(known) && !scope.signal.aborted ? unavailable(known) : known);
  }

  #end(scope: Scope): void {
    this.#calls.delete(scope);
    scope.end();
  }

  /** Cancels the calls in flight, and those that come later. */
  close(): void {
    this.#closed = true;
    for (const scope of this.#calls) scope.cancel();
    this.#wire.close();
  }
}

async function repeat<T>(attempt: () => Promise<T>, scope: Scope, wire: Wire): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (scope.signal.aborted) throw scope.signal.reason;
      if (!(error instanceof ConnectError)) throw error;
      const failure = wire.lost(error) ? unavailable(error) : error;
      if (!policy.codes.has(failure.code) || attempts >= policy.maxAttempts) throw failure;
      scope.lastFailure = failure.message;
    }
    await scope.pause(backoffMs(attempts));
  }
}

/** The wait after so many attempts, plus or minus a fifth: callers that failed together spread out. */
function backoffMs(attempts: number): number {
  const regular = policy.initialBackoffMs * policy.backoffMultiplier ** (attempts - 1);
  return Math.min(regular, policy.maxBackoffMs) * (0.8 + 0.4 * Math.random());
}

async function withCredentials(header: HeadersInit | undefined, { key, jwt }: CallDefaults): Promise<Headers> {
  const headers = new Headers(header);
  if (key !== undefined) headers.set("x-api-key", key);
  if (jwt !== undefined) {
    const token = await jwt();
    if (!isVisible(token)) {
      throw new TypeError("jwt returned characters that no JWT has, such as a line break or white space");
    }
    headers.set("authorization", `Bearer ${token}`);
  }
  return headers;
}

/** Whether a header can carry the secret. The error of `Headers` would repeat it. */
export function isVisible(secret: string): boolean {
  return /^[!-~]*$/.test(secret);
}

/** Connect has various codes for a connection that broke; gRPC has one. */
function unavailable(error: ConnectError): ConnectError {
  return error.code === Code.Unavailable
    ? error
    : new ConnectError(error.rawMessage, Code.Unavailable, undefined, undefined, error.cause ?? error);
}

function retryPolicy() {
  const { retryPolicy } = serviceConfig.methodConfig[0]!;
  const ms = (duration: string) => Number.parseFloat(duration) * 1000;
  return {
    maxAttempts: retryPolicy.maxAttempts,
    initialBackoffMs: ms(retryPolicy.initialBackoff),
    maxBackoffMs: ms(retryPolicy.maxBackoff),
    backoffMultiplier: retryPolicy.backoffMultiplier,
    // The config has UNAVAILABLE where Connect has Unavailable.
    codes: new Set(
      retryPolicy.retryableStatusCodes.map((name) => {
        const code = Object.keys(Code).find((each) => each.toUpperCase() === name.replaceAll("_", ""));
        return Code[code as keyof typeof Code];
      }),
    ),
  };
}
