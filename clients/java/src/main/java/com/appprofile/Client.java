package com.appprofile;

import com.appprofile.v1.AppServiceGrpc;
import com.appprofile.v1.AppServiceGrpc.AppServiceBlockingStub;
import com.appprofile.v1.CustomerServiceGrpc;
import com.appprofile.v1.CustomerServiceGrpc.CustomerServiceBlockingStub;
import com.appprofile.v1.CredentialServiceGrpc;
import com.appprofile.v1.CredentialServiceGrpc.CredentialServiceBlockingStub;
import com.appprofile.v1.ExportCustomersRequest;
import com.appprofile.v1.ExportCustomersResponse;
import com.appprofile.v1.ExportProfilesRequest;
import com.appprofile.v1.ExportProfilesResponse;
import com.appprofile.v1.ImportCustomersRequest;
import com.appprofile.v1.ImportCustomersResponse;
import com.appprofile.v1.ImportProfilesRequest;
import com.appprofile.v1.ImportProfilesResponse;
import com.appprofile.v1.ProfileServiceGrpc;
import com.appprofile.v1.ProfileServiceGrpc.ProfileServiceBlockingStub;
import com.appprofile.v1.ResolveRecipientsRequest;
import com.appprofile.v1.ResolveRecipientsResponse;
import com.appprofile.v1.UsageServiceGrpc;
import com.appprofile.v1.UsageServiceGrpc.UsageServiceBlockingStub;
import com.appprofile.v1.WatchProfilesRequest;
import com.appprofile.v1.WatchProfilesResponse;
import com.appprofile.v1.WebhookServiceGrpc;
import com.appprofile.v1.WebhookServiceGrpc.WebhookServiceBlockingStub;
import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.reflect.TypeToken;
import com.google.protobuf.Message;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One connection, for any number of threads. Created by {@link #connect}; close it at the end.
 *
 * <p>Calls are those of the generated stubs, with credentials, a deadline and retries. {@link ApiException#from} tells
 * why one failed.
 */
public final class Client implements AutoCloseable {
  /** A full page of profiles may exceed gRPC's default of 4 MiB. */
  private static final int MAX_ANSWER_BYTES = 64 << 20;

  /** The service's own limit: gRPC repeats a request only if it may keep it until then, by default 1 MiB. */
  private static final int MAX_REQUEST_BYTES = 8 << 20;

  /** What all calls in flight may keep together. */
  private static final int MAX_KEPT_BYTES = 64 << 20;

  private static final Executor AFTER_2_SECONDS = CompletableFuture.delayedExecutor(2, TimeUnit.SECONDS);

  private final ManagedChannel connection;
  private final Channel channel;

  private Client(ManagedChannel connection, Options options) {
    this.connection = connection;
    channel = ClientInterceptors.intercept(connection, new CallInterceptor(options));
    keepConnecting();
  }

  /** A client of a service with TLS and no key. */
  public static Client connect(String target) {
    return connect(target, Options.builder().build());
  }

  /**
   * A client of the service at {@code target} ({@code host:port}). Nothing is sent yet.
   *
   * @throws IllegalArgumentException the target is a URL, or the options hold unusable PEM
   */
  public static Client connect(String target, Options options) {
    ManagedChannel connection =
        channelBuilder(target, options)
            .defaultServiceConfig(serviceConfig())
            .disableServiceConfigLookUp()
            .maxInboundMessageSize(MAX_ANSWER_BYTES)
            .perRpcBufferLimit(MAX_REQUEST_BYTES)
            .retryBufferSize(MAX_KEPT_BYTES)
            .build();
    return new Client(connection, options);
  }

  /** The calls of ProfileService. */
  public ProfileServiceBlockingStub profiles() {
    return ProfileServiceGrpc.newBlockingStub(channel);
  }

  /** The calls of AppService. */
  public AppServiceBlockingStub apps() {
    return AppServiceGrpc.newBlockingStub(channel);
  }

  /** The calls of UsageService. */
  public UsageServiceBlockingStub usage() {
    return UsageServiceGrpc.newBlockingStub(channel);
  }

  /** The calls of WebhookService. */
  public WebhookServiceBlockingStub webhooks() {
    return WebhookServiceGrpc.newBlockingStub(channel);
  }

  /** The calls of CustomerService. */
  public CustomerServiceBlockingStub customers() {
    return CustomerServiceGrpc.newBlockingStub(channel);
  }

  /** The calls of CredentialService. */
  public CredentialServiceBlockingStub credentials() {
    return CredentialServiceGrpc.newBlockingStub(channel);
  }

  /** As {@link #watchProfiles(WatchProfilesRequest, Consumer)}. */
  public ResumingStream<WatchProfilesResponse> watchProfiles(WatchProfilesRequest request) {
    return watchProfiles(request, interruption -> {});
  }

  /**
   * The events of profiles, without end. After an interruption the stream goes on after the last message: nothing is
   * missed, and nothing comes twice. Store the resume token of each message with what its events led to; a message
   * without events is a checkpoint.
   *
   * @param request what to watch, and where to begin
   * @param onInterruption called with the error of each interruption, before the pause that follows
   */
  public ResumingStream<WatchProfilesResponse> watchProfiles(
      WatchProfilesRequest request, Consumer<ApiException> onInterruption) {
    var calls = new ResumingStream.Calls<>(channel, ProfileServiceGrpc.getWatchProfilesMethod(), connection::isShutdown);
    return new ResumingStream<>(calls, request, onInterruption, ResumingStream.Timing.DEFAULT);
  }

  /** As {@link #resolveRecipients(ResolveRecipientsRequest, Consumer)}. */
  public ResumingStream<ResolveRecipientsResponse> resolveRecipients(ResolveRecipientsRequest request) {
    return resolveRecipients(request, interruption -> {});
  }

  /**
   * Whom a message can reach, each profile once; then the ids that reach nobody. After an interruption the stream goes on
   * after the last message. It ends when everything was sent.
   *
   * @param request whom to reach
   * @param onInterruption called with the error of each interruption, before the pause that follows
   */
  public ResumingStream<ResolveRecipientsResponse> resolveRecipients(
      ResolveRecipientsRequest request, Consumer<ApiException> onInterruption) {
    var calls =
        new ResumingStream.Calls<>(channel, ProfileServiceGrpc.getResolveRecipientsMethod(), connection::isShutdown);
    return new ResumingStream<>(calls, request, onInterruption, ResumingStream.Timing.DEFAULT);
  }

  /** As {@link #exportProfiles(ExportProfilesRequest, Consumer)}. */
  public ResumingStream<ExportProfilesResponse> exportProfiles(ExportProfilesRequest request) {
    return exportProfiles(request, interruption -> {});
  }

  /**
   * Every profile of an app, each once, in order of user and device. After an interruption the stream goes on after the
   * last message. It ends when everything was sent.
   *
   * @param request which profiles
   * @param onInterruption called with the error of each interruption, before the pause that follows
   */
  public ResumingStream<ExportProfilesResponse> exportProfiles(
      ExportProfilesRequest request, Consumer<ApiException> onInterruption) {
    var calls =
        new ResumingStream.Calls<>(channel, ProfileServiceGrpc.getExportProfilesMethod(), connection::isShutdown);
    return new ResumingStream<>(calls, request, onInterruption, ResumingStream.Timing.DEFAULT);
  }

  /** As {@link #exportCustomers(ExportCustomersRequest, Consumer)}. */
  public ResumingStream<ExportCustomersResponse> exportCustomers(ExportCustomersRequest request) {
    return exportCustomers(request, interruption -> {});
  }

  /**
   * Every customer of the tenant, each once, ordered by id. After an interruption the stream goes on after the last
   * message. It ends when everything was sent.
   *
   * @param request where to begin
   * @param onInterruption called with the error of each interruption, before the pause that follows
   */
  public ResumingStream<ExportCustomersResponse> exportCustomers(
      ExportCustomersRequest request, Consumer<ApiException> onInterruption) {
    var calls =
        new ResumingStream.Calls<>(channel, CustomerServiceGrpc.getExportCustomersMethod(), connection::isShutdown);
    return new ResumingStream<>(calls, request, onInterruption, ResumingStream.Timing.DEFAULT);
  }

  /** As {@link #importProfiles(Iterable, Consumer)}. */
  public ResumingImport<ImportProfilesResponse> importProfiles(Iterable<ImportProfilesRequest> requests) {
    return importProfiles(requests, interruption -> {});
  }

  /**
   * Imports profiles; the responses, one for each request, in order. After an interruption the requests without a response
   * are sent again; a part that is repeated changes nothing. It ends when every request has its response. Memory does not
   * grow with the import.
   *
   * @param requests parts of one import with the same import id, each of up to 1000 records; records without a number are
   *     numbered from 1. They are read once, in a thread of their own, up to 8 ahead of their responses
   * @param onInterruption called with the error of each interruption, before the pause that follows
   */
  public ResumingImport<ImportProfilesResponse> importProfiles(
      Iterable<ImportProfilesRequest> requests, Consumer<ApiException> onInterruption) {
    return resumeImport(ProfileServiceGrpc.getImportProfilesMethod(), requests, onInterruption);
  }

  /** As {@link #importCustomers(Iterable, Consumer)}. */
  public ResumingImport<ImportCustomersResponse> importCustomers(Iterable<ImportCustomersRequest> requests) {
    return importCustomers(requests, interruption -> {});
  }

  /**
   * Imports customers, as {@link #importProfiles(Iterable, Consumer)}.
   *
   * @param requests parts of one import
   * @param onInterruption called with the error of each interruption, before the pause that follows
   */
  public ResumingImport<ImportCustomersResponse> importCustomers(
      Iterable<ImportCustomersRequest> requests, Consumer<ApiException> onInterruption) {
    return resumeImport(CustomerServiceGrpc.getImportCustomersMethod(), requests, onInterruption);
  }

  private <Q extends Message, M extends Message> ResumingImport<M> resumeImport(
      MethodDescriptor<Q, M> method, Iterable<Q> requests, Consumer<ApiException> onInterruption) {
    return new ResumingImport<>(
        channel, method, connection::isShutdown, requests, onInterruption, ResumingImport.Timing.DEFAULT);
  }

  /** For stubs of other kinds, such as {@code ProfileServiceGrpc.newFutureStub(client.channel())}. */
  public Channel channel() {
    return channel;
  }

  /** Closes the connection. Calls in flight are cancelled. */
  @Override
  public void close() {
    connection.shutdownNow();
  }

  /** Between attempts to connect gRPC itself waits up to two minutes, and has no option for that. */
  private void keepConnecting() {
    ConnectivityState state = connection.getState(false);
    if (state == ConnectivityState.TRANSIENT_FAILURE) {
      AFTER_2_SECONDS.execute(
          () -> {
            connection.resetConnectBackoff();
            keepConnecting();
          });
    } else if (state != ConnectivityState.SHUTDOWN) {
      connection.notifyWhenStateChanged(state, this::keepConnecting);
    }
  }

  private static ManagedChannelBuilder<?> channelBuilder(String target, Options options) {
    if (target.regionMatches(true, 0, "http://", 0, 7) || target.regionMatches(true, 0, "https://", 0, 8)) {
      throw new IllegalArgumentException("target must be host:port, without http:// or https://");
    }
    try {
      return Grpc.newChannelBuilder(target, options.credentials());
    } catch (RuntimeException e) { // for unusable PEM gRPC has only an exception of its internals
      throw new IllegalArgumentException("the TLS options cannot be used: " + e.getMessage(), e);
    }
  }

  /**
   * The policy of all clients, and UNKNOWN beside it: the service never answers so, but grpc-java does for a call that is
   * written to a connection whose end it has not yet been told of (https://github.com/grpc/grpc-java/issues/10120).
   */
  private static Map<String, ?> serviceConfig() {
    try (InputStream file = Client.class.getResourceAsStream("service_config.json")) {
      Objects.requireNonNull(file, "the package lacks its service_config.json");
      var config = new Gson().fromJson(new InputStreamReader(file, StandardCharsets.UTF_8), JsonObject.class);
      for (JsonElement method : config.getAsJsonArray("methodConfig")) {
        var retryPolicy = method.getAsJsonObject().getAsJsonObject("retryPolicy");
        retryPolicy.getAsJsonArray("retryableStatusCodes").add(Status.Code.UNKNOWN.name());
      }
      return new Gson().fromJson(config, new TypeToken<Map<String, ?>>() {});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
