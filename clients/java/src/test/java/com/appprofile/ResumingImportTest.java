package com.appprofile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.appprofile.v1.ImportProfilesRequest;
import com.appprofile.v1.ImportProfilesResponse;
import com.appprofile.v1.ProfileRecord;
import com.appprofile.v1.ProfileServiceGrpc;
import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
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
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Imports that go on by themselves (I2): what is sent again, after which failures, and how they end. */
@Timeout(300)
class ResumingImportTest {
  private static final Metadata.Key<String> KEY = Metadata.Key.of("x-api-key", Metadata.ASCII_STRING_MARSHALLER);
  private static final Resuming.Timing QUICK =
      new Resuming.Timing(Duration.ofMinutes(1), Duration.ofMillis(1), Duration.ofMillis(2));
  private static final Resuming.Timing IMPATIENT =
      new Resuming.Timing(Duration.ofMillis(500), Duration.ofMillis(1), Duration.ofMillis(2));

  /** What one stream does: acknowledges so many requests, then fails with end, or is silent. */
  private record Script(int requests, StatusRuntimeException end) {}

  private final Deque<Script> scripts = new ArrayDeque<>();
  private final List<Long> acknowledged = Collections.synchronizedList(new ArrayList<>());
  private final Set<String> keys = Collections.synchronizedSet(new HashSet<>());
  private Server server;
  private Client client;

  @AfterEach
  void stop() {
    client.close();
    server.shutdownNow();
  }

  private void serve(Script... streams) throws IOException {
    scripts.addAll(List.of(streams));
    var service =
        new ProfileServiceGrpc.ProfileServiceImplBase() {
          @Override
          public StreamObserver<ImportProfilesRequest> importProfiles(StreamObserver<ImportProfilesResponse> caller) {
            Script script = scripts.poll();
            return new Scripted(script == null ? new Script(Integer.MAX_VALUE, null) : script, caller);
          }
        };
    ServerInterceptor noteKey =
        new ServerInterceptor() {
          @Override
          public <Q, A> ServerCall.Listener<Q> interceptCall(
              ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            keys.add(String.valueOf(headers.get(KEY)));
            return next.startCall(call, headers);
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
  }

  private final class Scripted implements StreamObserver<ImportProfilesRequest> {
    private final Script script;
    private final StreamObserver<ImportProfilesResponse> caller;
    private int answered;

    Scripted(Script script, StreamObserver<ImportProfilesResponse> caller) {
      this.script = script;
      this.caller = caller;
      endIfDone();
    }

    @Override
    public void onNext(ImportProfilesRequest request) {
      if (answered == script.requests()) {
        return;
      }
      answered++;
      acknowledged.add(request.getFirstRecord());
      long last = request.getFirstRecord() + request.getRecordsCount() - 1;
      caller.onNext(ImportProfilesResponse.newBuilder().setAcknowledged(last).build());
      endIfDone();
    }

    private void endIfDone() {
      if (answered == script.requests() && script.end() != null) {
        caller.onError(script.end());
      }
    }

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onCompleted() {
      if (answered < script.requests()) {
        caller.onCompleted();
      }
    }
  }

  private ResumingImport<ImportProfilesResponse> start(
      Resuming.Timing timing, Consumer<ApiException> onInterruption, Iterable<ImportProfilesRequest> requests) {
    return new ResumingImport<>(
        client.channel(),
        ProfileServiceGrpc.getImportProfilesMethod(),
        () -> false,
        requests,
        onInterruption,
        timing);
  }

  private static List<Long> read(Iterator<ImportProfilesResponse> responses) {
    List<Long> numbers = new ArrayList<>();
    responses.forEachRemaining(response -> numbers.add(response.getAcknowledged()));
    return numbers;
  }

  /** Requests with so many records each. */
  private static List<ImportProfilesRequest> parts(int... counts) {
    return IntStream.of(counts)
        .mapToObj(
            count ->
                ImportProfilesRequest.newBuilder()
                    .setAppId("shop")
                    .setImportId("move")
                    .addAllRecords(Collections.nCopies(count, ProfileRecord.getDefaultInstance()))
                    .build())
        .toList();
  }

  private static StatusRuntimeException refusal(Status.Code code, String reason) {
    var info = ErrorInfo.newBuilder().setReason(reason).build();
    var status = com.google.rpc.Status.newBuilder().setCode(code.value()).addDetails(Any.pack(info));
    return StatusProto.toStatusRuntimeException(status.build());
  }

  private static StatusRuntimeException aged() {
    return refusal(Status.Code.UNAVAILABLE, "STREAM_AGED");
  }

  @Test
  void anImportGoesOnAfterTheLastAcknowledgedRecord() throws IOException {
    serve(new Script(1, aged()), new Script(1, aged()));
    List<String> interruptions = new ArrayList<>();
    try (var responses = start(QUICK, error -> interruptions.add(error.reason()), parts(2, 3, 1))) {
      assertEquals(List.of(2L, 5L, 6L), read(responses));
    }
    assertEquals(List.of(1L, 3L, 6L), acknowledged);
    assertEquals(Set.of("k"), keys);
    assertEquals(List.of("STREAM_AGED", "STREAM_AGED"), interruptions);
  }

  @Test
  void anImportOfManyRequestsKeepsTheirOrder() throws IOException {
    serve(new Script(5, aged()), new Script(20, aged()));
    int[] ones = IntStream.generate(() -> 1).limit(50).toArray();
    assertEquals(LongStream.rangeClosed(1, 50).boxed().toList(), read(start(QUICK, error -> {}, parts(ones))));
  }

  @Test
  void anImportWithoutRequestsEnds() throws IOException {
    serve();
    assertFalse(client.importProfiles(parts()).hasNext());
  }

  @Test
  void aSilentImportIsOpenedAgain() throws IOException {
    serve(new Script(1, null));
    List<String> interruptions = new ArrayList<>();
    var responses = start(IMPATIENT, error -> interruptions.add(error.getMessage()), parts(1, 1));
    assertEquals(List.of(1L, 2L), read(responses));
    // Several of them, where the machine is slow.
    assertEquals(Set.of("nothing came for 0.5 seconds"), Set.copyOf(interruptions));
  }

  @Test
  void anImportThatWaitsForItsCallerIsNotTakenForLost() throws IOException {
    serve();
    var given = new AtomicInteger();
    var received = new AtomicInteger();
    var mistaken = new AtomicInteger();
    Stream<ImportProfilesRequest> slowly =
        parts(1, 1).stream()
            .peek(
                part -> {
                  do {
                    pause();
                  } while (given.get() > received.get());
                  given.incrementAndGet();
                });
    Consumer<ApiException> onInterruption =
        error -> {
          int waiting = given.get();
          if (waiting == received.get() && waiting < 2) { // otherwise the service is late, where the machine is slow
            mistaken.incrementAndGet();
          }
        };
    var responses = start(IMPATIENT, onInterruption, slowly::iterator);
    for (long number : List.of(1L, 2L)) {
      assertEquals(number, responses.next().getAcknowledged());
      received.incrementAndGet();
    }
    assertFalse(responses.hasNext());
    assertEquals(0, mistaken.get());
  }

  private static void pause() {
    try {
      Thread.sleep(1200);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aRefusedImportFails() throws IOException {
    serve(new Script(0, refusal(Status.Code.PERMISSION_DENIED, "METHOD_NOT_ALLOWED")));
    var responses = client.importProfiles(parts(1, 1));
    assertEquals("METHOD_NOT_ALLOWED", assertThrows(ApiException.class, responses::hasNext).reason());
    assertFalse(responses.hasNext());
  }

  @Test
  void anErrorOfTheRequestsComesAfterTheResponsesToThoseBeforeIt() throws IOException {
    serve();
    var failure = new IllegalStateException("the file is broken");
    Stream<ImportProfilesRequest> failing =
        Stream.concat(
            parts(1, 1).stream(),
            Stream.<ImportProfilesRequest>generate(
                () -> {
                  throw failure;
                }));
    var responses = client.importProfiles(failing::iterator);
    assertEquals(1, responses.next().getAcknowledged());
    assertEquals(2, responses.next().getAcknowledged());
    assertSame(failure, assertThrows(IllegalStateException.class, responses::hasNext));
  }

  @Test
  void closeEndsAnImportThatWaits() throws IOException {
    serve(new Script(1, null));
    var responses = client.importProfiles(parts(1, 1));
    assertEquals(1, responses.next().getAcknowledged());
    CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS).execute(responses::close);
    assertFalse(responses.hasNext());
  }

  @Test
  void closeEndsTheReadingOfRequests() throws Exception {
    serve();
    var interrupted = new CountDownLatch(1);
    Stream<ImportProfilesRequest> endless =
        Stream.concat(parts(1).stream(), Stream.generate(() -> waitForInterrupt(interrupted)));
    try (var responses = client.importProfiles(endless::iterator)) {
      assertEquals(1, responses.next().getAcknowledged());
    }
    interrupted.await();
  }

  private static ImportProfilesRequest waitForInterrupt(CountDownLatch interrupted) {
    try {
      Thread.sleep(300_000);
    } catch (InterruptedException e) {
      interrupted.countDown();
    }
    throw new IllegalStateException("the import has ended");
  }

  @Test
  void anInterruptEndsTheImport() throws IOException {
    serve(new Script(1, null));
    var responses = client.importProfiles(parts(1, 1));
    responses.next();
    Thread.currentThread().interrupt();
    assertFalse(responses.hasNext());
    assertTrue(Thread.interrupted());
  }
}
