package com.appprofile;

import com.google.protobuf.Message;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** One call of a stream. At most one message of it is on its way. */
final class Attempt<Q extends Message, M extends Message> implements ClientResponseObserver<Q, M> {
  private static final Object COMPLETE = new Object();

  /** Messages, and what ended the call: COMPLETE or a Throwable. */
  private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();

  private ClientCallStreamObserver<Q> call;
  private boolean cancelled;
  private volatile long sendTime = System.nanoTime();

  /**
   * The next message, or null if the stream is complete.
   *
   * @param idle the silence after which the call is taken for lost
   * @param isExpecting whether a message is due
   */
  @SuppressWarnings("unchecked") // onNext takes nothing else
  M take(Duration idle, BooleanSupplier isExpecting) throws InterruptedException {
    long since = System.nanoTime();
    Object item = received.poll(idle.toNanos(), TimeUnit.NANOSECONDS);
    while (item == null) {
      long later = isExpecting.getAsBoolean() ? sendTime : System.nanoTime();
      if (later - since <= 0) {
        cancel();
        String silent = "nothing came for " + idle.toMillis() / 1000.0 + " seconds";
        throw ApiException.from(Status.UNAVAILABLE.withDescription(silent).asRuntimeException());
      }
      since = later;
      item = received.poll(since + idle.toNanos() - System.nanoTime(), TimeUnit.NANOSECONDS);
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

  /** Sends a request. What fails in it is told by the responses. */
  synchronized void send(Q request) {
    if (!cancelled) {
      call.onNext(request);
      sendTime = System.nanoTime();
    }
  }

  /** There are no more requests. */
  synchronized void complete() {
    if (!cancelled) {
      call.onCompleted();
      sendTime = System.nanoTime();
    }
  }

  synchronized void cancel() {
    cancelled = true;
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
