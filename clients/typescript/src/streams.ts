import { Attempt, Recovery, type StreamOptions } from "./interruptions.js";

type Open<M> = (token: string | undefined, signal: AbortSignal) => AsyncIterable<M>;

/**
 * The messages of a server stream, which is opened again after each interruption.
 *
 * @param open Opens the stream after the message with the token; without a token, where the caller wants it to begin.
 */
export async function* resume<M extends { readonly resumeToken: string }>(
  open: Open<M>,
  options: StreamOptions,
): AsyncGenerator<M, void> {
  const recovery = new Recovery(options);
  let token: string | undefined;
  while (!options.signal?.aborted) {
    try {
      for await (const message of messages(open, token, options)) {
        token = message.resumeToken || token;
        recovery.received();
        yield message;
      }
      return;
    } catch (error) {
      await recovery.wait(error);
    }
  }
}

/** The messages of one stream. */
async function* messages<M>(open: Open<M>, token: string | undefined, options: StreamOptions) {
  const attempt = new Attempt(options);
  try {
    const received = open(token, attempt.signal)[Symbol.asyncIterator]();
    for (;;) {
      const next = await attempt.next(received);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    attempt.end();
  }
}
