package com.appprofile;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors.CheckedForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Gives each call its credentials, and its deadline if it is no stream. */
final class CallInterceptor implements ClientInterceptor {
  private static final Metadata.Key<String> KEY = Metadata.Key.of("x-api-key", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> JWT = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Options options;

  CallInterceptor(Options options) {
    this.options = options;
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions given, Channel next) {
    CallOptions call =
        given.getDeadline() == null && method.getType() == MethodDescriptor.MethodType.UNARY
            ? given.withDeadlineAfter(options.deadline.toNanos(), TimeUnit.NANOSECONDS)
            : given;
    return new CheckedForwardingClientCall<>(next.newCall(method, call)) {
      @Override
      protected void checkedStart(Listener<A> listener, Metadata headers) throws StatusException {
        if (options.key != null) {
          headers.put(KEY, options.key);
        }
        if (options.jwt != null) {
          headers.put(JWT, "Bearer " + token(options.jwt));
        }
        delegate().start(listener, headers);
      }
    };
  }

  private static String token(Callable<String> supplier) throws StatusException {
    try {
      return supplier.call();
    } catch (StatusException e) {
      throw e;
    } catch (StatusRuntimeException e) {
      throw e;
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw Status.UNKNOWN.withDescription("the token supplier failed").withCause(e).asException();
    }
  }
}
