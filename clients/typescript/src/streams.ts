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

type Open<M> = (token: string | undefined, signal: AbortSignal) => AsyncIterable<M>;

/**
 * The messages of a server stream, which is opened again after each interruption.
 *
 * @param open Opens the stream after the message with the token; without a token, where the caller wants it to begin.
 */
export async function* resume<M extends { readonly resumeToken: string }>(
  open: Open<M>,
  { signal, onInterruption, idleMs = IDLE_MS }: StreamOptions,
): AsyncGenerator<M, void> {
  let token: string | undefined;
  for (let failures = 0, began = false; !signal?.aborted; failures++) {
    try {
      for await (const message of attempt(open, token, signal, idleMs)) {
        token = message.resumeToken || token;
        failures = 0;
        began = true;
        yield message;
      }
      return;
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof ApiError) || !passes(error, began)) throw error;
      onInterruption?.(error);
      await pause(Math.max(pauseMs(failures), error.retryDelayMs ?? 0), signal);
    }
  }
}

/** The messages of one stream, as long as it is not silent for too long. */
async function* attempt<M>(open: Open<M>, token: string | undefined, caller: AbortSignal | undefined, idleMs: number) {
  const controller = new AbortController();
  const end = () => controller.abort();
  caller?.addEventListener("abort", end);
  if (caller?.aborted) end();
  try {
    const messages = open(token, controller.signal)[Symbol.asyncIterator]();
    for (;;) {
      const next = await unlessSilent(messages, end, idleMs);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    caller?.removeEventListener("abort", end);
    end();
  }
}

async function unlessSilent<M>(
  messages: AsyncIterator<M>,
  end: () => void,
  idleMs: number,
): Promise<IteratorResult<M>> {
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    end();
  }, idleMs);
  try {
    return await messages.next();
  } catch (error) {
    if (!silent) throw error;
    throw ApiError.from(new ConnectError(`nothing came for ${idleMs / 1000} seconds`, Code.Unavailable));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Whether the stream may be resumed. A full limit of streams passes only for a stream that had a message: its old
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
