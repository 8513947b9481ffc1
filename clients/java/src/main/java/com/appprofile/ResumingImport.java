package com.appprofile;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The responses to the requests of an import, in order. After an interruption the requests without a response are sent
 * again; a part that is repeated changes nothing.
 *
 * <p>Iterate over it in one thread; the requests are read in another one. {@link #close} may be called in any, and ends
 * the iteration without an error; so does an interrupt of the thread, which stays interrupted. {@link #hasNext} throws
 * {@link ApiException} if the call is refused, and what reading the requests failed with after the responses to those
 * before it.
 *
 * @param <M> the type of the responses
 */
public final class ResumingImport<M extends Message> extends Resuming<M> {
  /** Requests that are sent ahead of their responses, and kept until these come. */
  private static final int REQUESTS_AHEAD = 8;

  private final Parts<?, M> parts;

  /** The method's request has fields first_record and records. */
  <Q extends Message> ResumingImport(
      Channel channel,
      MethodDescriptor<Q, M> method,
      BooleanSupplier clientClosed,
      Iterable<Q> requests,
      Consumer<ApiException> onInterruption,
      Timing timing) {
    super(clientClosed, onInterruption, timing);
    parts = new Parts<>(this, channel, method, requests);
  }

  @Override
  public void close() {
    super.close();
    parts.stop();
  }

  @Override
  Attempt<?, M> begin() {
    return parts.begin();
  }

  @Override
  void received(M message) {
    parts.answered();
  }

  @Override
  boolean isExpecting() {
    synchronized (lock) {
      return parts.allRead || !parts.open.isEmpty();
    }
  }

  @Override
  boolean isComplete() {
    synchronized (lock) {
      return parts.allRead && parts.open.isEmpty();
    }
  }

  @Override
  void finished() {
    Throwable failure;
    synchronized (lock) {
      failure = isComplete() ? parts.failure : null;
      parts.failure = null;
    }
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure != null) {
      throw (RuntimeException) failure;
    }
  }

  /** What is left of an import. The lock of the import guards all that changes. */
  private static final class Parts<Q extends Message, M extends Message> {
    private final ResumingImport<M> owner;
    private final Channel channel;
    private final MethodDescriptor<Q, M> method;
    private final Iterable<Q> requests;

    /** The requests without a response, of which the attempt has sent the first ones. */
    private final List<Q> open = new ArrayList<>();

    private int sent;
    private boolean allRead;
    private Throwable failure;
    private Attempt<Q, M> attempt;
    private Thread reader;

    Parts(ResumingImport<M> owner, Channel channel, MethodDescriptor<Q, M> method, Iterable<Q> requests) {
      this.owner = owner;
      this.channel = channel;
      this.method = method;
      this.requests = requests;
    }

    Attempt<Q, M> begin() {
      attempt = new Attempt<>();
      ClientCalls.asyncBidiStreamingCall(channel.newCall(method, CallOptions.DEFAULT), attempt);
      sent = 0;
      send();
      if (allRead) {
        attempt.complete();
      }
      if (reader == null) {
        reader = new Thread(this::read, "appprofile-import");
        reader.setDaemon(true);
        reader.start();
      }
      return attempt;
    }

    void answered() {
      synchronized (owner.lock) {
        open.remove(0);
        sent--;
        owner.lock.notifyAll();
      }
    }

    void stop() {
      synchronized (owner.lock) {
        if (reader != null) {
          reader.interrupt();
        }
      }
    }

    /** Sends what the attempt has not sent yet. */
    private void send() {
      while (sent < open.size()) {
        attempt.send(open.get(sent++));
      }
    }

    /** Reads the requests, each once, while there is room for them. */
    private void read() {
      Throwable failed = null;
      try {
        long number = 1;
        for (Q request : requests) {
          Q numbered = numbered(request, number);
          number = first(numbered) + records(numbered);
          if (!add(numbered)) {
            return;
          }
        }
      } catch (InterruptedException e) {
        return; // the import has ended
      } catch (RuntimeException | Error e) {
        failed = e;
      }
      synchronized (owner.lock) {
        failure = failed;
        allRead = true;
        attempt.complete();
      }
    }

    /** Waits for room; false: the import has ended. */
    private boolean add(Q request) throws InterruptedException {
      synchronized (owner.lock) {
        while (open.size() >= REQUESTS_AHEAD && !owner.isEnded()) {
          owner.lock.wait();
        }
        open.add(request);
        send();
        return !owner.isEnded();
      }
    }

    @SuppressWarnings("unchecked") // the builder makes messages of the request's type
    private Q numbered(Q request, long number) {
      if (first(request) != 0) {
        return request;
      }
      var field = request.getDescriptorForType().findFieldByName("first_record");
      return (Q) request.toBuilder().setField(field, number).build();
    }

    private static long first(Message request) {
      return (long) request.getField(request.getDescriptorForType().findFieldByName("first_record"));
    }

    private static int records(Message request) {
      Descriptor type = request.getDescriptorForType();
      return request.getRepeatedFieldCount(type.findFieldByName("records"));
    }
  }
}
