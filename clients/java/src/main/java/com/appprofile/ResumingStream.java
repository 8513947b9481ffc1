package com.appprofile;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.ClientCalls;
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
public final class ResumingStream<M extends Message> extends Resuming<M> {
  /**
   * How the stream is opened.
   *
   * @param method its request and its response have a field resume_token
   * @param closed whether the client is closed
   */
  record Calls<Q extends Message, M extends Message>(
      Channel channel, MethodDescriptor<Q, M> method, BooleanSupplier closed) {
    @SuppressWarnings("unchecked") // the request is always of the type of the first one
    Attempt<Q, M> open(Message request) {
      var attempt = new Attempt<Q, M>();
      ClientCalls.asyncServerStreamingCall(channel.newCall(method, CallOptions.DEFAULT), (Q) request, attempt);
      return attempt;
    }
  }

  private final Calls<?, M> calls;
  private Message request;

  <Q extends Message> ResumingStream(
      Calls<Q, M> calls, Q request, Consumer<ApiException> onInterruption, Timing timing) {
    super(calls.closed(), onInterruption, timing);
    this.calls = calls;
    this.request = request;
  }

  @Override
  Attempt<?, M> begin() {
    return calls.open(request);
  }

  @Override
  void received(M message) {
    String token = (String) message.getField(tokenOf(message));
    if (!token.isEmpty()) {
      request = request.toBuilder().setField(tokenOf(request), token).build();
    }
  }

  private static FieldDescriptor tokenOf(Message message) {
    return message.getDescriptorForType().findFieldByName("resume_token");
  }
}
