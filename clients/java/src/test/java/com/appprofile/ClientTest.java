package com.appprofile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.appprofile.v1.HeartbeatRequest;
import com.appprofile.v1.HeartbeatResponse;
import com.appprofile.v1.ProfileServiceGrpc;
import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Context;
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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the layer adds to the stubs. */
@Timeout(300)
class ClientTest {
  private static final com.google.rpc.Status REFUSED =
      com.google.rpc.Status.newBuilder()
          .setCode(Status.Code.INVALID_ARGUMENT.value())
          .setMessage("bad")
          .addDetails(
              Any.pack(ErrorInfo.newBuilder().setReason("INVALID_REQUEST").putMetadata("fields", "key").build()))
          .addDetails(
              Any.pack(
                  BadRequest.newBuilder()
                      .addFieldViolations(
                          BadRequest.FieldViolation.newBuilder().setField("key").setDescription("required"))
                      .build()))
          .addDetails(
              Any.pack(
                  RetryInfo.newBuilder()
                      .setRetryDelay(com.google.protobuf.Duration.newBuilder().setSeconds(3).setNanos(500_000_000))
                      .build()))
          .build();

  private final AtomicInteger calls = new AtomicInteger();
  private final List<String> seen = Collections.synchronizedList(new ArrayList<>());
  private Server server;

  @AfterEach
  void stop() {
    if (server != null) {
      server.shutdownNow();
    }
  }

  /** What the service does with a heartbeat, by its number. */
  private interface Answer {
    void to(StreamObserver<HeartbeatResponse> caller, int call);
  }

  private static final Answer ACCEPT =
      (caller, call) -> {
        caller.onNext(HeartbeatResponse.getDefaultInstance());
        caller.onCompleted();
      };
  private static final Answer HANG = (caller, call) -> {};

  /** Starts a service on loopback. Its address. */
  private String serve(int port, Answer answer) throws IOException {
    var service =
        new ProfileServiceGrpc.ProfileServiceImplBase() {
          @Override
          public void heartbeat(HeartbeatRequest request, StreamObserver<HeartbeatResponse> caller) {
            answer.to(caller, calls.incrementAndGet());
          }
        };
    server =
        Grpc.newServerBuilderForPort(port, InsecureServerCredentials.create())
            .addService(service)
            .intercept(new Recorder())
            .build()
            .start();
    return "127.0.0.1:" + server.getPort();
  }

  private static Client client(String target, Options.Builder options) {
    return Client.connect(target, options.plaintext(true).build());
  }

  private static ApiException failure(Client client) {
    return ApiException.from(assertThrows(StatusRuntimeException.class, () -> beat(client)));
  }

  private static void beat(Client client) {
    client.profiles().heartbeat(HeartbeatRequest.getDefaultInstance());
  }

  @Test
  void credentialsAndDeadlineTravelWithEachCall() throws IOException {
    String target = serve(0, ACCEPT);
    AtomicInteger asked = new AtomicInteger();
    var options =
        Options.builder().key("k").jwt(() -> "token-" + asked.incrementAndGet()).deadline(Duration.ofMinutes(60));
    try (Client client = client(target, options)) {
      beat(client);
      client.profiles().withDeadlineAfter(30, TimeUnit.MINUTES).heartbeat(HeartbeatRequest.getDefaultInstance());
    }
    assertEquals(List.of("k Bearer token-1 60 min", "k Bearer token-2 30 min"), seen);
  }

  @Test
  void aFailingTokenSupplierFailsTheCallAndNothingIsSent() throws IOException {
    Exception lost = new Exception("no token");
    var options = Options.builder().jwt(() -> { throw lost; });
    try (Client client = client(serve(0, ACCEPT), options)) {
      assertSame(lost, assertThrows(StatusRuntimeException.class, () -> beat(client)).getCause());
    }
    Status refused = Status.UNAUTHENTICATED.withDescription("log in again");
    try (Client client = client("127.0.0.1:1", Options.builder().jwt(() -> { throw refused.asException(); }))) {
      assertEquals(Status.Code.UNAUTHENTICATED, failure(client).code());
    }
    assertEquals(0, calls.get());
  }

  @Test
  void aCallEndsAtItsDeadline() throws IOException {
    var options = Options.builder().deadline(Duration.ofMillis(100));
    try (Client client = client(serve(0, HANG), options)) {
      ApiException error = failure(client);
      assertEquals(Status.Code.DEADLINE_EXCEEDED, error.code());
      assertEquals("", error.reason());
    }
  }

  @Test
  void errorsAreDecoded() throws IOException {
    String target = serve(0, (caller, call) -> caller.onError(StatusProto.toStatusRuntimeException(REFUSED)));
    try (Client client = client(target, Options.builder())) {
      ApiException error = failure(client);
      assertDecoded(error);
      assertInstanceOf(StatusRuntimeException.class, error.getCause());
    }
    assertDecoded(ApiException.fromStatus(REFUSED));
  }

  private static void assertDecoded(ApiException error) {
    assertEquals("com.appprofile.ApiException: INVALID_ARGUMENT INVALID_REQUEST bad", error.toString());
    assertEquals(Status.Code.INVALID_ARGUMENT, error.code());
    assertEquals("INVALID_REQUEST", error.reason());
    assertEquals(Map.of("fields", "key"), error.metadata());
    assertEquals(List.of(new ApiException.Violation("key", "required")), error.violations());
    assertEquals(Optional.of(Duration.ofMillis(3500)), error.retryDelay());
  }

  @Test
  void whatALostConnectionGivesIsTriedAgainAndNothingElse() throws IOException {
    List<Status> answers = List.of(Status.UNAVAILABLE, Status.UNKNOWN, Status.ABORTED);
    String target = serve(0, (caller, call) -> caller.onError(answers.get(call - 1).asException()));
    try (Client client = client(target, Options.builder())) {
      assertEquals(Status.Code.ABORTED, failure(client).code());
    }
    assertEquals(answers.size(), calls.get());
  }

  @Test
  void aCallWaitsForAServerThatIsNotThereYet() throws Exception {
    try (Socket kept = new Socket()) {
      // Bound, it keeps the port from others; as it does not listen, it hinders no server.
      kept.setReuseAddress(true);
      kept.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      var options = Options.builder().deadline(Duration.ofMinutes(5));
      try (Client client = client("127.0.0.1:" + kept.getLocalPort(), options)) {
        var call = CompletableFuture.runAsync(() -> beat(client));
        TimeUnit.MILLISECONDS.sleep(500);
        serve(kept.getLocalPort(), ACCEPT);
        call.get();
      }
    }
  }

  @Test
  void whatCouldNotBeReachedIsToldAtTheDeadline() {
    try (Client client = client("127.0.0.1:1", Options.builder().deadline(Duration.ofSeconds(2)))) {
      failure(client); // loads classes: where that takes long, the deadline passes before the refusal
      ApiException error = failure(client);
      assertEquals(Status.Code.DEADLINE_EXCEEDED, error.code());
      assertTrue(error.getMessage().contains("onnection"), error.getMessage());
    }
  }

  @Test
  void optionsThatContradictEachOtherAreRefused() {
    byte[] pem = {'x'};
    for (Options.Builder options :
        List.of(
            Options.builder().plaintext(true).ca(pem),
            Options.builder().certificate(pem),
            Options.builder().ca(pem),
            Options.builder().certificate(pem).privateKey(pem),
            Options.builder().deadline(Duration.ZERO))) {
      assertThrows(IllegalArgumentException.class, () -> Client.connect("localhost:1", options.build()).close());
    }
  }

  @Test
  void aUrlIsNoTarget() {
    for (var target : List.of("http://localhost:50051", "https://profiles.example.com", "HTTP://localhost:1")) {
      var refused = assertThrows(IllegalArgumentException.class, () -> Client.connect(target).close());
      assertEquals("target must be host:port, without http:// or https://", refused.getMessage());
    }
  }

  @Test
  void nothingPrintedShowsASecret() {
    Options options = Options.builder().key("very-secret").plaintext(true).build();
    try (Client client = Client.connect("127.0.0.1:1", options)) {
      assertFalse((options.toString() + client + client.profiles().getCallOptions()).contains("very-secret"));
    }
  }

  /** Notes what comes with each call. */
  private final class Recorder implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      seen.add(
          "%s %s %d min"
              .formatted(
                  headers.get(Metadata.Key.of("x-api-key", Metadata.ASCII_STRING_MARSHALLER)),
                  headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER)),
                  Math.round(Context.current().getDeadline().timeRemaining(TimeUnit.SECONDS) / 60.0)));
      return next.startCall(call, headers);
    }
  }
}
