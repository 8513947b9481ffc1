import { Code, ConnectError } from "@connectrpc/connect";

/** The longest delay that timers take. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** One call's life: it ends with the deadline, or when it is cancelled. What is awaited in it is given up then. */
export class Scope {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #caller: AbortSignal | undefined;
  readonly #endsAt: number;
  /** What last went wrong, for the error that tells that time is up. */
  lastFailure: string | undefined;

  /** @param timeoutMs 0 or less: no deadline. */
  constructor(timeoutMs: number, caller?: AbortSignal) {
    this.#caller = caller;
    this.#endsAt = timeoutMs > 0 ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY;
    if (timeoutMs > 0) this.#timer = setTimeout(this.#expire, Math.min(timeoutMs, MAX_TIMEOUT_MS));
    caller?.addEventListener("abort", this.cancel);
    if (caller?.aborted) this.cancel();
  }

  /** Aborted, with a ConnectError as its reason, when the call is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whole milliseconds, as gRPC's header wants them, and at least 1; undefined without a deadline. */
  get remainingMs(): number | undefined {
    if (this.#endsAt === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(1, Math.ceil(this.#endsAt - performance.now()));
  }

  /** The promise's outcome, or the scope's end if that comes first. */
  within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(this.signal.reason);
      this.signal.addEventListener("abort", giveUp);
      if (this.signal.aborted) giveUp();
      promise.then(resolve, reject).finally(() => this.signal.removeEventListener("abort", giveUp));
    });
  }

  /** Waits so many milliseconds. */
  async pause(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await this.within(
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, ms);
        }),
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the call with an error that says so. */
  readonly cancel = (): void => {
    this.#controller.abort(new ConnectError("the call was cancelled", Code.Canceled));
  };

  /** The call is over: nothing is left behind. */
  end(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.cancel);
  }

  readonly #expire = () => {
    const after = this.lastFailure ? `, after: ${this.lastFailure}` : "";
    this.#controller.abort(new ConnectError(`the call's deadline has passed${after}`, Code.DeadlineExceeded));
  };
}
