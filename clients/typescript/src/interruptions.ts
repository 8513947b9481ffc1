import { Code, ConnectError } from "@connectrpc/connect";
import { ApiError } from "./errors.js";

const IDLE_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

/** The options of one stream. */
export interface StreamOptions {
  /** Ends the stream, without an error. */
  signal?: AbortSignal | undefined;
  /** Called with the error of each interruption, before the pause that follows. */
  onInterruption?: ((error: ApiError) => void) | undefined;
  /**
   * A stream on which nothing came for so many milliseconds is taken for lost. The service sends a checkpoint every five
   * seconds. Default: 60,000.
   */
  idleMs?: number | undefined;
}

/** What a stream does after its failures. */
export class Recovery {
  readonly #options: StreamOptions;
  #began = false;
  #failures = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** A message came. */
  received(): void {
    this.#began = true;
    this.#failures = 0;
  }

  /** Resolves when the stream may be opened again, or the caller wants no more; throws the error if it does not pass. */
  async wait(error: unknown): Promise<void> {
    const { signal, onInterruption } = this.#options;
    if (signal?.aborted) return;
    if (!(error instanceof ApiError) || !passes(error, this.#began)) throw error;
    onInterruption?.(error);
    await pause(Math.max(pauseMs(this.#failures++), error.retryDelayMs ?? 0), signal);
  }
}

/** One opened stream, until it ends, the caller wants no more, or nothing comes for too long. */
export class Attempt {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #idleMs: number;
  readonly #expects: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silent = false;

  /** @param expects Whether a message is due. While none is, silence is no interruption. */
  constructor({ signal, idleMs = IDLE_MS }: StreamOptions, expects: () => boolean = () => true) {
    this.#caller = signal;
    this.#idleMs = idleMs;
    this.#expects = expects;
    signal?.addEventListener("abort", this.end);
    if (signal?.aborted) this.end();
  }

  /** Aborted when the attempt is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The next message. */
  async next<M>(messages: AsyncIterator<M>): Promise<IteratorResult<M>> {
    this.#watch();
    try {
      return await messages.next();
    } catch (error) {
      throw this.#silent ? unavailable(`nothing came for ${this.#idleMs / 1000} seconds`) : error;
    } finally {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  /** The time until the stream counts as silent begins anew. */
  restartSilence(): void {
    if (this.#timer !== undefined) this.#watch();
  }

  /** The attempt is over: the call is cancelled, and nothing is left behind. */
  readonly end = (): void => {
    this.#caller?.removeEventListener("abort", this.end);
    this.#controller.abort();
  };

  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#expects()) return this.#watch();
      this.#silent = true;
      this.end();
    }, this.#idleMs);
  }
}

/** An interruption that the client has noticed itself. */
export function unavailable(message: string): ApiError {
  return ApiError.from(new ConnectError(message, Code.Unavailable));
}

/**
 * Whether the stream may be opened again. A full limit of streams passes only for a stream that had a message: its old
 * connection may still be counted.
 */
function passes({ code, reason, retryDelayMs }: ApiError, began: boolean): boolean {
  switch (code) {
    case Code.Unavailable:
      return true;
    case Code.ResourceExhausted:
      return began && retryDelayMs !== undefined;
    case Code.Unknown: // what proxies make of a connection that broke
    case Code.Internal:
      return reason === "";
    default:
      return false;
  }
}

/** The pause after so many failures in a row. The readers of a server that stops are spread out. */
function pauseMs(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS) * (0.2 + 0.8 * Math.random());
}

/** Waits so long, or until the signal is aborted. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
