package com.appprofile;

import com.google.protobuf.Message;
import io.grpc.Status;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** The messages of a call that is opened again after each interruption. */
abstract class Resuming<M extends Message> implements Iterator<M>, AutoCloseable {
  /**
   * How long the stream waits.
   *
   * @param idle a stream on which nothing came for so long is taken for lost; the service sends a checkpoint every five
   *     seconds
   * @param firstPause after the first interruption; it doubles until a message comes
   * @param longestPause the limit of that
   */
  record Timing(Duration idle, Duration firstPause, Duration longestPause) {
    static final Timing DEFAULT = new Timing(Duration.ofMinutes(1), Duration.ofMillis(500), Duration.ofSeconds(5));
  }

  private final BooleanSupplier clientClosed;
  private final Consumer<ApiException> onInterruption;
  private final Timing timing;
  private M next;
  private int failures;
  private boolean began;

  /** Guards the two fields below. */
  final Object lock = new Object();

  private Attempt<?, M> attempt;
  private boolean ended;

  Resuming(BooleanSupplier clientClosed, Consumer<ApiException> onInterruption, Timing timing) {
    this.clientClosed = clientClosed;
    this.onInterruption = onInterruption;
    this.timing = timing;
  }

  /** Opens the call; holds the lock. */
  abstract Attempt<?, M> begin();

  /** A message has come. */
  abstract void received(M message);

  /** Whether the service is to send something; while it is not, silence is no interruption. */
  boolean isExpecting() {
    return true;
  }

  /** Whether the stream may end now; otherwise it is opened again. */
  boolean isComplete() {
    return true;
  }

  /** There is no next message. May throw why. */
  void finished() {}

  @Override
  public boolean hasNext() {
    try {
      for (Attempt<?, M> open = open(); next == null && open != null; open = open()) {
        try {
          receive(open);
        } catch (ApiException error) {
          resumeAfter(error);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
    if (next == null) {
      finished();
    }
    return next != null;
  }

  @Override
  public M next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    M message = next;
    next = null;
    return message;
  }

  /** Ends the stream. */
  @Override
  public void close() {
    synchronized (lock) {
      ended = true;
      if (attempt != null) {
        attempt.cancel();
      }
      lock.notifyAll();
    }
  }

  /** Whether the stream has ended. */
  final boolean isEnded() {
    synchronized (lock) {
      return ended;
    }
  }

  /** The attempt under way, or a new one; null if the stream has ended. */
  private Attempt<?, M> open() {
    synchronized (lock) {
      if (ended) {
        return null;
      }
      if (attempt == null) {
        attempt = begin();
      }
      return attempt;
    }
  }

  private void receive(Attempt<?, M> open) throws InterruptedException {
    M message = open.take(timing.idle(), this::isExpecting);
    if (message != null) {
      received(message);
      next = message;
      failures = 0;
      began = true;
    } else if (isEnded() || isComplete()) {
      close();
    } else {
      throw ApiException.from(Status.UNAVAILABLE.withDescription("the stream ended early").asRuntimeException());
    }
  }

  private void resumeAfter(ApiException error) throws InterruptedException {
    synchronized (lock) {
      attempt = null;
      if (ended) {
        return;
      }
    }
    if (clientClosed.getAsBoolean() || !passes(error, began)) {
      throw error;
    }
    onInterruption.accept(error);
    long regular =
        Math.min(timing.firstPause().toNanos() << Math.min(failures++, 10), timing.longestPause().toNanos());
    // The readers of a server that stops are spread out.
    long pause = (long) (regular * ThreadLocalRandom.current().nextDouble(0.2, 1));
    long end = System.nanoTime() + Math.max(pause, error.retryDelay().orElse(Duration.ZERO).toNanos());
    synchronized (lock) {
      for (long left = end - System.nanoTime(); left > 0 && !ended; left = end - System.nanoTime()) {
        TimeUnit.NANOSECONDS.timedWait(lock, left);
      }
    }
  }

  /**
   * Whether the stream may be resumed. A full limit of streams passes only for a stream that had a message: its old
   * connection may still be counted.
   */
  private static boolean passes(ApiException error, boolean began) {
    return switch (error.code()) {
      case UNAVAILABLE -> true;
      case RESOURCE_EXHAUSTED -> began && error.retryDelay().isPresent();
      // What gRPC and proxies make of a connection that broke.
      case UNKNOWN, INTERNAL, CANCELLED -> error.reason().isEmpty();
      default -> false;
    };
  }
}
