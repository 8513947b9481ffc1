import { Attempt, Recovery, type StreamOptions, unavailable } from "./interruptions.js";

/** Requests that are sent ahead of their responses, and kept until these come. */
const REQUESTS_AHEAD = 8;

/** A part of an import. */
interface ImportRequest {
  firstRecord: bigint;
  readonly records: readonly unknown[];
}

type Open<Q, M> = (requests: AsyncIterable<Q>, signal: AbortSignal) => AsyncIterable<M>;
/** The requests of an import, in order. */
export type Requests<Q> = Iterable<Q> | AsyncIterable<Q>;

/** The responses to the requests of an import, whose stream is opened again after each interruption. */
export async function* resumeImport<I, Q extends ImportRequest, M>(
  open: Open<Q, M>,
  requests: Requests<I>,
  toMessage: (request: I) => Q,
  options: StreamOptions,
): AsyncGenerator<M, void> {
  const recovery = new Recovery(options);
  const parts = new Parts(requests, toMessage);
  try {
    while (!options.signal?.aborted) {
      try {
        for await (const response of responses(open, parts, options)) {
          recovery.received();
          yield response;
        }
        break;
      } catch (error) {
        await recovery.wait(error);
      }
    }
    if (!options.signal?.aborted) parts.throwFailure();
  } finally {
    parts.close();
  }
}

/** The responses on one stream. */
async function* responses<I, Q extends ImportRequest, M>(open: Open<Q, M>, parts: Parts<I, Q>, options: StreamOptions) {
  const attempt = new Attempt(options, () => parts.expectsResponse);
  try {
    const received = open(parts.send(attempt), attempt.signal)[Symbol.asyncIterator]();
    for (;;) {
      const next = await attempt.next(received);
      if (!next.done) {
        parts.answered();
        yield next.value;
      } else if (parts.complete) {
        return;
      } else {
        throw unavailable("the stream ended early");
      }
    }
  } finally {
    attempt.end();
  }
}

/** What is left of an import. */
class Parts<I, Q extends ImportRequest> {
  readonly #source: Iterator<I> | AsyncIterator<I>;
  readonly #toMessage: (request: I) => Q;
  /** The requests without a response. */
  readonly #open: Q[] = [];
  #answered = 0;
  #nextRecord = 1n;
  #allRead = false;
  #failure: { readonly error: unknown } | undefined;
  #reading: Promise<void> | undefined;
  #waiting: (() => void) | undefined;

  constructor(requests: Requests<I>, toMessage: (request: I) => Q) {
    this.#source = Symbol.asyncIterator in requests ? requests[Symbol.asyncIterator]() : requests[Symbol.iterator]();
    this.#toMessage = toMessage;
  }

  /** Whether every request has its response. */
  get complete(): boolean {
    return this.#allRead && this.#open.length === 0;
  }

  /** Whether the service is to send something. Otherwise the caller's next request is waited for. */
  get expectsResponse(): boolean {
    return this.#allRead || this.#open.length > 0;
  }

  /** A response came, to the oldest of the requests without one. */
  answered(): void {
    this.#open.shift();
    this.#answered++;
    this.#waiting?.();
  }

  /** The requests without a response, then new ones, until the attempt is over. */
  async *send(attempt: Attempt): AsyncGenerator<Q, void> {
    const over = new Promise<void>((resolve) => attempt.signal.addEventListener("abort", () => resolve()));
    for (let at = this.#answered; !attempt.signal.aborted; ) {
      const request = this.#open[at - this.#answered];
      if (request !== undefined) {
        yield request;
        at++;
      } else if (this.#allRead) {
        return;
      } else {
        // What is read while the attempt ends is kept for the next one.
        await Promise.race([over, this.#open.length < REQUESTS_AHEAD ? this.#read() : this.#room()]);
        attempt.restartSilence();
      }
    }
  }

  /** Throws what the caller's requests failed with. */
  throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Ends the caller's iteration, without waiting for it. */
  close(): void {
    if (!this.#allRead) void Promise.resolve(this.#source.return?.()).catch(() => {});
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Reads one request; one at a time, whoever asks. */
  #read(): Promise<void> {
    this.#reading ??= this.#readNext().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNext(): Promise<void> {
    try {
      const next = await this.#source.next();
      if (next.done) {
        this.#allRead = true;
        return;
      }
      const request = this.#toMessage(next.value);
      request.firstRecord ||= this.#nextRecord;
      this.#nextRecord = request.firstRecord + BigInt(request.records.length);
      this.#open.push(request);
    } catch (error) {
      this.#failure = { error };
      this.#allRead = true;
    }
  }
}
