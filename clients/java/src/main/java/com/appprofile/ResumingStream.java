package com.appprofile;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The messages of a server stream. After an interruption it goes on with the message after the last one it gave.
 *
 * <p>Iterate over it in one thread. {@link #close} may be called in any, and ends the iteration without an error; so does
 * an interrupt of the thread, which stays interrupted. {@link #hasNext} throws {@link ResumeTokenExpiredException} if
 * messages were missed, and {@link ApiException} if the call is refused.
 *
 * @param <M> the type of its messages
 */
public final class ResumingStream<M extends Message> implements Iterator<M>, AutoCloseable {
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

  /**
   * How the stream is opened.
   *
   * @param method its request and its response have a field resume_token
   * @param closed whether the client is closed
   */
  record Calls<Q extends Message, M extends Message>(
      Channel channel, MethodDescriptor<Q, M> method, BooleanSupplier closed) {
    @SuppressWarnings("unchecked") // the request is always of the type of the first one
    void open(Message request, ClientResponseObserver<Q, M> observer) {
      ClientCalls.asyncServerStreamingCall(channel.newCall(method, CallOptions.DEFAULT), (Q) request, observer);
    }
  }

  private final Calls<?, M> calls;
  private final Consumer<ApiException> onInterruption;
  private final Timing timing;
  private Message request;
  private M next;
  private int failures;
  private boolean began;

  /** Guards the two fields below. */
  private final Object lock = new Object();

  private Attempt<?, M> attempt;
  private boolean ended;

  <Q extends Message> ResumingStream(
      Calls<Q, M> calls, Q request, Consumer<ApiException> onInterruption, Timing timing) {
    this.calls = calls;
    this.request = request;
    this.onInterruption = onInterruption;
    this.timing = timing;
  }

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

  /** The attempt under way, or a new one; null if the stream has ended. */
  private Attempt<?, M> open() {
    synchronized (lock) {
      if (ended) {
        return null;
      }
      if (attempt == null) {
        attempt = Attempt.of(calls, request);
      }
      return attempt;
    }
  }

  private void receive(Attempt<?, M> open) throws InterruptedException {
    M message = open.take(timing.idle());
    if (message == null) {
      close();
      return;
    }
    String token = (String) message.getField(tokenOf(message));
    if (!token.isEmpty()) {
      request = request.toBuilder().setField(tokenOf(request), token).build();
    }
    next = message;
    failures = 0;
    began = true;
  }

  private void resumeAfter(ApiException error) throws InterruptedException {
    synchronized (lock) {
      attempt = null;
      if (ended) {
        return;
      }
    }
    if (calls.closed().getAsBoolean() || !passes(error, began)) {
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

  private static FieldDescriptor tokenOf(Message message) {
    return message.getDescriptorForType().findFieldByName("resume_token");
  }

  /** One call. At most one message of it is on its way. */
  private static final class Attempt<Q extends Message, M extends Message> implements ClientResponseObserver<Q, M> {
    private static final Object COMPLETE = new Object();

    /** Messages, and what ended the call: COMPLETE or a Throwable. */
    private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();

    private ClientCallStreamObserver<Q> call;

    static <Q extends Message, M extends Message> Attempt<Q, M> of(Calls<Q, M> calls, Message request) {
      var attempt = new Attempt<Q, M>();
      calls.open(request, attempt);
      return attempt;
    }

    /** The next message, or null if the stream is complete. */
    @SuppressWarnings("unchecked") // onNext takes nothing else
    M take(Duration idle) throws InterruptedException {
      Object item = received.poll(idle.toNanos(), TimeUnit.NANOSECONDS);
      if (item == null) {
        cancel();
        String silent = "nothing came for " + idle.toMillis() / 1000.0 + " seconds";
        throw ApiException.from(Status.UNAVAILABLE.withDescription(silent).asRuntimeException());
      }
      if (item instanceof Throwable error) {
        throw ApiException.from(error);
      }
      if (item == COMPLETE) {
        return null;
      }
      call.request(1);
      return (M) item;
    }

    void cancel() {
      call.cancel("the caller wants no more", null);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<Q> requestStream) {
      call = requestStream;
      call.disableAutoRequestWithInitial(1);
    }

    @Override
    public void onNext(M message) {
      received.add(message);
    }

    @Override
    public void onError(Throwable error) {
      received.add(error);
    }

    @Override
    public void onCompleted() {
      received.add(COMPLETE);
    }
  }
}
