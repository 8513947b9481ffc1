package com.appprofile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.appprofile.v1.ProfileServiceGrpc;
import com.appprofile.v1.WatchProfilesRequest;
import com.appprofile.v1.WatchProfilesResponse;
import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Streams that resume by themselves (E4): after which failures, where, and how they end. */
@Timeout(300)
class ResumingStreamTest {
  private static final WatchProfilesRequest OLDEST =
      WatchProfilesRequest.newBuilder().addAppIds("shop").setFromOldest(true).build();
  private static final Metadata.Key<String> KEY = Metadata.Key.of("x-api-key", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<String> SEEN_KEY = Context.key("key");
  private static final ResumingStream.Timing QUICK =
      new ResumingStream.Timing(Duration.ofMinutes(1), Duration.ofMillis(1), Duration.ofMillis(2));

  /** What one stream sends: messages with these tokens, and at the end an error, or silence. */
  private record Script(List<String> tokens, StatusRuntimeException end) {}

  private final List<WatchProfilesRequest> requests = Collections.synchronizedList(new ArrayList<>());
  private final List<String> keys = Collections.synchronizedList(new ArrayList<>());
  private Server server;
  private Client client;

  @AfterEach
  void stop() {
    client.close();
    server.shutdownNow();
  }

  private ResumingStream<WatchProfilesResponse> watch(
      ResumingStream.Timing timing, Consumer<ApiException> onInterruption, Script... streams) throws IOException {
    Deque<Script> scripts = new ArrayDeque<>(List.of(streams));
    return watch(timing, onInterruption, request -> scripts.poll());
  }

  private ResumingStream<WatchProfilesResponse> watch(
      ResumingStream.Timing timing,
      Consumer<ApiException> onInterruption,
      Function<WatchProfilesRequest, Script> streams)
      throws IOException {
    var service =
        new ProfileServiceGrpc.ProfileServiceImplBase() {
          @Override
          public void watchProfiles(WatchProfilesRequest request, StreamObserver<WatchProfilesResponse> caller) {
            requests.add(request);
            keys.add(SEEN_KEY.get());
            Script script = streams.apply(request);
            for (String token : script.tokens()) {
              caller.onNext(WatchProfilesResponse.newBuilder().setResumeToken(token).build());
            }
            if (script.end() != null) {
              caller.onError(script.end());
            }
          }
        };
    ServerInterceptor noteKey =
        new ServerInterceptor() {
          @Override
          public <Q, A> ServerCall.Listener<Q> interceptCall(
              ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            Context context = Context.current().withValue(SEEN_KEY, headers.get(KEY));
            return Contexts.interceptCall(context, call, headers, next);
          }
        };
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(service)
            .intercept(noteKey)
            .build()
            .start();
    // The deadline is of calls, and not of streams.
    Options options = Options.builder().plaintext(true).key("k").deadline(Duration.ofMillis(1)).build();
    client = Client.connect("localhost:" + server.getPort(), options);
    var calls =
        new ResumingStream.Calls<>(client.channel(), ProfileServiceGrpc.getWatchProfilesMethod(), this::isClosed);
    return new ResumingStream<>(calls, OLDEST, onInterruption, timing);
  }

  private ResumingStream<WatchProfilesResponse> watch(Script... streams) throws IOException {
    return watch(QUICK, error -> {}, streams);
  }

  private boolean isClosed() {
    return false;
  }

  private static Script sends(StatusRuntimeException end, String... tokens) {
    return new Script(List.of(tokens), end);
  }

  private static StatusRuntimeException refusal(Status.Code code, String reason) {
    var info = ErrorInfo.newBuilder().setReason(reason).putMetadata("oldest_resume_token", "old");
    var status = com.google.rpc.Status.newBuilder().setCode(code.value()).addDetails(Any.pack(info.build()));
    if (code == Status.Code.RESOURCE_EXHAUSTED) {
      status.addDetails(Any.pack(RetryInfo.newBuilder().setRetryDelay(
          com.google.protobuf.Duration.newBuilder().setNanos(1000)).build()));
    }
    return StatusProto.toStatusRuntimeException(status.build());
  }

  private static List<String> take(ResumingStream<WatchProfilesResponse> stream, int count) {
    List<String> tokens = new ArrayList<>();
    while (tokens.size() < count && stream.hasNext()) {
      tokens.add(stream.next().getResumeToken());
    }
    return tokens;
  }

  @Test
  void anInterruptedStreamGoesOnAfterTheLastMessage() throws IOException {
    List<String> interruptions = new ArrayList<>();
    var stream =
        watch(
            QUICK,
            error -> interruptions.add(error.reason()),
            sends(refusal(Status.Code.UNAVAILABLE, "STREAM_AGED"), "a", "b"),
            sends(Status.INTERNAL.asRuntimeException()),
            sends(null, "c"));
    assertEquals(List.of("a", "b", "c"), take(stream, 3));
    var resumed = WatchProfilesRequest.newBuilder().addAppIds("shop").setResumeToken("b").build();
    assertEquals(List.of(OLDEST, resumed, resumed), requests);
    assertEquals(List.of("k", "k", "k"), keys);
    assertEquals(List.of("STREAM_AGED", ""), interruptions);
    stream.close();
  }

  @Test
  void anExpiredTokenIsAnErrorOfItsOwn() throws IOException {
    var stream = watch(sends(refusal(Status.Code.OUT_OF_RANGE, "RESUME_TOKEN_EXPIRED"), "a"));
    take(stream, 1);
    var error = assertThrows(ResumeTokenExpiredException.class, stream::hasNext);
    assertEquals("old", error.oldestResumeToken());
    assertEquals(Status.Code.OUT_OF_RANGE, error.code());
    assertFalse(stream.hasNext());
  }

  @Test
  void aRefusalEndsTheStream() throws IOException {
    var stream = watch(sends(refusal(Status.Code.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")));
    assertEquals("TOO_MANY_STREAMS", assertThrows(ApiException.class, stream::hasNext).reason());
    assertFalse(stream.hasNext());
    assertEquals(1, requests.size());
  }

  @Test
  void aFullLimitOfStreamsPassesForAStreamThatHadAMessage() throws IOException {
    var full = refusal(Status.Code.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS");
    var stream = watch(sends(full, "a"), sends(null, "b"));
    assertEquals(List.of("a", "b"), take(stream, 2));
    stream.close();
  }

  @Test
  void aSilentStreamIsTakenForLost() throws IOException {
    List<String> interruptions = new ArrayList<>();
    var timing = new ResumingStream.Timing(Duration.ofMillis(500), Duration.ofMillis(1), Duration.ofMillis(2));
    // By the request: on a slow machine a stream may be taken for lost before its message has come.
    var stream =
        watch(
            timing,
            error -> interruptions.add(error.getMessage()),
            request -> sends(null, request.hasFromOldest() ? "a" : "b"));
    assertEquals(List.of("a", "b"), take(stream, 2));
    assertEquals(Set.of("nothing came for 0.5 seconds"), Set.copyOf(interruptions));
    stream.close();
  }

  @Test
  void closeEndsAStreamThatWaits() throws IOException {
    var stream = watch(sends(null, "a"));
    assertEquals(List.of("a"), take(stream, 1));
    CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS).execute(stream::close);
    assertFalse(stream.hasNext());
  }

  @Test
  void closeEndsThePauseAfterAnInterruption() throws IOException {
    var timing = new ResumingStream.Timing(Duration.ofHours(1), Duration.ofHours(1), Duration.ofHours(1));
    var stream = watch(timing, error -> {}, sends(refusal(Status.Code.UNAVAILABLE, "DRAINING"), "a"));
    assertEquals(List.of("a"), take(stream, 1));
    CompletableFuture.delayedExecutor(300, TimeUnit.MILLISECONDS).execute(stream::close);
    assertFalse(stream.hasNext());
  }

  @Test
  void anInterruptEndsTheStream() throws IOException {
    var stream = watch(sends(null, "a"));
    take(stream, 1);
    Thread.currentThread().interrupt();
    assertFalse(stream.hasNext());
    assertTrue(Thread.interrupted());
  }

  @Test
  void aClosedClientEndsTheStreamWithAnError() throws IOException {
    watch(sends(null, "a"));
    var stream = client.watchProfiles(OLDEST);
    assertEquals(List.of("a"), take(stream, 1));
    CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS).execute(client::close);
    assertThrows(ApiException.class, stream::hasNext);
  }
}
