package com.appprofile.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * For operators. A webhook gets the events of its tenant's apps in requests that follow the Standard Webhooks
 * specification: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, a body of up to 100 CloudEvents in
 * JSON. At least once, and in order for each profile.
 * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
 * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class WebhookServiceGrpc {

  private WebhookServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "appprofile.v1.WebhookService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.CreateWebhookRequest,
      com.appprofile.v1.CreateWebhookResponse> getCreateWebhookMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateWebhook",
      requestType = com.appprofile.v1.CreateWebhookRequest.class,
      responseType = com.appprofile.v1.CreateWebhookResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.CreateWebhookRequest,
      com.appprofile.v1.CreateWebhookResponse> getCreateWebhookMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.CreateWebhookRequest, com.appprofile.v1.CreateWebhookResponse> getCreateWebhookMethod;
    if ((getCreateWebhookMethod = WebhookServiceGrpc.getCreateWebhookMethod) == null) {
      synchronized (WebhookServiceGrpc.class) {
        if ((getCreateWebhookMethod = WebhookServiceGrpc.getCreateWebhookMethod) == null) {
          WebhookServiceGrpc.getCreateWebhookMethod = getCreateWebhookMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.CreateWebhookRequest, com.appprofile.v1.CreateWebhookResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateWebhook"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CreateWebhookRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CreateWebhookResponse.getDefaultInstance()))
              .setSchemaDescriptor(new WebhookServiceMethodDescriptorSupplier("CreateWebhook"))
              .build();
        }
      }
    }
    return getCreateWebhookMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.GetWebhookRequest,
      com.appprofile.v1.GetWebhookResponse> getGetWebhookMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetWebhook",
      requestType = com.appprofile.v1.GetWebhookRequest.class,
      responseType = com.appprofile.v1.GetWebhookResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.GetWebhookRequest,
      com.appprofile.v1.GetWebhookResponse> getGetWebhookMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.GetWebhookRequest, com.appprofile.v1.GetWebhookResponse> getGetWebhookMethod;
    if ((getGetWebhookMethod = WebhookServiceGrpc.getGetWebhookMethod) == null) {
      synchronized (WebhookServiceGrpc.class) {
        if ((getGetWebhookMethod = WebhookServiceGrpc.getGetWebhookMethod) == null) {
          WebhookServiceGrpc.getGetWebhookMethod = getGetWebhookMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.GetWebhookRequest, com.appprofile.v1.GetWebhookResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetWebhook"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetWebhookRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetWebhookResponse.getDefaultInstance()))
              .setSchemaDescriptor(new WebhookServiceMethodDescriptorSupplier("GetWebhook"))
              .build();
        }
      }
    }
    return getGetWebhookMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.UpdateWebhookRequest,
      com.appprofile.v1.UpdateWebhookResponse> getUpdateWebhookMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateWebhook",
      requestType = com.appprofile.v1.UpdateWebhookRequest.class,
      responseType = com.appprofile.v1.UpdateWebhookResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.UpdateWebhookRequest,
      com.appprofile.v1.UpdateWebhookResponse> getUpdateWebhookMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.UpdateWebhookRequest, com.appprofile.v1.UpdateWebhookResponse> getUpdateWebhookMethod;
    if ((getUpdateWebhookMethod = WebhookServiceGrpc.getUpdateWebhookMethod) == null) {
      synchronized (WebhookServiceGrpc.class) {
        if ((getUpdateWebhookMethod = WebhookServiceGrpc.getUpdateWebhookMethod) == null) {
          WebhookServiceGrpc.getUpdateWebhookMethod = getUpdateWebhookMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.UpdateWebhookRequest, com.appprofile.v1.UpdateWebhookResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateWebhook"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UpdateWebhookRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UpdateWebhookResponse.getDefaultInstance()))
              .setSchemaDescriptor(new WebhookServiceMethodDescriptorSupplier("UpdateWebhook"))
              .build();
        }
      }
    }
    return getUpdateWebhookMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ListWebhooksRequest,
      com.appprofile.v1.ListWebhooksResponse> getListWebhooksMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListWebhooks",
      requestType = com.appprofile.v1.ListWebhooksRequest.class,
      responseType = com.appprofile.v1.ListWebhooksResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ListWebhooksRequest,
      com.appprofile.v1.ListWebhooksResponse> getListWebhooksMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ListWebhooksRequest, com.appprofile.v1.ListWebhooksResponse> getListWebhooksMethod;
    if ((getListWebhooksMethod = WebhookServiceGrpc.getListWebhooksMethod) == null) {
      synchronized (WebhookServiceGrpc.class) {
        if ((getListWebhooksMethod = WebhookServiceGrpc.getListWebhooksMethod) == null) {
          WebhookServiceGrpc.getListWebhooksMethod = getListWebhooksMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ListWebhooksRequest, com.appprofile.v1.ListWebhooksResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListWebhooks"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListWebhooksRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListWebhooksResponse.getDefaultInstance()))
              .setSchemaDescriptor(new WebhookServiceMethodDescriptorSupplier("ListWebhooks"))
              .build();
        }
      }
    }
    return getListWebhooksMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.DeleteWebhookRequest,
      com.appprofile.v1.DeleteWebhookResponse> getDeleteWebhookMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteWebhook",
      requestType = com.appprofile.v1.DeleteWebhookRequest.class,
      responseType = com.appprofile.v1.DeleteWebhookResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.DeleteWebhookRequest,
      com.appprofile.v1.DeleteWebhookResponse> getDeleteWebhookMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.DeleteWebhookRequest, com.appprofile.v1.DeleteWebhookResponse> getDeleteWebhookMethod;
    if ((getDeleteWebhookMethod = WebhookServiceGrpc.getDeleteWebhookMethod) == null) {
      synchronized (WebhookServiceGrpc.class) {
        if ((getDeleteWebhookMethod = WebhookServiceGrpc.getDeleteWebhookMethod) == null) {
          WebhookServiceGrpc.getDeleteWebhookMethod = getDeleteWebhookMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.DeleteWebhookRequest, com.appprofile.v1.DeleteWebhookResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteWebhook"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.DeleteWebhookRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.DeleteWebhookResponse.getDefaultInstance()))
              .setSchemaDescriptor(new WebhookServiceMethodDescriptorSupplier("DeleteWebhook"))
              .build();
        }
      }
    }
    return getDeleteWebhookMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.RotateWebhookSecretRequest,
      com.appprofile.v1.RotateWebhookSecretResponse> getRotateWebhookSecretMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RotateWebhookSecret",
      requestType = com.appprofile.v1.RotateWebhookSecretRequest.class,
      responseType = com.appprofile.v1.RotateWebhookSecretResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.RotateWebhookSecretRequest,
      com.appprofile.v1.RotateWebhookSecretResponse> getRotateWebhookSecretMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.RotateWebhookSecretRequest, com.appprofile.v1.RotateWebhookSecretResponse> getRotateWebhookSecretMethod;
    if ((getRotateWebhookSecretMethod = WebhookServiceGrpc.getRotateWebhookSecretMethod) == null) {
      synchronized (WebhookServiceGrpc.class) {
        if ((getRotateWebhookSecretMethod = WebhookServiceGrpc.getRotateWebhookSecretMethod) == null) {
          WebhookServiceGrpc.getRotateWebhookSecretMethod = getRotateWebhookSecretMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.RotateWebhookSecretRequest, com.appprofile.v1.RotateWebhookSecretResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RotateWebhookSecret"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.RotateWebhookSecretRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.RotateWebhookSecretResponse.getDefaultInstance()))
              .setSchemaDescriptor(new WebhookServiceMethodDescriptorSupplier("RotateWebhookSecret"))
              .build();
        }
      }
    }
    return getRotateWebhookSecretMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ReplayWebhookRequest,
      com.appprofile.v1.ReplayWebhookResponse> getReplayWebhookMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ReplayWebhook",
      requestType = com.appprofile.v1.ReplayWebhookRequest.class,
      responseType = com.appprofile.v1.ReplayWebhookResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ReplayWebhookRequest,
      com.appprofile.v1.ReplayWebhookResponse> getReplayWebhookMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ReplayWebhookRequest, com.appprofile.v1.ReplayWebhookResponse> getReplayWebhookMethod;
    if ((getReplayWebhookMethod = WebhookServiceGrpc.getReplayWebhookMethod) == null) {
      synchronized (WebhookServiceGrpc.class) {
        if ((getReplayWebhookMethod = WebhookServiceGrpc.getReplayWebhookMethod) == null) {
          WebhookServiceGrpc.getReplayWebhookMethod = getReplayWebhookMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ReplayWebhookRequest, com.appprofile.v1.ReplayWebhookResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ReplayWebhook"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ReplayWebhookRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ReplayWebhookResponse.getDefaultInstance()))
              .setSchemaDescriptor(new WebhookServiceMethodDescriptorSupplier("ReplayWebhook"))
              .build();
        }
      }
    }
    return getReplayWebhookMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ListWebhookDeliveriesRequest,
      com.appprofile.v1.ListWebhookDeliveriesResponse> getListWebhookDeliveriesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListWebhookDeliveries",
      requestType = com.appprofile.v1.ListWebhookDeliveriesRequest.class,
      responseType = com.appprofile.v1.ListWebhookDeliveriesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ListWebhookDeliveriesRequest,
      com.appprofile.v1.ListWebhookDeliveriesResponse> getListWebhookDeliveriesMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ListWebhookDeliveriesRequest, com.appprofile.v1.ListWebhookDeliveriesResponse> getListWebhookDeliveriesMethod;
    if ((getListWebhookDeliveriesMethod = WebhookServiceGrpc.getListWebhookDeliveriesMethod) == null) {
      synchronized (WebhookServiceGrpc.class) {
        if ((getListWebhookDeliveriesMethod = WebhookServiceGrpc.getListWebhookDeliveriesMethod) == null) {
          WebhookServiceGrpc.getListWebhookDeliveriesMethod = getListWebhookDeliveriesMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ListWebhookDeliveriesRequest, com.appprofile.v1.ListWebhookDeliveriesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListWebhookDeliveries"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListWebhookDeliveriesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListWebhookDeliveriesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new WebhookServiceMethodDescriptorSupplier("ListWebhookDeliveries"))
              .build();
        }
      }
    }
    return getListWebhookDeliveriesMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static WebhookServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<WebhookServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<WebhookServiceStub>() {
        @java.lang.Override
        public WebhookServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new WebhookServiceStub(channel, callOptions);
        }
      };
    return WebhookServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static WebhookServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<WebhookServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<WebhookServiceBlockingV2Stub>() {
        @java.lang.Override
        public WebhookServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new WebhookServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return WebhookServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static WebhookServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<WebhookServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<WebhookServiceBlockingStub>() {
        @java.lang.Override
        public WebhookServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new WebhookServiceBlockingStub(channel, callOptions);
        }
      };
    return WebhookServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static WebhookServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<WebhookServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<WebhookServiceFutureStub>() {
        @java.lang.Override
        public WebhookServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new WebhookServiceFutureStub(channel, callOptions);
        }
      };
    return WebhookServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * For operators. A webhook gets the events of its tenant's apps in requests that follow the Standard Webhooks
   * specification: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, a body of up to 100 CloudEvents in
   * JSON. At least once, and in order for each profile.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Creates a webhook of the key's tenant, ENABLED, which gets the events from now on. Only this response contains the
     * secret. Not idempotent: a repeated call makes another webhook. Errors: INVALID_ARGUMENT
     * (WEBHOOK_DESTINATION_REFUSED), FAILED_PRECONDITION (TOO_MANY_WEBHOOKS).
     * </pre>
     */
    default void createWebhook(com.appprofile.v1.CreateWebhookRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CreateWebhookResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateWebhookMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads a webhook. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    default void getWebhook(com.appprofile.v1.GetWebhookRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetWebhookResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetWebhookMethod(), responseObserver);
    }

    /**
     * <pre>
     * Changes a webhook. To pause it, or to enable it again, set `state`; its position is kept meanwhile. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND), INVALID_ARGUMENT (UNKNOWN_FIELD, WEBHOOK_DESTINATION_REFUSED), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    default void updateWebhook(com.appprofile.v1.UpdateWebhookRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateWebhookResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateWebhookMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the tenant's webhooks, at most 16, oldest first.
     * </pre>
     */
    default void listWebhooks(com.appprofile.v1.ListWebhooksRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListWebhooksResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListWebhooksMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes a webhook and what is known of its deliveries. A request on its way may still arrive. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    default void deleteWebhook(com.appprofile.v1.DeleteWebhookRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteWebhookResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteWebhookMethod(), responseObserver);
    }

    /**
     * <pre>
     * Gives the webhook a new secret, which only this response contains. Requests carry signatures by both until the old
     * one ends. Not idempotent: a repeated call makes another secret, and ends the older of the two. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    default void rotateWebhookSecret(com.appprofile.v1.RotateWebhookSecretRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.RotateWebhookSecretResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRotateWebhookSecretMethod(), responseObserver);
    }

    /**
     * <pre>
     * Delivers again, from a time on or from the oldest event that is kept. Events keep their ids, by which a receiver
     * recognizes those that it already has. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    default void replayWebhook(com.appprofile.v1.ReplayWebhookRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ReplayWebhookResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReplayWebhookMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the last deliveries of a webhook, newest first; without bodies. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND),
     * INVALID_ARGUMENT (INVALID_PAGE_TOKEN).
     * </pre>
     */
    default void listWebhookDeliveries(com.appprofile.v1.ListWebhookDeliveriesRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListWebhookDeliveriesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListWebhookDeliveriesMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service WebhookService.
   * <pre>
   * For operators. A webhook gets the events of its tenant's apps in requests that follow the Standard Webhooks
   * specification: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, a body of up to 100 CloudEvents in
   * JSON. At least once, and in order for each profile.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static abstract class WebhookServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return WebhookServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service WebhookService.
   * <pre>
   * For operators. A webhook gets the events of its tenant's apps in requests that follow the Standard Webhooks
   * specification: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, a body of up to 100 CloudEvents in
   * JSON. At least once, and in order for each profile.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class WebhookServiceStub
      extends io.grpc.stub.AbstractAsyncStub<WebhookServiceStub> {
    private WebhookServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected WebhookServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new WebhookServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a webhook of the key's tenant, ENABLED, which gets the events from now on. Only this response contains the
     * secret. Not idempotent: a repeated call makes another webhook. Errors: INVALID_ARGUMENT
     * (WEBHOOK_DESTINATION_REFUSED), FAILED_PRECONDITION (TOO_MANY_WEBHOOKS).
     * </pre>
     */
    public void createWebhook(com.appprofile.v1.CreateWebhookRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CreateWebhookResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateWebhookMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads a webhook. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public void getWebhook(com.appprofile.v1.GetWebhookRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetWebhookResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetWebhookMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Changes a webhook. To pause it, or to enable it again, set `state`; its position is kept meanwhile. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND), INVALID_ARGUMENT (UNKNOWN_FIELD, WEBHOOK_DESTINATION_REFUSED), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public void updateWebhook(com.appprofile.v1.UpdateWebhookRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateWebhookResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateWebhookMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the tenant's webhooks, at most 16, oldest first.
     * </pre>
     */
    public void listWebhooks(com.appprofile.v1.ListWebhooksRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListWebhooksResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListWebhooksMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes a webhook and what is known of its deliveries. A request on its way may still arrive. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public void deleteWebhook(com.appprofile.v1.DeleteWebhookRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteWebhookResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteWebhookMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Gives the webhook a new secret, which only this response contains. Requests carry signatures by both until the old
     * one ends. Not idempotent: a repeated call makes another secret, and ends the older of the two. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public void rotateWebhookSecret(com.appprofile.v1.RotateWebhookSecretRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.RotateWebhookSecretResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRotateWebhookSecretMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Delivers again, from a time on or from the oldest event that is kept. Events keep their ids, by which a receiver
     * recognizes those that it already has. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public void replayWebhook(com.appprofile.v1.ReplayWebhookRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ReplayWebhookResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getReplayWebhookMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the last deliveries of a webhook, newest first; without bodies. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND),
     * INVALID_ARGUMENT (INVALID_PAGE_TOKEN).
     * </pre>
     */
    public void listWebhookDeliveries(com.appprofile.v1.ListWebhookDeliveriesRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListWebhookDeliveriesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListWebhookDeliveriesMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service WebhookService.
   * <pre>
   * For operators. A webhook gets the events of its tenant's apps in requests that follow the Standard Webhooks
   * specification: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, a body of up to 100 CloudEvents in
   * JSON. At least once, and in order for each profile.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class WebhookServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<WebhookServiceBlockingV2Stub> {
    private WebhookServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected WebhookServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new WebhookServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a webhook of the key's tenant, ENABLED, which gets the events from now on. Only this response contains the
     * secret. Not idempotent: a repeated call makes another webhook. Errors: INVALID_ARGUMENT
     * (WEBHOOK_DESTINATION_REFUSED), FAILED_PRECONDITION (TOO_MANY_WEBHOOKS).
     * </pre>
     */
    public com.appprofile.v1.CreateWebhookResponse createWebhook(com.appprofile.v1.CreateWebhookRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateWebhookMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads a webhook. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.GetWebhookResponse getWebhook(com.appprofile.v1.GetWebhookRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetWebhookMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes a webhook. To pause it, or to enable it again, set `state`; its position is kept meanwhile. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND), INVALID_ARGUMENT (UNKNOWN_FIELD, WEBHOOK_DESTINATION_REFUSED), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.appprofile.v1.UpdateWebhookResponse updateWebhook(com.appprofile.v1.UpdateWebhookRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateWebhookMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the tenant's webhooks, at most 16, oldest first.
     * </pre>
     */
    public com.appprofile.v1.ListWebhooksResponse listWebhooks(com.appprofile.v1.ListWebhooksRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListWebhooksMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes a webhook and what is known of its deliveries. A request on its way may still arrive. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.appprofile.v1.DeleteWebhookResponse deleteWebhook(com.appprofile.v1.DeleteWebhookRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteWebhookMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives the webhook a new secret, which only this response contains. Requests carry signatures by both until the old
     * one ends. Not idempotent: a repeated call makes another secret, and ends the older of the two. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.RotateWebhookSecretResponse rotateWebhookSecret(com.appprofile.v1.RotateWebhookSecretRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRotateWebhookSecretMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Delivers again, from a time on or from the oldest event that is kept. Events keep their ids, by which a receiver
     * recognizes those that it already has. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.ReplayWebhookResponse replayWebhook(com.appprofile.v1.ReplayWebhookRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getReplayWebhookMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the last deliveries of a webhook, newest first; without bodies. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND),
     * INVALID_ARGUMENT (INVALID_PAGE_TOKEN).
     * </pre>
     */
    public com.appprofile.v1.ListWebhookDeliveriesResponse listWebhookDeliveries(com.appprofile.v1.ListWebhookDeliveriesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListWebhookDeliveriesMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service WebhookService.
   * <pre>
   * For operators. A webhook gets the events of its tenant's apps in requests that follow the Standard Webhooks
   * specification: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, a body of up to 100 CloudEvents in
   * JSON. At least once, and in order for each profile.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class WebhookServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<WebhookServiceBlockingStub> {
    private WebhookServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected WebhookServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new WebhookServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a webhook of the key's tenant, ENABLED, which gets the events from now on. Only this response contains the
     * secret. Not idempotent: a repeated call makes another webhook. Errors: INVALID_ARGUMENT
     * (WEBHOOK_DESTINATION_REFUSED), FAILED_PRECONDITION (TOO_MANY_WEBHOOKS).
     * </pre>
     */
    public com.appprofile.v1.CreateWebhookResponse createWebhook(com.appprofile.v1.CreateWebhookRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateWebhookMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads a webhook. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.GetWebhookResponse getWebhook(com.appprofile.v1.GetWebhookRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetWebhookMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes a webhook. To pause it, or to enable it again, set `state`; its position is kept meanwhile. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND), INVALID_ARGUMENT (UNKNOWN_FIELD, WEBHOOK_DESTINATION_REFUSED), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.appprofile.v1.UpdateWebhookResponse updateWebhook(com.appprofile.v1.UpdateWebhookRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateWebhookMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the tenant's webhooks, at most 16, oldest first.
     * </pre>
     */
    public com.appprofile.v1.ListWebhooksResponse listWebhooks(com.appprofile.v1.ListWebhooksRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListWebhooksMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes a webhook and what is known of its deliveries. A request on its way may still arrive. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.appprofile.v1.DeleteWebhookResponse deleteWebhook(com.appprofile.v1.DeleteWebhookRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteWebhookMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Gives the webhook a new secret, which only this response contains. Requests carry signatures by both until the old
     * one ends. Not idempotent: a repeated call makes another secret, and ends the older of the two. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.RotateWebhookSecretResponse rotateWebhookSecret(com.appprofile.v1.RotateWebhookSecretRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRotateWebhookSecretMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Delivers again, from a time on or from the oldest event that is kept. Events keep their ids, by which a receiver
     * recognizes those that it already has. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.ReplayWebhookResponse replayWebhook(com.appprofile.v1.ReplayWebhookRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getReplayWebhookMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the last deliveries of a webhook, newest first; without bodies. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND),
     * INVALID_ARGUMENT (INVALID_PAGE_TOKEN).
     * </pre>
     */
    public com.appprofile.v1.ListWebhookDeliveriesResponse listWebhookDeliveries(com.appprofile.v1.ListWebhookDeliveriesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListWebhookDeliveriesMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service WebhookService.
   * <pre>
   * For operators. A webhook gets the events of its tenant's apps in requests that follow the Standard Webhooks
   * specification: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, a body of up to 100 CloudEvents in
   * JSON. At least once, and in order for each profile.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class WebhookServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<WebhookServiceFutureStub> {
    private WebhookServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected WebhookServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new WebhookServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a webhook of the key's tenant, ENABLED, which gets the events from now on. Only this response contains the
     * secret. Not idempotent: a repeated call makes another webhook. Errors: INVALID_ARGUMENT
     * (WEBHOOK_DESTINATION_REFUSED), FAILED_PRECONDITION (TOO_MANY_WEBHOOKS).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.CreateWebhookResponse> createWebhook(
        com.appprofile.v1.CreateWebhookRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateWebhookMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads a webhook. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.GetWebhookResponse> getWebhook(
        com.appprofile.v1.GetWebhookRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetWebhookMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Changes a webhook. To pause it, or to enable it again, set `state`; its position is kept meanwhile. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND), INVALID_ARGUMENT (UNKNOWN_FIELD, WEBHOOK_DESTINATION_REFUSED), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.UpdateWebhookResponse> updateWebhook(
        com.appprofile.v1.UpdateWebhookRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateWebhookMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the tenant's webhooks, at most 16, oldest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ListWebhooksResponse> listWebhooks(
        com.appprofile.v1.ListWebhooksRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListWebhooksMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes a webhook and what is known of its deliveries. A request on its way may still arrive. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.DeleteWebhookResponse> deleteWebhook(
        com.appprofile.v1.DeleteWebhookRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteWebhookMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Gives the webhook a new secret, which only this response contains. Requests carry signatures by both until the old
     * one ends. Not idempotent: a repeated call makes another secret, and ends the older of the two. Errors: NOT_FOUND
     * (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.RotateWebhookSecretResponse> rotateWebhookSecret(
        com.appprofile.v1.RotateWebhookSecretRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRotateWebhookSecretMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Delivers again, from a time on or from the oldest event that is kept. Events keep their ids, by which a receiver
     * recognizes those that it already has. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ReplayWebhookResponse> replayWebhook(
        com.appprofile.v1.ReplayWebhookRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getReplayWebhookMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the last deliveries of a webhook, newest first; without bodies. Errors: NOT_FOUND (WEBHOOK_NOT_FOUND),
     * INVALID_ARGUMENT (INVALID_PAGE_TOKEN).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ListWebhookDeliveriesResponse> listWebhookDeliveries(
        com.appprofile.v1.ListWebhookDeliveriesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListWebhookDeliveriesMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_WEBHOOK = 0;
  private static final int METHODID_GET_WEBHOOK = 1;
  private static final int METHODID_UPDATE_WEBHOOK = 2;
  private static final int METHODID_LIST_WEBHOOKS = 3;
  private static final int METHODID_DELETE_WEBHOOK = 4;
  private static final int METHODID_ROTATE_WEBHOOK_SECRET = 5;
  private static final int METHODID_REPLAY_WEBHOOK = 6;
  private static final int METHODID_LIST_WEBHOOK_DELIVERIES = 7;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_CREATE_WEBHOOK:
          serviceImpl.createWebhook((com.appprofile.v1.CreateWebhookRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.CreateWebhookResponse>) responseObserver);
          break;
        case METHODID_GET_WEBHOOK:
          serviceImpl.getWebhook((com.appprofile.v1.GetWebhookRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.GetWebhookResponse>) responseObserver);
          break;
        case METHODID_UPDATE_WEBHOOK:
          serviceImpl.updateWebhook((com.appprofile.v1.UpdateWebhookRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateWebhookResponse>) responseObserver);
          break;
        case METHODID_LIST_WEBHOOKS:
          serviceImpl.listWebhooks((com.appprofile.v1.ListWebhooksRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ListWebhooksResponse>) responseObserver);
          break;
        case METHODID_DELETE_WEBHOOK:
          serviceImpl.deleteWebhook((com.appprofile.v1.DeleteWebhookRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteWebhookResponse>) responseObserver);
          break;
        case METHODID_ROTATE_WEBHOOK_SECRET:
          serviceImpl.rotateWebhookSecret((com.appprofile.v1.RotateWebhookSecretRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.RotateWebhookSecretResponse>) responseObserver);
          break;
        case METHODID_REPLAY_WEBHOOK:
          serviceImpl.replayWebhook((com.appprofile.v1.ReplayWebhookRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ReplayWebhookResponse>) responseObserver);
          break;
        case METHODID_LIST_WEBHOOK_DELIVERIES:
          serviceImpl.listWebhookDeliveries((com.appprofile.v1.ListWebhookDeliveriesRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ListWebhookDeliveriesResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getCreateWebhookMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.CreateWebhookRequest,
              com.appprofile.v1.CreateWebhookResponse>(
                service, METHODID_CREATE_WEBHOOK)))
        .addMethod(
          getGetWebhookMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.GetWebhookRequest,
              com.appprofile.v1.GetWebhookResponse>(
                service, METHODID_GET_WEBHOOK)))
        .addMethod(
          getUpdateWebhookMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.UpdateWebhookRequest,
              com.appprofile.v1.UpdateWebhookResponse>(
                service, METHODID_UPDATE_WEBHOOK)))
        .addMethod(
          getListWebhooksMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ListWebhooksRequest,
              com.appprofile.v1.ListWebhooksResponse>(
                service, METHODID_LIST_WEBHOOKS)))
        .addMethod(
          getDeleteWebhookMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.DeleteWebhookRequest,
              com.appprofile.v1.DeleteWebhookResponse>(
                service, METHODID_DELETE_WEBHOOK)))
        .addMethod(
          getRotateWebhookSecretMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.RotateWebhookSecretRequest,
              com.appprofile.v1.RotateWebhookSecretResponse>(
                service, METHODID_ROTATE_WEBHOOK_SECRET)))
        .addMethod(
          getReplayWebhookMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ReplayWebhookRequest,
              com.appprofile.v1.ReplayWebhookResponse>(
                service, METHODID_REPLAY_WEBHOOK)))
        .addMethod(
          getListWebhookDeliveriesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ListWebhookDeliveriesRequest,
              com.appprofile.v1.ListWebhookDeliveriesResponse>(
                service, METHODID_LIST_WEBHOOK_DELIVERIES)))
        .build();
  }

  private static abstract class WebhookServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    WebhookServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return com.appprofile.v1.WebhookServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("WebhookService");
    }
  }

  private static final class WebhookServiceFileDescriptorSupplier
      extends WebhookServiceBaseDescriptorSupplier {
    WebhookServiceFileDescriptorSupplier() {}
  }

  private static final class WebhookServiceMethodDescriptorSupplier
      extends WebhookServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    WebhookServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (WebhookServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new WebhookServiceFileDescriptorSupplier())
              .addMethod(getCreateWebhookMethod())
              .addMethod(getGetWebhookMethod())
              .addMethod(getUpdateWebhookMethod())
              .addMethod(getListWebhooksMethod())
              .addMethod(getDeleteWebhookMethod())
              .addMethod(getRotateWebhookSecretMethod())
              .addMethod(getReplayWebhookMethod())
              .addMethod(getListWebhookDeliveriesMethod())
              .build();
        }
      }
    }
    return result;
  }
}
